/* SPDX-License-Identifier: ISC */
/* ca_order.c - orders become certificates and files, group by group */
#include "cmd/ca_order.h"
#include "cmd/ca_ours.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Certificates that share each commit and each file of pending keys. */
#define GROUP 100
/* Threads that write files mostly wait for the disk. */
#define WRITERS 8
#define WRITERS_MAX 32

/* Of an order that does not say its kind of key. */
#define ALG_DEFAULT "p256"

/* ---- orders ---- */

static int put(char **to, const char *text)
{
	*to = text ? kst_strdup(text) : NULL;
	return text && !*to ? -1 : 0;
}

/* Everything that makes one order another one than the next: the row of a file, word by word, and what of it
 * is not as it is by default. */
static char *identity(const struct order *r, const struct kst_ca_order *a, long days)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_printf(&b, "%s\n%ld\n%s\n%s\n%s", kst_profile_name(a->profile), days, r->name,
		       r->alias ? r->alias : "", r->subject ? r->subject : "");
	for (size_t i = 0; i < r->sans.nr; i++)
		kst_buf_printf(&b, "\n%d:%s", (int)r->sans.san[i].type, r->sans.san[i].value);
	if (a->must_staple)
		kst_buf_puts(&b, "\nmust-staple");
	if (!a->spki.len && a->alg && strcmp(a->alg, ALG_DEFAULT) != 0)
		kst_buf_printf(&b, "\nalg %s", a->alg);
	if (r->like) { /* once for each certificate that is renewed */
		kst_buf_printf(&b, "\nrenews%s ", a->spki.len ? "" : " with a new key");
		ca_serial_text(r->like, &b);
	}
	return b.failed ? NULL : kst_strdup((const char *)b.data);
}

static int64_t cut(int64_t seconds, long percent)
{
	uint32_t random;
	int64_t most = seconds * percent / 100;

	if (most <= 0 || getrandom(&random, sizeof(random), 0) != sizeof(random))
		return seconds;
	return seconds - (int64_t)((double)random / 4294967296.0 * (double)most);
}

/* A server's CN must be one of its names (CA/Browser Forum BR 7.1.4.3), a client's is its own; what is
 * longer than X.520 allows stands in the SAN alone. */
#define CN_MAX 64
static char *default_subject(const struct order *r, enum kst_profile profile)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *cn = r->name;

	for (size_t i = 0; profile != KST_PROFILE_CLIENT && i < r->sans.nr; i++)
		if (r->sans.san[i].type == KST_SAN_DNS || r->sans.san[i].type == KST_SAN_IP) {
			cn = r->sans.san[i].value;
			break;
		}
	if (strlen(cn) > CN_MAX)
		return kst_strdup("");
	kst_buf_puts(&b, "CN=");
	kst_ca_dn_escape(&b, cn);
	return b.failed ? NULL : kst_strdup((const char *)b.data);
}

static int check_name(const char *name, struct kst_error *err)
{
	if (kst_alias_ok(name, strlen(name), 255))
		return 0;
	return kst_error_setx(err, KST_E_BAD_VALUE,
			      "a name has 1 to 255 bytes of UTF-8, no control characters, no blanks at its ends");
}

static int grow(struct orders *o)
{
	size_t size = o->size ? o->size * 2 : 16;
	struct order *row;
	struct kst_ca_order *ask;

	if (o->nr < o->size)
		return 0;
	row = kst_realloc(o->row, size * sizeof(*row));
	if (!row)
		return -1;
	o->row = row;
	ask = kst_realloc(o->ask, size * sizeof(*ask));
	if (!ask)
		return -1;
	o->ask = ask;
	o->size = size;
	return 0;
}

int orders_fail(struct orders *o, const struct kst_error *why)
{
	struct kst_ca_order *a = &o->ask[o->nr - 1];

	a->fate = KST_CA_FAILED;
	a->err = kst_calloc(1, sizeof(*a->err));
	if (!a->err)
		return -1;
	*a->err = *why;
	return 0;
}

