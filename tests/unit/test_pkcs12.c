/* SPDX-License-Identifier: ISC */
/*
 * test_pkcs12.c - what is written: read again, read by OpenSSL, and kept as it was
 */
#include "pkcs12_kit.h"

static void push(struct opened *o, struct kst_entry *e)
{
	ck_assert_int_eq(kst_model_push(&o->model, e, KST_NO_BASE), 0);
}

static void set_pass(struct opened *o, const char *pass)
{
	ck_assert_int_eq(kst_secret_set(&o->model.pass, pass, strlen(pass), NULL), 0);
	o->model.has_pass = true;
}

/* A new file with this passphrase (NULL: none). */
static void fresh(struct opened *o, const char *pass)
{
	kit_blank(o);
	if (pass)
		set_pass(o, pass);
}

static struct kst_entry *secret_entry(const char *alias, const char *alg)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_SECRET);
	e->alias = kst_strdup(alias);
	e->secret_alg = kst_strdup(alg);
	ck_assert_int_eq(kst_secret_set(&e->secret, "0123456789abcdef", 16, NULL), 0);
	return e;
}

/* Everything that a PKCS#12 can hold. */
static void fill(struct opened *o)
{
	push(o, party_entry("web", &web, PARTIES(&web, &ica, &root)));
	push(o, party_entry("api", &api, PARTIES(&api, &ica, &root)));
	push(o, party_entry("root", NULL, PARTIES(&root)));
	struct kst_entry *plain = party_entry("ica", NULL, PARTIES(&ica));
	plain->trusted = false;
	push(o, plain);
	push(o, secret_entry("aes", "AES"));
}

static void write_ok(struct opened *o)
{
	kit_write(o);
	ck_assert_msg(o->rc == 0, "%s", o->err.message);
}

START_TEST(what_is_written_is_read_again)
{
	struct opened o, again;
	fresh(&o, "secret");
	fill(&o);
	o.model.item[0].entry->created = 1700000000;
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "secret");
	ck_assert_uint_eq(again.model.nr, 5);
	kit_is(kit_find(&again, "web"), &web, "secret", 3);
	kit_is(kit_find(&again, "api"), &api, "secret", 3);
	ck_assert_int_eq(kit_find(&again, "web")->created, 1700000000);
	ck_assert(kit_find(&again, "root")->trusted);
	ck_assert(!kit_find(&again, "ica")->trusted);
	ck_assert_int_eq(kit_find(&again, "ica")->kind, KST_KIND_CERT);
	ck_assert_int_eq(kit_find(&again, "aes")->kind, KST_KIND_SECRET);
	ck_assert_str_eq(kit_find(&again, "aes")->secret_alg, "AES");
	ck_assert_int_eq(again.model.info.integrity, KST_INTEGRITY_VERIFIED);
	for (size_t i = 0; i < o.model.nr; i++)
		if (o.model.item[i].entry->kind != KST_KIND_SECRET)
			ck_assert(kst_entry_same(o.model.item[i].entry,
						 kit_find(&again, o.model.item[i].entry->alias)));
	kit_close(&again);
	kit_open(&again, kit_bytes(&o.out), "other");
	ck_refused(&again, "wrong-passphrase", "");
	kit_close(&again);
	kit_close(&o);
}
END_TEST

