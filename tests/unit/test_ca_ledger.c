/* SPDX-License-Identifier: ISC */
/* test_ca_ledger.c - the ledger of a CA: rows, states, transactions, and files that are none */
#include "filedir.h"

#include <sys/wait.h>

#include <sqlite3.h>

#include "ca/ledger.h"

static struct kst_ledger ledger;
static char path[128];

static void begin(void)
{
	struct kst_error err = KST_ERROR_INIT;

	setup();
	snprintf(path, sizeof(path), "%s/ledger.db", dir);
	ck_assert_msg(kst_ledger_create(&ledger, path, &err) == 0, "%s", err.message);
}

static void end(void)
{
	kst_ledger_close(&ledger);
	teardown();
}

static struct kst_ca_row row(const char *name, uint8_t serial)
{
	return (struct kst_ca_row){
		.issuer = KST_CA_BY_CA,
		.state = KST_CA_PENDING,
		.serial = { 0x80, serial },
		.serial_len = 2,
		.name = name,
		.subject = "CN=\xc3\xa4 100%",
		.sans = "dns:a.test\nuri:urn:x",
		.profile = KST_PROFILE_BOTH,
		.not_before = 100,
		.not_after = 200 + serial,
		.created = 99,
		.tbs = { (const uint8_t *)"tbs", 3 },
		.reason = -1,
	};
}

static int64_t add(const char *name, uint8_t serial)
{
	struct kst_ca_row r = row(name, serial);
	int64_t id = 0;

	ck_assert_int_eq(kst_ledger_begin(&ledger, NULL), 0);
	ck_assert_int_eq(kst_ledger_add(&ledger, &r, &id, NULL), 0);
	ck_assert_int_eq(kst_ledger_commit(&ledger, NULL), 0);
	return id;
}

static void reopen(void)
{
	struct kst_error err = KST_ERROR_INIT;

	kst_ledger_close(&ledger);
	ck_assert_msg(kst_ledger_open(&ledger, path, &err) == 0, "%s", err.message);
}

static char seen[256];
static int note(void *ctx, const struct kst_ca_row *r, struct kst_error *err)
{
	(void)err;
	if (ctx)
		*(struct kst_ca_row *)ctx = *r;
	snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s ", r->name);
	return 0;
}

static const char *found_by(const struct kst_ca_query *q)
{
	size_t n = 0, blanks = 0;

	seen[0] = '\0';
	ck_assert_int_eq(kst_ledger_each(&ledger, q, note, NULL, NULL), 0);
	ck_assert_int_eq(kst_ledger_count(&ledger, q, &n, NULL), 0);
	for (const char *p = seen; *p; p++)
		blanks += *p == ' ';
	if (!q->limit)
		ck_assert_uint_eq(n, blanks);
	return seen;
}

START_TEST(a_row_comes_back_as_it_went_in_and_outlives_the_process)
{
	struct kst_ca_row r;
	struct stat st;
	int64_t id = add("a", 1);

	ck_assert_int_eq(kst_ledger_signed(&ledger, id, (struct kst_bytes){ (const uint8_t *)"cert", 4 }, NULL), 0);
	reopen();
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	struct kst_ca_query q = { .id = id };
	seen[0] = '\0';
	ck_assert_int_eq(kst_ledger_each(&ledger, &q, note, &r, NULL), 0);
	ck_assert_int_eq(r.state, KST_CA_VALID);
	ck_assert_int_eq(r.issuer, KST_CA_BY_CA);
	ck_assert_int_eq(r.profile, KST_PROFILE_BOTH);
	ck_assert_int_eq(r.not_after, 201);
	ck_assert_uint_eq(r.serial_len, 2);
	ck_assert_uint_eq(r.serial[1], 1);
	ck_assert_int_eq(r.reason, -1);
	ck_assert(!r.delivered);
	ck_assert_uint_eq(r.tbs.len, 0);
}
END_TEST

