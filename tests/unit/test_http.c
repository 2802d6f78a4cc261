/* SPDX-License-Identifier: ISC */
/*
 * test_http.c - objects over HTTP: what is asked, what is followed, and servers that
 * stall, flood, lie or stop in the middle
 */
#include <check.h>
#include <openssl/crypto.h>
#include <time.h>

#include "http_kit.h"
#include "net/http.h"
#include "net/net.h"

#define OBJECT "\x30\x06\x04\x04" "body" /* SEQUENCE { OCTET STRING } */
#define MAX 1000

static struct kst_error err;
static struct kst_buf got;

static int fetch_from(const char *host, const struct web *w, const char *path, int timeout_ms)
{
	char url[300];
	struct kst_http how = { .url = url, .max = MAX, .timeout_ms = timeout_ms };
	snprintf(url, sizeof(url), "http://%s:%d%s", host, w->port, path);
	kst_error_clear(&err);
	kst_buf_reset(&got);
	return kst_http_fetch(&got, &how, &err);
}
static int fetch(const struct web *w, const char *path)
{
	return fetch_from("127.0.0.1", w, path, 20000);
}

static void good(int ret)
{
	ck_assert_msg(ret == 0 && got.len == 8 && !memcmp(got.data, OBJECT, 8), "%d %s %zu", ret, err.message, got.len);
	ck_assert_int_eq(err.code, KST_OK);
}
static void bad(int ret, enum kst_code code, const char *text)
{
	ck_assert_msg(ret == -1 && err.code == code && strstr(err.message, text), "%s: %d [%s] %s", text, ret,
		      kst_code_slug(err.code), err.message);
}

/* ---- one that answers by the path ---- */

#define web_lit(fd, literal) web_send((fd), literal, sizeof(literal) - 1)

