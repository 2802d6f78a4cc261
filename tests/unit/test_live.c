/* SPDX-License-Identifier: ISC */
/* test_live.c - what a server sent as a store; a talk with it without memory, and staples */
#include <netinet/in.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ocsp.h>
#include <openssl/ssl.h>

#include "party.h"
#include "net/net.h"

static struct party root, ca, shop;

static void setup(void)
{
	root = party_new("Acme Root CA", NULL, 1, NULL);
	ca = party_new("Acme Issuing CA", NULL, 1, &root);
	shop = party_new("shop", "DNS:shop.test", 0, &ca);
}

static void teardown(void)
{
	party_free(&root);
	party_free(&ca);
	party_free(&shop);
}

static struct kst_live live_of(const struct party *const *p, size_t nr)
{
	struct kst_live l = { .version = 0x0304, .proved = true };

	memcpy(l.to.host, "shop.test", 10);
	memcpy(l.to.port, "443", 4);
	for (size_t i = 0; i < nr; i++) {
		unsigned char *der = NULL;
		int n = i2d_X509(p[i]->cert, &der);
		struct kst_cert *cert;

		ck_assert_int_eq(kst_cert_new(&cert, der, (size_t)n, NULL), 0);
		ck_assert_int_eq(kst_chain_push(&l.sent, cert), 0);
		kst_cert_free(cert);
		OPENSSL_free(der);
	}
	return l;
}

START_TEST(a_server_is_a_store)
{
	const struct party *const sent[] = { &shop, &root, &ca, &ca };
	struct kst_live l = live_of(sent, 4);
	struct kst_open_options opt = { .edit = false };
	struct kst_store *s;
	struct kst_entry *e;
	struct kst_head h;
	size_t i;

	ck_assert_int_eq(kst_store_of_server(&s, "shop.test:443", &l, &opt, NULL), 0);
	ck_assert_uint_eq(l.sent.nr, 0); /* it was taken */
	ck_assert_str_eq(kst_store_path(s), "shop.test:443");
	ck_assert_uint_eq(kst_store_count(s), 1);
	ck_assert_int_eq(kst_store_head(s, 0, &h, NULL), 0);
	ck_assert_uint_eq(h.nr_certs, 4);
	ck_assert_int_eq(h.kind, KST_KIND_CERT);
	ck_assert(!h.trusted);
	ck_assert_int_eq(kst_store_entry(s, 0, &e, NULL), 0);
	/* As sent: nothing sorted, nothing dropped. */
	for (size_t k = 0; k < 4; k++)
		ck_assert(kst_cert_equal(e->chain.cert[k], kst_store_server(s)->sent.cert[k]));
	ck_assert_int_eq(kst_store_find(s, "@1", &i, NULL), 0);
	ck_assert_str_eq(kst_store_server(s)->to.host, "shop.test");
	kst_store_free(s);
}
END_TEST

START_TEST(gathered_it_is_no_anchor)
{
	const struct party *const sent[] = { &shop, &ca, &root };
	struct kst_open_options opt = { .edit = false };

	for (int as_trust = 0; as_trust < 2; as_trust++) {
		struct kst_live l = live_of(sent, 3);
		struct kst_gather_options how = { .as_trust = as_trust };
		struct kst_gathered g = { .nr = 0 };
		struct kst_store *s;

		ck_assert_int_eq(kst_store_of_server(&s, "shop.test:443", &l, &opt, NULL), 0);
		ck_assert_int_eq(kst_gather(&g, &s, 1, &how, NULL, NULL), 0);
		ck_assert_uint_eq(g.nr, 3);
		for (size_t i = 0; i < g.nr; i++) {
			ck_assert(!g.entry[i]->trusted);
			ck_assert_uint_eq(g.entry[i]->chain.nr, 1);
		}
		kst_gathered_release(&g);
		kst_store_free(s);
	}
}
END_TEST

START_TEST(without_memory_it_is_none)
{
	const struct party *const sent[] = { &shop, &ca };
	struct kst_open_options opt = { .edit = false };
	struct kst_store *s = NULL;
	size_t n = 0;
	int ret;

	do {
		struct kst_error err = KST_ERROR_INIT;
		struct kst_live l = live_of(sent, 2);

		kst_alloc_fail_after(++n);
		ret = kst_store_of_server(&s, "shop.test:443", &l, &opt, &err);
		kst_alloc_fail_after(0);
		ck_assert_ptr_null(l.sent.cert); /* taken, on failure too */
		if (ret < 0)
			ck_assert_int_eq(err.code, KST_E_NO_MEMORY);
		ck_assert_uint_lt(n, 1000);
	} while (ret < 0);
	ck_assert_uint_gt(n, 3);
	kst_store_free(s);
}
END_TEST

