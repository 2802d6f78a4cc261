/* SPDX-License-Identifier: ISC */
/* test_bcfks.c - BCFKS: what is written is read, what stays, every changed bit, every limit, every failure */
#include "crypto/der.h"
#include "crypto/fks_key.h"
#include "harvest.h"
#include "party.h"
#include "shelf.h"

#define CORPUS "tests/corpus/bcfks/"
#define SECRET "0123456789abcdef"
#define MADE 1600000000

static struct party root, ica, rsa, ec, ed;

static struct party party_of(EVP_PKEY *key, const char *cn, const struct party *by)
{
	struct party p = { .key = key };
	ck_assert_ptr_nonnull(key);
	p.cert = party_certify(key, cn, "DNS:a.test", 0, 365, by);
	return p;
}

static void begin(void)
{
	if (root.key)
		return;
	root = party_new("Root", NULL, 1, NULL);
	ica = party_new("Issuing CA", NULL, 1, &root);
	rsa = party_of(EVP_RSA_gen(2048), "rsa", &ica);
	ec = party_of(EVP_EC_gen("P-384"), "ec", &ica);
	ed = party_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "ed", &ica);
}

static struct kst_entry *dated(struct kst_entry *e, int64_t created)
{
	e->created = created;
	return e;
}

static struct kst_entry *secret_entry(const char *alias, const char *alg)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_SECRET);
	e->alias = kst_strdup(alias);
	e->secret_alg = alg ? kst_strdup(alg) : NULL;
	ck_assert_int_eq(kst_secret_set(&e->secret, SECRET, 16, NULL), 0);
	return e;
}

static const char *const aliases[] = { "Web", "web", "ec", "größe-ключ", "aes", "no algorithm" };

static void make(struct shelf *shelf)
{
	struct kst_store *s = shelf_new(shelf, "a.bcfks", "bcfks");
	shelf_add(shelf, s, dated(party_entry(aliases[0], &rsa, PARTIES(&rsa, &ica, &root)), MADE));
	shelf_add(shelf, s, party_entry(aliases[1], NULL, PARTIES(&root)));
	shelf_add(shelf, s, party_entry(aliases[2], &ec, PARTIES(&ec)));
	shelf_add(shelf, s, party_entry(aliases[3], &ed, PARTIES(&ed, &ica)));
	shelf_add(shelf, s, dated(secret_entry(aliases[4], "AES"), MADE + 1));
	shelf_add(shelf, s, secret_entry(aliases[5], NULL));
	shelf_close(shelf, s);
}

static void slurp(const struct shelf *shelf, const char *name, struct kst_buf *out)
{
	kst_buf_reset(out);
	ck_assert(corpora_slurp(shelf_path(shelf, name), out));
}

static struct kst_entry *entry(struct kst_store *s, size_t i)
{
	struct kst_entry *e = NULL;
	ck_assert_int_eq(kst_store_entry(s, i, &e, NULL), 0);
	return e;
}

/* The ObjectStoreData of a file. */
static void inside(const struct shelf *shelf, const char *name, struct kst_secret *out)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT, epki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_limits limits = KST_LIMITS_DEFAULT;
	struct kst_der_item all, store;

	slurp(shelf, name, &file);
	ck_assert_int_eq(kst_secret_set(&pass, shelf->pass, strlen(shelf->pass), NULL), 0);
	ck_assert_int_eq(kst_der_whole(file.data, file.len, KST_DER_SEQUENCE, &all), 0);
	struct kst_der in = kst_der_in(&all);
	ck_assert_int_eq(kst_der_expect(&in, KST_DER_SEQUENCE, &store), 0);
	ck_assert_int_eq(kst_fks_to_epki(store.whole, KST_FKS_STORE, &epki), 0);
	ck_assert_int_eq(kst_fks_open((struct kst_bytes){ epki.data, epki.len }, &pass, &limits, out, NULL), 0);
}

static bool holds(const struct kst_secret *plain, const void *what, size_t n)
{
	return memmem(plain->data, plain->len, what, n) != NULL;
}

/* A file of the corpus, whose passphrase the shelf knows from now on. */
static void take(struct shelf *shelf, const char *name)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	char path[128];

	snprintf(path, sizeof(path), CORPUS "%s", name);
	ck_assert_msg(corpora_slurp(path, &file), "%s is not there", path);
	shelf_put(shelf, "a.bcfks", file.data, file.len);
	shelf->pass = shelf->new_pass = "secret-pass";
}