static void by_path(int fd, const char *request, size_t len, void *ctx)
{
	(void)ctx;
	const char *path = len ? strchr(request, ' ') + 1 : "";
	if (!strncmp(path, "/plain ", 7))
		web_lit(fd, "HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\n" OBJECT);
	else if (!strncmp(path, "/no-length ", 11))
		web_lit(fd, "HTTP/1.1 200 OK\r\n\r\n" OBJECT);
	else if (!strncmp(path, "/newlines ", 10))
		web_lit(fd, "HTTP/1.1 200 OK\n\n" OBJECT);
	else if (!strncmp(path, "/404 ", 5))
		web_text(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n");
	else if (!strncmp(path, "/500-der ", 9))
		web_lit(fd, "HTTP/1.1 500 Oh\r\n\r\n" OBJECT);
	else if (!strncmp(path, "/204 ", 5))
		web_text(fd, "HTTP/1.1 204 No Content\r\n\r\n");
	else if (!strncmp(path, "/html ", 6))
		web_text(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>log in first</html>");
	else if (!strncmp(path, "/ssh ", 5))
		web_text(fd, "SSH-2.0-OpenSSH_9.2p1\r\n\r\n\r\n");
	else if (!strncmp(path, "/lies ", 6)) /* a length that is not the object's */
		web_lit(fd, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" OBJECT);
	else if (!strncmp(path, "/large ", 7)) /* the object says 2,000 bytes */
		web_lit(fd, "HTTP/1.1 200 OK\r\n\r\n\x30\x82\x07\xd0\x04\x82\x07\xcc");
	else if (!strncmp(path, "/huge ", 6)) /* 4 GiB */
		web_lit(fd, "HTTP/1.1 200 OK\r\n\r\n\x30\x84\xff\xff\xff\xf0");
	else if (!strncmp(path, "/forever ", 9)) /* BER of no length */
		web_lit(fd, "HTTP/1.1 200 OK\r\n\r\n\x30\x80\x04\x01\x00\x00\x00");
	else if (!strncmp(path, "/there ", 7))
		web_text(fd, "HTTP/1.1 301 Moved\r\nLocation: /plain\r\n\r\n");
	else if (!strncmp(path, "/loop ", 6))
		web_text(fd, "HTTP/1.1 302 Found\r\nLocation: /loop\r\n\r\n");
	else if (!strncmp(path, "/https ", 7))
		web_text(fd, "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/plain\r\n\r\n");
	else if (!strncmp(path, "/file ", 6))
		web_text(fd, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n");
	else if (!strncmp(path, "/slashes ", 9))
		web_text(fd, "HTTP/1.1 302 Found\r\nLocation: //127.0.0.1/plain\r\n\r\n");
	else if (!strncmp(path, "/nowhere ", 9))
		web_text(fd, "HTTP/1.1 302 Found\r\n\r\n");
	else if (!strncmp(path, "/post ", 6))
		web_lit(fd, "HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\n" OBJECT);
}

static struct web w;

static void setup(void)
{
	kst_error_clear(&err);
	w = web_start(by_path, NULL);
}
static void teardown(void)
{
	web_stop(&w);
	kst_buf_release(&got);
}

START_TEST(test_plain)
{
	char want[200];
	good(fetch(&w, "/no-length"));
	snprintf(want, sizeof(want), "GET /no-length HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n", w.port);
	const char *asked = web_asked(&w);
	ck_assert_msg(!strncmp(asked, want, strlen(want)), "%s", asked);
	ck_assert_ptr_nonnull(strstr(asked, "\r\nUser-Agent: kstool/"));
	good(fetch(&w, "/newlines"));
	good(fetch(&w, "/post"));
}
END_TEST

START_TEST(test_ipv6)
{
	char want[100];
	struct web six = web_start_on(AF_INET6, by_path, NULL);
	if (six.pid < 0)
		return;
	good(fetch_from("[::1]", &six, "/post", 20000));
	snprintf(want, sizeof(want), "Host: [::1]:%d\r\n", six.port);
	ck_assert_ptr_nonnull(strstr(web_asked(&six), want));
	web_stop(&six);
}
END_TEST

START_TEST(test_post)
{
	char url[100];
	static const uint8_t body[] = { 1, 2, 0, 'x' };
	struct kst_http how = { .url = url, .content_type = "application/ocsp-request", .body = { body, 4 }, .max = MAX,
				.timeout_ms = 20000 };
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/post", w.port);
	kst_buf_reset(&got);
	good(kst_http_fetch(&got, &how, &err));
	const char *asked = web_asked(&w);
	ck_assert(!strncmp(asked, "POST /post HTTP/1.0\r\n", 21));
	ck_assert_ptr_nonnull(strstr(asked, "Content-Type: application/ocsp-request\r\n"));
	ck_assert_ptr_nonnull(strstr(asked, "Content-Length: 4\r\n"));
	ck_assert_int_eq(memcmp(strstr(asked, "\r\n\r\n") + 4, body, 4), 0);
	/* A POST is not sent elsewhere. */
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/there", w.port);
	bad(kst_http_fetch(&got, &how, &err), KST_E_UNREACHABLE, "answers \"301 Moved\"");
}
END_TEST

START_TEST(test_no_proxy)
{
	/* Nobody listens there: whoever asked it would fail. */
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("HTTP_PROXY", "http://127.0.0.1:1/", 1);
	good(fetch(&w, "/post"));
}
END_TEST

START_TEST(test_statuses)
{
	bad(fetch(&w, "/404"), KST_E_UNREACHABLE, "answers \"404 Not Found\"");
	bad(fetch(&w, "/500-der"), KST_E_UNREACHABLE, "answers \"500 Oh\"");
	bad(fetch(&w, "/204"), KST_E_UNREACHABLE, "answers \"204 No Content\"");
	bad(fetch(&w, "/html"), KST_E_CORRUPT, "not DER");
	bad(fetch(&w, "/ssh"), KST_E_CORRUPT, "not HTTP");
	bad(fetch(&w, "/unknown"), KST_E_CLOSED, "without an answer");
}
END_TEST

START_TEST(test_sizes)
{
	bad(fetch(&w, "/lies"), KST_E_CORRUPT, "too large");
	bad(fetch(&w, "/large"), KST_E_CORRUPT, "too large");
	bad(fetch(&w, "/huge"), KST_E_CORRUPT, "too large");
	bad(fetch(&w, "/forever"), KST_E_CORRUPT, "not DER");
}
END_TEST

START_TEST(test_redirections)
{
	char want[100];
	good(fetch(&w, "/there"));
	bad(fetch(&w, "/loop"), KST_E_UNREACHABLE, "redirects more than 3 times");
	bad(fetch(&w, "/https"), KST_E_UNREACHABLE, "redirects to https://127.0.0.1/plain, which is not followed");
	bad(fetch(&w, "/file"), KST_E_UNREACHABLE, "file:///etc/passwd, which is not followed");
	bad(fetch(&w, "/slashes"), KST_E_UNREACHABLE, "not followed");
	bad(fetch(&w, "/nowhere"), KST_E_UNREACHABLE, "answers \"302 Found\"");
	/* Of the loop: the first and three more. */
	const char *asked = web_asked(&w);
	unsigned n = 0;
	for (const char *p = asked; (p = strstr(p, "GET /loop ")); p++)
		n++;
	ck_assert_uint_eq(n, 4);
	snprintf(want, sizeof(want), "Host: 127.0.0.1:%d\r\n", w.port);
	ck_assert_ptr_nonnull(strstr(strstr(asked, "GET /plain"), want));
}
END_TEST

START_TEST(test_nobody)
{
	web_stop(&w);
	bad(fetch(&w, "/plain"), KST_E_UNREACHABLE, "Connection refused");
	/* Where there is no name server either, it is the time that ends it. */
	ck_assert_int_eq(fetch_from("no-such-host.invalid", &w, "/", 2000), -1);
	ck_assert(err.code == KST_E_NO_HOST || err.code == KST_E_TIMEOUT);
}
END_TEST

START_TEST(test_addresses)
{
	static const char *const ok[] = { "http://a.test/x", "http://a.test", "HTTP://a.test:8080/x?y=z", "http://[::1]:80/",
					  "http://10.0.0.1/ca.crl" };
	static const char *const no[] = { "https://a.test/x", "ldap://a.test/x", "file:///x", "http://", "http:///x",
					  "http://a.test:99999/", "http://u:p@a.test/x", "http://a.test/a b",
					  "http://a.test/\r\nX: y", "http://a_\xc3\xa4.test/", "ftp://a.test", "http://https://a.test/x", "a.test/x", "",
					  "http://-a-.test:x/" };
	for (size_t i = 0; i < sizeof(ok) / sizeof(ok[0]); i++)
		ck_assert_msg(kst_http_url_ok(ok[i], strlen(ok[i])), "%s", ok[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		ck_assert_msg(!kst_http_url_ok(no[i], strlen(no[i])), "%s", no[i]);
	ck_assert(!kst_http_url_ok("http://a.test/\0x", 16));
}
END_TEST

/* ---- those that mean no good ---- */

static void stall(int fd, const char *request, size_t len, void *ctx)
{
	(void)request, (void)len, (void)ctx;
	web_text(fd, "HTTP/1.1 200 OK\r\n");
	sleep(60);
}
static void trickle(int fd, const char *request, size_t len, void *ctx)
{
	(void)request, (void)len, (void)ctx;
	for (int i = 0; i < 2000; i++) {
		web_lit(fd, "X");
		usleep(20000);
	}
}
static void endless_header(int fd, const char *request, size_t len, void *ctx)
{
	(void)request, (void)len, (void)ctx;
	web_text(fd, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 400000; i++)
		web_text(fd, "X-Padding: 0123456789abc\r\n");
}
static void endless_line(int fd, const char *request, size_t len, void *ctx)
{
	(void)request, (void)len, (void)ctx;
	web_text(fd, "HTTP/1.1 200 OK");
	for (int i = 0; i < 400000; i++)
		web_text(fd, "aaaaaaaaaaaaaaaaaaaaaaaaa");
}
static void endless_body(int fd, const char *request, size_t len, void *ctx)
{
	(void)request, (void)len, (void)ctx;
	web_lit(fd, "HTTP/1.1 200 OK\r\n\r\n\x30\x82\x03\x00");
	for (int i = 0; i < 4000000; i++)
		web_text(fd, "aaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void against(web_answer *answer, int timeout_ms, enum kst_code code, const char *text)
{
	int64_t before = kst_net_clock();
	size_t live = kst_alloc_live();
	web_stop(&w);
	w = web_start(answer, NULL);
	bad(fetch_from("127.0.0.1", &w, "/", timeout_ms), code, text);
	/* Not the server's time but ours. */
	ck_assert_int_lt(kst_net_clock() - before, 15000);
	ck_assert_uint_lt(kst_alloc_live(), live + 200000);
}

START_TEST(test_hostile)
{
	against(stall, 300, KST_E_TIMEOUT, "no answer within 0.3 s");
	against(trickle, 300, KST_E_TIMEOUT, "no answer within 0.3 s");
	/* OpenSSL 3.3 and later count lines, and stop before. */
	if (OpenSSL_version_num() < 0x30300000)
		against(endless_header, 20000, KST_E_PEER_LIMIT, "header of more than 64 KiB");
	else
		against(endless_header, 20000, KST_E_CORRUPT, "header that is malformed or too long");
	against(endless_line, 20000, KST_E_CORRUPT, "header that is malformed or too long");
}
END_TEST

START_TEST(test_enough_is_enough)
{
	/* The object is whole after 772 bytes; the rest is not waited for. */
	int64_t before = kst_net_clock();
	web_stop(&w);
	w = web_start(endless_body, NULL);
	ck_assert_int_eq(fetch(&w, "/"), 0);
	ck_assert_uint_ge(got.len, 772);
	ck_assert_uint_lt(got.len, MAX + 16384);
	ck_assert_int_lt(kst_net_clock() - before, 15000);
}
END_TEST

static void cut(int fd, const char *request, size_t len, void *ctx)
{
	static const char all[] = "HTTP/1.0 200 OK\r\nContent-Length: 8\r\nX: y\r\n\r\n" OBJECT;
	static size_t n;
	(void)request, (void)len, (void)ctx;
	web_send(fd, all, n++ % sizeof(all));
}

START_TEST(test_closed_at_each_byte)
{
	web_stop(&w);
	w = web_start(cut, NULL);
	size_t whole = sizeof("HTTP/1.0 200 OK\r\nContent-Length: 8\r\nX: y\r\n\r\n" OBJECT) - 1;
	for (size_t n = 0; n < whole; n++) {
		int ret = fetch(&w, "/");
		ck_assert_msg(ret == -1 && (err.code == KST_E_CLOSED || err.code == KST_E_CORRUPT ||
					    err.code == KST_E_UNREACHABLE),
			      "%zu: %d %s", n, ret, err.message);
		ck_assert_msg(*err.message, "%zu", n);
	}
	good(fetch(&w, "/"));
}
END_TEST

Suite *test_http(void)
{
	Suite *s = suite_create("http");
	TCase *tc = tcase_create("http");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_plain);
	tcase_add_test(tc, test_ipv6);
	tcase_add_test(tc, test_post);
	tcase_add_test(tc, test_no_proxy);
	tcase_add_test(tc, test_statuses);
	tcase_add_test(tc, test_sizes);
	tcase_add_test(tc, test_redirections);
	tcase_add_test(tc, test_nobody);
	tcase_add_test(tc, test_addresses);
	tcase_add_test(tc, test_hostile);
	tcase_add_test(tc, test_enough_is_enough);
	tcase_add_test(tc, test_closed_at_each_byte);
	suite_add_tcase(s, tc);
	return s;
}
