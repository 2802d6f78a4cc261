/* SPDX-License-Identifier: ISC */
/* test_pem.c - what a PEM file is read as: blocks, what may stand around them, who belongs to whom */
#include <openssl/pem.h>

#include "pem_kit.h"

static int probe(const char *text)
{
	return kst_format_pem.probe((const uint8_t *)text, strlen(text), true);
}

START_TEST(a_begin_line_of_ours_is_recognised_wherever_it_stands)
{
	ck_assert_int_eq(probe("-----BEGIN CERTIFICATE-----\n"), 80);
	ck_assert_int_eq(probe("\xef\xbb\xbf-----BEGIN CERTIFICATE-----\n"), 80);
	ck_assert_int_eq(probe("some text\n  -----BEGIN PRIVATE KEY-----\n"), 80);
	ck_assert_int_eq(probe("no -----BEGIN CERTIFICATE-----\n"), 0);
	ck_assert_int_eq(probe("-----BEGIN OPENSSH PRIVATE KEY-----\n"), 0);
	ck_assert_int_eq(probe("-----BEGIN PKCS7-----\n"), 0);
	ck_assert_int_eq(probe("-----BEGIN PKCS7-----\n-----BEGIN CERTIFICATE-----\n"), 80);
	ck_assert_int_eq(probe(""), 0);
	/* A binary file that holds such a line says more by its own structure. */
	ck_assert_int_eq(kst_format_pem.probe((const uint8_t *)"0\0\n-----BEGIN X-----\n", 21, true),
			 40);
}
END_TEST

START_TEST(any_order_gives_the_same_entry)
{
	const char *const order[] = {
		JOIN(w.a_key, w.a_cert, w.issuer_cert, w.root_cert),
		JOIN(w.root_cert, w.issuer_cert, w.a_cert, w.a_key),
		JOIN(w.issuer_cert, w.a_key, w.root_cert, w.a_cert),
	};
	for (size_t i = 0; i < 3; i++) {
		struct file f;
		file_read(&f, order[i]);
		ck_assert_uint_eq(f.m.nr, 1);
		ck_assert_int_eq(peek(&f, 0)->kind, KST_KIND_KEY);
		ck_assert_uint_eq(peek(&f, 0)->chain.nr, 3);
		ck_assert_int_eq(kst_key_matches(entry(&f, 0)->key, peek(&f, 0)->chain.cert[0]), 1);
		ck_assert_str_eq(peek(&f, 0)->alias, "a.test");
		ck_assert_str_eq(peek(&f, 0)->origin, "pem");
		file_close(&f);
	}
}
END_TEST

START_TEST(two_keys_share_the_certificate_of_their_ca)
{
	struct file f;
	file_read(&f, JOIN(w.a_cert, w.b_cert, w.issuer_cert, w.b_key, w.a_key));
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert_str_eq(peek(&f, 0)->alias, "b.test");
	ck_assert_str_eq(peek(&f, 1)->alias, "a.test");
	ck_assert_uint_eq(peek(&f, 0)->chain.nr, 2);
	ck_assert_uint_eq(peek(&f, 1)->chain.nr, 2);
	file_close(&f);
}
END_TEST

START_TEST(a_second_copy_of_a_ca_stands_for_itself)
{
	struct file f;
	file_read(&f, JOIN(w.issuer_cert, w.a_key, w.a_cert, w.issuer_cert));
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert_int_eq(peek(&f, 0)->kind, KST_KIND_CERT);
	ck_assert(peek(&f, 0)->trusted);
	ck_assert_uint_eq(peek(&f, 1)->chain.nr, 2);
	file_close(&f);
	/* Each key takes a copy of its own while there is one. */
	file_read(&f, JOIN(w.a_key, w.b_key, w.a_cert, w.b_cert, w.issuer_cert, w.issuer_cert));
	ck_assert_uint_eq(f.m.nr, 2);
	file_close(&f);
}
END_TEST

