/* SPDX-License-Identifier: ISC */
/* test_ca_issue.c - a CA that is stopped between two steps: what is in the ledger, and what becomes of it */
#include "filedir.h"

#include <dirent.h>

static char home[128];
static struct kst_error err;
static unsigned asked;

static int answer(void *ctx, const struct kst_question *q, struct kst_secret *out, enum kst_ask_source *source,
		  struct kst_error *e)
{
	(void)ctx;
	if (q->what == KST_ASK_NEW_KEY_FILE || q->what == KST_ASK_KEY_FILE || q->attempt)
		return 1;
	asked++;
	if (source)
		*source = KST_SOURCE_GIVEN;
	return kst_secret_set(out, "a long passphrase", 17, e);
}
static const struct kst_asker asker = { answer, NULL };
static const struct kst_open_options options = { .asker = &asker };

static struct kst_ca *open_ca(void)
{
	struct kst_ca *ca = NULL;

	kst_error_clear(&err);
	ck_assert_msg(kst_ca_open(&ca, home, &options, false, &err) == 0, "%s", err.message);
	return ca;
}

static void make_ca(void)
{
	struct kst_ca_make how = {
		.name = "Test CA", .alg = "p256", .days = 100, .root_days = 200,
		.save = { .write = { .kdf_passes = 2, .kdf_kib = 19456 } },
	};

	setup();
	snprintf(home, sizeof(home), "%s/pki", dir);
	asked = 0;
	kst_error_clear(&err);
	ck_assert_msg(kst_ca_make(home, &how, &options, &err) == 0, "%s: %s", err.subject, err.message);
	ck_assert_uint_eq(asked, 1);
	asked = 0;
}

static struct kst_ca_order order(const char *batch)
{
	int64_t now = kst_time_now();

	return (struct kst_ca_order){
		.name = "dev", .batch = batch, .once = true, .profile = KST_PROFILE_CLIENT, .subject = "CN=dev",
		.not_before = now, .not_after = now + 86400, .alg = "p256",
	};
}

static enum kst_ca_fate issue(struct kst_ca *ca, struct kst_ca_order *o, struct kst_ca_made **made)
{
	struct kst_ca_issue_options opt = { .threads = 1 };

	kst_error_clear(&err);
	ck_assert_msg(kst_ca_issue(ca, o, 1, &opt, made, &err) == 0, "%s: %s", err.subject, err.message);
	return o->fate;
}

static size_t rows_of(struct kst_ca *ca, struct kst_ca_query q)
{
	size_t n = 99;

	ck_assert_int_eq(kst_ca_count(ca, &q, &n, NULL), 0);
	return n;
}

