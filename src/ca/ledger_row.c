/* SPDX-License-Identifier: ISC */
/* ledger_row.c - rows of the ledger: written, changed, asked for */
#include "ca/ledger.h"

#include <string.h>

#include <sqlite3.h>

static const char *const state_name[] = { "pending", "valid", "revoked" };
#define STATES (sizeof(state_name) / sizeof(state_name[0]))
static const char *const issuer_name[] = { "root", "ca" };
/* By enum kst_profile.  The words of the ledger are frozen, whatever the profiles are called elsewhere. */
static const char *const profile_name[] = { "root", "ca", "server", "client", "both" };
#define PROFILES (sizeof(profile_name) / sizeof(profile_name[0]))

const char *kst_ca_state_name(enum kst_ca_state s)
{
	return (unsigned)s < STATES ? state_name[s] : "";
}

static void bind_bytes(sqlite3_stmt *st, int at, const void *data, size_t n)
{
	if (n)
		sqlite3_bind_blob64(st, at, data, n, SQLITE_STATIC);
	else
		sqlite3_bind_null(st, at);
}

/* NULL becomes null, as sqlite3_bind_text() has it. */
static void bind_text(sqlite3_stmt *st, int at, const char *text)
{
	sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

int kst_ledger_add(struct kst_ledger *l, const struct kst_ca_row *row, int64_t *id, struct kst_error *err)
{
	static const char sql[] =
		"INSERT INTO certificate(issuer, serial, state, profile, name, subject, alias, sans, batch, "
		"not_before, not_after, created, revoked_at, reason, delivered, spki, tbs, cert) "
		"VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
	sqlite3_stmt *st;
	int rc;

	if (kst_ledger_prepare(l, &st, sql, err) < 0)
		return -1;
	bind_text(st, 1, issuer_name[row->issuer]);
	bind_bytes(st, 2, row->serial, row->serial_len);
	bind_text(st, 3, state_name[row->state]);
	bind_text(st, 4, profile_name[row->profile]);
	bind_text(st, 5, row->name);
	bind_text(st, 6, row->subject);
	bind_text(st, 7, row->alias);
	bind_text(st, 8, row->sans);
	bind_text(st, 9, row->batch);
	sqlite3_bind_int64(st, 10, row->not_before);
	sqlite3_bind_int64(st, 11, row->not_after);
	sqlite3_bind_int64(st, 12, row->created);
	if (row->state == KST_CA_REVOKED) {
		sqlite3_bind_int64(st, 13, row->revoked_at);
		if (row->reason >= 0)
			sqlite3_bind_int(st, 14, row->reason);
	}
	sqlite3_bind_int(st, 15, row->delivered);
	bind_bytes(st, 16, row->spki, row->has_spki ? sizeof(row->spki) : 0);
	bind_bytes(st, 17, row->tbs.data, row->tbs.len);
	bind_bytes(st, 18, row->cert.data, row->cert.len);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE) {
		if (id)
			*id = sqlite3_last_insert_rowid(l->db);
		rc = 0;
	} else if (rc == SQLITE_CONSTRAINT_UNIQUE) {
		rc = kst_error_setx(err, KST_E_SERIAL_USED, "the CA has given this serial number away already");
	} else {
		rc = kst_ledger_error(l, rc, err);
	}
	sqlite3_finalize(st);
	return rc;
}

static int changed(struct kst_ledger *l, sqlite3_stmt *st, struct kst_error *err)
{
	if (kst_ledger_finish(l, st, err) < 0)
		return -1;
	return sqlite3_changes(l->db) ? 0 : 1;
}

int kst_ledger_signed(struct kst_ledger *l, int64_t id, struct kst_bytes cert, struct kst_error *err)
{
	sqlite3_stmt *st;

	/* What was to be signed is in the certificate from here on. */
	if (kst_ledger_prepare(l, &st,
			       "UPDATE certificate SET state = 'valid', cert = ?2, tbs = NULL "
			       "WHERE id = ?1 AND state = 'pending'",
			       err) < 0)
		return -1;
	sqlite3_bind_int64(st, 1, id);
	bind_bytes(st, 2, cert.data, cert.len);
	return changed(l, st, err);
}

int kst_ledger_delivered(struct kst_ledger *l, int64_t id, struct kst_error *err)
{
	sqlite3_stmt *st;

	if (kst_ledger_prepare(l, &st, "UPDATE certificate SET delivered = 1 WHERE id = ?1", err) < 0)
		return -1;
	sqlite3_bind_int64(st, 1, id);
	return kst_ledger_finish(l, st, err);
}