static void rename_in(struct shelf *shelf, size_t i, const char *alias)
{
	struct kst_store *s = shelf_open(shelf, "a.bcfks", true);
	ck_assert_int_eq(kst_store_rename(s, i, alias, NULL), 0);
	shelf_close(shelf, s);
}

/* ---- written and read ---- */

START_TEST(what_was_written_is_there_and_sealed)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	static const unsigned chain[] = { 3, 1, 1, 2, 0, 0 };
	struct shelf shelf;

	shelf_begin(&shelf);
	make(&shelf);
	slurp(&shelf, "a.bcfks", &file);
	ck_assert_ptr_null(memmem(file.data, file.len, "Web", 3)); /* names are secret too */
	ck_assert_uint_eq(shelf_mode(&shelf, "a.bcfks"), 0600);
	struct kst_store *s = shelf_open(&shelf, "a.bcfks", false);
	ck_assert_str_eq(kst_store_format(s)->name, "bcfks");
	ck_assert_str_eq(kst_store_info(s)->mac, "HMAC-SHA512");
	ck_assert_str_eq(kst_store_info(s)->kdf, "AES-CCM, PBKDF2");
	ck_assert_int_eq(kst_store_info(s)->integrity, KST_INTEGRITY_VERIFIED);
	ck_assert_uint_eq(kst_store_info(s)->iterations, 1000);
	ck_assert_uint_eq(kst_store_count(s), 6);
	for (size_t i = 0; i < 6; i++) {
		struct kst_entry *e = entry(s, i);
		ck_assert_str_eq(e->alias, aliases[i]);
		ck_assert_uint_eq(e->chain.nr, chain[i]);
		ck_assert(e->kind == KST_KIND_CERT || !e->secret.len);
		if (e->kind != KST_KIND_KEY)
			continue;
		ck_assert(kst_key_is_sealed(e->key));
		ck_assert_int_eq(kst_store_open_key(s, i, NULL), 0);
		ck_assert_int_eq(kst_key_matches(e->key, kst_entry_leaf(e)), 1);
	}
	ck_assert(entry(s, 1)->trusted);
	ck_assert_int_eq(entry(s, 0)->created, MADE);
	ck_assert_int_eq(entry(s, 4)->created, MADE + 1);
	ck_assert_int_gt(entry(s, 1)->created, MADE + 100000000);
	for (size_t i = 4; i < 6; i++) {
		ck_assert_int_eq(kst_store_open_key(s, i, NULL), 0);
		ck_assert_uint_eq(entry(s, i)->secret.len, 16);
		ck_assert_int_eq(memcmp(entry(s, i)->secret.data, SECRET, 16), 0);
	}
	ck_assert_str_eq(entry(s, 4)->secret_alg, "AES");
	ck_assert_ptr_null(entry(s, 5)->secret_alg);
	kst_store_free(s);
	shelf_end(&shelf);
}
END_TEST

