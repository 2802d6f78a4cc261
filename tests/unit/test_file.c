/* SPDX-License-Identifier: ISC */
/*
 * test_file.c - reading, finding and locking files, and places that cannot be written
 *
 * What needs a mount is done in a child with mounts of its own; where that is
 * not allowed the case says that it was skipped.
 */
#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filedir.h"

/* ---- reading ---- */

START_TEST(a_file_is_read_whole_and_no_further_than_the_limit)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	struct stat st;
	uint8_t t[4];
	int fd;

	make("f", "0123456789", 0644);
	fd = kst_file_open(in_dir("f"), &st, &err);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(st.st_size, 10);
	ck_assert_int_eq(kst_fd_read_all(fd, 10, &b, &err), 0);
	ck_assert_uint_eq(b.len, 10);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(kst_fd_read_all(fd, 9, &b, &err), -1);
	ck_assert_int_eq(err.code, KST_E_TOO_LARGE);
	ck_assert_str_eq(err.message, "is larger than 9 bytes");

	kst_error_clear(&err);
	ck_assert_int_eq(kst_fd_read_at(fd, 6, t, 4, &err), 0);
	ck_assert_mem_eq(t, "6789", 4);
	ck_assert_int_eq(kst_fd_read_at(fd, 7, t, 4, &err), -1);
	ck_assert_int_eq(err.code, KST_E_TRUNCATED);
	close(fd);
}
END_TEST

START_TEST(a_pipe_is_read_to_its_end_and_no_further_than_the_limit)
{
	for (int much = 0; much < 2; much++) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
		struct kst_error err = KST_ERROR_INIT;
		int p[2], status;
		pid_t pid;

		ck_assert_int_eq(pipe(p), 0);
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (!pid) {
			static const char piece[1000];

			signal(SIGPIPE, SIG_DFL);
			for (int i = 0; i < 300; i++)
				if (write(p[1], piece, sizeof(piece)) < 0)
					_exit(1);
			_exit(0);
		}
		close(p[1]);
		if (much) {
			ck_assert_int_eq(kst_fd_read_all(p[0], 299999, &b, &err), -1);
			ck_assert_int_eq(err.code, KST_E_TOO_LARGE);
		} else {
			ck_assert_int_eq(kst_fd_read_all(p[0], 300000, &b, &err), 0);
			ck_assert_uint_eq(b.len, 300000);
		}
		close(p[0]);
		waitpid(pid, &status, 0);
	}
}
END_TEST

static const struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
static volatile sig_atomic_t interruptions;

/* So many that the writer meets some, and an end where the machine is too slow to do anything else. */
static void interrupt(int number)
{
	(void)number;
	if (++interruptions == 1000)
		setitimer(ITIMER_REAL, &never, NULL);
}

START_TEST(writing_goes_on_after_an_interruption)
{
	static uint8_t out[1 << 20];
	struct sigaction sa = { .sa_handler = interrupt }, old;
	int p[2], status, rc;
	pid_t pid;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 2654435761u >> 24);
	ck_assert_int_eq(pipe(p), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		uint8_t in[3000];
		size_t at = 0;
		ssize_t n;

		close(p[1]);
		while ((n = read(p[0], in, sizeof(in))) > 0) {
			if (at + (size_t)n > sizeof(out) || memcmp(in, out + at, (size_t)n))
				_exit(1);
			at += (size_t)n;
			if (at < 300000)
				usleep(1000); /* so that the writer waits, half done */
		}
		_exit(at == sizeof(out) ? 0 : 2);
	}
	close(p[0]);
	sigaction(SIGALRM, &sa, &old); /* without SA_RESTART */
	setitimer(ITIMER_REAL, &often, NULL);
	rc = kst_fd_write_all(p[1], out, sizeof(out), NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	close(p[1]);
	waitpid(pid, &status, 0);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(status, 0);
	ck_assert_int_gt(interruptions, 0);
}
END_TEST

