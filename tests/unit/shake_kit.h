/* SPDX-License-Identifier: ISC */
/* shake_kit.h - a CA, a server and a client for the tests of handshakes */
#ifndef KST_TESTS_SHAKE_KIT_H
#define KST_TESTS_SHAKE_KIT_H

#include <string.h>

#include "party.h"

/* One side: its key and chain, and how it judges the other. */
struct who {
	struct kst_key *key;
	struct kst_chain chain;
	struct kst_anchors *anchors;
	struct kst_verify_request judge;
	struct kst_side_options opt;
};

static inline void who_push(struct who *w, const struct party *p)
{
	struct kst_cert *c = party_cert(p);

	ck_assert_int_eq(kst_chain_push(&w->chain, c), 0);
	kst_cert_free(c);
}

/* `leaf` NULL: no certificate. */
static inline void who_is(struct who *w, const struct party *leaf, const struct party *ca)
{
	if (!leaf)
		return;
	w->key = party_key(leaf);
	who_push(w, leaf);
	if (ca)
		who_push(w, ca);
	w->opt.me = (struct kst_identity){ w->key, &w->chain };
}

static inline void who_trusts(struct who *w, const struct party *ca, enum kst_usage usage, const char *host)
{
	struct kst_open_options opt = { .asker = NULL };
	struct kst_entry *e = party_entry("ca", NULL, PARTIES(ca));
	struct kst_error err = KST_ERROR_INIT;
	struct kst_store *s = NULL;

	ck_assert_int_eq(kst_store_new(&s, "/nowhere/ca.pem", kst_format_by_name("pem"), &opt, &err), 0);
	ck_assert_int_eq(kst_store_add(s, e, NULL, &err), 0);
	ck_assert_int_eq(kst_anchors_new(&w->anchors, &err), 0);
	ck_assert_int_eq(kst_anchors_add_store(w->anchors, s, "ca.pem", &err), 0);
	ck_assert_uint_eq(kst_anchors_count(w->anchors), 1);
	kst_store_free(s);
	w->judge = (struct kst_verify_request){ .anchors = w->anchors, .usage = usage, .host = host, .max_depth = -1 };
	w->opt.judge = &w->judge;
}

static inline void who_release(struct who *w)
{
	kst_key_free(w->key);
	kst_chain_release(&w->chain);
	kst_anchors_free(w->anchors);
	memset(w, 0, sizeof(*w));
}

static inline const struct kst_step *step_of(const struct kst_handshake *h, enum kst_step_kind kind, enum kst_side from)
{
	for (size_t i = 0; i < h->nr; i++)
		if (h->step[i].kind == kind && h->step[i].from == from)
			return &h->step[i];
	return NULL;
}

/* The ladder as a line, for messages: "hello> <hello <keys ...". */
static inline const char *ladder(const struct kst_handshake *h)
{
	static char text[2048];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < h->nr && n < sizeof(text) - 100; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s(%s) ", h->step[i].from == KST_SIDE_SERVER ? "<" : ">",
				      kst_step_slug(h->step[i].kind), h->step[i].text ? h->step[i].text : "");
	return text;
}

#endif
