/* SPDX-License-Identifier: ISC */
/*
 * net_bio.c - a connection as a BIO
 *
 * libssl asks for bytes and waits; the deadline and the budget are kept here, below
 * it, so that nothing that it does on its own can outlive them.
 */
#include <openssl/bio.h>
#include <pthread.h>

#include "kstool/alloc.h"
#include "net/net.h"

struct state {
	struct kst_net *net;
	struct kst_error *err;
	bool over; /* failed or ended: nothing more */
};

static int bio_write(BIO *b, const char *data, int len)
{
	struct state *s = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	if (len <= 0)
		return 0;
	if (s->over || kst_net_write(s->net, data, (size_t)len, s->err) < 0) {
		s->over = true;
		return -1;
	}
	return len;
}

static int bio_read(BIO *b, char *buf, int size)
{
	struct state *s = BIO_get_data(b);
	ptrdiff_t got;

	BIO_clear_retry_flags(b);
	if (size <= 0 || s->over)
		return size <= 0 ? 0 : -1;
	got = kst_net_read(s->net, buf, (size_t)size, s->err);
	s->over = got <= 0;
	return (int)got;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	struct state *s = BIO_get_data(b);

	(void)num;
	(void)ptr;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF: /* a deadline is no end, which libssl would answer with an alert */
		return s->net->ended;
	default: /* what others ask a BIO is none of ours */
		return 0;
	}
}

static int bio_destroy(BIO *b)
{
	kst_free(BIO_get_data(b));
	return 1;
}

static BIO_METHOD *method;

static void make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kstool connection");
	if (!method)
		return;
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_ctrl(method, bio_ctrl);
	BIO_meth_set_destroy(method, bio_destroy);
}

BIO *kst_net_bio(struct kst_net *n, struct kst_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct state *s = kst_calloc(1, sizeof(*s));
	BIO *b;

	pthread_once(&once, make_method);
	b = method && s ? BIO_new(method) : NULL;
	if (!b) {
		kst_free(s);
		return NULL;
	}
	s->net = n;
	s->err = err;
	BIO_set_data(b, s);
	BIO_set_init(b, 1);
	return b;
}
