/* SPDX-License-Identifier: ISC */
/*
 * trust_under.c - CA certificates into every truststore below a directory
 *
 * What is a truststore is told by where it is and by what it holds: a name that
 * systems and languages give to theirs, or so many CAs that it can be nothing
 * else; --all takes whatever holds CAs alone.  One that fails stops no other.
 */
#include "cmd/found.h"
#include "cmd/trust_under.h"

#include <string.h>
#include <sys/stat.h>

#define LIST_LEAST 10 /* CAs in a file whose name alone says little */

/* ---- rows ---- */

struct under_row *under_row(struct under *u, const char *path, const char *role, const char *by)
{
	struct under_row *r;

	if (u->nr == u->size) {
		size_t size = u->size ? u->size * 2 : 32;
		struct under_row *grown = kst_realloc(u->row, size * sizeof(*grown));

		if (!grown) {
			kst_error_nomem(u->cli->err);
			return NULL;
		}
		u->row = grown;
		u->size = size;
	}
	r = &u->row[u->nr];
	*r = (struct under_row){ .path = kst_strdup(path), .role = role, .by = by };
	if (!r->path) {
		kst_error_nomem(u->cli->err);
		return NULL;
	}
	u->nr++;
	return r;
}

void under_failed(struct under *u, struct under_row *r)
{
	char *how = kst_asprintf("%s=file:PATH", r->path);

	r->action = kst_code_exit(u->cli->err->code) == 4 ? UNDER_LOCKED : UNDER_FAILED;
	if (r->action == UNDER_LOCKED && how && !u->cli->err->hint[0]) {
		kst_error_detail(u->cli->err, "it opens neither with \"changeit\" nor with an empty passphrase");
		cmd_again(u->cli, "for this file alone", NULL, (const char *const[]){ "--pass", how, NULL });
	}
	kst_free(how);
	r->error = kst_calloc(1, sizeof(*r->error));
	if (r->error)
		*r->error = *u->cli->err;
	u->status = cmd_failed(u->cli, u->status, false);
}

static const char *role_word(const struct kst_known *known)
{
	if (!known)
		return "other";
	switch (known->role) {
	case KST_PLACE_OS:
		return "system";
	case KST_PLACE_JAVA:
		return "java";
	case KST_PLACE_OWN:
		return "own";
	case KST_PLACE_ANCHOR:
		return "anchor";
	case KST_PLACE_NSS:
		return "nss";
	case KST_PLACE_COPY:
		break;
	}
	return "other";
}

/* ---- which files ---- */

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);

	return n > k && !strcmp(name + n - k, suffix);
}

static bool is_backup(const char *name)
{
	static const char *const suffix[] = { "~", ".bak", ".old", ".orig", ".save", ".rpmsave", ".rpmnew",
					      ".dpkg-old", ".dpkg-new", ".dpkg-dist", ".dpkg-bak", ".kstool-bak" };

	for (size_t i = 0; i < sizeof(suffix) / sizeof(*suffix); i++)
		if (ends_in(name, suffix[i]))
			return true;
	return false;
}

static bool is_source(const struct under *u, const struct kst_found *f)
{
	struct stat st;

	for (size_t i = 0; i < u->cli->nr; i++)
		if (stat(u->cli->operand[i], &st) == 0 && st.st_dev == f->dev && st.st_ino == f->ino)
			return true;
	return false;
}

/* A name that means one thing wherever it stands. */
static bool is_certain(const struct kst_known *k)
{
	return k && (k->role == KST_PLACE_OS || k->role == KST_PLACE_JAVA) && k->by;
}

/* Is it worth being opened? */
static bool may_be(const struct under *u, const struct kst_found *f)
{
	const struct kst_known *k = f->known;
	unsigned caps = f->format ? f->format->caps : KST_CAP_WRITE | KST_CAP_CERTS;

	if (is_backup(f->inside) || is_source(u, f))
		return false;
	if (k && (k->role == KST_PLACE_COPY || k->role == KST_PLACE_ANCHOR || k->role == KST_PLACE_NSS))
		return false;
	if (!(caps & KST_CAP_WRITE) || !(caps & KST_CAP_CERTS) || (caps & (KST_CAP_SINGLE | KST_CAP_NAMED)))
		return false;
	return k || u->opt->all || f->size >= KST_LIST_SIZE;
}

