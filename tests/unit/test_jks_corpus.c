/* SPDX-License-Identifier: ISC */
/*
 * test_jks_corpus.c - every JKS and JCEKS of other projects' test data: opened with
 * its passphrase and without, each key and secret opened, written again, and
 * changed in one place with the rest as it was
 */
#include "corpora.h"
#include "pkcs12_kit.h"

extern const struct kst_format kst_format_jks, kst_format_jceks;

/* Where the list and kstool differ, and why.  Nothing else may. */
static const struct exception {
	const char *file, *why;
	unsigned opaque; /* entries that are kept without being opened */
} exceptions[] = {
	{ "duplicate_aliases.", "Java keeps the last of two names, pyjks refuses: both are listed here", 0 },
	{ "unknown_sealed_object_sealAlg.", "the class is SealedObject, which no JCEKS has: kept unopened", 1 },
	{ "unknown_type_inside_sealed_object.", "the class is SealedObject, which no JCEKS has: kept unopened", 1 },
	{ "unknown_type_of_sealed_object.", "an object of a class that is no secret key: kept unopened", 1 },
};

static const struct exception *exception_of(const char *path)
{
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (strstr(path, exceptions[i].file))
			return &exceptions[i];
	return NULL;
}

static unsigned rows, loaded, keys_opened, secrets_opened;

static int open_with(struct kst_entry *e, const struct kst_secret *pass)
{
	if (e->kind == KST_KIND_KEY)
		return kst_key_open_with(e->key, pass, NULL);
	return kit_format->open_secret(e, pass, NULL);
}

static void open_everything(struct opened *o, const struct corpora_row *row)
{
	for (size_t i = 0; i < o->model.nr; i++) {
		struct kst_entry *e = o->model.item[i].entry;
		if (e->kind != KST_KIND_KEY && e->kind != KST_KIND_SECRET)
			continue;
		int rc = open_with(e, &o->model.pass);
		/* "custom_entry_passwords": the other two, as the list says. */
		const char *const own[] = { row->key_pass, "secret_password" };
		for (size_t k = 0; k < 2 && rc == 1 && row->key_pass; k++) {
			struct kst_secret s KST_SCRATCH_SECRET = kit_pass(own[k]);
			rc = open_with(e, &s);
		}
		ck_assert_msg(rc == 0, "%s: entry %zu: %d", row->path, i, rc);
		keys_opened += e->kind == KST_KIND_KEY;
		secrets_opened += e->kind == KST_KIND_SECRET;
		if (e->kind == KST_KIND_SECRET)
			ck_assert(e->secret.len && e->secret_alg && *e->secret_alg);
		else
			ck_assert_int_eq(kst_key_matches(e->key, kst_entry_leaf(e)), 1);
	}
}

static void check_counts(const struct opened *o, const struct corpora_row *row, unsigned opaque)
{
	unsigned keys = 0, certs = 0, secrets = 0, others = 0;
	for (size_t i = 0; i < o->model.nr; i++) {
		const struct kst_entry *e = o->model.item[i].entry;
		keys += e->kind == KST_KIND_KEY;
		secrets += e->kind == KST_KIND_SECRET;
		others += e->kind == KST_KIND_OPAQUE;
		certs += e->kind == KST_KIND_CERT; /* as the list counts here: chains are no entries */
	}
	ck_assert_msg(keys == row->keys && certs == row->certs && others == opaque &&
			      secrets + others == (row->secrets > opaque ? row->secrets : opaque),
		      "%s: %u/%u/%u+%u instead of %u/%u/%u", row->path, keys, certs, secrets, others,
		      row->keys, row->certs, row->secrets);
}

