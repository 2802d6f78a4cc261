/* SPDX-License-Identifier: ISC */
/*
 * test_pkcs12_corpus.c - every PKCS#12 of other projects' test data, and those by
 * other programs in tests/corpus: opened with its passphrase, each key too, and
 * written again; or refused for the reason that is known here
 */
#include "corpora.h"
#include "pkcs12_kit.h"

/* What does not load as the list says, and why.  Nothing else may fail. */
static const struct exception {
	const char *file, *slug, *why;
	bool unauthenticated; /* opens when that is allowed */
} exceptions[] = {
	{ "examples/example5.pfx", "no-mac", "encrypted without MAC", true },
	{ "gostPfx.p12", "unsupported-algorithm", "GOST MAC", false },
	{ "gostPfxFoo123.p12", "unsupported-algorithm", "GOST MAC", false },
	{ "PBMac1PBKdf2_a4.p12", "wrong-passphrase", "RFC 9579 A.4: wrong iterations", false },
	{ "PBMac1PBKdf2_a5.p12", "wrong-passphrase", "RFC 9579 A.5: wrong salt", false },
	{ "PBMac1PBKdf2_a6.p12", "corrupt", "RFC 9579 A.6: no keyLength", false },
	{ "BOOLEAN-in-", "corrupt", "attribute of a wrong type", false },
	{ ".bad-len.p12", "unsupported-algorithm", "keyLength out of bounds", false },
	{ ".negative-len.p12", "unsupported-algorithm", "keyLength out of bounds", false },
	{ ".very-big-len.p12", "unsupported-algorithm", "keyLength out of bounds", false },
	{ ".zero-len.p12", "unsupported-algorithm", "keyLength out of bounds", false },
	{ ".bad-salt-type.p12", "corrupt", "salt of a wrong type", false },
	{ ".no-salt.p12", "corrupt", "no salt", false },
	{ "oct-is-null.p12", "corrupt", "encryptedContent absent", false },
};

static const struct exception *exception_of(const char *path)
{
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (strstr(path, exceptions[i].file))
			return &exceptions[i];
	return NULL;
}

static unsigned rows, loaded, refused, keys_opened, odd;

/* Every key opens, and belongs to its certificate. */
static void open_keys(struct opened *o, const char *path, const char *key_pass)
{
	for (size_t i = 0; i < o->model.nr; i++) {
		struct kst_entry *e = o->model.item[i].entry;
		if (e->kind != KST_KIND_KEY)
			continue;
		int rc = 0;
		if (kst_key_is_sealed(e->key)) {
			struct kst_error err = KST_ERROR_INIT;
			rc = kst_key_open_with(e->key, &o->model.pass, &err);
			if (rc == 1 && key_pass) {
				struct kst_secret s KST_SCRATCH_SECRET = kit_pass(key_pass);
				rc = kst_key_open_with(e->key, &s, &err);
			}
			ck_assert_msg(rc == 0, "%s: key %zu: %d %s", path, i, rc, err.message);
		}
		keys_opened++;
		if (kst_entry_leaf(e))
			ck_assert_msg(kst_key_matches(e->key, kst_entry_leaf(e)) != 0, "%s", path);
	}
}

static void count_all(struct opened *o, unsigned *keys, unsigned *certs, unsigned *secrets)
{
	*keys = *certs = *secrets = 0;
	for (size_t i = 0; i < o->model.nr; i++) {
		const struct kst_entry *e = o->model.item[i].entry;
		*keys += e->kind == KST_KIND_KEY;
		*secrets += e->kind == KST_KIND_SECRET;
		*certs += (unsigned)e->chain.nr;
	}
}

static void read_row(struct opened *o, struct kst_bytes file, const char *pass)
{
	kit_blank(o);
	o->answers.store[0] = pass ? pass : "";
	o->answers.store[1] = pass ? NULL : "changeit";
	kit_read(o, file);
}

/* Written again under its passphrase it holds the same. */
static void rewrite(struct opened *o, const char *path, const char *pass)
{
	struct opened again;
	o->answers.fresh = "long enough";
	ck_assert_msg(kit_write(o) == 0, "%s: %s", path, o->err.message);
	kit_blank(&again);
	again.answers.store[0] = pass ? pass : "";
	again.answers.store[1] = o->answers.fresh;
	kit_read(&again, kit_bytes(&o->out));
	ck_assert_msg(again.rc == 0, "%s: %s", path, again.err.message);
	ck_assert_msg(again.model.nr == o->model.nr, "%s", path);
	for (size_t i = 0; i < o->model.nr; i++) {
		struct kst_entry *a = o->model.item[i].entry, *b = again.model.item[i].entry;
		ck_assert_msg(a->kind == b->kind && kst_chain_equal(&a->chain, &b->chain) &&
				      a->trusted == b->trusted && !a->alias == !b->alias &&
				      (!a->alias || !strcmp(a->alias, b->alias)),
			      "%s: entry %zu", path, i);
	}
	kit_close(&again);
}

