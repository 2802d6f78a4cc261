/* SPDX-License-Identifier: ISC */
/*
 * test_trust_files.c - Mozilla's certdata.txt and p11-kit's files: what each
 * certificate is trusted for, and that nothing makes more of it
 */
#include "corpora.h"
#include "kstool/store.h"
#include "pem_kit.h"

extern const struct kst_format kst_format_certdata, kst_format_p11kit;

static const char *own(const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "tests/corpus/%s", name);
	return path;
}

static void load(struct kst_buf *out, const char *path)
{
	struct kst_error err = KST_ERROR_INIT;
	ck_assert_msg(kst_file_read(path, 1 << 24, out, &err) == 0, "%s: %s", path, err.message);
}

static void read_own(struct file *f, const struct kst_format *format, const char *name)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	load(&b, own(name));
	ck_assert_msg(file_read_bytes(f, format, b.data, b.len) == 0, "%s: %s", name, f->err.message);
}

static bool noted(const struct file *f, const char *slug)
{
	for (size_t i = 0; i < f->notes.nr; i++)
		if (strcmp(f->notes.note[i].slug, slug) == 0)
			return true;
	return false;
}

/* ---- what is said of each ---- */

static const struct said {
	const char *file;
	const char *trust;      /* in words; "" all */
	unsigned for_what;      /* purposes that it is an anchor for */
	const char *note;       /* slug, or NULL */
} said[] = {
	{ "certdata/good-server.certdata", "server", KST_FOR_SERVER, NULL },
	{ "certdata/good-none.certdata", "nothing", 0, NULL },
	{ "certdata/good-alone.certdata", "nothing", 0, NULL },
	{ "certdata/good-distrusted.certdata", "nothing; never for server, code, email", 0, NULL },
	{ "certdata/good-contradiction.certdata", "nothing; never for server", 0, NULL },
	{ "certdata/good-other-hash.certdata", "nothing", 0, "trust-without-certificate" },
	{ "certdata/good-netscape.certdata", "server, email", KST_FOR_SERVER | KST_FOR_EMAIL, NULL },
	{ "certdata/good-after.certdata", "server, email; not for server if issued after 2024-11-30",
	  KST_FOR_SERVER | KST_FOR_EMAIL, NULL },
	{ "certdata/good-after-bad.certdata", "nothing", 0, "date-unreadable" },
	{ "certdata/good-elsewhere.certdata", "server", KST_FOR_SERVER, "trust-without-certificate" },
	{ "p11kit/good-anchor.p11-kit", "", KST_FOR_EVERYTHING, NULL },
	{ "p11kit/good-untrusted.p11-kit", "nothing", 0, NULL },
	{ "p11kit/good-distrusted.p11-kit",
	  "nothing; never for any, server, client, code, email, time", 0, NULL },
	{ "p11kit/good-purposes.p11-kit", "server, email", KST_FOR_SERVER | KST_FOR_EMAIL, NULL },
	{ "p11kit/good-purposes-bare.p11-kit", "server", KST_FOR_SERVER, NULL },
	{ "p11kit/good-constraints.p11-kit", "extension 2.5.29.30 attached to it", KST_FOR_EVERYTHING,
	  "extension-attached" },
	{ "p11kit/good-after.p11-kit", "not for server if issued after 2024-11-30",
	  KST_FOR_EVERYTHING, NULL },
	{ "p11kit/good-other-class.p11-kit", "", KST_FOR_EVERYTHING, "objects-skipped" },
};

START_TEST(a_certificate_is_trusted_for_what_its_file_says)
{
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		const struct said *s = &said[i];
		struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
		struct file f;
		read_own(&f, *s->file == 'c' ? &kst_format_certdata : &kst_format_p11kit, s->file);
		const struct kst_entry *e = peek(&f, 0);
		kst_entry_trust_text(e, &text);
		ck_assert_msg(strcmp(text.data ? (char *)text.data : "", s->trust) == 0, "%s: %s",
			      s->file, text.data ? (char *)text.data : "");
		for (unsigned bit = 1; bit <= KST_FOR_TIME; bit <<= 1) {
			bool want = s->for_what & bit;
			ck_assert_msg(kst_entry_trusted_for(e, bit) == want, "%s, purpose %u",
				      s->file, bit);
		}
		ck_assert_msg(e->trusted == (s->for_what != 0) && e->no_anchor == !e->trusted, "%s",
			      s->file);
		if (s->note)
			ck_assert_msg(noted(&f, s->note), "%s: no %s", s->file, s->note);
		else
			ck_assert_msg(f.notes.nr == 0, "%s: %s", s->file, f.notes.note[0].text);
		file_close(&f);
	}
}
END_TEST

