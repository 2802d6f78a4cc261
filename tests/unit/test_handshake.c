/* SPDX-License-Identifier: ISC */
/* test_handshake.c - both ends in memory: keys, versions, refusals, and what each of them looks like */
#include <stdio.h>

#include <openssl/rsa.h>

#include "shake_kit.h"

#define TLS12 0x0303
#define TLS13 0x0304

static struct party ca, other, server, client;
static struct who s, c;
static struct kst_handshake h;

static void setup(void)
{
	ca = party_new("Acme Root CA", NULL, 1, NULL);
	other = party_new("Other Root CA", NULL, 1, NULL);
	server = party_new("shop", "DNS:shop.test", 0, &ca);
	client = party_new("device", "DNS:device.test", 0, &ca);
}

static void teardown(void)
{
	kst_handshake_release(&h);
	who_release(&s);
	who_release(&c);
	party_free(&ca);
	party_free(&other);
	party_free(&server);
	party_free(&client);
}

static void shake(int version)
{
	struct kst_connect how = { .min_version = version, .max_version = version, .sni = "shop.test" };
	struct kst_error err = KST_ERROR_INIT;

	ck_assert_msg(kst_tls_pair(&h, &s.opt, &c.opt, &how, &err) == 0, "%s", err.message);
}

static void one_way(void)
{
	who_is(&s, &server, NULL);
	who_trusts(&c, &ca, KST_USAGE_SERVER, "shop.test");
}

static void mutual(const struct party *who)
{
	one_way();
	who_trusts(&s, &ca, KST_USAGE_CLIENT, NULL);
	s.opt.require_client = true;
	who_is(&c, who, NULL);
}

static void refused(enum kst_fault fault, enum kst_side by, int alert)
{
	ck_assert_msg(!h.done, "%s", ladder(&h));
	ck_assert_msg(h.fault == fault, "%s, not %s: %s", kst_fault_slug(h.fault), kst_fault_slug(fault), ladder(&h));
	ck_assert_msg(h.fault_side == by, "%s", ladder(&h));
	ck_assert_msg(h.alert == alert, "%s, not %s: %s", kst_alert_name(h.alert), kst_alert_name(alert), ladder(&h));
}

static const int versions[] = { TLS12, TLS13 };

/* ---- what works ---- */

START_TEST(one_way_works)
{
	one_way();
	shake(versions[_i]);
	ck_assert_msg(h.done, "%s: %s", h.fault_text, ladder(&h));
	ck_assert_int_eq(h.version, versions[_i]);
	ck_assert_int_eq(h.fault, KST_FAULT_NONE);
	ck_assert_str_eq(h.sni, "shop.test");
	ck_assert(!h.asked_for_client && !h.sent_client);
	ck_assert(h.server.came && h.server.has_verdict && h.server.verdict.valid);
	ck_assert(!h.client.has_verdict);
	ck_assert(h.cipher[0] && h.group[0]);
	ck_assert_int_eq(h.alert, -1);
	ck_assert_ptr_nonnull(step_of(&h, KST_STEP_CHECK, KST_SIDE_CLIENT));
	ck_assert_ptr_null(step_of(&h, KST_STEP_REQUEST, KST_SIDE_SERVER));
	ck_assert_ptr_nonnull(step_of(&h, KST_STEP_DATA, KST_SIDE_SERVER));
}
END_TEST

START_TEST(mutual_works)
{
	static const enum kst_step_kind kinds[] = { KST_STEP_HELLO, KST_STEP_CERTIFICATE, KST_STEP_CHECK,
						    KST_STEP_FINISHED, KST_STEP_DATA, KST_STEP_CLOSED };

	mutual(&client);
	shake(versions[_i]);
	ck_assert_msg(h.done, "%s: %s", h.fault_text, ladder(&h));
	ck_assert(h.asked_for_client && h.sent_client);
	ck_assert(h.client.has_verdict && h.client.verdict.valid);
	ck_assert_uint_eq(h.nr_ca_names, 1);
	ck_assert(kst_handshake_accepts(&h, &c.chain));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		ck_assert_ptr_nonnull(step_of(&h, kinds[i], KST_SIDE_CLIENT));
		ck_assert_ptr_nonnull(step_of(&h, kinds[i], KST_SIDE_SERVER));
	}
	/* Each step says what it was, but the ones that need no words. */
	for (size_t i = 0; i < h.nr; i++)
		ck_assert_msg(h.step[i].text || h.step[i].kind == KST_STEP_FINISHED || h.step[i].kind == KST_STEP_CLOSED,
			      "%s", ladder(&h));
	ck_assert_str_eq(step_of(&h, KST_STEP_REQUEST, KST_SIDE_SERVER)->text, "accepts: Acme Root CA");
	ck_assert_str_eq(step_of(&h, KST_STEP_CHECK, KST_SIDE_CLIENT)->text, "shop.test: trusted by ca.pem");
}
END_TEST

