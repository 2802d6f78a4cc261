/* SPDX-License-Identifier: ISC */
/*
 * pass_source.c - where a passphrase is read from
 *
 * One rule for all: the first line without its line end.  Bytes go by read(2)
 * straight into guarded memory; stdin and descriptors are read byte by byte, so
 * that what follows the line stays for whoever reads next.
 */
#include "ui/pass_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "ui/ask_cli.h"

/* ---- grammar ---- */

static int parse_kind(struct pass_source *p, const char *word, bool may_gen)
{
	static const struct {
		const char *prefix;
		enum pass_kind kind;
	} valued[] = { { "file:", PASS_FILE },
		       { "fd:", PASS_FD },
		       { "env:", PASS_ENV },
		       { "gen:", PASS_GEN } };

	p->value = NULL;
	if (!strcmp(word, "prompt"))
		p->kind = PASS_PROMPT;
	else if (!strcmp(word, "stdin"))
		p->kind = PASS_STDIN;
	else if (!strcmp(word, "none"))
		p->kind = PASS_NONE;
	else {
		for (size_t i = 0; i < sizeof(valued) / sizeof(*valued); i++) {
			size_t n = strlen(valued[i].prefix);

			if (strncmp(word, valued[i].prefix, n) || !word[n])
				continue;
			if (valued[i].kind == PASS_GEN && !may_gen)
				continue;
			if (valued[i].kind == PASS_FD &&
			    (strspn(word + n, "0123456789") != strlen(word + n) ||
			     strlen(word + n) > 6))
				continue;
			p->kind = valued[i].kind;
			p->value = word + n;
			return 0;
		}
		return -1;
	}
	return 0;
}

int pass_source_parse(struct pass_source *p, const char *option, const char *word, bool may_gen,
		      struct kst_error *err)
{
	*p = (struct pass_source){ .kind = PASS_NONE, .word = word, .secret = KST_SECRET_INIT };
	if (parse_kind(p, word, may_gen) == 0)
		return 0;
	for (const char *eq = strchr(word, '='); eq; eq = strchr(eq + 1, '='))
		if (eq > word && parse_kind(p, eq + 1, may_gen) == 0) {
			p->file = word;
			p->file_len = (size_t)(eq - word);
			return 0;
		}
	if (!may_gen && !strncmp(word, "gen:", 4)) {
		kst_error_setx(err, KST_E_BAD_VALUE,
			       "gen: makes a new passphrase; it opens nothing");
		kst_error_subject(err, "%s", option);
		return kst_error_hint(err, "use --new-pass gen:PATH");
	}
	kst_error_setx(
		err, KST_E_SECRET_IN_ARGV,
		"a passphrase on the command line is visible in ps and in the shell's history");
	kst_error_subject(err, "%s", option);
	return kst_error_hint(err, "use %s prompt, file:PATH, fd:N, stdin or env:NAME", option);
}

/* ---- reading ---- */

static int too_long(struct kst_error *err)
{
	return kst_error_setx(err, KST_E_BAD_PASSPHRASE, "a passphrase has at most %d bytes",
			      ASK_PASS_MAX);
}

/* NUL, and the CR of a CRLF. */
static int finish_line(struct kst_secret *s, struct kst_error *err)
{
	if (s->len && s->data[s->len - 1] == '\r')
		s->data[--s->len] = '\0';
	if (s->len && memchr(s->data, '\0', s->len))
		return kst_error_setx(err, KST_E_BAD_PASSPHRASE,
				      "a zero byte is no part of a passphrase");
	return s->len > ASK_PASS_MAX ? too_long(err) : 0;
}

/* One line from a descriptor that others may go on reading.  1 at the end of the input. */
static int read_line(int fd, struct kst_secret *out, struct kst_error *err)
{
	struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;
	size_t limit = ASK_PASS_MAX + 2; /* CR, and one to see that it is too long */
	bool any = false;

	if (kst_secret_alloc(&s, limit + 1, err) < 0)
		return -1;
	for (;;) {
		ssize_t k = read(fd, s.data + s.len, 1);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return kst_error_set(err, KST_E_UNREADABLE, "cannot read the passphrase");
		if (!k)
			break;
		any = true;
		if (s.data[s.len] == '\n') {
			s.data[s.len] = '\0';
			break;
		}
		if (++s.len >= limit)
			return too_long(err);
	}
	if (!any)
		return 1;
	if (finish_line(&s, err) < 0)
		return -1;
	kst_secret_move(out, &s);
	return 0;
}

/*
 * A file of secrets that others can read is refused, as ssh does.  A tmpfs file of root's is how
 * Kubernetes and Docker hand secrets to a container (0644, in a mount of its own).
 */
static int check_mode(int fd, const struct stat *st, struct kst_error *err)
{
	struct statfs fs;

	if (!(st->st_mode & 077))
		return 0;
	if (st->st_uid == 0 && fstatfs(fd, &fs) == 0 &&
	    ((unsigned long)fs.f_type == TMPFS_MAGIC || (unsigned long)fs.f_type == RAMFS_MAGIC) &&
	    !(st->st_mode & 022))
		return 0;
	kst_error_setx(err, KST_E_PERMISSIONS,
		       "others can read or change this file of secrets (mode %04o)",
		       (unsigned)st->st_mode & 07777);
	return -1;
}

