/* SPDX-License-Identifier: ISC */
/* test_save.c - at every moment the path holds the old store or the new one */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "store_kit.h"

static struct kst_store *with_key(const char *name, const char *format)
{
	struct kst_store *s = shelf_new(&shelf, name, format);
	shelf_add(&shelf, s, party_entry("web", &web, PARTIES(&web, &ca)));
	return s;
}

static struct kst_store *with_cert(const char *name, const char *format)
{
	struct kst_store *s = shelf_new(&shelf, name, format);
	shelf_add(&shelf, s, party_entry("root", NULL, PARTIES(&ca)));
	return s;
}

/* The bytes of a file; release with kst_buf_release(). */
static struct kst_buf bytes_of(const char *name)
{
	struct kst_buf b = KST_BUF_INIT;
	ck_assert_int_eq(kst_file_read(shelf_path(&shelf, name), 1 << 20, &b, NULL), 0);
	return b;
}

static ino_t inode_of(const char *name)
{
	struct stat st;
	ck_assert_int_eq(lstat(shelf_path(&shelf, name), &st), 0);
	return st.st_ino;
}

/* ---- modes ---- */

START_TEST(a_new_keystore_is_private_whatever_the_umask)
{
	umask(0);
	shelf_close(&shelf, with_key("s", formats[_i]));
	ck_assert_uint_eq(shelf_mode(&shelf, "s"), 0600);
	shelf_close(&shelf, shelf_new(&shelf, "empty", formats[_i]));
	ck_assert_uint_eq(shelf_mode(&shelf, "empty"), 0600);
}
END_TEST

START_TEST(certificates_alone_are_public_as_far_as_the_umask_allows)
{
	struct kst_save_options opt = shelf_save();
	struct kst_save_result res;
	opt.write.store_kind = 'T';
	for (unsigned mask = 022; mask <= 077; mask += 055) {
		const char *name = mask == 022 ? "a" : "b";
		umask(mask);
		struct kst_store *s = with_cert(name, formats[_i]);
		ck_assert_int_eq(kst_store_save(s, &opt, &res, &shelf.err), 0);
		kst_store_free(s);
		ck_assert_uint_eq(shelf_mode(&shelf, name), 0644 & ~mask);
		ck_assert_uint_eq(res.mode, 0644 & ~mask);
		ck_assert(res.written);
	}
}
END_TEST

START_TEST(the_mode_of_the_old_file_is_kept)
{
	shelf_close(&shelf, with_key("s", formats[_i]));
	ck_assert_int_eq(chmod(shelf_path(&shelf, "s"), 0640), 0);
	struct kst_store *s = shelf_open(&shelf, "s", true);
	shelf_add(&shelf, s, party_entry("root", NULL, PARTIES(&ca)));
	shelf_close(&shelf, s);
	ck_assert_uint_eq(shelf_mode(&shelf, "s"), 0640);
}
END_TEST

START_TEST(a_file_that_gains_its_first_key_is_closed)
{
	struct kst_save_options opt = shelf_save();
	struct kst_save_result res;
	shelf_close(&shelf, with_cert("s", "pkcs12"));
	ck_assert_int_eq(chmod(shelf_path(&shelf, "s"), 0644), 0);
	struct kst_store *s = shelf_open(&shelf, "s", true);
	shelf_add(&shelf, s, party_entry("web", &web, PARTIES(&web)));
	ck_assert_int_eq(kst_store_save(s, &opt, &res, &shelf.err), 0);
	kst_store_free(s);
	ck_assert_uint_eq(shelf_mode(&shelf, "s"), 0600);
	ck_assert(res.tightened);
	ck_assert_uint_eq(res.mode, 0600);
}
END_TEST

/* ---- where it goes ---- */