START_TEST(a_ca_of_its_own_is_trusted_and_a_leaf_is_not)
{
	struct file f;
	file_read(&f, JOIN(w.root_cert, w.a_cert));
	ck_assert(peek(&f, 0)->trusted);
	ck_assert(!peek(&f, 1)->trusted);
	file_close(&f);
}
END_TEST

START_TEST(a_sealed_key_takes_the_leaf_beside_it_and_no_ca)
{
	char *sealed = sealed_text(&w.a, "pass"), *other = sealed_text(&w.b, "pass");
	struct file f;
	file_read(&f, JOIN(sealed, w.a_cert, w.issuer_cert));
	ck_assert_uint_eq(f.m.nr, 1);
	ck_assert_uint_eq(peek(&f, 0)->chain.nr, 2);
	ck_assert(f.m.info.encrypted);
	ck_assert_ptr_nonnull(strstr(f.m.info.kdf, "AES-256-CBC"));
	ck_assert(opens(entry(&f, 0)->key, "pass"));
	ck_assert_int_eq(kst_key_matches(peek(&f, 0)->key, peek(&f, 0)->chain.cert[0]), 1);
	file_close(&f);

	file_read(&f, JOIN(w.a_cert, sealed)); /* before it */
	ck_assert_uint_eq(peek(&f, 0)->chain.nr, 1);
	file_close(&f);
	file_read(&f, JOIN(sealed, w.issuer_cert)); /* a CA is no leaf */
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert_uint_eq(peek(&f, 0)->chain.nr, 0);
	file_close(&f);
	file_read(&f, JOIN(sealed, w.a_cert, other, w.b_cert)); /* two: who knows */
	ck_assert_uint_eq(f.m.nr, 4);
	file_close(&f);
	file_read(&f, JOIN(w.a_cert, w.a_key, sealed)); /* that leaf has its key */
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert_uint_eq(peek(&f, 0)->chain.nr, 1);
	ck_assert_uint_eq(peek(&f, 1)->chain.nr, 0);
	file_close(&f);
}
END_TEST

START_TEST(what_openssl_pkcs12_says_of_a_sealed_key_is_believed)
{
	static const char one[] = "Bag Attributes\n    localKeyID: 01 02 \n";
	static const char two[] = "Bag Attributes\n    friendlyName: two\n    localKeyID: 03\n";
	char *a = sealed_text(&w.a, "pass"), *b = sealed_text(&w.b, "pass");
	struct file f;
	file_read(&f, JOIN(one, w.a_cert, two, w.b_cert, "Bag Attributes: <No Attributes>\n",
			   w.issuer_cert, two, b, one, a));
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert_str_eq(peek(&f, 0)->alias, "two");
	ck_assert_uint_eq(peek(&f, 0)->chain.nr, 2);
	ck_assert(opens(entry(&f, 0)->key, "pass"));
	ck_assert_int_eq(kst_key_matches(peek(&f, 0)->key, peek(&f, 0)->chain.cert[0]), 1);
	ck_assert_str_eq(peek(&f, 1)->alias, "a.test");
	file_close(&f);
	/* Not against an open key that the certificate belongs to. */
	file_read(&f, JOIN(one, w.b_cert, one, a, w.b_key));
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert_uint_eq(peek(&f, 0)->chain.nr, 0);
	ck_assert_uint_eq(peek(&f, 1)->chain.nr, 1);
	file_close(&f);
}
END_TEST

START_TEST(nobody_is_asked_while_a_file_is_read)
{
	struct file f;
	file_read(&f, sealed_text(&w.a, "pass"));
	ck_assert_uint_eq(f.asked, 0);
	ck_assert(kst_key_is_sealed(peek(&f, 0)->key));
	file_close(&f);
}
END_TEST

