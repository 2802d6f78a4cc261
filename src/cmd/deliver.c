/* SPDX-License-Identifier: ISC */
/* deliver.c - exported certificates, keys and requests on their way out */
#include "cmd/deliver.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool deliver_is_file(const struct deliver *d)
{
	return d->path && strcmp(d->path, "-") != 0;
}

static bool is_there(const struct deliver *d)
{
	return access(d->path, F_OK) == 0;
}

/* Does the file hold these very bytes, or others that say the same? */
static bool unchanged(const struct deliver *d)
{
	struct kst_buf have KST_SCRATCH_BUF = KST_BUF_INIT;
	struct stat st;

	/* A fifo would wait for a writer that never comes. */
	if (stat(d->path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (kst_file_read(d->path, d->data->len + 1, &have, NULL) == 0 &&
	    have.len == d->data->len && !memcmp(have.data, d->data->data, have.len))
		return true;
	return d->same && d->same(d->ctx, d->path);
}

int deliver_check(struct cli *cli, const struct deliver *d)
{
	if (!deliver_is_file(d) || d->replace || !is_there(d))
		return 0;
	return cmd_fresh(cli, d->path, !d->keeps);
}

int deliver_file(struct cli *cli, const struct deliver *d, char *text, struct changes *changes,
		 struct kst_save_result *res)
{
	unsigned flags = (d->secret ? KST_FILE_SECRET : 0) | (d->replace ? KST_FILE_REPLACE : 0) |
			 (cli->g.insecure_permissions ? KST_FILE_LOOSE : 0);
	bool there = is_there(d), same = unchanged(d);
	struct change *c;

	if (!same && deliver_check(cli, d) < 0) {
		kst_free(text);
		return -1;
	}
	if (!same && !cli->g.dry_run && !cli->g.check) {
		if (kst_file_write(d->path, d->data->data, d->data->len, flags, cli->err) < 0) {
			kst_free(text);
			return -1;
		}
		res->written = true;
	}
	c = changes_add(changes, same ? CHANGE_UNCHANGED : there ? CHANGE_REPLACED : CHANGE_CREATED,
			d->path, NULL);
	if (!c) {
		kst_free(text);
		return kst_error_nomem(cli->err);
	}
	c->text = text;
	return 0;
}

int deliver_out(struct cli *cli, const struct deliver *d)
{
	if (d->binary && isatty(STDOUT_FILENO) && !cli->g.json) {
		kst_error_setx(cli->err, KST_E_BINARY_TO_TERMINAL, "%s is binary", d->what);
		return kst_error_hint(cli->err, "use -o FILE");
	}
	out_data_mode(cli->out);
	return out_data(cli->out, d->data->data, d->data->len, d->binary, cli->err);
}
