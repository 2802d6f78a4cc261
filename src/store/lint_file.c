/* SPDX-License-Identifier: ISC */
/* lint_file.c - the whole file: who can read it, how it is protected, what its name says */
#include "store/lint.h"

#include <string.h>
#include <sys/stat.h>

#define ITERATIONS_LEAST 10000

struct counts {
	size_t keys, trusted;
};

static struct counts count(const struct kst_store *s)
{
	struct counts n = { 0, 0 };

	for (size_t i = 0; i < s->model.nr; i++) {
		const struct kst_entry *e = s->model.item[i].entry;
		n.keys += e->kind == KST_KIND_KEY || e->kind == KST_KIND_SECRET;
		n.trusted += e->kind == KST_KIND_CERT && e->trusted;
	}
	return n;
}

static void check_access(struct kst_linter *l, const struct counts *n)
{
	const struct kst_store *s = l->store;

	if (n->keys && s->fd >= 0 && S_ISREG(s->st.st_mode) && (s->st.st_mode & 004))
		kst_problem_fix(l->out,
				kst_problem_add(l->out, KST_P_WORLD_READABLE, NULL,
						"everybody can read this file (mode %04o), and private keys are in it",
						(unsigned)s->st.st_mode & 07777),
				"chmod", "600", s->path, NULL);
}

static void check_passphrase(struct kst_linter *l, const struct counts *n)
{
	const struct kst_model *m = &l->store->model;
	bool empty = m->info.passphrase == KST_SOURCE_EMPTY;

	if (n->keys && (empty || m->info.passphrase == KST_SOURCE_CHANGEIT))
		kst_problem_fix(l->out,
				kst_problem_add(l->out, KST_P_DEFAULT_PASSPHRASE, NULL,
						"private keys are protected by %s, which everybody knows",
						empty ? "an empty passphrase" : "the passphrase \"changeit\""),
				"kstool", "passwd", l->store->path, NULL);
	for (size_t i = 0; m->has_pass && i < m->pass.len; i++)
		if (m->pass.data[i] > 0x7f) {
			kst_problem_fix(l->out,
					kst_problem_add(l->out, KST_P_NON_ASCII_PASS, NULL,
							"the passphrase has characters outside ASCII, which programs encode "
							"in different ways"),
					"kstool", "passwd", l->store->path, NULL);
			break;
		}
}

static bool is_legacy(const char *pbe)
{
	return *pbe && (strncmp(pbe, "PBES2 AES-", 10) != 0);
}

static void check_protection(struct kst_linter *l)
{
	const struct kst_store *s = l->store;
	const struct kst_info *info = &s->model.info;

	if (s->format->caps & KST_CAP_NATIVE)
		return;
	const struct kst_consumer *c = l->consumer;
	/* What a consumer needs is no fault of the file. */
	bool needs_3des = c && c->pbe == KST_PBE_3DES && strncmp(info->kdf, "PBE-SHA1-3DES", 13) == 0 &&
			  strncmp(info->kdf_parts, "PBE-SHA1-RC", 11) != 0;
	uint64_t least = c && c->iterations && c->iterations < ITERATIONS_LEAST ? c->iterations : ITERATIONS_LEAST;

	if (needs_3des)
		;
	else if (is_legacy(info->kdf))
		kst_lint_rewrite(l, kst_problem_add(l->out, KST_P_LEGACY_PBE, NULL, "encrypted with %s", info->kdf));
	else if (is_legacy(info->kdf_parts))
		kst_lint_rewrite(l, kst_problem_add(l->out, KST_P_LEGACY_PBE, NULL,
						    "the certificates are encrypted with %s", info->kdf_parts));
	if (info->iterations_least && info->iterations_least < least)
		kst_lint_rewrite(l, kst_problem_add(l->out, KST_P_LOW_ITERATIONS, NULL,
						    "the passphrase is stretched by %llu iteration%s only",
						    (unsigned long long)info->iterations_least,
						    info->iterations_least == 1 ? "" : "s"));
	if ((s->format->caps & KST_CAP_INTEGRITY) && info->integrity == KST_INTEGRITY_ABSENT) {
		struct kst_problem *f = kst_problem_add(l->out, KST_P_NO_MAC, NULL,
							info->encrypted ? "encrypted without MAC: anybody could have "
									  "changed it, and no other command opens it" :
									  "nothing protects the file from being altered");
		if (f && info->encrypted)
			f->severity = KST_SEVERITY_ERROR;
		kst_lint_rewrite(l, f);
	}
}

