/* SPDX-License-Identifier: ISC */
/* test_pkcs7.c - bundles of PKCS#7: read, edited in whatever form they came, and refused */
#include <openssl/pkcs7.h>

#include "pem_kit.h"

extern const struct kst_format kst_format_pkcs7;

/* What openssl crl2pkcs7 makes; with a content and a signature if `text`. */
static void make(struct kst_buf *out, const struct party *const *certs, const char *text)
{
	STACK_OF(X509) *list = sk_X509_new_null();
	BIO *in = text ? BIO_new_mem_buf(text, -1) : NULL;
	PKCS7 *p7;
	unsigned char *der = NULL;

	for (; *certs; certs++)
		sk_X509_push(list, (*certs)->cert);
	if (text) {
		p7 = PKCS7_sign(w.a.cert, w.a.key, list, in, PKCS7_BINARY);
	} else {
		p7 = PKCS7_new();
		PKCS7_set_type(p7, NID_pkcs7_signed);
		PKCS7_content_new(p7, NID_pkcs7_data);
		PKCS7_set_detached(p7, 1);
		for (int i = 0; i < sk_X509_num(list); i++)
			PKCS7_add_certificate(p7, sk_X509_value(list, i));
	}
	ck_assert_ptr_nonnull(p7);
	int n = i2d_PKCS7(p7, &der);
	ck_assert_int_gt(n, 0);
	kst_buf_put(out, der, (size_t)n);
	OPENSSL_free(der);
	PKCS7_free(p7);
	BIO_free(in);
	sk_X509_free(list);
}

static void read_ok(struct file *f, const void *data, size_t n)
{
	int rc = file_read_bytes(f, &kst_format_pkcs7, data, n);
	ck_assert_msg(rc == 0, "%s", f->err.message);
}

static size_t find(const struct file *f, const struct party *p)
{
	struct kst_cert *c = party_cert(p);
	size_t i = 0;
	while (i < f->m.nr && !(f->m.item[i].entry->chain.nr &&
				kst_cert_equal(f->m.item[i].entry->chain.cert[0], c)))
		i++;
	kst_cert_free(c);
	return i;
}

/* What OpenSSL makes of the bytes; the caller frees. */
static PKCS7 *peer(const uint8_t *der, size_t n)
{
	PKCS7 *p7 = d2i_PKCS7(NULL, &der, (long)n);
	ck_assert_msg(p7 && PKCS7_type_is_signed(p7), "OpenSSL does not read it");
	return p7;
}

static int peer_certs(const uint8_t *der, size_t n)
{
	PKCS7 *p7 = peer(der, n);
	int nr = sk_X509_num(p7->d.sign->cert);
	PKCS7_free(p7);
	return nr;
}

START_TEST(a_bundle_of_openssl_is_read)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f;
	make(&der, PARTIES(&w.a, &w.issuer, &w.root), NULL);
	ck_assert_int_eq(kst_format_pkcs7.probe(der.data, der.len, true), 90);
	ck_assert_int_eq(kst_format_pkcs7.probe(der.data, 64, false), 90);
	ck_assert_int_eq(kst_format_der.probe(der.data, der.len, true), 0);
	read_ok(&f, der.data, der.len);
	ck_assert_uint_eq(f.m.nr, 3);
	ck_assert(peek(&f, find(&f, &w.root))->trusted && !peek(&f, find(&f, &w.a))->trusted);
	ck_assert_str_eq(peek(&f, find(&f, &w.issuer))->alias, "issuer-ca");
	ck_assert_str_eq(peek(&f, 0)->origin, "pkcs7");
	ck_assert_uint_eq(f.notes.nr, 0);
	file_close(&f);
}
END_TEST

START_TEST(what_is_added_and_removed_is_all_that_changes)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f, again;
	make(&der, PARTIES(&w.a, &w.issuer), NULL);
	read_ok(&f, der.data, der.len);
	ck_assert_int_eq(kst_model_remove(&f.m, find(&f, &w.a)), 0);
	ck_assert_int_eq(kst_model_push(&f.m, party_entry(NULL, NULL, PARTIES(&w.root)),
					KST_NO_BASE), 0);
	file_write(&f);
	ck_assert_int_eq(peer_certs(f.out.data, f.out.len), 2);
	read_ok(&again, f.out.data, f.out.len);
	ck_assert_uint_eq(find(&again, &w.a), 2);
	ck_assert_uint_lt(find(&again, &w.root), 2);
	ck_assert_uint_lt(find(&again, &w.issuer), 2);
	file_close(&again);
	file_close(&f);
}
END_TEST

