/* SPDX-License-Identifier: ISC */
/*
 * passphrase.h - an asker that remembers what it was told
 *
 * The file is opened before it is locked, so that nobody waits for a lock while
 * somebody thinks of a passphrase.  If another writer was faster, it is read
 * again: with the same answers, not by asking again.
 */
#ifndef KST_STORE_PASSPHRASE_H
#define KST_STORE_PASSPHRASE_H

#include <stdbool.h>

#include "kstool/ask.h"

struct kst_answer;
struct kst_cached_asker {
	struct kst_asker asker; /* give this to a format */
	const struct kst_asker *inner;
	bool replay; /* answer from memory first */
	struct kst_answer *answer;
};
void kst_cached_asker_init(struct kst_cached_asker *c, const struct kst_asker *inner);
void kst_cached_asker_release(struct kst_cached_asker *c);

#endif