START_TEST(a_new_store_replaces_nothing_unless_told)
{
	struct kst_save_options opt = shelf_save();
	shelf_put(&shelf, "s", "precious", 8);
	struct kst_store *s = with_key("s", formats[_i]);
	ck_assert_int_eq(kst_store_save(s, &opt, NULL, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_EXISTS);
	struct kst_buf b = bytes_of("s");
	ck_assert_uint_eq(b.len, 8);
	kst_buf_release(&b);
	opt.replace = true;
	kst_error_clear(&shelf.err);
	ck_assert_msg(kst_store_save(s, &opt, NULL, &shelf.err) == 0, "%s", shelf.err.message);
	kst_store_free(s);
	s = shelf_open(&shelf, "s", false);
	ck_assert_uint_eq(kst_store_count(s), 1);
	kst_store_free(s);
	ck_assert_uint_eq(shelf_count(&shelf), 1);
}
END_TEST

START_TEST(a_symbolic_link_stays_one)
{
	struct stat st;
	shelf_close(&shelf, with_key("real", formats[_i]));
	ck_assert_int_eq(symlink("real", shelf_path(&shelf, "link")), 0);
	ino_t before = inode_of("real");
	struct kst_store *s = shelf_open(&shelf, "link", true);
	shelf_add(&shelf, s, party_entry("root", NULL, PARTIES(&ca)));
	shelf_close(&shelf, s);
	ck_assert_int_eq(lstat(shelf_path(&shelf, "link"), &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_uint_ne(inode_of("real"), before);
	s = shelf_open(&shelf, "real", false);
	ck_assert_uint_eq(kst_store_count(s), 2);
	kst_store_free(s);
}
END_TEST

START_TEST(an_edit_that_changes_nothing_writes_nothing)
{
	struct kst_save_options opt = shelf_save();
	struct kst_save_result res;
	shelf_close(&shelf, with_key("s", formats[_i]));
	ino_t before = inode_of("s");
	struct kst_store *s = shelf_open(&shelf, "s", true);
	ck_assert_int_eq(kst_store_save(s, &opt, &res, NULL), 0);
	ck_assert(!res.written);
	kst_store_free(s);
	ck_assert_uint_eq(inode_of("s"), before);
}
END_TEST

START_TEST(a_dry_run_leaves_no_trace)
{
	struct kst_save_options opt = shelf_save();
	struct kst_save_result res;
	opt.dry_run = true;
	opt.backup = KST_BACKUP_ALWAYS;
	struct kst_store *s = with_key("s", formats[_i]);
	ck_assert_int_eq(kst_store_save(s, &opt, &res, &shelf.err), 0);
	ck_assert(res.written);
	ck_assert_uint_eq(shelf_count(&shelf), 0);
	/* And it can be done in earnest afterwards. */
	shelf_close(&shelf, s);
	ino_t before = inode_of("s");
	s = shelf_open(&shelf, "s", true);
	ck_assert_int_eq(kst_store_remove(s, 0, NULL), 0);
	ck_assert_int_eq(kst_store_save(s, &opt, &res, &shelf.err), 0);
	ck_assert_str_eq(res.backup, "");
	kst_store_free(s);
	ck_assert_uint_eq(inode_of("s"), before);
	ck_assert_uint_eq(shelf_count(&shelf), 1);
}
END_TEST

START_TEST(a_backup_holds_the_old_bytes_and_is_private)
{
	struct kst_save_options opt = shelf_save();
	struct kst_save_result res;
	opt.backup = KST_BACKUP_ALWAYS;
	shelf_close(&shelf, with_key("s", formats[_i]));
	ck_assert_int_eq(chmod(shelf_path(&shelf, "s"), 0644), 0);
	struct kst_buf old = bytes_of("s");
	for (int round = 0; round < 2; round++) { /* the second one replaces a backup */
		struct kst_store *s = shelf_open(&shelf, "s", true);
		struct kst_buf was = bytes_of("s");
		shelf_add(&shelf, s, party_entry(round ? "b" : "a", NULL, PARTIES(&ca)));
		kst_error_clear(&shelf.err);
		ck_assert_msg(kst_store_save(s, &opt, &res, &shelf.err) == 0, "%s",
			      shelf.err.message);
		kst_store_free(s);
		ck_assert_ptr_nonnull(strstr(res.backup, "/s.kstool-bak"));
		struct kst_buf kept = bytes_of("s.kstool-bak");
		ck_assert_uint_eq(kept.len, was.len);
		ck_assert_mem_eq(kept.data, was.data, was.len);
		ck_assert_uint_eq(shelf_mode(&shelf, "s.kstool-bak"), 0600);
		kst_buf_release(&kept);
		kst_buf_release(&was);
	}
	kst_buf_release(&old);
	ck_assert_uint_eq(shelf_count(&shelf), 2);
}
END_TEST

START_TEST(a_backup_that_would_open_what_is_revoked_is_removed)
{
	struct kst_save_options opt = shelf_save();
	struct kst_save_result res;
	opt.backup = KST_BACKUP_REMOVE;
	shelf_close(&shelf, with_key("s", formats[_i]));
	for (int there = 0; there < 2; there++) {
		if (there)
			shelf_put(&shelf, "s.kstool-bak", "old", 3);
		struct kst_store *s = shelf_open(&shelf, "s", true);
		shelf_add(&shelf, s, party_entry(NULL, NULL, PARTIES(&ca)));
		ck_assert_int_eq(kst_store_save(s, &opt, &res, &shelf.err), 0);
		kst_store_free(s);
		ck_assert_int_eq(res.backup_removed, there);
		ck_assert_uint_eq(shelf_count(&shelf), 1);
	}
}
END_TEST

/* ---- writers that fail, and writers that lie ---- */

enum fault {
	NO_FAULT,
	FAILS,
	LOSES_CERT,
	LOSES_KEY,
	OTHER_KEY,
	UNREADABLE,
	SAYS_TWICE,
	BAD_DISK, /* what was written is right, and one byte that nobody reads is not on the disk */
	OTHER_SECRET
};
static enum fault fault;

/* A format of the tests: "FAKE", four bytes of nothing, then for each entry its kind, PKCS#8 and
 * certificates as length and bytes. */
static void put(struct kst_buf *b, const void *data, size_t n)
{
	kst_buf_le32(b, (uint32_t)n);
	kst_buf_put(b, data, n);
}

static void spoil_byte(off_t at)
{
	DIR *d = opendir(shelf.dir);
	for (struct dirent *e; (e = readdir(d));)
		if (strstr(e->d_name, ".tmp")) {
			int fd = openat(dirfd(d), e->d_name, O_WRONLY);
			ck_assert_int_eq(pwrite(fd, "x", 1, at), 1);
			close(fd);
		}
	closedir(d);
}

static int fake_write(struct kst_io *io, struct kst_model *m, struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_key *other = party_key(&api);
	kst_buf_puts(&b, fault == UNREADABLE ? "FOKE    " : "FAKE    ");
	for (size_t i = 0; i < m->nr * (fault == SAYS_TWICE ? 2 : 1); i++) {
		const struct kst_entry *e = m->item[i % m->nr].entry;
		const struct kst_key *key = fault == OTHER_KEY ? other : e->key;
		bool lose_key = fault == LOSES_KEY || !e->key;
		kst_buf_u8(&b, (uint8_t)e->kind);
		put(&b, lose_key ? NULL : key->pkcs8.data, lose_key ? 0 : key->pkcs8.len);
		size_t nr = fault == LOSES_CERT ? e->chain.nr - 1 : e->chain.nr;
		kst_buf_le32(&b, (uint32_t)nr);
		for (size_t k = 0; k < nr; k++) {
			struct kst_bytes der = kst_cert_der(e->chain.cert[k]);
			put(&b, der.data, der.len);
		}
	}
	kst_key_free(other);
	if (io->sink.write(io->sink.ctx, b.data, b.len, err) < 0)
		return -1;
	if (fault == BAD_DISK)
		spoil_byte(5);
	return fault == FAILS ? kst_error_setx(err, KST_E_INTERNAL, "on purpose") : 0;
}

static int fake_read(struct kst_io *io, struct kst_model *m, struct kst_error *err)
{
	struct kst_cursor c;
	kst_cursor_init(&c, io->source.bytes.data, io->source.bytes.len);
	const uint8_t *magic = kst_cursor_take(&c, 4);
	kst_cursor_take(&c, 4);
	if (!magic || memcmp(magic, "FAKE", 4) != 0)
		return kst_error_setx(err, KST_E_CORRUPT, "is no fake");
	while (kst_cursor_left(&c)) {
		struct kst_entry *e = kst_entry_new(kst_cursor_u8(&c));
		size_t n = kst_cursor_le32(&c);
		const uint8_t *p = kst_cursor_take(&c, n);
		if (n)
			ck_assert_int_eq(kst_key_from_der(&e->key, p, n, NULL, NULL, NULL), 0);
		for (uint32_t k = kst_cursor_le32(&c); k; k--) {
			struct kst_cert *cert;
			n = kst_cursor_le32(&c);
			p = kst_cursor_take(&c, n);
			ck_assert_int_eq(kst_cert_new(&cert, p, n, NULL), 0);
			ck_assert_int_eq(kst_chain_push(&e->chain, cert), 0);
			kst_cert_free(cert);
		}
		kst_model_push(m, e, m->nr);
	}
	return 0;
}

static const struct kst_format fake = {
	.name = "fake",
	.to = "fake",
	.title = "fake format",
	.caps = KST_CAP_READ | KST_CAP_WRITE | KST_CAP_KEYS | KST_CAP_CHAINS | KST_CAP_CERTS,
	.read = fake_read,
	.write = fake_write,
};

static int save_fake(enum fault f)
{
	struct kst_open_options open = shelf_options(&shelf, false);
	struct kst_save_options opt = shelf_save();
	struct kst_store *s = NULL;
	fault = f;
	opt.replace = true;
	ck_assert_int_eq(kst_store_new(&s, shelf_path(&shelf, "s"), &fake, &open, NULL), 0);
	shelf_add(&shelf, s, party_entry("web", &web, PARTIES(&web, &ca)));
	kst_error_clear(&shelf.err);
	int rc = kst_store_save(s, &opt, NULL, &shelf.err);
	kst_store_free(s);
	return rc;
}

START_TEST(a_writer_that_loses_something_is_found_out)
{
	shelf_put(&shelf, "s", "precious", 8);
	for (enum fault f = LOSES_CERT; f <= BAD_DISK; f++) {
		ck_assert_int_eq(save_fake(f), -1);
		ck_assert_msg(shelf.err.code == KST_E_READ_BACK, "%d: %s", (int)f,
			      shelf.err.message);
		struct kst_buf b = bytes_of("s");
		ck_assert_uint_eq(b.len, 8);
		kst_buf_release(&b);
		ck_assert_uint_eq(shelf_count(&shelf), 1);
	}
	ck_assert_msg(save_fake(NO_FAULT) == 0, "%s", shelf.err.message);
}
END_TEST

extern const struct kst_format kst_format_jceks;

static int write_other_secret(struct kst_io *io, struct kst_model *m, struct kst_error *err)
{
	uint8_t *first = m->item[0].entry->secret.data;
	*first ^= fault == OTHER_SECRET;
	int rc = kst_format_jceks.write(io, m, err);
	*first ^= fault == OTHER_SECRET;
	return rc;
}

START_TEST(a_sealed_secret_that_is_another_is_found_out)
{
	struct kst_format jceks = kst_format_jceks;
	struct kst_open_options open = shelf_options(&shelf, false);
	struct kst_save_options opt = shelf_save();

	jceks.write = write_other_secret;
	for (int good = 0; good < 2; good++) {
		struct kst_store *s = NULL;
		struct kst_entry *e = kst_entry_new(KST_KIND_SECRET);
		fault = good ? NO_FAULT : OTHER_SECRET;
		ck_assert_int_eq(kst_store_new(&s, shelf_path(&shelf, "s"), &jceks, &open, NULL), 0);
		e->alias = kst_strdup("aes");
		e->secret_alg = kst_strdup("AES");
		ck_assert_int_eq(kst_secret_set(&e->secret, "0123456789abcdef", 16, NULL), 0);
		shelf_add(&shelf, s, e);
		kst_error_clear(&shelf.err);
		int rc = kst_store_save(s, &opt, NULL, &shelf.err);
		ck_assert_msg(good ? rc == 0 : rc < 0 && shelf.err.code == KST_E_READ_BACK, "%s",
			      shelf.err.message);
		kst_store_free(s);
	}
}
END_TEST

START_TEST(a_writer_that_fails_leaves_the_old_file)
{
	shelf_put(&shelf, "s", "precious", 8);
	ck_assert_int_eq(save_fake(FAILS), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_INTERNAL);
	ck_assert_ptr_nonnull(strstr(shelf.err.subject, "/s"));
	ck_assert_uint_eq(shelf_count(&shelf), 1);
	struct kst_buf b = bytes_of("s");
	ck_assert_uint_eq(b.len, 8);
	kst_buf_release(&b);
}
END_TEST

START_TEST(a_store_is_saved_once)
{
	struct kst_save_options opt = shelf_save();
	struct kst_store *s = with_cert("s", formats[_i]);
	ck_assert_int_eq(kst_store_save(s, &opt, NULL, NULL), 0);
	shelf_add(&shelf, s, party_entry("web", &web, PARTIES(&web)));
	opt.replace = true;
	ck_assert_int_eq(kst_store_save(s, &opt, NULL, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_INTERNAL);
	kst_store_free(s);
}
END_TEST

START_TEST(a_directory_that_cannot_be_written_is_told_and_the_store_stays)
{
	struct kst_save_options opt = shelf_save();
	shelf_close(&shelf, with_key("s", formats[_i]));
	struct kst_buf old = bytes_of("s");
	if (geteuid() == 0) {
		/* Root may write everywhere: be nobody, to whom the file belongs. */
		ck_assert_int_eq(chown(shelf_path(&shelf, "s"), 65534, 65534), 0);
		ck_assert_int_eq(chmod(shelf.dir, 0755), 0);
		ck_assert_int_eq(seteuid(65534), 0);
	} else {
		ck_assert_int_eq(chmod(shelf.dir, 0555), 0);
	}
	struct kst_store *s = shelf_open(&shelf, "s", true);
	shelf_add(&shelf, s, party_entry("root", NULL, PARTIES(&ca)));
	ck_assert_int_eq(kst_store_save(s, &opt, NULL, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_CANNOT_WRITE);
	kst_store_free(s);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(chmod(shelf.dir, 0700), 0);
	struct kst_buf now = bytes_of("s");
	ck_assert_uint_eq(old.len, now.len);
	ck_assert_mem_eq(old.data, now.data, now.len);
	kst_buf_release(&old);
	kst_buf_release(&now);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_store)
{
	struct kst_save_options opt = shelf_save();
	opt.backup = KST_BACKUP_NEVER;
	if (mount("none", shelf.dir, "tmpfs", 0, "size=64k,mode=0700") < 0) {
		printf("skipped: a full disk (no tmpfs can be mounted here: %s)\n",
		       strerror(errno));
		return;
	}
	shelf_close(&shelf, with_key("s", formats[_i]));
	struct kst_buf old = bytes_of("s");
	int fd = open(shelf_path(&shelf, "filler"), O_WRONLY | O_CREAT, 0600);
	char piece[1024] = { 0 };
	while (write(fd, piece, sizeof(piece)) > 0)
		;
	close(fd);
	struct kst_store *s = shelf_open(&shelf, "s", true);
	shelf_add(&shelf, s, party_entry("api", &api, PARTIES(&api, &ca)));
	int rc = kst_store_save(s, &opt, NULL, &shelf.err);
	enum kst_code code = shelf.err.code;
	kst_store_free(s);
	struct kst_buf now = bytes_of("s");
	bool whole = old.len == now.len && memcmp(old.data, now.data, now.len) == 0;
	unsigned files = shelf_count(&shelf);
	kst_buf_release(&old);
	kst_buf_release(&now);
	umount(shelf.dir);
	ck_assert_int_eq(rc, -1);
	ck_assert_int_eq(code, KST_E_DISK_FULL);
	ck_assert(whole);
	ck_assert_uint_eq(files, 2);
}
END_TEST

/* ---- no memory ---- */

/* Add an anchor to "s" while the n-th allocation fails.  0 or -1. */
static int add_with_failure(size_t n)
{
	struct kst_open_options open = shelf_options(&shelf, true);
	struct kst_save_options opt = shelf_save();
	struct kst_store *s = NULL;
	struct kst_entry *e = party_entry("api", NULL, PARTIES(&api));
	open.notes = NULL;
	kst_alloc_fail_after(n);
	int rc = kst_store_open(&s, shelf_path(&shelf, "s"), &open, NULL);
	if (rc == 0) {
		rc = kst_store_add(s, e, NULL, NULL);
		e = NULL;
	}
	if (rc == 0)
		rc = kst_store_save(s, &opt, NULL, NULL);
	kst_store_free(s);
	kst_entry_free(e);
	kst_alloc_fail_after(0);
	return rc;
}

START_TEST(without_memory_nothing_leaks_and_the_store_stays)
{
	struct kst_save_options opt = shelf_save();
	opt.write.no_pass = true; /* no KDF: this runs a few hundred times */
	shelf.pass = NULL;
	struct kst_store *s = with_cert("s", "pkcs12");
	ck_assert_int_eq(kst_store_save(s, &opt, NULL, &shelf.err), 0);
	kst_store_free(s);
	struct kst_buf old = bytes_of("s");
	size_t n = 1, live = 0;
	for (; n < 20000; n += 1 + n / 100) {
		size_t before = kst_alloc_live();
		if (add_with_failure(n) == 0)
			break;
		/* OpenSSL keeps what it fetched for the first time. */
		if (live)
			ck_assert_uint_le(kst_alloc_live(), before + 4096);
		live = before;
		struct kst_buf now = bytes_of("s");
		ck_assert_uint_eq(old.len, now.len);
		ck_assert_mem_eq(old.data, now.data, now.len);
		kst_buf_release(&now);
		ck_assert_uint_eq(shelf_count(&shelf), 1);
	}
	ck_assert_uint_gt(n, 50);
	ck_assert_uint_lt(n, 20000);
	kst_buf_release(&old);
	s = shelf_open(&shelf, "s", false);
	ck_assert_uint_eq(kst_store_count(s), 2);
	kst_store_free(s);
}
END_TEST

/* ---- many writers ---- */

#define WRITERS 8
#define ADDS 3

static void writer(int n)
{
	for (int k = 0; k < ADDS; k++) {
		struct kst_open_options open = shelf_options(&shelf, true);
		struct kst_save_options opt = shelf_save();
		struct kst_error err = KST_ERROR_INIT;
		struct kst_store *s = NULL;
		char alias[32];
		snprintf(alias, sizeof(alias), "w%d-%d", n, k);
		if (kst_store_open(&s, shelf_path(&shelf, "s"), &open, &err) < 0 ||
		    kst_store_add(s, party_entry(alias, NULL, PARTIES(&api)), NULL, &err) < 0 ||
		    kst_store_save(s, &opt, NULL, &err) < 0) {
			fprintf(stderr, "writer %d: %s\n", n, err.message);
			_exit(1);
		}
		kst_store_free(s);
	}
	_exit(0);
}

START_TEST(no_update_of_many_writers_is_lost)
{
	shelf_close(&shelf, with_key("s", formats[_i]));
	pid_t pid[WRITERS];
	for (int n = 0; n < WRITERS; n++) {
		pid[n] = fork();
		if (pid[n] == 0)
			writer(n);
		ck_assert_int_gt(pid[n], 0);
	}
	for (int n = 0; n < WRITERS; n++) {
		int status = -1;
		ck_assert_int_eq(waitpid(pid[n], &status, 0), pid[n]);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	struct kst_store *s = shelf_open(&shelf, "s", false);
	ck_assert_uint_eq(kst_store_count(s), 1 + WRITERS * ADDS);
	kst_store_free(s);
	ck_assert_uint_eq(shelf_count(&shelf), 1);
}
END_TEST

/* ---- whole files, and descriptors ---- */

START_TEST(a_plain_file_is_written_by_the_same_rules)
{
	const char *path = shelf_path(&shelf, "out.pem");
	umask(022);
	ck_assert_int_eq(kst_file_write(path, "one", 3, 0, &shelf.err), 0);
	ck_assert_uint_eq(shelf_mode(&shelf, "out.pem"), 0644);
	ck_assert_int_eq(kst_file_write(path, "two!", 4, 0, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_EXISTS);
	kst_error_clear(&shelf.err);
	ck_assert_int_eq(kst_file_write(path, "two!", 4, KST_FILE_SECRET | KST_FILE_REPLACE, &shelf.err), 0);
	ck_assert_uint_eq(shelf_mode(&shelf, "out.pem"), 0600);
	struct kst_buf b = bytes_of("out.pem");
	ck_assert_uint_eq(b.len, 4);
	kst_buf_release(&b);
	ck_assert_int_eq(kst_file_read(path, 3, &b, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_TOO_LARGE);
	kst_buf_release(&b);
	ck_assert_int_eq(kst_file_write(shelf_path(&shelf, "no/where"), "x", 1, 0, NULL),
			 -1);
	ck_assert_uint_eq(shelf_count(&shelf), 1);
}
END_TEST

START_TEST(a_store_can_go_to_a_descriptor)
{
	struct kst_save_options opt = shelf_save();
	int fd = open(shelf_path(&shelf, "out"), O_WRONLY | O_CREAT, 0600);
	struct kst_store *s = with_key("-", formats[_i]);
	ck_assert_msg(kst_store_write_fd(s, fd, &opt, &shelf.err) == 0, "%s", shelf.err.message);
	close(fd);
	kst_store_free(s);
	s = shelf_open(&shelf, "out", false);
	ck_assert_uint_eq(kst_store_count(s), 1);
	kst_store_free(s);
}
END_TEST

Suite *test_save(void);
static int nowhere(void *ctx, const void *data, size_t n, struct kst_error *err)
{
	(void)data;
	(void)err;
	*(size_t *)ctx += n;
	return 0;
}

/* No command gets so far: a store takes no bytes that it does not know.  The format itself is asked. */
START_TEST(a_secret_has_no_name_twice)
{
	const struct kst_format *k8s = kst_format_by_name("k8s");
	const struct kst_write_options w = { .plain_key = true, .secret_name = "web" };
	struct kst_entry *e = kst_entry_new(KST_KIND_OPAQUE);
	struct kst_model m;
	size_t written = 0;
	struct kst_io io = { .path = "web.json", .write = &w, .sink = { nowhere, &written } };
	struct kst_error err = KST_ERROR_INIT;

	kst_model_init(&m);
	e->label = kst_strdup("tls.key");
	ck_assert_int_eq(kst_blob_set(&e->der, "somebody's", 10), 0);
	ck_assert_int_eq(kst_model_push(&m, party_entry("web", &web, PARTIES(&web, &ca)), KST_NO_BASE), 0);
	ck_assert_int_eq(k8s->write(&io, &m, &err), 0);
	ck_assert_uint_gt(written, 0);
	written = 0;
	ck_assert_int_eq(kst_model_push(&m, e, KST_NO_BASE), 0);
	ck_assert_int_eq(k8s->write(&io, &m, &err), -1);
	ck_assert_int_eq(err.code, KST_E_CANNOT_HOLD);
	ck_assert_ptr_nonnull(strstr(err.message, "tls.key"));
	ck_assert_uint_eq(written, 0);
	kst_model_release(&m);
}
END_TEST

Suite *test_save(void)
{
	Suite *s = suite_create("save");
	TCase *t = tcase_create("save");
	tcase_add_unchecked_fixture(t, setup_parties, teardown_parties);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_new_keystore_is_private_whatever_the_umask, 0, FORMATS);
	tcase_add_loop_test(t, certificates_alone_are_public_as_far_as_the_umask_allows, 0, FORMATS);
	tcase_add_loop_test(t, the_mode_of_the_old_file_is_kept, 0, FORMATS);
	tcase_add_test(t, a_file_that_gains_its_first_key_is_closed);
	tcase_add_loop_test(t, a_new_store_replaces_nothing_unless_told, 0, FORMATS);
	tcase_add_loop_test(t, a_symbolic_link_stays_one, 0, FORMATS);
	tcase_add_loop_test(t, an_edit_that_changes_nothing_writes_nothing, 0, FORMATS);
	tcase_add_loop_test(t, a_dry_run_leaves_no_trace, 0, FORMATS);
	tcase_add_loop_test(t, a_backup_holds_the_old_bytes_and_is_private, 0, FORMATS);
	tcase_add_loop_test(t, a_backup_that_would_open_what_is_revoked_is_removed, 0, FORMATS);
	tcase_add_test(t, a_writer_that_loses_something_is_found_out);
	tcase_add_test(t, a_sealed_secret_that_is_another_is_found_out);
	tcase_add_test(t, a_writer_that_fails_leaves_the_old_file);
	tcase_add_loop_test(t, a_store_is_saved_once, 0, FORMATS);
	tcase_add_loop_test(t, a_directory_that_cannot_be_written_is_told_and_the_store_stays, 0,
			    FORMATS);
	tcase_add_loop_test(t, a_full_disk_leaves_the_old_store, 0, FORMATS);
	tcase_add_test(t, without_memory_nothing_leaks_and_the_store_stays);
	tcase_add_loop_test(t, no_update_of_many_writers_is_lost, 0, FORMATS);
	tcase_add_test(t, a_plain_file_is_written_by_the_same_rules);
	tcase_add_loop_test(t, a_store_can_go_to_a_descriptor, 0, FORMATS);
	tcase_add_test(t, a_secret_has_no_name_twice);
	suite_add_tcase(s, t);
	return s;
}
