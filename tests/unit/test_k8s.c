/* SPDX-License-Identifier: ISC */
/* test_k8s.c - Kubernetes Secrets: read as kubectl prints them, written as it takes them, refused in words */
#include <jansson.h>

#include "crypto/text64.h"
#include "pem_kit.h"

extern const struct kst_format kst_format_k8s;

static void begin(void)
{
	world_begin();
	json_set_alloc_funcs(kst_malloc, kst_free); /* as the reader does */
}

/* ---- documents ---- */

static char *base64(const void *data, size_t n)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_buf_puts(&b, "");
	kst_text64_encode(&b, data, n, KST_TEXT64);
	return text_keep(&b);
}

/* "KEY": base64 of text */
static char *member(const char *key, const char *text)
{
	return JOIN("\"", key, "\":\"", base64(text, strlen(text)), "\"");
}

static char *secret(const char *name, const char *data)
{
	return JOIN("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"", name, "\",\"labels\":{\"a\":\"b\"}},",
		    "\"type\":\"Opaque\",\"data\":{", data, "}}");
}

static char *list(const char *items)
{
	return JOIN("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[", items, "]}");
}

static int try_read(struct file *f, const char *text)
{
	return file_read_bytes(f, &kst_format_k8s, text, strlen(text));
}

static void read_ok(struct file *f, const char *text)
{
	int rc = try_read(f, text);
	ck_assert_msg(rc == 0, "%s %s", f->err.message, f->err.detail);
}

static void refused(const char *text, enum kst_code code, const char *message)
{
	struct file f;
	ck_assert_int_eq(try_read(&f, text), -1);
	ck_assert_msg(f.err.code == code && strstr(f.err.message, message), "%s: %s", kst_code_slug(f.err.code),
		      f.err.message);
	file_close(&f);
}

static const char *note(const struct file *f, const char *slug)
{
	for (size_t i = 0; i < f->notes.nr; i++)
		if (!strcmp(f->notes.note[i].slug, slug))
			return f->notes.note[i].text;
	return NULL;
}

static char *pair(void)
{
	return JOIN(member("tls.crt", JOIN(w.a_cert, w.issuer_cert)), ",", member("tls.key", w.a_key));
}

/* ---- reading ---- */

START_TEST(a_pair_is_a_key_with_its_chain)
{
	struct file f;
	read_ok(&f, secret("web", JOIN(pair(), ",", member("ca.crt", w.root_cert))));
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert_int_eq(peek(&f, 0)->kind, KST_KIND_KEY);
	ck_assert_str_eq(peek(&f, 0)->alias, "web");
	ck_assert_uint_eq(peek(&f, 0)->chain.nr, 2);
	ck_assert_int_eq(kst_key_matches(peek(&f, 0)->key, kst_entry_leaf(peek(&f, 0))), 1);
	ck_assert_int_eq(peek(&f, 1)->kind, KST_KIND_CERT);
	ck_assert_str_eq(peek(&f, 1)->alias, "web/ca.crt");
	ck_assert(peek(&f, 1)->trusted);
	ck_assert_str_eq(peek(&f, 0)->origin, "k8s");
	ck_assert_uint_eq(f.notes.nr, 0);
	file_close(&f);
	/* A CA in the chain of a pair is nobody's anchor; several in one value have names of their own. */
	read_ok(&f, secret("web", JOIN(member("tls.crt", w.root_cert), ",\"tls.key\":\"\",",
				       member("ca.crt", JOIN(w.root_cert, w.issuer_cert)))));
	ck_assert_uint_eq(f.m.nr, 3);
	ck_assert(!peek(&f, 0)->trusted);
	ck_assert(peek(&f, 1)->trusted && peek(&f, 2)->trusted);
	ck_assert_str_ne(peek(&f, 1)->alias, peek(&f, 2)->alias);
	file_close(&f);
}
END_TEST

