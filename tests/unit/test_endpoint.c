/* SPDX-License-Identifier: ISC */
/* test_endpoint.c - which words are HOST:PORT, and which are none */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kstool/alloc.h"
#include "kstool/endpoint.h"

static struct kst_endpoint e;

static int parse(const char *text)
{
	struct kst_error err = KST_ERROR_INIT;
	int ret = kst_endpoint_parse(&e, text, &err);

	/* An error only where it is meant to be an endpoint, and then one that names the word. */
	ck_assert_int_eq(err.code, ret < 0 ? KST_E_BAD_VALUE : KST_OK);
	if (ret < 0)
		ck_assert_str_eq(err.subject, text);
	return ret;
}

static const struct {
	const char *text, *host, *port;
	bool address;
} good[] = {
	{ "api.acme.test:443", "api.acme.test", "443", false },
	{ "localhost:8443", "localhost", "8443", false },
	{ "a:1", "a", "1", false },
	{ "acme.test.:443", "acme.test.", "443", false },
	{ "_x.acme.test:65535", "_x.acme.test", "65535", false },
	{ "xn--bcher-kva.test:443", "xn--bcher-kva.test", "443", false },
	{ "127.0.0.1:8443", "127.0.0.1", "8443", true },
	{ "[::1]:443", "::1", "443", true },
	{ "[fe80::1%eth0]:443", "fe80::1%eth0", "443", true },
	{ "ldap.acme.test:ldaps", "ldap.acme.test", "636", false },
	{ "db.acme.test:postgresql", "db.acme.test", "5432", false },
	{ "acme.test:0443", "acme.test", "443", false },
	{ "tls://acme.test", "acme.test", "443", false },
	{ "tls://acme.test:8443", "acme.test", "8443", false },
	{ "TLS://[::1]", "::1", "443", true },
	{ "tls://10.0.0.1", "10.0.0.1", "443", true },
};

START_TEST(what_is_an_endpoint)
{
	struct kst_buf back KST_SCRATCH_BUF = KST_BUF_INIT;

	ck_assert_msg(parse(good[_i].text) == 0, "%s", good[_i].text);
	ck_assert_str_eq(e.host, good[_i].host);
	ck_assert_str_eq(e.port, good[_i].port);
	ck_assert_msg(e.is_address == good[_i].address, "%s", good[_i].text);
	/* Its text is one again, and the same. */
	kst_endpoint_text(&e, &back);
	ck_assert_msg(parse((char *)back.data) == 0, "%s", (char *)back.data);
	ck_assert_str_eq(e.host, good[_i].host);
}
END_TEST

static const char *const none[] = {
	"app.p12", "./a:443", "/etc/x:443", "app.p12:api", "a b:443", ":443", "host:", "a..b:443", "-a:443",
	"C:\\x", "@system", "@java", "-", "", "file:secret", "env:NAME", "sha256:00112233", "sha256:999999", "a:b:c", "[x]",
	"[x]:name", "a.test:443x", "x\x1b[1m:443", ".:443",
};

START_TEST(what_is_none)
{
	ck_assert_msg(parse(none[_i]) == 1, "%s", none[_i]);
}
END_TEST

/* Whoever writes these means a server: they are not looked for among the files. */
static const struct {
	const char *text, *hint;
} bad[] = {
	{ "a.test:0", "" }, { "a.test:65536", "" },
	{ "tls://", "" }, { "tls://a b", "" }, { "tls://a.test:x", "" }, { "tls://[::1", "" }, { "tls://::1", "[::1]:443" },
	{ "::1:443", "[::1]:443" }, { "fe80::1", "[fe80::1]:443" }, { "[1.2.3.400]:443", "" },
	{ "https://a.test/x", "a.test:443" }, { "https://a.test:8443", "a.test:8443" },
	{ "https://[::1]/", "[::1]:443" }, { "b\xc3\xbc" "cher.test:443", "" },
};

START_TEST(what_is_meant_to_be_one)
{
	struct kst_error err = KST_ERROR_INIT;

	ck_assert_msg(parse(bad[_i].text) == -1, "%s", bad[_i].text);
	kst_endpoint_parse(&e, bad[_i].text, &err);
	ck_assert_str_eq(err.hint, bad[_i].hint);
}
END_TEST

