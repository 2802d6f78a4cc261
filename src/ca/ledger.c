/* SPDX-License-Identifier: ISC */
/*
 * ledger.c - the database: made, opened with caution, transactions, facts
 *
 * A rollback journal, not WAL: the ledger is one file that can be copied when nobody
 * works on it, works on every file system that has locks, and a reader needs no right
 * to write.  synchronous=EXTRA syncs the directory too, when the journal goes: only
 * then is a commit one that a power cut cannot take back.
 */
#include "ca/ledger.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "kstool/alloc.h"
#include "kstool/text.h"

#define VERSION 1
#define APPLICATION 0x4b535443 /* "KSTC", PRAGMA application_id: what file(1) could tell it by */
#define BUSY_MS 30000

static const char *const schema[] = {
	"CREATE TABLE fact(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
	"CREATE TABLE certificate(id INTEGER PRIMARY KEY, "
	"issuer TEXT NOT NULL CHECK(issuer IN ('root', 'ca')), "
	"serial BLOB NOT NULL CHECK(length(serial) BETWEEN 1 AND 20), "
	"state TEXT NOT NULL CHECK(state IN ('pending', 'valid', 'revoked')), "
	"profile TEXT NOT NULL, name TEXT, subject TEXT, alias TEXT, sans TEXT, batch TEXT, "
	"not_before INTEGER NOT NULL, not_after INTEGER NOT NULL, created INTEGER NOT NULL, "
	"revoked_at INTEGER, reason INTEGER, delivered INTEGER NOT NULL, "
	"spki BLOB, tbs BLOB, cert BLOB, UNIQUE(issuer, serial)) STRICT",
	"CREATE INDEX certificate_name ON certificate(name)",
	"CREATE INDEX certificate_batch ON certificate(batch) WHERE batch IS NOT NULL",
	"CREATE INDEX certificate_not_after ON certificate(not_after)",
	"CREATE INDEX certificate_spki ON certificate(spki)",
	"CREATE INDEX certificate_open ON certificate(id) WHERE state = 'pending' OR delivered = 0",
};
#define TABLES (sizeof(schema) / sizeof(schema[0]))

/* ---- errors ---- */

static int damaged(struct kst_ledger *l, const char *what, struct kst_error *err)
{
	kst_error_setx(err, KST_E_LEDGER, "%s", what);
	kst_error_subject(err, "%s", l->path);
	return kst_error_hint(err, "put a backup of it in its place; what it held since then is in %s/ beside it",
			      KST_CA_CERTS);
}

int kst_ledger_error(struct kst_ledger *l, int rc, struct kst_error *err)
{
	const char *said = l->db ? sqlite3_errmsg(l->db) : sqlite3_errstr(rc);

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		kst_error_setx(err, KST_E_LEDGER_BUSY, "another command has been working on it for half a minute");
		break;
	case SQLITE_NOMEM:
		return kst_error_nomem(err);
	case SQLITE_FULL:
		kst_error_setx(err, KST_E_DISK_FULL, "no space left for the ledger");
		break;
	case SQLITE_READONLY:
		kst_error_setx(err, KST_E_READ_ONLY, "the ledger may not be written");
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_SCHEMA:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		return damaged(l, "the ledger is damaged, or no ledger", err);
	case SQLITE_CANTOPEN:
		kst_error_setx(err, KST_E_UNREADABLE, "the ledger cannot be opened");
		break;
	case SQLITE_IOERR:
		kst_error_setx(err, KST_E_CANNOT_WRITE, "the ledger cannot be read or written: %s", said);
		break;
	default:
		kst_error_setx(err, KST_E_INTERNAL, "the ledger refuses: %s", said);
		break;
	}
	return kst_error_subject(err, "%s", l->path);
}

/* ---- statements ---- */

int kst_ledger_prepare(struct kst_ledger *l, sqlite3_stmt **out, const char *sql, struct kst_error *err)
{
	int rc = sqlite3_prepare_v2(l->db, sql, -1, out, NULL);

	/* The schema was looked at when it was opened: an SQL error is ours, everything else the file's. */
	return rc == SQLITE_OK ? 0 : kst_ledger_error(l, rc, err);
}

