/* SPDX-License-Identifier: ISC */
/* answer.c - a root that is kept elsewhere has signed the request of the CA */
#include "ca/ca.h"

#include <string.h>

#include "base/file.h"

static int load_root(struct kst_ca *ca, struct kst_error *err)
{
	struct kst_open_options opt = { .limits = ca->opt->limits };
	char *path = kst_ca_path(ca, KST_CA_TRUST);
	struct kst_store *s = NULL;
	struct kst_entry *e;
	int ret = -1;

	if (!path)
		return kst_error_nomem(err);
	if (kst_store_open(&s, path, &opt, err) == 0) {
		for (size_t i = 0; i < kst_store_count(s) && ret < 0; i++)
			if (kst_store_entry(s, i, &e, NULL) == 0 && kst_entry_leaf(e)) {
				ca->cert[KST_CA_BY_ROOT] = kst_cert_ref(kst_entry_leaf(e));
				ret = 0;
			}
		if (ret < 0) {
			kst_error_setx(err, KST_E_NOTHING_FOUND, "holds no certificate of a root");
			kst_error_subject(err, "%s", path);
		}
	}
	kst_store_free(s);
	kst_free(path);
	return ret;
}

static struct kst_cert *find(struct kst_ca *ca, struct kst_cert *const *pool, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (kst_key_matches(ca->key[KST_CA_BY_CA], pool[i]) == 1)
			return pool[i];
	return NULL;
}

static int check(struct kst_ca *ca, struct kst_cert *cert, struct kst_error *err)
{
	struct kst_buf usage KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct kst_cert *root = ca->cert[KST_CA_BY_ROOT];
	int64_t now = kst_time_now();

	kst_cert_key_usage(cert, &usage);
	if (usage.failed)
		return kst_error_nomem(err);
	if (!kst_cert_is_ca(cert) || (usage.len && !strstr((const char *)usage.data, "keyCertSign"))) {
		kst_error_setx(err, KST_E_NOT_A_CA, "the root has signed it as that of no CA");
		return kst_error_hint(err, "it needs basicConstraints CA:TRUE and keyUsage keyCertSign, cRLSign");
	}
	if (usage.len && !strstr((const char *)usage.data, "cRLSign")) {
		kst_error_setx(err, KST_E_NOT_A_CA, "its key usage does not let it sign revocation lists");
		return kst_error_hint(err, "it needs keyUsage keyCertSign, cRLSign");
	}
	if (now > kst_cert_not_after(cert))
		return kst_error_setx(err, KST_E_EXPIRED, "the certificate has expired");
	if (kst_cert_equal(cert, root) || kst_cert_is_self_issued(cert))
		return kst_error_setx(err, KST_E_NOT_A_CA, "the certificate is signed by itself, not by the root");
	return 0;
}

/* From the CA to the root, over what came with the answer. */
static int chain(struct kst_ca *ca, struct kst_cert *cert, struct kst_cert *const *pool, size_t nr,
		 struct kst_error *err)
{
	struct kst_cert **all = kst_calloc(nr + 1, sizeof(*all));
	bool complete;
	int ret;

	if (!all)
		return kst_error_nomem(err);
	memcpy(all, pool, nr * sizeof(*all));
	all[nr] = ca->cert[KST_CA_BY_ROOT];
	kst_chain_release(&ca->chain);
	ret = kst_chain_build(&ca->chain, cert, all, nr + 1, &complete, err);
	kst_free(all);
	if (!ret && !kst_cert_equal(ca->chain.cert[ca->chain.nr - 1], ca->cert[KST_CA_BY_ROOT]))
		ret = kst_error_setx(err, KST_E_NOT_TRUSTED, "the certificate does not lead to the root of %s",
				     KST_CA_TRUST);
	return ret;
}

