/* SPDX-License-Identifier: ISC */
/*
 * test_corpora.c - that every file of other projects is somebody's: most kinds
 * have a suite of their own, which is named here; the others are judged here,
 * through the door that everybody uses
 */
#include "corpora.h"

static const struct {
	const char *kind, *suite;
	bool prefix;
} suites[] = {
	{ "PEM:", "pem_corpus", true },	      { "DER:X509", "pem_corpus", false }, { "PKCS8-enc", "pem_corpus", false },
	{ "PKCS12", "pkcs12_corpus", false }, { "JKS", "jks_corpus", false },	   { "JCEKS", "jks_corpus", false },
	{ "BKS", "bks", false },	      { "UBER", "bks", false },		   { "BKS/UBER", "bks", false },
};
#define SUITES (sizeof(suites) / sizeof(suites[0]))

/* What is decided here, and what the list does not say.  Nothing else may be refused. */
static const struct known {
	const char *file, *slug; /* "success" or the error */
	const char *format;	 /* as what it is read; NULL: not */
	unsigned entries;
	const char *why; /* where the list says something else; NULL: it leaves it open */
} known[] = {
	{ "pkcs7_data_cert_encrypted.der", "unsupported-feature", NULL, 0, "enveloped data, which is encrypted: no bundle" },
	{ "enveloped-no-content.der", "unsupported-feature", NULL, 0, "enveloped data, which is encrypted: no bundle" },
	/* Nobody's signature is looked at, so a wrong one is none of kstool's business. */
	{ "pkcs7_data_signed_badsigner.der", "success", "pkcs7", 1, NULL },
	{ "pkcs7_data_signed_badsigner1_badtag.der", "success", "pkcs7", 0, NULL },
	{ "pkcs7_data_signed_badsigner2_badtag.der", "success", "pkcs7", 0, NULL },
	{ "pkcs7_signerInfo_2_invalid_tag.der", "success", "pkcs7", 0, NULL },
	{ "certdata-testlib.txt", "success", "certdata", 3, NULL },
	/* Not certdata, whatever the list calls them: a certificate with its key in PEM. */
	{ "testcert_err_distrust.txt", "success", "pem", 1, NULL },
	{ "testcert_no_distrust.txt", "success", "pem", 1, NULL },
	{ "testcert_ok_distrust.txt", "success", "pem", 1, NULL },
	{ "extensions.p11-kit", "success", "p11kit", 2, NULL },
	{ "verisign-v1.p11-kit", "success", "p11kit", 1, NULL },
	{ "04-test_pem_reading_data/NOTES.txt", "unknown-format", NULL, 0, NULL },
	{ "04-test_pem_reading_data/wellknown", "unknown-format", NULL, 0, NULL },
	{ "fixtures/empty-file", "empty-file", NULL, 0, NULL },
	{ "fixtures/multiple.edk2", "unknown-format", NULL, 0, NULL },
	{ "fixtures/simple-string", "unknown-format", NULL, 0, NULL },
	{ "fixtures/unrecognized-file.txt", "unknown-format", NULL, 0, NULL },
};

static unsigned rows, elsewhere[SUITES], here, as_said, decided, open_ones, bad;

static const struct known *known_of(const char *path)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(path, known[i].file))
			return &known[i];
	return NULL;
}

/* The slug of what happened; entries and certificates of what opened. */
static const char *look(const char *path, const char **format, unsigned *entries, unsigned *certs, struct kst_error *err)
{
	struct kst_open_options opt = { .insecure_permissions = true };
	struct kst_store *s = NULL;

	if (kst_store_open(&s, path, &opt, err) < 0)
		return kst_code_slug(err->code);
	*format = kst_store_format(s)->name;
	*entries = (unsigned)kst_store_count(s);
	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_entry *e = NULL;
		ck_assert_int_eq(kst_store_entry(s, i, &e, err), 0);
		*certs += (unsigned)e->chain.nr;
	}
	kst_store_free(s);
	return "success";
}

static bool judge(const struct corpora_row *row, const struct known *x, const char *slug, const char *format, unsigned entries,
		  unsigned certs)
{
	bool good = !strcmp(slug, "success");

	if (!strncmp(row->expected, "must-fail", 9))
		return !good && !x && ++as_said;
	if (!x)
		return !strncmp(row->expected, "loads", 5) && good && certs == row->certs && ++as_said;
	if (strcmp(slug, x->slug) != 0 || (good && (strcmp(format, x->format) != 0 || entries != x->entries)))
		return false;
	if (x->why)
		printf("  otherwise: %s: %s, %s\n", strrchr(row->path, '/') + 1, slug, x->why);
	*(x->why ? &decided : strncmp(row->expected, "loads", 5) ? &open_ones : &as_said) += 1;
	return true;
}

static void one(const struct corpora_row *row)
{
	struct kst_error err = KST_ERROR_INIT;
	unsigned entries = 0, certs = 0;
	const char *format = NULL;

	rows++;
	for (size_t i = 0; i < SUITES; i++)
		if (!strcmp(row->kind, suites[i].kind) ||
		    (suites[i].prefix && !strncmp(row->kind, suites[i].kind, strlen(suites[i].kind)))) {
			elsewhere[i]++;
			return;
		}
	here++;
	const char *slug = look(row->path, &format, &entries, &certs, &err);
	ck_assert_msg(!strcmp(slug, "success") || *err.message, "%s fails without a word", row->path);
	if (judge(row, known_of(row->path), slug, format, entries, certs))
		return;
	bad++;
	printf("%s (%s): %s, not \"%s\": %u entries, %u certificates; %s\n", row->path, row->kind, slug, row->expected, entries,
	       certs, err.message);
}

START_TEST(every_file_of_other_projects_is_somebodys)
{
	if (!corpora_each(NULL, one))
		return;
	for (size_t i = 0; i < SUITES; i++) {
		printf("corpora: %u files %s%s: suite %s\n", elsewhere[i], suites[i].kind, suites[i].prefix ? "..." : "",
		       suites[i].suite);
		ck_assert_uint_gt(elsewhere[i], 0);
	}
	printf("corpora: %u files in all; %u of %u judged here: %u as their projects say, %u decided otherwise, %u of which nobody "
	       "says anything\n", rows, here - bad, here, as_said, decided, open_ones);
	ck_assert_uint_eq(bad, 0);
	ck_assert_uint_eq(as_said + decided + open_ones, here);
	ck_assert_uint_ge(here, 30);
	ck_assert_uint_gt(rows, 500);
}
END_TEST

Suite *test_corpora(void);
Suite *test_corpora(void)
{
	Suite *s = suite_create("corpora");
	TCase *t = tcase_create("files");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, every_file_of_other_projects_is_somebodys);
	suite_add_tcase(s, t);
	return s;
}
