/* SPDX-License-Identifier: ISC */
/* signers.c - the lists of pinned signers: like known_hosts, the machine's and the user's */
#include "ui/signers.h"

#include <stdlib.h>

#include "kstool/kstool.h"

int signers_find(struct signers *s, struct kst_error *err)
{
	const char *named = getenv("KSTOOL_SIGNERS"), *home = getenv("HOME");
	struct signers new = { .own = NULL };
	int nr = 0;

	if (named && !*named)
		goto done;
	if (named) {
		new.path[nr] = kst_strdup(named);
	} else {
		new.path[nr++] = kst_strdup("/etc/kstool/signers");
		if (!home || !*home)
			goto done;
		new.dir[0] = kst_asprintf("%s/.config", home);
		new.dir[1] = kst_asprintf("%s/.config/kstool", home);
		new.path[nr] = kst_asprintf("%s/.config/kstool/signers", home);
	}
	new.own = kst_strdup(new.path[nr] ? new.path[nr] : "");
done:
	if ((nr && !new.path[0]) || (new.own && !*new.own) || (new.own && nr && !new.dir[1])) {
		signers_release(&new);
		return kst_error_nomem(err);
	}
	*s = new;
	return 0;
}

void signers_release(struct signers *s)
{
	for (int i = 0; i < 3; i++)
		kst_free(s->path[i]);
	for (int i = 0; i < 2; i++)
		kst_free(s->dir[i]);
	kst_free(s->own);
	*s = (struct signers){ .own = NULL };
}
