/* SPDX-License-Identifier: ISC */
/* test_path_cost.c - hostile numbers of names and faults: bounded, and none of them makes a no a yes */
#include <check.h>
#include <limits.h>

#include "path_kit.h"
#include "verify/path.h"

static struct made root, ica;
static struct kst_anchors *anchors;
static struct kst_chain chain;
static struct kst_verify_request req;
static struct kst_verdict v;

static void setup(void)
{
	root = path_root((struct path_how){ .cn = NULL });
	ica = path_ca(&root, (struct path_how){ .cn = NULL });
	ck_assert_int_eq(kst_anchors_new(&anchors, NULL), 0);
	path_trust(anchors, &root);
	chain = (struct kst_chain){ .cert = NULL };
	req = (struct kst_verify_request){ .chain = &chain, .anchors = anchors, .host = "a.test", .max_depth = -1 };
	v = (struct kst_verdict){ .valid = false };
}

static void teardown(void)
{
	kst_verdict_release(&v);
	kst_chain_release(&chain);
	kst_anchors_free(anchors);
	made_free(&ica);
	made_free(&root);
}

static void send(const struct made *m)
{
	ck_assert_int_eq(kst_chain_push(&chain, m->cert), 0);
}

static bool verify(void)
{
	kst_verdict_release(&v);
	ck_assert_int_eq(kst_verify(&v, &req, NULL), 0);
	return v.valid;
}

static void many(struct made *m, size_t cns, size_t sans)
{
	X509_NAME *name = X509_get_subject_name(m->x);
	GENERAL_NAMES *list = GENERAL_NAMES_new();
	char text[40];

	for (size_t i = 0; i < cns; i++) {
		snprintf(text, sizeof(text), "cn%zu.test", i);
		X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (unsigned char *)text, -1, -1, 0);
	}
	for (size_t i = 0; i < sans; i++) {
		GENERAL_NAME *n = GENERAL_NAME_new();
		ASN1_IA5STRING *s = ASN1_IA5STRING_new();
		snprintf(text, sizeof(text), i ? "n%zu.test" : "a.test", i);
		ASN1_STRING_set(s, text, -1);
		GENERAL_NAME_set0_value(n, GEN_DNS, s);
		sk_GENERAL_NAME_push(list, n);
	}
	X509_add1_ext_i2d(m->x, NID_subject_alt_name, list, 0, X509V3_ADD_REPLACE);
	GENERAL_NAMES_free(list);
	X509_sign(m->x, ica.key, EVP_sha256());
	kst_cert_free(m->cert);
	m->cert = party_x509(m->x);
}

START_TEST(thousands_of_names_are_one_finding)
{
	struct made end = path_leaf(&ica, (struct path_how){ .cn = "a.test" });

	many(&end, 4200, 3000);
	send(&end);
	send(&ica);
	ck_assert_msg(verify() && has_finding(&v, KST_REASON_WEB_PKI, 0, true), "%s", verdict_text(&v));
	ck_assert_uint_lt(v.nr, 50);
	req.strict = true;
	ck_assert(!verify() && has_finding(&v, KST_REASON_WEB_PKI, 0, false));
	made_free(&end);
}
END_TEST

START_TEST(more_findings_than_are_kept_weigh_all_the_same)
{
	struct findings f = { .row = NULL };
	bool host = false, cut = false;

	for (int i = 0; i < 9000; i++)
		find_pass(&f, KST_CHECK_DATES, i, NULL);
	ck_assert(!f.weight);
	find_fail(&f, KST_REASON_EXPIRED, 1, "expired");
	for (int i = 0; i < 90000; i++)
		find_fail(&f, KST_REASON_INCOMPLETE, 2, "incomplete");
	ck_assert_uint_eq(f.weight, UINT_MAX);
	find_fail(&f, KST_REASON_HOST, 0, "host");
	ck_assert(!f.failed && f.nr < 4200 && f.weight == UINT_MAX);
	for (size_t i = 0; i < f.nr; i++) {
		host |= f.row[i].reason == KST_REASON_HOST && f.row[i].result == KST_RESULT_FAIL;
		cut |= f.row[i].text && strstr(f.row[i].text, "more faults than are told");
	}
	ck_assert(host && cut);
	findings_release(&f);
}
END_TEST

struct names_of_all {
	unsigned paths, too_many;
};

static int look_at_names(void *ctx, struct path *p)
{
	struct names_of_all *n = ctx;
	struct findings f = { .row = NULL };

	n->paths += p->anchor != NULL;
	rule_names(p, &f);
	for (size_t i = 0; i < f.nr; i++)
		n->too_many += strstr(f.row[i].text, "too many names") != NULL;
	findings_release(&f);
	return 0;
}

START_TEST(names_of_all_paths_have_one_budget)
{
	struct names_of_all n = { .paths = 0 };
	struct kst_buf rule KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_puts(&rule, "nameConstraints=critical");
	for (int i = 0; i < 400; i++)
		kst_buf_printf(&rule, ",excluded;DNS:x%d", i);
	struct path_how how = { .key = ica.key, .ext = { (char *)rule.data } };
	struct made one = path_ca(&root, how), two = path_ca(&root, how);
	struct made end = path_leaf(&one, (struct path_how){ .cn = "a.test" });
	many(&end, 0, 800);
	send(&end);
	send(&one);
	send(&two);
	ck_assert_int_eq(path_search(&req, KST_USAGE_SERVER, time(NULL), look_at_names, &n, NULL), 0);
	ck_assert_uint_eq(n.paths, 2);
	ck_assert_uint_eq(n.too_many, 1);
	made_free(&end);
	made_free(&one);
	made_free(&two);
}
END_TEST

Suite *test_path_cost(void);
Suite *test_path_cost(void)
{
	Suite *s = suite_create("path_cost");
	TCase *t = tcase_create("cost");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, thousands_of_names_are_one_finding);
	tcase_add_test(t, more_findings_than_are_kept_weigh_all_the_same);
	tcase_add_test(t, names_of_all_paths_have_one_budget);
	suite_add_tcase(s, t);
	return s;
}
