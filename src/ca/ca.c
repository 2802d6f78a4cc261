/* SPDX-License-Identifier: ISC */
/* ca.c - the directory of a CA: opened, its certificates, its keys */
#include "ca/ca.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static const char *const store_name[] = { KST_CA_ROOT_STORE, KST_CA_STORE };

const char *kst_ca_dir(const struct kst_ca *ca)
{
	return ca->dir;
}

char *kst_ca_path(const struct kst_ca *ca, const char *name)
{
	return kst_asprintf("%s/%s", ca->dir, name);
}

struct kst_cert *kst_ca_cert(const struct kst_ca *ca, enum kst_ca_issuer which)
{
	return ca->cert[which];
}

const struct kst_chain *kst_ca_chain(const struct kst_ca *ca)
{
	return &ca->chain;
}

/* ---- opening ---- */

/* Whoever else may write there could put his own key, or his own ledger, in the place of ours. */
static int check_dir(const char *dir, bool loose, struct kst_error *err)
{
	struct stat st;

	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		kst_error_setx(err, KST_E_NO_CA, "there is no CA here");
		kst_error_subject(err, "%s", dir);
		return kst_error_hint(err, "kstool ca init makes one; --ca DIR or $KSTOOL_CA says where one is");
	}
	if (!loose && kst_others_write(&st)) {
		kst_error_setx(err, KST_E_PERMISSIONS, "others may write to the directory of the CA");
		kst_error_subject(err, "%s", dir);
		return kst_error_command(err, "chmod", "go-w", dir, NULL);
	}
	return 0;
}

/* The chain of the issuing CA lies in its store, signed; no secret is needed to read it. */
static int load_chain(struct kst_ca *ca, struct kst_error *err)
{
	char *path = kst_ca_path(ca, KST_CA_STORE);
	struct kst_store *s = NULL;
	struct kst_entry *e;
	int ret = -1;
	size_t i;

	if (!path)
		return kst_error_nomem(err);
	if (kst_store_open(&s, path, ca->opt, err) < 0)
		goto done;
	i = kst_store_find_alias(s, KST_CA_ALIAS);
	if (i == KST_NO_BASE) {
		kst_error_setx(err, KST_E_NO_ENTRY, "holds no key \"%s\" of a CA", KST_CA_ALIAS);
		kst_error_subject(err, "%s", path);
		goto done;
	}
	if (kst_store_entry(s, i, &e, err) < 0)
		goto done;
	if (e->chain.nr) {
		ca->cert[KST_CA_BY_CA] = kst_cert_ref(e->chain.cert[0]);
		ca->cert[KST_CA_BY_ROOT] = kst_cert_ref(e->chain.cert[e->chain.nr - 1]);
	}
	for (size_t k = 0; k < e->chain.nr; k++)
		if (kst_chain_push(&ca->chain, e->chain.cert[k]) < 0) {
			kst_error_nomem(err);
			goto done;
		}
	ret = 0;
done:
	kst_store_free(s);
	kst_free(path);
	return ret;
}

int kst_ca_open(struct kst_ca **out, const char *dir, const struct kst_open_options *opt, bool waiting,
		struct kst_error *err)
{
	struct kst_ca *ca = kst_calloc(1, sizeof(*ca));
	char *ledger = NULL;

	if (!ca)
		return kst_error_nomem(err);
	ca->opt = opt;
	ca->dir = kst_strdup(dir);
	ledger = ca->dir ? kst_ca_path(ca, KST_CA_LEDGER) : NULL;
	if (!ledger) {
		kst_error_nomem(err);
		goto fail;
	}
	if (check_dir(dir, opt->insecure_permissions, err) < 0)
		goto fail;
	if (access(ledger, F_OK) < 0 && errno == ENOENT) {
		kst_error_setx(err, KST_E_NO_CA, "there is no CA here: %s is missing", KST_CA_LEDGER);
		kst_error_subject(err, "%s", dir);
		kst_error_hint(err, "kstool ca init makes one; --ca DIR or $KSTOOL_CA says where one is");
		goto fail;
	}
	if (kst_ledger_open(&ca->ledger, ledger, err) < 0 || load_chain(ca, err) < 0)
		goto fail;
	if (!ca->cert[KST_CA_BY_CA] && !waiting) {
		kst_error_setx(err, KST_E_CA_WAITS, "the CA has no certificate yet: its root has to sign %s/%s",
			       dir, KST_CA_REQUEST);
		kst_error_subject(err, "%s", dir);
		kst_error_command(err, "kstool", "ca", "init", "--ca", dir, "--reply", "SIGNED.pem", NULL);
		goto fail;
	}
	kst_free(ledger);
	*out = ca;
	return 0;
fail:
	kst_free(ledger);
	kst_ca_free(ca);
	return -1;
}

