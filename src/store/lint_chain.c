/* SPDX-License-Identifier: ISC */
/* lint_chain.c - the certificates behind a key: all there, each by the next, leaf first */
#include "store/lint.h"

#include <stdio.h>
#include <string.h>

#include "kstool/pem.h"

/* The first certificate that the one behind it did not issue; nr if there is none. */
static size_t first_break(const struct kst_chain *c)
{
	size_t i = 0;

	while (i + 1 < c->nr && kst_cert_issued_by(c->cert[i], c->cert[i + 1]))
		i++;
	return i + 1 < c->nr ? i : c->nr;
}

static void check_links(struct kst_linter *l, const char *name, const struct kst_entry *e)
{
	struct kst_chain sorted = { NULL, 0 };
	struct kst_buf a KST_SCRATCH_BUF = KST_BUF_INIT, b KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t at = first_break(&e->chain);
	struct kst_problem *f;
	bool complete;

	if (at == e->chain.nr)
		return;
	kst_cert_name(e->chain.cert[at], &a);
	kst_cert_name(e->chain.cert[at + 1], &b);
	if (kst_chain_build(&sorted, e->chain.cert[0], e->chain.cert, e->chain.nr, &complete, NULL) < 0)
		return;
	if (sorted.nr == e->chain.nr)
		f = kst_problem_add(l->out, KST_P_CHAIN_ORDER, name,
				    "\"%s\" stands behind \"%s\", which it did not issue",
				    b.data ? (char *)b.data : "", a.data ? (char *)a.data : "");
	else
		f = kst_problem_add(l->out, KST_P_CHAIN_BROKEN, name, "\"%s\" was not issued by \"%s\"",
				    a.data ? (char *)a.data : "", b.data ? (char *)b.data : "");
	kst_lint_rewrite(l, f);
	kst_chain_release(&sorted);
}

/* Does the store hold the issuer, as an entry of its own or in another chain? */
static bool has_issuer(struct kst_store *s, const struct kst_cert *cert)
{
	for (size_t i = 0; i < s->model.nr; i++) {
		const struct kst_entry *e = s->model.item[i].entry;
		for (size_t k = 0; e && k < e->chain.nr; k++)
			if (e->chain.cert[k] != cert && kst_cert_issued_by(cert, e->chain.cert[k]))
				return true;
	}
	return false;
}

/*
 * A leaf alone that somebody else issued.  What ends in an issuing CA is complete
 * enough: the root is for the other side to have.
 */
static void check_complete(struct kst_linter *l, const char *name, const struct kst_entry *e)
{
	const struct kst_cert *leaf = kst_entry_leaf(e);
	struct kst_buf issuer KST_SCRATCH_BUF = KST_BUF_INIT;

	if (e->chain.nr != 1 || kst_cert_is_self_issued(leaf))
		return;
	kst_cert_issuer_name(leaf, &issuer);
	struct kst_problem *f = kst_problem_add(l->out, KST_P_CHAIN_INCOMPLETE, name,
						"issuer \"%s\" is missing; clients may fail",
						issuer.data ? (char *)issuer.data : "");
	if (has_issuer(l->store, leaf)) {
		kst_lint_rewrite(l, f);
	} else if (f) {
		char *slug = NULL, *file = NULL;
		/* The file that the user has to get; its name says whose certificate it is. */
		if (issuer.len)
			slug = kst_text_lower((char *)issuer.data);
		for (char *p = slug; p && *p; p++)
			if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')))
				*p = '-';
		file = kst_asprintf("%s.pem", slug && *slug ? slug : "issuer");
		/* An entry without a name is found by what it lacks. */
		kst_problem_fix(l->out, f, "kstool", "import", l->store->path, file,
				*name == '@' ? NULL : "--alias", name, "--replace", NULL);
		kst_free(slug);
		kst_free(file);
	}
}

void kst_lint_chain(struct kst_linter *l, const char *name, const struct kst_entry *e)
{
	if (!e->chain.nr)
		return;
	check_links(l, name, e);
	check_complete(l, name, e);
}

