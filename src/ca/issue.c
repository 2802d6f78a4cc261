/* SPDX-License-Identifier: ISC */
/*
 * issue.c - a group of certificates: keys, what is to be signed, the ledger, signatures, the ledger
 *
 * The order is the promise.  The sealed keys are on the disk before the rows are
 * committed, the rows before the CA's key is used, the certificates before anybody
 * gets one.  A group shares each of these syncs.
 */
#include "ca/ca.h"

#include <string.h>

#include "crypto/cert_impl.h"

struct kst_ca_made {
	struct kst_ca_keys fresh;   /* of this group */
	struct kst_ca_keys *found;  /* of groups that nobody brought to an end */
	size_t nr_found;
};

struct work {
	struct kst_ca *ca;
	struct kst_ca_order *order;
	struct kst_key *signer;
	char *crl_url, *ocsp_url, *issuer_url;
};

void kst_ca_dn_escape(struct kst_buf *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (strchr(",+\"\\<>;=", *p) || (p == text && (*p == '#' || *p == ' ')) || (*p == ' ' && !p[1]))
			kst_buf_puts(out, "\\");
		kst_buf_put(out, p, 1);
	}
}

void kst_ca_order_release(struct kst_ca_order *o)
{
	kst_cert_free(o->cert);
	kst_key_free(o->key);
	kst_free(o->err);
	kst_buf_release(&o->tbs);
	kst_buf_release(&o->own_subject);
	o->cert = NULL;
	o->key = NULL;
	o->err = NULL;
}

static struct kst_error *failed(struct kst_ca_order *o)
{
	o->fate = KST_CA_FAILED;
	if (!o->err)
		o->err = kst_calloc(1, sizeof(*o->err));
	return o->err; /* NULL is allowed: then it failed for want of memory */
}

/* ---- what was begun before ---- */

struct look {
	struct kst_ca_order *o;
	const struct kst_ca_made *made;
};

static struct kst_key *key_of(const struct kst_ca_made *made, const uint8_t spki[32])
{
	for (size_t i = 0; i < made->nr_found; i++)
		for (size_t k = 0; k < made->found[i].nr; k++)
			if (!memcmp(made->found[i].spki[k], spki, 32))
				return made->found[i].key[k];
	return NULL;
}

static int take(struct kst_ca_order *o, enum kst_ca_fate fate, const struct kst_ca_row *row,
		struct kst_error *err)
{
	kst_cert_free(o->cert);
	o->cert = NULL;
	o->fate = fate;
	o->id = row->id;
	o->revoked = row->state == KST_CA_REVOKED;
	o->serial_len = row->serial_len;
	memcpy(o->serial, row->serial, row->serial_len);
	if (row->cert.len)
		return kst_cert_new(&o->cert, row->cert.data, row->cert.len, err);
	kst_buf_reset(&o->tbs);
	kst_buf_put(&o->tbs, row->tbs.data, row->tbs.len);
	return o->tbs.failed ? kst_error_nomem(err) : 0;
}

/* One row of the same order, newest first.  Stops with 1 or NEW when it is clear what becomes of the order. */
#define NEW 2
static int look_at(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	struct look *l = ctx;
	struct kst_ca_order *o = l->o;
	bool open = row->state == KST_CA_PENDING || !row->delivered;
	struct kst_key *key = open && row->has_spki && row->state != KST_CA_REVOKED ? key_of(l->made, row->spki) : NULL;

	if (key) {
		if (kst_key_copy(&o->key, key, err) < 0 || take(o, KST_CA_RESUMED, row, err) < 0)
			return -1;
		return 1;
	}
	/* Of a key that its owner has there is none to wait for: only the certificate is not where it belongs. */
	if (o->spki.len && !o->delivered && !row->delivered && row->state != KST_CA_REVOKED &&
	    row->not_after > kst_time_now())
		return take(o, KST_CA_RESUMED, row, err) < 0 ? -1 : 1;
	/* Its key is in a file that is locked. */
	if (!row->delivered && row->state != KST_CA_REVOKED && row->created > kst_time_now() - KST_CA_STALE)
		return take(o, KST_CA_BUSY, row, err) < 0 ? -1 : 1;
	/* Nobody has to be waited for: whoever completes what is pending has it, too. */
	if (row->state == KST_CA_PENDING && o->once)
		return take(o, KST_CA_BUSY, row, err) < 0 ? -1 : 1;
	/* The last word on this order was to take it back: what is older does not count. */
	if (o->once && row->state == KST_CA_REVOKED)
		return !o->revoked_stays ? NEW : take(o, KST_CA_THERE, row, err) < 0 ? -1 : 1;
	if (!o->once || (o->due && row->not_after <= o->due) ||
	    (!row->delivered && row->state == KST_CA_VALID) || row->not_after <= kst_time_now())
		return 0;
	return take(o, KST_CA_THERE, row, err) < 0 ? -1 : 1;
}

