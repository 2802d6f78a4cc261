/* SPDX-License-Identifier: ISC */
/* net.c - connect, read and write, all before one deadline */
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ADDRESSES 16  /* of one name that are tried */
#define STAGGER	  250 /* ms; RFC 8305 5 */

int64_t kst_net_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int kst_net_left(const struct kst_net *n)
{
	int64_t left = n->until - kst_net_clock();

	return left > 0 ? (int)left : 0;
}

void kst_net_restart(struct kst_net *n, int timeout_ms)
{
	n->timeout_ms = timeout_ms;
	n->until = kst_net_clock() + timeout_ms;
}

void kst_net_close(struct kst_net *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

static int late(const struct kst_net *n, struct kst_error *err)
{
	int s = n->timeout_ms / 1000, rest = n->timeout_ms % 1000 / 100;

	if (rest)
		kst_error_setx(err, KST_E_TIMEOUT, "no answer within %d.%d s, %s", s, rest, n->stage);
	else
		kst_error_setx(err, KST_E_TIMEOUT, "no answer within %d s, %s", s, n->stage);
	return kst_error_subject(err, "%s", n->name);
}

/* "10.1.2.3:443", "[::1]:443" */
static void put_peer(const struct sockaddr *a, socklen_t len, char out[128])
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	struct kst_endpoint e = { .is_address = true };
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	out[0] = '\0';
	if (getnameinfo(a, len, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	memcpy(e.host, host, strnlen(host, sizeof(e.host) - 1));
	memcpy(e.port, port, strnlen(port, sizeof(e.port) - 1));
	kst_endpoint_text(&e, &b);
	if (b.len && b.len < 128)
		memcpy(out, b.data, b.len + 1);
}

/* ---- connecting ---- */

struct attempt {
	const struct addrinfo *to;
	int fd;   /* -1: not begun, or over */
	int why;  /* errno of its end */
};
struct race {
	struct attempt try[ADDRESSES];
	size_t nr, begun, pending;
	int64_t next; /* when the one after may begin */
};

static void end_attempt(struct race *r, struct attempt *a, int why)
{
	close(a->fd);
	a->fd = -1;
	a->why = why;
	r->pending--;
	r->next = 0; /* no use in waiting */
}

/* The one that is connected at once, or NULL. */
static struct attempt *begin(struct race *r)
{
	struct attempt *a = &r->try[r->begun++];

	r->next = kst_net_clock() + STAGGER;
	a->fd = socket(a->to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a->fd < 0) {
		a->why = errno;
		r->next = 0;
		return NULL;
	}
	r->pending++;
	if (connect(a->fd, a->to->ai_addr, a->to->ai_addrlen) == 0)
		return a;
	if (errno != EINPROGRESS)
		end_attempt(r, a, errno);
	return NULL;
}

/* Wait for one of those that are under way, until `ms` are over. */
static struct attempt *look(struct race *r, int ms)
{
	struct pollfd p[ADDRESSES];
	struct attempt *of[ADDRESSES];
	nfds_t nr = 0;

	for (size_t i = 0; i < r->begun; i++)
		if (r->try[i].fd >= 0) {
			of[nr] = &r->try[i];
			p[nr++] = (struct pollfd){ .fd = r->try[i].fd, .events = POLLOUT };
		}
	if (poll(p, nr, ms) <= 0)
		return NULL;
	for (nfds_t k = 0; k < nr; k++) {
		int why = 0;
		socklen_t size = sizeof(why);

		if (!p[k].revents)
			continue;
		if (getsockopt(of[k]->fd, SOL_SOCKET, SO_ERROR, &why, &size) < 0)
			why = errno;
		if (!why)
			return of[k];
		end_attempt(r, of[k], why);
	}
	return NULL;
}

static int nobody(const struct kst_net *n, const struct race *r, struct kst_error *err)
{
	bool same = true;

	for (size_t i = 1; i < r->nr; i++)
		same &= r->try[i].why == r->try[0].why;
	kst_error_setx(err, KST_E_UNREACHABLE, "no connection could be made%s%s", same ? ": " : "",
		       same ? strerror(r->try[0].why) : "");
	for (size_t i = 0; i < r->nr && r->nr > 1; i++) {
		char peer[128];

		put_peer(r->try[i].to->ai_addr, r->try[i].to->ai_addrlen, peer);
		kst_error_detail(err, "%s: %s", peer, strerror(r->try[i].why));
	}
	return kst_error_subject(err, "%s", n->name);
}

static int race(struct kst_net *n, const struct addrinfo *list, struct kst_error *err)
{
	struct race r = { .nr = 0 };
	struct attempt *won = NULL;
	int ret = -1;

	for (const struct addrinfo *a = list; a && r.nr < ADDRESSES; a = a->ai_next)
		r.try[r.nr++] = (struct attempt){ .to = a, .fd = -1 };
	while (!won) {
		int left = kst_net_left(n);
		int64_t wait = r.next - kst_net_clock();

		if (!left) {
			late(n, err);
			goto done;
		}
		if (r.begun < r.nr && (!r.pending || wait <= 0)) {
			won = begin(&r);
			continue;
		}
		if (!r.pending) {
			nobody(n, &r, err);
			goto done;
		}
		won = look(&r, r.begun < r.nr && wait < left ? (int)wait : left);
	}
	n->fd = won->fd;
	won->fd = -1;
	put_peer(won->to->ai_addr, won->to->ai_addrlen, n->peer);
	ret = 0;
done:
	for (size_t i = 0; i < r.begun; i++)
		if (r.try[i].fd >= 0)
			close(r.try[i].fd);
	return ret;
}

static void begin_net(struct kst_net *n, const char *name, int timeout_ms)
{
	memset(n, 0, sizeof(*n));
	n->fd = -1;
	n->budget = n->limit = KST_NET_BUDGET;
	n->stage = "while connecting";
	n->start = kst_net_clock();
	kst_net_restart(n, timeout_ms > 0 ? timeout_ms : 10000);
	memcpy(n->name, name, strnlen(name, sizeof(n->name) - 1));
}

int kst_net_connect(struct kst_net *n, const struct kst_connect *how, struct kst_error *err)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_endpoint via = how->to;
	struct addrinfo *list = NULL;
	int ret;

	kst_endpoint_text(&how->to, &name);
	begin_net(n, name.data ? (const char *)name.data : how->to.host, how->timeout_ms);
	if (how->resolve) {
		struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
		bool bare = strchr(how->resolve, ':') && how->resolve[0] != '[';

		kst_buf_printf(&text, bare ? "[%s]:%s" : "%s:%s", how->resolve, how->to.port);
		if (!text.data || kst_endpoint_parse(&via, (const char *)text.data, NULL) || !via.is_address) {
			kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is no IP address", how->resolve);
			return kst_error_subject(err, "--resolve");
		}
	}
	if (kst_net_lookup(n, via.host, via.port, &list, err) < 0)
		return -1;
	ret = race(n, list, err);
	freeaddrinfo(list);
	return ret;
}

int kst_net_adopt(struct kst_net *n, int fd, const char *name, int timeout_ms, struct kst_error *err)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	int flags = fcntl(fd, F_GETFL);

	begin_net(n, name, timeout_ms);
	n->fd = fd;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		kst_error_set(err, KST_E_UNREACHABLE, "the connection cannot be used");
		kst_net_close(n);
		return kst_error_subject(err, "%s", name);
	}
	if (getpeername(fd, (struct sockaddr *)&a, &len) == 0)
		put_peer((struct sockaddr *)&a, len, n->peer);
	return 0;
}

