/* SPDX-License-Identifier: ISC */
/* help.h - help from the tables: for the command `help` and for --help */
#ifndef KST_CMD_HELP_H
#define KST_CMD_HELP_H

#include "cmd/cmd.h"

void help_overview(struct out *o);                  /* every command, one line each */
void help_usage(struct out *o, const struct cmd *c); /* the line, the summary, an example */
void help_show(struct out *o, const struct cmd *c);  /* all of it; NULL: overview and global options */
int help_version(struct cli *cli);                  /* 0 or -1 */

/* A topic ("exit-codes"); false if there is none of this name.  `name` NULL lists them. */
bool help_topic(struct out *o, const char *name);
/* JSON: the lines of a page or a part of one, as an array "text". */
void help_text(struct out *o, struct kst_bytes page);

/* The formats, as rows in every mode. */
void help_formats(struct out *o);

/* help_lists.c: the library's own tables. */
void help_consumer_rows(struct out *o);
/* The page of a finding of lint; `second` where a page of the same word stands above it. */
bool help_finding(struct out *o, const char *slug, bool second);
/* The same of a reason of verify. */
bool help_reason(struct out *o, const char *slug, bool second);

#endif
