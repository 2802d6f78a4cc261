/* SPDX-License-Identifier: ISC */
/* ca_ours.c - a file that is in the way: one that this CA has handed out, or somebody else's */
#include "cmd/ca_ours.h"

#include <string.h>
#include <sys/stat.h>

static int counts(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	const struct orders *o = ctx;

	(void)err;
	/* Without --if-missing only what was begun and never handed out goes on over its own file. */
	return o->lenient || !row->delivered;
}

/* Is it the key of a row of this name? */
static int known(const struct orders *o, const char *name, const uint8_t spki[32], struct kst_error *err)
{
	struct kst_ca_query q = { .name = name, .spki = spki };

	return kst_ca_each(o->ca, &q, counts, (void *)(uintptr_t)o, err);
}

bool ca_same_key(const struct kst_cert *a, const struct kst_cert *b)
{
	struct kst_bytes x = kst_cert_spki(a), y = kst_cert_spki(b);

	return x.len == y.len && !memcmp(x.data, y.data, x.len);
}

/* A CA that was certified anew has another certificate, and the same key. */
static bool of_the_ca(const struct orders *o, const struct kst_cert *cert)
{
	for (size_t i = 0; i < o->files.chain->nr; i++)
		if (ca_same_key(o->files.chain->cert[i], cert))
			return true;
	return false;
}

static int ours_cert(const struct orders *o, const char *name, const struct kst_cert *cert, const struct kst_cert *like,
		     struct kst_error *err)
{
	uint8_t spki[32];

	if (like && ca_same_key(cert, like))
		return 1;
	kst_cert_spki_sha256(cert, spki);
	return known(o, name, spki, err);
}

static int ours_key(const struct orders *o, const char *name, struct kst_store *s, size_t i, struct kst_error *err)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error why = KST_ERROR_INIT;
	struct kst_entry *e;
	uint8_t hash[32];

	/* What cannot be opened is not known to be ours. */
	if (kst_store_open_key(s, i, &why) < 0 || kst_store_entry(s, i, &e, &why) < 0 || !e->key ||
	    kst_key_spki(e->key, &spki, &why) != 0)
		return 0;
	kst_ca_spki_hash((struct kst_bytes){ spki.data, spki.len }, hash);
	return known(o, name, hash, err);
}

int ca_ours(const struct orders *o, const char *name, const struct kst_cert *like, struct kst_store *s, bool *key,
	    struct kst_error *err)
{
	bool any = false, foreign = false;

	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_entry *e;
		const struct kst_cert *leaf;
		int rc;

		if (kst_store_entry(s, i, &e, err) < 0)
			return -1;
		leaf = kst_entry_leaf(e);
		if (key && e->kind == KST_KIND_KEY) {
			*key = true;
			continue;
		}
		if (e->kind == KST_KIND_CERT && of_the_ca(o, leaf))
			continue;
		if (e->kind != KST_KIND_CERT && e->kind != KST_KIND_KEY)
			rc = 0;
		else
			rc = leaf ? ours_cert(o, name, leaf, like, err) : ours_key(o, name, s, i, err);
		if (rc < 0)
			return -1;
		any |= rc == 1;
		foreign |= !rc;
		for (size_t k = 1; k < e->chain.nr; k++)
			foreign |= !of_the_ca(o, e->chain.cert[k]);
	}
	return any && !foreign;
}

/* ---- files that are no certificate's ---- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The same name in the same directory, however that is written. */
static bool same_file(const char *a, const char *b)
{
	struct stat x, y;
	char *one, *two;
	bool same;

	if (!strcmp(a, b))
		return true;
	if (strcmp(base_of(a), base_of(b)) != 0)
		return false;
	one = base_of(a) == a ? kst_strdup(".") : kst_strndup(a, (size_t)(base_of(a) - a));
	two = base_of(b) == b ? kst_strdup(".") : kst_strndup(b, (size_t)(base_of(b) - b));
	same = one && two && stat(one, &x) == 0 && stat(two, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
	kst_free(one);
	kst_free(two);
	return same;
}

int ca_reserved(const struct orders *o, const char *path, struct kst_error *err)
{
	char *trust = strcmp(o->files.dir, ".") ? kst_asprintf("%s/%s", o->files.dir, KST_CA_TRUST) :
						  kst_strdup(KST_CA_TRUST);
	const char *what;

	if (!trust)
		return kst_error_nomem(err);
	what = same_file(path, trust) ? "is where the root of the CA goes; another name is needed" :
	       o->manifest && same_file(path, o->manifest) ? "is where the manifest goes; another name is needed" : NULL;
	kst_free(trust);
	if (!what)
		return 0;
	kst_error_setx(err, KST_E_BAD_VALUE, "%s", what);
	return kst_error_subject(err, "%s", path);
}

int ca_own_pass(const struct orders *o, const struct order *row, struct kst_error *err)
{
	char *pass;
	bool same = false;

	if (!o->files.template)
		return 0;
	pass = ca_files_pass_path(&o->files, row->name);
	if (!pass)
		return kst_error_nomem(err);
	for (size_t k = 0; k < 2; k++)
		same |= row->path[k] && same_file(pass, row->path[k]);
	kst_free(pass);
	if (!same)
		return 0;
	kst_error_setx(err, KST_E_BAD_VALUE, "names the file that the passphrase is for");
	return kst_error_subject(err, "--new-pass %s", o->files.template);
}
