/* SPDX-License-Identifier: ISC */
/* entries.c - sources, replies, and comparisons in words */
#include "cmd/entries.h"
#include "cmd/describe.h"

#include <string.h>
#include <unistd.h>

const char *const entries_roots[] = { "keep", "drop", NULL };
const char *const entries_purposes[] = { "server", "client", "email", "code", "any", NULL };

bool entries_drop_root(const char *root)
{
	return root && !strcmp(root, "drop");
}

int sources_open(struct cli *cli, struct sources *s, const char *const *path, size_t nr,
		 const struct opt_list *extra)
{
	size_t more = extra ? extra->nr : 0;

	s->store = kst_calloc(nr + more + 1, sizeof(*s->store));
	if (!s->store)
		return kst_error_nomem(cli->err);
	for (size_t i = 0; i < nr; i++, s->nr++)
		if (cmd_open(cli, path[i], &s->store[i]) < 0)
			return -1;
	for (size_t i = 0; i < more; i++, s->nr_extra++)
		if (cmd_open(cli, extra->item[i], &s->store[nr + i]) < 0)
			return -1;
	return 0;
}

void sources_close(struct sources *s)
{
	for (size_t i = 0; s->store && i < s->nr + s->nr_extra; i++)
		kst_store_free(s->store[i]);
	kst_free(s->store);
	*s = (struct sources){ .nr = 0 };
}

int sources_keep(struct cli *cli, struct sources *s, const struct opt_list *wanted)
{
	bool found_any = false;

	for (size_t j = 0; j < s->nr; j++) {
		size_t nr = kst_store_count(s->store[j]);
		bool *keep = kst_calloc(nr ? nr : 1, sizeof(*keep));

		if (!keep)
			return kst_error_nomem(cli->err);
		for (size_t w = 0; w < wanted->nr; w++) {
			struct kst_error miss = KST_ERROR_INIT;
			size_t i;

			if (!kst_store_find(s->store[j], wanted->item[w], &i, &miss))
				keep[i] = found_any = true;
			else if (s->nr == 1) {
				*cli->err = miss;
				kst_free(keep);
				return -1;
			}
		}
		for (size_t i = nr; i--;)
			if (!keep[i] && kst_store_remove(s->store[j], i, cli->err) < 0) {
				kst_free(keep);
				return -1;
			}
		kst_free(keep);
	}
	if (found_any)
		return 0;
	kst_error_setx(cli->err, KST_E_NO_ENTRY, "no source has an entry \"%s\"", wanted->item[0]);
	return kst_error_subject(cli->err, "--entry");
}

int entries_notice_swap(struct cli *cli)
{
	const struct kst_format *first = kst_format_by_path(cli->operand[0]);
	const struct kst_format *last = kst_format_by_path(cli->operand[cli->nr - 1]);

	/* A text file that exists first and a store last: nobody means that. */
	if (access(cli->operand[0], F_OK) < 0 || !first || !last || (first->caps & KST_CAP_BINARY) || !(last->caps & KST_CAP_BINARY) ||
	    (last->caps & KST_CAP_SINGLE))
		return 0;
	kst_error_setx(cli->err, KST_E_SWAPPED, "the store comes first, then what goes into it");
	kst_error_subject(cli->err, "%s", cli->operand[0]);
	return cmd_to_front(cli, cli->nr - 1);
}

void entries_warn_bare(struct cli *cli, const struct kst_format *f, const struct kst_entry *e)
{
	/* Where nothing is ever trusted (JSON Web Keys) a key without certificate is the rule. */
	if (e->kind == KST_KIND_KEY && !e->chain.nr && (f->caps & KST_CAP_CHAINS) &&
	    (f->caps & KST_CAP_TRUST))
		out_warn(cli->out, "key-without-certificate",
			 "%s: a private key without certificate: was its certificate forgotten?%s",
			 e->alias ? e->alias : "(no name)",
			 f->caps & KST_CAP_JAVA ? " Java cannot use it" : "");
}