START_TEST(names_have_an_end)
{
	char text[600];

	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < 253; i++)
		text[i] = i % 64 == 63 ? '.' : 'a';
	memcpy(text + 253, ":443", 5);
	ck_assert_int_eq(parse(text), 0);
	memmove(text + 254, text + 253, 5); /* one more */
	text[253] = 'a';
	ck_assert_int_eq(parse(text), 1);
	memset(text, 'a', 64); /* a label too long */
	memcpy(text + 64, ":443", 5);
	ck_assert_int_eq(parse(text), 1);
	text[63] = '.';
	ck_assert_int_eq(parse(text), 0);
	memset(text, ':', 590);
	text[590] = '\0';
	ck_assert_int_eq(parse(text), 1);
}
END_TEST

/* Words of every form and any length: no buffer is theirs to fill. */
START_TEST(no_length_overflows)
{
	static const char *const head[] = { "", "tls://", "tls://a:b:", "a:b:", "[", "tls://[", "tls://[::1%", "tls://::1%", "::1%",
					    "tls://a.test:", "https://", "https://[", "tls://1.2.3.4:" };
	static const char *const tail[] = { "", ":443", "]", "]:443", "%eth0", "/x" };
	static const size_t len[] = { 63, 64, 253, 254, 255, 256, 257, 300, 2000, 20000 };
	const char fill[] = { 'a', 'A', '1', ':', '%', '.' };
	char *text = malloc(20100);

	ck_assert_ptr_nonnull(text);
	for (size_t h = 0; h < sizeof(head) / sizeof(head[0]); h++)
		for (size_t t = 0; t < sizeof(tail) / sizeof(tail[0]); t++)
			for (size_t l = 0; l < sizeof(len) / sizeof(len[0]); l++)
				for (size_t f = 0; f < sizeof(fill); f++) {
					size_t n = strlen(head[h]);

					memcpy(text, head[h], n);
					memset(text + n, fill[f], len[l]);
					memcpy(text + n + len[l], tail[t], strlen(tail[t]) + 1);
					struct kst_error err = KST_ERROR_INIT;
					int ret = kst_endpoint_parse(&e, text, &err);

					ck_assert_msg(ret != 0 || len[l] <= 253, "%.80s", text);
					ck_assert_msg((ret < 0) == (err.code != KST_OK), "%.80s", text);
				}
	free(text);
}
END_TEST

static const struct {
	const char *host, *sni, *out, *asked;
} sni[] = {
	{ "a.test", NULL, "a.test", "a.test" },	   { "a.test.", NULL, "a.test", "a.test." }, { "10.0.0.1", NULL, "", "10.0.0.1" },
	{ "::1", NULL, "", "::1" },		   { "10.0.0.1", "b.test.", "b.test", "b.test." },
	{ "a.test", "10.0.0.1", "", "10.0.0.1" },  { "a.test", "", "", "a.test" }, { "1.2.3", NULL, "1.2.3", "1.2.3" },
};

START_TEST(whom_one_asks_for)
{
	struct kst_connect how = { .sni = sni[_i].sni };
	char *name;

	strcpy(how.to.host, sni[_i].host);
	name = kst_endpoint_sni(&how);
	ck_assert_str_eq(name ? name : "", sni[_i].out);
	ck_assert_str_eq(kst_endpoint_asked(&how.to, how.sni), sni[_i].asked);
	kst_free(name);
}
END_TEST

Suite *test_endpoint(void);
Suite *test_endpoint(void)
{
	Suite *s = suite_create("endpoint");
	TCase *tc = tcase_create("words");

	tcase_add_loop_test(tc, what_is_an_endpoint, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, what_is_none, 0, sizeof(none) / sizeof(none[0]));
	tcase_add_loop_test(tc, what_is_meant_to_be_one, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, names_have_an_end);
	tcase_add_loop_test(tc, whom_one_asks_for, 0, sizeof(sni) / sizeof(sni[0]));
	tcase_add_test(tc, no_length_overflows);
	suite_add_tcase(s, tc);
	return s;
}
