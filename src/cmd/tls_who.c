/* SPDX-License-Identifier: ISC */
/* tls_who.c - who takes part in a handshake: a key and its chain out of any files, and whom it believes */
#include "cmd/tls.h"
#include "cmd/entries.h"
#include "cmd/revoking.h"
#include "cmd/trusting.h"

#include <string.h>
#include <unistd.h>

/* ---- STORE[:ENTRY] ---- */

/* The longest path that exists is the file, what follows its colon the entry. */
static int split(struct tls_identity *id, const char *said)
{
	size_t n = strlen(said);

	id->said = said;
	for (size_t k = n; access(said, F_OK) && k--;)
		if (said[k] == ':' && k && said[k + 1]) {
			char *path = kst_strndup(said, k);

			if (path && !access(path, F_OK)) {
				id->path = path;
				id->entry = kst_strdup(said + k + 1);
				return id->entry ? 0 : -1;
			}
			kst_free(path);
		}
	id->path = kst_strdup(said);
	return id->path ? 0 : -1;
}

static int no_key(struct cli *cli, const char *option, const char *path)
{
	kst_error_setx(cli->err, KST_E_NO_PRIVATE_KEY, "holds no private key with a certificate");
	kst_error_subject(cli->err, "%s %s", option, path);
	return kst_error_command(cli->err, "kstool", "list", path, NULL);
}

static int several(struct cli *cli, const char *option, struct kst_store *s, const char *path, size_t first)
{
	char *whole;
	struct kst_head h;

	kst_error_setx(cli->err, KST_E_USAGE, "holds several private keys, and which one is meant is not said");
	kst_error_subject(cli->err, "%s %s", option, path);
	if (kst_store_head(s, first, &h, NULL) == 0 && h.alias) {
		whole = kst_asprintf("%s:%s", path, h.alias);
		if (whole)
			cmd_again(cli, NULL, NULL, (const char *const[]){ option, whole, NULL });
		kst_free(whole);
	}
	return kst_error_advise(cli->err, "which there are", "kstool", "list", path, "--type", "key", NULL);
}

/* The entry that is named, else the only key with a certificate (one that waits beside another does not
 * count).  KST_NO_BASE: there is none.  0 or -1. */
static int choose(struct cli *cli, const char *option, const struct tls_identity *id, size_t *at)
{
	struct kst_store *s = id->store[0];
	struct kst_head h;

	*at = KST_NO_BASE;
	if (id->entry)
		return kst_store_find(s, id->entry, at, cli->err);
	for (size_t i = 0; i < kst_store_count(s); i++) {
		if (kst_store_head(s, i, &h, cli->err) < 0)
			return -1;
		if (h.kind != KST_KIND_KEY || !h.nr_certs ||
		    (h.alias && entries_current(s, h.alias) != KST_NO_BASE))
			continue;
		if (*at != KST_NO_BASE)
			return several(cli, option, s, id->path, *at);
		*at = i;
	}
	return 0;
}

static int take_entry(struct cli *cli, const char *option, struct tls_identity *id, size_t at)
{
	struct kst_entry *e;

	if (kst_store_entry(id->store[0], at, &e, cli->err) < 0)
		return -1;
	if (e->kind != KST_KIND_KEY || !e->chain.nr)
		return no_key(cli, option, id->said);
	if (kst_store_open_key(id->store[0], at, cli->err) < 0 || kst_store_entry(id->store[0], at, &e, cli->err) < 0)
		return -1;
	if (!id->entry && e->alias && !e->alias_derived && !(id->entry = kst_strdup(e->alias)))
		return kst_error_nomem(cli->err);
	id->key = e->key;
	id->chain = &e->chain;
	return 0;
}

/* ---- files of loose objects: key and certificates, in one or in several ---- */

/* Every certificate in the order of the files, each once; as a server sends the file that it is given. */
static int collect(struct cli *cli, struct tls_identity *id, struct kst_chain *all)
{
	struct kst_entry *e;

	for (size_t k = 0; k < id->nr; k++)
		for (size_t i = 0; i < kst_store_count(id->store[k]); i++) {
			if (kst_store_entry(id->store[k], i, &e, cli->err) < 0)
				return -1;
			for (size_t c = 0; c < e->chain.nr; c++) {
				bool there = false;

				for (size_t j = 0; j < all->nr && !there; j++)
					there = kst_cert_equal(all->cert[j], e->chain.cert[c]);
				if (!there && kst_chain_push(all, e->chain.cert[c]) < 0)
					return kst_error_nomem(cli->err);
			}
		}
	return 0;
}

/* The one private key of the files, open. */
static int only_key(struct cli *cli, const char *option, struct tls_identity *id)
{
	struct kst_entry *e;

	for (size_t k = 0; k < id->nr; k++)
		for (size_t i = 0; i < kst_store_count(id->store[k]); i++) {
			if (kst_store_entry(id->store[k], i, &e, cli->err) < 0)
				return -1;
			if (e->kind != KST_KIND_KEY)
				continue;
			if (id->key) {
				kst_error_setx(cli->err, KST_E_USAGE, "there is more than one private key in it");
				kst_error_subject(cli->err, "%s %s", option, id->said);
				return kst_error_command(cli->err, "kstool", "list", kst_store_path(id->store[k]), "--type", "key", NULL);
			}
			if (kst_store_open_key(id->store[k], i, cli->err) < 0 ||
			    kst_store_entry(id->store[k], i, &e, cli->err) < 0)
				return -1;
			id->key = e->key;
		}
	return id->key ? 0 : no_key(cli, option, id->said);
}

/* The certificate of the key comes first.  Where none is: the first that is no CA, and the handshake
 * tells what is wrong with that. */