/* What stands in the world's files, and must change nothing. */
START_TEST(what_stands_around_a_block_is_no_matter)
{
	char *crlf = swap(w.a_cert, "\n", "\r\n"), *cr = swap(w.a_cert, "\n", "\r");
	char *indented = JOIN("    ", swap(w.a_cert, "\n", "\n    "));
	char *flat = swap(w.a_cert, "\n", " ");
	const char *const texts[] = {
		w.a_cert,
		JOIN("\xef\xbb\xbf", w.a_cert),
		JOIN("text before\n", w.a_cert, "and behind\n"),
		crlf,
		cr,
		indented,
		flat,
		swap(w.a_cert, "\n", "  \t\n"),
		swap(w.a_cert, "BEGIN CERTIFICATE-----\n", "BEGIN CERTIFICATE-----\n\n"),
		swap(w.a_cert, "\n-----END", "\n\n-----END"),
		JOIN("-----END CERTIFICATE-----\n", w.a_cert),
	};
	struct kst_cert *want = party_cert(&w.a);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct file f;
		int rc = file_try(&f, texts[i]);
		ck_assert_msg(rc == 0, "%zu: %s", i, f.err.message);
		ck_assert_msg(f.m.nr == 1 && kst_cert_equal(peek(&f, 0)->chain.cert[0], want),
			      "text %zu", i);
		file_close(&f);
	}
	kst_cert_free(want);
}
END_TEST

START_TEST(lines_of_every_width_decode_to_the_same_bytes)
{
	struct kst_cert *want = party_cert(&w.a);
	struct kst_bytes der = kst_cert_der(want);
	struct kst_buf all KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_base64(&all, der.data, der.len);
	for (size_t width = 1; width <= 80; width++) {
		struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
		kst_buf_puts(&text, "-----BEGIN CERTIFICATE-----\n");
		for (size_t at = 0; at < all.len; at += width) {
			size_t n = all.len - at < width ? all.len - at : width;
			kst_buf_put(&text, all.data + at, n);
			kst_buf_u8(&text, '\n');
		}
		kst_buf_puts(&text, "-----END CERTIFICATE-----\n");
		struct file f;
		file_read(&f, (char *)text.data);
		ck_assert(kst_cert_equal(peek(&f, 0)->chain.cert[0], want));
		file_close(&f);
	}
	kst_cert_free(want);
}
END_TEST

START_TEST(files_glued_together_without_a_line_end_are_both_read)
{
	struct file f;
	file_read(&f, JOIN(chop(w.a_cert), w.root_cert));
	ck_assert_uint_eq(f.m.nr, 2);
	file_close(&f);
}
END_TEST

START_TEST(errors_name_the_block_and_the_line)
{
	char *ten = swap(w.root_cert, "-----END", "*\n-----END");
	file_fails(JOIN(w.a_cert, "\n", ten), KST_E_CORRUPT, "block 2 (CERTIFICATE) has a character");
	file_fails(swap(w.a_cert, "-----END CERTIFICATE-----\n", ""), KST_E_TRUNCATED,
		   "block 1 (CERTIFICATE, line 1)");
	file_fails(JOIN("one\ntwo\n", swap(w.a_cert, "-----END CERTIFICATE-----\n", ""), w.b_cert),
		   KST_E_CORRUPT, "block 1 (CERTIFICATE, line 3) has no END: the next begins in line");
	file_fails(swap(w.a_cert, "END CERT", "END X509 CERT"), KST_E_CORRUPT,
		   "begins as CERTIFICATE in line 1 and ends as X509 CERTIFICATE in line");
	file_fails(swap(w.a_cert, "END CERTIFICATE", "END CERTIFICATE REQUEST"), KST_E_CORRUPT,
		   "ends as CERTIFICATE REQUEST in line");
	file_fails(swap(w.a_cert, "\n-----END", "\n\nAAAA\n-----END"), KST_E_CORRUPT,
		   "has data behind an empty line");
	file_fails(swap(w.a_cert, "\nM", "\n====M"), KST_E_CORRUPT, "padding in the wrong place in line 2");
	file_fails("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", KST_E_BAD_CERT,
		   "block 1 (CERTIFICATE, line 1)");
	file_fails("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", KST_E_BAD_KEY,
		   "block 1 (PRIVATE KEY, line 1)");
	file_fails("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
		   KST_E_BAD_KEY, "block 1");
	file_fails("-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n", KST_E_CORRUPT,
		   "revocation list");
	file_fails(swap(w.a_cert, "-----END CERTIFICATE-----", "-----END CERTIFICATE----- x"),
		   KST_E_CORRUPT, "text follows the END");
}
END_TEST

