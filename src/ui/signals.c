/* SPDX-License-Identifier: ISC */
/* signals.c - interrupted, nothing stays: no neighbour file, no half store */
#include "ui/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "kstool/store.h"
#include "ui/progress.h"

static volatile sig_atomic_t stopping = -1; /* where the first one is told */

static void end(int number)
{
	sigset_t one;
	int fd = stopping;

	if (fd >= 0 && (number == SIGINT || number == SIGTERM)) {
		int was = errno;
		bool told = write(fd, "", 1) == 1;

		stopping = -1;
		errno = was;
		if (told)
			return;
	}
	kst_store_abort_all();
	progress_abort();
	/* The caller must see that it was a signal: a shell ends its loop only then. */
	signal(number, SIG_DFL);
	raise(number);
	sigemptyset(&one);
	sigaddset(&one, number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	/* Still here: the first process of a container does not die of a default action. */
	_exit(128 + number);
}

int signals_stop(void)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	stopping = fd[1];
	return fd[0];
}

void signals_init(void)
{
	static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction sa = { .sa_handler = end }, old;

	sigfillset(&sa.sa_mask);
	for (unsigned i = 0; i < sizeof(deadly) / sizeof(*deadly); i++)
		/* What the parent ignores (nohup) stays ignored. */
		if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(deadly[i], &sa, NULL);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
}