/* 1: something is there already, and o->fate says what; 0; -1. */
static int look_up(struct kst_ca *ca, struct kst_ca_order *o, const struct kst_ca_made *made,
		   struct kst_error *err)
{
	struct look l = { .o = o, .made = made };
	struct kst_ca_query q = { .batch = o->batch, .newest = true };

	int rc = o->batch ? kst_ca_each(ca, &q, look_at, &l, err) : 0;

	return rc == NEW ? 0 : rc;
}

int kst_ca_look(struct kst_ca *ca, struct kst_ca_order *order, size_t nr, size_t *todo, struct kst_error *err)
{
	const struct kst_ca_made none = { .nr_found = 0 };

	*todo = 0;
	for (size_t i = 0; i < nr; i++) {
		order[i].fate = KST_CA_MADE;
		if (look_up(ca, &order[i], &none, err) < 0)
			return -1;
		/* What is busy now may be an orphan: with the CA's key it will be known. */
		if (order[i].fate == KST_CA_THERE)
			continue;
		kst_ca_order_release(&order[i]);
		order[i].fate = KST_CA_MADE;
		order[i].id = 0;
		++*todo;
	}
	return 0;
}

/* ---- keys, and what is to be signed ---- */

static int build(struct work *w, struct kst_ca_order *o, struct kst_error *err)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_issue how = {
		.profile = o->profile,
		.subject = o->subject,
		.subject_der = o->subject_der,
		.san = o->san,
		.nr_san = o->nr_san,
		.spki = o->spki,
		.not_before = o->not_before,
		.not_after = o->not_after,
		.crl_url = w->crl_url,
		.ocsp_url = w->ocsp_url,
		.issuer_url = w->issuer_url,
		.must_staple = o->must_staple,
	};
	int rc;

	if (!how.spki.len) {
		if (kst_key_generate(&o->key, o->alg, err) < 0)
			return -1;
		rc = kst_key_spki(o->key, &spki, err);
		if (rc)
			return rc < 0 ? -1 : kst_error_setx(err, KST_E_UNSUPPORTED, "no certificate is made for such keys");
		how.spki = (struct kst_bytes){ spki.data, spki.len };
	}
	kst_ca_spki_hash(how.spki, o->spki_hash);
	if (kst_issue_serial(o->serial, &o->serial_len, err) < 0)
		return -1;
	memcpy(how.serial, o->serial, o->serial_len);
	how.serial_len = o->serial_len;
	return kst_issue_build(&o->tbs, &how, w->ca->cert[KST_CA_BY_CA], w->signer, err);
}

static void prepare(void *ctx, size_t i)
{
	struct work *w = ctx;
	struct kst_ca_order *o = &w->order[i];
	struct kst_error err = KST_ERROR_INIT;

	if (o->fate != KST_CA_MADE)
		return;
	if (build(w, o, &err) < 0) {
		struct kst_error *mine = failed(o);

		if (mine)
			*mine = err;
	}
}

static void sign(void *ctx, size_t i)
{
	struct work *w = ctx;
	struct kst_ca_order *o = &w->order[i];
	struct kst_error err = KST_ERROR_INIT;

	if ((o->fate != KST_CA_MADE && o->fate != KST_CA_RESUMED) || o->cert)
		return;
	if (kst_issue_sign(&o->cert, (struct kst_bytes){ o->tbs.data, o->tbs.len }, w->signer, &err) < 0) {
		struct kst_error *mine = failed(o);

		if (mine)
			*mine = err;
	}
}

/* ---- the ledger ---- */

/* A key that was stolen gets no certificate any more, from whomever the request is. */
static int compromised(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	(void)ctx;
	(void)err;
	return row->reason == 1;
}