START_TEST(openssl_reads_what_is_written)
{
	static const enum kst_pbe pbe[] = { KST_PBE_AES256, KST_PBE_AES128, KST_PBE_3DES };
	for (size_t i = 0; i < 3; i++) {
		struct opened o;
		fresh(&o, "se\xc3\xa9ret");
		o.write.pbe.pbe = pbe[i];
		push(&o, party_entry("web", &web, PARTIES(&web, &ica)));
		write_ok(&o);
		/* Who needs 3DES knows no HMAC but that of SHA-1. */
		struct opened again;
		kit_open(&again, kit_bytes(&o.out), "se\xc3\xa9ret");
		ck_assert_str_eq(again.model.info.mac,
				 pbe[i] == KST_PBE_3DES ? "HMAC-SHA1" : "HMAC-SHA256");
		kit_close(&again);
		const uint8_t *p = o.out.data;
		PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)o.out.len);
		ck_assert_ptr_nonnull(p12);
		ck_assert_uint_eq((size_t)(p - o.out.data), o.out.len);
		ck_assert_int_eq(PKCS12_verify_mac(p12, "se\xc3\xa9ret", -1), 1);
		ck_assert_int_eq(PKCS12_verify_mac(p12, "secret", -1), 0);
		EVP_PKEY *key = NULL;
		X509 *cert = NULL;
		STACK_OF(X509) *ca = NULL;
		ck_assert_int_eq(PKCS12_parse(p12, "se\xc3\xa9ret", &key, &cert, &ca), 1);
		ck_assert_int_eq(EVP_PKEY_eq(key, web.key), 1);
		ck_assert_int_eq(X509_cmp(cert, web.cert), 0);
		ck_assert_int_eq(sk_X509_num(ca), 1);
		/* DER: OpenSSL encodes it the same. */
		uint8_t *der = NULL;
		int n = i2d_PKCS12(p12, &der);
		ck_assert_uint_eq((size_t)n, o.out.len);
		ck_assert_int_eq(memcmp(der, o.out.data, o.out.len), 0);
		OPENSSL_free(der);
		EVP_PKEY_free(key);
		X509_free(cert);
		sk_X509_pop_free(ca, X509_free);
		PKCS12_free(p12);
		kit_close(&o);
	}
}
END_TEST

START_TEST(pbmac1_is_written_and_kept)
{
	struct opened o, again;
	fresh(&o, "secret");
	o.write.mac = KST_MAC_PBMAC1;
	fill(&o);
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "secret");
	ck_assert_str_eq(again.model.info.mac, "PBMAC1 HMAC-SHA256");
	/* A later change with the defaults does not weaken it. */
	write_ok(&again);
	kit_close(&o);
	kit_open(&o, kit_bytes(&again.out), "secret");
	ck_assert_str_eq(o.model.info.mac, "PBMAC1 HMAC-SHA256");
	kit_close(&o);
	/* One bit of it, anywhere behind the header, and it does not open. */
	for (size_t i = 40; i < again.out.len - 200; i += 97) {
		again.out.data[i] ^= 1;
		kit_open(&o, kit_bytes(&again.out), "secret");
		ck_assert_int_eq(o.rc, -1);
		kit_close(&o);
		again.out.data[i] ^= 1;
	}
	kit_close(&again);
}
END_TEST

START_TEST(without_mac_only_on_purpose)
{
	struct opened o, again;
	fresh(&o, "secret");
	o.write.mac = KST_MAC_NONE;
	fill(&o);
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "secret");
	ck_refused(&again, "no-mac", "");
	kit_close(&again);
	kit_close(&o);
}
END_TEST

/* How often do these bytes stand in it? */
static unsigned count(const struct kst_buf *b, const void *what, size_t n)
{
	unsigned nr = 0;
	const uint8_t *p = b->data, *end = b->data + b->len;
	while ((p = memmem(p, (size_t)(end - p), what, n))) {
		nr++;
		p++;
	}
	return nr;
}

START_TEST(a_new_file_has_strong_protection)
{
	struct opened o;
	fresh(&o, "secret");
	o.write.pbe.iterations = 0;
	push(&o, party_entry("web", &web, PARTIES(&web)));
	write_ok(&o);
	/* 200,000 as an INTEGER: the key, the certificates, the MAC. */
	ck_assert_uint_eq(count(&o.out, "\x02\x03\x03\x0d\x40", 5), 3);
	/* aes256-CBC twice, HMAC-SHA256 twice */
	ck_assert_uint_eq(count(&o.out, "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a", 11), 2);
	ck_assert_uint_eq(count(&o.out, "\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x09", 10), 2);
	kit_close(&o);
}
END_TEST

