/* SPDX-License-Identifier: ISC */
/* split.c - one PEM file for each certificate */
#include "cmd/split.h"
#include "cmd/entries.h"
#include "cmd/picture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Is the file there with these very bytes?  1 yes, 0 no file, -1 other bytes. */
static int already(const char *path, const struct kst_buf *want)
{
	struct kst_buf have KST_SCRATCH_BUF = KST_BUF_INIT;
	struct stat st;

	/* A link would lead the file out of the directory, a fifo would wait for ever. */
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISREG(st.st_mode))
		return -1;
	if (kst_file_read(path, want->len + 1, &have, NULL) < 0)
		return -1;
	return have.len == want->len && !memcmp(have.data, want->data, want->len) ? 1 : -1;
}

/* What the file holds: of an entry with a private key its certificates alone. */
static char *text(const struct kst_entry *e)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct kst_cert *leaf = kst_entry_leaf(e);
	char until[KST_TIME_TEXT];

	kst_cert_name(leaf, &name);
	if (e->chain.nr > 1)
		kst_buf_printf(&name, " with %zu of its issuers", e->chain.nr - 1);
	kst_buf_printf(&name, ", until %s", kst_time_text(kst_cert_not_after(leaf), KST_TIME_DATE, until));
	return name.failed ? NULL : kst_strndup((char *)name.data, name.len);
}

static int write_one(struct cli *cli, const char *dir, const struct kst_entry *e, size_t number,
		     struct changes *changes)
{
	struct kst_buf pem KST_SCRATCH_BUF = KST_BUF_INIT;
	char fallback[32];
	struct change *c;
	char *name, *path;
	int there, ret = -1;

	snprintf(fallback, sizeof(fallback), "%zu", number);
	name = kst_text_file_name(e->alias ? e->alias : fallback, ".pem");
	path = name ? kst_asprintf("%s/%s", dir, name) : NULL;
	if (!path) {
		kst_error_nomem(cli->err);
		goto done;
	}
	for (size_t k = 0; k < e->chain.nr; k++)
		picture_pem(e->chain.cert[k], &pem);
	there = already(path, &pem);
	if (there < 0) {
		kst_error_setx(cli->err, KST_E_EXISTS, "exists and holds something else");
		kst_error_subject(cli->err, "%s", path);
		kst_error_hint(cli->err, "choose another directory");
		goto done;
	}
	if (!there && !cli->g.dry_run && !cli->g.check &&
	    kst_file_write(path, pem.data, pem.len,
			   cli->g.insecure_permissions ? KST_FILE_LOOSE : 0, cli->err) < 0)
		goto done;
	c = changes_add(changes, there ? CHANGE_UNCHANGED : CHANGE_CREATED, path, "certificate");
	if (c) {
		c->text = text(e);
		c->has_after = entries_hash(e, c->after);
	}
	ret = 0;
done:
	kst_free(name);
	kst_free(path);
	return ret;
}

int split_certs(struct cli *cli, const char *dir, struct kst_entry *const *e, size_t nr,
		struct changes *changes)
{
	if (!cli->g.dry_run && !cli->g.check && mkdir(dir, 0777) < 0 && errno != EEXIST) {
		kst_error_set(cli->err, KST_E_CANNOT_WRITE, "cannot make the directory");
		return kst_error_subject(cli->err, "%s", dir);
	}
	for (size_t i = 0; i < nr; i++)
		if (e[i]->chain.nr && write_one(cli, dir, e[i], i + 1, changes) < 0)
			return -1;
	return 0;
}