static void one(const struct corpora_row *row)
{
	const char *path = row->path, *pass = row->pass, *expected = row->expected;
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	struct opened o;
	const struct exception *x = exception_of(path);
	rows++;
	ck_assert_msg(corpora_slurp(path, &file), "%s cannot be read", path);
	/* The attack on a one-octet MAC key, should the corpora have it, is refused whatever it says. */
	ck_assert_msg(kst_format_pkcs12.probe(file.data, file.len < 64 ? file.len : 64, false) > 50, "%s", path);
	read_row(&o, kit_bytes(&file), pass);
	if (x) {
		refused++;
		ck_assert_msg(o.rc < 0 && !strcmp(kst_code_slug(o.err.code), x->slug), "%s: %d [%s] %s", path,
			      o.rc, kst_code_slug(o.err.code), o.err.message);
		printf("  refused: %s: %s\n", strrchr(path, '/') + 1, x->why);
		kit_close(&o);
		if (!x->unauthenticated)
			return;
		kit_blank(&o);
		o.answers.store[0] = pass;
		o.read.allow_unauthenticated = true;
		kit_read(&o, kit_bytes(&file));
	} else {
		loaded++;
		odd += kit_note(&o, "passphrase-encoding") != NULL;
	}
	ck_assert_msg(o.rc == 0, "%s (%s): [%s] %s", path, expected, kst_code_slug(o.err.code), o.err.message);
	ck_assert_msg(strncmp(expected, "must-fail", 9) != 0, "%s opened: %s", path, expected);
	unsigned keys, certs, secrets;
	count_all(&o, &keys, &certs, &secrets);
	ck_assert_msg(keys == row->keys && certs == row->certs && secrets == row->secrets,
		      "%s: %u/%u/%u instead of %u/%u/%u", path, keys, certs, secrets, row->keys, row->certs,
		      row->secrets);
	open_keys(&o, path, row->key_pass);
	if (!x)
		rewrite(&o, path, pass);
	kit_close(&o);
}

START_TEST(all_of_the_corpora)
{
	if (!corpora_each("PKCS12", one))
		return;
	printf("pkcs12 corpus: %u files: %u loaded with %u keys opened, %u refused as they should be, "
	       "%u by an encoding of the passphrase that no standard has\n", rows, loaded, keys_opened, refused, odd);
	ck_assert_uint_gt(loaded, 100);
	ck_assert_uint_gt(odd, 1); /* RSA JSafe's, old NSS's */
}
END_TEST

/* ---- kstool's own, by other programs: tests/corpus/pkcs12 ---- */

static const struct own {
	const char *file, *pass, *slug;
	unsigned keys, certs, secrets; /* certificates in chains too */
} own[] = {
	{ "good-openssl.p12", "secret-pass", NULL, 1, 2, 0 },
	{ "good-openssl-legacy.p12", "secret-pass", NULL, 1, 2, 0 },
	{ "good-keytool.p12", "secret-pass", NULL, 1, 3, 1 },
	{ "good-gnutls.p12", "secret-pass", NULL, 1, 2, 0 },
	{ "good-nss.p12", "secret-pass", NULL, 1, 2, 0 },
	{ "good-python.p12", "secret-pass", NULL, 1, 2, 0 },
	{ "good-open-truststore.p12", NULL, NULL, 0, 1, 0 },
	{ "bad-no-mac.p12", "secret-pass", "no-mac", 0, 0, 0 },
	{ "bad-altered.p12", "secret-pass", "wrong-passphrase", 0, 0, 0 },
	{ "bad-truncated.p12", "secret-pass", "truncated", 0, 0, 0 },
	{ "bad-name-type.p12", NULL, "corrupt", 0, 0, 0 },
	{ "bad-no-content.p12", NULL, "corrupt", 0, 0, 0 },
};

START_TEST(every_file_by_another_program)
{
	const struct own *x = &own[_i];
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	struct opened o;
	char path[256];
	unsigned keys, certs, secrets;
	snprintf(path, sizeof(path), "tests/corpus/pkcs12/%s", x->file);
	ck_assert_msg(corpora_slurp(path, &file), "%s cannot be read", path);
	kit_open(&o, kit_bytes(&file), x->pass);
	if (x->slug) {
		ck_refused(&o, x->slug, "");
		kit_close(&o);
		return;
	}
	ck_assert_msg(o.rc == 0, "%s: %s", path, o.err.message);
	count_all(&o, &keys, &certs, &secrets);
	ck_assert_uint_eq(keys, x->keys);
	ck_assert_uint_eq(certs, x->certs);
	ck_assert_uint_eq(secrets, x->secrets);
	if (keys) {
		ck_assert_ptr_nonnull(kit_find(&o, "web"));
		ck_assert_uint_eq(kit_find(&o, "web")->chain.nr, 2);
	} else {
		ck_assert(kit_find(&o, "root")->trusted);
	}
	open_keys(&o, path, NULL);
	rewrite(&o, path, x->pass);
	kit_close(&o);
}
END_TEST

Suite *test_pkcs12_corpus(void);
Suite *test_pkcs12_corpus(void)
{
	Suite *s = suite_create("pkcs12_corpus");
	TCase *t = tcase_create("files");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, all_of_the_corpora);
	tcase_add_loop_test(t, every_file_by_another_program, 0, (int)(sizeof(own) / sizeof(own[0])));
	suite_add_tcase(s, t);
	return s;
}