START_TEST(no_serial_is_given_away_twice)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_ca_row r = row("b", 1);

	add("a", 1);
	ck_assert_int_eq(kst_ledger_begin(&ledger, NULL), 0);
	ck_assert_int_eq(kst_ledger_add(&ledger, &r, NULL, &err), -1);
	ck_assert_int_eq(err.code, KST_E_SERIAL_USED);
	kst_ledger_rollback(&ledger);
	/* Another issuer has numbers of its own. */
	r.issuer = KST_CA_BY_ROOT;
	ck_assert_int_eq(kst_ledger_begin(&ledger, NULL), 0);
	ck_assert_int_eq(kst_ledger_add(&ledger, &r, NULL, NULL), 0);
	ck_assert_int_eq(kst_ledger_commit(&ledger, NULL), 0);
}
END_TEST

START_TEST(what_was_not_committed_is_not_there)
{
	struct kst_ca_row r = row("b", 2);

	add("a", 1);
	ck_assert_int_eq(kst_ledger_begin(&ledger, NULL), 0);
	ck_assert_int_eq(kst_ledger_add(&ledger, &r, NULL, NULL), 0);
	reopen();
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .id = 0 }), "a ");
}
END_TEST

START_TEST(whoever_signs_first_has_signed)
{
	struct kst_bytes one = { (const uint8_t *)"one", 3 }, two = { (const uint8_t *)"two", 3 };
	int64_t id = add("a", 1);

	ck_assert_int_eq(kst_ledger_signed(&ledger, id, one, NULL), 0);
	ck_assert_int_eq(kst_ledger_signed(&ledger, id, two, NULL), 1);
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .undelivered = true }), "a ");
	ck_assert_int_eq(kst_ledger_delivered(&ledger, id, NULL), 0);
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .undelivered = true }), "");
}
END_TEST

START_TEST(revoked_on_hold_and_back)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_ca_query revoked = { .states = KST_CA_IS(KST_CA_REVOKED) };
	int64_t id = add("a", 1);

	/* What was never signed cannot be revoked. */
	ck_assert_int_eq(kst_ledger_revoke(&ledger, id, 5, 1, &err), -1);
	ck_assert_int_eq(err.code, KST_E_NO_SERIAL);
	ck_assert_int_eq(kst_ledger_signed(&ledger, id, (struct kst_bytes){ (const uint8_t *)"c", 1 }, NULL), 0);
	ck_assert_int_eq(kst_ledger_revoke(&ledger, id, 5, 6, NULL), 0);
	ck_assert_str_eq(found_by(&revoked), "a ");
	ck_assert_int_eq(kst_ledger_revoke(&ledger, id, 0, 8, NULL), 0);
	ck_assert_str_eq(found_by(&revoked), "");
	/* A key that was stolen does not come back. */
	ck_assert_int_eq(kst_ledger_revoke(&ledger, id, 5, 1, NULL), 0);
	ck_assert_int_eq(kst_ledger_revoke(&ledger, id, 0, 8, NULL), -1);
	ck_assert_str_eq(found_by(&revoked), "a ");
}
END_TEST

START_TEST(questions_of_every_kind)
{
	add("web", 1);
	add("a_b", 3);
	add("axb", 2);
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .name = "web" }), "web ");
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .match = "A_B" }), "a_b ");
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .match = "100%" }), "web a_b axb ");
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .match = "8003" }), "a_b ");
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .match = "' OR 1 --" }), "");
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .by_expiry = true }), "web axb a_b ");
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .newest = true, .limit = 2 }), "axb a_b ");
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .expires_before = 202 }), "web axb ");
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .expires_after = 202 }), "a_b ");
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .serial = { (const uint8_t *)"\x80\x02", 2 } }), "axb ");
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .issuers = 1u << KST_CA_BY_ROOT }), "");
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .states = KST_CA_IS(KST_CA_VALID) }), "");
}
END_TEST

