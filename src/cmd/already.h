/* SPDX-License-Identifier: ISC */
/* already.h - does the file that a command would write lie there already? */
#ifndef KST_CMD_ALREADY_H
#define KST_CMD_ALREADY_H

#include "cmd/cmd.h"

struct already {
	struct kst_asker inner;
	struct kst_secret pass; /* the new passphrase, once somebody asked for it */
	bool known;
};

/* Put it in front of cli->asker; from here on until already_end(). */
void already_begin(struct already *a, struct cli *cli);
void already_end(struct already *a, struct cli *cli);
/* Is what lies at the path of `meant` of its type, with its entries, and protected as `w` says?  Asks for
 * the new passphrase, as writing would. */
bool already_there(struct already *a, struct cli *cli, struct kst_store *meant,
		   const struct kst_write_options *w);

#endif