START_TEST(no_other_format_takes_the_seal_for_its_own)
{
	struct kst_entry *copy = NULL;
	struct shelf shelf;

	shelf_begin(&shelf);
	make(&shelf);
	struct kst_store *s = shelf_open(&shelf, "a.bcfks", false);
	ck_assert_int_eq(kst_entry_copy(&copy, entry(s, 0), NULL), 0);
	struct kst_store *p12 = shelf_new(&shelf, "a.p12", "p12");
	struct kst_save_options opt = shelf_save();
	shelf_add(&shelf, p12, copy);
	ck_assert_int_eq(kst_store_save(p12, &opt, NULL, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_PASSPHRASE_NEEDED);
	kst_store_free(p12);
	kst_store_free(s);
	shelf_end(&shelf);
}
END_TEST

START_TEST(a_new_passphrase_is_that_of_the_keys_too)
{
	struct kst_store *s;
	struct shelf shelf;

	shelf_begin(&shelf);
	make(&shelf);
	shelf.new_pass = "another one";
	s = shelf_open(&shelf, "a.bcfks", true);
	ck_assert_int_eq(kst_store_passwd(s, NULL), 0);
	shelf_close(&shelf, s);
	ck_assert_int_eq(shelf_try_open(&shelf, "a.bcfks", false, &s), -1);
	shelf.pass = "another one";
	s = shelf_open(&shelf, "a.bcfks", false);
	for (size_t i = 0; i < 6; i++)
		if (entry(s, i)->kind != KST_KIND_CERT)
			ck_assert_int_eq(kst_store_open_key(s, i, NULL), 0);
	ck_assert_uint_eq(shelf.asked[KST_ASK_KEY], 0);
	kst_store_free(s);
	shelf_end(&shelf);
}
END_TEST

static enum kst_code refusal(struct kst_entry *e, bool no_pass)
{
	struct kst_save_options opt = shelf_save();
	struct shelf shelf;

	shelf_begin(&shelf);
	struct kst_store *s = shelf_new(&shelf, "a.bcfks", "bcfks");
	opt.write.no_pass = no_pass;
	if (kst_store_add(s, e, NULL, &shelf.err) == 0)
		ck_assert_int_eq(kst_store_save(s, &opt, NULL, &shelf.err), -1);
	ck_assert_uint_eq(shelf_count(&shelf), 0);
	kst_store_free(s);
	shelf_end(&shelf);
	return shelf.err.code;
}

START_TEST(what_it_cannot_hold_is_refused)
{
	struct kst_entry *e = party_entry("root", NULL, PARTIES(&root));

	ck_assert_int_eq(kst_purposes_set(&e->purposes, KST_FOR_SERVER), 0);
	ck_assert_int_eq(refusal(e, false), KST_E_CANNOT_HOLD);
	ck_assert_int_eq(refusal(secret_entry("s", "Blowfish"), false), KST_E_CANNOT_HOLD);
	ck_assert_int_eq(refusal(party_entry("root", NULL, PARTIES(&root)), true), KST_E_EMPTY_PASSPHRASE);
}
END_TEST

/* ---- what stays ---- */

START_TEST(what_nobody_touches_stays_byte_for_byte)
{
	struct kst_secret a KST_SCRATCH_SECRET = KST_SECRET_INIT, b KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct shelf shelf;

	shelf_begin(&shelf);
	make(&shelf);
	inside(&shelf, "a.bcfks", &a);
	rename_in(&shelf, 1, "ca");
	inside(&shelf, "a.bcfks", &b);
	ck_assert_uint_eq(a.len, b.len + 1);
	/* From the third object's name to the end. */
	const uint8_t *from = memmem(a.data, a.len, "\x0c\2ec", 4);
	size_t n = (size_t)(a.data + a.len - from);
	ck_assert_uint_gt(n, 2000);
	ck_assert_int_eq(memcmp(from, b.data + b.len - n, n), 0);
	/* A renamed key keeps its seal: the ciphertext is behind its name and two dates. */
	rename_in(&shelf, 2, "xy");
	inside(&shelf, "a.bcfks", &a);
	from = memmem(b.data, b.len, "\x0c\2ec", 4);
	ck_assert(holds(&a, from + 4 + 34, 600));
	ck_assert(holds(&a, from + 4, 17)); /* when it was made */
	shelf_end(&shelf);
}
END_TEST

START_TEST(comments_and_what_is_not_known_stay)
{
	static const char comment[] = "\x0c\015bought in May", of_store[] = "\x0c\014of the store";
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct shelf shelf;

	shelf_begin(&shelf);
	take(&shelf, "good-comments.bcfks");
	rename_in(&shelf, 0, "renamed");
	inside(&shelf, "a.bcfks", &plain);
	ck_assert(holds(&plain, "renamed", 7));
	ck_assert(holds(&plain, comment, 15));
	ck_assert(holds(&plain, "\xa5\3\2\1\7", 5));
	ck_assert(holds(&plain, "20260101000000.5Z", 17));
	ck_assert_int_eq(memcmp(plain.data + plain.len - 14, of_store, 14), 0);
	struct kst_store *s = shelf_open(&shelf, "a.bcfks", false);
	ck_assert_str_eq(entry(s, 0)->alias, "renamed");
	kst_store_free(s);
	shelf_end(&shelf);
}
END_TEST

START_TEST(a_key_that_came_sealed_keeps_its_type)
{
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct shelf shelf;

	shelf_begin(&shelf);
	take(&shelf, "good-sealed-types.bcfks");
	rename_in(&shelf, 0, "key-3");
	rename_in(&shelf, 1, "secret-4");
	inside(&shelf, "a.bcfks", &plain);
	ck_assert(holds(&plain, "\2\1\3\x0c\5key-3", 10));
	ck_assert(holds(&plain, "\2\1\4\x0c\010secret-4", 13));
	shelf_end(&shelf);
}
END_TEST

static const struct {
	const char *file, *kdf, *again;
} protections[] = {
	{ "good-three.bcfks", "AES-CCM, PBKDF2", "AES-CCM, PBKDF2" },
	{ "good-scrypt.bcfks", "AES-CCM, scrypt", "AES-CCM, scrypt" },
	{ "good-key-wrap.bcfks", "AES key wrap, PBKDF2", "AES key wrap, PBKDF2" },
	{ "good-bouncy-castle-scrypt.bcfks", "AES key wrap, scrypt", "AES key wrap, scrypt" },
	{ "good-not-encrypted.bcfks", "", "AES-CCM, PBKDF2" },
};

START_TEST(the_way_of_protection_stays)
{
	struct shelf shelf;

	shelf_begin(&shelf);
	take(&shelf, protections[_i].file);
	struct kst_store *s = shelf_open(&shelf, "a.bcfks", true);
	size_t nr = kst_store_count(s);
	ck_assert_str_eq(kst_store_info(s)->kdf, protections[_i].kdf);
	ck_assert_int_eq(kst_store_info(s)->encrypted, *protections[_i].kdf != '\0');
	ck_assert_int_eq(kst_store_rename(s, 0, "renamed", NULL), 0);
	shelf_add(&shelf, s, party_entry("added", &ec, PARTIES(&ec)));
	shelf_close(&shelf, s);
	s = shelf_open(&shelf, "a.bcfks", false);
	ck_assert_str_eq(kst_store_info(s)->kdf, protections[_i].again);
	ck_assert_uint_eq(kst_store_count(s), nr + 1);
	ck_assert_str_eq(entry(s, 0)->alias, "renamed");
	ck_assert_int_eq(kst_store_open_key(s, nr, NULL), 0);
	kst_store_free(s);
	shelf_end(&shelf);
}
END_TEST

/* ---- hostile bytes ---- */

/* One small store, whose derivations cost next to nothing. */
static void small(struct shelf *shelf, struct kst_buf *file)
{
	shelf_begin(shelf);
	take(shelf, "good-own-passphrase.bcfks");
	slurp(shelf, "a.bcfks", file);
}

static int try_limited(struct shelf *shelf, const struct kst_limits *limits, struct kst_store **out)
{
	struct kst_open_options opt = shelf_options(shelf, false);

	opt.limits = limits;
	kst_error_clear(&shelf->err);
	return kst_store_open(out, shelf_path(shelf, "b.bcfks"), &opt, &shelf->err);
}

/* Refused, within limits, and in words.  But for one byte: behind what the MAC covers, the tag of a NULL
 * of the PRF, in whose place anything may stand that says nothing. */
START_TEST(every_changed_byte_is_noticed)
{
	struct kst_limits limits = KST_LIMITS_DEFAULT;
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_store *s = NULL;
	struct shelf shelf;

	small(&shelf, &file);
	limits.iterations = 5000;
	const size_t null = file.len - 66 - 2;
	ck_assert_int_eq(memcmp(file.data + null, "\5\0\4\x40", 4), 0);
	for (size_t at = 0; at < file.len; at += 1 + (at + 1 == null)) {
		for (unsigned change = 0; change < 2; change++) {
			uint8_t was = file.data[at];
			file.data[at] ^= change ? 0xff : 1u << at % 8;
			shelf_put(&shelf, "b.bcfks", file.data, file.len);
			ck_assert_msg(try_limited(&shelf, &limits, &s) < 0, "byte %zu: %02x to %02x", at, was, file.data[at]);
			ck_assert_msg(*shelf.err.message, "byte %zu", at);
			ck_assert_msg(shelf.err.code != KST_E_INTERNAL && shelf.err.code != KST_E_NO_MEMORY, "byte %zu: %s", at,
				      shelf.err.message);
			file.data[at] = was;
		}
	}
	shelf_end(&shelf);
}
END_TEST

START_TEST(cut_at_every_byte_it_is_truncated)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_store *s = NULL;
	struct shelf shelf;
	unsigned truncated = 0;

	small(&shelf, &file);
	for (size_t n = 1; n < file.len; n++) {
		shelf_put(&shelf, "b.bcfks", file.data, n);
		ck_assert_msg(shelf_try_open(&shelf, "b.bcfks", false, &s) < 0, "%zu bytes", n);
		ck_assert_msg(shelf.err.code == KST_E_TRUNCATED || (n < 32 && shelf.err.code == KST_E_UNKNOWN_FORMAT),
			      "%zu bytes: %s", n, shelf.err.message);
		truncated += shelf.err.code == KST_E_TRUNCATED;
	}
	ck_assert_uint_gt(truncated, file.len - 40);
	ck_assert_uint_eq(shelf.asked[KST_ASK_STORE], 0);
	shelf_end(&shelf);
}
END_TEST

