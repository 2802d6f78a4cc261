/* SPDX-License-Identifier: ISC */
/*
 * test_pkcs12_traps.c - files that have broken, or fooled, other programs
 */
#include "pkcs12_kit.h"

START_TEST(a_file_as_it_should_be_opens)
{
	struct opened o;
	kit_open(&o, kit_pfx(kit_good("secret"), "secret"), "secret");
	kit_is(kit_entry(&o, 0), &web, "secret", 2);
	ck_assert_uint_eq(o.model.nr, 1);
	ck_assert_int_eq(o.model.info.integrity, KST_INTEGRITY_VERIFIED);
	ck_assert_str_eq(o.model.info.mac, "HMAC-SHA256");
	ck_assert_str_eq(o.model.info.kdf, "PBES2 AES-256-CBC, PBKDF2-HMAC-SHA256");
	ck_assert_uint_eq(o.model.info.iterations, 1000);
	ck_assert(o.model.has_pass && o.model.info.encrypted);
	ck_assert_uint_eq(o.notes.nr, 0);
	kit_close(&o);
}
END_TEST

START_TEST(a_wrong_passphrase_is_wrong_and_none_is_needed)
{
	struct opened o;
	struct kst_bytes file = kit_pfx(kit_good("secret"), "secret");
	kit_open(&o, file, "other");
	ck_refused(&o, "wrong-passphrase", "does not open");
	kit_close(&o);
	kit_open(&o, file, NULL);
	ck_refused(&o, "passphrase-needed", "needed");
	kit_close(&o);
	kit_blank(&o);
	o.answers.store[0] = "other";
	o.answers.store[1] = "secret";
	ck_assert_int_eq(kit_read(&o, file), 0);
	kit_close(&o);
}
END_TEST

START_TEST(what_is_altered_under_the_mac_does_not_open)
{
	struct opened o;
	struct kst_bytes content = T(0x30, kit_good("secret"));
	struct kst_bytes mac = kit_mac(content, "secret");
	for (size_t i = 0; i < content.len; i += 7) {
		struct kst_bytes other = J(content);
		((uint8_t *)(uintptr_t)other.data)[i] ^= 0x10;
		kit_open(&o, T(0x30, kit_int(3), kit_data(other), mac), "secret");
		ck_assert_int_eq(o.rc, -1);
		kit_close(&o);
	}
}
END_TEST

START_TEST(an_absent_content_is_said)
{
	struct opened o;
	struct kst_bytes data = kit_oid("1.2.840.113549.1.7.1");
	kit_open(&o, T(0x30, kit_int(3), T(0x30, data)), "x");
	ck_refused(&o, "corrupt", "its contents are missing");
	kit_close(&o);
	kit_open(&o, T(0x30, kit_int(3), T(0x30, data, T(0xa0, NOTHING))), "x");
	ck_refused(&o, "corrupt", "its contents are missing");
	kit_close(&o);
	kit_open(&o, kit_pfx(T(0x30, data), "x"), "x");
	ck_refused(&o, "corrupt", "contents of a part are missing");
	kit_close(&o);
	kit_open(&o, kit_pfx(T(0x30, kit_oid("1.2.840.113549.1.7.6")), "x"), "x");
	ck_refused(&o, "corrupt", "contents of a part are missing");
	kit_close(&o);
}
END_TEST

START_TEST(an_absent_encrypted_content_is_said)
{
	struct opened o;
	struct kst_bytes algid = T(0x30, kit_oid("1.2.840.113549.1.12.1.3"),
				   T(0x30, T(0x04, RAW("12345678")), kit_int(1)));
	struct kst_bytes info = T(0x30, kit_oid("1.2.840.113549.1.7.1"), algid);
	struct kst_bytes safe = T(0x30, kit_oid("1.2.840.113549.1.7.6"),
				  T(0xa0, T(0x30, kit_int(0), info)));
	kit_open(&o, kit_pfx(safe, "x"), "x");
	ck_refused(&o, "corrupt", "an encrypted part has no contents");
	kit_close(&o);
}
END_TEST

