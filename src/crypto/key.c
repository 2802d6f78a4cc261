/* SPDX-License-Identifier: ISC */
/*
 * key.c - the object: made, copied, freed
 */
#include "kstool/key.h"

#include "kstool/alloc.h"

struct kst_key *kst_key_new(void)
{
	return kst_calloc(1, sizeof(struct kst_key));
}

void kst_key_free(struct kst_key *key)
{
	if (!key)
		return;
	kst_secret_release(&key->pkcs8);
	kst_blob_release(&key->sealed);
	kst_free(key->dek_info);
	kst_blob_release(&key->dek_data);
	kst_free(key->dek_label);
	kst_blob_release(&key->spki);
	kst_free(key);
}

static int copy_text(char **out, const char *s)
{
	if (!s)
		return 0;
	*out = kst_strdup(s);
	return *out ? 0 : -1;
}

static int copy_blob(struct kst_blob *out, const struct kst_blob *b)
{
	return b->data ? kst_blob_set(out, b->data, b->len) : 0;
}

int kst_key_copy(struct kst_key **out, const struct kst_key *key, struct kst_error *err)
{
	struct kst_key *c = kst_key_new();
	if (!c)
		return kst_error_nomem(err);
	if (key->pkcs8.data &&
	    kst_secret_set(&c->pkcs8, key->pkcs8.data, key->pkcs8.len, err) < 0) {
		kst_key_free(c);
		return -1;
	}
	if (copy_blob(&c->sealed, &key->sealed) < 0 || copy_text(&c->dek_info, key->dek_info) < 0 ||
	    copy_blob(&c->dek_data, &key->dek_data) < 0 ||
	    copy_text(&c->dek_label, key->dek_label) < 0 || copy_blob(&c->spki, &key->spki) < 0) {
		kst_key_free(c);
		return kst_error_nomem(err);
	}
	*out = c;
	return 0;
}

bool kst_key_is_sealed(const struct kst_key *key)
{
	return !key->pkcs8.len;
}
