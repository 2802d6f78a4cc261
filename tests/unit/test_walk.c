/* SPDX-License-Identifier: ISC */
/* test_walk.c - what a walk finds and what it keeps away from; links below a root; what is known of places */
#include "filedir.h"

#include <sys/stat.h>

#include "kstool/walk.h"

#define CA \
	"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUK1mZJg1WlEqGKBmJpUc=\n-----END CERTIFICATE-----\n"

static void dirs(const char *path)
{
	char whole[1024];

	for (size_t i = 1; i <= strlen(path); i++)
		if (path[i] == '/' || !path[i]) {
			snprintf(whole, sizeof(whole), "%s/%.*s", dir, (int)i, path);
			mkdir(whole, 0755);
		}
}

static void link_to(const char *target, const char *name)
{
	ck_assert_int_eq(symlink(target, in_dir(name)), 0);
}

static void resolves(const char *inside, const char *want)
{
	char *got = kst_root_resolve(dir, inside);

	if (want)
		ck_assert_str_eq(got, want);
	else
		ck_assert_ptr_null(got);
	kst_free(got);
}

START_TEST(links_stay_below_the_root)
{
	dirs("a/b/c");
	link_to("/a", "abs");
	link_to("b/c", "a/rel");
	link_to("../../../../../../../../etc", "a/b/up");
	link_to("round", "round");
	link_to("two", "one");
	link_to("one", "two");
	link_to("/abs/rel", "far");
	resolves("/", "/");
	resolves("", "/");
	resolves("/a/b", "/a/b");
	resolves("/a//./b/", "/a/b");
	resolves("/abs/b", "/a/b");
	resolves("/a/rel", "/a/b/c");
	resolves("/abs/rel/new", "/a/b/c/new");
	resolves("/far/x", "/a/b/c/x");
	resolves("/a/b/up/passwd", "/etc/passwd");
	resolves("/../../a", "/a");
	resolves("/a/rel/..", "/a/b");
	resolves("/not/there/at/all", "/not/there/at/all");
	resolves("/round", NULL);
	resolves("/one/x", NULL);
}
END_TEST

static void walk(struct kst_walk *w)
{
	struct kst_error err = KST_ERROR_INIT;

	ck_assert_msg(kst_walk(w, dir, NULL, &err) == 0, "%s", err.message);
}

static bool has(const struct kst_walk *w, const char *inside)
{
	for (size_t i = 0; i < w->nr; i++)
		if (!strcmp(w->found[i].inside, inside))
			return true;
	return false;
}

START_TEST(by_content_and_not_where_nobody_looks)
{
	struct kst_walk w;
	char late[6000];

	dirs("x/.git");
	dirs("proc/1");
	dirs("var/lib/docker/overlay2");
	dirs("nowhere");
	make("x/any-name", CA, 0644);
	make("x/text.txt", "nothing of that sort, but long enough to be one of them", 0644);
	make("x/code.py", CA, 0644);
	make("x/.git/a.pem", CA, 0644);
	make("proc/1/a.pem", CA, 0644);
	make("var/lib/docker/overlay2/a.pem", CA, 0644);
	memset(late, '#', sizeof(late));
	strcpy(late + 5000, "\n" CA);
	make("x/late.pem", late, 0644);
	make("x/late.dat", late, 0644);
	link_to("x/any-name", "nowhere/link.pem");
	ck_assert_int_eq(mkfifo(in_dir("x/fifo.pem"), 0600), 0);
	walk(&w);
	ck_assert(has(&w, "/x/any-name"));
	ck_assert(has(&w, "/x/late.pem"));
	ck_assert_uint_eq(w.nr, 2);
	ck_assert_uint_eq(w.nr_closed, 1);
	ck_assert_str_eq(w.closed[0], "/var/lib/docker");
	kst_walk_release(&w);
}
END_TEST

START_TEST(a_known_name_leads_to_a_file_of_another)
{
	struct kst_walk w;

	dirs("opt/jdk/lib/security");
	dirs("srv");
	make("srv/store", CA, 0644);
	link_to("/srv/store", "opt/jdk/lib/security/cacerts");
	link_to("/etc/passwd", "opt/jdk/lib/security/jssecacerts");
	walk(&w);
	ck_assert_uint_eq(w.nr, 1);
	ck_assert_str_eq(w.found[0].inside, "/srv/store");
	ck_assert_str_eq(w.found[0].link, "/opt/jdk/lib/security/cacerts");
	ck_assert_int_eq((int)w.found[0].known->role, KST_PLACE_JAVA);
	kst_walk_release(&w);
}
END_TEST

