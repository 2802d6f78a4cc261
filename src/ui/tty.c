/* SPDX-License-Identifier: ISC */
/*
 * tty.c - questions on /dev/tty
 *
 * The passphrase is read by readpassphrase(3), which turns echo off and puts it
 * back whatever signal comes.  It reads byte by byte into the buffer it is given,
 * so no copy is left in stdio.
 */
#include "ui/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <bsd/readpassphrase.h>

#include "ui/ask_cli.h"

static int open_tty(void)
{
	int fd;

	do
		fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	return fd;
}

bool tty_present(void)
{
	int fd = open_tty();

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int no_terminal(struct kst_error *err)
{
	return kst_error_setx(err, KST_E_NO_TERMINAL,
			      "an answer is needed and there is no terminal");
}

int tty_passphrase(const char *prompt, struct kst_secret *out, struct kst_error *err)
{
	struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;

	/* One byte more than a passphrase may have, to see that it is too long; and the terminator.
	 */
	if (kst_secret_alloc(&s, ASK_PASS_MAX + 2, err) < 0)
		return -1;
	errno = 0;
	if (!readpassphrase(prompt, (char *)s.data, ASK_PASS_MAX + 2,
			    RPP_ECHO_OFF | RPP_REQUIRE_TTY)) {
		if (errno == ENOTTY || errno == ENXIO || errno == ENOENT || errno == EACCES)
			return no_terminal(err);
		if (errno == EINTR)
			return kst_error_setx(err, KST_E_INTERRUPTED, "stopped");
		return kst_error_set(err, KST_E_NO_TERMINAL, "cannot read from the terminal");
	}
	s.len = strlen((char *)s.data);
	if (s.len > ASK_PASS_MAX)
		return kst_error_setx(err, KST_E_BAD_PASSPHRASE,
				      "a passphrase has at most %d bytes", ASK_PASS_MAX);
	kst_secret_move(out, &s);
	return 0;
}

static int write_tty(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

int tty_line(const char *prompt, struct kst_buf *out, struct kst_error *err)
{
	int fd = open_tty();
	bool any = false;
	char c;

	if (fd < 0)
		return no_terminal(err);
	write_tty(fd, prompt, strlen(prompt));
	for (;;) {
		ssize_t k = read(fd, &c, 1);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			break;
		any = true;
		if (c == '\n')
			break;
		if (out->len < 4096)
			kst_buf_u8(out, (uint8_t)c);
	}
	if (!any)
		write_tty(fd, "\n", 1);
	close(fd);
	if (out->failed)
		return kst_error_nomem(err);
	return any ? 0 : 1;
}

int tty_yes(const char *prompt, struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	int ret = tty_line(prompt, &b, err);

	if (ret < 0)
		return -1;
	return ret == 0 && b.len &&
	       (!strcmp((char *)b.data, "y") || !strcmp((char *)b.data, "Y") ||
		!strcmp((char *)b.data, "yes"));
}

int tty_show(const char *text, const struct kst_secret *secret, struct kst_error *err)
{
	int fd = open_tty();
	int ret;

	if (fd < 0)
		return no_terminal(err);
	ret = write_tty(fd, text, strlen(text)) < 0 ||
			      write_tty(fd, secret->data, secret->len) < 0 ||
			      write_tty(fd, "\n", 1) < 0
		      ? -1
		      : 0;
	close(fd);
	return ret < 0 ? no_terminal(err) : 0;
}

void tty_say(const char *text)
{
	int fd = open_tty();

	if (fd < 0)
		return;
	write_tty(fd, text, strlen(text));
	write_tty(fd, "\n", 1);
	close(fd);
}