START_TEST(a_terminal_escape_in_a_label_does_not_reach_the_message)
{
	struct file f;
	ck_assert_int_eq(file_try(&f, "-----BEGIN a-----\nAAAA\n-----END \x1b[2J-----\n"), -1);
	ck_assert_ptr_null(strchr(f.err.message, 0x1b));
	file_close(&f);
}
END_TEST

START_TEST(more_blocks_than_the_limit_are_refused)
{
	char *text = JOIN(w.a_cert, w.b_cert, w.root_cert);
	struct file f;
	for (uint32_t limit = 2; limit <= 3; limit++) {
		file_init(&f, &kst_format_pem);
		f.limits.blocks = limit;
		struct kst_io io = file_io(&f);
		io.source.bytes = (struct kst_bytes){ (const uint8_t *)text, strlen(text) };
		int rc = kst_format_pem.read(&io, &f.m, &f.err);
		ck_assert_int_eq(rc, limit == 3 ? 0 : -1);
		ck_assert_int_eq(f.err.code, limit == 3 ? KST_OK : KST_E_LIMIT);
		file_close(&f);
	}
	file_init(&f, &kst_format_pem);
	f.limits.file = strlen(text) - 1;
	struct kst_io io = file_io(&f);
	io.source.bytes = (struct kst_bytes){ (const uint8_t *)text, strlen(text) };
	ck_assert_int_eq(kst_format_pem.read(&io, &f.m, &f.err), -1);
	ck_assert_int_eq(f.err.code, KST_E_TOO_LARGE);
	file_close(&f);
}
END_TEST

/* ---- names ---- */

START_TEST(the_friendly_name_before_a_block_is_its_alias)
{
	struct file f;
	file_read(&f, JOIN("Bag Attributes\n    friendlyName: Front Door\n    localKeyID: 01 02\n"
			   "Key Attributes: <No Attributes>\n", w.a_key,
			   "friendlyName: the cert\n", w.a_cert,
			   "friendlyName:   root  \r\nsubject=CN = x\n\nissuer=CN = y\n\n", w.root_cert));
	ck_assert_str_eq(peek(&f, 0)->alias, "Front Door");
	ck_assert(!peek(&f, 0)->alias_derived);
	ck_assert_str_eq(peek(&f, 1)->alias, "root");
	file_close(&f);
	/* The name of the certificate serves where the key has none. */
	file_read(&f, JOIN(w.a_key, "friendlyName: the cert\n", w.a_cert));
	ck_assert_str_eq(peek(&f, 0)->alias, "the cert");
	file_close(&f);
	/* Not every mention is a name. */
	file_read(&f, JOIN("# the friendlyName: x\n", w.root_cert));
	ck_assert_str_eq(peek(&f, 0)->alias, "root-ca");
	ck_assert(peek(&f, 0)->alias_derived);
	file_close(&f);
}
END_TEST

START_TEST(a_hostile_name_is_made_legal_and_kept)
{
	struct file f;
	file_read(&f, JOIN("friendlyName: a\x1b[2J\n", w.root_cert));
	ck_assert_str_eq(peek(&f, 0)->alias, "a%1B[2J");
	ck_assert_uint_eq(peek(&f, 0)->alias_source.len, 5);
	file_close(&f);
}
END_TEST

