/* SPDX-License-Identifier: ISC */
/* trusting.h - --trust SOURCE: whom the commands that verify believe */
#ifndef KST_CMD_TRUSTING_H
#define KST_CMD_TRUSTING_H

#include "cmd/cmd.h"
#include "kstool/verify.h"

/* Whom one trusts where nobody says otherwise. */
#define TRUSTING_DEFAULT "@system"

/* The row of an option table for a list in `type`; `name` without dashes ("trust"). */
#define TRUSTING_OPTION(type, member, name, text) \
	{ name, 0, OPT_LIST, offsetof(type, member), WHAT_SOURCE, "SOURCE", text, NULL, false }
#define TRUSTING_HELP \
	"file or place with the trusted CAs; may be repeated; the system's if not given"

/* The anchors of all of them, of @system where the list is empty.  A source without any is warned of.
 * 0 or -1. */
int trusting_open(struct cli *cli, const struct opt_list *trust, struct kst_anchors **out);
/* "trusting   ca.pem (PEM, 1 CA)", a line each. */
void trusting_show(struct out *o, const struct kst_anchors *a);
/* JSON: the array "trust". */
void trusting_json(struct out *o, const struct kst_anchors *a);

#endif