START_TEST(all_bags_share_one_salt_and_no_iv)
{
	struct opened o;
	fresh(&o, "secret");
	fill(&o);
	write_ok(&o);
	/* PBKDF2 parameters: OID, SEQUENCE, OCTET STRING of 16. */
	static const char kdf[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c\x30\x27\x04\x10";
	static const char aes[] = "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a\x04\x10";
	ck_assert_uint_eq(count(&o.out, kdf, sizeof(kdf) - 1), 4);
	const uint8_t *p = memmem(o.out.data, o.out.len, kdf, sizeof(kdf) - 1);
	ck_assert_uint_eq(count(&o.out, p, sizeof(kdf) - 1 + 16), 4);
	for (p = o.out.data; (p = memmem(p, (size_t)(o.out.data + o.out.len - p), aes, sizeof(aes) - 1)); p++)
		ck_assert_uint_eq(count(&o.out, p, sizeof(aes) - 1 + 16), 1);
	kit_close(&o);
}
END_TEST

START_TEST(an_anchor_carries_javas_mark)
{
	struct opened o;
	static const char mark[] = "\x30\x16\x06\x0c\x60\x86\x48\x01\x86\xf9\x66\xad\xca\x7b\x01\x01"
				   "\x31\x06\x06\x04\x55\x1d\x25\x00";
	fresh(&o, NULL);
	o.write.no_pass = true;
	push(&o, party_entry("root", NULL, PARTIES(&root)));
	struct kst_entry *plain = party_entry("ica", NULL, PARTIES(&ica));
	plain->trusted = false;
	push(&o, plain);
	write_ok(&o);
	ck_assert_uint_eq(count(&o.out, mark, sizeof(mark) - 1), 1);
	ck_assert_ptr_null(memmem(o.out.data, o.out.len, "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06", 9));
	kit_close(&o);
}
END_TEST

START_TEST(attributes_stand_in_the_order_of_der)
{
	struct opened o;
	for (int i = 0; i < 2; i++) {
		fresh(&o, "secret");
		push(&o, party_entry(i ? "a-name-longer-than-the-id" : "a", &web, PARTIES(&web)));
		write_ok(&o);
		const uint8_t *name = memmem(o.out.data, o.out.len, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14", 9);
		const uint8_t *id = memmem(o.out.data, o.out.len, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x15", 9);
		ck_assert_ptr_nonnull(name);
		ck_assert_ptr_nonnull(id);
		ck_assert_int_eq(name < id, i == 0);
		kit_close(&o);
	}
}
END_TEST

START_TEST(every_key_has_a_local_key_id_of_its_own)
{
	struct opened o, again;
	fresh(&o, "secret");
	push(&o, party_entry("web", &web, PARTIES(&web)));
	push(&o, party_entry("api", &api, PARTIES(&api)));
	push(&o, party_entry("root", &root, PARTIES(&root)));
	for (size_t i = 0; i < 3; i++)
		o.model.item[i].entry->created = 1700000000;
	/* One that it had stays. */
	ck_assert_int_eq(kst_blob_set(&o.model.item[2].entry->local_key_id, "mine", 4), 0);
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "secret");
	const struct kst_blob *a = &kit_find(&again, "web")->local_key_id;
	const struct kst_blob *b = &kit_find(&again, "api")->local_key_id;
	ck_assert_uint_eq(a->len, 18);
	ck_assert_int_eq(memcmp(a->data, "Time 1700000000000", 18), 0);
	ck_assert_int_eq(memcmp(b->data, "Time 1700000000001", 18), 0);
	ck_assert_int_eq(memcmp(kit_find(&again, "root")->local_key_id.data, "mine", 4), 0);
	kit_close(&again);
	kit_close(&o);
}
END_TEST

START_TEST(new_aliases_are_lowered_and_old_ones_stay)
{
	struct opened o, again;
	fresh(&o, "secret");
	push(&o, party_entry("Web", &web, PARTIES(&web)));
	push(&o, party_entry("WEB", &api, PARTIES(&api)));
	push(&o, party_entry(NULL, NULL, PARTIES(&root)));
	write_ok(&o);
	ck_assert_ptr_nonnull(kit_note(&o, "alias-lowered"));
	kit_open(&again, kit_bytes(&o.out), "secret");
	kit_is(kit_find(&again, "web"), &web, "secret", 1);
	ck_assert_ptr_nonnull(kit_find(&again, "root"));
	ck_assert_ptr_null(kit_find(&again, "WEB"));
	ck_assert_ptr_null(kit_note(&again, "alias-duplicate"));
	/* The model says what was written. */
	for (size_t i = 0; i < 3; i++)
		ck_assert_ptr_nonnull(kit_find(&again, o.model.item[i].entry->alias));
	kit_close(&again);
	kit_close(&o);

	kit_open(&o, kit_pfx(kit_safe(kit_cert_bag(&root, J(kit_name("My Root"), kit_trust()))), "secret"),
		 "secret");
	push(&o, party_entry("New", NULL, PARTIES(&ica)));
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "secret");
	ck_assert_ptr_nonnull(kit_find(&again, "My Root"));
	ck_assert_ptr_nonnull(kit_find(&again, "new"));
	kit_close(&again);
	kit_close(&o);
}
END_TEST

/* ---- rewriting ---- */

START_TEST(a_sealed_key_goes_byte_for_byte)
{
	struct opened o, again;
	struct kst_bytes own = kit_sealed(&web, "own", 1000), its = kit_sealed(&api, "secret", 1000);
	kit_open(&o, kit_pfx(J(kit_safe(J(kit_bag(2, own, J(kit_name("web"), kit_id("1"))),
					  kit_bag(2, its, J(kit_name("api"), kit_id("2"))))),
			       kit_safe(J(kit_cert_bag(&web, kit_id("1")), kit_cert_bag(&api, kit_id("2"))))),
			     "secret"), "secret");
	/* Opened or not. */
	kit_is(kit_find(&o, "api"), &api, "secret", 1);
	write_ok(&o);
	ck_assert_uint_eq(count(&o.out, own.data, own.len), 1);
	ck_assert_uint_eq(count(&o.out, its.data, its.len), 1);
	kit_open(&again, kit_bytes(&o.out), "secret");
	kit_is(kit_find(&again, "web"), &web, "own", 1);
	kit_is(kit_find(&again, "api"), &api, "secret", 1);
	kit_close(&again);
	kit_close(&o);
}
END_TEST

START_TEST(a_new_passphrase_seals_everything_anew)
{
	struct opened o, again;
	struct kst_bytes sealed = kit_sealed(&web, "old", 1000);
	kit_open(&o, kit_pfx(J(kit_safe(kit_bag(2, sealed, kit_id("1"))), kit_safe(kit_cert_bag(&web, kit_id("1")))),
			     "old"), "old");
	/* As the store does: keys opened, their seals dropped. */
	kit_is(kit_entry(&o, 0), &web, "old", 1);
	kst_blob_release(&kit_entry(&o, 0)->key->sealed);
	set_pass(&o, "new one");
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "old");
	ck_refused(&again, "wrong-passphrase", "");
	kit_close(&again);
	kit_open(&again, kit_bytes(&o.out), "new one");
	kit_is(kit_entry(&again, 0), &web, "new one", 1);
	kit_close(&again);
	kit_close(&o);
}
END_TEST

