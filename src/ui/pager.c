/* SPDX-License-Identifier: ISC */
/* pager.c - long text on a terminal: help and `show --full` only (cli.md 4.2) */
#include "ui/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ui/term.h"

static const char *pager_command(void)
{
	const char *p = getenv("KSTOOL_PAGER");

	if (!p)
		p = getenv("PAGER");
	if (!p)
		return "less -FIRX";
	return *p && strcmp(p, "cat") ? p : NULL;
}

static size_t count_lines(const struct kst_buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

static void child(const char *command, const int pipe_fd[2])
{
	signal(SIGXFSZ, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	if (dup2(pipe_fd[0], 0) >= 0)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

bool pager_show(int fd, const struct kst_buf *text)
{
	const char *command = pager_command();
	size_t height = term_height(fd), done = 0;
	/* To leave the pager early is no failure.  Ctrl-C is for the pager, which may search: if this
	 * process went first, the shell and the pager would read the same terminal. */
	static const int left_to_it[] = { SIGPIPE, SIGINT, SIGQUIT };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old[3];
	int pipe_fd[2], status = 0;
	pid_t pid;

	if (!command || fd != STDOUT_FILENO || !height || term_dumb() || count_lines(text) < height)
		return false;
	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return false;
	for (int i = 0; i < 3; i++)
		sigaction(left_to_it[i], &ignore, &old[i]);
	pid = fork();
	if (pid == 0)
		child(command, pipe_fd);
	close(pipe_fd[0]);
	while (pid > 0 && done < text->len) {
		ssize_t k = write(pipe_fd[1], text->data + done, text->len - done);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			break;
		done += (size_t)k;
	}
	close(pipe_fd[1]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	for (int i = 0; i < 3; i++)
		sigaction(left_to_it[i], &old[i], NULL);
	/* 126 and 127: there is no such program; the text has not been seen. */
	return pid > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) >= 126);
}