START_TEST(names_are_unique_and_given_ones_come_first)
{
	struct file f;
	file_read(&f, JOIN(w.root_cert, "friendlyName: root-ca\n", w.root_cert, w.root_cert,
			   "friendlyName: root-ca-3\n", w.root_cert));
	ck_assert_str_eq(peek(&f, 0)->alias, "root-ca-2");
	ck_assert_str_eq(peek(&f, 1)->alias, "root-ca");
	ck_assert_str_eq(peek(&f, 2)->alias, "root-ca-4");
	ck_assert_str_eq(peek(&f, 3)->alias, "root-ca-3");
	file_close(&f);
}
END_TEST

/* ---- other blocks ---- */

START_TEST(requests_and_what_nobody_knows_are_kept)
{
	X509_REQ *req = X509_REQ_new();
	X509_REQ_set_pubkey(req, w.a.key);
	X509_REQ_sign(req, w.a.key, EVP_sha256());
	unsigned char *der = NULL;
	int n = i2d_X509_REQ(req, &der);
	char *csr = block("NEW CERTIFICATE REQUEST", der, (size_t)n);
	struct file f;
	file_read(&f, JOIN(csr, "-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n",
			   "-----BEGIN ODD THING-----\nnot: base64\n\n!\n-----END ODD THING-----\n"));
	ck_assert_int_eq(peek(&f, 0)->kind, KST_KIND_CSR);
	ck_assert_uint_eq(peek(&f, 0)->der.len, (size_t)n);
	ck_assert_str_eq(peek(&f, 0)->alias, "new-certificate-request");
	ck_assert_int_eq(peek(&f, 1)->kind, KST_KIND_OPAQUE);
	ck_assert_str_eq(peek(&f, 1)->label, "DH PARAMETERS");
	ck_assert_uint_eq(peek(&f, 1)->der.len, 2);
	ck_assert_int_eq(peek(&f, 2)->kind, KST_KIND_OPAQUE);
	ck_assert_int_eq(memcmp(peek(&f, 2)->der.data, "-----BEGIN ODD", 14), 0);
	file_close(&f);
	X509_REQ_free(req);
	OPENSSL_free(der);
}
END_TEST

/* As OpenSSL itself writes it. */
static char *trusted_text(const struct party *p, int trust_nid, int reject_nid, const char *alias)
{
	X509 *x = X509_dup(p->cert);
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	if (trust_nid)
		X509_add1_trust_object(x, OBJ_nid2obj(trust_nid));
	if (reject_nid)
		X509_add1_reject_object(x, OBJ_nid2obj(reject_nid));
	if (alias)
		X509_alias_set1(x, (const unsigned char *)alias, -1);
	ck_assert_int_eq(PEM_write_bio_X509_AUX(bio, x), 1);
	long n = BIO_get_mem_data(bio, &data);
	struct kst_buf copy = KST_BUF_INIT;
	kst_buf_put(&copy, data, (size_t)n);
	char *text = text_keep(&copy);
	BIO_free(bio);
	X509_free(x);
	return text;
}

START_TEST(the_trust_settings_of_openssl_are_read)
{
	static const uint8_t server[] = { 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1 };
	static const uint8_t client[] = { 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2 };
	struct file f;
	file_read(&f, JOIN(trusted_text(&w.root, NID_server_auth, NID_client_auth, "My Root"),
			   trusted_text(&w.a, 0, 0, NULL),
			   "friendlyName: said here\n",
			   trusted_text(&w.issuer, 0, NID_client_auth, "said there")));
	ck_assert_uint_eq(f.m.nr, 3);
	ck_assert(peek(&f, 0)->trusted);
	ck_assert_str_eq(peek(&f, 0)->alias, "My Root");
	ck_assert_uint_eq(peek(&f, 0)->purposes.len, sizeof(server));
	ck_assert_int_eq(memcmp(peek(&f, 0)->purposes.data, server, sizeof(server)), 0);
	ck_assert_uint_eq(peek(&f, 0)->distrusted.len, sizeof(client));
	ck_assert_int_eq(memcmp(peek(&f, 0)->distrusted.data, client, sizeof(client)), 0);
	ck_assert(peek(&f, 1)->trusted); /* a leaf, and somebody said so */
	ck_assert_uint_eq(peek(&f, 1)->purposes.len, 0);
	ck_assert_str_eq(peek(&f, 2)->alias, "said here");
	file_close(&f);
}
END_TEST

