/* SPDX-License-Identifier: ISC */
/*
 * page.h - the manual: every page as scdoc text, from the tables and src/man
 *
 * How to add a page: write src/man/kstool-TOPIC.5.scd or .7.scd (look at a short
 * one); it becomes kstool-TOPIC(7), `kstool help TOPIC`, a topic in the overview and
 * an answer of completion.  Its first lines are those of src/man/kstool-json.5.scd.  A line that
 * starts with % is replaced by what a table knows:
 *
 *	%commands %options %topics %statuses %errors-by-status %formats %schemas
 *
 * A command needs nothing but its row: its page is made from it.  What the row cannot say
 * stands in src/man/kstool-VERB.1.scd (kstool-slot-add.1.scd): sections without the first line.
 * What it has below "# DESCRIPTION" and the like follows the row's text; other sections come
 * after the description.
 *
 * An error needs its "## slug" in src/man/kstool-errors.7.scd.
 *
 * Each line that starts with "kstool " in an example or a literal block is run by
 * tests/drift/examples.py, among the files that it describes.
 */
#ifndef KST_CMD_PAGE_H
#define KST_CMD_PAGE_H

#include "cmd/cmd.h"

/* Append the source of a page ("kstool-list.1"); false if there is none of this name. */
bool page_source(const char *name, struct kst_buf *out);
/* Names of all pages, one a line. */
void page_names(struct kst_buf *out);

/* The page of a command. */
void page_of_command(const struct cmd *c, struct kst_buf *out);
/* The page of a topic ("exit-codes"), without its preamble; false if there is none. */
bool page_of_topic(const char *topic, struct kst_buf *out);
/* What help tells about an error: its section of kstool-errors(7). */
void page_of_error(enum kst_code code, struct kst_buf *out);

/* What an exit status means, or NULL; and the i-th status, -1 after the last. */
const char *page_status(int status);
int page_status_at(size_t i);

/* Topics, in order; NULL after the last.  `about` becomes a few words on it (may be NULL). */
const char *page_topic(size_t i, struct kst_buf *about);

#endif