enum verdict { TAKE, LEAVE, HAS_KEYS };

static enum verdict judge(const struct under *u, const struct kst_found *f, const struct kst_contents *c)
{
	const struct kst_known *k = f->known;
	enum kst_truststore is = kst_contents_truststore(c, f->format);
	if (c->keys && is_certain(k))
		return HAS_KEYS;
	if (c->keys)
		return LEAVE;
	/* An empty one is one, where its name says so. */
	if (is_certain(k) && c->cas * 2 >= c->certs)
		return TAKE;
	/* Without keys, Java takes all that is in it for trusted: certificates that are pinned, too. */
	if (k && k->role == KST_PLACE_JAVA)
		return TAKE;
	if (is == KST_TRUSTSTORE_SURE || (is != KST_TRUSTSTORE_NO && u->opt->all))
		return TAKE;
	return k && k->role == KST_PLACE_OWN && c->cas >= LIST_LEAST && c->cas * 10 >= c->certs * 9 ? TAKE : LEAVE;
}

/* ---- one store ---- */

static bool has_all(const struct under *u, struct kst_store *s)
{
	struct kst_head h;

	for (size_t i = 0; i < u->picks.nr; i++) {
		const struct trust_pick *p = &u->picks.row[i];
		size_t at = p->why == KST_OK ? kst_store_find_cert(s, p->cert) : 0;

		if (p->why != KST_OK)
			continue;
		if (at == KST_NO_BASE || kst_store_head(s, at, &h, NULL) < 0 || h.kind != KST_KIND_CERT || !h.trusted)
			return false;
	}
	return true;
}

/*
 * The name in the store: the hook of ca-certificates-java looks for "debian:NAME.pem", and would add the
 * certificate once more.
 */
static int choose_alias(struct under *u, struct trust_job *job, const struct kst_found *f, size_t i, char **owned)
{
	const struct kst_known *k = f->known;

	kst_free(*owned);
	*owned = NULL;
	job->alias = u->opt->alias;
	if (!k || !k->by || strcmp(k->by, "ca-certificates-java") != 0)
		return 0;
	*owned = kst_asprintf("debian:%s.pem", u->name[i]);
	if (!*owned)
		return kst_error_nomem(u->cli->err);
	job->alias = kst_store_find_alias(job->store, *owned) == KST_NO_BASE ? *owned : NULL;
	return 0;
}

static int put_all(struct under *u, const struct kst_found *f, struct kst_store *s, struct under_row *r)
{
	struct trust_job job = { .cli = u->cli, .opt = u->opt, .store = s };
	struct kst_save_options save;
	struct kst_save_result res = { .written = false };
	char *alias = NULL;
	int ret = -1;

	for (size_t i = 0; i < u->picks.nr; i++)
		if (u->picks.row[i].why == KST_OK &&
		    (choose_alias(u, &job, f, i, &alias) < 0 || trust_put(&job, &u->picks.row[i]) < 0))
			goto done;
	if (target_save_options(u->cli, &u->opt->target, false, &save) < 0 ||
	    cmd_save(u->cli, s, &job.changes, &save, &res) < 0)
		goto done;
	for (size_t i = 0; i < job.changes.nr; i++)
		if (job.changes.row[i].action != CHANGE_UNCHANGED)
			r->action = UNDER_ADDED;
	ret = 0;
done:
	r->changes = job.changes;
	kst_free(alias);
	return ret;
}