/* Written as it is, it is the same file; with one entry renamed the others are the same bytes. */
static void rewrite(struct opened *o, const struct corpora_row *row, const struct kst_buf *file)
{
	bool twice = strstr(row->path, "duplicate_aliases") != NULL;
	ck_assert_msg(kit_write(o) == 0, "%s: %s", row->path, o->err.message);
	if (!twice)
		ck_assert_msg(o->out.len == file->len && !memcmp(o->out.data, file->data, file->len), "%s",
			      row->path);
	if (!o->model.nr)
		return;
	struct opened again;
	struct kst_entry *e = o->model.item[0].entry;
	kst_free(e->alias);
	e->alias = kst_strdup("another-name");
	o->model.item[0].dirty = true;
	ck_assert_msg(kit_write(o) == 0, "%s: %s", row->path, o->err.message);
	kit_open(&again, kit_bytes(&o->out), row->pass ? row->pass : "changeit");
	ck_assert_msg(again.rc == 0 && again.model.nr == o->model.nr, "%s: %s", row->path, again.err.message);
	for (size_t i = 0; i < o->model.nr; i++) {
		struct kst_entry *a = o->model.item[i].entry, *b = again.model.item[i].entry;
		ck_assert_msg(a->kind == b->kind && kst_chain_equal(&a->chain, &b->chain) &&
				      !strcmp(a->alias, b->alias) && a->created == b->created &&
				      (!a->key || kst_blob_equal(&a->key->sealed, &b->key->sealed)) &&
				      kst_blob_equal(&a->secret_sealed, &b->secret_sealed) &&
				      kst_blob_equal(&a->der, &b->der),
			      "%s: entry %zu", row->path, i);
	}
	kit_close(&again);
}

static void one(const struct corpora_row *row)
{
	struct kst_buf file KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct exception *x = exception_of(row->path);
	struct opened o;
	rows++;
	ck_assert_msg(corpora_slurp(row->path, &file), "%s cannot be read", row->path);
	ck_assert_int_eq(kit_format->probe(file.data, file.len < 64 ? file.len : 64, false), 100);

	kit_open(&o, kit_bytes(&file), NULL);
	ck_assert_msg(o.rc == 0 && o.model.info.integrity == KST_INTEGRITY_NOT_CHECKED, "%s: %s", row->path,
		      o.err.message);
	size_t nr = o.model.nr;
	kit_close(&o);
	kit_open(&o, kit_bytes(&file), "certainly-not-this");
	ck_assert_msg(o.rc < 0 && o.err.code == KST_E_WRONG_PASSPHRASE, "%s", row->path);
	kit_close(&o);

	kit_open(&o, kit_bytes(&file), row->pass ? row->pass : "changeit");
	if (row->pass || o.rc == 0) {
		ck_assert_msg(o.rc == 0 && o.model.nr == nr &&
				      o.model.info.integrity == KST_INTEGRITY_VERIFIED,
			      "%s (%s): %s", row->path, row->expected, o.err.message);
	} else { /* nobody wrote down what its digest is made with */
		ck_assert_int_eq(o.err.code, KST_E_WRONG_PASSPHRASE);
		kit_close(&o);
		kit_open(&o, kit_bytes(&file), NULL);
	}
	if (x)
		printf("  otherwise: %s: %s\n", strrchr(row->path, '/') + 1, x->why);
	loaded++;
	check_counts(&o, row, x ? x->opaque : 0);
	if (!o.model.has_pass) {
		kit_close(&o);
		return;
	}
	rewrite(&o, row, &file);
	kit_close(&o);
	kit_open(&o, kit_bytes(&file), row->pass ? row->pass : "changeit");
	open_everything(&o, row);
	kit_close(&o);
}

START_TEST(all_of_the_corpora)
{
	kit_format = &kst_format_jks;
	if (!corpora_each("JKS", one))
		return;
	unsigned jks = rows;
	kit_format = &kst_format_jceks;
	corpora_each("JCEKS", one);
	printf("jks corpus: %u JKS and %u JCEKS files: %u loaded, %u keys and %u secrets opened\n", jks,
	       rows - jks, loaded, keys_opened, secrets_opened);
	ck_assert_uint_ge(jks, 10);
	ck_assert_uint_ge(rows - jks, 10);
	ck_assert_uint_eq(loaded, rows);
	ck_assert_uint_ge(keys_opened, 9);
	ck_assert_uint_ge(secrets_opened, 6);
}
END_TEST

Suite *test_jks_corpus(void);
Suite *test_jks_corpus(void)
{
	Suite *s = suite_create("jks_corpus");
	TCase *t = tcase_create("corpora");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, all_of_the_corpora);
	suite_add_tcase(s, t);
	return s;
}
