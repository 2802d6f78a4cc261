/* SPDX-License-Identifier: ISC */
/*
 * bcfks_write.c - the model as a BCFKS
 *
 * An object that nobody touched goes byte for byte, a renamed key keeps its seal.
 * The store itself is sealed anew, in the way it had.
 */
#include "bcfks.h"

#include <string.h>

#include "crypto/der.h"
#include "kstool/alloc.h"
#include "kstool/text.h"
#include "kstool/time.h"

/* As Bouncy Castle does. */
#define ITERATIONS 51200

struct writer {
	struct kst_io *io;
	struct kst_model *model;
	struct bcfks_state *state; /* NULL: a new file */
	struct kst_fks_how how;
	struct kst_buf row; /* of objects */
};

static const char *name_of(const struct kst_entry *e)
{
	return e->alias ? e->alias : "";
}

static void put_time(struct kst_buf *out, int64_t t)
{
	char text[KST_TIME_TEXT], digits[KST_TIME_TEXT];
	size_t n = 0;

	kst_time_text(t, KST_TIME_FULL, text);
	for (const char *p = text; *p; p++)
		if ((*p >= '0' && *p <= '9') || *p == 'Z')
			digits[n++] = *p;
	kst_der_put(out, KST_DER_GENERALIZED_TIME, digits, n);
}

/* `type`: of a new object; one that keeps its seal keeps its own. */
static void put_object(struct writer *w, uint64_t type, const struct kst_entry *e,
		       const struct bcfks_base *base, struct kst_bytes data)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_der_put_uint(&b, type);
	if (base && e->alias_source.len)
		kst_der_put(&b, KST_DER_UTF8_STRING, e->alias_source.data, e->alias_source.len);
	else
		kst_der_put(&b, KST_DER_UTF8_STRING, name_of(e), strlen(name_of(e)));
	if (base && e->created == base->made) /* fractions, and what was not understood, stay */
		kst_buf_put(&b, base->created.data, base->created.len);
	else
		put_time(&b, e->created ? e->created : kst_time_now());
	put_time(&b, kst_time_now());
	kst_der_put(&b, KST_DER_OCTET_STRING, data.data, data.len);
	if (base && base->rest.len)
		kst_buf_put(&b, base->rest.data, base->rest.len);
	kst_der_put(&w->row, KST_DER_SEQUENCE, b.data, b.len);
	w->row.failed |= b.failed;
}

static int put_key(struct writer *w, const struct kst_entry *e, const struct bcfks_base *base,
		   struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, chain KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf data KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!e->key)
		return kst_error_setx(err, KST_E_NO_PRIVATE_KEY, "\"%s\" has no private key", name_of(e));
	struct kst_bytes sealed = { e->key->sealed.data, e->key->sealed.len };
	struct kst_bytes pkcs8 = { e->key->pkcs8.data, e->key->pkcs8.len };
	uint64_t type = BCFKS_KEY;
	if (sealed.len && kst_fks_from_epki(sealed, KST_FKS_PRIVATE, &b) == 0) {
		type = base && base->type == BCFKS_SEALED_KEY ? base->type : type;
	} else if (kst_key_is_sealed(e->key)) {
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
			       "the private key \"%s\" is encrypted in a way that BCFKS has not: it must "
			       "be opened first",
			       name_of(e));
		return kst_error_hint(err, "add --key-pass file:PATH");
	} else if (kst_fks_seal(&w->how, KST_FKS_PRIVATE, pkcs8, &w->model->pass, &b, err) < 0) {
		return -1;
	}
	for (size_t i = 0; i < e->chain.nr; i++) {
		struct kst_bytes der = kst_cert_der(e->chain.cert[i]);
		kst_buf_put(&chain, der.data, der.len);
	}
	kst_der_put(&b, KST_DER_SEQUENCE, chain.data, chain.len);
	kst_der_put(&data, KST_DER_SEQUENCE, b.data, b.len);
	if (b.failed || chain.failed || data.failed)
		return kst_error_nomem(err);
	put_object(w, type, e, base, (struct kst_bytes){ data.data, data.len });
	return 0;
}

static int put_secret(struct writer *w, const struct kst_entry *e, const struct bcfks_base *base,
		      struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, plain KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf data KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *dotted = e->secret_alg ? bcfks_alg_oid(e->secret_alg) : BCFKS_NO_ALG;
	uint8_t oid[KST_OID_MAX];

	if (!e->secret.len && kst_fks_from_epki((struct kst_bytes){ e->secret_sealed.data, e->secret_sealed.len },
						KST_FKS_SECRET, &data) == 0) {
		uint64_t type = base && base->type == BCFKS_SEALED_SECRET ? base->type : BCFKS_SECRET;
		if (data.failed)
			return kst_error_nomem(err);
		put_object(w, type, e, base, (struct kst_bytes){ data.data, data.len });
		return 0;
	}
	if (!e->secret.len)
		return kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
				      "the secret key \"%s\" must be opened first", name_of(e));
	size_t n = kst_oid_der(dotted ? dotted : e->secret_alg, oid);
	if (!n)
		return kst_error_setx(err, KST_E_CANNOT_HOLD,
				      "BCFKS has no number for the algorithm \"%s\" of the secret key \"%s\"",
				      e->secret_alg ? e->secret_alg : "", name_of(e));
	kst_der_put(&b, KST_DER_OID, oid, n);
	kst_der_put(&b, KST_DER_OCTET_STRING, e->secret.data, e->secret.len);
	kst_der_put(&plain, KST_DER_SEQUENCE, b.data, b.len);
	if (b.failed || plain.failed)
		return kst_error_nomem(err);
	if (kst_fks_seal(&w->how, KST_FKS_SECRET, (struct kst_bytes){ plain.data, plain.len },
			 &w->model->pass, &data, err) < 0)
		return -1;
	put_object(w, BCFKS_SECRET, e, base, (struct kst_bytes){ data.data, data.len });
	return 0;
}