static int take_loose(struct cli *cli, const char *option, struct tls_identity *id)
{
	struct kst_chain all = { .cert = NULL };
	size_t leaf = KST_NO_BASE;
	int ret = -1;

	if (only_key(cli, option, id) < 0 || collect(cli, id, &all) < 0)
		goto done;
	for (size_t i = 0; i < all.nr && leaf == KST_NO_BASE; i++)
		if (kst_key_matches(id->key, all.cert[i]) == 1)
			leaf = i;
	for (size_t i = 0; i < all.nr && leaf == KST_NO_BASE; i++)
		if (!kst_cert_is_ca(all.cert[i]))
			leaf = i;
	if (leaf == KST_NO_BASE) {
		no_key(cli, option, id->said);
		goto done;
	}
	ret = kst_chain_push(&id->loose, all.cert[leaf]);
	for (size_t i = 0; i < all.nr && !ret; i++)
		if (i != leaf)
			ret = kst_chain_push(&id->loose, all.cert[i]);
	if (ret < 0)
		kst_error_nomem(cli->err);
	id->chain = &id->loose;
done:
	kst_chain_release(&all);
	return ret;
}

static const char *key_path(const struct tls_identity *id)
{
	struct kst_head h;

	for (size_t k = 0; k < id->nr; k++)
		for (size_t i = 0; i < kst_store_count(id->store[k]); i++)
			if (!kst_store_head(id->store[k], i, &h, NULL) && h.kind == KST_KIND_KEY)
				return kst_store_path(id->store[k]);
	return NULL;
}

int tls_identity_open(struct cli *cli, const char *option, const struct opt_list *files, struct tls_identity *out)
{
	size_t at = KST_NO_BASE;

	if (!files->nr)
		return 0;
	out->store = kst_calloc(files->nr, sizeof(*out->store));
	if (!out->store || split(out, files->item[0]) < 0)
		return kst_error_nomem(cli->err);
	for (; out->nr < files->nr; out->nr++)
		if (cmd_open(cli, out->nr ? files->item[out->nr] : out->path, &out->store[out->nr]) < 0)
			return -1;
	out->key_path = key_path(out);
	if (out->nr > 1 || (!out->entry && (kst_store_format(out->store[0])->caps & KST_CAP_LOOSE)))
		return take_loose(cli, option, out);
	if (choose(cli, option, out, &at) < 0)
		return -1;
	return at == KST_NO_BASE ? no_key(cli, option, out->said) : take_entry(cli, option, out, at);
}

int tls_identity_fits(struct cli *cli, const char *option, const struct tls_identity *id)
{
	if (!id->key || kst_key_matches(id->key, id->chain->cert[0]) != 0)
		return 0;
	kst_error_setx(cli->err, KST_E_KEY_MISMATCH, "the private key is that of another certificate");
	kst_error_subject(cli->err, "%s %s", option, id->said);
	return kst_error_command(cli->err, "kstool", "show", id->path, NULL);
}

void tls_identity_release(struct tls_identity *id)
{
	kst_chain_release(&id->loose);
	for (size_t i = 0; i < id->nr; i++)
		kst_store_free(id->store[i]);
	kst_free(id->store);
	kst_free(id->path);
	kst_free(id->entry);
	*id = (struct tls_identity){ .nr = 0 };
}

bool tls_identity_trusts(struct cli *cli, const struct tls_identity *id)
{
	struct kst_anchors *a = NULL;
	bool any = false;

	/* In a file of loose certificates each could be one; here each was meant to be sent. */
	if (id->nr != 1 || (kst_store_format(id->store[0])->caps & KST_CAP_LOOSE) || kst_anchors_new(&a, NULL) < 0)
		return false;
	if (kst_anchors_add_store(a, id->store[0], id->path, NULL) == 0)
		any = kst_anchors_count(a) > 0;
	kst_anchors_free(a);
	(void)cli;
	return any;
}

/* ---- whom one believes ---- */

int tls_judge_open(struct cli *cli, struct tls_judge *j, const char *option, enum kst_usage usage)
{
	j->option = option;
	j->there = true;
	j->req = (struct kst_verify_request){ .usage = usage, .max_depth = -1,
					      .strict = revoking_strict(j->opt.policy) };
	if (trusting_open(cli, &j->opt.trust, &j->anchors) < 0)
		return -1;
	j->req.anchors = j->anchors;
	return revoking_open(cli, &j->opt.crl, j->opt.revocation, &j->req, &j->revocations);
}

void tls_judge_release(struct tls_judge *j)
{
	kst_revocations_free(j->revocations);
	kst_anchors_free(j->anchors);
	j->revocations = NULL;
	j->anchors = NULL;
}

/* ---- seats ---- */

const struct tls_seat *tls_seat(const struct tls_view *v, enum kst_side side)
{
	return side == KST_SIDE_SERVER ? &v->server : &v->client;
}

const struct kst_party *tls_party(const struct tls_view *v, enum kst_side side)
{
	return side == KST_SIDE_SERVER ? &v->h->server : &v->h->client;
}

bool tls_target(const struct tls_view *v, enum kst_side side, struct verify_target *out)
{
	const struct tls_seat *seat = tls_seat(v, side);
	const struct kst_party *p = tls_party(v, side);

	if (!p->has_verdict || !seat->by)
		return false;
	*out = (struct verify_target){
		.cli = v->cli,
		.opt = &seat->by->opt,
		.source = seat->id ? seat->id->path : seat->name,
		.trust_option = seat->by->option,
		.entry = seat->id ? seat->id->entry : NULL,
		.has_key = seat->id && seat->id->nr == 1,
		.is_server = !seat->id && side == KST_SIDE_SERVER,
		.req = &seat->by->req,
		.v = &p->verdict,
	};
	return true;
}