START_TEST(attributes_of_a_wrong_type_are_refused)
{
	struct opened o;
	struct kst_bytes yes = RAW("\x01\x01\xff");
	const char *name = "1.2.840.113549.1.9.20", *id = "1.2.840.113549.1.9.21";
	const char *trust = "2.16.840.1.113894.746875.1.1";
	const struct {
		struct kst_bytes attr;
		const char *words;
	} list[] = {
		{ kit_attr(name, yes), "friendlyName of a bag is no BMPString" },
		{ kit_attr(name, T(0x0c, RAW("web"))), "friendlyName of a bag is no BMPString" },
		{ kit_attr(name, T(0x1e, RAW("\0w\0"))), "half a character" },
		{ kit_attr(name, NOTHING), "has no value" },
		{ kit_attr(id, yes), "localKeyID of a bag is no OCTET STRING" },
		{ kit_attr(id, NOTHING), "has no value" },
		{ kit_attr(trust, yes), "holds no OID" },
		{ T(0x30, kit_oid(name)), "cannot be decoded" },
		{ yes, "no SEQUENCE" },
	};
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		kit_open(&o, kit_pfx(kit_safe(kit_cert_bag(&web, list[i].attr)), "x"), "x");
		ck_refused(&o, "corrupt", list[i].words);
		kit_close(&o);
		kit_open(&o, kit_pfx(kit_safe(kit_key_bag(&web, "x", list[i].attr)), "x"), "x");
		ck_refused(&o, "corrupt", list[i].words);
		kit_close(&o);
	}
}
END_TEST

START_TEST(a_name_is_cut_at_no_zero_but_its_last)
{
	struct opened o;
	kit_open(&o, kit_pfx(kit_safe(J(kit_cert_bag(&web, kit_bmp_name(RAW("\0w\0e\0b\0\0\0\0"))),
					kit_cert_bag(&api, kit_bmp_name(RAW("\0a\0\0\0b"))),
					kit_cert_bag(&ica, kit_bmp_name(RAW("\xd8\x3d\xde\x00\xd8\x3d"))))),
			     "x"), "x");
	ck_assert_ptr_nonnull(kit_find(&o, "web"));
	ck_assert_ptr_nonnull(kit_find(&o, "a\xef\xbf\xbd" "b"));
	ck_assert_ptr_nonnull(kit_find(&o, "\xf0\x9f\x98\x80\xef\xbf\xbd"));
	kit_close(&o);
}
END_TEST

START_TEST(a_name_that_is_no_alias_is_made_one)
{
	struct opened o;
	kit_open(&o, kit_pfx(kit_safe(kit_cert_bag(&web, kit_name("a\x1b[31m"))), "x"), "x");
	ck_assert_str_eq(kit_entry(&o, 0)->alias, "a%1B[31m");
	ck_assert_uint_eq(kit_entry(&o, 0)->alias_source.len, 6);
	kit_close(&o);
}
END_TEST

START_TEST(java_sees_one_entry_where_names_differ_in_case_only)
{
	struct opened o;
	kit_open(&o, kit_pfx(kit_safe(J(kit_cert_bag(&web, J(kit_name("Same"), kit_trust())),
					kit_cert_bag(&api, J(kit_name("SAME"), kit_trust())),
					kit_cert_bag(&ica, kit_trust()))),
			     "x"), "x");
	ck_assert_uint_eq(o.model.nr, 3);
	ck_assert_str_eq(kit_entry(&o, 0)->alias, "Same");
	ck_assert_int_eq(strncmp(kit_entry(&o, 1)->alias, "SAME-", 5), 0);
	ck_assert_uint_eq(kit_entry(&o, 1)->alias_source.len, 4);
	ck_assert_int_eq(memcmp(kit_entry(&o, 1)->alias_source.data, "SAME", 4), 0);
	ck_assert_ptr_null(kit_entry(&o, 2)->alias);
	ck_assert_ptr_nonnull(kit_note(&o, "alias-duplicate"));
	kit_close(&o);
}
END_TEST

START_TEST(only_a_marked_certificate_is_trusted)
{
	struct opened o;
	struct kst_bytes server = kit_attr("2.16.840.1.113894.746875.1.1",
					   kit_oid("1.3.6.1.5.5.7.3.1"));
	kit_open(&o, kit_pfx(kit_safe(J(kit_cert_bag(&web, kit_name("web")),
					kit_cert_bag(&root, J(kit_name("root"), kit_trust())),
					kit_cert_bag(&ica, J(kit_name("ica"), server)))),
			     "x"), "x");
	ck_assert(!kit_find(&o, "web")->trusted);
	ck_assert(kit_find(&o, "root")->trusted);
	ck_assert_uint_eq(kit_find(&o, "root")->purposes.len, 0);
	ck_assert(kit_find(&o, "ica")->trusted);
	ck_assert_uint_eq(kit_find(&o, "ica")->purposes.len, 10);
	ck_assert_str_eq(kit_note(&o, "java-will-not-see")->text,
			 "1 certificate carries no Java trust mark: Java does not see it");
	kit_close(&o);
}
END_TEST