char *entries_text(const struct kst_entry *e)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct kst_cert *leaf = kst_entry_leaf(e);
	char until[KST_TIME_TEXT];

	if (e->kind == KST_KIND_KEY) {
		kst_buf_puts(&b, "private key");
		if (e->chain.nr)
			kst_buf_printf(&b, " with %zu certificate%s", e->chain.nr,
				       e->chain.nr == 1 ? "" : "s");
		else
			kst_buf_puts(&b, " without certificate");
	} else if (leaf) {
		kst_cert_name(leaf, &b);
	} else {
		kst_buf_puts(&b, e->kind == KST_KIND_SECRET ? "secret key" :
				 e->kind == KST_KIND_CSR    ? "certificate request" :
				 e->kind == KST_KIND_CRL    ? "revocation list" :
				 e->label		    ? e->label :
							      "unknown");
	}
	if (leaf)
		kst_buf_printf(&b, ", until %s",
			       kst_time_text(kst_cert_not_after(leaf), KST_TIME_DATE, until));
	return kst_strndup((char *)b.data, b.len);
}

static bool same_key(const struct kst_cert *a, const struct kst_cert *b)
{
	struct kst_bytes x = kst_cert_spki(a), y = kst_cert_spki(b);

	return x.len == y.len && !memcmp(x.data, y.data, x.len);
}

static void put_names(const struct kst_cert *a, const struct kst_cert *b, struct kst_buf *out)
{
	size_t lost = kst_cert_names_lost(a, b), more = kst_cert_names_lost(b, a);

	if (!lost && !more)
		kst_buf_printf(out, "same %zu", kst_cert_san_count(b));
	if (lost)
		kst_buf_printf(out, "%zu fewer", lost);
	if (more)
		kst_buf_printf(out, "%s%zu new", lost ? ", " : "", more);
}

static void put_issuers(const struct kst_cert *a, const struct kst_cert *b, struct kst_buf *out)
{
	if (!(kst_cert_diff(a, b) & KST_DIFFERS_ISSUER)) {
		kst_buf_puts(out, "same");
		return;
	}
	if (kst_cert_is_self_issued(a))
		kst_buf_puts(out, "itself");
	else
		kst_cert_issuer_name(a, out);
	kst_buf_puts(out, " -> ");
	kst_cert_issuer_name(b, out);
}

char *entries_change_text(const struct kst_entry *now, const struct kst_entry *neu, bool whole)
{
	const struct kst_cert *a = kst_entry_leaf(now), *b = kst_entry_leaf(neu);
	struct kst_buf t KST_SCRATCH_BUF = KST_BUF_INIT;
	char from[KST_TIME_TEXT], to[KST_TIME_TEXT];

	if (!a || !b)
		return entries_text(neu);
	kst_buf_printf(&t, "until %s -> %s   %s key",
		       kst_time_text(kst_cert_not_after(a), KST_TIME_DATE, from),
		       kst_time_text(kst_cert_not_after(b), KST_TIME_DATE, to),
		       same_key(a, b) ? "same" : "other");
	/* What stays is of interest in a plan; what changes, always. */
	if (whole || (kst_cert_diff(a, b) & (KST_DIFFERS_NAMES_LOST | KST_DIFFERS_NAMES_NEW |
					     KST_DIFFERS_ISSUER)) ||
	    now->chain.nr != neu->chain.nr) {
		kst_buf_puts(&t, "\nnames: ");
		put_names(a, b, &t);
		kst_buf_puts(&t, "   issuer: ");
		put_issuers(a, b, &t);
		kst_buf_printf(&t, "   chain: %zu -> %zu", now->chain.nr, neu->chain.nr);
	}
	return t.failed ? NULL : kst_strndup((char *)t.data, t.len);
}