/* Of what has no name that says so nobody knows that it is a truststore: that is no failure. */
static void does_not_open(struct under *u, const struct kst_found *f)
{
	struct kst_error *err = u->cli->err;
	bool locked = kst_code_exit(err->code) == 4;
	bool certain = is_certain(f->known) || (locked && f->known && f->known->role == KST_PLACE_JAVA);
	struct kst_error why = *err;
	struct under_row *r = NULL;

	kst_error_clear(err);
	if (certain || (u->opt->all && locked))
		r = under_row(u, f->path, role_word(f->known), f->known ? f->known->by : NULL);
	if (!r)
		return;
	r->type = f->format ? f->format->name : NULL;
	r->action = UNDER_LOCKED;
	*err = why;
	if (certain)
		under_failed(u, r);
	kst_error_clear(err);
}

static void look_at(struct under *u, const struct kst_found *f)
{
	struct kst_contents c;
	struct kst_store *s = NULL;
	struct under_row *r;
	enum verdict v;

	if (!may_be(u, f))
		return;
	if (found_open(u->cli, &u->quiet, f, false, &s) < 0 || kst_store_contents(s, &c, u->cli->err) < 0) {
		kst_store_free(s);
		does_not_open(u, f);
		return;
	}
	v = judge(u, f, &c);
	r = v == LEAVE ? NULL : under_row(u, f->path, role_word(f->known), f->known ? f->known->by : NULL);
	if (!r) {
		kst_store_free(s);
		return;
	}
	r->type = kst_store_format(s)->name;
	r->action = v == HAS_KEYS ? UNDER_SKIPPED : UNDER_UNCHANGED;
	r->passphrase = kst_store_info(s)->passphrase;
	if (f->link && !(r->link = kst_asprintf("%s%s", u->walk.root, f->link)))
		kst_error_nomem(u->cli->err);
	bool done = v == HAS_KEYS || has_all(u, s);
	kst_store_free(s);
	s = NULL;
	/* What has them all needs neither a lock nor the right to write. */
	if (!done && (found_open(u->cli, &u->quiet, f, true, &s) < 0 || put_all(u, f, s, r) < 0))
		under_failed(u, r);
	if (s)
		r->passphrase = kst_store_info(s)->passphrase;
	kst_store_free(s);
}

/* ---- NSS: the line to run ---- */

static char *fingerprint_ref(const struct kst_cert *cert)
{
	struct kst_buf ref KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_puts(&ref, "sha256:");
	kst_text_hex(&ref, kst_cert_sha256(cert), 32);
	return ref.failed ? NULL : kst_strndup((const char *)ref.data, ref.len);
}

static void put_words(struct kst_buf *out, const char *const *word)
{
	for (size_t k = 0; word[k]; k++) {
		if (k)
			kst_buf_u8(out, ' ');
		kst_text_shell(out, word[k]);
	}
}

static int by_hand(struct under *u, const struct kst_found *f)
{
	struct under_row *r = under_row(u, f->path, "nss", "nss");
	struct kst_buf all KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *slash = strrchr(f->path, '/');
	char *db = kst_asprintf("sql:%.*s", (int)(slash - f->path), f->path);

	if (!r || !db) {
		kst_free(db);
		return kst_error_nomem(u->cli->err);
	}
	r->type = "nss";
	r->action = UNDER_BY_HAND;
	for (size_t i = 0; i < u->picks.nr; i++) {
		const struct trust_pick *p = &u->picks.row[i];
		char *ref = fingerprint_ref(p->cert);
		const char *const from[] = { "kstool", "export", p->source, ref, NULL };
		const char *const word[] = { "certutil", "-A", "-d", db, "-t", "C,,", "-n", u->name[i],
					     u->file[i] ? "-i" : "-a", u->file[i], NULL };

		/* certutil takes the first certificate of a file alone. */
		if (ref && p->why == KST_OK) {
			if (all.len)
				kst_buf_u8(&all, '\n');
			if (!u->file[i]) {
				put_words(&all, from);
				kst_buf_puts(&all, " | ");
			}
			put_words(&all, word);
		}
		if (!ref)
			all.failed = true;
		kst_free(ref);
	}
	kst_free(db);
	r->command = kst_strndup(all.data ? (const char *)all.data : "", all.len);
	return all.failed || !r->command ? kst_error_nomem(u->cli->err) : 0;
}

/* ---- the whole ---- */