START_TEST(a_wrong_passphrase_and_damage_look_alike_and_that_is_said)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_store *s = NULL;
	struct shelf shelf;

	small(&shelf, &file);
	shelf.pass = "not this one";
	ck_assert_int_eq(shelf_try_open(&shelf, "a.bcfks", false, &s), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_WRONG_PASSPHRASE);
	ck_assert_ptr_nonnull(strstr(shelf.err.detail, "altered"));
	shelf.pass = NULL;
	ck_assert_int_eq(shelf_try_open(&shelf, "a.bcfks", false, &s), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_PASSPHRASE_NEEDED);
	/* A key with a passphrase of its own has a tag that tells. */
	shelf.pass = "secret-pass";
	s = shelf_open(&shelf, "a.bcfks", false);
	ck_assert_int_eq(kst_store_open_key(s, 0, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_WRONG_KEY_PASSPHRASE);
	shelf.pass = "other";
	ck_assert_int_eq(kst_store_open_key(s, 0, NULL), 0);
	ck_assert_int_eq(kst_store_open_key(s, 1, NULL), 0);
	ck_assert_int_eq(memcmp(entry(s, 1)->secret.data, "value", 5), 0);
	kst_store_free(s);
	shelf_end(&shelf);
}
END_TEST

static enum kst_code limited(const char *name, const struct kst_limits *limits, unsigned asked)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_store *s = NULL;
	struct shelf shelf;

	shelf_begin(&shelf);
	take(&shelf, name);
	slurp(&shelf, "a.bcfks", &file);
	shelf_put(&shelf, "b.bcfks", file.data, file.len);
	int rc = try_limited(&shelf, limits, &s);
	ck_assert_uint_le(shelf.asked[KST_ASK_STORE], asked);
	if (rc == 0)
		kst_store_free(s);
	shelf_end(&shelf);
	return rc == 0 ? KST_OK : shelf.err.code;
}

