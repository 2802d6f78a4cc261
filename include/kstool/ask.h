/* SPDX-License-Identifier: ISC */
/*
 * ask.h - where passphrases come from
 *
 * The library never touches a terminal, the environment or a file of secrets:
 * it asks.  The command line, a test and an OpenSSL provider each implement the
 * same function.
 */
#ifndef KSTOOL_ASK_H
#define KSTOOL_ASK_H

#include <stdbool.h>

#include "kstool/error.h"
#include "kstool/secret.h"

enum kst_ask {
	KST_ASK_STORE,        /* the passphrase that opens a file */
	KST_ASK_KEY,          /* the passphrase of one private key in it, where it has its own */
	KST_ASK_NEW_STORE,    /* the passphrase that a new or changed file gets */
	KST_ASK_KEY_FILE,     /* 32 bytes of a key file that opens a native store */
	KST_ASK_NEW_KEY_FILE  /* 32 bytes of a key file that a new slot gets */
};

enum kst_ask_source {
	KST_SOURCE_NONE,    /* no passphrase was needed, or none was given */
	KST_SOURCE_GIVEN,   /* the user gave it */
	KST_SOURCE_EMPTY,   /* public default: empty */
	KST_SOURCE_CHANGEIT /* public default: "changeit" */
};

struct kst_question {
	enum kst_ask what;
	const char *path;   /* the file, as the user wrote it */
	const char *format; /* title of its format: "PKCS#12" */
	const char *alias;  /* KST_ASK_KEY: the entry; else NULL */
	const char *why;    /* "1 private key", or NULL */
	unsigned attempt;   /* 0 for the first; the answer to n was wrong when n+1 is asked */
	bool public_defaults; /* "" and "changeit" may be tried before the user is asked */
	bool optional;      /* it goes on without: only what the user gave, no prompt */
	bool java_rules;    /* new passphrase: at least 6 characters; warn if it is not ASCII */
};

struct kst_asker {
	/*
	 * 0: `out` is the answer to try, *source tells where it is from.
	 * 1: there is no (further) answer.
	 * -1: error (no terminal, unreadable file, interrupted).
	 */
	int (*ask)(void *ctx, const struct kst_question *q, struct kst_secret *out,
		   enum kst_ask_source *source, struct kst_error *err);
	void *ctx;
};

/*
 * Ask until `try` says 0.  0 or -1.  try(): 0 opened, 1 wrong, -1 error (ends).  `first`
 * (may be NULL) is tried before anybody is asked: the store passphrase for a key.
 * When nobody has a further answer: PASSPHRASE_NEEDED if nothing was tried but
 * public defaults, else WRONG_PASSPHRASE (or WRONG_KEY_PASSPHRASE), with the
 * path as subject.  `keep` (may be NULL) gets the passphrase that opened.
 */
int kst_ask_until(const struct kst_asker *asker, struct kst_question *q,
		  const struct kst_secret *first,
		  int (*try)(void *ctx, const struct kst_secret *pass, struct kst_error *err),
		  void *ctx, struct kst_secret *keep, enum kst_ask_source *source,
		  struct kst_error *err);

/*
 * Ask once for the passphrase of a private key that is written (q->what KST_ASK_NEW_STORE), in a
 * format whose file has none of its own.  `no_pass`: the user said that there is to be none.
 * 0; -1: PLAIN_KEY, PASSPHRASE_NEEDED, EMPTY_PASSPHRASE, and `out` untouched.
 */
int kst_ask_new_key(const struct kst_asker *asker, const struct kst_question *q, bool no_pass,
		    struct kst_secret *out, struct kst_error *err);

#endif
