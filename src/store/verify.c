/* SPDX-License-Identifier: ISC */
/*
 * verify.c - what was written, read again and compared with what was meant
 *
 * The bytes were compared already (write.c); this asks whether they say what
 * they should: a writer with a mistake would lose a key, and nobody would know
 * before it is needed.
 *
 * Entries are compared by what must not get lost: every private key, every
 * certificate, every secret; where the format has aliases, each under its own.
 */
#include <stdlib.h>
#include <string.h>

#include "store/call.h"
#include "store/store.h"

/* Knows one answer, and gives it once. */
static int ask_one(void *ctx, const struct kst_question *q, struct kst_secret *out,
		   enum kst_ask_source *source, struct kst_error *err)
{
	const struct kst_secret *pass = ctx;
	if (!pass || q->attempt > 0)
		return 1;
	*source = KST_SOURCE_GIVEN;
	return kst_secret_set(out, pass->data, pass->len, err);
}

static int wrong(struct kst_error *err, const char *what, const struct kst_entry *e)
{
	const char *alias = e && e->alias ? e->alias : "";
	kst_error_setx(err, KST_E_READ_BACK, "%s%s%s%s; nothing was replaced", what,
		       *alias ? " of \"" : "", alias, *alias ? "\"" : "");
	return -1;
}

/* ---- all certificates, as a sorted list of fingerprints ---- */

struct prints {
	const uint8_t **sha256;
	size_t nr;
};

static int by_bytes(const void *a, const void *b)
{
	return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, 32);
}

static int collect(struct prints *p, const struct kst_model *m, struct kst_error *err)
{
	size_t nr = 0;
	for (size_t i = 0; i < m->nr; i++)
		nr += m->item[i].entry->chain.nr;
	p->nr = 0;
	p->sha256 = kst_calloc(nr + 1, sizeof(*p->sha256));
	if (!p->sha256)
		return kst_error_nomem(err);
	for (size_t i = 0; i < m->nr; i++) {
		const struct kst_chain *c = &m->item[i].entry->chain;
		for (size_t k = 0; k < c->nr; k++)
			p->sha256[p->nr++] = kst_cert_sha256(c->cert[k]);
	}
	qsort(p->sha256, p->nr, sizeof(*p->sha256), by_bytes);
	return 0;
}

/* The same set?  A file may hold the CA of two chains once. */
static bool same_prints(const struct prints *a, const struct prints *b)
{
	size_t i = 0, k = 0;
	while (i < a->nr && k < b->nr) {
		if (memcmp(a->sha256[i], b->sha256[k], 32) != 0)
			return false;
		const uint8_t *now = a->sha256[i];
		while (i < a->nr && memcmp(a->sha256[i], now, 32) == 0)
			i++;
		while (k < b->nr && memcmp(b->sha256[k], now, 32) == 0)
			k++;
	}
	return i == a->nr && k == b->nr;
}

static int compare_certs(const struct kst_model *meant, const struct kst_model *found,
			 struct kst_error *err)
{
	struct prints a = { .nr = 0 }, b = { .nr = 0 };
	int rc = -1;
	if (collect(&a, meant, err) == 0 && collect(&b, found, err) == 0)
		rc = same_prints(&a, &b)
			     ? 0
			     : wrong(err, "what was written does not hold the certificates", NULL);
	kst_free(a.sha256);
	kst_free(b.sha256);
	return rc;
}

/* ---- entries ---- */

/* Open what the file keeps sealed, so that it can be compared; what has its own passphrase stays. */
static int open_found(struct kst_key *key, const struct kst_key *meant,
		      const struct kst_secret *pass, struct kst_error *err)
{
	if (!key || !meant || !kst_key_is_sealed(key) || kst_key_is_sealed(meant) || !pass)
		return 0;
	/* The very bytes of the old file, which were opened or carried before. */
	if (meant->sealed.len && kst_blob_equal(&key->sealed, &meant->sealed))
		return 0;
	return kst_key_open_with(key, pass, err) < 0 ? -1 : 0;
}