/* The certificates go over exactly as they are: no root of one's own is added. */
START_TEST(the_chain_is_sent_as_it_is)
{
	struct party ica = party_new("Acme Issuing CA", NULL, 1, &ca);
	struct party leaf = party_new("shop", "DNS:shop.test", 0, &ica);

	who_is(&s, &leaf, _i ? &ica : NULL);
	who_trusts(&c, &ca, KST_USAGE_SERVER, "shop.test");
	shake(TLS13);
	ck_assert_uint_eq(h.server.sent.nr, (size_t)_i + 1);
	if (_i)
		ck_assert_msg(h.done, "%s", ladder(&h));
	else
		refused(KST_FAULT_REFUSED_CERT, KST_SIDE_CLIENT, 48);
	party_free(&ica);
	party_free(&leaf);
}
END_TEST

/* ---- kinds of keys ---- */

static const struct {
	const char *alg, *curve;
	int bits;
	bool tls13, tls12;
} kinds[] = {
	{ "RSA", NULL, 2048, true, true },	{ "RSA", NULL, 3072, true, true },
	{ "RSA-PSS", NULL, 2048, true, true },	{ "EC", "P-256", 0, true, true },
	{ "EC", "P-384", 0, true, true },	{ "EC", "P-521", 0, true, true },
	{ "ED25519", NULL, 0, true, true },	{ "ED448", NULL, 0, true, true },
	{ "EC", "secp256k1", 0, false, false },	{ "X25519", NULL, 0, false, false },
};

static EVP_PKEY *new_key(size_t i)
{
	if (kinds[i].curve)
		return EVP_PKEY_Q_keygen(NULL, NULL, kinds[i].alg, kinds[i].curve);
	if (kinds[i].bits) {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kinds[i].alg, NULL);
		EVP_PKEY *key = NULL;

		ck_assert_int_eq(EVP_PKEY_keygen_init(ctx), 1);
		EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, kinds[i].bits);
		ck_assert_int_eq(EVP_PKEY_generate(ctx, &key), 1);
		EVP_PKEY_CTX_free(ctx);
		return key;
	}
	return EVP_PKEY_Q_keygen(NULL, NULL, kinds[i].alg);
}

START_TEST(kinds_of_keys)
{
	size_t kind = (size_t)_i / 2;
	int version = versions[_i % 2];
	bool works = version == TLS13 ? kinds[kind].tls13 : kinds[kind].tls12;
	struct party p = { .key = new_key(kind) };

	p.cert = party_certify(p.key, "shop", "DNS:shop.test", 0, 365, &ca);
	mutual(&p);
	who_release(&s);
	who_is(&s, &p, NULL);
	who_trusts(&s, &ca, KST_USAGE_CLIENT, NULL);
	s.opt.require_client = true;
	shake(version);
	ck_assert_msg(h.done == works, "%s: %s: %s", kinds[kind].alg, h.fault_text, ladder(&h));
	if (!works)
		ck_assert_msg(h.fault == KST_FAULT_NO_ALGORITHM || h.fault == KST_FAULT_KEY_UNUSABLE, "%s: %s",
			      kinds[kind].alg, kst_fault_slug(h.fault));
	/* Whatever the handshake came to, both certificates were looked at. */
	ck_assert(h.server.has_verdict && h.client.has_verdict);
	party_free(&p);
}
END_TEST

/* ---- refusals ---- */

START_TEST(client_does_not_know_the_ca)
{
	who_is(&s, &server, &ca);
	who_trusts(&c, &other, KST_USAGE_SERVER, "shop.test");
	shake(versions[_i]);
	refused(KST_FAULT_REFUSED_CERT, KST_SIDE_CLIENT, 48);
	ck_assert_int_eq(kst_verdict_cause(&h.server.verdict)->reason, KST_REASON_UNTRUSTED);
	ck_assert_int_eq(h.alert_from, KST_SIDE_CLIENT);
}
END_TEST

START_TEST(wrong_host)
{
	one_way();
	c.judge.host = "other.test";
	shake(versions[_i]);
	refused(KST_FAULT_REFUSED_CERT, KST_SIDE_CLIENT, 42);
	ck_assert_int_eq(kst_verdict_cause(&h.server.verdict)->reason, KST_REASON_HOST);
}
END_TEST

