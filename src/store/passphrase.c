/* SPDX-License-Identifier: ISC */
/*
 * passphrase.c - new passphrases, and the asker that answers twice
 */
#include "store/passphrase.h"

#include <string.h>

#include "store/store.h"

#define MAX_PASSPHRASE 1024
#define MIN_JAVA 6

static size_t characters(const struct kst_secret *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->len; i++)
		n += (p->data[i] & 0xc0) != 0x80;
	return n;
}

int kst_store_ask_new(struct kst_store *s, const char *alias, struct kst_secret *out,
		      struct kst_error *err)
{
	struct kst_secret answer KST_SCRATCH_SECRET = KST_SECRET_INIT;
	enum kst_ask_source source = KST_SOURCE_GIVEN;
	struct kst_question q = { .what = KST_ASK_NEW_STORE,
				  .path = s->path,
				  .format = s->format->title,
				  .alias = alias,
				  .java_rules = s->format->caps & KST_CAP_JAVA };
	int rc = s->asker && s->asker->ask
			 ? s->asker->ask(s->asker->ctx, &q, &answer, &source, err)
			 : 1;
	if (rc > 0)
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED, "a new passphrase is needed");
	else if (rc == 0 && answer.len == 0)
		kst_error_setx(err, KST_E_EMPTY_PASSPHRASE, "the new passphrase is empty");
	else if (rc == 0 && answer.len > MAX_PASSPHRASE)
		kst_error_setx(err, KST_E_BAD_PASSPHRASE,
			       "the new passphrase is longer than %d bytes", MAX_PASSPHRASE);
	else if (rc == 0 && memchr(answer.data, 0, answer.len))
		kst_error_setx(err, KST_E_BAD_PASSPHRASE, "the new passphrase holds a zero byte");
	else if (rc == 0 && q.java_rules && characters(&answer) < MIN_JAVA)
		kst_error_setx(err, KST_E_SHORT_PASSPHRASE,
			       "Java refuses a passphrase of fewer than %d characters", MIN_JAVA);
	else if (rc == 0) {
		kst_secret_move(out, &answer);
		return 0;
	}
	return kst_error_subject(err, "%s", s->path);
}

/* ---- the asker that remembers ---- */

struct kst_answer {
	struct kst_answer *next;
	enum kst_ask what;
	char *alias;
	struct kst_secret secret;
	enum kst_ask_source source;
};

static struct kst_answer *remembered(const struct kst_cached_asker *c,
				     const struct kst_question *q)
{
	for (struct kst_answer *a = c->answer; a; a = a->next)
		if (a->what == q->what && !a->alias == !q->alias &&
		    (!a->alias || strcmp(a->alias, q->alias) == 0))
			return a;
	return NULL;
}

static void remember(struct kst_cached_asker *c, const struct kst_question *q,
		     const struct kst_secret *secret, enum kst_ask_source source)
{
	struct kst_answer *a = remembered(c, q);
	if (!a) {
		a = kst_calloc(1, sizeof(*a));
		if (!a)
			return;
		a->what = q->what;
		if (q->alias && !(a->alias = kst_strdup(q->alias))) {
			kst_free(a);
			return;
		}
		a->next = c->answer;
		c->answer = a;
	}
	a->source = source;
	/* Without memory the user is asked once more: no harm. */
	if (kst_secret_set(&a->secret, secret->data, secret->len, NULL) < 0)
		kst_secret_release(&a->secret);
}

static int cached_ask(void *ctx, const struct kst_question *q, struct kst_secret *out,
		      enum kst_ask_source *source, struct kst_error *err)
{
	struct kst_cached_asker *c = ctx;
	/* The last answer is the one that opened: whoever asks further, got a wrong one. */
	struct kst_answer *a = q->attempt == 0 ? remembered(c, q) : NULL;
	if (c->replay && a) {
		*source = a->source;
		return kst_secret_set(out, a->secret.data, a->secret.len, err);
	}
	if (!c->inner || !c->inner->ask)
		return 1;
	int rc = c->inner->ask(c->inner->ctx, q, out, source, err);
	if (rc == 0)
		remember(c, q, out, *source);
	return rc;
}

void kst_cached_asker_init(struct kst_cached_asker *c, const struct kst_asker *inner)
{
	*c = (struct kst_cached_asker){ .inner = inner };
	c->asker = (struct kst_asker){ .ask = cached_ask, .ctx = c };
}

void kst_cached_asker_release(struct kst_cached_asker *c)
{
	while (c->answer) {
		struct kst_answer *a = c->answer;
		c->answer = a->next;
		kst_secret_release(&a->secret);
		kst_free(a->alias);
		kst_free(a);
	}
}