/* ---- what protects it ---- */

START_TEST(an_unknown_mac_is_no_wrong_passphrase)
{
	struct opened o;
	struct kst_bytes content = T(0x30, kit_good("x"));
	struct kst_bytes mac = T(0x30, T(0x30, T(0x30, kit_oid("1.2.643.2.2.9"), RAW("\x05\x00")),
					 T(0x04, RAW("0123456789abcdef"))),
				 T(0x04, RAW("salt")));
	kit_open(&o, T(0x30, kit_int(3), kit_data(content), mac), "x");
	ck_refused(&o, "unsupported-algorithm", "MAC algorithm 1.2.643.2.2.9 is not supported");
	ck_assert_uint_eq(o.answers.asked, 0);
	kit_close(&o);
}
END_TEST

START_TEST(pbmac1_needs_a_key_of_fair_length)
{
	struct opened o;
	struct kst_bytes content = T(0x30, kit_good("x"));
	for (unsigned n = 0; n <= 80; n++) {
		kit_open(&o, T(0x30, kit_int(3), kit_data(content), kit_pbmac1(content, "x", n)), "x");
		if (n >= 20 && n <= 64) {
			ck_assert_msg(o.rc == 0, "%u: %s", n, o.err.message);
			ck_assert_str_eq(o.model.info.mac, "PBMAC1 HMAC-SHA256");
		} else {
			ck_refused(&o, "unsupported-algorithm", "keyLength outside of 20 to 64");
		}
		kit_close(&o);
	}
	kit_open(&o, T(0x30, kit_int(3), kit_data(content), kit_pbmac1(content, "x", 32)), "y");
	ck_refused(&o, "wrong-passphrase", "does not open");
	kit_close(&o);
}
END_TEST

/* JDK wrote 8 for a while, and of the wrong passphrases one in 256 fits a key of one byte. */
START_TEST(a_short_mac_key_counts_as_no_mac)
{
	static const unsigned lengths[] = { 1, 8, 19 };
	struct opened o;
	struct kst_bytes content = T(0x30, kit_good("x"));
	for (size_t i = 0; i < 3; i++) {
		struct kst_bytes file =
			T(0x30, kit_int(3), kit_data(content), kit_pbmac1(content, "anything", lengths[i]));
		kit_blank(&o);
		o.answers.store[0] = "y"; /* neither the passphrase of the MAC nor that of the parts */
		o.answers.store[1] = "x";
		o.read.allow_unauthenticated = true;
		kit_read(&o, file);
		ck_assert_msg(o.rc == 0, "%u: %s", lengths[i], o.err.message);
		ck_assert_int_eq(o.model.info.integrity, KST_INTEGRITY_ABSENT);
		ck_assert_str_eq(o.model.info.mac, "");
		ck_assert_ptr_nonnull(kit_note(&o, "short-mac-key"));
		ck_assert_int_eq(memcmp(o.model.pass.data, "x", 1), 0);
		kit_close(&o);
	}
	kit_blank(&o);
	o.answers.store[0] = "x";
	o.read.allow_unauthenticated = true;
	kit_read(&o, T(0x30, kit_int(3), kit_data(content), kit_pbmac1(content, "x", 0)));
	ck_refused(&o, "unsupported-algorithm", "keyLength");
	kit_close(&o);
}
END_TEST