static int write_down(struct kst_ca *ca, struct kst_cert *cert, struct kst_error *err)
{
	struct kst_buf subject KST_SCRATCH_BUF = KST_BUF_INIT, name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes serial = kst_cert_serial(cert);
	struct kst_ca_row row = {
		.issuer = KST_CA_BY_ROOT,
		.state = KST_CA_VALID,
		.profile = KST_PROFILE_CA,
		.not_before = kst_cert_not_before(cert),
		.not_after = kst_cert_not_after(cert),
		.created = kst_time_now(),
		.reason = -1,
		.delivered = true,
		.has_spki = true,
		.cert = kst_cert_der(cert),
	};
	struct kst_ca_query q = { .issuers = 1u << KST_CA_BY_ROOT };
	size_t there = 0;

	if (serial.len > 1 && !serial.data[0])
		serial = (struct kst_bytes){ serial.data + 1, serial.len - 1 };
	if (!serial.len || serial.len > sizeof(row.serial))
		return kst_error_setx(err, KST_E_BAD_CERT, "the serial number is longer than RFC 5280 allows");
	memcpy(row.serial, serial.data, serial.len);
	row.serial_len = serial.len;
	kst_cert_subject(cert, &subject);
	kst_cert_name(cert, &name);
	if (subject.failed || name.failed)
		return kst_error_nomem(err);
	row.subject = (const char *)subject.data;
	row.name = (const char *)name.data;
	kst_cert_spki_sha256(cert, row.spki);
	q.serial = serial;
	/* A first try may have come so far. */
	if (kst_ca_begin(ca, err) < 0)
		return -1;
	if (kst_ca_count(ca, &q, &there, err) < 0 || (!there && kst_ca_add(ca, &row, NULL, err) < 0) ||
	    kst_ca_commit(ca, err) < 0) {
		kst_ca_rollback(ca);
		return -1;
	}
	return kst_ca_write_cert(ca, cert, err);
}

static int store(struct kst_ca *ca, const struct kst_save_options *save, struct kst_error *err)
{
	struct kst_open_options opt = *ca->opt;
	char *path = kst_ca_path(ca, KST_CA_STORE);
	struct kst_store *s = NULL;
	struct kst_entry *e = NULL, *was;
	size_t i;
	int ret = -1;

	opt.edit = true;
	if (!path)
		return kst_error_nomem(err);
	if (kst_store_open(&s, path, &opt, err) < 0)
		goto done;
	i = kst_store_find_alias(s, KST_CA_ALIAS);
	if (i == KST_NO_BASE || kst_store_open_key(s, i, err) < 0 || kst_store_entry(s, i, &was, err) < 0 ||
	    kst_entry_copy(&e, was, err) < 0)
		goto done;
	kst_chain_release(&e->chain);
	for (size_t k = 0; k < ca->chain.nr; k++)
		if (kst_chain_push(&e->chain, ca->chain.cert[k]) < 0) {
			kst_error_nomem(err);
			goto done;
		}
	ret = kst_store_replace(s, i, e, err);
	e = NULL;
	if (!ret)
		ret = kst_store_save(s, save, NULL, err);
done:
	kst_entry_free(e);
	kst_store_free(s);
	kst_free(path);
	return ret;
}

int kst_ca_answer(struct kst_ca *ca, struct kst_cert *const *pool, size_t nr, const struct kst_save_options *save,
		  struct kst_error *err)
{
	struct kst_cert *cert;
	struct kst_key *key;

	if (ca->cert[KST_CA_BY_CA]) {
		kst_error_setx(err, KST_E_CA_EXISTS, "has its certificate already");
		return kst_error_subject(err, "%s", ca->dir);
	}
	if (load_root(ca, err) < 0 || kst_ca_key(ca, KST_CA_BY_CA, &key, err) < 0)
		return -1;
	cert = find(ca, pool, nr);
	if (!cert)
		return kst_error_setx(err, KST_E_KEY_MISMATCH, "holds no certificate of the key that %s/%s is of", ca->dir,
				      KST_CA_REQUEST);
	if (check(ca, cert, err) < 0 || chain(ca, cert, pool, nr, err) < 0)
		return -1;
	ca->cert[KST_CA_BY_CA] = kst_cert_ref(cert);
	/* The store comes last: with its chain the CA is there. */
	if (write_down(ca, cert, err) < 0 ||
	    kst_ca_write_file(ca, KST_CA_CERT, "CERTIFICATE", kst_cert_der(cert), err) < 0 ||
	    kst_ca_make_crl(ca, KST_CA_BY_CA, KST_CA_CRL_DAYS, NULL, err) < 0)
		return -1;
	return store(ca, save, err);
}