/* A regular file, which nobody else reads on in: in large pieces. */
static int read_regular(int fd, bool line, size_t limit, struct kst_secret *out,
			struct kst_error *err)
{
	struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;
	uint8_t *end;

	if (kst_secret_alloc(&s, limit + 3, err) < 0)
		return -1;
	while (s.len < limit + 2) {
		ssize_t k = read(fd, s.data + s.len, limit + 2 - s.len);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return kst_error_set(err, KST_E_UNREADABLE, "cannot read");
		if (!k)
			break;
		s.len += (size_t)k;
	}
	if (!s.len)
		return 1;
	if (line) {
		end = memchr(s.data, '\n', s.len);
		if (end) {
			memset(end, 0, (size_t)(s.data + s.len - end));
			s.len = (size_t)(end - s.data);
		}
		if (finish_line(&s, err) < 0)
			return -1;
	} else if (s.len > limit)
		return kst_error_setx(err, KST_E_TOO_LARGE,
				      "this is larger than a file of secrets is");
	kst_secret_move(out, &s);
	return 0;
}

int secret_file_read(const char *path, bool line, size_t limit, bool loose, struct kst_secret *out,
		     struct kst_error *err)
{
	struct stat st;
	int fd, ret = -1;

	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	if (fd < 0) {
		kst_error_set(
			err, errno == ENOENT || errno == ENOTDIR ? KST_E_NO_FILE : KST_E_UNREADABLE,
			"cannot open");
		return kst_error_subject(err, "%s", path);
	}
	if (fstat(fd, &st) < 0)
		kst_error_set(err, KST_E_UNREADABLE, "cannot look at the file");
	else if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		kst_error_setx(err, KST_E_NOT_A_FILE, "a regular file or a pipe was expected");
	else if (!loose && check_mode(fd, &st, err) < 0) {
		kst_error_command(err, "chmod", "600", path, NULL);
		kst_error_hint(err, "add --insecure-permissions to accept it as it is");
	} else
		ret = S_ISREG(st.st_mode) || !line ? read_regular(fd, line, limit, out, err)
						   : read_line(fd, out, err);
	close(fd);
	if (ret > 0)
		ret = kst_error_setx(err, KST_E_PASSPHRASE_NEEDED, "the file is empty");
	if (ret < 0)
		kst_error_subject(err, "%s", path);
	return ret;
}

static int read_env(const char *name, struct kst_secret *out, struct kst_error *err)
{
	struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;
	char *value = getenv(name);
	size_t n;

	if (!value) {
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
			       "there is no such environment variable");
		return kst_error_subject(err, "env:%s", name);
	}
	n = strcspn(value, "\n");
	if (n > ASK_PASS_MAX + 1) {
		too_long(err);
		return kst_error_subject(err, "env:%s", name);
	}
	if (kst_secret_set(&s, value, n, err) < 0)
		return -1;
	explicit_bzero(value, strlen(value));
	unsetenv(name);
	if (finish_line(&s, err) < 0)
		return kst_error_subject(err, "env:%s", name);
	kst_secret_move(out, &s);
	return 0;
}

int pass_source_read(struct pass_source *p, bool loose, struct kst_error *err)
{
	int fd, ret = -1;

	if (p->read)
		return 0;
	switch (p->kind) {
	case PASS_FILE:
	case PASS_GEN: /* the file that an earlier run of the same words made */
		ret = secret_file_read(p->value, true, ASK_PASS_MAX, loose, &p->secret, err);
		break;
	case PASS_FD:
	case PASS_STDIN:
		fd = p->kind == PASS_STDIN ? 0 : (int)strtol(p->value, NULL, 10);
		ret = read_line(fd, &p->secret, err);
		if (ret > 0)
			ret = kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
					     "the input ended before a passphrase came");
		if (ret < 0)
			kst_error_subject(err, "%s%s",
					  p->kind == PASS_FD ? "fd:" : "standard input",
					  p->kind == PASS_FD ? p->value : "");
		break;
	case PASS_ENV:
		ret = read_env(p->value, &p->secret, err);
		break;
	case PASS_PROMPT:
	case PASS_NONE:
		ret = kst_error_setx(err, KST_E_INTERNAL, "this source is not read");
		break;
	}
	if (ret < 0)
		return -1;
	p->read = true;
	return 0;
}

/* ---- making ---- */

int pass_generate(struct kst_secret *out, struct kst_error *err)
{
	/* Crockford's letters: none that are taken for another when typed. */
	static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
	struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT,
			    raw KST_SCRATCH_SECRET = KST_SECRET_INIT;

	/* 26 letters of 5 bits hold 130; the last one takes what is left of the 128. */
	if (kst_secret_alloc(&raw, 16, err) < 0 || kst_secret_alloc(&s, 32, err) < 0)
		return -1;
	if (getrandom(raw.data, 16, 0) != 16)
		return kst_error_set(err, KST_E_INTERNAL, "no random bytes");
	for (unsigned i = 0; i < 26; i++) {
		unsigned bit = i * 5, byte = bit / 8, v;

		v = (unsigned)raw.data[byte] << 8 | (byte + 1 < 16 ? raw.data[byte + 1] : 0u);
		if (i && i % 5 == 0 && i < 25)
			s.data[s.len++] = '-';
		s.data[s.len++] = (uint8_t)letters[v >> (11 - bit % 8) & 31];
	}
	kst_secret_move(out, &s);
	return 0;
}