START_TEST(what_cannot_be_read_is_named)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct stat st;
	int fd;

	ck_assert_int_eq(kst_file_open(in_dir("none"), &st, &err), -1);
	ck_assert_int_eq(err.code, KST_E_NO_FILE);
	ck_assert_str_eq(err.subject, in_dir("none"));
	kst_error_clear(&err);
	ck_assert_int_eq(kst_file_open(dir, &st, &err), -1);
	ck_assert_int_eq(err.code, KST_E_NOT_A_FILE);
	kst_error_clear(&err);
	fd = open(dir, O_RDONLY); /* `kstool list - < dir` */
	ck_assert_int_eq(kst_fd_read_all(fd, 100, &b, &err), -1);
	ck_assert_int_eq(err.code, KST_E_NOT_A_FILE);
	close(fd);
}
END_TEST

/* ---- the place ---- */

START_TEST(symbolic_links_are_resolved_and_stay)
{
	ck_assert_int_eq(mkdir(in_dir("real"), 0700), 0);
	make("real/f", "old", 0644);
	ck_assert_int_eq(symlink("real/f", in_dir("one")), 0);
	ck_assert_int_eq(symlink(in_dir("one"), in_dir("two")), 0);
	ck_assert_int_eq(symlink("real/later", in_dir("dangling")), 0);
	ck_assert_int_eq(symlink("loop", in_dir("loop")), 0);
	ck_assert_int_eq(symlink("a", in_dir("real/b")), 0);

	ck_assert_int_eq(replace(in_dir("two"), "new", 0600, 0, false), KST_OK);
	holds("real/f", "new");
	ck_assert_uint_eq(mode_of("real/f"), 0644);
	ck_assert_int_eq(replace(in_dir("dangling"), "made", 0600, 0, false), KST_OK);
	holds("real/later", "made");
	ck_assert_int_eq(replace(in_dir("loop"), "x", 0600, 0, false), KST_E_UNREADABLE);

	/* Relative paths, with and without a slash. */
	int here = open(".", O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(chdir(dir), 0);
	enum kst_code one = replace("one", "1", 0600, 0, false);
	enum kst_code b = replace("real/b", "2", 0600, 0, false);
	ck_assert_int_eq(fchdir(here), 0);
	close(here);
	ck_assert_int_eq(one, KST_OK);
	ck_assert_int_eq(b, KST_OK);
	holds("real/f", "1");
	holds("real/a", "2");

	struct stat st;
	ck_assert_int_eq(lstat(in_dir("two"), &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_int_eq(lstat(in_dir("dangling"), &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
}
END_TEST

START_TEST(a_directory_that_others_write_is_refused)
{
	make("f", "old", 0600);
	chmod(dir, 0777);
	ck_assert_int_eq(replace(in_dir("f"), "new", 0600, 0, false), KST_E_PERMISSIONS);
	ck_assert_int_eq(replace(in_dir("g"), "new", 0600, 0, false), KST_E_PERMISSIONS);
	holds("f", "old");
	ck_assert_int_eq(replace(in_dir("f"), "new", 0600, 0, true), KST_OK);
	chmod(dir, 01777);
	ck_assert_int_eq(replace(in_dir("f"), "newer", 0600, 0, false), KST_OK);
	/* The user's own group is the user; another group is others. */
	chmod(dir, 0775);
	ck_assert_int_eq(replace(in_dir("f"), "newest", 0600, 0, false), KST_OK);
	if (chown(dir, (uid_t)-1, getegid() + 1) < 0) {
		puts("skipped: a directory of another group, since only root can make one");
		return;
	}
	chmod(dir, 0775);
	ck_assert_int_eq(replace(in_dir("f"), "x", 0600, 0, false), KST_E_PERMISSIONS);
	holds("f", "newest");
}
END_TEST

START_TEST(a_file_of_two_names_is_not_parted)
{
	make("f", "old", 0600);
	ck_assert_int_eq(link(in_dir("f"), in_dir("g")), 0);
	ck_assert_int_eq(replace(in_dir("f"), "new", 0600, 0, false), KST_E_PERMISSIONS);
	holds("f", "old");
	ck_assert_int_eq(replace(in_dir("f"), "new", 0600, 0, true), KST_OK);
	holds("f", "new");
	holds("g", "old");
}
END_TEST

START_TEST(what_is_no_file_or_has_no_directory_is_refused)
{
	ck_assert_int_eq(mkdir(in_dir("d"), 0700), 0);
	ck_assert_int_eq(mkfifo(in_dir("p"), 0600), 0);
	ck_assert_int_eq(replace(in_dir("d"), "x", 0600, 0, false), KST_E_NOT_A_FILE);
	ck_assert_int_eq(replace(in_dir("d/"), "x", 0600, 0, false), KST_E_NOT_A_FILE);
	ck_assert_int_eq(replace(in_dir("d/."), "x", 0600, 0, false), KST_E_NOT_A_FILE);
	ck_assert_int_eq(replace(in_dir("p"), "x", 0600, 0, false), KST_E_NOT_A_FILE);
	ck_assert_int_eq(replace(in_dir("none/f"), "x", 0600, 0, false), KST_E_NO_FILE);
	ck_assert_int_eq(names(), 2);
}
END_TEST

/* ---- the lock ---- */

/* Read the number in the file, write the next one. */
static int add_one(const char *path)
{
	struct kst_place p = KST_PLACE_INIT;
	struct kst_replace r = KST_REPLACE_INIT;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char text[20];
	int lock, fd, rc = -1;

	if (kst_place_find(&p, path, false, NULL) < 0 || (lock = kst_place_lock(&p, NULL)) < 0)
		return -1;
	if (kst_fd_read_all(lock, 100, &b, NULL) < 0 ||
	    kst_replace_begin(&r, &p, 0600, 0, true, NULL) < 0)
		return -1;
	snprintf(text, sizeof(text), "%d", atoi((char *)b.data) + 1);
	if (!kst_replace_write(&r, text, strlen(text), NULL) &&
	    (fd = kst_replace_sync(&r, NULL)) >= 0) {
		close(fd);
		rc = kst_replace_commit(&r, false, NULL);
	}
	kst_replace_abort(&r);
	close(lock);
	kst_place_release(&p);
	return rc;
}

START_TEST(no_change_of_several_writers_is_lost)
{
	pid_t pid[4];
	int status;

	make("n", "0", 0600);
	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		ck_assert_int_ge(pid[i], 0);
		if (!pid[i]) {
			for (int k = 0; k < 25; k++)
				if (add_one(in_dir("n")) < 0)
					_exit(1);
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++) {
		waitpid(pid[i], &status, 0);
		ck_assert_int_eq(status, 0);
	}
	holds("n", "100");
	ck_assert_int_eq(names(), 1);
}
END_TEST

START_TEST(a_file_that_vanished_is_named)
{
	struct kst_place p = KST_PLACE_INIT;
	struct kst_error err = KST_ERROR_INIT;

	make("f", "x", 0600);
	ck_assert_int_eq(kst_place_find(&p, in_dir("f"), false, NULL), 0);
	unlink(in_dir("f"));
	ck_assert_int_eq(kst_place_lock(&p, &err), -1);
	ck_assert_int_eq(err.code, KST_E_NO_FILE);
	/* A link or a fifo in its place is not followed, and not waited for. */
	kst_error_clear(&err);
	ck_assert_int_eq(symlink("/etc/passwd", in_dir("f")), 0);
	ck_assert_int_eq(kst_place_lock(&p, &err), -1);
	ck_assert_int_eq(err.code, KST_E_UNREADABLE);
	kst_error_clear(&err);
	unlink(in_dir("f"));
	ck_assert_int_eq(mkfifo(in_dir("f"), 0600), 0);
	ck_assert_int_eq(kst_place_lock(&p, &err), -1);
	ck_assert_int_eq(err.code, KST_E_NOT_A_FILE);
	kst_place_release(&p);
}
END_TEST

/* ---- places that cannot be written ---- */

START_TEST(a_projected_volume_is_named)
{
	/* As an orchestrator lays it out. */
	ck_assert_int_eq(mkdir(in_dir("..2026_12_05"), 0700), 0);
	make("..2026_12_05/key.p12", "old", 0600);
	ck_assert_int_eq(symlink("..2026_12_05", in_dir("..data")), 0);
	ck_assert_int_eq(symlink("..data/key.p12", in_dir("key.p12")), 0);
	ck_assert_int_eq(replace(in_dir("key.p12"), "new", 0600, 0, false), KST_E_PROJECTED);
	ck_assert_int_eq(replace(in_dir("other"), "new", 0600, 0, false), KST_E_PROJECTED);
	holds("key.p12", "old");
	ck_assert_int_eq(names(), 3);
}
END_TEST

/* Run `fn` in a child with mounts of its own: its answer, or -1 if there can be none. */
static int with_mounts(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(255);
		_exit(fn());
	}
	waitpid(pid, &status, 0);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 255)
		puts("skipped: nothing can be mounted here");
	return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

static int onto_full_disk(void)
{
	static char big[200000];
	struct stat st;
	int code;

	if (mount("none", dir, "tmpfs", 0, "size=65536,mode=0700") < 0)
		return 255;
	make("f", "old", 0600);
	memset(big, 'x', sizeof(big) - 1);
	code = (int)replace(in_dir("f"), big, 0600, 0, false);
	/* The old file is whole and the neighbour is gone. */
	if (names() != 1 || stat(in_dir("f"), &st) < 0 || st.st_size != 3)
		return 254;
	return code;
}

START_TEST(a_full_disk_leaves_the_old_file)
{
	int code = with_mounts(onto_full_disk);

	if (code >= 0)
		ck_assert_int_eq(code, KST_E_DISK_FULL);
}
END_TEST

static int onto_mount_point(void)
{
	make("f", "old", 0600);
	make("g", "bound", 0600);
	if (mount(in_dir("g"), in_dir("f"), "none", MS_BIND, NULL) < 0)
		return 255;
	/* Known before anything is written, on every kernel that can tell (Linux 5.8). */
	struct kst_place p = KST_PLACE_INIT;
	struct kst_replace r = KST_REPLACE_INIT;
	struct kst_error err = KST_ERROR_INIT;
	struct statx x;
	if (kst_place_find(&p, in_dir("f"), false, &err) < 0)
		return 254;
	if (!statx(AT_FDCWD, dir, 0, STATX_TYPE, &x) &&
	    (x.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
	    kst_replace_begin(&r, &p, 0600, 0, false, &err) == 0)
		return 253;
	kst_replace_abort(&r);
	kst_place_release(&p);
	return (int)replace(in_dir("f"), "new", 0600, 0, false);
}

START_TEST(a_file_that_is_a_mount_point_is_named)
{
	int code = with_mounts(onto_mount_point);

	if (code >= 0)
		ck_assert_int_eq(code, KST_E_MOUNT_POINT);
}
END_TEST

static int onto_read_only(void)
{
	if (mount("none", dir, "tmpfs", 0, "size=65536,mode=0700") < 0)
		return 255;
	make("f", "old", 0600);
	if (mount("none", dir, "none", MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return 255;
	return (int)replace(in_dir("f"), "new", 0600, 0, false);
}

START_TEST(a_read_only_place_is_named)
{
	int code = with_mounts(onto_read_only);

	if (code >= 0)
		ck_assert_int_eq(code, KST_E_READ_ONLY);
}
END_TEST

Suite *test_file(void)
{
	Suite *s = suite_create("file");
	TCase *tc = tcase_create("file");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, a_file_is_read_whole_and_no_further_than_the_limit);
	tcase_add_test(tc, a_pipe_is_read_to_its_end_and_no_further_than_the_limit);
	tcase_add_test(tc, writing_goes_on_after_an_interruption);
	tcase_add_test(tc, what_cannot_be_read_is_named);
	tcase_add_test(tc, symbolic_links_are_resolved_and_stay);
	tcase_add_test(tc, a_directory_that_others_write_is_refused);
	tcase_add_test(tc, a_file_of_two_names_is_not_parted);
	tcase_add_test(tc, what_is_no_file_or_has_no_directory_is_refused);
	tcase_add_test(tc, no_change_of_several_writers_is_lost);
	tcase_add_test(tc, a_file_that_vanished_is_named);
	tcase_add_test(tc, a_projected_volume_is_named);
	tcase_add_test(tc, a_full_disk_leaves_the_old_file);
	tcase_add_test(tc, a_file_that_is_a_mount_point_is_named);
	tcase_add_test(tc, a_read_only_place_is_named);
	suite_add_tcase(s, tc);
	return s;
}