START_TEST(facts_are_kept)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	ck_assert_int_eq(kst_ledger_fact(&ledger, "name", &b, NULL), 1);
	ck_assert_int_eq(kst_ledger_set_fact(&ledger, "name", "one", NULL), 0);
	ck_assert_int_eq(kst_ledger_set_fact(&ledger, "name", "two", NULL), 0);
	reopen();
	ck_assert_int_eq(kst_ledger_fact(&ledger, "name", &b, NULL), 0);
	ck_assert_str_eq((char *)b.data, "two");
}
END_TEST

/* ---- files that are none ---- */

static void alter(const char *sql)
{
	sqlite3 *db;
	char *said = NULL;

	kst_ledger_close(&ledger);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &said) == SQLITE_OK, "%s", said);
	sqlite3_close(db);
}

static const char *const alterations[] = {
	"CREATE TRIGGER t AFTER UPDATE ON certificate BEGIN DELETE FROM certificate; END",
	"CREATE VIEW v AS SELECT * FROM certificate",
	"CREATE TABLE more(x)",
	"DROP INDEX certificate_name",
	"ALTER TABLE certificate ADD COLUMN more TEXT",
	"PRAGMA application_id = 1",
	"PRAGMA user_version = 0",
	"DROP TABLE certificate",
};
START_TEST(a_schema_that_is_not_ours_is_refused)
{
	struct kst_error err = KST_ERROR_INIT;

	alter(alterations[_i]);
	ck_assert_int_eq(kst_ledger_open(&ledger, path, &err), -1);
	ck_assert_msg(err.code == KST_E_LEDGER, "%s: %s", alterations[_i], err.message);
	ck_assert_str_eq(err.subject, path);
}
END_TEST

START_TEST(a_newer_version_is_said_to_be_one)
{
	struct kst_error err = KST_ERROR_INIT;

	alter("PRAGMA user_version = 2");
	ck_assert_int_eq(kst_ledger_open(&ledger, path, &err), -1);
	ck_assert_int_eq(err.code, KST_E_UNSUPPORTED_FEATURE);
}
END_TEST

START_TEST(values_that_no_ledger_writes_are_damage)
{
	struct kst_error err = KST_ERROR_INIT;

	add("a", 1);
	alter("UPDATE certificate SET profile = 'pope'");
	ck_assert_int_eq(kst_ledger_open(&ledger, path, NULL), 0);
	ck_assert_int_eq(kst_ledger_each(&ledger, &(struct kst_ca_query){ .id = 0 }, note, NULL, &err), -1);
	ck_assert_int_eq(err.code, KST_E_LEDGER);
}
END_TEST

/* Each byte of a page, or the length: an error that is one of ours, never a crash; and the check finds it or
 * everything can be read. */
START_TEST(a_damaged_file_is_damage)
{
	struct kst_error err = KST_ERROR_INIT;
	uint8_t page[4096];
	size_t found = 0;
	FILE *f;

	for (uint8_t i = 0; i < 60; i++)
		add("a name that takes some room in its page, so that there are several of them", i);
	kst_ledger_close(&ledger);
	f = fopen(path, "r+b");
	ck_assert_ptr_nonnull(f);
	for (long at = 0; at < 4096 * 12; at += 512) {
		kst_error_clear(&err);
		fseek(f, at, SEEK_SET);
		ck_assert_uint_eq(fread(page, 1, 64, f), 64);
		uint8_t bad[64];
		memset(bad, 0xa5, sizeof(bad));
		fseek(f, at, SEEK_SET);
		fwrite(bad, 1, sizeof(bad), f);
		fflush(f);
		if (kst_ledger_open(&ledger, path, &err) == 0) {
			seen[0] = '\0';
			found += kst_ledger_check(&ledger, &err) < 0;
			kst_ledger_each(&ledger, &(struct kst_ca_query){ .match = "name" }, note, NULL, &err);
			kst_ledger_close(&ledger);
		} else {
			found++;
			ck_assert_msg(err.code == KST_E_LEDGER || err.code == KST_E_UNSUPPORTED_FEATURE,
				      "at %ld: %s [%s]", at, err.message, kst_code_slug(err.code));
		}
		fseek(f, at, SEEK_SET);
		fwrite(page, 1, 64, f);
		fflush(f);
	}
	fclose(f);
	ck_assert_uint_gt(found, 30);
	ck_assert_int_eq(kst_ledger_open(&ledger, path, NULL), 0);
	ck_assert_int_eq(kst_ledger_check(&ledger, NULL), 0);
}
END_TEST