/* Keys that lie outside of any container: PEM and its likes say for each how it is encrypted. */
static void check_key_protection(struct kst_linter *l)
{
	const struct kst_store *s = l->store;

	for (size_t i = 0; i < s->model.nr; i++) {
		const struct kst_entry *e = s->model.item[i].entry;
		struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

		if (!(s->format->caps & KST_CAP_LOOSE) || e->kind != KST_KIND_KEY || !e->key ||
		    (!e->key->sealed.len && !e->key->dek_info))
			continue;
		kst_key_protection(e->key, &text);
		if (text.len && !text.failed && is_legacy((const char *)text.data))
			kst_lint_rewrite(l, kst_problem_add(l->out, KST_P_LEGACY_PBE, kst_lint_name(l, i, e),
							    "the private key is encrypted with %s",
							    (const char *)text.data));
	}
}

static bool says_truststore(const struct kst_store *s)
{
	const char *slash = strrchr(s->path, '/');
	const char *name = slash ? slash + 1 : s->path;

	return kst_text_holds_nocase(name, "trust") || kst_text_holds_nocase(name, "cacerts") ||
	       kst_text_holds_nocase(name, "ca-cert") || kst_text_holds_nocase(name, "ca-bundle");
}

static void check_roles(struct kst_linter *l, const struct counts *n)
{
	const struct kst_store *s = l->store;

	if (n->keys && says_truststore(s))
		kst_problem_fix(l->out,
				kst_problem_add(l->out, KST_P_KEY_IN_TRUSTSTORE, NULL,
						"the name says truststore, and %zu private %s in it: give the CAs a file of "
						"their own",
						n->keys, n->keys == 1 ? "key is" : "keys are"),
				"kstool", "trust", "cas.p12", s->path, "--create", NULL);
	else if (n->keys && n->trusted && !(s->format->caps & KST_CAP_LOOSE))
		kst_problem_fix(l->out,
				kst_problem_add(l->out, KST_P_MIXED_ROLES, NULL,
						"private keys and trusted CAs in one file: %zu and %zu", n->keys,
						n->trusted),
				"kstool", "trust", "cas.p12", s->path, "--create", NULL);
}

/* Java's and others' first words about a file whose name lies; people search for them. */
static const char *symptom(const struct kst_format *is, const struct kst_format *said)
{
	if ((said->caps & KST_CAP_BINARY) && !(is->caps & KST_CAP_BINARY))
		return " (\"toDerInputStream rejects tag type 45\", \"Invalid keystore format\")";
	if (!(said->caps & KST_CAP_BINARY) && (is->caps & KST_CAP_BINARY))
		return " (\"no start line\")";
	return "";
}

static void check_name(struct kst_linter *l)
{
	const struct kst_store *s = l->store;
	const struct kst_format *said = kst_format_by_path(s->path);

	/* .crt, .cer and .key are PEM or DER, whatever stands first in the table. */
	if (!said || said == s->format || ((said->caps & KST_CAP_LOOSE) && (s->format->caps & KST_CAP_LOOSE) &&
					   !strstr(s->path, ".pem") && !strstr(s->path, ".der")))
		return;
	const char *slash = strrchr(s->path, '/'), *dot = strrchr(slash ? slash : s->path, '.');
	char *right = kst_asprintf("%.*s%s", dot ? (int)(dot - s->path) : (int)strlen(s->path), s->path,
				   s->format->suffixes[0]);
	kst_problem_fix(l->out,
			kst_problem_add(l->out, KST_P_WRONG_EXTENSION, NULL, "is %s, and its name says %s%s",
					s->format->title, said->title, symptom(s->format, said)),
			"mv", s->path, right, NULL);
	kst_free(right);
}

void kst_lint_file(struct kst_linter *l)
{
	struct counts n = count(l->store);

	check_name(l);
	check_access(l, &n);
	check_passphrase(l, &n);
	check_protection(l);
	check_key_protection(l);
	check_roles(l, &n);
}