/* What must be a truststore is not passed over because it is none. */
START_TEST(what_is_missed_is_found)
{
	struct kst_walk w;

	dirs("etc/ssl/certs");
	make("etc/ssl/certs/ca-certificates.crt", "", 0644);
	walk(&w);
	ck_assert_uint_eq(w.nr, 1);
	ck_assert_ptr_null(w.found[0].format);
	kst_walk_release(&w);
}
END_TEST

START_TEST(depth_has_an_end)
{
	struct kst_walk w;
	int fd[2] = { open(dir, O_RDONLY | O_DIRECTORY), -1 };

	for (int i = 0; i < 300; i++) {
		ck_assert_int_eq(mkdirat(fd[0], "d", 0755), 0);
		fd[1] = openat(fd[0], "d", O_RDONLY | O_DIRECTORY);
		close(fd[0]);
		fd[0] = fd[1];
	}
	close(fd[0]);
	walk(&w);
	ck_assert_uint_eq(w.nr_closed, 1);
	kst_walk_release(&w);
}
END_TEST

START_TEST(one_file_is_all_there_is)
{
	struct kst_walk w;
	struct kst_error err = KST_ERROR_INIT;

	make("one.pem", CA, 0644);
	make("two.pem", CA, 0644);
	ck_assert_int_eq(kst_walk(&w, in_dir("one.pem"), NULL, &err), 0);
	ck_assert_uint_eq(w.nr, 1);
	ck_assert_str_eq(w.found[0].path, in_dir("one.pem"));
	kst_walk_release(&w);
	ck_assert_int_eq(kst_walk(&w, in_dir("three.pem"), NULL, &err), -1);
	ck_assert_int_eq((int)err.code, KST_E_NO_FILE);
}
END_TEST

START_TEST(what_is_known_of_places)
{
	static const struct {
		const char *inside, *by;
		enum kst_place_role role;
	} want[] = {
		{ "/etc/ssl/certs/ca-certificates.crt", "update-ca-certificates", KST_PLACE_OS },
		{ "/etc/ssl/certs/java/cacerts", "ca-certificates-java", KST_PLACE_JAVA },
		{ "/etc/ssl/certs/ISRG_Root_X1.pem", "update-ca-certificates", KST_PLACE_COPY },
		{ "/usr/share/ca-certificates/mozilla/x.crt", "ca-certificates", KST_PLACE_COPY },
		{ "/usr/local/share/ca-certificates/a/b.crt", "update-ca-certificates", KST_PLACE_ANCHOR },
		{ "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "update-ca-trust", KST_PLACE_OS },
		{ "/opt/jdk-21/lib/security/cacerts", "jdk", KST_PLACE_JAVA },
		{ "/usr/lib/python3/dist-packages/pip/_vendor/certifi/cacert.pem", "pip (certifi)", KST_PLACE_OWN },
		{ "/venv/lib/python3.11/site-packages/certifi/cacert.pem", "certifi", KST_PLACE_OWN },
		{ "/home/u/.pki/nssdb/cert9.db", "nss", KST_PLACE_NSS },
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		const struct kst_known *k = kst_place_known(want[i].inside);

		ck_assert_msg(k && k->role == want[i].role && !strcmp(k->by, want[i].by), "%s", want[i].inside);
	}
	ck_assert_ptr_null(kst_place_known("/etc/nginx/server.pem"));
	ck_assert_ptr_null(kst_place_known("/opt/app/cacerts.p12"));
}
END_TEST

Suite *test_walk(void)
{
	Suite *s = suite_create("walk");
	TCase *tc = tcase_create("walk");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, links_stay_below_the_root);
	tcase_add_test(tc, by_content_and_not_where_nobody_looks);
	tcase_add_test(tc, a_known_name_leads_to_a_file_of_another);
	tcase_add_test(tc, what_is_missed_is_found);
	tcase_add_test(tc, depth_has_an_end);
	tcase_add_test(tc, one_file_is_all_there_is);
	tcase_add_test(tc, what_is_known_of_places);
	suite_add_tcase(s, tc);
	return s;
}
