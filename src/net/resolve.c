/* SPDX-License-Identifier: ISC */
/*
 * resolve.c - addresses of a name, before the deadline
 *
 * getaddrinfo() cannot be told when to stop: a name server that does not answer keeps
 * it for half a minute.  So it runs in a thread of its own, which is left to itself
 * when the time is over; whoever is last frees what they share.  Nothing of ours is
 * touched there but this.
 */
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "kstool/alloc.h"
#include "net/net.h"

struct lookup {
	pthread_mutex_t lock;
	pthread_cond_t over;
	bool finished, abandoned;
	int rc;
	struct addrinfo *found;
	char host[256], port[16];
};

static int ask(const char *host, const char *port, int flags, struct addrinfo **out)
{
	struct addrinfo want = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
				 .ai_flags = flags | AI_NUMERICSERV };

	return getaddrinfo(host, port, &want, out);
}

static void free_lookup(struct lookup *l)
{
	pthread_cond_destroy(&l->over);
	pthread_mutex_destroy(&l->lock);
	kst_free(l);
}

static void *run(void *arg)
{
	struct lookup *l = arg;
	struct addrinfo *found = NULL;
	int rc = ask(l->host, l->port, 0, &found);
	bool alone;

	pthread_mutex_lock(&l->lock);
	alone = l->abandoned;
	l->rc = rc;
	l->found = rc ? NULL : found;
	l->finished = true;
	pthread_cond_signal(&l->over);
	pthread_mutex_unlock(&l->lock);
	if (alone) {
		if (!rc)
			freeaddrinfo(found);
		free_lookup(l);
	}
	return NULL;
}

static int start(struct lookup *l)
{
	pthread_condattr_t clock;
	pthread_attr_t attr;
	pthread_t id;
	sigset_t all, was;
	int rc;

	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&l->over, &clock);
	pthread_condattr_destroy(&clock);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* Signals are for the thread that knows what to clean up. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &was);
	rc = pthread_create(&id, &attr, run, l);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	pthread_attr_destroy(&attr);
	return rc;
}

/* 0 finished, -1 too late. */
static int wait_for(struct kst_net *n, struct lookup *l)
{
	struct timespec until = { .tv_sec = (time_t)(n->until / 1000),
				  .tv_nsec = (long)(n->until % 1000) * 1000000 };
	bool finished;

	pthread_mutex_lock(&l->lock);
	while (!l->finished && kst_net_left(n))
		pthread_cond_timedwait(&l->over, &l->lock, &until);
	finished = l->finished;
	l->abandoned = !finished;
	pthread_mutex_unlock(&l->lock);
	return finished ? 0 : -1;
}

int kst_net_lookup(struct kst_net *n, const char *host, const char *port, struct addrinfo **out,
		   struct kst_error *err)
{
	struct lookup *l;
	int rc;

	/* An address asks nobody. */
	if (ask(host, port, AI_NUMERICHOST, out) == 0)
		return 0;
	l = kst_calloc(1, sizeof(*l));
	if (!l)
		return kst_error_nomem(err);
	memcpy(l->host, host, strnlen(host, sizeof(l->host) - 1));
	memcpy(l->port, port, strnlen(port, sizeof(l->port) - 1));
	if (start(l) != 0) { /* no thread to be had: then without an end */
		l->rc = ask(host, port, 0, &l->found);
	} else if (wait_for(n, l) < 0) {
		kst_error_setx(err, KST_E_TIMEOUT, "no name server answered within %d s", n->timeout_ms / 1000);
		return kst_error_subject(err, "%s", n->name);
	}
	rc = l->rc;
	*out = l->found;
	free_lookup(l);
	if (!rc)
		return 0;
	if (rc == EAI_MEMORY)
		return kst_error_nomem(err);
	kst_error_setx(err, KST_E_NO_HOST, "\"%s\" has no address: %s", host, gai_strerror(rc));
	return kst_error_subject(err, "%s", n->name);
}