int orders_add(struct orders *o, const char *name, const char *alias, const char *subject, struct ca_sans *sans,
	       size_t line, const struct order_terms *t, struct kst_error *err)
{
	struct kst_error why = KST_ERROR_INIT;
	struct kst_ca_order *a;
	int64_t now = kst_time_now();
	struct order *r;

	if (grow(o) < 0) {
		ca_sans_release(sans);
		return kst_error_nomem(err);
	}
	r = &o->row[o->nr];
	a = &o->ask[o->nr++];
	memset(r, 0, sizeof(*r));
	memset(a, 0, sizeof(*a));
	r->sans = *sans;
	*sans = (struct ca_sans){ .nr = 0 };
	r->line = line;
	a->profile = t->profile;
	a->not_before = now;
	a->not_after = now + cut(t->days * INT64_C(86400), t->jitter);
	a->alg = t->alg;
	a->once = t->once;
	a->revoked_stays = t->revoked_stays;
	if (t->before)
		a->due = now + (t->before_percent ? t->days * INT64_C(86400) * t->before / 100 : t->before);
	a->must_staple = t->must_staple;
	r->like = t->like ? kst_cert_ref(t->like) : NULL;
	if (r->like && t->same_key)
		a->spki = kst_cert_spki(r->like);
	if (put(&r->name, name) < 0 || put(&r->alias, alias) < 0 || ca_files_paths(&o->files, name, r->path) < 0)
		return kst_error_nomem(err);
	if (r->like)
		a->subject_der = kst_cert_subject_der(r->like);
	r->subject = r->like ? kst_strdup("") : subject ? kst_strdup(subject) : default_subject(r, t->profile);
	r->batch = r->subject ? identity(r, a, t->days) : NULL;
	if (!r->batch)
		return kst_error_nomem(err);
	a->name = r->name;
	a->alias = r->alias;
	a->batch = r->batch;
	a->subject = *r->subject ? r->subject : NULL;
	a->san = r->sans.san;
	a->nr_san = r->sans.nr;
	if (check_name(name, &why) < 0)
		return orders_fail(o, &why) < 0 ? kst_error_nomem(err) : 0;
	return 0;
}

void orders_release(struct orders *o)
{
	for (size_t i = 0; i < o->nr; i++) {
		struct order *r = &o->row[i];

		kst_ca_order_release(&o->ask[i]);
		ca_sans_release(&r->sans);
		kst_free(r->name);
		kst_free(r->alias);
		kst_free(r->subject);
		kst_free(r->batch);
		kst_free(r->alg);
		kst_free(r->path[0]);
		kst_free(r->path[1]);
		kst_cert_free(r->like);
	}
	kst_free(o->row);
	kst_free(o->ask);
	ca_files_release(&o->files);
	kst_ca_free(o->ca);
}

/* ---- what is there ---- */

static int by_path(const void *a, const void *b)
{
	const struct order *const *x = a, *const *y = b;
	int c = strcmp((*x)->path[0], (*y)->path[0]);

	return c ? c : *x < *y ? -1 : 1;
}

/* trust.pem and the manifest are nobody's certificate. */
static void check_reserved(struct orders *o)
{
	for (size_t i = 0; i < o->nr; i++)
		for (int k = 0; k < 2 && o->row[i].path[k]; k++) {
			struct kst_ca_order *a = &o->ask[i];
			struct kst_error why = KST_ERROR_INIT;

			if (a->fate == KST_CA_FAILED || (ca_reserved(o, o->row[i].path[k], &why) == 0 &&
							 (k || ca_own_pass(o, &o->row[i], &why) == 0)))
				continue;
			a->fate = KST_CA_FAILED;
			a->err = kst_calloc(1, sizeof(*a->err));
			if (a->err)
				*a->err = why;
		}
}