START_TEST(an_empty_list_of_purposes_trusts_for_nothing)
{
	struct kst_cert *c = party_cert(&w.root);
	struct kst_bytes der = kst_cert_der(c);
	struct kst_buf both KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_buf_put(&both, der.data, der.len);
	kst_buf_put(&both, "\x30\x02\x30\x00", 4);
	char *text = block("TRUSTED CERTIFICATE", both.data, both.len);
	struct file f;
	file_read(&f, text);
	ck_assert(!peek(&f, 0)->trusted);
	file_close(&f);
	kst_buf_u8(&both, 0);
	file_fails(block("TRUSTED CERTIFICATE", both.data, both.len), KST_E_CORRUPT,
		   "trust settings that cannot be decoded");
	kst_cert_free(c);
}
END_TEST

/* ---- traditional keys ---- */

static char *traditional(EVP_PKEY *key, const char *pass)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	ck_assert_int_eq(PEM_write_bio_PrivateKey_traditional(
				 bio, key, pass ? EVP_aes_256_cbc() : NULL,
				 (const unsigned char *)pass, pass ? (int)strlen(pass) : 0, NULL, NULL),
			 1);
	long n = BIO_get_mem_data(bio, &data);
	struct kst_buf copy = KST_BUF_INIT;
	kst_buf_put(&copy, data, (size_t)n);
	char *text = text_keep(&copy);
	BIO_free(bio);
	return text;
}

START_TEST(traditional_keys_are_read_open_and_sealed)
{
	struct file f;
	file_read(&f, JOIN(traditional(w.a.key, NULL), w.a_cert));
	ck_assert_uint_eq(f.m.nr, 1);
	ck_assert_uint_eq(peek(&f, 0)->chain.nr, 1);
	file_close(&f);

	file_read(&f, JOIN(traditional(w.a.key, "old pass"), w.a_cert));
	ck_assert_uint_eq(peek(&f, 0)->chain.nr, 1);
	ck_assert_ptr_nonnull(peek(&f, 0)->key->dek_info);
	ck_assert_str_eq(peek(&f, 0)->key->dek_label, "EC PRIVATE KEY");
	ck_assert(!opens(entry(&f, 0)->key, "wrong"));
	ck_assert(opens(entry(&f, 0)->key, "old pass"));
	ck_assert_int_eq(kst_key_matches(peek(&f, 0)->key, peek(&f, 0)->chain.cert[0]), 1);
	file_close(&f);
}
END_TEST

START_TEST(a_damaged_header_of_an_encrypted_key_is_refused)
{
	char *good = traditional(w.a.key, "old pass");
	file_fails(swap(good, "4,ENCRYPTED", "4,ENCARPTED"), KST_E_CORRUPT, "Proc-Type");
	file_fails(swap(good, "DEK-Info", "DEK-Mist"), KST_E_CORRUPT, "without a DEK-Info");
	file_fails(swap(good, "AES-256-CBC,", "AES-256-CBC"), KST_E_CORRUPT, "DEK-Info");
	file_fails(swap(good, "\n\n", "\n"), KST_E_CORRUPT, "blank line");
}
END_TEST

