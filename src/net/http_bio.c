/* SPDX-License-Identifier: ISC */
/*
 * http_bio.c - a connection as OpenSSL's HTTP client reads it
 *
 * It reads a header byte by byte, without end, and keeps the status to itself: so
 * bytes are buffered here, the header is measured, and its first line remembered.
 */
#include <openssl/bio.h>
#include <pthread.h>
#include <string.h>

#include "net/http.h"
#include "net/net.h"

/* Of the bytes that came, what belongs to the header.  -1: too much of it. */
static int measure(struct kst_http_wire *w, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n && !w->body; i++) {
		char c = (char)p[i];

		if (++w->header > KST_HTTP_HEADER_MAX)
			return -1;
		if (c == '\n') {
			w->line_over = true;
			w->body = ++w->blank == 2;
		} else if (c != '\r') {
			w->blank = 0;
		}
		if (!w->line_over && c != '\r' && w->nr_first + 1 < sizeof(w->first))
			w->first[w->nr_first++] = c;
	}
	return 0;
}

static int more(struct kst_http_wire *w)
{
	ptrdiff_t got;

	if (!w->net->budget)
		return kst_error_setx(w->err, KST_E_PEER_LIMIT, "sends more than kstool takes");
	got = kst_net_read(w->net, w->buf, sizeof(w->buf), w->err);
	w->at = w->len = 0;
	if (got <= 0) {
		w->closed = got == 0;
		return -1;
	}
	if (measure(w, w->buf, (size_t)got) < 0)
		return kst_error_setx(w->err, KST_E_PEER_LIMIT,
				      "sends a header of more than %zu KiB",
				      KST_HTTP_HEADER_MAX >> 10);
	w->len = (size_t)got;
	return 0;
}

static int bio_read(BIO *b, char *out, int size)
{
	struct kst_http_wire *w = BIO_get_data(b);
	size_t n;

	BIO_clear_retry_flags(b);
	if (size <= 0)
		return 0;
	if (w->at == w->len && (w->over || more(w) < 0)) {
		w->over = true;
		return w->closed ? 0 : -1;
	}
	n = w->len - w->at < (size_t)size ? w->len - w->at : (size_t)size;
	memcpy(out, w->buf + w->at, n);
	w->at += n;
	return (int)n;
}

static int bio_write(BIO *b, const char *data, int len)
{
	struct kst_http_wire *w = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	if (len <= 0)
		return 0;
	if (w->over || kst_net_write(w->net, data, (size_t)len, w->err) < 0) {
		w->over = true;
		return -1;
	}
	return len;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	struct kst_http_wire *w = BIO_get_data(b);

	(void)num;
	(void)ptr;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF:
		return w->over;
	default: /* what others ask a BIO is none of ours */
		return 0;
	}
}

static BIO_METHOD *method;

static void make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kstool http");
	if (!method)
		return;
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_ctrl(method, bio_ctrl);
}

BIO *kst_http_bio(struct kst_http_wire *w)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	BIO *b;

	pthread_once(&once, make_method);
	b = method ? BIO_new(method) : NULL;
	if (b) {
		BIO_set_data(b, w);
		BIO_set_init(b, 1);
	}
	return b;
}