START_TEST(a_secret_is_sealed_anew_and_stays_what_it_was)
{
	struct opened o, again;
	fresh(&o, "old");
	push(&o, secret_entry("hmac", "HmacSHA256"));
	push(&o, secret_entry("dotted", "1.2.3.4.5"));
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "old");
	ck_assert_str_eq(kit_find(&again, "hmac")->secret_alg, "HmacSHA256");
	ck_assert_str_eq(kit_find(&again, "dotted")->secret_alg, "1.2.3.4.5");
	struct kst_blob sealed = { NULL, 0 };
	ck_assert_int_eq(kst_blob_set(&sealed, kit_find(&again, "hmac")->secret_sealed.data,
				      kit_find(&again, "hmac")->secret_sealed.len), 0);
	write_ok(&again);
	ck_assert_uint_eq(count(&again.out, sealed.data, sealed.len), 1);
	kst_blob_release(&sealed);
	kit_close(&again);
	/* An algorithm that nobody can name. */
	push(&o, secret_entry("odd", "no number"));
	kit_write(&o);
	ck_refused(&o, "unsupported-algorithm", "no number");
	kit_close(&o);
}
END_TEST

START_TEST(what_nobody_knows_survives_byte_for_byte)
{
	struct opened o, again;
	struct kst_bytes attr = kit_attr("1.3.6.1.4.1.311.17.1", T(0x1e, RAW("\0C\0S\0P")));
	struct kst_bytes bag = kit_bag(99, T(0x30, kit_int(7)), kit_name("strange"));
	struct kst_bytes sdsi = kit_bag(3, T(0x30, kit_oid("1.2.840.113549.1.9.22.2"), T(0xa0, T(0x16, RAW("x")))),
					NOTHING);
	struct kst_bytes raw = kit_bag(5, T(0x30, kit_oid("1.2.3.4"), T(0xa0, T(0x04, RAW("x")))), NOTHING);
	struct kst_bytes enveloped = T(0x30, kit_oid("1.2.840.113549.1.7.3"), T(0xa0, T(0x30, kit_int(0))));
	struct kst_bytes future = T(0x30, kit_oid("1.2.3.4.5.6"), T(0xa0, RAW("\x05\x00")));
	kit_open(&o, kit_pfx(J(kit_safe(kit_key_bag(&web, "x", J(kit_id("1"), attr))), enveloped,
			       kit_encrypted(J(kit_cert_bag(&web, J(kit_id("1"), attr)),
					       kit_cert_bag(&ica, J(kit_name("CA of it"), attr)), bag, sdsi, raw),
					     "x", 1000),
			       future),
			     "x"), "x");
	ck_assert_ptr_nonnull(kit_note(&o, "part-skipped"));
	ck_assert_str_eq(kit_note(&o, "unknown-object")->text,
			 "3 objects of kinds that kstool does not know are kept as they are");
	ck_assert_uint_eq(o.model.nr, 4);
	ck_assert_str_eq(kit_entry(&o, 1)->label, "bag 1.2.840.113549.1.12.10.1.99");
	ck_assert_str_eq(kit_entry(&o, 2)->label, "certificate 1.2.840.113549.1.9.22.2");
	ck_assert_str_eq(kit_entry(&o, 3)->label, "secret 1.2.3.4");
	for (int round = 0; round < 2; round++) {
		write_ok(&o);
		kit_open(&again, kit_bytes(&o.out), "x");
		ck_assert_uint_eq(again.model.nr, 4);
		struct kst_entry *e = kit_entry(&again, 0);
		kit_is(e, &web, "x", 2);
		ck_assert_uint_eq(e->attrs.len, attr.len);
		ck_assert_int_eq(memcmp(e->attrs.data, attr.data, attr.len), 0);
		ck_assert_uint_eq(e->cert_attrs[0].len, attr.len);
		ck_assert_ptr_nonnull(memmem(e->cert_attrs[1].data, e->cert_attrs[1].len, attr.data, attr.len));
		ck_assert_ptr_nonnull(memmem(e->cert_attrs[1].data, e->cert_attrs[1].len,
					     kit_name("CA of it").data, kit_name("CA of it").len));
		ck_assert_int_eq(memcmp(kit_entry(&again, 1)->der.data, bag.data, bag.len), 0);
		ck_assert_int_eq(memcmp(kit_entry(&again, 2)->der.data, sdsi.data, sdsi.len), 0);
		ck_assert_int_eq(memcmp(kit_entry(&again, 3)->der.data, raw.data, raw.len), 0);
		ck_assert_ptr_nonnull(memmem(o.out.data, o.out.len, enveloped.data, enveloped.len));
		ck_assert_ptr_nonnull(memmem(o.out.data, o.out.len, future.data, future.len));
		kit_close(&o);
		o = again;
		memset(&again, 0, sizeof(again));
	}
	kit_close(&o);
}
END_TEST