/* ---- a server, in a process of its own: what fails here does not fail there ---- */

struct host {
	SSL_CTX *ctx;
	int fd;
	pid_t pid;
};

static void serve(struct host *h)
{
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept(h->fd, NULL, NULL);
		SSL *ssl = SSL_new(h->ctx);
		char one;

		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1)
			SSL_read(ssl, &one, 1);
		SSL_free(ssl);
		close(fd);
	}
}

static int staple(SSL *ssl, void *arg)
{
	const struct kst_blob *b = arg;
	unsigned char *copy = OPENSSL_memdup(b->data, b->len);

	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)b->len);
	return SSL_TLSEXT_ERR_OK;
}

static struct kst_blob ocsp(int status)
{
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, shop.cert, ca.cert);
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	ASN1_TIME *from = ASN1_TIME_set(NULL, 1800000000), *to = ASN1_TIME_set(NULL, 1800086400);
	ASN1_TIME *when = ASN1_TIME_set(NULL, 1799999999);
	struct kst_blob out = { NULL, 0 };
	unsigned char *der = NULL;
	OCSP_RESPONSE *r;
	int n;

	OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_KEYCOMPROMISE, when, from, to);
	OCSP_basic_sign(basic, ca.cert, ca.key, EVP_sha256(), NULL, 0);
	r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	n = i2d_OCSP_RESPONSE(r, &der);
	ck_assert_int_eq(kst_blob_set(&out, der, (size_t)n), 0);
	OPENSSL_free(der);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	ASN1_TIME_free(when);
	return out;
}

static void begin(struct host *h, struct kst_connect *how, struct kst_blob *b, int version)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);

	*h = (struct host){ .ctx = SSL_CTX_new(TLS_server_method()) };
	SSL_CTX_set_min_proto_version(h->ctx, version);
	SSL_CTX_set_max_proto_version(h->ctx, version);
	SSL_CTX_use_certificate(h->ctx, shop.cert);
	SSL_CTX_use_PrivateKey(h->ctx, shop.key);
	SSL_CTX_add1_chain_cert(h->ctx, ca.cert);
	SSL_CTX_set_tlsext_status_cb(h->ctx, staple);
	SSL_CTX_set_tlsext_status_arg(h->ctx, b);
	h->fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(h->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(h->fd, 5), 0);
	getsockname(h->fd, (struct sockaddr *)&a, &len);
	*how = (struct kst_connect){ .timeout_ms = 5000 };
	snprintf(how->to.host, sizeof(how->to.host), "127.0.0.1");
	snprintf(how->to.port, sizeof(how->to.port), "%u", ntohs(a.sin_port));
	how->to.is_address = true;
	h->pid = fork();
	ck_assert_int_ge(h->pid, 0);
	if (!h->pid)
		serve(h);
}

static void end(struct host *h)
{
	kill(h->pid, SIGKILL);
	waitpid(h->pid, NULL, 0);
	SSL_CTX_free(h->ctx);
	close(h->fd);
}

static const struct {
	int status;
	enum kst_staple_says says;
} statuses[] = { { V_OCSP_CERTSTATUS_GOOD, KST_STAPLE_GOOD },
		 { V_OCSP_CERTSTATUS_REVOKED, KST_STAPLE_REVOKED },
		 { V_OCSP_CERTSTATUS_UNKNOWN, KST_STAPLE_UNKNOWN } };

START_TEST(what_was_stapled_is_here)
{
	struct kst_blob b = ocsp(statuses[_i].status);
	struct kst_connect how;
	struct kst_staple s;
	struct host h;

	for (int version = 0x0303; version <= 0x0304; version++) {
		begin(&h, &how, &b, version);
		struct kst_error err = KST_ERROR_INIT;
		struct kst_live l;

		ck_assert_msg(kst_tls_fetch(&l, &how, &err) == 0, "%s", err.message);
		end(&h);
		ck_assert_int_eq(l.version, version);
		ck_assert_uint_eq(l.sent.nr, 2);
		ck_assert(l.proved);
		ck_assert_str_eq(l.trouble, "");
		ck_assert(kst_blob_equal(&l.staple, &b));
		kst_staple_read(&s, &l.staple);
		ck_assert_int_eq(s.says, statuses[_i].says);
		ck_assert_int_eq(s.this_update, 1800000000);
		ck_assert_int_eq(s.next_update, 1800086400);
		ck_assert_int_eq(s.revoked_at, s.says == KST_STAPLE_REVOKED ? 1799999999 : 0);
		ck_assert_int_eq(s.reason, s.says == KST_STAPLE_REVOKED ? 1 : -1);
		kst_live_release(&l);
	}
	/* Cut anywhere, or with any byte changed, it is read or it is not. */
	for (size_t n = 0; n < b.len; n++) {
		struct kst_blob part = { b.data, n };

		kst_staple_read(&s, &part);
		ck_assert_int_eq(s.says, KST_STAPLE_UNREADABLE);
		b.data[n] ^= 0x55;
		kst_staple_read(&s, &b);
		b.data[n] ^= 0x55;
	}
	kst_blob_release(&b);
}
END_TEST

