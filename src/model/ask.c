/* SPDX-License-Identifier: ISC */
/*
 * ask.c - asking until an answer opens the thing
 *
 * In one place, so that every format says "wrong" and "needed" by the same rule
 * and a public default that failed is never reported as the user's mistake.
 */
#include "kstool/ask.h"

/* An asker that never runs out must not make an endless loop of a KDF. */
#define MAX_ATTEMPTS 100

static int give_up(const struct kst_question *q, bool tried, struct kst_error *err)
{
	const char *path = q->path ? q->path : "";
	if (!tried) {
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
			       q->what == KST_ASK_KEY_FILE ? "a key file is needed"
							   : "a passphrase is needed");
	} else if (q->what == KST_ASK_KEY) {
		kst_error_setx(err, KST_E_WRONG_KEY_PASSPHRASE,
			       "the passphrase does not open the private key \"%s\"",
			       q->alias ? q->alias : "");
		kst_error_hint(err, "a private key can have a passphrase of its own: add --key-pass file:PATH");
	} else if (q->what == KST_ASK_KEY_FILE) {
		kst_error_setx(err, KST_E_WRONG_KEY_FILE, "the key file does not open it");
	} else {
		kst_error_setx(err, KST_E_WRONG_PASSPHRASE, "the passphrase does not open it");
	}
	return *path ? kst_error_subject(err, "%s", path) : -1;
}

static int attempt(int (*try)(void *, const struct kst_secret *, struct kst_error *), void *ctx,
		   const struct kst_secret *pass, struct kst_error *err)
{
	/* What a wrong answer left in the error object must not shadow what comes later. */
	struct kst_error local = KST_ERROR_INIT;
	int rc = try(ctx, pass, &local);
	if (rc < 0 && err && err->code == KST_OK)
		*err = local;
	return rc;
}

int kst_ask_until(const struct kst_asker *asker, struct kst_question *q,
		  const struct kst_secret *first,
		  int (*try)(void *ctx, const struct kst_secret *pass, struct kst_error *err),
		  void *ctx, struct kst_secret *keep, enum kst_ask_source *source,
		  struct kst_error *err)
{
	bool tried = false;
	if (first) {
		int rc = attempt(try, ctx, first, err);
		if (rc < 0)
			return -1;
		if (rc == 0) {
			if (keep && kst_secret_set(keep, first->data, first->len, err) < 0)
				return -1;
			if (source)
				*source = KST_SOURCE_GIVEN;
			return 0;
		}
		tried = true;
	}
	for (q->attempt = 0; asker && asker->ask && q->attempt < MAX_ATTEMPTS; q->attempt++) {
		struct kst_secret answer KST_SCRATCH_SECRET = KST_SECRET_INIT;
		enum kst_ask_source from = KST_SOURCE_GIVEN;
		int rc = asker->ask(asker->ctx, q, &answer, &from, err);
		if (rc < 0)
			return -1;
		if (rc > 0)
			break;
		rc = attempt(try, ctx, &answer, err);
		if (rc < 0)
			return -1;
		if (rc == 0) {
			if (keep)
				kst_secret_move(keep, &answer);
			if (source)
				*source = from;
			return 0;
		}
		if (from == KST_SOURCE_GIVEN)
			tried = true;
	}
	return give_up(q, tried, err);
}

int kst_ask_new_key(const struct kst_asker *asker, const struct kst_question *q, bool no_pass,
		    struct kst_secret *out, struct kst_error *err)
{
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	enum kst_ask_source source = KST_SOURCE_NONE;
	int rc = 1;

	if (no_pass) {
		kst_error_setx(err, KST_E_PLAIN_KEY,
			       "a private key would be written without protection");
		return kst_error_hint(err, "add --plain-key, or give --new-pass a passphrase");
	}
	if (asker && asker->ask)
		rc = asker->ask(asker->ctx, q, &pass, &source, err);
	if (rc < 0)
		return -1;
	if (rc > 0) {
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
			       "a passphrase is needed for the private key");
		return kst_error_hint(err, "add --new-pass file:PATH, or --plain-key");
	}
	if (!pass.len)
		return kst_error_setx(err, KST_E_EMPTY_PASSPHRASE,
				      "an empty passphrase protects nothing");
	kst_secret_move(out, &pass);
	return 0;
}