/* CRLReason removeFromCRL (RFC 5280 5.3.1). */
#define REMOVE_FROM_CRL 8

int kst_ledger_revoke(struct kst_ledger *l, int64_t id, int64_t when, int reason, struct kst_error *err)
{
	bool back = reason == REMOVE_FROM_CRL;
	sqlite3_stmt *st;
	int rc;

	/* Only what is on hold (6) comes back. */
	if (kst_ledger_prepare(l, &st,
			       back ? "UPDATE certificate SET state = 'valid', revoked_at = NULL, reason = NULL "
				      "WHERE id = ?1 AND state = 'revoked' AND reason = 6" :
				      "UPDATE certificate SET state = 'revoked', revoked_at = ?2, reason = ?3 "
				      "WHERE id = ?1 AND state <> 'pending'",
			       err) < 0)
		return -1;
	sqlite3_bind_int64(st, 1, id);
	if (!back) {
		sqlite3_bind_int64(st, 2, when);
		if (reason >= 0)
			sqlite3_bind_int(st, 3, reason);
	}
	rc = changed(l, st, err);
	return rc == 1 ? kst_error_setx(err, KST_E_NO_SERIAL, back ? "the certificate is not on hold" :
								     "the ledger has no such certificate") :
			 rc;
}

/* ---- asking ---- */

static bool bit(unsigned set, unsigned i)
{
	return !set || set & (1u << i);
}

static void and_in(struct kst_buf *b, const char *column, unsigned set, const char *const *word, size_t nr)
{
	const char *between = "";

	if (!set)
		return;
	kst_buf_printf(b, " AND %s IN (", column);
	for (size_t i = 0; i < nr; i++)
		if (bit(set, (unsigned)i)) {
			kst_buf_printf(b, "%s'%s'", between, word[i]);
			between = ", ";
		}
	kst_buf_puts(b, ")");
}

static void conditions(struct kst_buf *b, const struct kst_ca_query *q)
{
	kst_buf_puts(b, " FROM certificate WHERE 1");
	if (q->id)
		kst_buf_puts(b, " AND id = ?1");
	if (q->name)
		kst_buf_puts(b, " AND name = ?2");
	if (q->batch)
		kst_buf_puts(b, " AND batch = ?3");
	if (q->serial.len)
		kst_buf_puts(b, " AND serial = ?4");
	if (q->spki)
		kst_buf_puts(b, " AND spki = ?5");
	if (q->expires_after)
		kst_buf_puts(b, " AND not_after > ?6");
	if (q->expires_before)
		kst_buf_puts(b, " AND not_after <= ?7");
	if (q->match)
		kst_buf_puts(b, " AND (name LIKE ?8 ESCAPE '\\' OR subject LIKE ?8 ESCAPE '\\' "
				"OR sans LIKE ?8 ESCAPE '\\' OR hex(serial) LIKE ?8 ESCAPE '\\')");
	if (q->leaves)
		kst_buf_puts(b, " AND profile NOT IN ('root', 'ca')");
	if (q->undelivered)
		kst_buf_puts(b, " AND (state = 'pending' OR delivered = 0)");
	and_in(b, "state", q->states, state_name, STATES);
	and_in(b, "issuer", q->issuers, issuer_name, 2);
}

/* What LIKE reads in a special way is meant as it stands. */
static void like(struct kst_buf *b, const char *match)
{
	kst_buf_puts(b, "%");
	for (; *match; match++) {
		if (strchr("%_\\", *match))
			kst_buf_puts(b, "\\");
		kst_buf_put(b, match, 1);
	}
	kst_buf_puts(b, "%");
}

static int ask(struct kst_ledger *l, sqlite3_stmt **out, const char *what, const struct kst_ca_query *q,
	       struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, match KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_puts(&b, what);
	conditions(&b, q);
	kst_buf_puts(&b, q->by_expiry ? " ORDER BY not_after, id" : q->newest ? " ORDER BY id DESC" : " ORDER BY id");
	if (q->limit)
		kst_buf_printf(&b, " LIMIT %zu", q->limit);
	if (q->match)
		like(&match, q->match);
	if (b.failed || match.failed)
		return kst_error_nomem(err);
	if (kst_ledger_prepare(l, out, (const char *)b.data, err) < 0)
		return -1;
	/* A number that the statement does not have is refused, and that is all. */
	sqlite3_bind_int64(*out, 1, q->id);
	bind_text(*out, 2, q->name);
	bind_text(*out, 3, q->batch);
	bind_bytes(*out, 4, q->serial.data, q->serial.len);
	bind_bytes(*out, 5, q->spki, q->spki ? 32 : 0);
	sqlite3_bind_int64(*out, 6, q->expires_after);
	sqlite3_bind_int64(*out, 7, q->expires_before);
	if (q->match)
		sqlite3_bind_text(*out, 8, (const char *)match.data, -1, SQLITE_TRANSIENT);
	return 0;
}