START_TEST(what_stands_under_no_mac_has_no_room)
{
	struct opened o;
	struct kst_bytes content = T(0x30, kit_good("x"));
	struct kst_bytes mac = kit_pbmac1(content, "x", 32);
	struct kst_bytes hmac = RAW("\x2a\x86\x48\x86\xf7\x0d\x02\x09\x05\x00");
	/* The NULL of each HMAC in turn becomes an empty string, which changes no key. */
	uint8_t *p = (uint8_t *)(uintptr_t)mac.data, *end = p + mac.len;
	unsigned nr = 0;
	while ((p = memmem(p, (size_t)(end - p), hmac.data, hmac.len))) {
		p[8] = 0x04;
		kit_open(&o, T(0x30, kit_int(3), kit_data(content), mac), "x");
		ck_refused(&o, "corrupt", "has parameters");
		kit_close(&o);
		p[8] = 0x05;
		p++;
		nr++;
	}
	ck_assert_uint_eq(nr, 2);
	kit_open(&o, T(0x30, kit_int(3), kit_data(content), mac), "x");
	ck_assert_int_eq(o.rc, 0);
	kit_close(&o);
}
END_TEST

START_TEST(an_empty_passphrase_is_two)
{
	struct opened o;
	struct kst_bytes content = T(0x30, kit_safe(kit_cert_bag(&web, NOTHING)));
	struct kst_bytes zero = kit_mac(content, "");
	struct kst_bytes none = kit_mac_bmp(content, NOTHING);
	ck_assert(memcmp(zero.data, none.data, zero.len) != 0);
	kit_open(&o, T(0x30, kit_int(3), kit_data(content), zero), "");
	ck_assert_int_eq(o.rc, 0);
	kit_close(&o);
	kit_open(&o, T(0x30, kit_int(3), kit_data(content), none), "");
	ck_assert_int_eq(o.rc, 0);
	kit_close(&o);
}
END_TEST

START_TEST(the_bytes_of_old_openssl_open_and_are_told)
{
	struct opened o;
	struct kst_bytes content = T(0x30, kit_safe(kit_cert_bag(&web, NOTHING)));
	/* "é" as the two characters that its UTF-8 makes in Latin-1. */
	struct kst_bytes mac = kit_mac_bmp(content, RAW("\x00\xc3\x00\xa9\x00\x00"));
	kit_open(&o, T(0x30, kit_int(3), kit_data(content), mac), "\xc3\xa9");
	ck_assert_int_eq(o.rc, 0);
	ck_assert_ptr_nonnull(kit_note(&o, "passphrase-encoding"));
	kit_close(&o);
	kit_open(&o, kit_pfx(kit_safe(kit_cert_bag(&web, NOTHING)), "\xc3\xa9"), "\xc3\xa9");
	ck_assert_int_eq(o.rc, 0);
	ck_assert_ptr_null(kit_note(&o, "passphrase-encoding"));
	kit_close(&o);
}
END_TEST

START_TEST(encryption_without_mac_is_refused_unless_asked_for)
{
	struct opened o;
	struct kst_bytes files[] = { kit_pfx(kit_good("x"), NULL),
				     kit_pfx(kit_safe(kit_key_bag(&web, "x", NOTHING)), NULL) };
	for (size_t i = 0; i < 2; i++) {
		kit_open(&o, files[i], "x");
		ck_refused(&o, "no-mac", "has no MAC");
		ck_assert_ptr_nonnull(strstr(o.err.hint, "--allow-unauthenticated"));
		ck_assert_uint_eq(o.answers.asked, 0);
		kit_close(&o);
		kit_blank(&o);
		o.read.allow_unauthenticated = true;
		o.answers.store[0] = "x";
		ck_assert_int_eq(kit_read(&o, files[i]), 0);
		ck_assert_int_eq(o.model.info.integrity, KST_INTEGRITY_ABSENT);
		ck_assert_ptr_nonnull(kit_note(&o, "no-integrity"));
		kit_is(kit_entry(&o, 0), &web, "x", i ? 0 : 2);
		kit_close(&o);
		kit_blank(&o);
		o.read.allow_unauthenticated = true;
		o.answers.store[0] = "wrong";
		kit_read(&o, files[i]);
		ck_refused(&o, "wrong-passphrase", "does not open");
		kit_close(&o);
	}
}
END_TEST

START_TEST(without_mac_and_encryption_it_opens_and_says_so)
{
	struct opened o;
	kit_open(&o, kit_pfx(kit_safe(kit_cert_bag(&root, J(kit_name("root"), kit_trust()))), NULL), NULL);
	ck_assert(kit_entry(&o, 0)->trusted);
	ck_assert_uint_eq(o.answers.asked, 0);
	ck_assert(!o.model.has_pass);
	ck_assert_int_eq(o.model.info.integrity, KST_INTEGRITY_ABSENT);
	ck_assert_ptr_nonnull(kit_note(&o, "no-integrity"));
	kit_close(&o);
}
END_TEST