/* What a source trusts for some purposes alone, most of these stores would trust for all. */
static int check_purposes(struct under *u)
{
	for (size_t i = 0; i < u->picks.nr && !u->opt->purpose; i++) {
		const struct kst_entry *e = u->picks.row[i].from;

		if (u->picks.row[i].why != KST_OK || e->kind != KST_KIND_CERT ||
		    (!e->purposes.len && !e->distrusted.len))
			continue;
		kst_error_setx(u->cli->err, KST_E_CANNOT_HOLD,
			       "says what its certificates are trusted for, which truststores of Java and systems cannot");
		kst_error_subject(u->cli->err, "%s", u->picks.row[i].source);
		return cmd_again(u->cli, "to take those for servers", NULL,
				 (const char *const[]){ "--purpose", "server", NULL });
	}
	return 0;
}

static int name_picks(struct under *u)
{
	u->name = kst_calloc(u->picks.nr + 1, sizeof(*u->name));
	u->file = kst_calloc(u->picks.nr + 1, sizeof(*u->file));
	if (!u->name || !u->file)
		return kst_error_nomem(u->cli->err);
	for (size_t i = 0; i < u->picks.nr; i++) {
		struct kst_entry *e = kst_entry_new(KST_KIND_CERT);
		char *alias = NULL;

		if (e && kst_chain_push(&e->chain, u->picks.row[i].cert) == 0)
			alias = u->opt->alias ? kst_strdup(u->opt->alias) : kst_alias_derive(e);
		u->name[i] = alias ? kst_text_file_name(alias, "") : NULL;
		kst_free(alias);
		kst_entry_free(e);
		if (!u->name[i])
			return kst_error_nomem(u->cli->err);
	}
	return 0;
}

static int work(struct under *u, struct kst_store *const *src)
{
	struct cli *cli = u->cli;
	struct kst_save_options unused;

	if (target_save_options(cli, &u->opt->target, false, &unused) < 0 ||
	    trust_choose(&u->picks, cli, u->opt, src, cli->nr) < 0 || check_purposes(u) < 0 || name_picks(u) < 0 ||
	    kst_walk(&u->walk, u->opt->under, cli->drawn ? &cli->progress : NULL, cli->err) < 0 ||
	    under_anchors(u) < 0)
		return -1;
	for (size_t i = 0; i < u->walk.nr; i++)
		look_at(u, &u->walk.found[i]);
	for (size_t i = 0; i < u->walk.nr; i++)
		if (u->walk.found[i].known && u->walk.found[i].known->role == KST_PLACE_NSS &&
		    by_hand(u, &u->walk.found[i]) < 0)
			return -1;
	if (cli->err->code != KST_OK)
		return -1;
	return under_report(u);
}

static void release(struct under *u)
{
	for (size_t i = 0; i < u->nr; i++) {
		kst_free(u->row[i].path);
		kst_free(u->row[i].link);
		kst_free(u->row[i].error);
		kst_free(u->row[i].command);
		changes_release(&u->row[i].changes);
	}
	for (size_t i = 0; i < u->picks.nr; i++) {
		kst_free(u->name ? u->name[i] : NULL);
		kst_free(u->file ? u->file[i] : NULL);
	}
	kst_free(u->name);
	kst_free(u->file);
	kst_free(u->row);
	kst_anchor_dir_release(&u->anchors);
	kst_walk_release(&u->walk);
	trust_picks_release(&u->picks);
}

int trust_under(struct cli *cli, const struct trust_opts *opt)
{
	struct under u = { .cli = cli, .opt = opt, .quiet = found_asker(cli) };
	struct kst_store **src = kst_calloc(cli->nr, sizeof(*src));
	size_t opened = 0;
	int ret = -1;

	if (!src)
		return kst_error_nomem(cli->err);
	if (trust_open_sources(cli, cli->operand, cli->nr, src, &opened) == 0)
		ret = work(&u, src);
	release(&u);
	for (size_t i = 0; i < opened; i++)
		kst_store_free(src[i]);
	kst_free(src);
	return ret;
}