static size_t pending_files(void)
{
	char path[192];
	size_t n = 0;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", home, KST_CA_PENDING_DIR);
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

START_TEST(what_was_not_handed_out_is_resumed_with_its_key)
{
	struct kst_buf one KST_SCRATCH_BUF = KST_BUF_INIT, two KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_ca_order first = order("row"), again = order("row"), third = order("row");
	struct kst_ca_made *made = NULL;
	struct kst_ca *ca = open_ca();
	bool yes = true;
	size_t todo;

	ck_assert_int_eq(issue(ca, &first, &made), KST_CA_MADE);
	ck_assert_uint_eq(pending_files(), 1);
	kst_ca_made_free(made);
	kst_ca_free(ca);

	ca = open_ca();
	ck_assert_uint_eq(rows_of(ca, (struct kst_ca_query){ .undelivered = true }), 1);
	ck_assert_int_eq(issue(ca, &again, &made), KST_CA_RESUMED);
	ck_assert(kst_cert_equal(first.cert, again.cert));
	ck_assert_int_eq(kst_key_spki(first.key, &one, NULL), 0);
	ck_assert_int_eq(kst_key_spki(again.key, &two, NULL), 0);
	ck_assert(one.len == two.len && !memcmp(one.data, two.data, one.len));
	ck_assert_int_eq(kst_ca_deliver(ca, made, &again, &yes, 1, &err), 0);
	kst_ca_made_free(made);
	ck_assert_uint_eq(pending_files(), 0);
	ck_assert_uint_eq(rows_of(ca, (struct kst_ca_query){ .undelivered = true }), 0);
	kst_ca_free(ca);

	/* That it is there, nobody needs a passphrase to say. */
	asked = 0;
	ca = open_ca();
	ck_assert_int_eq(kst_ca_look(ca, &third, 1, &todo, &err), 0);
	ck_assert_int_eq(third.fate, KST_CA_THERE);
	ck_assert_uint_eq(todo, 0);
	ck_assert_uint_eq(asked, 0);
	ck_assert_uint_eq(rows_of(ca, (struct kst_ca_query){ .leaves = true }), 1);
	kst_ca_free(ca);
	kst_ca_order_release(&first);
	kst_ca_order_release(&again);
	kst_ca_order_release(&third);
}
END_TEST

START_TEST(what_somebody_is_making_is_made_once)
{
	struct kst_ca_order mine = order("row"), yours = order("row"), other = order("another row");
	struct kst_ca_made *made = NULL, *second = NULL;
	struct kst_ca *ca = open_ca(), *at_the_same_time = open_ca();

	ck_assert_int_eq(issue(ca, &mine, &made), KST_CA_MADE);
	ck_assert_int_eq(issue(at_the_same_time, &yours, &second), KST_CA_BUSY);
	kst_ca_made_free(second);
	ck_assert_int_eq(issue(at_the_same_time, &other, &second), KST_CA_MADE);
	kst_ca_made_free(second);
	kst_ca_made_free(made);
	ck_assert_uint_eq(rows_of(ca, (struct kst_ca_query){ .leaves = true }), 2);
	kst_ca_order_release(&mine);
	kst_ca_order_release(&yours);
	kst_ca_order_release(&other);
	kst_ca_free(at_the_same_time);
	kst_ca_free(ca);
}
END_TEST

static int take_cert(void *ctx, const struct kst_ca_row *row, struct kst_error *e)
{
	ck_assert_int_eq(row->state, KST_CA_VALID);
	return kst_cert_new(ctx, row->cert.data, row->cert.len, e);
}

START_TEST(what_was_written_down_and_not_signed_is_signed)
{
	struct kst_buf tbs KST_SCRATCH_BUF = KST_BUF_INIT, spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_ca *ca = open_ca();
	struct kst_key *signer, *key = NULL;
	struct kst_cert *cert = NULL;
	struct kst_issue how = { .profile = KST_PROFILE_CLIENT, .subject = "CN=late", .not_before = kst_time_now() };
	struct kst_ca_row row = { .issuer = KST_CA_BY_CA, .state = KST_CA_PENDING, .name = "late", .delivered = true,
				  .profile = KST_PROFILE_CLIENT, .created = 1, .reason = -1 };
	size_t nr = 0;
	int64_t id;

	how.not_after = how.not_before + 86400;
	ck_assert_int_eq(kst_key_generate(&key, "p256", NULL), 0);
	ck_assert_int_eq(kst_key_spki(key, &spki, NULL), 0);
	how.spki = (struct kst_bytes){ spki.data, spki.len };
	ck_assert_int_eq(kst_issue_serial(how.serial, &how.serial_len, NULL), 0);
	ck_assert_int_eq(kst_ca_key(ca, KST_CA_BY_CA, &signer, NULL), 0);
	ck_assert_msg(kst_issue_build(&tbs, &how, kst_ca_cert(ca, KST_CA_BY_CA), signer, &err) == 0, "%s", err.message);
	memcpy(row.serial, how.serial, how.serial_len);
	row.serial_len = how.serial_len;
	row.tbs = (struct kst_bytes){ tbs.data, tbs.len };
	row.not_before = how.not_before;
	row.not_after = how.not_after;
	ck_assert_int_eq(kst_ca_begin(ca, NULL), 0);
	ck_assert_int_eq(kst_ca_add(ca, &row, &id, NULL), 0);
	ck_assert_int_eq(kst_ca_commit(ca, NULL), 0);
	kst_ca_free(ca);

	ca = open_ca();
	ck_assert_msg(kst_ca_complete(ca, &nr, &err) == 0, "%s", err.message);
	ck_assert_uint_eq(nr, 1);
	ck_assert_int_eq(kst_ca_complete(ca, &nr, &err), 0);
	ck_assert_uint_eq(nr, 0);
	ck_assert_int_eq(kst_ca_each(ca, &(struct kst_ca_query){ .id = id }, take_cert, &cert, &err), 0);
	ck_assert(kst_cert_issued_by(cert, kst_ca_cert(ca, KST_CA_BY_CA)));
	/* What was to be signed is what was signed. */
	ck_assert_ptr_nonnull(memmem(kst_cert_der(cert).data, kst_cert_der(cert).len, tbs.data, tbs.len));
	kst_cert_free(cert);
	kst_key_free(key);
	kst_ca_free(ca);
}
END_TEST

START_TEST(a_key_that_was_stolen_gets_no_certificate_any_more)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_ca_order first = order("one"), again = order("two");
	struct kst_ca_made *made = NULL;
	struct kst_ca *ca = open_ca();

	ck_assert_int_eq(issue(ca, &first, &made), KST_CA_MADE);
	kst_ca_made_free(made);
	ck_assert_int_eq(kst_ca_begin(ca, NULL), 0);
	ck_assert_int_eq(kst_ca_revoke(ca, first.id, kst_time_now(), 1, NULL), 0);
	ck_assert_int_eq(kst_ca_commit(ca, NULL), 0);
	ck_assert_int_eq(kst_key_spki(first.key, &spki, NULL), 0);
	again.spki = (struct kst_bytes){ spki.data, spki.len };
	ck_assert_int_eq(issue(ca, &again, &made), KST_CA_FAILED);
	ck_assert_int_eq(again.err->code, KST_E_WEAK_KEY);
	kst_ca_made_free(made);
	ck_assert_uint_eq(rows_of(ca, (struct kst_ca_query){ .leaves = true }), 1);
	kst_ca_order_release(&first);
	kst_ca_order_release(&again);
	kst_ca_free(ca);
}
END_TEST