int kst_ledger_finish(struct kst_ledger *l, sqlite3_stmt *st, struct kst_error *err)
{
	int rc, ret = 0;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		;
	if (rc != SQLITE_DONE)
		ret = kst_ledger_error(l, rc, err);
	sqlite3_finalize(st);
	return ret;
}

static int run(struct kst_ledger *l, const char *sql, struct kst_error *err)
{
	sqlite3_stmt *st;

	return kst_ledger_prepare(l, &st, sql, err) < 0 ? -1 : kst_ledger_finish(l, st, err);
}

static int pragma(struct kst_ledger *l, const char *sql, int64_t *out, struct kst_error *err)
{
	sqlite3_stmt *st;
	int rc;

	if (kst_ledger_prepare(l, &st, sql, err) < 0)
		return -1;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	else
		kst_ledger_error(l, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, err);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : -1;
}

/* ---- opening ---- */

/* Nothing in the file is trusted: no triggers, no views, no functions of the schema; limits on sizes. */
static int harden(struct kst_ledger *l, struct kst_error *err)
{
	static const struct {
		int what, on;
	} config[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },      { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 }, { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },	       { SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 },
	};

	for (size_t i = 0; i < sizeof(config) / sizeof(config[0]); i++)
		if (sqlite3_db_config(l->db, config[i].what, config[i].on, NULL) != SQLITE_OK)
			return kst_error_setx(err, KST_E_INTERNAL, "this SQLite cannot be told to be careful");
	sqlite3_limit(l->db, SQLITE_LIMIT_LENGTH, 16 << 20);
	sqlite3_limit(l->db, SQLITE_LIMIT_SQL_LENGTH, 1 << 16);
	sqlite3_limit(l->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_extended_result_codes(l->db, 1);
	sqlite3_busy_timeout(l->db, BUSY_MS);
	return run(l, "PRAGMA cell_size_check = ON", err) < 0 || run(l, "PRAGMA mmap_size = 0", err) < 0 ||
			       run(l, "PRAGMA secure_delete = ON", err) < 0 ||
			       run(l, "PRAGMA synchronous = EXTRA", err) < 0 ?
		       -1 :
		       0;
}

static int attach(struct kst_ledger *l, const char *path, struct kst_error *err)
{
	int rc;

	*l = (struct kst_ledger){ .path = kst_strdup(path) };
	if (!l->path)
		return kst_error_nomem(err);
	rc = sqlite3_open_v2(path, &l->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
			     NULL);
	if (rc != SQLITE_OK || harden(l, err) < 0) {
		if (rc != SQLITE_OK)
			kst_ledger_error(l, rc, err);
		kst_ledger_close(l);
		return -1;
	}
	return 0;
}

