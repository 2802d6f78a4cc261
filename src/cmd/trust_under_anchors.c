/* SPDX-License-Identifier: ISC */
/* trust_under_anchors.c - into the directory from which the system makes its truststore */
#include "cmd/trust_under.h"

#include <string.h>

/* The anchor that holds this very certificate, whatever it is called; NULL. */
static const struct kst_found *holder(struct under *u, const struct kst_cert *cert)
{
	struct kst_open_options opt = cmd_open_options(u->cli, false);

	opt.notes = NULL;
	opt.progress = NULL;
	for (size_t i = 0; i < u->walk.nr; i++) {
		struct kst_store *s = NULL;
		bool found;

		if (!kst_anchor_dir_has(&u->anchors, &u->walk.found[i]) ||
		    kst_store_open(&s, u->walk.found[i].path, &opt, NULL) < 0)
			continue;
		found = kst_store_find_cert(s, cert) != KST_NO_BASE;
		kst_store_free(s);
		if (found)
			return &u->walk.found[i];
	}
	return NULL;
}

static int put(struct under *u, size_t i)
{
	struct trust_pick *p = &u->picks.row[i];
	const struct kst_found *there = holder(u, p->cert);
	bool dry = u->cli->g.dry_run || u->cli->g.check;
	char *inside = NULL, *path;
	struct under_row *r;
	struct change *c;
	int ret = 0;

	if (there && !dry)
		ret = kst_anchor_dir_relink(&u->anchors, u->walk.root, there->inside, p->cert, u->cli->err);
	else if (!there)
		ret = kst_anchor_dir_put(&u->anchors, u->walk.root, u->name[i], p->cert, dry, &inside, u->cli->err);
	path = there ? kst_strdup(there->path) :
		       kst_asprintf("%s%s%s%s", u->walk.root, inside ? inside : u->anchors.dir, inside ? "" : "/",
				    inside ? "" : u->name[i]);
	kst_free(inside);
	r = path ? under_row(u, path, "anchor", u->anchors.by) : NULL;
	if (!r) {
		kst_free(path);
		return kst_error_nomem(u->cli->err);
	}
	r->type = "pem";
	if (ret < 0) {
		kst_free(path);
		under_failed(u, r);
		return 0;
	}
	u->file[i] = path;
	r->action = there ? UNDER_UNCHANGED : UNDER_ADDED;
	c = changes_add(&r->changes, there ? CHANGE_UNCHANGED : CHANGE_ADDED, u->name[i], "trusted-cert");
	if (!c)
		return kst_error_nomem(u->cli->err);
	memcpy(c->after, kst_cert_sha256(p->cert), 32);
	c->has_after = true;
	c->has_before = there != NULL;
	memcpy(c->before, c->after, 32);
	return 0;
}

int under_anchors(struct under *u)
{
	int has = kst_anchor_dir_find(&u->anchors, u->walk.root, u->cli->err);

	if (has < 0)
		return -1;
	u->has_anchors = has > 0;
	for (size_t i = 0; u->has_anchors && i < u->picks.nr; i++)
		if (u->picks.row[i].why == KST_OK && put(u, i) < 0)
			return -1;
	return 0;
}
