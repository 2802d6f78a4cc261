/* SPDX-License-Identifier: ISC */
/*
 * consumer.c - who reads what: the table, and what of a store a consumer does not
 * see as it is meant
 */
#include "kstool/consumer.h"

#include <stdio.h>
#include <string.h>

#include "store/lint.h"

const struct kst_consumer kst_consumers[] = {
#include "store/consumer.def"
	{ .name = NULL }
};

const struct kst_consumer *kst_consumer_find(const char *name)
{
	for (const struct kst_consumer *c = kst_consumers; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The word of `list` that is `text`, or that `text` starts with in front of a size or curve. */
static bool lists(const char *list, const char *text, bool sizes)
{
	if (strcmp(list, "*") == 0)
		return true;
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, " ");
		if (strncmp(text, p, n) == 0 &&
		    (!text[n] || (sizes && text[n] == '-' &&
				  (is_digit(text[n + 1]) || (n == 2 && strncmp(p, "EC", 2) == 0)))))
			return true;
		p += n + strspn(p + n, " ");
	}
	return false;
}

bool kst_consumer_opens(const struct kst_consumer *c, const struct kst_format *f)
{
	return lists(c->formats, f->name, false);
}

bool kst_consumer_knows_key(const struct kst_consumer *c, const char *key_text)
{
	return lists(c->keys, key_text, true);
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

bool kst_consumer_reads_pbe(const struct kst_consumer *c, const char *text)
{
	if (!*text)
		return true;
	if (starts(text, "PBES2 AES-256-CBC, PBKDF2") || starts(text, "PBES2 AES-128-CBC, PBKDF2"))
		return c->reads & KST_READS_PBES2;
	if (starts(text, "PBES2 "))
		return c->reads & KST_READS_PBES2_ANY;
	if (starts(text, "PBE-SHA1-3DES") || starts(text, "PBE-SHA1-2DES"))
		return c->reads & KST_READS_3DES;
	return c->reads & KST_READS_RC2;
}

bool kst_consumer_reads_mac(const struct kst_consumer *c, const char *text)
{
	if (!*text)
		return c->reads & KST_READS_NO_MAC;
	if (starts(text, "PBMAC1"))
		return c->reads & KST_READS_PBMAC1;
	if (strcmp(text, "HMAC-SHA1") == 0)
		return c->reads & KST_READS_3DES;
	/* The KDF of this MAC is in no FIPS module, whatever the digest. */
	return (c->reads & KST_READS_PBES2) && c->mac == KST_MAC_HMAC;
}

void kst_consumer_apply(const struct kst_consumer *c, struct kst_write_options *w)
{
	w->pbe.pbe = c->pbe;
	w->mac = c->mac;
	w->as_told = true;
	if (!w->pbe.iterations)
		w->pbe.iterations = c->iterations;
	if (c->reads & KST_READS_JAVA)
		w->ascii_for = c->title;
}

/* ---- what it does not see as meant ---- */

/* A keystore proper: not objects that lie loose, nor the native store, which is for kstool alone. */
static bool is_container(const struct kst_format *f)
{
	return (f->caps & KST_CAP_ENCRYPTION) && !(f->caps & (KST_CAP_LOOSE | KST_CAP_NATIVE));
}

/* app.p12 for java8: app-java8.p12. */
static char *beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash ? slash : path, '.');
	if (!dot || dot == path || (slash && dot == slash + 1))
		return kst_asprintf("%s-%s.p12", path, name);
	return kst_asprintf("%.*s-%s%s", (int)(dot - path), path, name, dot);
}

static void unreadable(struct kst_linter *l, const char *why)
{
	const struct kst_consumer *c = l->consumer;
	const char *path = l->store->path;
	char *out = beside(path, c->name);
	struct kst_problem *f = kst_problem_add(l->out, KST_P_NOT_READABLE, NULL, "%s: %s cannot open it",
						why, c->title);
	if (f) {
		size_t n = strlen(f->slug), room = sizeof(f->slug) - n;
		strncat(f->slug, c->name, room - 1);
		kst_problem_fix(l->out, f, "kstool", "convert", path, "-o", out, "--for", c->name, NULL);
	}
	kst_free(out);
}

static void because(struct kst_buf *why, const char *what, const char *which)
{
	kst_buf_printf(why, "%s%s%s", why->len ? ", " : "", what, which);
}

/* As it lies there: encryption and MAC were read with it. */
static void check_protection(struct kst_linter *l)
{
	const struct kst_consumer *c = l->consumer;
	const struct kst_info *info = &l->store->model.info;
	struct kst_buf why KST_SCRATCH_BUF = KST_BUF_INIT;

	/* Java's keystores have protections of their own, which go with the format. */
	if (strcmp(l->store->format->name, "pkcs12") != 0)
		return;
	if (!kst_consumer_reads_pbe(c, info->kdf))
		because(&why, "encrypted with ", info->kdf);
	else if (!kst_consumer_reads_pbe(c, info->kdf_parts))
		because(&why, "certificates encrypted with ", info->kdf_parts);
	if (info->integrity == KST_INTEGRITY_ABSENT && !(c->reads & KST_READS_NO_MAC))
		because(&why, "without MAC", "");
	else if (info->integrity == KST_INTEGRITY_VERIFIED && !kst_consumer_reads_mac(c, info->mac))
		because(&why, "with a MAC of ", info->mac);
	if (c->most && info->iterations > c->most) {
		kst_buf_puts(&why, why.len ? ", " : "");
		kst_buf_printf(&why, "%llu iterations, of which it does %lu", (unsigned long long)info->iterations,
			       (unsigned long)c->most);
	}
	if (why.len && !why.failed)
		unreadable(l, (const char *)why.data);
}