START_TEST(limits_come_before_work)
{
	struct kst_limits limits = KST_LIMITS_DEFAULT;

	limits.iterations = 64;
	ck_assert_int_eq(limited("good-three.bcfks", &limits, 1), KST_OK);
	limits.iterations = 63;
	ck_assert_int_eq(limited("good-three.bcfks", &limits, 1), KST_E_LIMIT);
	limits = (struct kst_limits)KST_LIMITS_DEFAULT;
	limits.blocks = 3;
	ck_assert_int_eq(limited("good-three.bcfks", &limits, 1), KST_OK);
	limits.blocks = 2;
	ck_assert_int_eq(limited("good-three.bcfks", &limits, 1), KST_E_LIMIT);
	limits = (struct kst_limits)KST_LIMITS_DEFAULT;
	limits.file = 1000;
	ck_assert_int_eq(limited("good-three.bcfks", &limits, 0), KST_E_TOO_LARGE);
	/* 64 blocks of 256 bytes, twice: a MiB of grace is beside the limit. */
	limits = (struct kst_limits)KST_LIMITS_DEFAULT;
	limits.iterations = 64 * 2 * 2 - 1;
	ck_assert_int_eq(limited("good-scrypt.bcfks", &limits, 1), KST_E_LIMIT);
	limits.iterations++;
	ck_assert_int_eq(limited("good-scrypt.bcfks", &limits, 1), KST_OK);
	limits = (struct kst_limits)KST_LIMITS_DEFAULT;
	limits.kdf_mem = 0;
	ck_assert_int_eq(limited("good-bouncy-castle-scrypt.bcfks", &limits, 1), KST_E_LIMIT);
}
END_TEST