static int write_row(struct work *w, struct kst_ca_order *o, struct kst_error *err)
{
	struct kst_buf sans KST_SCRATCH_BUF = KST_BUF_INIT;
	static const char *const type[] = { "dns", "uri", "email", "ip", "other" };
	struct kst_ca_query stolen = { .spki = o->spki_hash, .states = KST_CA_IS(KST_CA_REVOKED) };
	struct kst_ca_row row = {
		.issuer = KST_CA_BY_CA,
		.state = KST_CA_PENDING,
		.serial_len = o->serial_len,
		.name = o->name,
		.subject = o->subject,
		.alias = o->alias,
		.batch = o->batch,
		.profile = o->profile,
		.not_before = o->not_before,
		.not_after = o->not_after,
		.created = kst_time_now(),
		.delivered = o->delivered,
		.reason = -1,
		.has_spki = true,
		.tbs = { o->tbs.data, o->tbs.len },
	};
	int rc;

	if (o->spki.len) {
		rc = kst_ca_each(w->ca, &stolen, compromised, NULL, err);
		if (rc < 0)
			return -1;
		if (rc) {
			struct kst_error *mine = failed(o);

			kst_error_setx(mine, KST_E_WEAK_KEY,
				       "a certificate of this key was revoked because the key was compromised");
			return 0;
		}
	}
	for (size_t i = 0; i < o->nr_san; i++)
		kst_buf_printf(&sans, "%s%s:%s", i ? "\n" : "", type[o->san[i].type], o->san[i].value);
	if (sans.failed)
		return kst_error_nomem(err);
	row.sans = sans.len ? (const char *)sans.data : NULL;
	if (!row.subject) {
		kst_buf_reset(&o->own_subject);
		kst_name_text(o->subject_der, &o->own_subject);
		row.subject = o->own_subject.len ? (const char *)o->own_subject.data : "";
	}
	memcpy(row.serial, o->serial, o->serial_len);
	memcpy(row.spki, o->spki_hash, sizeof(row.spki));
	return kst_ca_add(w->ca, &row, &o->id, err);
}

/* All rows in one commit.  Between the first look and this one somebody may have made the same. */
static int reserve(struct work *w, size_t nr, struct kst_ca_made *made, struct kst_error *err)
{
	if (kst_ca_begin(w->ca, err) < 0)
		return -1;
	for (size_t i = 0; i < nr; i++) {
		struct kst_ca_order *o = &w->order[i];
		struct kst_ca_order again = *o;
		int rc;

		if (o->fate != KST_CA_MADE)
			continue;
		again.cert = NULL;
		again.key = NULL;
		again.tbs = (struct kst_buf)KST_BUF_INIT;
		rc = look_up(w->ca, &again, made, err);
		if (rc < 0)
			goto fail;
		if (rc) {
			kst_key_free(o->key);
			kst_buf_release(&o->tbs);
			*o = again;
		} else if (write_row(w, o, err) < 0) {
			goto fail;
		}
	}
	return kst_ca_commit(w->ca, err);
fail:
	kst_ca_rollback(w->ca);
	return -1;
}

static int record(struct work *w, size_t nr, struct kst_error *err)
{
	struct kst_cert *there;

	if (kst_ca_begin(w->ca, err) < 0)
		return -1;
	for (size_t i = 0; i < nr; i++) {
		struct kst_ca_order *o = &w->order[i];

		if ((o->fate != KST_CA_MADE && o->fate != KST_CA_RESUMED) || !o->tbs.len)
			continue;
		if (kst_ca_signed(w->ca, o->id, o->cert, &there, err) < 0) {
			kst_ca_rollback(w->ca);
			return -1;
		}
		if (there) {
			kst_cert_free(o->cert);
			o->cert = there;
		}
	}
	return kst_ca_commit(w->ca, err);
}

/* ---- the group ---- */

static int facts(struct work *w, struct kst_error *err)
{
	const struct {
		const char *name;
		char **out;
	} fact[] = { { "crl-url", &w->crl_url }, { "ocsp-url", &w->ocsp_url }, { "issuer-url", &w->issuer_url } };

	for (size_t i = 0; i < sizeof(fact) / sizeof(fact[0]); i++) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
		int rc = kst_ca_fact(w->ca, fact[i].name, &b, err);

		if (rc < 0)
			return -1;
		if (!rc && b.len && !(*fact[i].out = kst_strdup((const char *)b.data)))
			return kst_error_nomem(err);
	}
	return 0;
}

struct files {
	struct kst_ca *ca;
	struct kst_ca_order *order;
};

/* For people: the ledger has the certificate, so that one that cannot be written is no reason to fail. */
static void write_file(void *ctx, size_t i)
{
	struct files *f = ctx;
	struct kst_ca_order *o = &f->order[i];

	if (o->cert && (o->fate == KST_CA_MADE || o->fate == KST_CA_RESUMED))
		(void)!kst_ca_write_cert(f->ca, o->cert, NULL);
}