static void check_key_type(struct kst_linter *l, const char *name, const struct kst_entry *e)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	if (e->key && !kst_key_is_sealed(e->key))
		kst_key_text(e->key, false, &text);
	else if (kst_entry_leaf(e))
		kst_cert_key_text(kst_entry_leaf(e), false, &text);
	if (!text.len || text.failed || kst_consumer_knows_key(l->consumer, (const char *)text.data))
		return;
	kst_problem_add(l->out, KST_P_KEY_TYPE, name, "%s is a kind of key that %s does not know",
			(const char *)text.data, l->consumer->title);
}

static void check_alias(struct kst_linter *l, const char *name, const struct kst_entry *e)
{
	char *lower = e->alias ? kst_text_lower(e->alias) : NULL;

	if (lower && strcmp(lower, e->alias) != 0)
		kst_problem_fix(l->out,
				kst_problem_add(l->out, KST_P_ALIAS_CASE, name,
						"%s sees it as \"%s\"", l->consumer->title, lower),
				"kstool", "rename", l->store->path, name, lower, NULL);
	kst_free(lower);
}

static void check_key(struct kst_linter *l, const char *name, struct kst_entry *e, bool writing)
{
	const struct kst_consumer *c = l->consumer;
	bool java = c->reads & KST_READS_JAVA;
	bool container = is_container(l->store->format);

	if (java && container && !e->chain.nr)
		kst_problem_add(l->out, KST_P_KEY_NOT_SEEN, name,
				"a private key without certificate: %s does not see it", c->title);
	else if (java && container && !writing && e->key && !e->key->sealed.len && e->key->pkcs8.len)
		kst_problem_add(l->out, KST_P_KEY_NOT_SEEN, name,
				"the private key is not encrypted: %s does not see it", c->title);
	if (!(c->reads & KST_READS_KEY_PASS) && container && kst_lint_own_pass(l->store, e))
		kst_problem_fix(l->out,
				kst_problem_add(l->out, KST_P_ENTRY_PASSPHRASE, name,
						"the private key has a passphrase of its own; %s asks for one only",
						c->title),
				"kstool", "passwd", l->store->path, NULL);
}

static void check_entry(struct kst_linter *l, size_t i, struct kst_entry *e, bool writing)
{
	const struct kst_consumer *c = l->consumer;
	const struct kst_format *f = l->store->format;
	const char *name = kst_lint_name(l, i, e);

	check_key_type(l, name, e);
	if ((c->reads & KST_READS_JAVA) && (f->caps & (KST_CAP_JAVA | KST_CAP_ALIAS_CASE)) &&
	    is_container(f))
		check_alias(l, name, e);
	switch (e->kind) {
	case KST_KIND_KEY:
		check_key(l, name, e, writing);
		break;
	case KST_KIND_CERT:
		/* Where objects lie loose, trust is the reader's decision. */
		if (!is_container(f))
			break;
		if (e->trusted && !(c->reads & KST_READS_ANCHORS))
			kst_problem_add(l->out, KST_P_TRUST_NOT_SEEN, name,
					"%s takes no trusted certificates from %s: give it a PEM file", c->title,
					f->title);
		else if (!e->trusted && (c->reads & KST_READS_JAVA))
			kst_problem_add(l->out, KST_P_TRUST_NOT_SEEN, name,
					"it is not marked as trusted: %s does not see it", c->title);
		break;
	case KST_KIND_SECRET:
		if (!(c->reads & KST_READS_SECRETS))
			kst_problem_add(l->out, KST_P_SECRET_NOT_SEEN, name, "%s reads no secret keys", c->title);
		break;
	case KST_KIND_CSR:
	case KST_KIND_CRL:
	case KST_KIND_OPAQUE:
		break;
	}
}

static void check_count(struct kst_linter *l)
{
	size_t keys = 0, certs = 0;
	struct kst_head h;

	if (!(l->consumer->reads & KST_READS_ONE_KEY) || !is_container(l->store->format))
		return;
	for (size_t i = 0; i < l->store->model.nr; i++)
		if (kst_store_head(l->store, i, &h, NULL) == 0) {
			keys += h.kind == KST_KIND_KEY;
			certs += h.nr_certs;
		}
	if (keys > 1 || certs > 1)
		kst_problem_add(l->out, KST_P_ONE_KEY, NULL,
				"pkcs12.Decode takes one key and one certificate, and there are %zu and %zu: "
				"ToPEM reads them", keys, certs);
}

int kst_consumer_check(struct kst_problems *out, const struct kst_consumer *c, struct kst_store *s,
		       const struct kst_write_options *w, struct kst_error *err)
{
	struct kst_linter l = { .out = out, .store = s, .consumer = c };

	if (!kst_consumer_opens(c, s->format))
		unreadable(&l, s->format->title);
	else if (!w && is_container(s->format))
		check_protection(&l);
	for (size_t i = 0; i < s->model.nr; i++) {
		struct kst_entry *e;
		if (kst_store_entry(s, i, &e, err) < 0)
			return -1;
		check_entry(&l, i, e, w != NULL);
	}
	check_count(&l);
	return out->failed ? kst_error_nomem(err) : 0;
}