START_TEST(the_same_certificates_make_the_same_bytes)
{
	struct file f, g;
	const struct party *const one[] = { &w.root, &w.a, &w.issuer };
	file_init(&f, &kst_format_pkcs7);
	file_init(&g, &kst_format_pkcs7);
	for (size_t i = 0; i < 3; i++) {
		kst_model_push(&f.m, party_entry(NULL, NULL, PARTIES(one[i])), KST_NO_BASE);
		kst_model_push(&g.m, party_entry(NULL, NULL, PARTIES(one[2 - i])), KST_NO_BASE);
	}
	file_write(&f);
	file_write(&g);
	ck_assert_uint_eq(f.out.len, g.out.len);
	ck_assert_int_eq(memcmp(f.out.data, g.out.data, f.out.len), 0);
	/* DER: what OpenSSL encodes anew is what it was given. */
	PKCS7 *p7 = peer(f.out.data, f.out.len);
	unsigned char *der = NULL;
	int n = i2d_PKCS7(p7, &der);
	ck_assert_int_eq(n, (int)f.out.len);
	ck_assert_int_eq(memcmp(der, f.out.data, f.out.len), 0);
	OPENSSL_free(der);
	PKCS7_free(p7);
	file_close(&f);
	file_close(&g);
}
END_TEST

START_TEST(a_signature_outlives_a_change_of_the_certificates)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f;
	make(&der, PARTIES(&w.issuer), "read this");
	read_ok(&f, der.data, der.len);
	ck_assert_uint_eq(f.notes.nr, 1);
	ck_assert_str_eq(f.notes.note[0].slug, "signature-ignored");
	kst_model_push(&f.m, party_entry(NULL, NULL, PARTIES(&w.root)), KST_NO_BASE);
	file_write(&f);
	ck_assert_int_eq(peer_certs(f.out.data, f.out.len), 3);
	/* The one call of PKCS7_verify in this tree: OpenSSL's word that the signature is whole. */
	PKCS7 *p7 = peer(f.out.data, f.out.len);
	ck_assert_int_eq(PKCS7_verify(p7, NULL, NULL, NULL, NULL, PKCS7_NOVERIFY), 1);
	PKCS7_free(p7);
	file_close(&f);
}
END_TEST

static char *armour(const char *label, const struct kst_buf *der)
{
	return block(label, der->data, der->len);
}

START_TEST(a_block_of_pem_is_written_where_it_was_and_the_text_stays)
{
	static const char *const labels[] = { "PKCS7", "CMS", "PKCS #7 SIGNED DATA",
					      "CERTIFICATE CHAIN" };
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	make(&der, PARTIES(&w.a, &w.issuer), NULL);
	for (size_t i = 0; i < 4; i++) {
		struct file f;
		char *text = JOIN("Dear customer,\n", armour(labels[i], &der), "Yours\n");
		char *begin = JOIN("Dear customer,\n-----BEGIN ", labels[i], "-----\n");
		ck_assert_int_eq(kst_format_pem.probe((uint8_t *)text, strlen(text), true), 0);
		ck_assert_int_eq(kst_format_pkcs7.probe((uint8_t *)text, strlen(text), true), 60);
		read_ok(&f, text, strlen(text));
		ck_assert_int_eq(kst_model_remove(&f.m, 0), 0);
		const char *now = file_write(&f);
		ck_assert_int_eq(strncmp(now, begin, strlen(begin)), 0);
		ck_assert_str_eq(now + strlen(now) - 6, "Yours\n");
		file_close(&f);
	}
}
END_TEST

START_TEST(base64_without_armour_stays_what_it_is)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT, b64 KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf lines KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f;
	make(&der, PARTIES(&w.a, &w.issuer), NULL);
	kst_base64(&b64, der.data, der.len);
	for (size_t at = 0; at < b64.len; at += 40) {
		kst_buf_put(&lines, b64.data + at, b64.len - at < 40 ? b64.len - at : 40);
		kst_buf_puts(&lines, "\r\n");
	}
	const struct kst_buf *const texts[] = { &b64, &lines };
	for (size_t i = 0; i < 2; i++) {
		const struct kst_buf *t = texts[i];
		ck_assert_int_eq(kst_format_pkcs7.probe(t->data, t->len, true), 80);
		read_ok(&f, t->data, t->len);
		ck_assert_uint_eq(f.m.nr, 2);
		/* In the order that OpenSSL was told, whatever DER says of a SET. */
		const char *now = file_write(&f);
		ck_assert_str_eq(now, (char *)t->data);
		file_close(&f);
	}
}
END_TEST

START_TEST(a_new_file_is_text_where_its_name_says_so)
{
	static const char *const path[] = { "a.p7b", "a.pem", "a.p7c", "b.CRT" };
	for (size_t i = 0; i < 4; i++) {
		struct file f;
		file_init(&f, &kst_format_pkcs7);
		kst_model_push(&f.m, party_entry(NULL, NULL, PARTIES(&w.root)), KST_NO_BASE);
		struct kst_io io = file_io(&f);
		io.path = path[i];
		ck_assert_int_eq(kst_format_pkcs7.write(&io, &f.m, &f.err), 0);
		bool text = f.out.data[0] == '-';
		ck_assert_msg(text == (i % 2 == 1), "%s", path[i]);
		file_close(&f);
	}
}
END_TEST