static bool same_key(const struct kst_entry *meant, struct kst_entry *found,
		     const struct kst_secret *pass, struct kst_error *err)
{
	if (!meant->key || !found->key)
		return meant->key == found->key;
	if (open_found(found->key, meant->key, pass, err) < 0)
		return false;
	/* Stays sealed though it was written from an open key: the passphrase does not open it. */
	if (!kst_key_is_sealed(meant->key) && kst_key_is_sealed(found->key) &&
	    !(meant->key->sealed.len &&
	      kst_blob_equal(&meant->key->sealed, &found->key->sealed)))
		return false;
	struct kst_entry a = { .kind = KST_KIND_KEY, .key = meant->key };
	struct kst_entry b = { .kind = KST_KIND_KEY, .key = found->key };
	a.chain = found->chain;
	b.chain = found->chain;
	return kst_entry_same(&a, &b);
}

/* The very bytes of the old file need no look; what was sealed anew is opened, as a key is. */
static bool same_secret(const struct kst_format *f, const struct kst_entry *meant, struct kst_entry *found,
			const struct kst_secret *pass, struct kst_error *err)
{
	if (meant->secret_sealed.len && kst_blob_equal(&meant->secret_sealed, &found->secret_sealed))
		return true;
	if (!meant->secret.len) /* nobody has opened it, but its own reader may have */
		return found->secret.len > 0;
	if (!found->secret.len && found->secret_sealed.len && pass &&
	    kst_secret_try(f, found, pass, err) != 0)
		return false;
	return kst_secret_equal(&meant->secret, &found->secret);
}

static bool same_entry(const struct kst_format *f, const struct kst_entry *meant, struct kst_entry *found,
		       const struct kst_secret *pass, struct kst_error *err)
{
	if (meant->kind != found->kind)
		return false;
	switch (meant->kind) {
	case KST_KIND_KEY:
		return same_key(meant, found, pass, err);
	case KST_KIND_SECRET:
		return same_secret(f, meant, found, pass, err);
	case KST_KIND_CERT:
		return kst_chain_equal(&meant->chain, &found->chain);
	case KST_KIND_CSR:
	case KST_KIND_CRL:
	case KST_KIND_OPAQUE:
		return kst_entry_same(meant, found);
	}
	return false;
}

static bool same_alias(const struct kst_entry *a, const struct kst_entry *b)
{
	return a->alias && b->alias && strcmp(a->alias, b->alias) == 0;
}

static bool same_leaf(const struct kst_entry *a, const struct kst_entry *b)
{
	const struct kst_cert *x = kst_entry_leaf(a), *y = kst_entry_leaf(b);
	return x && y ? kst_cert_equal(x, y) : x == y;
}

/*
 * The entry of `found` that this one became.  Mostly at the same place; a format
 * that sorts (or puts keys first) has it elsewhere.
 */
static int find_entry(const struct kst_format *f, const struct kst_model *found, bool *used,
		      size_t hint, bool aliases, const struct kst_entry *meant,
		      const struct kst_secret *pass, struct kst_error *err)
{
	for (size_t k = 0; k < found->nr; k++) {
		size_t i = (hint + k) % found->nr;
		struct kst_entry *e = found->item[i].entry;
		if (used[i] || e->kind != meant->kind)
			continue;
		if (aliases && meant->alias && !same_alias(meant, e))
			continue;
		if (!same_entry(f, meant, e, pass, err)) {
			if (err && err->code != KST_OK)
				return -1;
			continue;
		}
		/* Chains are put together anew by some readers; the leaf is the key's own. */
		if (meant->kind == KST_KIND_KEY && aliases && !same_leaf(meant, e))
			continue;
		used[i] = true;
		return 0;
	}
	return wrong(err, meant->kind == KST_KIND_KEY
				  ? "what was written does not hold the private key"
				  : "what was written does not hold the entry",
		     meant);
}