/* ---- files of loose certificates: servers send them in the order of the file ---- */

/* Where the text has this certificate: the first whole line of its base64; -1: it does not stand like that. */
static ptrdiff_t position(const struct kst_store *s, const struct kst_cert *cert)
{
	struct kst_bytes der = kst_cert_der(cert);
	struct kst_buf line KST_SCRATCH_BUF = KST_BUF_INIT;

	if (der.len < 48 || !s->bytes.data)
		return -1;
	kst_base64(&line, der.data, 48);
	const uint8_t *at = line.failed ? NULL : memmem(s->bytes.data, s->bytes.len, line.data, line.len);
	return at ? at - s->bytes.data : -1;
}

/* The one certificate of the file that is no CA: of several nobody can say what the order should be. */
static struct kst_cert *single_leaf(const struct kst_store *s, struct kst_cert **pool, size_t *nr)
{
	struct kst_cert *leaf = NULL;
	size_t leaves = 0;

	*nr = 0;
	for (size_t i = 0; i < s->model.nr; i++) {
		const struct kst_entry *e = s->model.item[i].entry;
		for (size_t k = 0; k < e->chain.nr; k++) {
			pool[(*nr)++] = e->chain.cert[k];
			if (kst_cert_is_ca(e->chain.cert[k]))
				continue;
			leaf = e->chain.cert[k];
			leaves++;
		}
	}
	return leaves == 1 ? leaf : NULL;
}

/* The entries in the order that they should have: each certificate is one, where no key is. */
static void fix_order(struct kst_linter *l, struct kst_problem *f, const struct kst_chain *chain)
{
	char number[8][24];
	const char *w[8] = { NULL };

	for (size_t i = 0; i < chain->nr && i < 8; i++) {
		size_t at = kst_store_find_cert(l->store, chain->cert[i]);
		if (at == KST_NO_BASE)
			return;
		snprintf(number[i], sizeof(number[i]), "@%zu", at + 1);
		w[i] = number[i];
	}
	if (chain->nr > 8)
		return;
	char *out = kst_asprintf("%s.new", l->store->path);
	kst_problem_fix(l->out, f, "kstool", "export", l->store->path, "-o", out, w[0], w[1], w[2], w[3], w[4], w[5],
			w[6], w[7], NULL);
	kst_free(out);
}

void kst_lint_loose_order(struct kst_linter *l)
{
	struct kst_store *s = l->store;
	struct kst_chain chain = { NULL, 0 };
	size_t nr = 0;
	bool complete, ordered = true, key = false;

	if (!(s->format->caps & KST_CAP_LOOSE) || (s->format->caps & KST_CAP_BINARY))
		return;
	for (size_t i = 0; i < s->model.nr; i++) {
		nr += s->model.item[i].entry->chain.nr;
		key |= s->model.item[i].entry->kind == KST_KIND_KEY;
	}
	struct kst_cert **pool = kst_calloc(nr ? nr : 1, sizeof(*pool));
	struct kst_cert *leaf = pool ? single_leaf(s, pool, &nr) : NULL;
	if (leaf && nr > 1 && kst_chain_build(&chain, leaf, pool, nr, &complete, NULL) == 0) {
		ptrdiff_t last = -1;
		/* With certificates beside the chain it is a bundle, which has no order. */
		for (size_t i = 0; chain.nr == nr && i < chain.nr; i++) {
			ptrdiff_t at = position(s, chain.cert[i]);
			ordered &= at < 0 || at > last;
			last = at < 0 ? last : at;
		}
	}
	if (!ordered) {
		struct kst_buf cn KST_SCRATCH_BUF = KST_BUF_INIT;
		kst_cert_name(leaf, &cn);
		struct kst_problem *f = kst_problem_add(
			l->out, KST_P_CHAIN_ORDER, NULL,
			"the certificates do not stand in the order in which a server sends them, that of \"%s\" first",
			cn.data ? (char *)cn.data : "");
		if (key)
			kst_lint_rewrite(l, f);
		else
			fix_order(l, f, &chain);
	}
	kst_chain_release(&chain);
	kst_free(pool);
}
