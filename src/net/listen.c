/* SPDX-License-Identifier: ISC */
/* listen.c - a socket for clients to come to, and which of those that came speaks first */
#include "net/listen.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kstool/alloc.h"
#include "net/net.h"

/* Connections that are open and silent: browsers make some in advance, scanners many. */
#define WAITING_MAX 16

struct kst_listener {
	int fd;
	char address[160];
	struct {
		int fd;
		int64_t until;
	} waiting[WAITING_MAX];
	size_t nr;
};

static int bind_to(struct kst_listener *l, const struct addrinfo *a, int *why)
{
	int yes = 1;

	l->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd >= 0 && setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
	    bind(l->fd, a->ai_addr, a->ai_addrlen) == 0 && listen(l->fd, WAITING_MAX) == 0)
		return 0;
	*why = errno;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	return -1;
}

/* The address with the port that the kernel chose. */
static void own_address(struct kst_listener *l)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	struct kst_endpoint e = { .is_address = true };
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (getsockname(l->fd, (struct sockaddr *)&a, &len) < 0 ||
	    getnameinfo((struct sockaddr *)&a, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	memcpy(e.host, host, strnlen(host, sizeof(e.host) - 1));
	memcpy(e.port, port, strnlen(port, sizeof(e.port) - 1));
	kst_endpoint_text(&e, &b);
	if (b.len && b.len < sizeof(l->address))
		memcpy(l->address, b.data, b.len + 1);
}

/* ADDRESS:PORT, :PORT; port 0, which nobody can connect to, is any here. */
static int parse(struct kst_endpoint *e, const char *address)
{
	const char *port = strrchr(address, ':');
	char text[300];
	bool any = port && !strcmp(port, ":0");

	if (!port || strlen(address) >= sizeof(text))
		return -1;
	memcpy(text, address, strlen(address) + 1);
	if (any)
		text[port + 1 - address] = '1';
	if (port == address) {
		if (strlen(port + 1) >= sizeof(e->port) || !port[1] || strspn(port + 1, "0123456789") != strlen(port + 1))
			return -1;
		memcpy(e->port, port + 1, strlen(port + 1));
	} else if (kst_endpoint_parse(e, text, NULL)) {
		return -1;
	}
	if (any)
		memcpy(e->port, "0", 2);
	return 0;
}

int kst_tls_listen(struct kst_listener **out, const char *address, struct kst_error *err)
{
	struct kst_listener *l = kst_calloc(1, sizeof(*l));
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICSERV },
			*list = NULL;
	struct kst_endpoint e = { .host = "" };
	int why = 0, ret;

	if (!l)
		return kst_error_nomem(err);
	l->fd = -1;
	if (parse(&e, address) < 0) {
		kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is no ADDRESS:PORT", address);
		goto fail;
	}
	ret = getaddrinfo(e.host[0] ? e.host : NULL, e.port, &hints, &list);
	if (ret) {
		kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is no ADDRESS:PORT: %s", address, gai_strerror(ret));
		goto fail;
	}
	for (const struct addrinfo *a = list; a && l->fd < 0; a = a->ai_next)
		bind_to(l, a, &why);
	freeaddrinfo(list);
	if (l->fd < 0) {
		kst_error_setx(err, KST_E_UNREACHABLE, "cannot be listened on: %s", strerror(why));
		kst_error_hint(err, "port 0 takes one that is free");
		goto fail;
	}
	own_address(l);
	*out = l;
	return 0;
fail:
	kst_error_subject(err, "--listen %s", address);
	kst_listener_free(l);
	return -1;
}

void kst_listener_free(struct kst_listener *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->nr; i++)
		close(l->waiting[i].fd);
	if (l->fd >= 0)
		close(l->fd);
	kst_free(l);
}

const char *kst_listener_address(const struct kst_listener *l)
{
	return l->address;
}

static int take_out(struct kst_listener *l, size_t i)
{
	int fd = l->waiting[i].fd;

	l->waiting[i] = l->waiting[--l->nr];
	return fd;
}

static void welcome(struct kst_listener *l, int timeout_ms)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	l->waiting[l->nr].fd = fd;
	l->waiting[l->nr++].until = kst_net_clock() + timeout_ms;
}

/* One that says nothing, or leaves without a word, was no client. */
static int speaking(struct kst_listener *l, const struct pollfd *p)
{
	for (size_t i = l->nr; i--;) {
		char one;

		if (p[i].revents && recv(l->waiting[i].fd, &one, 1, MSG_PEEK) > 0)
			return take_out(l, i);
		if (p[i].revents || l->waiting[i].until < kst_net_clock())
			close(take_out(l, i));
	}
	return -1;
}

int kst_listener_next(struct kst_listener *l, int stop, int timeout_ms, int *fd, struct kst_error *err)
{
	for (;;) {
		struct pollfd p[WAITING_MAX + 2];
		size_t nr = l->nr;
		int ret;

		for (size_t i = 0; i < nr; i++)
			p[i] = (struct pollfd){ .fd = l->waiting[i].fd, .events = POLLIN };
		p[nr] = (struct pollfd){ .fd = stop, .events = POLLIN };
		/* Full: the next ones wait in the kernel's queue. */
		p[nr + 1] = (struct pollfd){ .fd = nr < WAITING_MAX ? l->fd : -1, .events = POLLIN };
		ret = poll(p, (nfds_t)nr + 2, nr ? 250 : -1);
		if (ret < 0 && errno != EINTR)
			return kst_error_set(err, KST_E_UNREACHABLE, "no client can be waited for");
		if (ret < 0)
			continue;
		if (p[nr].revents)
			return 1;
		*fd = speaking(l, p);
		if (*fd >= 0)
			return 0;
		if (p[nr + 1].revents)
			welcome(l, timeout_ms);
	}
}