static int put_entry(struct writer *w, const struct kst_item *item, struct kst_error *err)
{
	const struct bcfks_base *base =
		w->state && item->base < w->state->nr ? &w->state->base[item->base] : NULL;
	const struct kst_entry *e = item->entry;
	bool named = base && ((e->alias && base->alias && !strcmp(e->alias, base->alias)) ||
			      (!base->alias && (e->alias_source.len || !e->alias)));

	if (base && !item->dirty && named) {
		kst_buf_put(&w->row, base->whole.data, base->whole.len);
		return 0;
	}
	switch (e->kind) {
	case KST_KIND_KEY:
		return put_key(w, e, base, err);
	case KST_KIND_SECRET:
		return put_secret(w, e, base, err);
	case KST_KIND_CERT:
		if (e->distrusted.len || e->purposes.len)
			return kst_error_setx(err, KST_E_CANNOT_HOLD,
					      "BCFKS cannot say for what \"%s\" is trusted or distrusted",
					      name_of(e));
		put_object(w, BCFKS_CERT, e, base, kst_cert_der(e->chain.cert[0]));
		return 0;
	case KST_KIND_CSR:
	case KST_KIND_CRL:
	case KST_KIND_OPAQUE:
		break;
	}
	return kst_error_setx(err, KST_E_CANNOT_HOLD, "BCFKS cannot hold \"%s\"",
			      e->alias ? e->alias : e->label ? e->label : "");
}

static int put_file(struct writer *w, struct kst_buf *file, struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, plain KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf store KST_SCRATCH_BUF = KST_BUF_INIT, check KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf alg KST_SCRATCH_BUF = KST_BUF_INIT, kdf KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t mac[KST_FKS_MAC_MAX];
	static const struct kst_limits limits = KST_LIMITS_DEFAULT;

	for (size_t i = 0; i < w->model->nr; i++)
		if (put_entry(w, &w->model->item[i], err) < 0)
			return -1;
	kst_fks_mac_alg(&alg);
	kst_der_put_uint(&b, 1);
	kst_buf_put(&b, alg.data, alg.len);
	if (w->state && w->state->created.len)
		kst_buf_put(&b, w->state->created.data, w->state->created.len);
	else
		put_time(&b, kst_time_now());
	put_time(&b, kst_time_now());
	kst_der_put(&b, KST_DER_SEQUENCE, w->row.data, w->row.len);
	if (w->state && w->state->rest.len)
		kst_buf_put(&b, w->state->rest.data, w->state->rest.len);
	kst_der_put(&plain, KST_DER_SEQUENCE, b.data, b.len);
	if (alg.failed || b.failed || plain.failed || w->row.failed ||
	    kst_fks_kdf_alg(&w->how, sizeof(mac), &kdf) < 0)
		return kst_error_nomem(err);
	if (kst_fks_seal(&w->how, KST_FKS_STORE, (struct kst_bytes){ plain.data, plain.len },
			 &w->model->pass, &store, err) < 0 ||
	    kst_fks_mac((struct kst_bytes){ alg.data, alg.len }, (struct kst_bytes){ kdf.data, kdf.len },
			&w->model->pass, &limits, (struct kst_bytes){ store.data, store.len }, mac, err) < 0)
		return -1;
	kst_buf_put(&check, alg.data, alg.len);
	kst_buf_put(&check, kdf.data, kdf.len);
	kst_der_put(&check, KST_DER_OCTET_STRING, mac, sizeof(mac));
	kst_der_put(&store, KST_DER_SEQUENCE, check.data, check.len);
	kst_der_put(file, KST_DER_SEQUENCE, store.data, store.len);
	return check.failed || store.failed || file->failed ? kst_error_nomem(err) : 0;
}

int bcfks_write(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	struct writer w = { .io = io, .model = from, .state = from->state };
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	int rc = -1;

	if (io->write->no_pass) {
		kst_error_setx(err, KST_E_EMPTY_PASSPHRASE, "a BCFKS always has a passphrase");
		return kst_error_hint(err, "a truststore without one can be a PKCS#12");
	}
	if (!from->has_pass)
		return kst_error_setx(err, KST_E_PASSPHRASE_NEEDED, "a new passphrase is needed");
	if (w.state)
		w.how = w.state->how;
	if (w.how.iterations < ITERATIONS)
		w.how.iterations = ITERATIONS;
	if (io->write->pbe.iterations)
		w.how.iterations = io->write->pbe.iterations;
	if (put_file(&w, &file, err) == 0)
		rc = io->sink.write(io->sink.ctx, file.data, file.len, err);
	kst_buf_release(&w.row);
	return rc;
}