static void compare_line(const char *word, const struct kst_entry *e, const char *more,
			 struct kst_error *err)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct kst_cert *leaf = kst_entry_leaf(e);
	char until[KST_TIME_TEXT], left[KST_TIME_TEXT];

	if (!leaf) {
		kst_error_detail(err, "%s  a key without certificate", word);
		return;
	}
	kst_cert_name(leaf, &name);
	kst_error_detail(err, "%s  %s  until %s  (%s)%s", word, name.data ? (char *)name.data : "",
			 kst_time_text(kst_cert_not_after(leaf), KST_TIME_DATE, until),
			 kst_time_left(kst_cert_not_after(leaf), kst_time_now(), left), more);
}

void entries_compare(const struct kst_entry *now, const struct kst_entry *neu,
		     struct kst_error *err)
{
	const struct kst_cert *a = kst_entry_leaf(now), *b = kst_entry_leaf(neu);

	compare_line("now", now, "", err);
	compare_line("new", neu,
		     !a || !b ? "" : same_key(a, b) ? "  same key" : "  another key", err);
	char *text = a && b ? entries_change_text(now, neu, true) : NULL;
	const char *more = text ? strchr(text, '\n') : NULL;
	if (more)
		kst_error_detail(err, "%s", more + 1);
	kst_free(text);
}

bool entries_hash(const struct kst_entry *e, uint8_t out[32])
{
	const struct kst_cert *leaf = kst_entry_leaf(e);

	if (leaf)
		memcpy(out, kst_cert_sha256(leaf), 32);
	return leaf != NULL;
}

size_t entries_current(struct kst_store *s, const char *alias)
{
	size_t n = strlen(alias), tail = strlen(ENTRIES_NEXT), i = KST_NO_BASE;
	struct kst_head h;
	char *current;

	if (n <= tail || strcmp(alias + n - tail, ENTRIES_NEXT))
		return KST_NO_BASE;
	current = kst_strndup(alias, n - tail);
	if (current)
		i = kst_store_find_alias(s, current);
	kst_free(current);
	return i != KST_NO_BASE && !kst_store_head(s, i, &h, NULL) && h.kind == KST_KIND_KEY ?
		       i :
		       KST_NO_BASE;
}

size_t entries_key_for(struct kst_store *s, const struct kst_cert *cert, struct kst_entry **e)
{
	size_t nr = kst_store_count(s);

	for (size_t i = 0; i < nr; i++)
		if (!kst_store_entry(s, i, e, NULL) && (*e)->kind == KST_KIND_KEY && kst_entry_leaf(*e) &&
		    same_key(kst_entry_leaf(*e), cert))
			return i;
	for (size_t i = 0; i < nr; i++) {
		if (kst_store_entry(s, i, e, NULL) < 0 || (*e)->kind != KST_KIND_KEY ||
		    kst_entry_leaf(*e))
			continue;
		if (kst_store_open_key(s, i, NULL) < 0 || kst_store_entry(s, i, e, NULL) < 0)
			continue;
		if (kst_key_matches((*e)->key, cert) == 1)
			return i;
	}
	return KST_NO_BASE;
}

/* The source that holds a certificate; the first that holds a private key. */
static const char *source_of_cert(const struct sources *src, const struct kst_cert *cert)
{
	for (size_t i = 0; i < src->nr; i++)
		if (kst_store_find_cert(src->store[i], cert) != KST_NO_BASE)
			return kst_store_path(src->store[i]);
	return "-";
}

static const char *source_of_key(const struct sources *src)
{
	struct kst_head h;

	for (size_t i = 0; i < src->nr; i++)
		for (size_t k = 0; k < kst_store_count(src->store[i]); k++)
			if (!kst_store_head(src->store[i], k, &h, NULL) && h.kind == KST_KIND_KEY)
				return kst_store_path(src->store[i]);
	return "-";
}

int entries_mismatch(struct cli *cli, const struct sources *src, const struct kst_gathered *g,
		     struct kst_store *s)
{
	const struct kst_entry *key = NULL, *cert = NULL;
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT, text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_entry *e;