/* Whatever allocation fails, the look fails with an error, and nothing is lost. */
START_TEST(a_look_without_memory)
{
	struct kst_blob b = ocsp(V_OCSP_CERTSTATUS_GOOD);
	struct kst_connect how;
	struct host h;
	struct kst_live l;
	unsigned failed = 0;
	int ret = -1;

	/* What OpenSSL fetches for the first time without memory it never finds again. */
	begin(&h, &how, &b, 0x0303 + _i);
	ck_assert_int_eq(kst_tls_fetch(&l, &how, NULL), 0);
	kst_live_release(&l);
	for (unsigned n = 1; ret < 0; n += n < 60 ? 1 : 17) {
		struct kst_error err = KST_ERROR_INIT;

		kst_alloc_fail_after(n);
		ret = kst_tls_fetch(&l, &how, &err);
		kst_alloc_fail_after(0);
		ck_assert(ret == 0 || err.code != KST_OK);
		failed += ret < 0;
	}
	ck_assert_uint_gt(failed, 10);
	kst_live_release(&l);
	end(&h);
	kst_blob_release(&b);
}
END_TEST

/* ---- a connection ---- */

START_TEST(a_connection_has_an_end)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_net n;
	char buf[4096];
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(kst_net_adopt(&n, pair[0], "x:1", 200, &err), 0);
	n.stage = "in a test";
	/* Silence: not before the deadline, and not long after it. */
	int64_t start = kst_net_clock();
	ck_assert_int_lt(kst_net_read(&n, buf, sizeof(buf), &err), 0);
	ck_assert_int_eq(err.code, KST_E_TIMEOUT);
	ck_assert_str_eq(err.subject, "x:1");
	ck_assert_int_ge(kst_net_clock() - start, 190);
	ck_assert_int_lt(kst_net_clock() - start, 5000);
	/* Nobody reads what is written. */
	kst_error_clear(&err);
	kst_net_restart(&n, 200);
	char *much = kst_calloc(1, 8 << 20);
	ck_assert_int_lt(kst_net_write(&n, much, 8 << 20, &err), 0);
	ck_assert_int_eq(err.code, KST_E_TIMEOUT);
	kst_free(much);
	/* The budget. */
	kst_error_clear(&err);
	kst_net_restart(&n, 2000);
	n.budget = 5;
	ck_assert_int_eq(write(pair[1], "0123456789", 10), 10);
	ck_assert_int_eq(kst_net_read(&n, buf, sizeof(buf), &err), 5);
	ck_assert_int_lt(kst_net_read(&n, buf, sizeof(buf), &err), 0);
	ck_assert_int_eq(err.code, KST_E_PEER_LIMIT);
	ck_assert_uint_eq(n.nr_first, 5);
	ck_assert_mem_eq(n.first, "01234", 5);
	/* The end of it. */
	kst_error_clear(&err);
	n.budget = 100;
	close(pair[1]);
	ck_assert_int_eq(kst_net_read(&n, buf, sizeof(buf), &err), 5);
	ck_assert_int_le(kst_net_read(&n, buf, sizeof(buf), &err), 0);
	kst_net_close(&n);
	kst_net_close(&n);
}
END_TEST

Suite *test_live(void);
Suite *test_live(void)
{
	Suite *s = suite_create("live");
	TCase *tc = tcase_create("live");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_server_is_a_store);
	tcase_add_test(tc, gathered_it_is_no_anchor);
	tcase_add_test(tc, without_memory_it_is_none);
	tcase_add_loop_test(tc, what_was_stapled_is_here, 0, sizeof(statuses) / sizeof(statuses[0]));
	tcase_add_loop_test(tc, a_look_without_memory, 0, 2);
	tcase_add_test(tc, a_connection_has_an_end);
	suite_add_tcase(s, tc);
	return s;
}
