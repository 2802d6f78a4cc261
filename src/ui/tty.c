/* SPDX-License-Identifier: ISC */
/*
 * tty.c - questions on /dev/tty
 *
 * While a passphrase is typed, what could end or stop the program is blocked and waited for
 * together with the line.  So no moment is left in which a signal is noted and then slept over (as
 * between the check and the read of a handler that only sets a flag), and echo is back before the
 * signal does its work.  Bytes go from the terminal into guarded memory; stdio gets no copy.
 */
#include "ui/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "kstool/fd.h"
#include "ui/ask_cli.h"
#include "ui/term.h"

static int open_tty(int flags)
{
	int fd;

	do
		fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | flags);
	while (fd < 0 && errno == EINTR);
	return fd;
}

bool tty_present(void)
{
	int fd = open_tty(0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

void tty_text(struct kst_buf *b, const char *text)
{
	kst_text_escape_for(b, text, strlen(text), !term_utf8());
}

static int no_terminal(struct kst_error *err)
{
	return kst_error_setx(err, KST_E_NO_TERMINAL,
			      "an answer is needed and there is no terminal");
}

/* ---- without echo ---- */

/* A terminal whose echo is off, and the signals that wait until it is on again. */
struct hush {
	int tty, signals; /* descriptors */
	sigset_t old;     /* the mask as it was */
	struct termios shown;
};
enum { READY = 0, SIGNALLED = 1 }; /* or -1 with errno */

/* What would leave the terminal dumb.  What the parent ignores, or blocked itself, never comes. */
static void deadly(const sigset_t *blocked, sigset_t *out)
{
	static const int number[] = { SIGINT,  SIGTERM, SIGHUP,	 SIGQUIT, SIGTSTP,
				      SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU };
	struct sigaction sa;

	sigemptyset(out);
	for (size_t i = 0; i < sizeof(number) / sizeof(*number); i++)
		if (!sigismember(blocked, number[i]) && !sigaction(number[i], NULL, &sa) &&
		    sa.sa_handler != SIG_IGN)
			sigaddset(out, number[i]);
}

static int hush_begin(struct hush *h)
{
	struct termios t;
	sigset_t set;

	if (tcgetattr(h->tty, &h->shown) < 0 || sigprocmask(SIG_SETMASK, NULL, &h->old) < 0)
		return -1;
	deadly(&h->old, &set);
	h->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (h->signals < 0)
		return -1;
	sigprocmask(SIG_BLOCK, &set, NULL);
	t = h->shown;
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	/* In the background this stops until the shell brings it to the front. */
	if (tcsetattr(h->tty, TCSANOW, &t) < 0) {
		int saved = errno;

		close(h->signals);
		sigprocmask(SIG_SETMASK, &h->old, NULL);
		errno = saved;
		return -1;
	}
	tcflush(h->tty, TCIFLUSH); /* what was typed in sight is no secret */
	return 0;
}

/* Whoever waits is let through last, when the terminal is as it was. */
static void hush_end(struct hush *h)
{
	int saved = errno;

	if (write(h->tty, "\n", 1) < 0)
		errno = 0; /* the line is not ended; nothing depends on it */
	tcflush(h->tty, TCIFLUSH);
	while (tcsetattr(h->tty, TCSANOW, &h->shown) < 0 && errno == EINTR)
		;
	close(h->signals);
	sigprocmask(SIG_SETMASK, &h->old, NULL);
	errno = saved;
}

static int hush_wait(const struct hush *h, short events)
{
	struct pollfd fd[] = { { .fd = h->signals, .events = POLLIN },
			       { .fd = h->tty, .events = events } };

	while (poll(fd, 2, -1) < 0)
		if (errno != EINTR)
			return -1;
	return fd[0].revents ? SIGNALLED : READY;
}

static int hush_write(const struct hush *h, const char *text)
{
	for (size_t n = strlen(text); n;) {
		int ret = hush_wait(h, POLLOUT);
		ssize_t k;

		if (ret != READY)
			return ret;
		k = write(h->tty, text, n);
		if (k < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		text += k < 0 ? 0 : k;
		n -= k < 0 ? 0 : (size_t)k;
	}
	return READY;
}

/* One line; what does not fit is read and left out, all but one byte that shows it. */
static int hush_read(const struct hush *h, struct kst_secret *s)
{
	uint8_t *at = s->data, *end = s->data + ASK_PASS_MAX + 2;

	for (;;) {
		int ret = hush_wait(h, POLLIN);
		ssize_t k;

		if (ret != READY)
			return ret;
		k = read(h->tty, at, 1);
		if (k < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (k < 0)
			return -1;
		if (!k || *at == '\n')
			break;
		if (at + 1 < end)
			at++;
	}
	*at = 0;
	s->len = (size_t)(at - s->data);
	return READY;
}

int tty_passphrase(const char *prompt, struct kst_secret *out, struct kst_error *err)
{
	struct hush h = { .tty = open_tty(O_NONBLOCK), .signals = -1 };
	int ret;

	if (h.tty < 0)
		return no_terminal(err);
	do { /* once more where a signal did not end it: stopped, and continued */
		struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;

		/* One byte more than a passphrase may have, and one for what follows it. */
		if (kst_secret_alloc(&s, ASK_PASS_MAX + 2, err) < 0) {
			close(h.tty);
			return -1;
		}
		ret = hush_begin(&h);
		if (ret < 0)
			break;
		ret = hush_write(&h, prompt);
		if (ret == READY)
			ret = hush_read(&h, &s);
		hush_end(&h);
		if (ret == READY)
			kst_secret_move(out, &s);
	} while (ret == SIGNALLED);
	if (ret < 0)
		kst_error_set(err, KST_E_NO_TERMINAL, "cannot read from the terminal");
	close(h.tty);
	if (ret == READY && out->len > ASK_PASS_MAX) {
		kst_secret_release(out);
		return kst_error_setx(err, KST_E_BAD_PASSPHRASE,
				      "a passphrase has at most %d bytes", ASK_PASS_MAX);
	}
	return ret;
}

/* ---- in sight ---- */

int tty_line(const char *prompt, struct kst_buf *out, struct kst_error *err)
{
	int fd = open_tty(0);
	bool any = false;
	char c;

	if (fd < 0)
		return no_terminal(err);
	kst_fd_write_all(fd, prompt, strlen(prompt), NULL);
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
		kst_fd_write_all(fd, "\n", 1, NULL);
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
	int fd = open_tty(0);
	int ret;

	if (fd < 0)
		return no_terminal(err);
	ret = kst_fd_write_all(fd, text, strlen(text), NULL) < 0 ||
			      kst_fd_write_all(fd, secret->data, secret->len, NULL) < 0 ||
			      kst_fd_write_all(fd, "\n", 1, NULL) < 0
		      ? -1
		      : 0;
	close(fd);
	return ret < 0 ? no_terminal(err) : 0;
}

void tty_say(const char *text)
{
	int fd = open_tty(0);

	if (fd < 0)
		return;
	kst_fd_write_all(fd, text, strlen(text), NULL);
	kst_fd_write_all(fd, "\n", 1, NULL);
	close(fd);
}