static int keep_keys(struct kst_ca *ca, struct kst_ca_made *made, struct kst_ca_order *order, size_t nr,
		     struct kst_error *err)
{
	struct kst_key **key = kst_calloc(nr, sizeof(*key));
	int ret;

	if (!key)
		return kst_error_nomem(err);
	for (size_t i = 0; i < nr; i++)
		key[i] = order[i].fate == KST_CA_MADE ? order[i].key : NULL;
	ret = kst_ca_keys_write(ca, &made->fresh, key, nr, err);
	kst_free(key);
	return ret;
}

/* What a CA signs after its root took it back, nobody believes. */
static int taken_back(struct kst_ca *ca, struct kst_error *err)
{
	struct kst_bytes serial = kst_cert_serial(ca->cert[KST_CA_BY_CA]);
	struct kst_ca_query q = { .states = KST_CA_IS(KST_CA_REVOKED), .issuers = 1u << KST_CA_BY_ROOT };
	size_t n = 0;

	if (serial.len > 1 && !serial.data[0]) {
		serial.data++;
		serial.len--;
	}
	q.serial = serial;
	return kst_ca_count(ca, &q, &n, err) < 0 ? -1 : n != 0;
}

static int check_ca(struct kst_ca *ca, struct kst_error *err)
{
	int rc = taken_back(ca, err);

	if (rc <= 0)
		return rc;
	kst_error_setx(err, KST_E_CA_FORBIDS, "the root has revoked the certificate of this CA; a new CA is needed");
	kst_error_subject(err, "%s", kst_ca_dir(ca));
	return kst_error_command(err, "kstool", "ca", "status", "--ca", kst_ca_dir(ca), NULL);
}

int kst_ca_issue(struct kst_ca *ca, struct kst_ca_order *order, size_t nr,
		 const struct kst_ca_issue_options *opt, struct kst_ca_made **out, struct kst_error *err)
{
	struct work w = { .ca = ca, .order = order };
	struct kst_ca_made *made = kst_calloc(1, sizeof(*made));
	struct files files = { ca, order };
	unsigned threads = opt->threads;
	int ret = -1;

	if (!made)
		return kst_error_nomem(err);
	made->fresh.fd = -1;
	if (check_ca(ca, err) < 0 || kst_ca_key(ca, KST_CA_BY_CA, &w.signer, err) < 0 || facts(&w, err) < 0 ||
	    kst_ca_keys_find(ca, &made->found, &made->nr_found, err) < 0)
		goto done;
	for (size_t i = 0; i < nr; i++) {
		if (order[i].fate == KST_CA_THERE)
			continue;
		order[i].fate = KST_CA_MADE;
		if (look_up(ca, &order[i], made, err) < 0)
			goto done;
	}
	kst_parallel(threads, nr, prepare, &w, opt->progress, "issuing", opt->done, opt->total);
	if (keep_keys(ca, made, order, nr, err) < 0 || reserve(&w, nr, made, err) < 0)
		goto done;
	kst_parallel(threads, nr, sign, &w, NULL, "", 0, 0);
	if (record(&w, nr, err) < 0)
		goto done;
	kst_parallel(threads > 1 ? threads * KST_CA_WAITERS : 1, nr, write_file, &files, NULL, "", 0, 0);
	*out = made;
	made = NULL;
	ret = 0;
done:
	kst_ca_rollback(ca);
	kst_ca_made_free(made);
	kst_free(w.crl_url);
	kst_free(w.ocsp_url);
	kst_free(w.issuer_url);
	return ret;
}

/* ---- delivered ---- */

static int count_open(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	(void)err;
	*(size_t *)ctx += !row->delivered && row->state != KST_CA_REVOKED;
	return 0;
}

/* Is one of these keys still waited for? */
static int needed(struct kst_ca *ca, const struct kst_ca_keys *k, struct kst_error *err)
{
	size_t open = 0;

	for (size_t i = 0; i < k->nr && !open; i++) {
		struct kst_ca_query q = { .spki = k->spki[i], .undelivered = true };

		if (kst_ca_each(ca, &q, count_open, &open, err) < 0)
			return -1;
	}
	return open != 0;
}