static const char *text(sqlite3_stmt *st, int at)
{
	return (const char *)sqlite3_column_text(st, at);
}

static struct kst_bytes bytes(sqlite3_stmt *st, int at)
{
	const void *p = sqlite3_column_blob(st, at);

	return (struct kst_bytes){ p, p ? (size_t)sqlite3_column_bytes(st, at) : 0 };
}

static int word(const char *s, const char *const *list, size_t nr)
{
	for (size_t i = 0; s && i < nr; i++)
		if (!strcmp(s, list[i]))
			return (int)i;
	return -1;
}

#define COLUMNS                                                                                     \
	"SELECT id, issuer, serial, state, profile, name, subject, alias, sans, batch, not_before, " \
	"not_after, created, revoked_at, reason, delivered, spki, tbs, cert"

/* The columns of a statement as a row.  0; -1: something in it is not what the ledger writes. */
static int fetch(sqlite3_stmt *st, struct kst_ca_row *r)
{
	struct kst_bytes serial = bytes(st, 2), spki = bytes(st, 16);
	int issuer = word(text(st, 1), issuer_name, 2), state = word(text(st, 3), state_name, STATES);
	int profile = word(text(st, 4), profile_name, PROFILES);

	*r = (struct kst_ca_row){ .id = sqlite3_column_int64(st, 0) };
	if (issuer < 0 || state < 0 || profile < 0 || !serial.len || serial.len > sizeof(r->serial) ||
	    (spki.len && spki.len != sizeof(r->spki)))
		return -1;
	r->issuer = (enum kst_ca_issuer)issuer;
	r->state = (enum kst_ca_state)state;
	memcpy(r->serial, serial.data, serial.len);
	r->serial_len = serial.len;
	r->profile = (enum kst_profile)profile;
	r->name = text(st, 5);
	r->subject = text(st, 6);
	r->alias = text(st, 7);
	r->sans = text(st, 8);
	r->batch = text(st, 9);
	r->not_before = sqlite3_column_int64(st, 10);
	r->not_after = sqlite3_column_int64(st, 11);
	r->created = sqlite3_column_int64(st, 12);
	r->revoked_at = sqlite3_column_int64(st, 13);
	r->reason = sqlite3_column_type(st, 14) == SQLITE_NULL ? -1 : sqlite3_column_int(st, 14);
	r->delivered = sqlite3_column_int(st, 15) != 0;
	if (spki.len)
		memcpy(r->spki, spki.data, spki.len);
	r->has_spki = spki.len != 0;
	r->tbs = bytes(st, 17);
	r->cert = bytes(st, 18);
	return 0;
}

int kst_ledger_each(struct kst_ledger *l, const struct kst_ca_query *q,
		    int (*each)(void *, const struct kst_ca_row *, struct kst_error *), void *ctx,
		    struct kst_error *err)
{
	struct kst_ca_row row;
	sqlite3_stmt *st;
	int rc, ret = 0;

	if (ask(l, &st, COLUMNS, q, err) < 0)
		return -1;
	while (!ret && (rc = sqlite3_step(st)) != SQLITE_DONE) {
		if (rc != SQLITE_ROW)
			ret = kst_ledger_error(l, rc, err);
		else if (fetch(st, &row) < 0)
			ret = kst_ledger_error(l, SQLITE_CORRUPT, err);
		else
			ret = each(ctx, &row, err);
	}
	sqlite3_finalize(st);
	return ret;
}

int kst_ledger_count(struct kst_ledger *l, const struct kst_ca_query *q, size_t *out, struct kst_error *err)
{
	struct kst_ca_query all = *q;
	sqlite3_stmt *st;
	int rc;

	all.limit = 0;
	if (ask(l, &st, "SELECT count(*)", &all, err) < 0)
		return -1;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*out = (size_t)sqlite3_column_int64(st, 0);
	else
		kst_ledger_error(l, rc, err);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : -1;
}