/* ---- limits ---- */

START_TEST(work_is_limited_before_it_is_done)
{
	struct opened o; /* Each in turn: the MAC (100), the encrypted part, a key inside of an encrypted part. */
	struct kst_bytes key = kit_bag(2, kit_sealed(&web, "x", 3000), NOTHING);
	struct kst_bytes hidden = kit_pfx(kit_encrypted(key, "x", 2000), "x");
	const struct {
		uint32_t each;
		uint64_t all;
		const char *words;
	} list[] = {
		{ 99, 1000000, "its MAC asks for 100 iterations, the limit is 99" },
		{ 1999, 1000000, "asks for 2000 iterations, the limit is 1999" },
		{ 2999, 1000000, "asks for 3000 iterations, the limit is 2999" },
		{ 3000, 2099, "asks for more than 2099 iterations in all" },
		{ 3000, 99, "asks for more than 99 iterations in all" },
	};
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		kit_blank(&o);
		o.limits.iterations = list[i].each;
		o.limits.iterations_all = list[i].all;
		o.answers.store[0] = "x";
		kit_read(&o, hidden);
		ck_refused(&o, "limit-exceeded", list[i].words);
		kit_close(&o);
	}
	kit_open(&o, hidden, "x");
	kit_is(kit_entry(&o, 0), &web, "x", 0);
	kit_close(&o);
}
END_TEST

START_TEST(equal_derivations_count_once)
{
	struct opened o;
	struct kst_bytes safe = kit_encrypted(kit_cert_bag(&web, NOTHING), "x", 2000);
	kit_blank(&o);
	o.limits.iterations_all = 2500;
	o.answers.store[0] = "x";
	ck_assert_int_eq(kit_read(&o, kit_pfx(J(safe, safe, safe), "x")), 0);
	ck_assert_uint_gt(o.model.nr, 0);
	kit_close(&o);
}
END_TEST

START_TEST(bags_and_nesting_are_limited)
{
	struct opened o;
	struct kst_bytes bag = kit_cert_bag(&web, kit_name("deep"));
	for (unsigned depth = 0; depth <= 12; depth++) {
		kit_open(&o, kit_pfx(kit_safe(bag), "x"), "x");
		if (depth <= 10)
			ck_assert_ptr_nonnull(kit_find(&o, "deep"));
		else
			ck_refused(&o, "limit-exceeded", "nested");
		kit_close(&o);
		bag = kit_bag(6, T(0x30, bag), NOTHING);
	}
	bag = kit_cert_bag(&web, NOTHING);
	kit_blank(&o);
	o.limits.blocks = 3;
	o.answers.store[0] = "x";
	kit_read(&o, kit_pfx(kit_safe(J(bag, bag, bag, bag)), "x"));
	ck_refused(&o, "limit-exceeded", "more than 3 bags");
	kit_close(&o);
}
END_TEST

START_TEST(iterations_of_zero_or_less_are_refused)
{
	struct opened o;
	struct kst_bytes content = T(0x30, kit_safe(kit_cert_bag(&web, NOTHING)));
	struct kst_bytes info = T(0x30, T(0x30, kit_oid("2.16.840.1.101.3.4.2.1")),
				  T(0x04, RAW("0123456789abcdef0123456789abcdef")));
	const struct {
		struct kst_bytes n;
		const char *slug, *words;
	} list[] = {
		{ kit_int(0), "corrupt", "zero" },
		{ RAW("\x02\x01\xff"), "corrupt", "negative" },
		{ RAW("\x02\x00"), "corrupt", "" },
		{ RAW("\x02\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00"), "limit-exceeded", "" },
	};
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		kit_open(&o, T(0x30, kit_int(3), kit_data(content),
			       T(0x30, info, T(0x04, RAW("12345678")), list[i].n)), "x");
		ck_refused(&o, list[i].slug, list[i].words);
		kit_close(&o);
	}
}
END_TEST

/* ---- shape ---- */

/* Indefinite lengths on every level, strings in pieces. */
static struct kst_bytes ber_octets(struct kst_bytes b)
{
	size_t half = b.len / 2;
	struct kst_bytes end = RAW("\x00\x00");
	return J(RAW("\x24\x80"), T(0x04, (struct kst_bytes){ b.data, half }),
		 T(0x04, (struct kst_bytes){ b.data + half, b.len - half }), end);
}
static struct kst_bytes ber(const char *tag, struct kst_bytes body)
{
	return J((struct kst_bytes){ (const uint8_t *)tag, 1 }, RAW("\x80"), body, RAW("\x00\x00"));
}