START_TEST(a_crl_is_kept)
{
	struct opened o, again;
	struct kst_bytes crl = kit_bag(4, T(0x30, kit_oid("1.2.840.113549.1.9.23.1"), T(0xa0, T(0x04, RAW("a crl")))),
				       kit_name("list"));
	kit_open(&o, kit_pfx(kit_safe(crl), "x"), "x");
	ck_assert_int_eq(kit_find(&o, "list")->kind, KST_KIND_CRL);
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "x");
	ck_assert_uint_eq(kit_find(&again, "list")->der.len, 5);
	kit_close(&again);
	kit_close(&o);
}
END_TEST

START_TEST(protection_is_never_lowered_in_silence)
{
	struct opened o, again;
	kit_open(&o, kit_pfx(kit_encrypted(kit_cert_bag(&web, NOTHING), "x", 250000), "x"), "x");
	o.write.pbe.iterations = 0;
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "x");
	ck_assert_uint_eq(again.model.info.iterations, 250000);
	kit_close(&again);
	kit_close(&o);
}
END_TEST

/* ---- without passphrase ---- */

START_TEST(a_file_without_passphrase_stays_one_until_a_key_comes)
{
	struct opened o, again;
	fresh(&o, NULL);
	o.write.no_pass = true;
	push(&o, party_entry("root", NULL, PARTIES(&root)));
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), NULL);
	ck_assert(kit_find(&again, "root")->trusted);
	kit_close(&o);
	push(&again, party_entry("ica", NULL, PARTIES(&ica)));
	write_ok(&again);
	kit_open(&o, kit_bytes(&again.out), NULL);
	ck_assert_uint_eq(o.model.nr, 2);
	ck_assert_int_eq(o.model.info.integrity, KST_INTEGRITY_ABSENT);
	kit_close(&again);

	push(&o, party_entry("web", &web, PARTIES(&web)));
	kit_write(&o);
	ck_refused(&o, "passphrase-needed", "");
	kst_error_clear(&o.err);
	o.answers.fresh = "short";
	kit_write(&o);
	ck_refused(&o, "passphrase-too-short", "6 characters");
	kst_error_clear(&o.err);
	o.answers.fresh = "long enough";
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "long enough");
	kit_is(kit_find(&again, "web"), &web, "long enough", 1);
	ck_assert_int_eq(again.model.info.integrity, KST_INTEGRITY_VERIFIED);
	kit_close(&again);
	kit_close(&o);
}
END_TEST