/* Two orders with one file: the second one is wrong. */
static int check_twice(struct orders *o, struct kst_error *err)
{
	struct order **sorted = kst_calloc(o->nr + 1, sizeof(struct order *));

	if (!sorted)
		return kst_error_nomem(err);
	for (size_t i = 0; i < o->nr; i++)
		sorted[i] = &o->row[i];
	qsort(sorted, o->nr, sizeof(struct order *), by_path);
	for (size_t i = 1; i < o->nr; i++) {
		struct kst_ca_order *a = &o->ask[sorted[i] - o->row];

		if (strcmp(sorted[i]->path[0], sorted[i - 1]->path[0]) != 0 || a->fate == KST_CA_FAILED)
			continue;
		a->fate = KST_CA_FAILED;
		a->err = kst_calloc(1, sizeof(*a->err));
		kst_error_setx(a->err, KST_E_BAD_VALUE,
			       sorted[i - 1]->line ? "line %zu has this name already" : "is named twice",
			       sorted[i - 1]->line);
	}
	kst_free(sorted);
	return 0;
}

static int count_ours(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	const struct orders *o = ((void **)ctx)[0];

	(void)err;
	/* Without --if-missing only what was begun and never handed out goes on over its own file. */
	if (o->lenient || !row->delivered)
		*(size_t *)((void **)ctx)[1] += 1;
	return 0;
}

static int refuse(struct kst_ca_order *a, const char *path, const char *why)
{
	a->fate = KST_CA_FAILED;
	if (!a->err)
		a->err = kst_calloc(1, sizeof(*a->err));
	kst_error_setx(a->err, KST_E_EXISTS, "%s", why);
	kst_error_subject(a->err, "%s", path);
	kst_error_hint(a->err, "add --replace to write over it");
	return 0;
}

/* A file that is there is replaced only where it is one of ours, or where somebody said so.  Whether it can
 * be one is known without any secret. */
static int check_files(struct orders *o, size_t i, struct kst_error *err)
{
	struct order *r = &o->row[i];
	struct kst_ca_query q = { .name = r->name };
	size_t ours = 0;
	void *ctx[2] = { o, &ours };

	r->replaces = ca_files_exist(r->path);
	if (!r->replaces || o->files.replace)
		return 0;
	if (kst_ca_each(o->ca, &q, count_ours, ctx, err) < 0)
		return -1;
	return ours ? 0 : refuse(&o->ask[i], access(r->path[0], F_OK) == 0 ? r->path[0] : r->path[1], "exists already");
}

/* And that it is one, with the passphrase that it will have, or has. */
struct opened {
	const struct orders *o;
	const size_t *at; /* row of each */
	struct kst_store *s[WRITERS_MAX][2];
};

/* A passphrase is slow to try, and that is meant: many at once, as they are written. */
static void open_files(void *ctx, size_t i)
{
	struct opened *d = ctx;
	const struct order *r = &d->o->row[d->at[i]];

	for (int k = 0; k < 2 && r->path[k]; k++)
		if (access(r->path[k], F_OK) == 0)
			(void)!ca_files_open(&d->o->files, r->name, r->path[k], &d->s[i][k], NULL);
}

static int check_content(struct cli *cli, struct orders *o, size_t i, struct kst_store *s[2])
{
	struct order *r = &o->row[i];

	for (int k = 0; k < 2 && r->path[k]; k++) {
		int rc;

		if (access(r->path[k], F_OK) < 0)
			continue;
		if (!s[k] && !o->source) {
			struct kst_open_options open = cmd_open_options(cli, false);

			(void)!kst_store_open(&s[k], r->path[k], &open, NULL);
		}
		rc = s[k] ? ca_ours(o, r->name, NULL, s[k], NULL, cli->err) : 0;
		if (rc < 0)
			return -1;
		if (!rc)
			return refuse(&o->ask[i], r->path[k],
				      s[k] ? "holds something that is none of this name's certificates" :
					     "exists already, and cannot be opened to see what it is");
	}
	return 0;
}

static int check_some(struct cli *cli, struct orders *o, const size_t *at, size_t nr, size_t *todo)
{
	struct opened d = { .o = o, .at = at };
	unsigned threads = o->jobs < WRITERS_MAX ? o->jobs : WRITERS_MAX;
	int ret = 0;

	kst_parallel(threads, nr, open_files, &d, NULL, "", 0, 0);
	for (size_t i = 0; i < nr; i++) {
		if (!ret)
			ret = check_content(cli, o, at[i], d.s[i]);
		*todo -= o->ask[at[i]].fate != KST_CA_MADE;
		kst_store_free(d.s[i][0]);
		kst_store_free(d.s[i][1]);
	}
	return ret;
}