START_TEST(ber_with_open_lengths_and_strings_in_pieces_opens)
{
	struct opened o;
	struct kst_cert *cert = party_cert(&web);
	struct kst_bytes data = kit_oid("1.2.840.113549.1.7.1");
	struct kst_bytes value = ber("\x30", J(kit_oid("1.2.840.113549.1.9.22.1"),
					       ber("\xa0", ber_octets(kst_cert_der(cert)))));
	struct kst_bytes bag = ber("\x30", J(kit_oid("1.2.840.113549.1.12.10.1.3"), ber("\xa0", value),
					     ber("\x31", kit_id("1"))));
	struct kst_bytes key = kit_key_bag(&web, "x", kit_id("1"));
	struct kst_bytes safe = ber("\x30", J(data, ber("\xa0", ber_octets(ber("\x30", J(bag, key))))));
	struct kst_bytes content = ber("\x30", safe);
	struct kst_bytes pfx = ber("\x30", J(kit_int(3), ber("\x30", J(data, ber("\xa0", ber_octets(content)))),
					     kit_mac(content, "x")));
	ck_assert_int_gt(kst_format_pkcs12.probe(pfx.data, pfx.len, true), 50);
	kit_open(&o, pfx, "x");
	kit_is(kit_entry(&o, 0), &web, "x", 1);
	/* And survives a rewrite, as DER. */
	ck_assert_int_eq(kit_write(&o), 0);
	struct opened again;
	kit_open(&again, kit_bytes(&o.out), "x");
	kit_is(kit_entry(&again, 0), &web, "x", 1);
	kit_close(&again);
	kit_close(&o);
	kst_cert_free(cert);
}
END_TEST

START_TEST(a_sealed_key_in_ber_is_opened)
{
	struct opened o;
	struct kst_bytes sealed = kit_sealed(&web, "x", 1000);
	struct kst_der_item seq, alg, ct;
	ck_assert_int_eq(kst_der_whole(sealed.data, sealed.len, 0x30, &seq), 0);
	struct kst_der d = kst_der_in(&seq);
	ck_assert_int_eq(kst_der_next(&d, &alg), 1);
	ck_assert_int_eq(kst_der_next(&d, &ct), 1);
	kit_open(&o, kit_pfx(kit_safe(kit_bag(2, ber("\x30", J(alg.whole, ber_octets(ct.body))), NOTHING)),
			     "x"), "x");
	/* As DER, which is what other formats carry. */
	ck_assert_uint_eq(kit_entry(&o, 0)->key->sealed.len, sealed.len);
	ck_assert_int_eq(memcmp(kit_entry(&o, 0)->key->sealed.data, sealed.data, sealed.len), 0);
	kit_is(kit_entry(&o, 0), &web, "x", 0);
	kit_close(&o);
}
END_TEST

START_TEST(a_file_cut_off_anywhere_is_no_crash_and_says_so)
{
	struct opened o;
	struct kst_bytes file = kit_pfx(kit_good("x"), "x");
	for (size_t n = 4; n < file.len; n += 5) {
		/* In memory of its own, so that a read past the end is found. */
		uint8_t *copy = malloc(n);
		memcpy(copy, file.data, n);
		kit_open(&o, (struct kst_bytes){ copy, n }, "x");
		ck_refused(&o, "truncated", "ends before");
		kit_close(&o);
		free(copy);
	}
	kit_open(&o, J(file, RAW("\0\0\0")), "x");
	ck_assert_int_eq(o.rc, 0);
	ck_assert_ptr_nonnull(kit_note(&o, "trailing-bytes"));
	kit_close(&o);
}
END_TEST

START_TEST(one_bit_wrong_is_no_crash_and_opens_nothing_else)
{
	struct opened o;
	struct kst_bytes file = kit_pfx(kit_good("x"), "x");
	uint8_t *copy = malloc(file.len);
	for (size_t i = 0; i < file.len * 8; i += 13) {
		memcpy(copy, file.data, file.len);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		kit_blank(&o);
		o.limits.iterations = 10000; /* a flipped count is not what is tested */
		o.answers.store[0] = "x";
		if (kit_read(&o, (struct kst_bytes){ copy, file.len }) == 0) {
			ck_assert_uint_eq(o.model.nr, 1);
			/* Without its MAC the encrypted part is refused, so all is as it was. */
			kit_is(kit_entry(&o, 0), &web, "x", 2);
		}
		kit_close(&o);
	}
	free(copy);
}
END_TEST