START_TEST(string_data_goes_before_data)
{
	const char *old = secret("web", member("tls.crt", "old"));
	struct file f;
	json_t *doc = json_loads(old, 0, NULL);
	json_object_set_new(json_object_get(doc, "data"), "tls.key", json_string("b2xk"));
	json_object_set_new(json_object_get(doc, "data"), "x", json_string("b2xk"));
	json_object_set_new(doc, "stringData", json_pack("{s:s, s:s, s:s}", "tls.crt", w.a_cert, "tls.key", w.a_key, "y", "new"));
	char *text = json_dumps(doc, 0);
	read_ok(&f, text);
	ck_assert_uint_eq(f.m.nr, 3);
	ck_assert_int_eq(peek(&f, 0)->kind, KST_KIND_KEY);
	ck_assert_uint_eq(peek(&f, 0)->chain.nr, 1);
	ck_assert_str_eq(peek(&f, 1)->alias, "web/x");
	ck_assert_str_eq(peek(&f, 2)->alias, "web/y");
	ck_assert_uint_eq(peek(&f, 2)->der.len, 3);
	ck_assert_int_eq(memcmp(peek(&f, 2)->der.data, "new", 3), 0);
	file_close(&f);
	kst_free(text);
	json_decref(doc);
}
END_TEST

START_TEST(a_whole_store_is_kept_as_it_is_and_the_way_out_is_told)
{
	static const char *const names[] = { "keystore.p12", "keystore.jks", "a.pfx", "a.jceks", "a.bks", "a.bcfks", "a.ubr", "a.kst", "a.p7b" };
	uint8_t bytes[256];
	struct file f;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		read_ok(&f, secret("web", JOIN("\"", names[i], "\":\"", base64(bytes, sizeof(bytes)), "\"")));
		ck_assert_uint_eq(f.m.nr, 1);
		ck_assert_int_eq(peek(&f, 0)->kind, KST_KIND_OPAQUE);
		ck_assert_str_eq(peek(&f, 0)->label, names[i]);
		ck_assert_uint_eq(peek(&f, 0)->der.len, sizeof(bytes));
		ck_assert_int_eq(memcmp(peek(&f, 0)->der.data, bytes, sizeof(bytes)), 0);
		ck_assert_msg(note(&f, "nested-store") && strstr(note(&f, "nested-store"), names[i]), "%s", names[i]);
		file_close(&f);
	}
	read_ok(&f, secret("web", JOIN(member("password", "changeit"), ",", member("empty", ""))));
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert_uint_eq(f.notes.nr, 0);
	ck_assert_uint_eq(peek(&f, 1)->der.len, 0);
	file_close(&f);
}
END_TEST

START_TEST(a_list_is_all_of_its_secrets)
{
	struct file f;
	read_ok(&f, list(JOIN(secret("a", pair()), ",{\"kind\":\"ConfigMap\",\"data\":{\"x\":\"y\"}},", secret("b", member("x", "y")),
			      ",{\"metadata\":{\"name\":\"c\"},\"data\":{\"z\":\"\"}},{\"kind\":\"Secret\"}")));
	ck_assert_uint_eq(f.m.nr, 3);
	ck_assert_str_eq(peek(&f, 0)->alias, "a");
	ck_assert_str_eq(peek(&f, 1)->alias, "b/x");
	ck_assert_str_eq(peek(&f, 2)->alias, "c/z"); /* the items of a SecretList have no kind */
	ck_assert_str_eq(note(&f, "not-a-secret"), "1 object of other kinds in the List");
	file_close(&f);
	read_ok(&f, list(""));
	ck_assert_uint_eq(f.m.nr, 0);
	file_close(&f);
	ck_assert_int_eq(try_read(&f, list(JOIN(secret("a", pair()), ",", secret("b", "\"x\":7")))), -1);
	ck_assert_msg(strstr(f.err.detail, "item 2"), "%s", f.err.detail);
	file_close(&f);
}
END_TEST

