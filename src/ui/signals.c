/* SPDX-License-Identifier: ISC */
/* signals.c - interrupted, nothing stays: no neighbour file, no half store */
#include "ui/signals.h"

#include <signal.h>
#include <unistd.h>

#include "kstool/store.h"
#include "ui/progress.h"

static void end(int number)
{
	sigset_t one;

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