START_TEST(expired)
{
	X509 *old = party_certify(server.key, "shop", "DNS:shop.test", 0, -1, &ca);
	struct party p = { server.key, old };

	X509_gmtime_adj(X509_getm_notBefore(old), -1000000);
	X509_sign(old, ca.key, EVP_sha256());
	who_is(&s, &p, NULL);
	who_trusts(&c, &ca, KST_USAGE_SERVER, "shop.test");
	shake(versions[_i]);
	refused(KST_FAULT_REFUSED_CERT, KST_SIDE_CLIENT, 45);
	X509_free(old);
}
END_TEST

START_TEST(wrong_purpose)
{
	X509 *x = party_certify(server.key, "shop", "DNS:shop.test", 0, 30, &ca);
	struct party p = { server.key, x };

	party_ext(x, NID_ext_key_usage, "clientAuth");
	X509_sign(x, ca.key, EVP_sha256());
	who_is(&s, &p, NULL);
	who_trusts(&c, &ca, KST_USAGE_SERVER, "shop.test");
	shake(versions[_i]);
	refused(KST_FAULT_REFUSED_CERT, KST_SIDE_CLIENT, 43);
	X509_free(x);
}
END_TEST

START_TEST(server_does_not_know_the_ca)
{
	struct party stranger = party_new("stranger", "DNS:device.test", 0, &other);

	mutual(&stranger);
	shake(versions[_i]);
	refused(KST_FAULT_REFUSED_CERT, KST_SIDE_SERVER, 48);
	ck_assert(h.sent_client && h.server.verdict.valid);
	ck_assert_uint_eq(h.nr_ca_names, 1);
	ck_assert(!kst_handshake_accepts(&h, &c.chain));
	/* With TLS 1.3 the client was through, and is refused all the same. */
	ck_assert_int_eq(h.alert_after_ms, versions[_i] == TLS13 ? 0 : -1);
	party_free(&stranger);
}
END_TEST

START_TEST(no_client_certificate)
{
	mutual(NULL);
	shake(versions[_i]);
	refused(KST_FAULT_NO_CLIENT, KST_SIDE_SERVER, versions[_i] == TLS13 ? 116 : 40);
	ck_assert(h.asked_for_client && !h.sent_client);
	ck_assert_int_eq(h.alert_after_ms, versions[_i] == TLS13 ? 0 : -1);
}
END_TEST

START_TEST(asked_and_not_required)
{
	mutual(NULL);
	s.opt.require_client = false;
	s.opt.request_client = true;
	shake(versions[_i]);
	ck_assert_msg(h.done, "%s", ladder(&h));
	ck_assert(h.asked_for_client && !h.sent_client);
}
END_TEST

/* ---- keys ---- */

START_TEST(key_of_another)
{
	bool of_server = _i == 0;
	struct party mixed = { other.key, of_server ? server.cert : client.cert };

	mutual(&client);
	if (of_server) {
		kst_key_free(s.key);
		s.key = party_key(&mixed);
		s.opt.me.key = s.key;
		c.judge.key = s.key;
	} else {
		kst_key_free(c.key);
		c.key = party_key(&mixed);
		c.opt.me.key = c.key;
		s.judge.key = c.key;
	}
	shake(TLS13);
	refused(KST_FAULT_KEY_MISMATCH, of_server ? KST_SIDE_SERVER : KST_SIDE_CLIENT, -1);
	/* Nothing was sent, and yet both are judged. */
	ck_assert(h.server.has_verdict && h.client.has_verdict && !h.server.came);
	ck_assert_int_eq(kst_verdict_cause(of_server ? &h.server.verdict : &h.client.verdict)->reason,
			 KST_REASON_KEY_MISMATCH);
}
END_TEST

/* Both are bad: the handshake ends at the first, and the second is known too. */
START_TEST(all_faults_at_once)
{
	struct party stranger = party_new("stranger", "DNS:device.test", 0, &other);

	mutual(&stranger);
	c.judge.host = "other.test";
	shake(versions[_i]);
	refused(KST_FAULT_REFUSED_CERT, KST_SIDE_CLIENT, 42);
	ck_assert(!h.client.came && h.client.has_verdict && !h.client.verdict.valid);
	party_free(&stranger);
}
END_TEST

/* ---- protocols ---- */

