/* SPDX-License-Identifier: ISC */
/* test_replace.c - the file protocol: at every moment the old bytes or the new */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "filedir.h"

START_TEST(a_new_file_has_the_mode_that_was_asked_for)
{
	umask(0);
	ck_assert_int_eq(replace(in_dir("key"), "k", 0600, 0, false), KST_OK);
	ck_assert_uint_eq(mode_of("key"), 0600);
	umask(0777);
	ck_assert_int_eq(replace(in_dir("cert"), "c", 0644, 0, false), KST_OK);
	ck_assert_uint_eq(mode_of("cert"), 0644);
	ck_assert_int_eq(names(), 2);
}
END_TEST

START_TEST(while_it_is_written_nobody_else_reads_a_new_file)
{
	struct kst_place p = KST_PLACE_INIT;
	struct kst_replace r = KST_REPLACE_INIT;
	struct stat st;

	umask(0);
	ck_assert_int_eq(kst_place_find(&p, in_dir("key"), false, NULL), 0);
	ck_assert_int_eq(kst_replace_begin(&r, &p, 0600, 0, false, NULL), 0);
	ck_assert_int_eq(fstat(r.fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert(!there("key"));
	kst_replace_abort(&r);
	kst_replace_abort(&r);
	kst_place_release(&p);
	ck_assert_int_eq(names(), 0);
}
END_TEST

START_TEST(a_replaced_file_keeps_owner_and_mode)
{
	struct stat st;

	make("f", "old", 0640);
	bool chowned = !chown(in_dir("f"), 12345, 54321);
	chmod(in_dir("f"), 0640);
	umask(077);
	ck_assert_int_eq(replace(in_dir("f"), "new", 0600, 0, false), KST_OK);
	ck_assert_uint_eq(mode_of("f"), 0640);
	ck_assert_int_eq(stat(in_dir("f"), &st), 0);
	if (chowned) {
		ck_assert_uint_eq(st.st_uid, 12345);
		ck_assert_uint_eq(st.st_gid, 54321);
	} else {
		puts("skipped: another owner, since only root can give files away");
	}
	ck_assert_int_eq(replace(in_dir("f"), "key", 0600, 0600, false), KST_OK);
	ck_assert_uint_eq(mode_of("f"), 0600);
}
END_TEST

/* u::rw- u:12345:rw- g::r-- m::rw- o::---, as the kernel keeps it (posix_acl_xattr.h) */
static const uint8_t acl[] = { 2, 0,  0,   0,	1,   0,	  6,  0, 255, 255, 255, 255, 2,	  0,  6,
			       0, 57, 48,  0,	0,   4,	  0,  4, 0,   255, 255, 255, 255, 16, 0,
			       6, 0,  255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255 };

START_TEST(an_access_control_list_is_taken_over)
{
	uint8_t t[200];

	make("f", "old", 0600);
	if (setxattr(in_dir("f"), "system.posix_acl_access", acl, sizeof(acl), 0) < 0) {
		printf("skipped: no access control lists here (%s)\n", strerror(errno));
		return;
	}
	ck_assert_uint_eq(mode_of("f"), 0660);
	ck_assert_int_eq(replace(in_dir("f"), "new", 0600, 0, false), KST_OK);
	ck_assert_int_eq(getxattr(in_dir("f"), "system.posix_acl_access", t, sizeof(t)),
			 sizeof(acl));
	ck_assert_mem_eq(t, acl, sizeof(acl));
	ck_assert_uint_eq(mode_of("f"), 0660);
	/* Its first key: neither the list nor its mask may stay. */
	ck_assert_int_eq(replace(in_dir("f"), "key", 0600, 0660, false), KST_OK);
	ck_assert_int_eq(getxattr(in_dir("f"), "system.posix_acl_access", t, sizeof(t)), -1);
	ck_assert_uint_eq(mode_of("f"), 0600);
}
END_TEST

START_TEST(a_list_that_the_directory_gives_opens_no_old_file)
{
	uint8_t t[200];

	make("f", "old", 0640);
	if (setxattr(dir, "system.posix_acl_default", acl, sizeof(acl), 0) < 0) {
		printf("skipped: no access control lists here (%s)\n", strerror(errno));
		return;
	}
	ck_assert_int_eq(replace(in_dir("f"), "new", 0600, 0, false), KST_OK);
	ck_assert_int_eq(getxattr(in_dir("f"), "system.posix_acl_access", t, sizeof(t)), -1);
	ck_assert_uint_eq(mode_of("f"), 0640);
}
END_TEST

START_TEST(fresh_never_overwrites)
{
	struct kst_place p = KST_PLACE_INIT;
	struct kst_replace r = KST_REPLACE_INIT;
	struct kst_error err = KST_ERROR_INIT;

	ck_assert_int_eq(kst_place_find(&p, in_dir("f"), false, NULL), 0);
	ck_assert(!p.exists);
	ck_assert_int_eq(kst_replace_begin(&r, &p, 0600, 0, false, NULL), 0);
	ck_assert_int_eq(kst_replace_write(&r, "mine", 4, NULL), 0);
	int fd = kst_replace_sync(&r, NULL);
	ck_assert_int_ge(fd, 0);
	close(fd);
	make("f", "theirs", 0600); /* in between */
	ck_assert_int_eq(kst_replace_commit(&r, true, &err), -1);
	ck_assert_int_eq(err.code, KST_E_EXISTS);
	kst_replace_abort(&r);
	kst_place_release(&p);
	holds("f", "theirs");
	ck_assert_int_eq(names(), 1);
}
END_TEST

START_TEST(names_of_any_length_can_be_replaced)
{
	char name[256];

	for (size_t n = 230; n < 256; n += 5) {
		memset(name, 'n', n);
		name[n] = '\0';
		ck_assert_int_eq(replace(in_dir(name), "1", 0600, 0, false), KST_OK);
		ck_assert_int_eq(replace(in_dir(name), "2", 0600, 0, false), KST_OK);
		holds(name, "2");
	}
	ck_assert_int_eq(names(), 6);
}
END_TEST

START_TEST(stale_neighbours_go_and_nothing_else_does)
{
	static const char *const stay[] = { ".g.0123456789abcdef.tmp",	".f.0123456789abcde.tmp",
					    ".f.0123456789ABCDEF.tmp",	"f.0123456789abcdef.tmp",
					    ".f.0123456789abcdef.tmpx", ".ff.123456789abcdef.tmp" };

	make("f", "old", 0600);
	make(".f.0123456789abcdef.tmp", "stale", 0600);
	make(".f.fedcba9876543210.tmp", "stale", 0600);
	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		make(stay[i], "x", 0600);
	/* Without the lock they may be somebody's work. */
	struct kst_place p = KST_PLACE_INIT;
	struct kst_replace r = KST_REPLACE_INIT;
	ck_assert_int_eq(kst_place_find(&p, in_dir("f"), false, NULL), 0);
	ck_assert_int_eq(kst_replace_begin(&r, &p, 0600, 0, false, NULL), 0);
	kst_replace_abort(&r);
	kst_place_release(&p);
	ck_assert(there(".f.0123456789abcdef.tmp"));

	ck_assert_int_eq(replace(in_dir("f"), "new", 0600, 0, false), KST_OK);
	ck_assert(!there(".f.0123456789abcdef.tmp"));
	ck_assert(!there(".f.fedcba9876543210.tmp"));
	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		ck_assert_msg(there(stay[i]), "%s", stay[i]);
}
END_TEST

START_TEST(a_signal_leaves_nothing)
{
	struct kst_place p = KST_PLACE_INIT, q = KST_PLACE_INIT;
	struct kst_replace r = KST_REPLACE_INIT, s = KST_REPLACE_INIT, done = KST_REPLACE_INIT;

	/* What is done needs no remembering, however many there were. */
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(replace(in_dir("h"), "x", 0600, 0, false), KST_OK);
	ck_assert_int_eq(unlink(in_dir("h")), 0);

	ck_assert_int_eq(kst_place_find(&p, in_dir("f"), false, NULL), 0);
	ck_assert_int_eq(kst_place_find(&q, in_dir("g"), false, NULL), 0);
	ck_assert_int_eq(kst_replace_begin(&done, &q, 0600, 0, false, NULL), 0);
	ck_assert_int_eq(kst_replace_commit(&done, true, NULL), 0);
	ck_assert_int_eq(kst_replace_begin(&r, &p, 0600, 0, false, NULL), 0);
	ck_assert_int_eq(kst_replace_begin(&s, &q, 0600, 0, false, NULL), 0);
	ck_assert_int_eq(names(), 3);
	kst_replace_abort_all();
	ck_assert_int_eq(names(), 1);
	ck_assert(there("g"));
	kst_replace_abort(&r);
	kst_replace_abort(&s);
	kst_replace_abort(&done);
	kst_place_release(&p);
	kst_place_release(&q);
}
END_TEST

Suite *test_replace(void)
{
	Suite *s = suite_create("replace");
	TCase *tc = tcase_create("replace");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, a_new_file_has_the_mode_that_was_asked_for);
	tcase_add_test(tc, while_it_is_written_nobody_else_reads_a_new_file);
	tcase_add_test(tc, a_replaced_file_keeps_owner_and_mode);
	tcase_add_test(tc, an_access_control_list_is_taken_over);
	tcase_add_test(tc, a_list_that_the_directory_gives_opens_no_old_file);
	tcase_add_test(tc, fresh_never_overwrites);
	tcase_add_test(tc, names_of_any_length_can_be_replaced);
	tcase_add_test(tc, stale_neighbours_go_and_nothing_else_does);
	tcase_add_test(tc, a_signal_leaves_nothing);
	suite_add_tcase(s, tc);
	return s;
}