static int check_contents(struct cli *cli, struct orders *o, size_t *todo)
{
	size_t at[WRITERS_MAX], nr = 0;

	for (size_t i = 0; i < o->nr; i++) {
		if (o->ask[i].fate == KST_CA_MADE && o->row[i].replaces && !o->files.replace)
			at[nr++] = i;
		if (nr && (nr == WRITERS_MAX || i + 1 == o->nr)) {
			if (check_some(cli, o, at, nr, todo) < 0)
				return -1;
			nr = 0;
		}
	}
	return 0;
}

/* Orders that failed before stay failed. */
static int look(struct orders *o, size_t *todo, struct kst_error *err)
{
	*todo = 0;
	for (size_t i = 0; i < o->nr; i++) {
		size_t one;

		if (o->ask[i].fate == KST_CA_FAILED)
			continue;
		if (kst_ca_look(o->ca, &o->ask[i], 1, &one, err) < 0)
			return -1;
		if (o->ask[i].fate == KST_CA_THERE) {
			o->row[i].there_without_file = !ca_files_exist(o->row[i].path);
			/* Who asks for one certificate wants its file; a batch was handed out, perhaps. */
			if (!o->row[i].there_without_file || o->source)
				continue;
			kst_cert_free(o->ask[i].cert);
			o->ask[i].cert = NULL;
			o->ask[i].once = false;
			o->ask[i].fate = KST_CA_MADE;
		}
		if (check_files(o, i, err) < 0)
			return -1;
		*todo += o->ask[i].fate == KST_CA_MADE;
	}
	return 0;
}

/* ---- making ---- */

struct delivery {
	struct orders *o;
	bool *delivered;
	struct kst_ca_order *first; /* of the group */
	const size_t *at; /* row of each */
};

static void deliver(void *ctx, size_t i)
{
	struct delivery *d = ctx;
	struct kst_ca_order *a = &d->first[i];
	struct kst_error err = KST_ERROR_INIT;

	if (a->fate != KST_CA_MADE && a->fate != KST_CA_RESUMED)
		return;
	if (ca_files_write(&d->o->files, a, d->o->row[d->at[i]].path, &err) == 0) {
		d->delivered[i] = true;
		return;
	}
	/* It stays one that was made, and its key is kept, until the library knows what was delivered. */
	a->err = kst_calloc(1, sizeof(*a->err));
	if (a->err)
		*a->err = err;
}

/* A group of orders that are to be made: `at` are their rows. */
static int make_group(struct cli *cli, struct orders *o, const size_t *at, size_t nr, size_t done, size_t todo)
{
	struct kst_ca_order group[GROUP];
	bool delivered[GROUP] = { false };
	struct kst_ca_issue_options opt = {
		.threads = o->jobs,
		.progress = cli->drawn ? &cli->progress : NULL,
		.done = done,
		.total = todo,
	};
	struct delivery d = { .o = o, .first = group, .delivered = delivered, .at = at };
	unsigned writers = o->jobs > 1 || nr > 1 ? o->jobs * WRITERS : 1;
	struct kst_ca_made *made = NULL;
	int ret;

	for (size_t i = 0; i < nr; i++)
		group[i] = o->ask[at[i]];
	ret = kst_ca_issue(o->ca, group, nr, &opt, &made, cli->err);
	if (!ret) {
		kst_parallel(writers < WRITERS_MAX ? writers : WRITERS_MAX, nr, deliver, &d, NULL, "", 0, 0);
		ret = kst_ca_deliver(o->ca, made, group, delivered, nr, cli->err);
	}
	kst_ca_made_free(made);
	for (size_t i = 0; i < nr; i++) {
		if ((group[i].fate == KST_CA_MADE || group[i].fate == KST_CA_RESUMED) && !delivered[i])
			group[i].fate = KST_CA_FAILED;
		/* A key is not kept in memory for those that come after it. */
		kst_key_free(group[i].key);
		group[i].key = NULL;
		kst_buf_release(&group[i].tbs);
		o->ask[at[i]] = group[i];
	}
	return ret;
}

