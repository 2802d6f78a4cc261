/* SPDX-License-Identifier: ISC */
/*
 * takeover.c - a CA of openssl-ca or easy-rsa becomes one of kstool: its rows, its key, the number of its list
 */
#include <stdlib.h>
#include <string.h>

#include "ca/ca.h"
#include "kstool/ca_index.h"

#define INDEX_MAX (UINT64_C(256) << 20)

struct taking {
	struct kst_ca *ca;      /* NULL: only counted */
	struct kst_ca_takeover *t;
	struct kst_cert **by_serial; /* of t->issued, sorted */
	size_t nr;
};

/* ---- certificates by serial ---- */

static struct kst_bytes magnitude(const struct kst_cert *cert)
{
	struct kst_bytes s = kst_cert_serial(cert);

	while (s.len > 1 && !s.data[0])
		s = (struct kst_bytes){ s.data + 1, s.len - 1 };
	return s;
}

static int compare(struct kst_bytes a, struct kst_bytes b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len ? memcmp(a.data, b.data, a.len) : 0;
}

static int by_serial(const void *a, const void *b)
{
	return compare(magnitude(*(struct kst_cert *const *)a), magnitude(*(struct kst_cert *const *)b));
}

static int to_serial(const void *key, const void *cert)
{
	return compare(*(const struct kst_bytes *)key, magnitude(*(struct kst_cert *const *)cert));
}

static int sort(struct taking *k, struct kst_error *err)
{
	k->by_serial = kst_calloc(k->t->nr_issued ? k->t->nr_issued : 1, sizeof(struct kst_cert *));
	if (!k->by_serial)
		return kst_error_nomem(err);
	for (size_t i = 0; i < k->t->nr_issued; i++)
		/* What another CA signed may have the same number. */
		if (kst_cert_issued_by(k->t->issued[i], k->t->cert))
			k->by_serial[k->nr++] = k->t->issued[i];
	qsort(k->by_serial, k->nr, sizeof(struct kst_cert *), by_serial);
	return 0;
}

static const struct kst_cert *cert_of(const struct taking *k, const struct kst_index_row *r)
{
	const struct kst_bytes serial = { r->serial, r->serial_len };
	struct kst_cert *const *found =
		bsearch(&serial, k->by_serial, k->nr, sizeof(struct kst_cert *), to_serial);

	return found ? *found : NULL;
}

/* ---- rows ---- */

static enum kst_profile profile_of(const struct kst_cert *cert)
{
	struct kst_buf usage KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_cert_is_ca(cert))
		return kst_cert_is_self_issued(cert) ? KST_PROFILE_ROOT : KST_PROFILE_CA;
	kst_cert_ext_key_usage(cert, &usage);
	const char *words = usage.data ? (const char *)usage.data : "";
	bool server = strstr(words, "serverAuth") != NULL, client = strstr(words, "clientAuth") != NULL;
	return server == client ? KST_PROFILE_BOTH : server ? KST_PROFILE_SERVER : KST_PROFILE_CLIENT;
}

static int add_san(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	static const char *const word[] = { "dns:", "uri:", "email:", "ip:", "other:" };
	struct kst_buf *b = ctx;

	if (b->len)
		kst_buf_puts(b, "\n");
	kst_buf_puts(b, word[type]);
	kst_buf_put(b, value, len);
	return 0;
}

/* The CN of "CN=web,O=Acme"; else all of it. */
static void name_of(const char *subject, struct kst_buf *out)
{
	const char *cn = !strncmp(subject, "CN=", 3) ? subject : strstr(subject, ",CN=");

	if (!cn) {
		kst_buf_puts(out, subject);
		return;
	}
	cn = strchr(cn, '=') + 1;
	for (; *cn && *cn != ','; cn++) {
		if (*cn == '\\' && cn[1])
			cn++;
		kst_buf_put(out, cn, 1);
	}
}

static const char *text(const struct kst_buf *b)
{
	return b->data ? (const char *)b->data : "";
}

static int add_row(struct taking *k, const struct kst_index_row *r, const struct kst_cert *cert, struct kst_error *err)
{
	struct kst_buf subject KST_SCRATCH_BUF = KST_BUF_INIT, name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf sans KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_ca_row row = {
		.issuer = KST_CA_BY_CA,
		.state = r->state == 'R' ? KST_CA_REVOKED : KST_CA_VALID,
		.serial_len = r->serial_len,
		.profile = KST_PROFILE_BOTH, /* the index does not tell */
		.not_after = r->not_after,
		.created = kst_time_now(),
		.revoked_at = r->revoked_at,
		.reason = r->reason,
		.delivered = true,
	};

	memcpy(row.serial, r->serial, r->serial_len);
	if (cert) {
		row.profile = profile_of(cert);
		row.not_before = kst_cert_not_before(cert);
		row.not_after = kst_cert_not_after(cert);
		row.created = row.not_before;
		row.cert = kst_cert_der(cert);
		row.has_spki = true;
		kst_ca_spki_hash(kst_cert_spki(cert), row.spki);
		kst_cert_subject(cert, &subject);
		kst_cert_each_san(cert, add_san, &sans);
	} else {
		kst_index_subject(r->subject, &subject);
	}
	name_of(text(&subject), &name);
	if (!name.len && cert)
		kst_cert_name(cert, &name);
	if (subject.failed || sans.failed || name.failed)
		return kst_error_nomem(err);
	/* A name of which nobody knows the encoding is no name. */
	row.subject = kst_utf8_valid(text(&subject), subject.len) ? text(&subject) : NULL;
	row.name = kst_utf8_valid(text(&name), name.len) ? text(&name) : NULL;
	row.sans = sans.len ? text(&sans) : NULL;
	return kst_ca_add(k->ca, &row, NULL, err);
}