/* Tables and indexes are exactly ours, to the letter: nobody has slipped in a default or a trigger. */
static int check_schema(struct kst_ledger *l, struct kst_error *err)
{
	sqlite3_stmt *st;
	size_t known = 0, nr = 0;
	int rc;

	if (kst_ledger_prepare(l, &st, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL", err) < 0)
		return -1;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *sql = (const char *)sqlite3_column_text(st, 0);

		nr++;
		for (size_t i = 0; sql && i < TABLES; i++)
			known += !strcmp(sql, schema[i]);
	}
	if (rc != SQLITE_DONE)
		kst_ledger_error(l, rc, err);
	else if (nr != TABLES || known != TABLES)
		damaged(l, "the tables are not those of a ledger", err), rc = SQLITE_CORRUPT;
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int check_version(struct kst_ledger *l, struct kst_error *err)
{
	int64_t app, version;

	if (pragma(l, "PRAGMA application_id", &app, err) < 0 || pragma(l, "PRAGMA user_version", &version, err) < 0)
		return -1;
	if (app != APPLICATION)
		return damaged(l, "is a database, but no ledger of a CA", err);
	if (version > VERSION) {
		kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE, "a newer version of kstool has written this ledger");
		return kst_error_subject(err, "%s", l->path);
	}
	return version == VERSION ? 0 : damaged(l, "the ledger has no version", err);
}

int kst_ledger_open(struct kst_ledger *l, const char *path, struct kst_error *err)
{
	struct stat st;

	/* Never by open and close: that would drop the locks which this process has on the file. */
	if (stat(path, &st) < 0) {
		kst_error_set(err, KST_E_UNREADABLE, "cannot be read");
		return kst_error_subject(err, "%s", path);
	}
	if (!S_ISREG(st.st_mode)) {
		kst_error_setx(err, KST_E_NOT_A_FILE, "the ledger is no regular file");
		return kst_error_subject(err, "%s", path);
	}
	if (attach(l, path, err) < 0)
		return -1;
	if (check_version(l, err) == 0 && check_schema(l, err) == 0)
		return 0;
	kst_ledger_close(l);
	return -1;
}

int kst_ledger_create(struct kst_ledger *l, const char *path, struct kst_error *err)
{
	/* SQLite would make it with the umask's mode; its journal then gets the mode of the file. */
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	char set[96];

	if (fd < 0) {
		kst_error_set(err, KST_E_CANNOT_WRITE, "cannot be made");
		return kst_error_subject(err, "%s", path);
	}
	close(fd);
	if (attach(l, path, err) < 0)
		return -1;
	sqlite3_snprintf(sizeof(set), set, "PRAGMA application_id = %d", APPLICATION);
	if (run(l, set, err) < 0 || kst_ledger_begin(l, err) < 0)
		goto fail;
	for (size_t i = 0; i < TABLES; i++)
		if (run(l, schema[i], err) < 0)
			goto fail;
	sqlite3_snprintf(sizeof(set), set, "PRAGMA user_version = %d", VERSION);
	if (run(l, set, err) == 0 && kst_ledger_commit(l, err) == 0)
		return 0;
fail:
	kst_ledger_close(l);
	return -1;
}

void kst_ledger_close(struct kst_ledger *l)
{
	kst_ledger_rollback(l);
	sqlite3_close_v2(l->db);
	kst_free(l->path);
	*l = (struct kst_ledger){ .db = NULL };
}

int kst_ledger_check(struct kst_ledger *l, struct kst_error *err)
{
	sqlite3_stmt *st;
	const char *said = NULL;
	int rc;

	if (kst_ledger_prepare(l, &st, "PRAGMA integrity_check(1)", err) < 0)
		return -1;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		said = (const char *)sqlite3_column_text(st, 0);
	if (rc != SQLITE_ROW)
		kst_ledger_error(l, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, err);
	else if (!said || strcmp(said, "ok") != 0)
		damaged(l, "the ledger is damaged", err), rc = SQLITE_CORRUPT;
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : -1;
}

/* ---- transactions ---- */

int kst_ledger_begin(struct kst_ledger *l, struct kst_error *err)
{
	if (l->open)
		return kst_error_setx(err, KST_E_INTERNAL, "a transaction in a transaction");
	/* IMMEDIATE: whoever reads first and writes then could be told "busy" in the middle. */
	if (run(l, "BEGIN IMMEDIATE", err) < 0)
		return -1;
	l->open = true;
	return 0;
}

int kst_ledger_commit(struct kst_ledger *l, struct kst_error *err)
{
	if (run(l, "COMMIT", err) < 0) {
		kst_ledger_rollback(l);
		return -1;
	}
	l->open = false;
	return 0;
}

void kst_ledger_rollback(struct kst_ledger *l)
{
	if (l->open && l->db)
		run(l, "ROLLBACK", NULL);
	l->open = false;
}

/* ---- facts ---- */

int kst_ledger_fact(struct kst_ledger *l, const char *name, struct kst_buf *out, struct kst_error *err)
{
	sqlite3_stmt *st;
	int rc;

	if (kst_ledger_prepare(l, &st, "SELECT value FROM fact WHERE name = ?1", err) < 0)
		return -1;
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		kst_buf_put(out, sqlite3_column_text(st, 0), (size_t)sqlite3_column_bytes(st, 0));
		rc = out->failed ? kst_error_nomem(err) : 0;
	} else {
		rc = rc == SQLITE_DONE ? 1 : kst_ledger_error(l, rc, err);
	}
	sqlite3_finalize(st);
	return rc;
}

int kst_ledger_set_fact(struct kst_ledger *l, const char *name, const char *value, struct kst_error *err)
{
	sqlite3_stmt *st;

	if (kst_ledger_prepare(l, &st, "INSERT OR REPLACE INTO fact(name, value) VALUES(?1, ?2)", err) < 0)
		return -1;
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, value, -1, SQLITE_STATIC);
	return kst_ledger_finish(l, st, err);
}