START_TEST(what_it_cannot_hold_is_refused)
{
	struct kst_entry *key = party_entry("k", &w.a, PARTIES(&w.a));
	struct kst_entry *csr = kst_entry_new(KST_KIND_CSR);
	struct kst_entry *some = party_entry("s", NULL, PARTIES(&w.root));
	struct kst_entry *unknown = kst_entry_new(KST_KIND_OPAQUE);
	static const uint8_t oid[] = { 6, 1, 42 };
	ck_assert_int_eq(kst_blob_set(&some->distrusted, oid, sizeof(oid)), 0);
	struct kst_entry *const list[] = { key, csr, some, unknown };
	for (size_t i = 0; i < 4; i++) {
		struct file f;
		file_init(&f, &kst_format_pkcs7);
		kst_model_push(&f.m, list[i], KST_NO_BASE);
		ck_assert_int_eq(file_try_write(&f), -1);
		ck_assert_int_eq((int)f.err.code, (int)KST_E_CANNOT_HOLD);
		ck_assert_uint_eq(f.out.len, 0);
		file_close(&f);
	}
}
END_TEST

START_TEST(no_cut_and_no_damage_reads_beyond)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	make(&der, PARTIES(&w.a), NULL);
	for (size_t n = 0; n < der.len; n++) {
		uint8_t *exact = kst_malloc(n + 1);
		struct file f;
		memcpy(exact, der.data, n);
		ck_assert_int_eq(file_read_bytes(&f, &kst_format_pkcs7, exact, n), -1);
		ck_assert_msg(*f.err.message, "%zu bytes", n);
		file_close(&f);
		kst_free(exact);
	}
	for (size_t bit = 0; bit < 8 * 48; bit++) {
		struct file f;
		der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (file_read_bytes(&f, &kst_format_pkcs7, der.data, der.len) < 0)
			ck_assert_msg(*f.err.message, "bit %zu", bit);
		file_close(&f);
		der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

START_TEST(a_block_in_a_pem_file_gives_its_certificates)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f;
	make(&der, PARTIES(&w.a, &w.issuer), NULL);
	char *p7 = armour("PKCS7", &der);
	char *text = JOIN("key\n", w.a_key, "\nchain\n", p7, w.b_cert);
	ck_assert_int_eq(kst_format_pem.probe((uint8_t *)text, strlen(text), true), 80);
	file_read(&f, text);
	/* The key took both; b is left. */
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert_uint_eq(peek(&f, 0)->chain.nr, 2);
	ck_assert_str_eq(file_write(&f), text);
	/* A change elsewhere leaves the block alone; one in it takes it apart. */
	ck_assert_int_eq(kst_model_remove(&f.m, 1), 0);
	ck_assert_str_eq(file_write(&f), JOIN("key\n", w.a_key, "\nchain\n", p7));
	ck_assert_int_eq(kst_model_remove(&f.m, 0), 0);
	ck_assert_str_eq(file_write(&f), "");
	file_close(&f);

	file_read(&f, JOIN(p7, p7));
	ck_assert_uint_eq(f.m.nr, 4);
	ck_assert_int_eq(kst_model_remove(&f.m, find(&f, &w.a)), 0);
	ck_assert_str_eq(file_write(&f), JOIN(w.issuer_cert, p7));
	file_close(&f);
}
END_TEST

START_TEST(without_memory_nothing_is_read_or_written_by_halves)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	make(&der, PARTIES(&w.a, &w.issuer), "read this");
	char *text = armour("PKCS7", &der);
	bool done = false;
	for (unsigned n = 1; !done; n++) {
		struct file f;
		ck_assert_uint_lt(n, 1000);
		kst_alloc_fail_after(n);
		int rc = file_read_bytes(&f, &kst_format_pkcs7, text, strlen(text));
		if (rc == 0)
			rc = file_try_write(&f);
		kst_alloc_fail_after(0);
		done = rc == 0 && !f.out.failed; /* that buffer is the test's own */
		if (!done)
			ck_assert_msg(f.out.failed || f.err.code == KST_E_NO_MEMORY, "%u: %s", n,
				      f.err.message);
		else
			ck_assert_str_eq((char *)f.out.data, text);
		file_close(&f);
	}
}
END_TEST

Suite *test_pkcs7(void);
Suite *test_pkcs7(void)
{
	Suite *s = suite_create("pkcs7");
	TCase *t = tcase_create("bundles");
	tcase_add_checked_fixture(t, world_begin, NULL);
	tcase_add_test(t, a_bundle_of_openssl_is_read);
	tcase_add_test(t, what_is_added_and_removed_is_all_that_changes);
	tcase_add_test(t, the_same_certificates_make_the_same_bytes);
	tcase_add_test(t, a_signature_outlives_a_change_of_the_certificates);
	tcase_add_test(t, a_block_of_pem_is_written_where_it_was_and_the_text_stays);
	tcase_add_test(t, base64_without_armour_stays_what_it_is);
	tcase_add_test(t, a_new_file_is_text_where_its_name_says_so);
	tcase_add_test(t, what_it_cannot_hold_is_refused);
	tcase_add_test(t, no_cut_and_no_damage_reads_beyond);
	tcase_add_test(t, a_block_in_a_pem_file_gives_its_certificates);
	tcase_add_test(t, without_memory_nothing_is_read_or_written_by_halves);
	suite_add_tcase(s, t);
	return s;
}