static int make_all(struct cli *cli, struct orders *o, size_t todo)
{
	size_t at[GROUP], nr = 0, done = 0;

	for (size_t i = 0; i < o->nr; i++) {
		if (o->ask[i].fate == KST_CA_MADE)
			at[nr++] = i;
		if (nr && (nr == GROUP || i + 1 == o->nr)) {
			if (make_group(cli, o, at, nr, done, todo) < 0)
				return -1;
			done += nr;
			nr = 0;
		}
	}
	return 0;
}

/* ---- what a killed run left beside its files ---- */

/* ".NAME.p12.<16 hex>.tmp": the stem ("NAME") is cut out of it.  False: it is nothing of that kind. */
static bool stem_of(char *file)
{
	size_t n = strlen(file);
	char *dot;

	if (file[0] != '.' || n < 23 || strcmp(file + n - 4, ".tmp") != 0 || file[n - 21] != '.' ||
	    strspn(file + n - 20, "0123456789abcdef") != 16)
		return false;
	file[n - 21] = '\0';
	dot = strrchr(file + 1, '.');
	if (!dot)
		return false;
	*dot = '\0';
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All rows are done and nobody else works on one: what is unfinished beside their files is of the dead. */
static void sweep(const struct orders *o)
{
	char **stem = kst_calloc(o->nr + 1, sizeof(*stem));
	DIR *d = stem ? opendir(o->files.dir) : NULL;
	struct dirent *e;

	for (size_t i = 0; d && i < o->nr; i++) {
		stem[i] = kst_text_file_name(o->row[i].name, "");
		if (!stem[i])
			goto done;
	}
	if (d)
		qsort(stem, o->nr, sizeof(*stem), by_text);
	while (d && (e = readdir(d))) {
		char file[sizeof(e->d_name)], *key = file + 1;

		memcpy(file, e->d_name, strlen(e->d_name) + 1);
		if (stem_of(file) && (bsearch(&key, stem, o->nr, sizeof(*stem), by_text) || !strcmp(key, "manifest")))
			unlinkat(dirfd(d), e->d_name, 0);
	}
done:
	if (d)
		closedir(d);
	for (size_t i = 0; stem && i < o->nr; i++)
		kst_free(stem[i]);
	kst_free(stem);
}

static bool somebody_else(const struct orders *o)
{
	for (size_t i = 0; i < o->nr; i++)
		if (o->ask[i].fate == KST_CA_BUSY)
			return true;
	return false;
}

/* ---- running ---- */

int orders_run(struct cli *cli, struct orders *o)
{
	bool dry = cli->g.dry_run || cli->g.check;
	size_t todo;

	if (!o->jobs)
		o->jobs = kst_cpus();
	if (o->manifest && ca_manifest_check(o, cli->err) < 0)
		return -1;
	check_reserved(o);
	if (check_twice(o, cli->err) < 0 || look(o, &todo, cli->err) < 0)
		return -1;
	if (todo && !dry) {
		struct kst_key *key;
		size_t first = 0;

		while (o->ask[first].fate != KST_CA_MADE)
			first++;
		/* A wrong passphrase leaves no file behind, trust.pem neither. */
		if (ca_complete(cli, o->ca) < 0 || kst_ca_key(o->ca, KST_CA_BY_CA, &key, cli->err) < 0 ||
		    ca_files_prepare(cli, o->ca, &o->files, o->row[first].path[0]) < 0)
			return -1;
		if (check_contents(cli, o, &todo) < 0 || make_all(cli, o, todo) < 0)
			return -1;
		ask_cli_keep(cli->ask);
	} else if (!dry) {
		ask_cli_idle(cli->ask);
	}
	/* One name is as every other command: its error is the command's. */
	if (!o->source && o->nr == 1 && o->ask[0].fate == KST_CA_FAILED && o->ask[0].err) {
		*cli->err = *o->ask[0].err;
		kst_error_subject(cli->err, "%s", o->row[0].name);
		return -1;
	}
	if (o->source && !dry && !somebody_else(o))
		sweep(o);
	if (o->manifest && !dry && (ca_files_dir(cli, &o->files) < 0 || ca_manifest_write(o, cli->err) < 0))
		return -1;
	return orders_report(cli, o);
}