/*
 * In a format with integrity an alias is the entry's own.  A row of objects, as a
 * PEM file is, may be grouped and named otherwise by whoever reads it.
 */
static bool by_alias(const struct kst_format *f)
{
	const unsigned all = KST_CAP_ALIASES | KST_CAP_CHAINS | KST_CAP_CERTS | KST_CAP_INTEGRITY;
	return (f->caps & all) == all;
}

static int compare_entries(const struct kst_format *f, const struct kst_model *meant,
			   const struct kst_model *found, const struct kst_secret *pass,
			   const struct kst_progress *progress, struct kst_error *err)
{
	bool *used = kst_calloc(found->nr + 1, sizeof(*used)), aliases = by_alias(f);
	if (!used)
		return kst_error_nomem(err);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < meant->nr; i++) {
		const struct kst_entry *e = meant->item[i].entry;
		kst_progress_step(progress, "verifying", i, meant->nr);
		/* A bare certificate may be read back as part of a chain; the set was compared. */
		if (e->kind == KST_KIND_CERT && !aliases)
			continue;
		rc = found->nr ? find_entry(f, found, used, i % found->nr, aliases, e, pass, err)
			       : wrong(err, "what was written does not hold the entry", e);
	}
	/* What was removed must be gone. */
	for (size_t i = 0; rc == 0 && i < found->nr; i++) {
		const struct kst_entry *e = found->item[i].entry;
		if (!used[i] && (e->kind == KST_KIND_KEY || e->kind == KST_KIND_SECRET))
			rc = wrong(err, "what was written holds one key too many", e);
	}
	kst_free(used);
	return rc;
}

static int read_and_compare(struct kst_store *s, struct kst_io *io, const struct kst_secret *pass,
			    struct kst_error *err)
{
	struct kst_model found;
	kst_model_init(&found);
	struct kst_error why = KST_ERROR_INIT;
	if (kst_call_read(s->format, io, &found, &why) < 0) {
		kst_error_setx(err, KST_E_READ_BACK,
			       "what was written cannot be read again; nothing was replaced");
		return kst_error_detail(err, "%s", why.message);
	}
	int rc = compare_certs(&s->model, &found, err);
	if (rc == 0)
		rc = compare_entries(s->format, &s->model, &found, pass, s->progress, err);
	kst_call_close(s->format, &found);
	return rc;
}

int kst_read_back_bytes(struct kst_store *s, const struct kst_buf *bytes,
			const struct kst_write_options *write, struct kst_error *err)
{
	struct kst_bytes view = { bytes->data, bytes->len };
	struct kst_io io = { .path = s->path,
			     .source = kst_source_memory(&view),
			     .limits = &s->limits,
			     .read = &s->read,
			     .write = write };
	return read_and_compare(s, &io, NULL, err);
}

int kst_read_back(struct kst_store *s, int fd, uint64_t size,
		  const struct kst_write_options *write, struct kst_error *err)
{
	const struct kst_secret *pass = s->model.has_pass ? &s->model.pass : NULL;
	struct kst_asker one = { .ask = ask_one, .ctx = (void *)pass };
	/* Written without MAC on purpose, or it was so before: that is no news here. */
	struct kst_read_options read = s->read;
	read.allow_unauthenticated = true;
	struct kst_fd_source from = { fd };
	struct kst_io io = { .path = s->path,
			     .source = kst_source_fd(&from, size),
			     .asker = &one,
			     .limits = &s->limits,
			     .progress = s->progress,
			     .read = &read,
			     .write = write };
	struct kst_buf bytes KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes view;
	if (!s->format->load) {
		if (kst_fd_read_all(fd, size, &bytes, err) < 0)
			return -1;
		view = (struct kst_bytes){ bytes.data, bytes.len };
		io.source = kst_source_memory(&view);
	}
	kst_progress_step(s->progress, "verifying", 0, 0);
	if (s->format->verify)
		return kst_call_verify(s->format, &io, &s->model, err);
	return read_and_compare(s, &io, pass, err);
}
