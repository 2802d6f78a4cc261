/* SPDX-License-Identifier: ISC */
/* wrap.c - a store inside a Kubernetes Secret, under its own passphrase */
#include "cmd/wrap.h"

#include <string.h>

const struct kst_format *wrap_format(struct cli *cli, const char *wrap, const struct kst_format *target)
{
	const struct kst_format *f = kst_format_by_name(wrap);

	if (!(target->caps & KST_CAP_NAMED)) {
		kst_error_setx(cli->err, KST_E_USAGE, "goes with --to k8s: %s is no wrapping",
			       target->title);
	} else if (!f || !f->write || !(f->caps & KST_CAP_BINARY) || !(f->caps & KST_CAP_ENCRYPTION) ||
		   (f->caps & KST_CAP_SINGLE)) {
		kst_error_setx(cli->err, KST_E_UNKNOWN_TYPE, "%s is no type of store that is written",
			       wrap);
		kst_error_hint(cli->err, "the usual ones are p12 and jks");
	} else {
		return f;
	}
	kst_error_subject(cli->err, "--wrap");
	return NULL;
}

int wrap_store(struct cli *cli, struct kst_store *inner, const struct kst_save_options *save,
	       struct kst_store *out)
{
	struct kst_buf bytes KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct kst_format *f = kst_store_format(inner);
	struct kst_entry *e = NULL;
	bool keys = false;

	if (kst_store_write_buf(inner, &bytes, save, cli->err) < 0)
		return -1;
	for (size_t i = 0; i < kst_store_count(inner); i++) {
		if (kst_store_entry(inner, i, &e, cli->err) < 0)
			return -1;
		keys |= e->kind != KST_KIND_CERT;
	}
	e = kst_entry_new(KST_KIND_OPAQUE);
	if (!e)
		return kst_error_nomem(cli->err);
	e->label = kst_asprintf("%s%s", keys ? "keystore" : "truststore", f->suffixes[0]);
	e->origin = kst_strdup(kst_store_format(out)->name);
	if (!e->label || !e->origin || kst_blob_set(&e->der, bytes.data, bytes.len) < 0) {
		kst_entry_free(e);
		return kst_error_nomem(cli->err);
	}
	return kst_store_add(out, e, NULL, cli->err);
}

static char *legal(const char *text)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char *lower = kst_text_lower(text);

	for (const char *p = lower; p && *p && b.len < 63; p++) {
		bool word = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');

		if (word || (b.len && (*p == '-' || *p == '.') && b.data[b.len - 1] != '.' &&
			     b.data[b.len - 1] != '-'))
			kst_buf_u8(&b, (uint8_t)*p);
		else if (b.len && b.data[b.len - 1] != '-' && b.data[b.len - 1] != '.')
			kst_buf_u8(&b, '-');
	}
	while (b.len && (b.data[b.len - 1] == '-' || b.data[b.len - 1] == '.'))
		b.len--;
	kst_free(lower);
	return b.failed || !lower ? NULL : kst_strndup(b.len ? (char *)b.data : "", b.len);
}

char *wrap_name(const char *given, const struct kst_gathered *g, const char *path)
{
	const struct kst_entry *key = NULL;
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t keys = 0;
	char *name, *stem;

	if (given)
		return kst_strdup(given);
	for (size_t i = 0; i < g->nr; i++)
		if (g->entry[i]->kind == KST_KIND_KEY) {
			key = g->entry[i];
			keys++;
		}
	if (keys == 1 && key->alias) {
		name = legal(key->alias);
		if (!name || *name)
			return name;
		kst_free(name);
	}
	stem = kst_strndup(base, strcspn(base, "."));
	name = stem ? legal(stem) : NULL;
	kst_free(stem);
	return name;
}
