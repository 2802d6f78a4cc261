/* SPDX-License-Identifier: ISC */
/* page_impl.h - what page.c and page_command.c share */
#ifndef KST_CMD_PAGE_IMPL_H
#define KST_CMD_PAGE_IMPL_H

#include "cmd/page.h"

/* Append what src/man says about a command beyond its row; perhaps nothing. */
void page_written(const struct cmd *c, struct kst_buf *out);

void page_options(const struct opt *table, struct kst_buf *out);
void page_statuses(const char *exits, struct kst_buf *out); /* "0 3 4" */

/* page_lists.c: the tables of consumer.h and lint.h. */
void page_consumers(struct kst_buf *out);
void page_findings(struct kst_buf *out);
void page_checks(struct kst_buf *out);
const char *page_mac(const struct kst_consumer *c); /* what a file for it is protected by */

#endif