/* ---- bytes ---- */

/* 0 ready, -1 too late. */
static int wait_for(struct kst_net *n, short events, struct kst_error *err)
{
	struct pollfd p = { .fd = n->fd, .events = events };

	for (;;) {
		int left = kst_net_left(n);

		if (!left)
			return late(n, err);
		if (poll(&p, 1, left) > 0)
			return 0;
	}
}

static int broken(const struct kst_net *n, struct kst_error *err)
{
	kst_error_set(err, KST_E_CLOSED, "the connection broke, %s", n->stage);
	return kst_error_subject(err, "%s", n->name);
}

ptrdiff_t kst_net_read(struct kst_net *n, void *buf, size_t size, struct kst_error *err)
{
	if (!n->budget) {
		kst_error_setx(err, KST_E_PEER_LIMIT, "more than %llu KiB came, %s",
			       (unsigned long long)n->limit >> 10, n->stage);
		return kst_error_subject(err, "%s", n->name);
	}
	if (size > n->budget)
		size = (size_t)n->budget;
	for (;;) {
		ssize_t got;

		/* Even of one who always has something to say: the deadline first. */
		if (wait_for(n, POLLIN, err) < 0)
			return -1;
		got = recv(n->fd, buf, size, 0);
		if (got >= 0) {
			size_t room = sizeof(n->first) - n->nr_first;

			n->budget -= (uint64_t)got;
			n->ended = got == 0;
			room = room < (size_t)got ? room : (size_t)got;
			memcpy(n->first + n->nr_first, buf, room);
			n->nr_first += room;
			return got;
		}
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			return broken(n, err);
	}
}

void kst_net_overhear(struct kst_net *n)
{
	size_t room = sizeof(n->first) - n->nr_first;
	ssize_t got = room && n->fd >= 0 ? recv(n->fd, n->first + n->nr_first, room, MSG_DONTWAIT) : 0;

	if (got > 0)
		n->nr_first += (size_t)got;
}

int kst_net_write(struct kst_net *n, const void *data, size_t len, struct kst_error *err)
{
	const uint8_t *p = data;

	while (len) {
		ssize_t put;

		if (wait_for(n, POLLOUT, err) < 0)
			return -1;
		put = send(n->fd, p, len, MSG_NOSIGNAL);
		if (put < 0) {
			if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
				return broken(n, err);
			continue;
		}
		p += put;
		len -= (size_t)put;
	}
	return 0;
}