START_TEST(a_curve_in_its_own_block_belongs_to_the_key_behind_it)
{
	static const char params[] =
		"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
	struct file f;
	file_read(&f, JOIN(params, traditional(w.a.key, NULL), w.a_cert));
	ck_assert_uint_eq(f.m.nr, 1);
	file_close(&f);
	/* Not the next but one; then it is a thing of its own. */
	file_read(&f, JOIN(params, w.a_cert, traditional(w.a.key, NULL)));
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert_str_eq(peek(&f, 0)->label, "EC PARAMETERS");
	file_close(&f);
}
END_TEST

/* ---- size ---- */

START_TEST(many_keys_and_certificates_of_one_name_cost_no_square)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	for (int i = 0; i < 20000; i++)
		kst_buf_puts(&text, w.root_cert);
	struct file f;
	file_read(&f, (char *)text.data);
	ck_assert_uint_eq(f.m.nr, 20000);
	ck_assert_str_eq(peek(&f, 19999)->alias, "root-ca-20000");
	file_close(&f);

	/* Everybody's issuer: a chain costs what a chain costs, until it is too much. */
	for (int i = 0; i < 100; i++)
		kst_buf_puts(&text, w.issuer_key);
	file_init(&f, &kst_format_pem);
	f.limits.blocks = 20200;
	struct kst_io io = file_io(&f);
	io.source.bytes = (struct kst_bytes){ text.data, text.len };
	kst_buf_puts(&text, w.issuer_cert);
	io.source.bytes = (struct kst_bytes){ text.data, text.len };
	ck_assert_int_eq(kst_format_pem.read(&io, &f.m, &f.err), -1);
	ck_assert_int_eq(f.err.code, KST_E_LIMIT);
	file_close(&f);
}
END_TEST

Suite *test_pem(void);
Suite *test_pem(void)
{
	Suite *s = suite_create("pem");
	TCase *t = tcase_create("reading");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, world_begin, NULL);
	tcase_add_test(t, a_begin_line_of_ours_is_recognised_wherever_it_stands);
	tcase_add_test(t, any_order_gives_the_same_entry);
	tcase_add_test(t, two_keys_share_the_certificate_of_their_ca);
	tcase_add_test(t, a_second_copy_of_a_ca_stands_for_itself);
	tcase_add_test(t, a_ca_of_its_own_is_trusted_and_a_leaf_is_not);
	tcase_add_test(t, a_sealed_key_takes_the_leaf_beside_it_and_no_ca);
	tcase_add_test(t, what_openssl_pkcs12_says_of_a_sealed_key_is_believed);
	tcase_add_test(t, nobody_is_asked_while_a_file_is_read);
	tcase_add_test(t, what_stands_around_a_block_is_no_matter);
	tcase_add_test(t, lines_of_every_width_decode_to_the_same_bytes);
	tcase_add_test(t, files_glued_together_without_a_line_end_are_both_read);
	tcase_add_test(t, errors_name_the_block_and_the_line);
	tcase_add_test(t, a_terminal_escape_in_a_label_does_not_reach_the_message);
	tcase_add_test(t, more_blocks_than_the_limit_are_refused);
	tcase_add_test(t, the_friendly_name_before_a_block_is_its_alias);
	tcase_add_test(t, a_hostile_name_is_made_legal_and_kept);
	tcase_add_test(t, names_are_unique_and_given_ones_come_first);
	tcase_add_test(t, requests_and_what_nobody_knows_are_kept);
	tcase_add_test(t, the_trust_settings_of_openssl_are_read);
	tcase_add_test(t, an_empty_list_of_purposes_trusts_for_nothing);
	tcase_add_test(t, traditional_keys_are_read_open_and_sealed);
	tcase_add_test(t, a_damaged_header_of_an_encrypted_key_is_refused);
	tcase_add_test(t, a_curve_in_its_own_block_belongs_to_the_key_behind_it);
	tcase_add_test(t, many_keys_and_certificates_of_one_name_cost_no_square);
	suite_add_tcase(s, t);
	return s;
}