	for (size_t i = 0; i < g->nr; i++) {
		const struct kst_entry *now = g->entry[i];

		if (now->kind == KST_KIND_KEY && !now->chain.nr && !key)
			key = now;
		else if (now->kind == KST_KIND_CERT && !now->trusted && !cert &&
			 !kst_cert_is_ca(now->chain.cert[0]) &&
			 (!s || entries_key_for(s, now->chain.cert[0], &e) == KST_NO_BASE))
			cert = now;
	}
	if (!key || !cert)
		return 0;
	kst_cert_name(cert->chain.cert[0], &name);
	kst_key_text(key->key, false, &text);
	kst_error_setx(cli->err, KST_E_KEY_MISMATCH,
		       "the certificate \"%s\" does not belong to the private key (%s)",
		       name.data ? (char *)name.data : "", text.data ? (char *)text.data : "?");
	kst_error_subject(cli->err, "%s", source_of_cert(src, cert->chain.cert[0]));
	kst_error_detail(cli->err, "the key is in %s, and their public keys differ", source_of_key(src));
	return kst_error_command(cli->err, "kstool", "show", source_of_key(src),
				 source_of_cert(src, cert->chain.cert[0]), NULL);
}

bool entries_not_worse(const struct kst_entry *now, const struct kst_entry *neu)
{
	const struct kst_cert *a = kst_entry_leaf(now), *b = kst_entry_leaf(neu);

	if (!a)
		return true;
	if (!b || kst_cert_not_after(b) < kst_cert_not_after(a) || neu->chain.nr < now->chain.nr)
		return false;
	unsigned differs = kst_cert_diff(a, b) &
			   (KST_DIFFERS_KEY | KST_DIFFERS_NAMES_LOST | KST_DIFFERS_ISSUER);
	/* Of a place holder every CA is a better issuer. */
	return !differs || (differs == KST_DIFFERS_ISSUER && kst_cert_is_self_issued(a));
}

int entries_reply(struct kst_entry **out, struct kst_store *s, size_t i, const struct kst_entry *now,
		  struct kst_cert *leaf, const struct kst_gathered *pool, bool drop_root,
		  struct kst_error *err)
{
	struct kst_chain all = { .nr = 0 }, chain = { .nr = 0 };
	struct kst_entry *e = NULL;
	bool complete = false;
	int ret = -1;

	/* Issuers come from the reply first, then from the old chain and the store. */
	for (size_t k = 0; k < pool->nr; k++)
		for (size_t c = 0; c < pool->entry[k]->chain.nr; c++)
			if (kst_chain_push(&all, pool->entry[k]->chain.cert[c]) < 0)
				goto nomem;
	for (size_t c = 1; c < now->chain.nr; c++)
		if (kst_chain_push(&all, now->chain.cert[c]) < 0)
			goto nomem;
	for (size_t k = 0; k < kst_store_count(s); k++) {
		struct kst_entry *other;

		/* An entry of a later kind has no certificates to offer. */
		if (k == i || kst_store_entry(s, k, &other, NULL) < 0)
			continue;
		for (size_t c = other->kind == KST_KIND_KEY; c < other->chain.nr; c++)
			if (kst_chain_push(&all, other->chain.cert[c]) < 0)
				goto nomem;
	}
	if (kst_chain_build(&chain, leaf, all.cert, all.nr, &complete, err) < 0)
		goto done;
	if (kst_entry_copy(&e, now, err) < 0)
		goto done;
	if (drop_root && complete && chain.nr > 1)
		kst_cert_free(chain.cert[--chain.nr]);
	/* Bag attributes were those of the old certificates. */
	for (size_t k = 0; e->cert_attrs && k < e->chain.nr; k++)
		kst_blob_release(&e->cert_attrs[k]);
	kst_free(e->cert_attrs);
	e->cert_attrs = NULL;
	kst_chain_release(&e->chain);
	e->chain = chain;
	chain = (struct kst_chain){ .nr = 0 };
	*out = e;
	e = NULL;
	ret = 0;
	goto done;
nomem:
	kst_error_nomem(err);
done:
	kst_entry_free(e);
	kst_chain_release(&chain);
	kst_chain_release(&all);
	return ret;
}
