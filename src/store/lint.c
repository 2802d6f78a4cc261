/* SPDX-License-Identifier: ISC */
/*
 * lint.c - all checks over an open store, entry by entry
 *
 * Nothing here decides whom to trust; it says what programs will trip over.
 */
#include "store/lint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *kst_lint_name(struct kst_linter *l, size_t i, const struct kst_entry *e)
{
	if (e->alias && *e->alias && !e->alias_derived)
		return e->alias;
	snprintf(l->number, sizeof(l->number), "@%zu", i + 1);
	return l->number;
}

void kst_lint_rewrite(struct kst_linter *l, struct kst_problem *f)
{
	const struct kst_store *s = l->store;
	bool open_key = false, sealed_key = false, loose = s->format->caps & KST_CAP_LOOSE;
	const char *how, *value = NULL;

	for (size_t i = 0; i < s->model.nr; i++) {
		const struct kst_key *key = s->model.item[i].entry->key;
		sealed_key |= key && (key->sealed.len || key->dek_info);
		open_key |= key && !key->sealed.len && !key->dek_info;
	}
	if (s->model.has_pass || (loose && sealed_key)) {
		how = "--keep-pass";
	} else if (loose) {
		how = open_key ? "--plain-key" : NULL;
	} else {
		how = "--new-pass";
		value = "prompt";
	}
	/* What Java's own formats lack, no rewrite gives them. */
	if (!loose && strcmp(s->format->name, "pkcs12") != 0) {
		const char *slash = strrchr(s->path, '/'), *dot = strrchr(slash ? slash : s->path, '.');
		char *out = kst_asprintf("%.*s.p12", dot ? (int)(dot - s->path) : (int)strlen(s->path), s->path);
		kst_problem_fix(l->out, f, "kstool", "convert", s->path, "-o", out, how, value, NULL);
		kst_free(out);
		return;
	}
	if (kst_format_by_path(s->path) != s->format) /* what its name says it is not to become */
		kst_problem_fix(l->out, f, "kstool", "convert", s->path, "-o", s->path, "--to", s->format->to, "--replace",
				how, value, NULL);
	else
		kst_problem_fix(l->out, f, "kstool", "convert", s->path, "-o", s->path, "--replace", how, value, NULL);
}

bool kst_lint_own_pass(struct kst_store *s, struct kst_entry *e)
{
	if (!e->key || !kst_key_is_sealed(e->key) || !s->model.has_pass)
		return false;
	/* In memory only, where nobody looks at it but lint. */
	return kst_key_open_with(e->key, &s->model.pass, NULL) == 1;
}

/* ---- names ---- */

/* The name as the file has it, which the reader made legal and unique. */
static char *name_in_file(const struct kst_store *s, const struct kst_entry *e)
{
	char *name = e->alias_source.len ? kst_strndup((const char *)e->alias_source.data, e->alias_source.len)
		     : e->alias && !e->alias_derived ? kst_strdup(e->alias)
						     : NULL;
	if (name && !(s->format->caps & KST_CAP_ALIAS_CASE)) {
		char *lower = kst_text_lower(name);
		kst_free(name);
		name = lower;
	}
	return name;
}

struct named {
	char *name;
	size_t at;
};

static int by_name(const void *pa, const void *pb)
{
	const struct named *a = pa, *b = pb;
	int c = strcmp(a->name, b->name);
	return c ? c : (a->at > b->at) - (a->at < b->at);
}