START_TEST(one_bad_order_of_a_group_is_alone)
{
	struct kst_ca_order group[3] = { order("a"), order("b"), order("c") };
	struct kst_ca_issue_options opt = { .threads = 3 };
	struct kst_ca_made *made = NULL;
	struct kst_ca *ca = open_ca();

	group[1].not_after += INT64_C(86400) * 1000; /* longer than the CA */
	kst_error_clear(&err);
	ck_assert_msg(kst_ca_issue(ca, group, 3, &opt, &made, &err) == 0, "%s", err.message);
	ck_assert_int_eq(group[0].fate, KST_CA_MADE);
	ck_assert_int_eq(group[1].fate, KST_CA_FAILED);
	ck_assert_int_eq(group[1].err->code, KST_E_CA_FORBIDS);
	ck_assert_int_eq(group[2].fate, KST_CA_MADE);
	ck_assert_uint_eq(rows_of(ca, (struct kst_ca_query){ .leaves = true }), 2);
	kst_ca_made_free(made);
	for (int i = 0; i < 3; i++)
		kst_ca_order_release(&group[i]);
	kst_ca_free(ca);
}
END_TEST

START_TEST(what_could_not_be_signed_keeps_its_key)
{
	struct kst_ca_order group[2] = { order("a"), order("b") };
	struct kst_ca_issue_options opt = { .threads = 1 };
	bool delivered[2] = { false, true };
	struct kst_ca_made *made = NULL;
	struct kst_ca *ca = open_ca();

	kst_error_clear(&err);
	ck_assert_msg(kst_ca_issue(ca, group, 2, &opt, &made, &err) == 0, "%s", err.message);
	group[0].fate = KST_CA_FAILED;
	ck_assert_int_eq(kst_ca_deliver(ca, made, group, delivered, 2, &err), 0);
	kst_ca_made_free(made);
	ck_assert_uint_eq(pending_files(), 1);
	ck_assert_uint_eq(rows_of(ca, (struct kst_ca_query){ .undelivered = true }), 1);
	/* Nobody waits for what was revoked, and the next one tidies up. */
	ck_assert_int_eq(kst_ca_begin(ca, NULL), 0);
	ck_assert_int_eq(kst_ca_revoke(ca, group[0].id, kst_time_now(), 4, NULL), 0);
	ck_assert_int_eq(kst_ca_commit(ca, NULL), 0);
	ck_assert_uint_eq(rows_of(ca, (struct kst_ca_query){ .undelivered = true }), 0);
	kst_ca_order_release(&group[0]);
	group[0] = order("c");
	delivered[0] = true;
	ck_assert_int_eq(issue(ca, &group[0], &made), KST_CA_MADE);
	ck_assert_int_eq(kst_ca_deliver(ca, made, group, delivered, 1, &err), 0);
	kst_ca_made_free(made);
	ck_assert_uint_eq(pending_files(), 0);
	for (int i = 0; i < 2; i++)
		kst_ca_order_release(&group[i]);
	kst_ca_free(ca);
}
END_TEST