int kst_ca_deliver(struct kst_ca *ca, struct kst_ca_made *made, const struct kst_ca_order *order,
		   const bool *delivered, size_t nr, struct kst_error *err)
{
	bool all = true, any = false;

	for (size_t i = 0; i < nr; i++) {
		bool mine = order[i].fate == KST_CA_MADE || order[i].fate == KST_CA_RESUMED;

		/* One that is in the ledger and could not be signed still needs its key. */
		all &= mine ? delivered[i] : order[i].fate != KST_CA_FAILED || !order[i].id;
		any |= mine && delivered[i];
	}
	if (any && kst_ca_begin(ca, err) < 0)
		return -1;
	for (size_t i = 0; any && i < nr; i++)
		if (delivered[i] && (order[i].fate == KST_CA_MADE || order[i].fate == KST_CA_RESUMED) &&
		    kst_ca_delivered(ca, order[i].id, err) < 0) {
			kst_ca_rollback(ca);
			return -1;
		}
	if (any && kst_ca_commit(ca, err) < 0)
		return -1;
	if (all)
		kst_ca_keys_remove(&made->fresh);
	for (size_t i = 0; i < made->nr_found; i++) {
		int rc = needed(ca, &made->found[i], err);

		if (rc < 0)
			return -1;
		if (!rc)
			kst_ca_keys_remove(&made->found[i]);
	}
	return 0;
}

void kst_ca_made_free(struct kst_ca_made *made)
{
	if (!made)
		return;
	kst_ca_keys_release(&made->fresh);
	for (size_t i = 0; i < made->nr_found; i++)
		kst_ca_keys_release(&made->found[i]);
	kst_free(made->found);
	kst_free(made);
}

/* ---- rows that nobody came to sign ---- */

struct orphan {
	int64_t id;
	enum kst_ca_issuer issuer;
	struct kst_blob tbs;
};
struct orphans {
	struct orphan *row;
	size_t nr;
	const struct kst_ca_made *made;
};

static int collect(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	struct orphans *o = ctx;
	struct orphan *grown;

	/* What somebody works with at this moment is his. */
	if (!row->delivered && !(row->has_spki && key_of(o->made, row->spki)) &&
	    row->created > kst_time_now() - KST_CA_STALE)
		return 0;
	grown = kst_realloc(o->row, (o->nr + 1) * sizeof(*grown));
	if (!grown)
		return kst_error_nomem(err);
	o->row = grown;
	grown[o->nr] = (struct orphan){ .id = row->id, .issuer = row->issuer };
	if (kst_blob_set(&grown[o->nr].tbs, row->tbs.data, row->tbs.len) < 0)
		return kst_error_nomem(err);
	o->nr++;
	return 0;
}

static int complete_one(struct kst_ca *ca, const struct orphan *o, struct kst_error *err)
{
	struct kst_cert *cert = NULL, *there = NULL;
	struct kst_key *key;
	int ret = -1;

	if (kst_ca_key(ca, o->issuer, &key, err) < 0 ||
	    kst_issue_sign(&cert, (struct kst_bytes){ o->tbs.data, o->tbs.len }, key, err) < 0)
		goto done;
	if (kst_ca_begin(ca, err) < 0 || kst_ca_signed(ca, o->id, cert, &there, err) < 0 ||
	    kst_ca_commit(ca, err) < 0)
		goto done;
	ret = kst_ca_write_cert(ca, there ? there : cert, err);
done:
	kst_ca_rollback(ca);
	kst_cert_free(there);
	kst_cert_free(cert);
	return ret;
}

int kst_ca_complete(struct kst_ca *ca, size_t *nr, struct kst_error *err)
{
	struct kst_ca_query q = { .states = KST_CA_IS(KST_CA_PENDING) };
	struct kst_ca_made made = { .fresh = KST_CA_KEYS_INIT };
	struct orphans o = { .made = &made };
	size_t pending = 0, done = 0;
	int ret = kst_ca_count(ca, &q, &pending, err), gone = pending ? taken_back(ca, err) : 0;

	if (gone < 0)
		ret = -1;
	if (gone > 0)
		pending = 0;

	/* Nearly always there is none, and then no key is asked for. */
	if (!ret && pending)
		ret = kst_ca_keys_find(ca, &made.found, &made.nr_found, err);
	if (!ret && pending)
		ret = kst_ca_each(ca, &q, collect, &o, err);
	for (; !ret && done < o.nr; done++)
		ret = complete_one(ca, &o.row[done], err);
	for (size_t i = 0; i < o.nr; i++)
		kst_blob_release(&o.row[i].tbs);
	kst_free(o.row);
	for (size_t i = 0; i < made.nr_found; i++)
		kst_ca_keys_release(&made.found[i]);
	kst_free(made.found);
	if (nr)
		*nr = done;
	return ret;
}
