/* SPDX-License-Identifier: ISC */
/*
 * bks.h - inside of Bouncy Castle's BKS and UBER; bks.md and uber.md are the specification
 *
 * Both hold the same row of entries.  BKS has a MAC behind it, UBER encrypts it.
 */
#ifndef KST_FORMATS_BKS_H
#define KST_FORMATS_BKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/format.h"

#define BKS_MAC 20

enum bks_type { BKS_END, BKS_CERT, BKS_KEY, BKS_OPAQUE, BKS_SEALED };

struct bks_header {
	uint32_t version, iterations;
	struct kst_bytes salt; /* borrowed */
	size_t len;            /* of the header */
};

/* An entry as it stands in the file. */
struct bks_base {
	size_t at, len; /* into `entries` */
	int64_t ms;
	char *alias; /* as the model was given it; NULL: not the one in the file */
};

struct bks_state {
	struct kst_buf entries; /* the row; of a UBER decrypted */
	uint32_t version, iterations;
	struct bks_base *base;
	size_t nr, size;
};

/* 0, or -1: it does not begin like either (no error is set). */
int bks_header_parse(struct bks_header *h, const uint8_t *data, size_t n);
/* Could entries begin here?  What there is to see of the first one is looked at. */
bool bks_first_entry(const uint8_t *p, size_t n);
void bks_close(void *state);

/* bks_read.c: state->entries to the model.  m->pass is tried on sealed keys.  *used tells how many
 * bytes it took, with the end mark.  0 or -1. */
int bks_read_entries(struct kst_io *io, struct kst_model *m, size_t *used, struct kst_error *err);

/* bks_write.c */
int bks_write(struct kst_io *io, struct kst_model *from, struct kst_error *err);

#endif