static void duplicate_names(struct kst_linter *l, struct kst_entry *const *entry, size_t nr)
{
	struct named *list = kst_calloc(nr ? nr : 1, sizeof(*list));
	size_t n = 0;

	if (!list) {
		l->out->failed = true;
		return;
	}
	for (size_t i = 0; i < nr; i++) {
		list[n] = (struct named){ name_in_file(l->store, entry[i]), i };
		n += list[n].name != NULL;
	}
	qsort(list, n, sizeof(*list), by_name);
	for (size_t i = 1; i < n; i++) {
		size_t at = list[i].at;
		char again[24], other[64];
		if (strcmp(list[i - 1].name, list[i].name) != 0)
			continue;
		snprintf(again, sizeof(again), "@%zu", at + 1);
		snprintf(other, sizeof(other), "entry-%zu", at + 1);
		kst_problem_fix(l->out,
				kst_problem_add(l->out, KST_P_DUPLICATE_ALIAS, again,
						"\"%s\" is the name of entry @%zu too", list[i].name,
						list[i - 1].at + 1),
				"kstool", "rename", l->store->path, again, other, NULL);
	}
	for (size_t i = 0; i < n; i++)
		kst_free(list[i].name);
	kst_free(list);
}

static int by_cert(const void *pa, const void *pb)
{
	const struct kst_entry *const *a = pa, *const *b = pb;
	return memcmp(kst_cert_sha256((*a)->chain.cert[0]), kst_cert_sha256((*b)->chain.cert[0]), 32);
}

static void duplicate_certs(struct kst_linter *l, struct kst_entry *const *entry, size_t nr)
{
	const struct kst_entry **list = kst_calloc(nr ? nr : 1, sizeof(*list));
	size_t n = 0;

	if (!list) {
		l->out->failed = true;
		return;
	}
	for (size_t i = 0; i < nr; i++)
		if (entry[i]->kind == KST_KIND_CERT && entry[i]->chain.nr)
			list[n++] = entry[i];
	qsort(list, n, sizeof(*list), by_cert);
	for (size_t i = 1; i < n; i++) {
		struct kst_buf cn KST_SCRATCH_BUF = KST_BUF_INIT;
		size_t a = 0, b = 0;
		char first[24], second[24];
		if (by_cert(&list[i - 1], &list[i]) != 0)
			continue;
		while (entry[a] != list[i - 1])
			a++;
		while (entry[b] != list[i])
			b++;
		/* The one that stands later is the one to go. */
		snprintf(first, sizeof(first), "@%zu", (a < b ? a : b) + 1);
		snprintf(second, sizeof(second), "@%zu", (a < b ? b : a) + 1);
		kst_cert_name(list[i]->chain.cert[0], &cn);
		kst_problem_fix(l->out,
				kst_problem_add(l->out, KST_P_DUPLICATE_CERT, second,
						"\"%s\" is there as %s already", cn.data ? (char *)cn.data : "",
						first),
				"kstool", "remove", l->store->path, second, NULL);
	}
	kst_free(list);
}

/* ---- keys that miss their certificate ---- */

/* In a file of loose objects: a key without certificate beside a leaf without key.  Nobody means that. */
static void mismatch(struct kst_linter *l, struct kst_entry *const *entry, size_t nr)
{
	const struct kst_entry *key = NULL, *leaf = NULL;
	size_t at = 0;

	if (!(l->store->format->caps & KST_CAP_LOOSE))
		return;
	for (size_t i = 0; i < nr; i++) {
		const struct kst_entry *e = entry[i];
		if (e->kind == KST_KIND_KEY && !e->chain.nr) {
			key = e;
			at = i;
		} else if (e->kind == KST_KIND_CERT && e->chain.nr && !kst_cert_is_ca(e->chain.cert[0])) {
			leaf = e;
		}
	}
	if (!key || !leaf || kst_key_matches(key->key, leaf->chain.cert[0]) != 0)
		return;
	struct kst_buf cn KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_cert_name(leaf->chain.cert[0], &cn);
	kst_problem_fix(l->out,
			kst_problem_add(l->out, KST_P_KEY_MISMATCH, kst_lint_name(l, at, key),
					"the private key does not belong to the certificate of \"%s\"",
					cn.data ? (char *)cn.data : ""),
			"kstool", "show", l->store->path, NULL);
}