START_TEST(a_certificate_for_a_key_of_its_owner_waits_until_it_is_handed_out)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_ca_order first = order("row"), again = order("row"), third = order("row");
	struct kst_ca_made *made = NULL;
	struct kst_ca *ca = open_ca();
	struct kst_key *key = NULL;
	bool yes = true;

	ck_assert_int_eq(kst_key_generate(&key, "p256", NULL), 0);
	ck_assert_int_eq(kst_key_spki(key, &spki, NULL), 0);
	first.spki = again.spki = third.spki = (struct kst_bytes){ spki.data, spki.len };
	ck_assert_int_eq(issue(ca, &first, &made), KST_CA_MADE);
	kst_ca_made_free(made);
	ck_assert_int_eq(issue(ca, &again, &made), KST_CA_RESUMED);
	ck_assert(kst_cert_equal(first.cert, again.cert));
	ck_assert_int_eq(kst_ca_deliver(ca, made, &again, &yes, 1, &err), 0);
	kst_ca_made_free(made);
	ck_assert_int_eq(issue(ca, &third, &made), KST_CA_THERE);
	kst_ca_made_free(made);
	ck_assert_uint_eq(rows_of(ca, (struct kst_ca_query){ .leaves = true }), 1);
	kst_ca_order_release(&first);
	kst_ca_order_release(&again);
	kst_ca_order_release(&third);
	kst_key_free(key);
	kst_ca_free(ca);
}
END_TEST

Suite *test_ca_issue(void)
{
	Suite *s = suite_create("ca_issue");
	TCase *t = tcase_create("steps");

	tcase_add_checked_fixture(t, make_ca, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_was_not_handed_out_is_resumed_with_its_key);
	tcase_add_test(t, what_somebody_is_making_is_made_once);
	tcase_add_test(t, what_was_written_down_and_not_signed_is_signed);
	tcase_add_test(t, a_key_that_was_stolen_gets_no_certificate_any_more);
	tcase_add_test(t, one_bad_order_of_a_group_is_alone);
	tcase_add_test(t, what_could_not_be_signed_keeps_its_key);
	tcase_add_test(t, a_certificate_for_a_key_of_its_owner_waits_until_it_is_handed_out);
	suite_add_tcase(s, t);
	return s;
}
