/* SPDX-License-Identifier: ISC */
/*
 * keep_pass.h - --keep-pass: the result gets the passphrase that opened the source
 *
 * An asker in front of the command line's: it remembers the last passphrase that
 * it handed out to open something (the one that opened it, since nobody asks
 * again after success) and gives it for the new file.
 */
#ifndef KST_CMD_KEEP_PASS_H
#define KST_CMD_KEEP_PASS_H

#include "cmd/cmd.h"

struct keep_pass {
	struct kst_asker inner;
	struct kst_secret last;
	bool has_last;
};

/* Put it in front of cli->asker; from here on until keep_pass_end(). */
void keep_pass_begin(struct keep_pass *k, struct cli *cli);
void keep_pass_end(struct keep_pass *k, struct cli *cli);

#endif
