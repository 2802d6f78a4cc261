/* SPDX-License-Identifier: ISC */
/* public.c - the public half of an entry, without opening its key where the certificate tells */
#include "cmd/public.h"

#include <string.h>

static const char *name_of(const struct kst_entry *e)
{
	return e->alias ? e->alias : "(no name)";
}

static int no_form(struct cli *cli, const struct kst_entry *e, const char *what)
{
	kst_error_setx(cli->err, KST_E_CANNOT_HOLD, "the algorithm of \"%s\" has no form in %s",
		       name_of(e), what);
	return kst_error_hint(cli->err, "name the entries that are wanted");
}

int public_spki(struct cli *cli, struct kst_store *s, size_t i, struct kst_buf *spki)
{
	struct kst_entry *e;
	struct kst_bytes der;
	int got;

	if (kst_store_entry(s, i, &e, cli->err) < 0)
		return -1;
	if (kst_entry_leaf(e)) {
		der = kst_cert_spki(kst_entry_leaf(e));
		kst_buf_put(spki, der.data, der.len);
	} else if (kst_entry_is_public_key(e)) {
		kst_buf_put(spki, e->der.data, e->der.len);
	} else if (!e->key) {
		return 1;
	} else {
		if (kst_store_open_key(s, i, cli->err) < 0 ||
		    kst_store_entry(s, i, &e, cli->err) < 0)
			return -1;
		got = kst_key_spki(e->key, spki, cli->err);
		if (got > 0)
			return kst_error_setx(
				cli->err, KST_E_UNSUPPORTED,
				"the public key of this algorithm cannot be computed here");
		if (got < 0)
			return -1;
	}
	return spki->failed ? kst_error_nomem(cli->err) : 0;
}

int public_ssh(struct cli *cli, struct kst_store *s, size_t i, struct kst_buf *out)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	int got = public_spki(cli, s, i, &spki);
	struct kst_entry *e;

	if (got || kst_store_entry(s, i, &e, cli->err) < 0)
		return got ? got : -1;
	got = kst_spki_ssh((struct kst_bytes){ spki.data, spki.len }, e->alias, out, cli->err);
	return got > 0 ? no_form(cli, e, "OpenSSH") : got;
}

int public_entry(struct cli *cli, struct kst_store *s, size_t i, struct kst_entry **out)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_entry *e, *made;
	int got = public_spki(cli, s, i, &spki);

	if (got || kst_store_entry(s, i, &e, cli->err) < 0)
		return got ? got : -1;
	made = kst_entry_new(kst_entry_leaf(e) ? KST_KIND_CERT : KST_KIND_OPAQUE);
	if (!made || (e->alias && !(made->alias = kst_strdup(e->alias))))
		goto no_memory;
	made->created = e->created;
	if (kst_entry_leaf(e)) {
		if (kst_chain_push(&made->chain, kst_entry_leaf(e)) < 0)
			goto no_memory;
	} else if (!(made->label = kst_strdup(KST_LABEL_PUBLIC_KEY)) ||
		   kst_blob_set(&made->der, spki.data, spki.len) < 0) {
		goto no_memory;
	}
	*out = made;
	return 0;
no_memory:
	kst_entry_free(made);
	return kst_error_nomem(cli->err);
}