/* OpenSSL does not always say that it has no memory, but nobody is told that his passphrase is wrong. */
static void never_the_passphrase(const struct kst_error *err, unsigned n)
{
	ck_assert_msg(*err->message && err->code != KST_E_WRONG_PASSPHRASE && err->code != KST_E_WRONG_KEY_PASSPHRASE,
		      "allocation %u: %s", n, err->message);
}

START_TEST(without_memory_it_fails_at_every_allocation)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_store *s = NULL;
	struct shelf shelf;
	unsigned n, failed = 0;
	int rc = -1;

	small(&shelf, &file);
	/* What OpenSSL fetches for the first time without memory it never finds again. */
	kst_store_free(shelf_open(&shelf, "a.bcfks", false));
	for (n = 1; rc < 0; n += n < 100 ? 1 : 13) {
		kst_alloc_fail_after(n);
		rc = shelf_try_open(&shelf, "a.bcfks", true, &s);
		kst_alloc_fail_after(0);
		if (rc < 0)
			never_the_passphrase(&shelf.err, n);
		failed += rc < 0;
	}
	ck_assert_uint_gt(failed, 30);
	ck_assert_int_eq(kst_store_rename(s, 0, "k2", NULL), 0);
	for (n = 1, rc = -1; rc < 0; n += n < 100 ? 1 : 211) {
		struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
		struct kst_save_options opt = shelf_save();
		kst_error_clear(&shelf.err);
		kst_alloc_fail_after(n);
		rc = kst_store_write_buf(s, &out, &opt, &shelf.err);
		kst_alloc_fail_after(0);
		if (rc < 0)
			never_the_passphrase(&shelf.err, n);
	}
	ck_assert_uint_gt(n, 20);
	kst_store_free(s);
	shelf_end(&shelf);
}
END_TEST

START_TEST(only_what_begins_like_one_is_claimed)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct kst_format *f = kst_format_by_name("bcfks");
	struct shelf shelf;

	small(&shelf, &file);
	ck_assert_int_eq(f->probe(file.data, file.len, true), 85);
	/* What is one SEQUENCE less deep is an encrypted private key. */
	ck_assert_int_eq(f->probe(file.data + 4, file.len - 4, true), 0);
	for (size_t n = 0; n < 24; n++) {
		uint8_t *part = malloc(n + 1); /* so that a sanitizer sees the end */
		memcpy(part, file.data, n);
		f->probe(part, n, false);
		free(part);
	}
	kst_buf_reset(&file);
	ck_assert(corpora_slurp(CORPUS "good-not-encrypted.bcfks", &file));
	ck_assert_int_eq(f->probe(file.data, file.len, true), 85);
	/* A revocation list begins so too, but for its algorithm. */
	file.data[20] ^= 1;
	ck_assert_int_eq(f->probe(file.data, file.len, true), 0);
	shelf_end(&shelf);
}
END_TEST

Suite *test_bcfks(void);
Suite *test_bcfks(void)
{
	Suite *s = suite_create("bcfks");
	TCase *t = tcase_create("files");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, NULL);
	tcase_add_test(t, what_was_written_is_there_and_sealed);
	tcase_add_test(t, no_other_format_takes_the_seal_for_its_own);
	tcase_add_test(t, a_new_passphrase_is_that_of_the_keys_too);
	tcase_add_test(t, what_it_cannot_hold_is_refused);
	tcase_add_test(t, what_nobody_touches_stays_byte_for_byte);
	tcase_add_test(t, comments_and_what_is_not_known_stay);
	tcase_add_test(t, a_key_that_came_sealed_keeps_its_type);
	tcase_add_loop_test(t, the_way_of_protection_stays, 0, (int)(sizeof(protections) / sizeof(protections[0])));
	tcase_add_test(t, every_changed_byte_is_noticed);
	tcase_add_test(t, cut_at_every_byte_it_is_truncated);
	tcase_add_test(t, a_wrong_passphrase_and_damage_look_alike_and_that_is_said);
	tcase_add_test(t, limits_come_before_work);
	tcase_add_test(t, without_memory_it_fails_at_every_allocation);
	tcase_add_test(t, only_what_begins_like_one_is_claimed);
	suite_add_tcase(s, t);
	return s;
}