void kst_ca_free(struct kst_ca *ca)
{
	if (!ca)
		return;
	kst_ledger_close(&ca->ledger);
	for (int i = 0; i < 2; i++) {
		kst_cert_free(ca->cert[i]);
		kst_key_free(ca->key[i]);
	}
	kst_chain_release(&ca->chain);
	kst_secret_release(&ca->seal);
	kst_free(ca->dir);
	kst_free(ca);
}

/* ---- keys ---- */

static int load_key(struct kst_ca *ca, enum kst_ca_issuer which, const char *path, struct kst_error *err)
{
	const char *alias = which == KST_CA_BY_ROOT ? KST_CA_ROOT_ALIAS : KST_CA_ALIAS;
	struct kst_store *s = NULL;
	struct kst_entry *e;
	size_t i;
	int ret = -1;

	if (access(path, F_OK) < 0 && errno == ENOENT) {
		kst_error_setx(err, KST_E_NO_PRIVATE_KEY, "the key of the %s is not here",
			       which == KST_CA_BY_ROOT ? "root" : "CA");
		return kst_error_subject(err, "%s", path);
	}
	if (kst_store_open(&s, path, ca->opt, err) < 0)
		return -1;
	i = kst_store_find_alias(s, alias);
	if (i == KST_NO_BASE) {
		kst_error_setx(err, KST_E_NO_ENTRY, "holds no key \"%s\" of a CA", alias);
		kst_error_subject(err, "%s", path);
	} else if (kst_store_open_key(s, i, err) == 0 && kst_store_entry(s, i, &e, err) == 0) {
		ret = kst_key_copy(&ca->key[which], e->key, err);
	}
	kst_store_free(s);
	return ret;
}

int kst_ca_key(struct kst_ca *ca, enum kst_ca_issuer which, struct kst_key **out, struct kst_error *err)
{
	char *path;
	int ret = 0;

	if (!ca->key[which]) {
		path = kst_ca_path(ca, store_name[which]);
		if (!path)
			return kst_error_nomem(err);
		ret = load_key(ca, which, path, err);
		/* A store and a ledger that do not belong together sign for nobody. */
		if (!ret && ca->cert[which] && kst_key_matches(ca->key[which], ca->cert[which]) == 0) {
			kst_key_free(ca->key[which]);
			ca->key[which] = NULL;
			kst_error_setx(err, KST_E_KEY_MISMATCH, "the key is not that of the CA's certificate");
			ret = kst_error_subject(err, "%s", path);
		}
		kst_free(path);
	}
	if (!ret)
		*out = ca->key[which];
	return ret;
}

/* ---- the ledger ---- */

/* What was revoked before it was handed out is nobody's any more. */
static struct kst_ca_query waited_for(const struct kst_ca_query *q)
{
	struct kst_ca_query w = *q;

	if (w.undelivered && !w.states)
		w.states = KST_CA_IS(KST_CA_PENDING) | KST_CA_IS(KST_CA_VALID);
	return w;
}

int kst_ca_each(struct kst_ca *ca, const struct kst_ca_query *q,
		int (*each)(void *, const struct kst_ca_row *, struct kst_error *), void *ctx,
		struct kst_error *err)
{
	struct kst_ca_query waited = waited_for(q);

	return kst_ledger_each(&ca->ledger, &waited, each, ctx, err);
}

int kst_ca_count(struct kst_ca *ca, const struct kst_ca_query *q, size_t *out, struct kst_error *err)
{
	struct kst_ca_query waited = waited_for(q);

	return kst_ledger_count(&ca->ledger, &waited, out, err);
}

int kst_ca_check(struct kst_ca *ca, struct kst_error *err)
{
	return kst_ledger_check(&ca->ledger, err);
}

