/* SPDX-License-Identifier: ISC */
/*
 * fuzz_path.c - chains of certificates as a hostile peer may send them, verified in every way
 *
 * The input is DER certificates, one after the other: the first is the leaf, the last the
 * anchor.  A mutated certificate has no good signature, but all rules are held
 * against the path that has its names.
 */
#include <string.h>

#include "fuzz.h"
#include "kstool/verify.h"

/* The next certificate; 0 at the end. */
static size_t next(const uint8_t *p, size_t left)
{
	size_t len;

	if (left < 4 || p[0] != 0x30)
		return 0;
	if (p[1] < 0x80)
		len = 2u + p[1];
	else if (p[1] == 0x81)
		len = 3u + p[2];
	else if (p[1] == 0x82)
		len = 4u + ((size_t)p[2] << 8 | p[3]);
	else
		return 0;
	return len <= left ? len : 0;
}

static struct kst_anchors *trust(struct kst_cert *cert)
{
	struct kst_open_options opt = { .asker = NULL };
	struct kst_entry *e = kst_entry_new(KST_KIND_CERT);
	struct kst_anchors *a = NULL;
	struct kst_store *s = NULL;

	if (!e || kst_chain_push(&e->chain, cert) < 0 || kst_anchors_new(&a, NULL) < 0)
		fuzz_bug("no memory");
	e->trusted = true;
	if (kst_store_new(&s, "/nowhere/trust.pem", kst_format_by_name("pem"), &opt, NULL) < 0)
		fuzz_bug("no store in memory");
	if (kst_store_add(s, e, NULL, NULL) == 0 && kst_anchors_add_store(a, s, "trust.pem", NULL) < 0)
		fuzz_bug("a certificate is no anchor");
	kst_store_free(s);
	return a;
}

static void judge(const struct kst_verify_request *req)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_verdict v;
	size_t faults = 0;

	if (kst_verify(&v, req, &err) < 0) {
		fuzz_failed(&err, "verify");
		return;
	}
	for (size_t i = 0; i < v.nr; i++) {
		faults += v.finding[i].result == KST_RESULT_FAIL;
		if (v.finding[i].depth < -1 || v.finding[i].depth >= (int)v.path.nr)
			fuzz_bug("a finding about certificate %d of %zu", v.finding[i].depth, v.path.nr);
		if (v.finding[i].result == KST_RESULT_FAIL && !kst_reason_slug(v.finding[i].reason))
			fuzz_bug("a failure without a reason");
	}
	if (v.valid && (faults || !v.anchored))
		fuzz_bug("valid with %zu faults", faults);
	if (!v.valid && (!faults || !kst_verdict_cause(&v)))
		fuzz_bug("not valid, and nobody says why");
	kst_verdict_release(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const hosts[] = { "shop.acme.test", "127.0.0.1", "jo@acme.test", NULL };
	struct kst_chain chain = { .cert = NULL };
	size_t at = 0, n;

	for (; chain.nr < 16 && (n = next(data + at, size - at)) != 0; at += n) {
		struct kst_cert *cert;

		if (kst_cert_new(&cert, data + at, n, NULL) < 0)
			continue;
		if (kst_chain_push(&chain, cert) < 0)
			fuzz_bug("no memory");
		kst_cert_free(cert);
	}
	if (chain.nr) {
		struct kst_anchors *anchors = trust(chain.cert[chain.nr - 1]);

		for (size_t h = 0; h < sizeof(hosts) / sizeof(hosts[0]); h++)
			for (int strict = 0; strict < 2; strict++)
				judge(&(struct kst_verify_request){
					.chain = &chain, .anchors = anchors, .host = hosts[h], .strict = strict != 0,
					.allow_cn = strict == 0, .max_depth = h == 1 ? 1 : -1, .at = 1796000000 });
		kst_anchors_free(anchors);
	}
	kst_chain_release(&chain);
	return 0;
}
