/* SPDX-License-Identifier: ISC */
/*
 * ca_renew_which.c - which certificates are to be renewed
 *
 * A name is no identity: a request of somebody else, a client beside a server, may have the same.
 */
#include "cmd/ca_renew.h"

#include <string.h>

#define OID_SAN "2.5.29.17"

void renewables_release(struct renewables *f)
{
	for (size_t i = 0; i < f->nr; i++) {
		kst_free(f->row[i].name);
		kst_cert_free(f->row[i].cert);
	}
	kst_free(f->row);
}

static struct renewable *room(struct renewables *f, struct kst_error *err)
{
	size_t size = f->size ? f->size * 2 : 16;
	struct renewable *r;

	if (f->nr < f->size)
		return &f->row[f->nr];
	r = kst_realloc(f->row, size * sizeof(*r));
	if (!r) {
		kst_error_nomem(err);
		return NULL;
	}
	f->row = r;
	f->size = size;
	return &f->row[f->nr];
}

static int keep(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	struct renewables *f = ctx;
	struct renewable *r;

	if (!row->cert.len || !row->name)
		return 0;
	r = room(f, err);
	if (!r)
		return -1;
	*r = (struct renewable){ .name = kst_strdup(row->name), .profile = row->profile, .id = row->id,
				 .delivered = row->delivered };
	if (!r->name)
		return kst_error_nomem(err);
	if (kst_cert_new(&r->cert, row->cert.data, row->cert.len, err) < 0) {
		kst_free(r->name);
		return -1;
	}
	kst_cert_spki_sha256(r->cert, r->spki);
	f->nr++;
	return 0;
}

/* Once each. */
static int choose(struct renewables *out, const struct renewable *from, struct kst_error *err)
{
	struct renewable *r;

	for (size_t i = 0; i < out->nr; i++)
		if (out->row[i].id == from->id)
			return 0;
	r = room(out, err);
	if (!r)
		return -1;
	*r = *from;
	r->name = kst_strdup(from->name);
	if (!r->name)
		return kst_error_nomem(err);
	r->cert = kst_cert_ref(from->cert);
	out->nr++;
	return 0;
}

/* ---- whose ---- */

static int signed_for(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	(void)ctx;
	(void)err;
	return row->batch && !strncmp(row->batch, "sign\n", 5);
}

/* Was a request of this key signed?  Then its renewals are somebody else's, too. */
static int elsewhere(struct kst_ca *ca, const uint8_t spki[32], struct kst_error *err)
{
	struct kst_ca_query q = { .spki = spki };

	return kst_ca_each(ca, &q, signed_for, NULL, err);
}

struct succession {
	struct kst_ca *ca;
	const struct renewable *of;
	const char *serial;
};

/* "\nrenews SERIAL" and "\nrenews with a new key SERIAL" end the identity of an order. */
static const char *renewed_serial(const char *batch, bool new_key)
{
	const char *word = new_key ? "\nrenews with a new key " : "\nrenews ", *at = NULL;

	for (const char *p = batch; p && (p = strstr(p, word)); p++)
		at = p;
	return at ? at + strlen(word) : NULL;
}

static bool is_serial(const char *p, const char *serial)
{
	size_t n = strlen(serial);

	return p && !strncmp(p, serial, n) && (!p[n] || p[n] == '\n');
}