START_TEST(what_is_no_anchor_becomes_none_anywhere)
{
	static const char *const files[] = { "certdata/good-none.certdata",
					     "certdata/good-distrusted.certdata",
					     "certdata/good-alone.certdata",
					     "p11kit/good-untrusted.p11-kit",
					     "p11kit/good-distrusted.p11-kit" };
	struct kst_open_options opt = { .insecure_permissions = true };
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		for (int as_trust = 0; as_trust < 2; as_trust++) {
			struct kst_gather_options how = { .as_trust = as_trust };
			struct kst_gathered g = { .nr = 0 };
			struct kst_store *s = NULL;
			ck_assert_int_eq(kst_store_open(&s, own(files[i]), &opt, NULL), 0);
			ck_assert_int_eq(kst_gather(&g, &s, 1, &how, NULL, NULL), 0);
			ck_assert_uint_eq(g.nr, 1);
			ck_assert_msg(!g.entry[0]->trusted, "%s", files[i]);
			for (const struct kst_format *const *f = kst_formats(); *f; f++)
				if (!((*f)->caps & KST_CAP_PURPOSES))
					ck_assert_msg(kst_entry_loss(g.entry[0], *f) != 0, "%s takes %s",
						      (*f)->name, files[i]);
			kst_gathered_release(&g);
			kst_store_free(s);
		}
}
END_TEST

START_TEST(pem_holds_all_settings_and_gives_them_back)
{
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		const struct said *s = &said[i];
		struct file f, g, h;
		read_own(&f, *s->file == 'c' ? &kst_format_certdata : &kst_format_p11kit, s->file);
		struct kst_entry *copy = NULL;
		ck_assert_int_eq(kst_entry_copy(&copy, peek(&f, 0), NULL), 0);
		file_init(&g, &kst_format_pem);
		ck_assert_int_eq(kst_model_push(&g.m, copy, KST_NO_BASE), 0);
		file_read(&h, file_write(&g));
		ck_assert_msg(kst_entry_same(peek(&h, 0), peek(&f, 0)), "%s", s->file);
		file_close(&f);
		file_close(&g);
		file_close(&h);
	}
}
END_TEST

START_TEST(narrowed_to_one_purpose_it_has_no_settings_left)
{
	struct file f;
	read_own(&f, &kst_format_certdata, "certdata/good-server.certdata");
	struct kst_entry *e = entry(&f, 0);
	ck_assert(!kst_entry_narrow(e, KST_FOR_EMAIL) && e->purposes.len);
	ck_assert(!kst_entry_narrow(e, KST_FOR_ANY) && e->purposes.len);
	ck_assert(kst_entry_narrow(e, KST_FOR_SERVER) && !e->purposes.len && e->trusted);
	file_close(&f);
}
END_TEST

/* ---- files of others ---- */

static const struct theirs {
	const char *file;
	size_t entries;
	const char *trust[3];
} theirs[] = {
	{ "nss/lib/ckfw/builtins/testlib/certdata-testlib.txt", 3,
	  { "server, code, email",
	    "server, code, email; not for server if issued after 2020-06-17, not for email if issued "
	    "after 2007-10-14",
	    "code, email; not for email if issued after 2007-10-14" } },
	{ "p11-kit/input/verisign-v1.p11-kit", 1, { "" } },
	{ "p11-kit/input/extensions.p11-kit", 2, { "", "" } },
};