static void check_key(struct kst_linter *l, const char *name, struct kst_entry *e)
{
	const char *path = l->store->path;
	unsigned caps = l->store->format->caps;
	bool container = (caps & KST_CAP_ENCRYPTION) && !(caps & (KST_CAP_NATIVE | KST_CAP_LOOSE));

	(void)kst_lint_own_pass(l->store, e); /* which opens it, if it has none */
	if (e->key && e->chain.nr && kst_key_matches(e->key, e->chain.cert[0]) == 0) {
		char *csr = kst_asprintf("%s.csr", *name == '@' ? "request" : name);
		kst_problem_fix(l->out,
				kst_problem_add(l->out, KST_P_KEY_MISMATCH, name,
						"the certificate does not belong to the private key"),
				"kstool", "csr", path, name, "-o", csr, NULL);
		kst_free(csr);
	}
	if (container && e->key && !e->key->sealed.len && e->key->pkcs8.len)
		kst_lint_rewrite(l, kst_problem_add(l->out, KST_P_PLAIN_KEY, name,
						    "the private key is not encrypted"));
}

static void check_entry(struct kst_linter *l, size_t i, struct kst_entry *e)
{
	const char *name = kst_lint_name(l, i, e);

	if ((l->store->format->caps & KST_CAP_ALIASES) && !(l->store->format->caps & KST_CAP_LOOSE) &&
	    e->kind != KST_KIND_OPAQUE && !(e->alias && *e->alias)) {
		char *derived = kst_alias_derive(e);
		kst_problem_fix(l->out,
				kst_problem_add(l->out, KST_P_MISSING_ALIAS, name, "the entry has no name"),
				"kstool", "rename", l->store->path, name, derived ? derived : "entry", NULL);
		kst_free(derived);
	}
	switch (e->kind) {
	case KST_KIND_KEY:
		check_key(l, name, e);
		kst_lint_leaf(l, name, e);
		kst_lint_chain(l, name, e);
		break;
	case KST_KIND_CERT:
		kst_lint_anchor(l, name, e);
		break;
	case KST_KIND_CRL:
		kst_lint_crl(l, name, e);
		break;
	case KST_KIND_SECRET:
	case KST_KIND_CSR:
	case KST_KIND_OPAQUE:
		break;
	}
}

static int by_severity(const void *pa, const void *pb)
{
	const struct kst_problem *a = pa, *b = pb;
	return (b->severity > a->severity) - (b->severity < a->severity);
}

/* Errors first, else in the order in which they were found: qsort keeps no order, insertion does. */
static void sort(struct kst_problems *f)
{
	for (size_t i = 1; i < f->nr; i++) {
		struct kst_problem row = f->row[i];
		size_t k = i;
		for (; k > 0 && by_severity(&f->row[k - 1], &row) > 0; k--)
			f->row[k] = f->row[k - 1];
		f->row[k] = row;
	}
}

int kst_lint(struct kst_problems *out, struct kst_store *s, const struct kst_consumer *consumer,
	     struct kst_error *err)
{
	struct kst_linter l = { .out = out, .store = s, .consumer = consumer, .now = kst_time_now() };
	struct kst_entry **entry = kst_calloc(s->model.nr ? s->model.nr : 1, sizeof(*entry));
	int rc = entry ? 0 : kst_error_nomem(err);

	for (size_t i = 0; rc == 0 && i < s->model.nr; i++)
		rc = kst_store_entry(s, i, &entry[i], err);
	if (rc == 0) {
		if (consumer)
			rc = kst_consumer_check(out, consumer, s, NULL, err);
		kst_lint_file(&l);
		duplicate_names(&l, entry, s->model.nr);
		for (size_t i = 0; i < s->model.nr; i++)
			check_entry(&l, i, entry[i]);
		mismatch(&l, entry, s->model.nr);
		duplicate_certs(&l, entry, s->model.nr);
		kst_lint_loose_order(&l);
		sort(out);
	}
	kst_free(entry);
	return rc == 0 && out->failed ? kst_error_nomem(err) : rc;
}