START_TEST(no_key_is_written_in_the_open)
{
	struct opened o;
	fresh(&o, NULL);
	o.write.no_pass = true;
	o.write.plain_key = true;
	push(&o, party_entry("web", &web, PARTIES(&web)));
	kit_write(&o);
	ck_refused(&o, "plain-key", "\"web\" in the open");
	ck_assert_uint_eq(o.out.len, 0);
	kit_close(&o);
	/* A key that lay open is encrypted when its file is written. */
	kit_open(&o, kit_pfx(kit_safe(kit_plain_key_bag(&web, kit_name("web"))), NULL), NULL);
	struct kst_bytes pkcs8 = { kit_entry(&o, 0)->key->pkcs8.data, kit_entry(&o, 0)->key->pkcs8.len };
	o.answers.fresh = "long enough";
	write_ok(&o);
	ck_assert_uint_eq(count(&o.out, pkcs8.data + pkcs8.len / 2, 16), 0);
	kit_close(&o);
}
END_TEST

START_TEST(what_it_cannot_hold_is_refused)
{
	struct opened o;
	fresh(&o, "secret");
	struct kst_entry *e = party_entry("bad", NULL, PARTIES(&root));
	ck_assert_int_eq(kst_blob_set(&e->distrusted, "\x06\x04\x55\x1d\x25\x00", 6), 0);
	push(&o, e);
	kit_write(&o);
	ck_refused(&o, "cannot-hold", "\"bad\" is distrusted");
	kit_close(&o);
	fresh(&o, "secret");
	e = kst_entry_new(KST_KIND_CSR);
	push(&o, e);
	kit_write(&o);
	ck_refused(&o, "cannot-hold", "");
	kit_close(&o);
}
END_TEST

/* An attribute set is sorted when it is written: "a" stands before "z" then. */
START_TEST(a_second_name_never_becomes_the_first)
{
	struct opened o, again;
	struct kst_bytes two = J(kit_name("z"), kit_id("7"), kit_name("a"), kit_bmp_name(NOTHING), kit_id("1"));
	kit_open(&o, kit_pfx(J(kit_safe(kit_key_bag(&web, "x", two)), kit_safe(kit_cert_bag(&web, kit_id("7")))),
			     "x"), "x");
	kit_is(kit_find(&o, "z"), &web, "x", 1);
	ck_assert_ptr_nonnull(kit_note(&o, "repeated-attribute"));
	o.model.item[0].dirty = true;
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "x");
	kit_is(kit_find(&again, "z"), &web, "x", 1);
	ck_assert_uint_eq(again.model.nr, 1);
	ck_assert_ptr_null(kit_note(&again, "repeated-attribute"));
	kit_close(&again);
	kit_close(&o);
}
END_TEST

START_TEST(an_empty_store_is_a_store)
{
	struct opened o, again;
	fresh(&o, "secret");
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "secret");
	ck_assert_int_eq(again.rc, 0);
	ck_assert_uint_eq(again.model.nr, 0);
	ck_assert_int_eq(again.model.info.integrity, KST_INTEGRITY_VERIFIED);
	kit_close(&again);
	kit_close(&o);
}
END_TEST

START_TEST(many_entries_take_no_hours)
{
	struct opened o, again;
	fresh(&o, "secret");
	for (int i = 0; i < 2000; i++)
		push(&o, party_entry("same", NULL, i % 2 ? PARTIES(&root) : PARTIES(&ica)));
	write_ok(&o);
	kit_open(&again, kit_bytes(&o.out), "secret");
	ck_assert_uint_eq(again.model.nr, 2000);
	ck_assert_ptr_nonnull(kit_find(&again, "same"));
	kit_close(&again);
	kit_close(&o);
}
END_TEST