static bool same_bytes(struct kst_bytes a, struct kst_bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

static int succeeds(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	const struct succession *s = ctx;
	struct kst_cert *cert = NULL;
	uint8_t spki[32];
	bool same;
	int rc;

	if (row->id <= s->of->id || !row->delivered || !row->cert.len)
		return 0;
	if (is_serial(renewed_serial(row->batch, false), s->serial) ||
	    is_serial(renewed_serial(row->batch, true), s->serial))
		return 1;
	if (row->profile != s->of->profile)
		return 0;
	if (kst_cert_new(&cert, row->cert.data, row->cert.len, err) < 0)
		return -1;
	same = same_bytes(kst_cert_subject_der(cert), kst_cert_subject_der(s->of->cert)) &&
	       same_bytes(kst_cert_extension(cert, OID_SAN, NULL), kst_cert_extension(s->of->cert, OID_SAN, NULL));
	kst_cert_spki_sha256(cert, spki);
	kst_cert_free(cert);
	if (!same || !memcmp(spki, s->of->spki, sizeof(spki)) || s->of->elsewhere)
		return same;
	/* A certificate for another's key takes nothing from ours. */
	rc = elsewhere(s->ca, spki, err);
	return rc < 0 ? -1 : !rc;
}

/* Has another one, which was handed out, taken its place? */
static int succeeded(struct kst_ca *ca, const struct renewable *r, struct kst_error *err)
{
	struct kst_buf serial KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_ca_query q = { .name = r->name, .states = KST_CA_IS(KST_CA_VALID), .issuers = 1u << KST_CA_BY_CA,
				  .leaves = true, .newest = true };
	struct succession s = { .ca = ca, .of = r };

	ca_serial_text(r->cert, &serial);
	if (serial.failed || !serial.len)
		return kst_error_nomem(err);
	s.serial = (const char *)serial.data;
	return kst_ca_each(ca, &q, succeeds, &s, err);
}

/* ---- by name ---- */

int renew_by_name(struct cli *cli, struct kst_ca *ca, const char *name, struct renewables *out)
{
	struct kst_ca_query q = { .name = name, .states = KST_CA_IS(KST_CA_VALID), .issuers = 1u << KST_CA_BY_CA,
				  .leaves = true, .newest = true };
	struct renewables all = { .nr = 0 };
	const struct renewable *best = NULL;
	int ret = -1;

	if (kst_ca_each(ca, &q, keep, &all, cli->err) < 0)
		goto done;
	for (size_t i = 0; i < all.nr; i++) {
		struct renewable *r = &all.row[i];
		int rc = elsewhere(ca, r->spki, cli->err);

		if (rc < 0)
			goto done;
		r->elsewhere = rc;
		if (!best || r->delivered > best->delivered ||
		    (r->delivered == best->delivered && r->elsewhere < best->elsewhere))
			best = r;
	}
	if (best) {
		ret = choose(out, best, cli->err);
	} else {
		kst_error_setx(cli->err, KST_E_NO_SERIAL, "the CA has issued no certificate of this name that is valid");
		kst_error_subject(cli->err, "%s", name);
		kst_error_command(cli->err, "kstool", "ca", "list", "--ca", kst_ca_dir(ca), NULL);
	}
done:
	renewables_release(&all);
	return ret;
}

/* ---- by date ---- */

struct unfinished {
	struct kst_ca *ca;
	bool new_key;
	struct renewables *bases;
};

/* A renewal that did not come to its file: what it renews is still in use, however long it lives. */
static int keep_base(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	const struct unfinished *u = ctx;
	const char *hex = renewed_serial(row->batch, u->new_key);
	uint8_t serial[20];
	size_t n = 0;
	struct kst_ca_query q = { .states = KST_CA_IS(KST_CA_VALID), .issuers = 1u << KST_CA_BY_CA, .leaves = true };
	static const char digits[] = "0123456789abcdef";

	for (; hex && hex[0] && hex[0] != '\n' && n < sizeof(serial); hex += 2) {
		const char *a = strchr(digits, hex[0]), *b = hex[1] ? strchr(digits, hex[1]) : NULL;

		if (!a || !b)
			return 0;
		serial[n++] = (uint8_t)((a - digits) << 4 | (b - digits));
	}
	if (!n)
		return 0;
	q.serial = (struct kst_bytes){ serial, n };
	return kst_ca_each(u->ca, &q, keep, u->bases, err);
}

static int choose_open(struct kst_ca *ca, struct renewable *r, struct renewables *out, struct kst_error *err)
{
	int rc = elsewhere(ca, r->spki, err);

	if (rc < 0)
		return -1;
	r->elsewhere = rc;
	rc = succeeded(ca, r, err);
	return rc < 0 ? -1 : rc ? 0 : choose(out, r, err);
}

int renew_by_date(struct cli *cli, struct kst_ca *ca, const char *when, bool new_key, struct renewables *out)
{
	struct renewables due = { .nr = 0 }, bases = { .nr = 0 };
	bool percent = false;
	int64_t n, now = kst_time_now(), at;
	struct kst_ca_query q = { .states = KST_CA_IS(KST_CA_VALID), .issuers = 1u << KST_CA_BY_CA,
				  .leaves = true, .expires_after = now, .by_expiry = true };
	struct kst_ca_query open = { .states = KST_CA_IS(KST_CA_VALID) | KST_CA_IS(KST_CA_PENDING),
				     .issuers = 1u << KST_CA_BY_CA, .leaves = true, .undelivered = true };
	struct unfinished u = { .ca = ca, .new_key = new_key, .bases = &bases };
	int ret = -1;

	if (kst_time_parse_span(when, &n, &percent) < 0 || n < 0 || (percent && n > 100)) {
		if (kst_time_parse(when, &at) < 0) {
			kst_error_setx(cli->err, KST_E_BAD_VALUE, "\"%s\" is no time as 30d, 33%% or 2027-01-31", when);
			return kst_error_subject(cli->err, "--expiring");
		}
		n = at - now;
		percent = false;
	}
	if (!percent)
		q.expires_before = now + n > now ? now + n : now;
	if (kst_ca_each(ca, &q, keep, &due, cli->err) < 0 || kst_ca_each(ca, &open, keep_base, &u, cli->err) < 0)
		goto done;
	for (size_t i = 0; i < due.nr; i++) {
		struct renewable *r = &due.row[i];
		int64_t end = kst_cert_not_after(r->cert), life = end - kst_cert_not_before(r->cert);

		/* What nobody got is not in use: the command that made it brings it to its end. */
		if ((percent && end - now > life * n / 100) || !r->delivered)
			continue;
		if (choose_open(ca, r, out, cli->err) < 0)
			goto done;
	}
	for (size_t i = 0; i < bases.nr; i++)
		if (bases.row[i].delivered && choose_open(ca, &bases.row[i], out, cli->err) < 0)
			goto done;
	ret = 0;
done:
	renewables_release(&due);
	renewables_release(&bases);
	return ret;
}