static int take_line(struct taking *k, char *line, struct kst_error *err)
{
	struct kst_index_row r;
	const struct kst_cert *cert;

	if (kst_index_parse(&r, line, err) < 0)
		return -1;
	cert = cert_of(k, &r);
	k->t->with_cert += cert != NULL;
	if (r.state == 'R')
		k->t->revoked++;
	else if (r.not_after < kst_time_now())
		k->t->expired++;
	else
		k->t->valid++;
	return k->ca ? add_row(k, &r, cert, err) : 0;
}

static int take_index(struct taking *k, struct kst_error *err)
{
	struct kst_buf all KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t nr = 0;

	k->t->valid = k->t->revoked = k->t->expired = k->t->with_cert = 0;
	if (kst_file_read(k->t->index, INDEX_MAX, &all, err) < 0)
		return -1;
	if (all.len && memchr(all.data, 0, all.len)) {
		kst_error_setx(err, KST_E_CORRUPT, "this is no index.txt: it has a NUL in it");
		return kst_error_subject(err, "%s", k->t->index);
	}
	for (char *line = (char *)all.data, *next; line && *line; line = next) {
		size_t n = strcspn(line, "\n");
		bool last = !line[n];

		nr++;
		line[n] = '\0';
		next = last ? NULL : line + n + 1;
		if (n && line[n - 1] == '\r')
			line[n - 1] = '\0';
		if (*line && *line != '#' && take_line(k, line, err) < 0)
			return kst_error_subject(err, "%s, line %zu", k->t->index, nr);
	}
	return 0;
}

/* ---- the new directory ---- */

static int set_facts(struct kst_ca *ca, const struct kst_ca_takeover *t, struct kst_error *err)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT, number KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf subject KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_cert_subject(t->cert, &subject);
	name_of(text(&subject), &name);
	kst_buf_printf(&number, "%llu", (unsigned long long)t->crl_number);
	if (name.failed || number.failed || subject.failed)
		return kst_error_nomem(err);
	if (kst_ca_set_fact(ca, "name", text(&name), err) < 0 ||
	    (t->crl_number && kst_ca_set_fact(ca, "crl-number", text(&number), err) < 0) ||
	    (t->crl_url && kst_ca_set_fact(ca, "crl-url", t->crl_url, err) < 0) ||
	    (t->ocsp_url && kst_ca_set_fact(ca, "ocsp-url", t->ocsp_url, err) < 0))
		return -1;
	return 0;
}

static int take_chain(struct kst_ca *ca, const struct kst_ca_takeover *t, struct kst_error *err)
{
	if (kst_chain_push(&ca->chain, t->cert) < 0)
		return kst_error_nomem(err);
	for (size_t i = 0; i < t->above.nr; i++)
		if (kst_chain_push(&ca->chain, t->above.cert[i]) < 0)
			return kst_error_nomem(err);
	ca->cert[KST_CA_BY_CA] = kst_cert_ref(t->cert);
	ca->cert[KST_CA_BY_ROOT] = kst_cert_ref(ca->chain.cert[ca->chain.nr - 1]);
	return kst_key_copy(&ca->key[KST_CA_BY_CA], t->key, err);
}

static int fill(struct kst_ca *ca, void *ctx, struct kst_error *err)
{
	struct taking *k = ctx;
	const struct kst_ca_takeover *t = k->t;

	k->ca = ca;
	/* Rows first: were one of them wrong, nothing would be there. */
	if (take_chain(ca, t, err) < 0 || kst_ca_begin(ca, err) < 0)
		return -1;
	if (take_index(k, err) < 0 || set_facts(ca, t, err) < 0 || kst_ca_commit(ca, err) < 0) {
		kst_ca_rollback(ca);
		return -1;
	}
	for (size_t i = 0; i < k->nr; i++)
		/* easy-rsa has each of them twice. */
		if ((!i || !kst_cert_equal(k->by_serial[i - 1], k->by_serial[i])) &&
		    kst_ca_write_cert(ca, k->by_serial[i], err) < 0)
			return -1;
	if (kst_ca_write_file(ca, KST_CA_TRUST, "CERTIFICATE", kst_cert_der(ca->cert[KST_CA_BY_ROOT]), err) < 0 ||
	    kst_ca_write_file(ca, KST_CA_CERT, "CERTIFICATE", kst_cert_der(t->cert), err) < 0 ||
	    kst_ca_save_key(ca, KST_CA_STORE, KST_CA_ALIAS, KST_CA_BY_CA, &t->save, err) < 0)
		return -1;
	/* With the next number, and with all that was revoked before. */
	return kst_ca_make_crl(ca, KST_CA_BY_CA, KST_CA_CRL_DAYS, NULL, err);
}

int kst_ca_take_over(const char *dir, struct kst_ca_takeover *t, const struct kst_open_options *opt, bool dry_run,
		     struct kst_error *err)
{
	struct taking k = { .t = t };
	int ret = -1;

	if (!kst_cert_is_ca(t->cert))
		return kst_error_setx(err, KST_E_NOT_A_CA, "the certificate of the CA is not that of a CA");
	if (t->key && kst_key_matches(t->key, t->cert) == 0)
		return kst_error_setx(err, KST_E_KEY_MISMATCH, "the private key is not that of the CA's certificate");
	if (sort(&k, err) == 0 && take_index(&k, err) == 0)
		ret = kst_ca_build(dir, fill, &k, dry_run, opt, err);
	kst_free(k.by_serial);
	return ret;
}