int kst_ca_begin(struct kst_ca *ca, struct kst_error *err)
{
	return kst_ledger_begin(&ca->ledger, err);
}

int kst_ca_commit(struct kst_ca *ca, struct kst_error *err)
{
	return kst_ledger_commit(&ca->ledger, err);
}

void kst_ca_rollback(struct kst_ca *ca)
{
	kst_ledger_rollback(&ca->ledger);
}

int kst_ca_add(struct kst_ca *ca, const struct kst_ca_row *row, int64_t *id, struct kst_error *err)
{
	return kst_ledger_add(&ca->ledger, row, id, err);
}

static int take_cert(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	return row->cert.len ? kst_cert_new(ctx, row->cert.data, row->cert.len, err) : 0;
}

int kst_ca_signed(struct kst_ca *ca, int64_t id, const struct kst_cert *cert, struct kst_cert **there,
		  struct kst_error *err)
{
	int rc = kst_ledger_signed(&ca->ledger, id, kst_cert_der(cert), err);
	struct kst_ca_query q = { .id = id };

	*there = NULL;
	if (rc <= 0)
		return rc;
	if (kst_ledger_each(&ca->ledger, &q, take_cert, there, err) < 0)
		return -1;
	return *there ? 0 : kst_error_setx(err, KST_E_NO_SERIAL, "the ledger has no such certificate");
}

int kst_ca_delivered(struct kst_ca *ca, int64_t id, struct kst_error *err)
{
	return kst_ledger_delivered(&ca->ledger, id, err);
}

int kst_ca_revoke(struct kst_ca *ca, int64_t id, int64_t when, int reason, struct kst_error *err)
{
	return kst_ledger_revoke(&ca->ledger, id, when, reason, err);
}

int kst_ca_fact(struct kst_ca *ca, const char *name, struct kst_buf *out, struct kst_error *err)
{
	return kst_ledger_fact(&ca->ledger, name, out, err);
}

int kst_ca_set_fact(struct kst_ca *ca, const char *name, const char *value, struct kst_error *err)
{
	return kst_ledger_set_fact(&ca->ledger, name, value, err);
}

int kst_ca_next(struct kst_ca *ca, const char *counter, uint64_t *out, struct kst_error *err)
{
	struct kst_buf was KST_SCRATCH_BUF = KST_BUF_INIT, now KST_SCRATCH_BUF = KST_BUF_INIT;
	uint64_t n = 0;

	if (kst_ca_fact(ca, counter, &was, err) < 0)
		return -1;
	for (size_t i = 0; i < was.len; i++)
		if (was.data[i] < '0' || was.data[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, was.data[i] - '0', &n)) {
			kst_error_setx(err, KST_E_LEDGER, "the counter \"%s\" is no number", counter);
			return kst_error_subject(err, "%s/%s", ca->dir, KST_CA_LEDGER);
		}
	kst_buf_printf(&now, "%llu", (unsigned long long)++n);
	if (now.failed)
		return kst_error_nomem(err);
	*out = n;
	return kst_ca_set_fact(ca, counter, (const char *)now.data, err);
}

int kst_ca_write_cert(struct kst_ca *ca, const struct kst_cert *cert, struct kst_error *err)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT, pem KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes serial = kst_cert_serial(cert), der = kst_cert_der(cert);
	char *path;
	int ret;

	/* The sign octet of the INTEGER is no part of what people call the serial. */
	if (serial.len > 1 && !serial.data[0])
		serial = (struct kst_bytes){ serial.data + 1, serial.len - 1 };
	kst_buf_puts(&name, KST_CA_CERTS "/");
	kst_text_hex(&name, serial.data, serial.len);
	kst_buf_puts(&name, ".pem");
	kst_pem_block(&pem, "CERTIFICATE", der.data, der.len);
	path = name.failed ? NULL : kst_ca_path(ca, (const char *)name.data);
	if (!path || pem.failed) {
		kst_free(path);
		return kst_error_nomem(err);
	}
	ret = kst_file_write(path, pem.data, pem.len,
			     KST_FILE_REPLACE | (ca->opt->insecure_permissions ? KST_FILE_LOOSE : 0), err);
	kst_free(path);
	return ret;
}
