/* SPDX-License-Identifier: ISC */
/* deliver.h - an answer that is data: into a file, with its change line, or to standard output */
#ifndef KST_CMD_DELIVER_H
#define KST_CMD_DELIVER_H

#include "cmd/cmd.h"

struct deliver {
	const char *path; /* NULL or "-": standard output */
	const struct kst_buf *data;
	bool secret;      /* mode 0600, and never onto a terminal */
	bool keeps;       /* what is there is never replaced */
	bool replace;     /* a file that exists may be replaced */
	bool binary;
	const char *what; /* "DER": what is binary, for the refusal */
	/* Does the file that is there say the same already, though its bytes may differ?  May be NULL. */
	bool (*same)(void *ctx, const char *path);
	void *ctx;
};

bool deliver_is_file(const struct deliver *d);
/* EXISTS if the file is there and may not be replaced: before anybody types a passphrase for nothing. */
int deliver_check(struct cli *cli, const struct deliver *d);
/* To the file (in a dry run not), with a row for it; `text` (owned by the row) is what it is. */
int deliver_file(struct cli *cli, const struct deliver *d, char *text, struct changes *changes,
		 struct kst_save_result *res);
/* To standard output; change lines go to standard error from the call of out_data_mode() on. */
int deliver_out(struct cli *cli, const struct deliver *d);

#endif
