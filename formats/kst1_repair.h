/* SPDX-License-Identifier: ISC */
/*
 * kst1_repair.h - between kst1_repair.c and kst1_search.c
 */
#ifndef KST_FORMATS_KST1_REPAIR_H
#define KST_FORMATS_KST1_REPAIR_H

#include "kst1.h"

/* A source that is a damaged file seen `shift` bytes further on; zero where there is nothing. */
struct kst1_damaged {
	struct kst_io *io;
	int64_t shift;
};
int kst1_damaged_read(void *ctx, uint64_t offset, void *buf, size_t n, struct kst_error *err);

/* A box that was found. */
struct kst1_piece {
	uint64_t offset; /* in the damaged file */
	size_t len;
	uint8_t hash[KST1_HASH];
	char *alias;
	size_t record; /* in the signed index; KST_NO_BASE without one */
	uint8_t sha256[32];
	bool has_sha256; /* of its leaf */
};

/* A good header, and what it proves. */
struct kst1_scene {
	struct kst1_state *st;
	/* Bytes may have been lost or put in: counted from the front, and from the end. */
	struct kst1_damaged at[2];
	struct kst_io io[2];
	int nr_at;

	struct kst1_piece *piece;
	size_t nr;
	bool unproved;  /* the pieces were found by their shape only */
	bool skipped;   /* ... and there were bytes between them */
	struct kst1_claim *claim;
	size_t nr_claim;

	struct kst1_window w;
	struct kst1_opened o;
};
int kst1_scene_search(struct kst1_scene *s, struct kst_error *err);
/* Name what a good index, or the readable rest of a damaged one, lists and was not found. */
int kst1_scene_losses(struct kst1_scene *s, struct kst_repair *out, struct kst_error *err);
void kst1_scene_release(struct kst1_scene *s);

int kst1_lose(struct kst_repair *out, const struct kst_bytes *alias, const uint8_t *sha256,
	      bool accepted, const char *reason, struct kst_error *err);
/* The box of a piece, its hash checked again. */
const uint8_t *kst1_piece_box(struct kst1_scene *s, const struct kst1_piece *p,
			      struct kst_error *err);

#endif
