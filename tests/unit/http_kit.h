/* SPDX-License-Identifier: ISC */
/*
 * http_kit.h - a web server for tests, in a child of its own, that does as badly as
 * it is told
 */
#ifndef KST_TESTS_HTTP_KIT_H
#define KST_TESTS_HTTP_KIT_H

#include <arpa/inet.h>
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kstool/kstool.h"

struct web {
	pid_t pid;
	int port, requests; /* a pipe: the requests that came */
};
/* Answer one request on fd; it is closed afterwards. */
typedef void web_answer(int fd, const char *request, size_t len, void *ctx);

/* The request, with its body; 0 the other side closed. */
static inline size_t web_request(int fd, char *buf, size_t size)
{
	size_t n = 0, body = 0;
	char *end = NULL, *length;
	while (n + 1 < size && (!end || n < (size_t)(end + 4 - buf) + body)) {
		ssize_t got = read(fd, buf + n, size - n - 1);
		if (got <= 0)
			return 0;
		n += (size_t)got;
		buf[n] = '\0';
		if (!end && (end = memmem(buf, n, "\r\n\r\n", 4)) && (length = strstr(buf, "Content-Length: ")))
			body = strtoul(length + 16, NULL, 10);
	}
	return n;
}

static inline void web_loop(int server, int out, web_answer *answer, void *ctx)
{
	static char buf[65536];
	signal(SIGPIPE, SIG_IGN);
	alarm(120); /* whatever becomes of the test */
	for (;;) {
		int fd = accept(server, NULL, NULL);
		size_t n;
		if (fd < 0)
			_exit(1);
		n = web_request(fd, buf, sizeof(buf));
		if (n && write(out, buf, n) != (ssize_t)n)
			_exit(1);
		answer(fd, buf, n, ctx);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
}

static inline struct web web_start_on(int family, web_answer *answer, void *ctx)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *at = family == AF_INET ? (void *)&four : (void *)&six;
	socklen_t len = family == AF_INET ? sizeof(four) : sizeof(six);
	int server = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), pipes[2];
	struct web w = { .pid = -1 };
	if (server < 0 || bind(server, at, len) < 0 || listen(server, 16) < 0) {
		ck_assert_int_ne(family, AF_INET); /* a machine without IPv6 is no fault */
		return w;
	}
	ck_assert_int_eq(getsockname(server, at, &len), 0);
	w.port = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
	ck_assert_int_eq(pipe(pipes), 0);
	w.pid = fork();
	ck_assert_int_ge(w.pid, 0);
	if (!w.pid)
		web_loop(server, pipes[1], answer, ctx);
	close(server);
	close(pipes[1]);
	w.requests = pipes[0];
	return w;
}

static inline struct web web_start(web_answer *answer, void *ctx)
{
	return web_start_on(AF_INET, answer, ctx);
}

static inline void web_stop(struct web *w)
{
	if (w->pid > 0) {
		kill(w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
		close(w->requests);
	}
	w->pid = -1;
}

/* What it was asked so far (at least one request must have come). */
static inline const char *web_asked(struct web *w)
{
	static char buf[65536];
	ssize_t n = read(w->requests, buf, sizeof(buf) - 1);
	ck_assert_int_gt(n, 0);
	buf[n] = '\0';
	return buf;
}

static inline void web_send(int fd, const void *data, size_t n)
{
	for (const char *p = data; n;) {
		ssize_t put = write(fd, p, n);
		if (put <= 0)
			return;
		p += put;
		n -= (size_t)put;
	}
}
static inline void web_text(int fd, const char *text)
{
	web_send(fd, text, strlen(text));
}

#endif