START_TEST(versions_and_signatures_that_nobody_writes_are_named)
{
	struct opened o;
	struct kst_bytes content = T(0x30, kit_good("x"));
	kit_open(&o, T(0x30, kit_int(4), kit_data(content), kit_mac(content, "x")), "x");
	ck_refused(&o, "unsupported-feature", "version 4");
	kit_close(&o);
	kit_open(&o, T(0x30, kit_int(3), T(0x30, kit_oid("1.2.840.113549.1.7.2"), T(0xa0, T(0x30, NOTHING)))),
		 "x");
	ck_refused(&o, "unsupported-feature", "signature");
	kit_close(&o);
}
END_TEST

START_TEST(without_memory_it_fails_and_leaks_nothing)
{
	struct opened o;
	struct kst_bytes file = kit_pfx(kit_good("x"), "x");
	bool done = false;
	for (size_t n = 1; n < 100000 && !done; n += 1 + n / 50) {
		kit_blank(&o);
		o.answers.store[0] = "x";
		struct kst_asker asker;
		struct kst_io io = kit_io(&o, &asker, file);
		kst_alloc_fail_after(n);
		o.rc = kst_format_pkcs12.read(&io, &o.model, &o.err);
		kst_alloc_fail_after(0);
		done = o.rc == 0;
		ck_assert_int_eq(o.rc == 0, o.err.code == KST_OK);
		kit_close(&o);
	}
	ck_assert(done);
}
END_TEST

Suite *test_pkcs12_traps(void);
Suite *test_pkcs12_traps(void)
{
	Suite *s = suite_create("pkcs12_traps");
	TCase *t = tcase_create("traps");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, kit_setup, kit_teardown);
	tcase_add_test(t, a_file_as_it_should_be_opens);
	tcase_add_test(t, a_wrong_passphrase_is_wrong_and_none_is_needed);
	tcase_add_test(t, what_is_altered_under_the_mac_does_not_open);
	tcase_add_test(t, an_absent_content_is_said);
	tcase_add_test(t, an_absent_encrypted_content_is_said);
	tcase_add_test(t, attributes_of_a_wrong_type_are_refused);
	tcase_add_test(t, a_name_is_cut_at_no_zero_but_its_last);
	tcase_add_test(t, a_name_that_is_no_alias_is_made_one);
	tcase_add_test(t, java_sees_one_entry_where_names_differ_in_case_only);
	tcase_add_test(t, only_a_marked_certificate_is_trusted);
	tcase_add_test(t, an_unknown_mac_is_no_wrong_passphrase);
	tcase_add_test(t, pbmac1_needs_a_key_of_fair_length);
	tcase_add_test(t, a_short_mac_key_counts_as_no_mac);
	tcase_add_test(t, what_stands_under_no_mac_has_no_room);
	tcase_add_test(t, an_empty_passphrase_is_two);
	tcase_add_test(t, the_bytes_of_old_openssl_open_and_are_told);
	tcase_add_test(t, encryption_without_mac_is_refused_unless_asked_for);
	tcase_add_test(t, without_mac_and_encryption_it_opens_and_says_so);
	tcase_add_test(t, work_is_limited_before_it_is_done);
	tcase_add_test(t, equal_derivations_count_once);
	tcase_add_test(t, bags_and_nesting_are_limited);
	tcase_add_test(t, iterations_of_zero_or_less_are_refused);
	tcase_add_test(t, ber_with_open_lengths_and_strings_in_pieces_opens);
	tcase_add_test(t, a_sealed_key_in_ber_is_opened);
	tcase_add_test(t, a_file_cut_off_anywhere_is_no_crash_and_says_so);
	tcase_add_test(t, one_bit_wrong_is_no_crash_and_opens_nothing_else);
	tcase_add_test(t, versions_and_signatures_that_nobody_writes_are_named);
	tcase_add_test(t, without_memory_it_fails_and_leaks_nothing);
	suite_add_tcase(s, t);
	return s;
}