START_TEST(what_is_broken_is_said_without_the_secret)
{
	static const char *const values[] = { "hunter2!", "aHVudGVyMg", "aHVudGVyM", "=aHVudGVy", "aHVu=GVy" };
	struct file f;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		int rc = try_read(&f, secret("web", JOIN("\"pw\":\"", values[i], "\"")));
		if (rc == 0) { /* without its padding it can be told what was meant */
			ck_assert_str_eq(values[i], "aHVudGVyMg");
			ck_assert_int_eq(memcmp(peek(&f, 0)->der.data, "hunter2", 7), 0);
		} else {
			ck_assert_int_eq(f.err.code, KST_E_CORRUPT);
			ck_assert_str_eq(f.err.message, "\"pw\" is not base64");
		}
		file_close(&f);
	}
	/* As it stands in a file that somebody wrapped. */
	read_ok(&f, secret("web", "\"pw\":\"aHVu\\ndGVy\\nMg==\\n\""));
	ck_assert_uint_eq(peek(&f, 0)->der.len, 7);
	file_close(&f);
	refused(secret("web", "\"x\":5"), KST_E_CORRUPT, "\"x\" is no text");
	refused(secret("web", "\"x\":\"\",\"x\":\"\""), KST_E_CORRUPT, "line 1");
	refused("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":[]}", KST_E_CORRUPT, "no object");
	refused("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":{}}", KST_E_CORRUPT, "items");
	refused("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"x\":\"Secret\"}", KST_E_UNKNOWN_FORMAT, "no Secret");
	char *whole = secret("web", member("pw", "hunter2"));
	for (size_t n = 0; n < strlen(whole); n++) {
		int rc = file_read_bytes(&f, &kst_format_k8s, whole, n);
		ck_assert_int_eq(rc, -1);
		ck_assert_msg(f.err.code == KST_E_TRUNCATED || f.err.code == KST_E_CORRUPT, "%zu: %s", n, f.err.message);
		ck_assert_msg(!strstr(f.err.message, "aHVu") && !strstr(f.err.detail, "aHVu"), "%s", f.err.message);
		file_close(&f);
	}
	/* What is wrong in a value is told with where it is. */
	ck_assert_int_eq(try_read(&f, secret("web", member("ca.crt", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"))), -1);
	ck_assert_int_eq(f.err.code, KST_E_BAD_CERT);
	ck_assert_msg(strstr(f.err.detail, "\"ca.crt\" of the Secret \"web\""), "%s", f.err.detail);
	file_close(&f);
}
END_TEST

START_TEST(depth_and_numbers_are_bounded)
{
	struct kst_buf deep KST_SCRATCH_BUF = KST_BUF_INIT, many KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f;
	kst_buf_puts(&deep, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"x\":");
	for (size_t i = 0; i < 1000000; i++)
		kst_buf_u8(&deep, '[');
	kst_buf_puts(&deep, "");
	refused((const char *)deep.data, KST_E_CORRUPT, "broken");
	for (int i = 0; i < 20; i++)
		kst_buf_printf(&many, "%s\"k%d\":\"\"", i ? "," : "", i);
	char *text = secret("web", (const char *)many.data);
	for (unsigned limit = 19; limit <= 20; limit++) {
		file_init(&f, &kst_format_k8s);
		f.limits.blocks = limit;
		struct kst_io io = file_io(&f);
		io.source = (struct kst_source){ .bytes = { (uint8_t *)text, strlen(text) }, .size = strlen(text) };
		ck_assert_int_eq(kst_format_k8s.read(&io, &f.m, &f.err), limit == 20 ? 0 : -1);
		ck_assert_int_eq(f.err.code, limit == 20 ? KST_OK : KST_E_LIMIT);
		file_close(&f);
	}
	file_init(&f, &kst_format_k8s);
	f.limits.file = strlen(text) - 1;
	struct kst_io io = file_io(&f);
	io.source = (struct kst_source){ .bytes = { (uint8_t *)text, strlen(text) }, .size = strlen(text) };
	ck_assert_int_eq(kst_format_k8s.read(&io, &f.m, &f.err), -1);
	ck_assert_int_eq(f.err.code, KST_E_TOO_LARGE);
	file_close(&f);
}
END_TEST

START_TEST(only_secrets_and_lists_are_claimed)
{
	static const struct {
		const char *text;
		int bid;
	} cases[] = {
		{ "{\"apiVersion\":\"v1\",\"kind\":\"Secret\"}", 86 },
		{ "\xef\xbb\xbf \n{\"apiVersion\":\"v1\",\"kind\":\"List\"}", 86 },
		{ "{\"kind\":\"SecretList\",\"apiVersion\":\"v1\"}", 86 },
		{ "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}", 0 },
		{ "{\"keys\":[]}", 0 },
		{ "[{\"apiVersion\":\"v1\",\"kind\":\"Secret\"}]", 0 },
		{ "", 0 },
		{ "   ", 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_int_eq(kst_format_k8s.probe((const uint8_t *)cases[i].text, strlen(cases[i].text), true), cases[i].bid);
}
END_TEST

/* ---- writing ---- */

static void begin_write(struct file *f)
{
	file_init(f, &kst_format_k8s);
	f->write.secret_name = "web";
	f->write.plain_key = true;
}

static void add(struct file *f, struct kst_entry *e)
{
	ck_assert_int_eq(kst_model_push(&f->m, e, KST_NO_BASE), 0);
}

static struct kst_entry *opaque(const char *label, const void *data, size_t n)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_OPAQUE);
	e->label = kst_strdup(label);
	ck_assert_int_eq(kst_blob_set(&e->der, data, n), 0);
	return e;
}

static json_t *written(struct file *f)
{
	int rc = file_try_write(f);
	ck_assert_msg(rc == 0, "%s", f->err.message);
	json_t *doc = json_loadb((const char *)f->out.data, f->out.len, 0, NULL);
	ck_assert_ptr_nonnull(doc);
	ck_assert_str_eq(json_string_value(json_object_get(doc, "apiVersion")), "v1");
	ck_assert_str_eq(json_string_value(json_object_get(doc, "kind")), "Secret");
	return doc;
}

static bool type_is(const json_t *doc, const char *type)
{
	return !strcmp(json_string_value(json_object_get(doc, "type")), type);
}

static bool value_is(const json_t *doc, const char *key, const char *text)
{
	const char *v = json_string_value(json_object_get(json_object_get(doc, "data"), key));
	return v && !strcmp(v, base64(text, strlen(text)));
}

START_TEST(a_pair_is_written_as_kubectl_makes_it)
{
	struct file f;
	begin_write(&f);
	f.write.secret_namespace = "prod";
	add(&f, party_entry("whatever", &w.a, PARTIES(&w.a, &w.issuer)));
	add(&f, party_entry("root", NULL, PARTIES(&w.root)));
	add(&f, party_entry("other", NULL, PARTIES(&w.issuer)));
	json_t *doc = written(&f);
	ck_assert(type_is(doc, "kubernetes.io/tls"));
	ck_assert_uint_eq(json_object_size(json_object_get(doc, "data")), 3);
	ck_assert(value_is(doc, "tls.crt", JOIN(w.a_cert, w.issuer_cert)));
	ck_assert(value_is(doc, "tls.key", w.a_key));
	ck_assert(value_is(doc, "ca.crt", JOIN(w.root_cert, w.issuer_cert)));
	json_t *meta = json_object_get(doc, "metadata");
	ck_assert_str_eq(json_string_value(json_object_get(meta, "name")), "web");
	ck_assert_str_eq(json_string_value(json_object_get(meta, "namespace")), "prod");
	json_decref(doc);
	/* And read again. */
	struct file g;
	ck_assert_int_eq(file_read_bytes(&g, &kst_format_k8s, f.out.data, f.out.len), 0);
	ck_assert_uint_eq(g.m.nr, 3);
	ck_assert(kst_entry_same(peek(&f, 0), peek(&g, 0)));
	/* What was read is not edited in place. */
	ck_assert_int_eq(file_try_write(&g), -1);
	ck_assert_int_eq(g.err.code, KST_E_UNSUPPORTED_FEATURE);
	file_close(&g);
	file_close(&f);
	begin_write(&f);
	add(&f, party_entry("root", NULL, PARTIES(&w.root)));
	doc = written(&f);
	ck_assert(type_is(doc, "Opaque"));
	ck_assert(value_is(doc, "ca.crt", w.root_cert));
	json_decref(doc);
	file_close(&f);
}
END_TEST

START_TEST(bytes_of_others_go_over_unchanged)
{
	static const uint8_t bytes[] = { 0, 1, 0xff, 0xfe, '\n', 0 };
	struct file f, g;
	begin_write(&f);
	add(&f, opaque("keystore.p12", bytes, sizeof(bytes)));
	add(&f, opaque("password", "changeit", 8));
	add(&f, party_entry("k", &w.a, PARTIES(&w.a)));
	json_t *doc = written(&f);
	ck_assert(type_is(doc, "Opaque"));
	ck_assert(value_is(doc, "password", "changeit"));
	ck_assert(value_is(doc, "tls.key", w.a_key));
	json_decref(doc);
	ck_assert_int_eq(file_read_bytes(&g, &kst_format_k8s, f.out.data, f.out.len), 0);
	ck_assert_uint_eq(g.m.nr, 3);
	bool seen = false;
	for (size_t i = 0; i < 3; i++)
		seen |= peek(&g, i)->kind == KST_KIND_OPAQUE && peek(&g, i)->der.len == sizeof(bytes) &&
			!memcmp(peek(&g, i)->der.data, bytes, sizeof(bytes)) && !strcmp(peek(&g, i)->alias, "web/keystore.p12");
	ck_assert(seen);
	file_close(&g);
	file_close(&f);
}
END_TEST

static void not_written(struct file *f, enum kst_code code, const char *message)
{
	ck_assert_int_eq(file_try_write(f), -1);
	ck_assert_uint_eq(f->out.len, 0);
	ck_assert_msg(f->err.code == code && strstr(f->err.message, message), "%s: %s", kst_code_slug(f->err.code), f->err.message);
	file_close(f);
}

START_TEST(what_a_secret_cannot_hold_is_refused)
{
	struct file f;
	begin_write(&f);
	add(&f, party_entry("a", &w.a, PARTIES(&w.a)));
	add(&f, party_entry("b", &w.b, PARTIES(&w.b)));
	not_written(&f, KST_E_CANNOT_HOLD, "one private key");
	begin_write(&f);
	f.write.plain_key = false;
	add(&f, party_entry("a", &w.a, PARTIES(&w.a)));
	not_written(&f, KST_E_PLAIN_KEY, "not encrypted");
	begin_write(&f);
	add(&f, party_entry("a", &w.a, NULL));
	not_written(&f, KST_E_CANNOT_HOLD, "needs a certificate");
	begin_write(&f);
	add(&f, opaque("..", "x", 1));
	not_written(&f, KST_E_CANNOT_HOLD, "..");
	begin_write(&f);
	add(&f, opaque("a/b", "x", 1));
	not_written(&f, KST_E_CANNOT_HOLD, "a/b");
	begin_write(&f);
	struct kst_entry *e = party_entry("root", NULL, PARTIES(&w.root));
	ck_assert_int_eq(kst_purposes_set(&e->purposes, KST_FOR_SERVER), 0);
	add(&f, e);
	not_written(&f, KST_E_CANNOT_HOLD, "root");
	/* 1 MiB, to the byte, over all values. */
	static uint8_t big[1024 * 1024];
	for (unsigned more = 0; more < 2; more++) {
		begin_write(&f);
		add(&f, opaque("a", big, sizeof(big) / 2 + more));
		add(&f, opaque("b", big, sizeof(big) / 2));
		if (more) {
			not_written(&f, KST_E_CANNOT_HOLD, "1 MiB");
		} else {
			json_decref(written(&f));
			file_close(&f);
		}
	}
}
END_TEST

START_TEST(names_are_those_that_the_api_server_takes)
{
	char longest[255];
	static const char *const good[] = { "a", "web-1.prod", "0" };
	static const char *const bad[] = { "", "Web", "-a", "a-", "a..b", ".a", "a.", "a_b", "a.-b", "a-.b", "größe" };
	struct file f;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		begin_write(&f);
		f.write.secret_name = good[i];
		ck_assert_msg(file_try_write(&f) == 0, "%s", good[i]);
		file_close(&f);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin_write(&f);
		f.write.secret_name = bad[i];
		not_written(&f, KST_E_BAD_VALUE, bad[i]);
	}
	memset(longest, 'a', sizeof(longest));
	for (size_t n = 253; n <= 254; n++) {
		longest[n] = '\0';
		begin_write(&f);
		f.write.secret_name = longest;
		ck_assert_int_eq(file_try_write(&f), n == 253 ? 0 : -1);
		file_close(&f);
		longest[n] = 'a';
	}
	longest[63] = '\0';
	begin_write(&f);
	f.write.secret_namespace = longest;
	ck_assert_int_eq(file_try_write(&f), 0);
	file_close(&f);
	longest[63] = 'a';
	longest[64] = '\0';
	begin_write(&f);
	f.write.secret_namespace = longest;
	not_written(&f, KST_E_BAD_VALUE, "namespace");
	begin_write(&f);
	f.write.secret_namespace = "a.b";
	not_written(&f, KST_E_BAD_VALUE, "a.b");
}
END_TEST

START_TEST(without_memory_nothing_is_read_or_written_by_halves)
{
	char *text = secret("web", JOIN(pair(), ",", member("ca.crt", w.root_cert), ",", member("x.p12", "bytes")));
	bool done = false;
	for (size_t n = 1; !done && n < 100000; n += n < 200 ? 1 : 17) {
		struct file f;
		kst_alloc_fail_after(n);
		int rc = try_read(&f, text);
		if (rc == 0) {
			f.write.secret_name = "web";
			f.write.plain_key = true;
			for (size_t i = 0; i < f.m.nr; i++)
				f.m.item[i].base = KST_NO_BASE;
			rc = file_try_write(&f);
		}
		kst_alloc_fail_after(0);
		done = rc == 0 && !f.out.failed && f.m.nr == 3;
		ck_assert_msg(done || f.out.failed || f.err.code == KST_E_NO_MEMORY, "%zu: %s", n, f.err.message);
		file_close(&f);
	}
	ck_assert(done);
}
END_TEST

Suite *test_k8s(void);
Suite *test_k8s(void)
{
	Suite *s = suite_create("k8s");
	TCase *t = tcase_create("secrets");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, begin, NULL);
	tcase_add_test(t, a_pair_is_a_key_with_its_chain);
	tcase_add_test(t, string_data_goes_before_data);
	tcase_add_test(t, a_whole_store_is_kept_as_it_is_and_the_way_out_is_told);
	tcase_add_test(t, a_list_is_all_of_its_secrets);
	tcase_add_test(t, what_is_broken_is_said_without_the_secret);
	tcase_add_test(t, depth_and_numbers_are_bounded);
	tcase_add_test(t, only_secrets_and_lists_are_claimed);
	tcase_add_test(t, a_pair_is_written_as_kubectl_makes_it);
	tcase_add_test(t, bytes_of_others_go_over_unchanged);
	tcase_add_test(t, what_a_secret_cannot_hold_is_refused);
	tcase_add_test(t, names_are_those_that_the_api_server_takes);
	tcase_add_test(t, without_memory_nothing_is_read_or_written_by_halves);
	suite_add_tcase(s, t);
	return s;
}