START_TEST(files_of_other_projects_are_read)
{
	struct kst_open_options opt = { .insecure_permissions = true };
	size_t nr = sizeof(theirs) / sizeof(theirs[0]), good = 0;
	for (size_t i = 0; i < nr; i++) {
		char path[512];
		struct kst_error err = KST_ERROR_INIT;
		struct kst_store *s = NULL;
		snprintf(path, sizeof(path), "%s/%s", corpora_dir(), theirs[i].file);
		if (kst_store_open(&s, path, &opt, &err) < 0) {
			ck_assert_msg(err.code == KST_E_NO_FILE, "%s: %s", path, err.message);
			printf("skipped: no %s\n", path);
			continue;
		}
		ck_assert_uint_eq(kst_store_count(s), theirs[i].entries);
		for (size_t k = 0; k < theirs[i].entries; k++) {
			struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
			struct kst_entry *e = NULL;
			ck_assert_int_eq(kst_store_entry(s, k, &e, NULL), 0);
			kst_entry_trust_text(e, &text);
			ck_assert_str_eq(text.data ? (char *)text.data : "", theirs[i].trust[k]);
		}
		kst_store_free(s);
		good++;
	}
	printf("trust files: %zu of %zu as their projects say\n", good, nr);
}
END_TEST

/* Mozilla's own, where somebody put it: KST_CERTDATA=FILE.  The figures are those of NSS 3.124. */
START_TEST(the_real_certdata_has_its_known_counts)
{
	const char *path = getenv("KST_CERTDATA");
	struct kst_open_options opt = { .insecure_permissions = true };
	struct kst_store *s = NULL;
	size_t server = 0, email = 0, limited = 0;
	if (!path) {
		printf("skipped: KST_CERTDATA names no certdata.txt of Mozilla\n");
		return;
	}
	ck_assert_int_eq(kst_store_open(&s, path, &opt, NULL), 0);
	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_entry *e = NULL;
		ck_assert_int_eq(kst_store_entry(s, i, &e, NULL), 0);
		server += kst_entry_trusted_for(e, KST_FOR_SERVER);
		email += kst_entry_trusted_for(e, KST_FOR_EMAIL);
		limited += e->server_after || e->email_after;
	}
	printf("certdata: %zu certificates, %zu for servers, %zu for e-mail, %zu limited by a date\n",
	       kst_store_count(s), server, email, limited);
	ck_assert_uint_gt(server, 100);
	ck_assert_uint_le(server, kst_store_count(s));
	ck_assert_uint_gt(email, 50);
	kst_store_free(s);
}
END_TEST

START_TEST(without_memory_nothing_is_read_by_halves)
{
	static const char *const files[] = { "certdata/good-after.certdata",
					     "p11kit/good-purposes.p11-kit" };
	for (size_t i = 0; i < 2; i++) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
		bool done = false;
		load(&b, own(files[i]));
		for (unsigned n = 1; !done; n++) {
			struct file f;
			ck_assert_uint_lt(n, 2000);
			kst_alloc_fail_after(n);
			done = file_read_bytes(&f, i ? &kst_format_p11kit : &kst_format_certdata, b.data,
					       b.len) == 0;
			kst_alloc_fail_after(0);
			if (!done)
				ck_assert_msg(f.err.code == KST_E_NO_MEMORY, "%s, %u: %s", files[i], n,
					      f.err.message);
			else
				ck_assert_uint_eq(f.m.nr, 1);
			file_close(&f);
		}
	}
}
END_TEST

Suite *test_trust_files(void);
Suite *test_trust_files(void)
{
	Suite *s = suite_create("trust_files");
	TCase *t = tcase_create("trust");
	tcase_add_test(t, a_certificate_is_trusted_for_what_its_file_says);
	tcase_add_test(t, what_is_no_anchor_becomes_none_anywhere);
	tcase_add_test(t, pem_holds_all_settings_and_gives_them_back);
	tcase_add_test(t, narrowed_to_one_purpose_it_has_no_settings_left);
	tcase_add_test(t, files_of_other_projects_are_read);
	tcase_add_test(t, the_real_certdata_has_its_known_counts);
	tcase_add_test(t, without_memory_nothing_is_read_by_halves);
	suite_add_tcase(s, t);
	return s;
}
