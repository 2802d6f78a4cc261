/* SPDX-License-Identifier: ISC */
/*
 * jks_pass.c - the digest at the end of the file, and what it says about a passphrase
 *
 * SHA-1 over passphrase, two words and the file.  Where it does not fit, the
 * passphrase is wrong or the file was altered: the format cannot tell which, but
 * there are cases in which something else can.
 */
#include "jks.h"

#include <string.h>

#include "crypto/digest.h"
#include "kstool/text.h"

/* Whitening, as its authors called it. */
#define WORDS "Mighty Aphrodite"
/* Keys that are tried for a better message; each of a JCEKS takes a tenth of a second. */
#define KEYS_TRIED 3

int jks_digest(const struct kst_buf *file, size_t len, const struct kst_secret *pass,
	       uint8_t out[JKS_DIGEST], struct kst_error *err)
{
	struct kst_buf all KST_SCRATCH_BUF = KST_BUF_INIT;
	if (kst_text_to_utf16be(&all, pass->data, pass->len) < 0)
		return kst_error_setx(err, KST_E_BAD_PASSPHRASE, "the passphrase is not UTF-8");
	kst_buf_puts(&all, WORDS);
	kst_buf_put(&all, file->data, len);
	if (all.failed)
		return kst_error_nomem(err);
	kst_sha1(all.data, all.len, out);
	return 0;
}

struct attempt {
	const struct kst_buf *file;
	struct kst_secret last;
};

/* 0 it fits, 1 not, -1. */
static int fits(const struct kst_buf *file, const struct kst_secret *pass, struct kst_error *err)
{
	uint8_t digest[JKS_DIGEST];
	size_t len = file->len - JKS_DIGEST;
	if (!kst_utf8_valid(pass->data, pass->len))
		return 1;
	if (jks_digest(file, len, pass, digest, err) < 0)
		return -1;
	return memcmp(digest, file->data + len, JKS_DIGEST) ? 1 : 0;
}

static int try_pass(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	struct attempt *a = ctx;
	/* What everybody knows is no passphrase to explain. */
	bool known = !pass->len || (pass->len == 8 && !memcmp(pass->data, "changeit", 8));
	if (!known && kst_secret_set(&a->last, pass->data, pass->len, err) < 0)
		return -1;
	return fits(a->file, pass, err);
}

/* ---- why ---- */

static const char *opened_key(struct kst_model *m, const struct kst_secret *pass)
{
	unsigned tried = 0;
	for (size_t i = 0; i < m->nr && tried < KEYS_TRIED; i++) {
		struct kst_entry *e = m->item[i].entry;
		if (e->kind != KST_KIND_KEY || !kst_key_is_sealed(e->key))
			continue;
		tried++;
		if (kst_key_open_with(e->key, pass, NULL) == 0)
			return e->alias ? e->alias : "";
	}
	return NULL;
}

static bool is_public(const struct kst_buf *file, const char *text)
{
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	return kst_secret_set(&pass, text, strlen(text), NULL) == 0 && fits(file, &pass, NULL) == 0;
}

static int explain(struct kst_model *m, const struct attempt *a, struct kst_error *err)
{
	const char *key;
	if (is_public(a->file, "changeit"))
		return kst_error_setx(err, KST_E_WRONG_PASSPHRASE,
				      "the passphrase does not open it: the file is whole, and its digest is "
				      "made with Java's public default \"changeit\"");
	if (is_public(a->file, ""))
		return kst_error_setx(err, KST_E_WRONG_PASSPHRASE,
				      "the passphrase does not open it: the file is whole, and its digest is "
				      "made with an empty one");
	key = opened_key(m, &a->last);
	if (key)
		return kst_error_setx(err, KST_E_WRONG_PASSPHRASE,
				      "the passphrase opens the private key \"%s\" and does not fit the "
				      "digest of the file: the store has another, or the file was altered",
				      key);
	return kst_error_setx(err, KST_E_WRONG_PASSPHRASE,
			      "the passphrase does not fit the digest of the file: it is wrong, or the file "
			      "was altered, which this format cannot tell apart");
}

int jks_unlock(struct kst_io *io, struct kst_model *m, bool needed, struct kst_error *err)
{
	struct jks_state *s = m->state;
	struct attempt a = { .file = &s->file, .last = KST_SECRET_INIT };
	struct kst_error why = KST_ERROR_INIT;
	struct kst_question q = { .what = KST_ASK_STORE,
				  .path = io->path,
				  .format = s->type->format->title,
				  .public_defaults = true,
				  .optional = !needed };
	int rc = 0;

	if (m->has_pass)
		return 0;
	if (kst_ask_until(io->asker, &q, NULL, try_pass, &a, &m->pass, &m->info.passphrase, &why) == 0) {
		m->has_pass = true;
		m->info.integrity = KST_INTEGRITY_VERIFIED;
	} else if (why.code == KST_E_WRONG_PASSPHRASE) {
		rc = explain(m, &a, err);
	} else if (needed || why.code != KST_E_PASSPHRASE_NEEDED) {
		if (err && err->code == KST_OK)
			*err = why;
		rc = -1;
	}
	kst_secret_release(&a.last);
	return rc;
}