START_TEST(alpn)
{
	struct kst_connect how = { .alpn = "h2,http/1.1" };
	struct kst_error err = KST_ERROR_INIT;

	one_way();
	ck_assert_int_eq(kst_tls_pair(&h, &s.opt, &c.opt, &how, &err), 0);
	ck_assert(h.done);
	ck_assert_str_eq(h.alpn, "h2");
	kst_handshake_release(&h);
	for (size_t i = 0; i < 3; i++) {
		static const char *const bad[] = { "", "h2,", ",h2" };

		how.alpn = bad[i];
		kst_error_clear(&err);
		ck_assert_int_eq(kst_tls_pair(&h, &s.opt, &c.opt, &how, &err), -1);
		ck_assert_int_eq(err.code, KST_E_BAD_VALUE);
	}
}
END_TEST

START_TEST(newest_version)
{
	one_way();
	shake(0);
	ck_assert_int_eq(h.version, TLS13);
}
END_TEST

START_TEST(words)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	static const char *const cipher[][2] = {
		{ "TLS_AES_256_GCM_SHA384", "AES-256-GCM" },
		{ "TLS_CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305" },
		{ "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "AES-128-GCM" },
		{ "TLS_DHE_RSA_WITH_AES_128_CCM_8", "AES-128-CCM-8" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof(cipher) / sizeof(cipher[0]); i++) {
		kst_buf_reset(&b);
		kst_buf_puts(&b, "");
		kst_tls_cipher_text(cipher[i][0], &b);
		ck_assert_str_eq((char *)b.data, cipher[i][1]);
	}
	ck_assert_str_eq(kst_alert_name(116), "certificate_required");
	ck_assert_str_eq(kst_alert_name(200), "alert");
	for (int i = -1; i < 256; i++)
		ck_assert(kst_alert_meaning(i)[0]);
	for (int i = 1; i < KST_FAULT_COUNT; i++)
		ck_assert(kst_fault_slug((enum kst_fault)i)[0] && kst_fault_meaning((enum kst_fault)i)[0]);
	ck_assert_ptr_null(kst_fault_slug(KST_FAULT_NONE));
}
END_TEST

/* ---- no memory ---- */

START_TEST(without_memory)
{
	struct kst_connect how = { .sni = "shop.test" };
	struct kst_error last = KST_ERROR_INIT;
	size_t n = 1;
	int ret;

	mutual(&client);
	shake(0); /* what OpenSSL makes once and keeps is made */
	kst_handshake_release(&h);
	do {
		struct kst_error err = KST_ERROR_INIT;

		kst_alloc_fail_after(n);
		ret = kst_tls_pair(&h, &s.opt, &c.opt, &how, &err);
		kst_alloc_fail_after(0);
		ck_assert(ret < 0 ? err.code != KST_OK : true);
		if (!ret && !h.done)
			ck_assert(h.fault != KST_FAULT_NONE);
		last = err;
		bool whole = !ret && h.done;
		if (!ret)
			kst_handshake_release(&h);
		if (whole)
			return;
		n += n < 200 ? 1 : 37;
	} while (n < 100000);
	ck_abort_msg("it never works: %d %s", ret, last.message);
}
END_TEST

Suite *test_handshake(void);
Suite *test_handshake(void)
{
	Suite *suite = suite_create("handshake");
	TCase *tc = tcase_create("pair");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, one_way_works, 0, 2);
	tcase_add_loop_test(tc, mutual_works, 0, 2);
	tcase_add_loop_test(tc, the_chain_is_sent_as_it_is, 0, 2);
	tcase_add_loop_test(tc, kinds_of_keys, 0, 2 * (int)(sizeof(kinds) / sizeof(kinds[0])));
	tcase_add_loop_test(tc, client_does_not_know_the_ca, 0, 2);
	tcase_add_loop_test(tc, wrong_host, 0, 2);
	tcase_add_loop_test(tc, expired, 0, 2);
	tcase_add_loop_test(tc, wrong_purpose, 0, 2);
	tcase_add_loop_test(tc, server_does_not_know_the_ca, 0, 2);
	tcase_add_loop_test(tc, no_client_certificate, 0, 2);
	tcase_add_loop_test(tc, asked_and_not_required, 0, 2);
	tcase_add_loop_test(tc, key_of_another, 0, 2);
	tcase_add_loop_test(tc, all_faults_at_once, 0, 2);
	tcase_add_test(tc, alpn);
	tcase_add_test(tc, newest_version);
	tcase_add_test(tc, words);
	tcase_add_test(tc, without_memory);
	suite_add_tcase(suite, tc);
	return suite;
}