START_TEST(the_probe_knows_its_own)
{
	struct opened o;
	fresh(&o, "secret");
	fill(&o);
	write_ok(&o);
	ck_assert_int_gt(kst_format_pkcs12.probe(o.out.data, 64, false), 90);
	struct kst_cert *cert = party_cert(&web);
	struct kst_bytes der = kst_cert_der(cert);
	ck_assert_int_eq(kst_format_pkcs12.probe(der.data, der.len, true), 0);
	struct kst_bytes key = kit_sealed(&web, "x", 1000);
	ck_assert_int_eq(kst_format_pkcs12.probe(key.data, key.len, true), 0);
	for (size_t n = 0; n < 8; n++)
		ck_assert_int_eq(kst_format_pkcs12.probe(o.out.data, n, true), 0);
	kst_cert_free(cert);
	kit_close(&o);
}
END_TEST

START_TEST(without_memory_writing_fails_and_leaks_nothing)
{
	struct opened o;
	bool done = false;
	/* OpenSSL remembers for good that an algorithm it could not load "is not there". */
	fresh(&o, "secret");
	push(&o, party_entry("web", &web, PARTIES(&web)));
	write_ok(&o);
	kit_close(&o);
	for (size_t n = 1; n < 100000 && !done; n += 1 + n / 30) {
		fresh(&o, "secret");
		o.write.pbe.iterations = 10;
		push(&o, party_entry("web", &web, PARTIES(&web, &ica)));
		struct kst_asker asker;
		struct kst_io io = kit_io(&o, &asker, NOTHING);
		kst_alloc_fail_after(n);
		o.rc = kst_format_pkcs12.write(&io, &o.model, &o.err);
		bool failed = o.out.failed;
		kst_alloc_fail_after(0);
		ck_assert_int_eq(o.rc == 0, o.err.code == KST_OK);
		done = o.rc == 0 && !failed;
		if (done) {
			struct opened again;
			kit_open(&again, kit_bytes(&o.out), "secret");
			kit_is(kit_entry(&again, 0), &web, "secret", 2);
			kit_close(&again);
		}
		kit_close(&o);
	}
	ck_assert(done);
}
END_TEST

Suite *test_pkcs12(void);
Suite *test_pkcs12(void)
{
	Suite *s = suite_create("pkcs12");
	TCase *t = tcase_create("write");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, kit_setup, kit_teardown);
	tcase_add_test(t, what_is_written_is_read_again);
	tcase_add_test(t, openssl_reads_what_is_written);
	tcase_add_test(t, pbmac1_is_written_and_kept);
	tcase_add_test(t, without_mac_only_on_purpose);
	tcase_add_test(t, a_new_file_has_strong_protection);
	tcase_add_test(t, all_bags_share_one_salt_and_no_iv);
	tcase_add_test(t, an_anchor_carries_javas_mark);
	tcase_add_test(t, attributes_stand_in_the_order_of_der);
	tcase_add_test(t, every_key_has_a_local_key_id_of_its_own);
	tcase_add_test(t, new_aliases_are_lowered_and_old_ones_stay);
	tcase_add_test(t, a_sealed_key_goes_byte_for_byte);
	tcase_add_test(t, a_new_passphrase_seals_everything_anew);
	tcase_add_test(t, a_secret_is_sealed_anew_and_stays_what_it_was);
	tcase_add_test(t, what_nobody_knows_survives_byte_for_byte);
	tcase_add_test(t, a_crl_is_kept);
	tcase_add_test(t, protection_is_never_lowered_in_silence);
	tcase_add_test(t, a_file_without_passphrase_stays_one_until_a_key_comes);
	tcase_add_test(t, no_key_is_written_in_the_open);
	tcase_add_test(t, what_it_cannot_hold_is_refused);
	tcase_add_test(t, a_second_name_never_becomes_the_first);
	tcase_add_test(t, an_empty_store_is_a_store);
	tcase_add_test(t, many_entries_take_no_hours);
	tcase_add_test(t, the_probe_knows_its_own);
	tcase_add_test(t, without_memory_writing_fails_and_leaks_nothing);
	suite_add_tcase(s, t);
	return s;
}