static const char *const rubbish[] = { "", "not a database", "SQLite format 3" };
START_TEST(what_is_no_database_is_no_ledger)
{
	struct kst_error err = KST_ERROR_INIT;
	FILE *f;

	kst_ledger_close(&ledger);
	f = fopen(path, "wb");
	for (int i = 0; i < 100; i++)
		fputs(rubbish[_i], f);
	fclose(f);
	ck_assert_int_eq(kst_ledger_open(&ledger, path, &err), -1);
	ck_assert_msg(err.code == KST_E_LEDGER, "%s", err.message);
}
END_TEST

/* SQLite's connections do not survive a fork, so each side opens its own behind it. */
static int child_adds(int go)
{
	struct kst_ca_row r = row("child", 2);
	struct kst_ledger mine = { .db = NULL };
	char c;

	if (read(go, &c, 1) != 1 || kst_ledger_open(&mine, path, NULL) < 0 ||
	    kst_ledger_begin(&mine, NULL) < 0 || kst_ledger_add(&mine, &r, NULL, NULL) < 0 ||
	    kst_ledger_commit(&mine, NULL) < 0)
		return 1;
	return 0;
}

START_TEST(two_at_once_wait_for_each_other)
{
	struct kst_ca_row first = row("parent", 1);
	int status, go[2];
	pid_t pid;

	kst_ledger_close(&ledger);
	ck_assert_int_eq(pipe(go), 0);
	pid = fork();
	if (!pid)
		_exit(child_adds(go[0]));
	ck_assert_int_eq(kst_ledger_open(&ledger, path, NULL), 0);
	ck_assert_int_eq(kst_ledger_begin(&ledger, NULL), 0);
	ck_assert_int_eq(write(go[1], "x", 1), 1);
	usleep(50000);
	ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
	ck_assert_int_eq(kst_ledger_add(&ledger, &first, NULL, NULL), 0);
	ck_assert_int_eq(kst_ledger_commit(&ledger, NULL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(found_by(&(struct kst_ca_query){ .id = 0 }), "parent child ");
}
END_TEST

Suite *test_ca_ledger(void)
{
	Suite *s = suite_create("ca_ledger");
	TCase *t = tcase_create("rows");

	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, a_row_comes_back_as_it_went_in_and_outlives_the_process);
	tcase_add_test(t, no_serial_is_given_away_twice);
	tcase_add_test(t, what_was_not_committed_is_not_there);
	tcase_add_test(t, whoever_signs_first_has_signed);
	tcase_add_test(t, revoked_on_hold_and_back);
	tcase_add_test(t, questions_of_every_kind);
	tcase_add_test(t, facts_are_kept);
	tcase_add_test(t, two_at_once_wait_for_each_other);
	suite_add_tcase(s, t);
	t = tcase_create("files that are none");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_loop_test(t, a_schema_that_is_not_ours_is_refused, 0, 8);
	tcase_add_test(t, a_newer_version_is_said_to_be_one);
	tcase_add_test(t, values_that_no_ledger_writes_are_damage);
	tcase_add_test(t, a_damaged_file_is_damage);
	tcase_add_loop_test(t, what_is_no_database_is_no_ledger, 0, 3);
	suite_add_tcase(s, t);
	return s;
}
