/* SPDX-License-Identifier: ISC */
/* ca_files.c - keys and certificates of a CA on their way to those whom they are for */
#include "cmd/ca_files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ui/pass_source.h"

const char *const ca_files_types[] = { "p12", "pem", NULL };

#define PASS_MAX 1024
#define NAME_MARK "{name}"

int ca_files_begin(struct cli *cli, const struct ca_files_opts *opt, const struct kst_ca *ca, struct ca_files *f)
{
	*f = (struct ca_files){
		.dir = opt->dir ? opt->dir : ".",
		.pem = opt->to && !strcmp(opt->to, "pem"),
		.replace = opt->replace,
		.loose = cli->g.insecure_permissions,
		.limits = &cli->limits,
		.chain = kst_ca_chain(ca),
	};
	if (opt->plain_key && !f->pem) {
		kst_error_setx(cli->err, KST_E_USAGE, "is for --to pem; a PKCS#12 without passphrase is --new-pass none");
		return kst_error_subject(cli->err, "--plain-key");
	}
	if (target_save_options(cli, &opt->target, false, &f->save) < 0 ||
	    target_check_format(cli, &opt->target, kst_format_by_name(f->pem ? "pem" : "pkcs12"),
				f->pem ? "--to pem" : "--to p12") < 0)
		return -1;
	f->save.write.plain_key = opt->plain_key;
	f->save.replace = true; /* what may not be replaced was looked for before */
	f->template = opt->plain_key ? NULL : ask_cli_template(cli->ask, &f->gen);
	return 0;
}

void ca_files_release(struct ca_files *f)
{
	kst_secret_release(&f->pass);
}

/* ---- names ---- */

int ca_files_paths(const struct ca_files *f, const char *name, char *path[2])
{
	static const char *const suffix[2][2] = { { ".p12", NULL }, { ".key", ".pem" } };

	for (int i = 0; i < 2; i++) {
		const char *s = suffix[f->pem][i];
		char *file = s ? kst_text_file_name(name, s) : NULL;

		path[i] = !file ? NULL : !strcmp(f->dir, ".") ? kst_strdup(file) : kst_asprintf("%s/%s", f->dir, file);
		kst_free(file);
		if (s && !path[i])
			return -1;
	}
	return 0;
}

bool ca_files_exist(char *const path[2])
{
	return access(path[0], F_OK) == 0 || (path[1] && access(path[1], F_OK) == 0);
}

/* ---- passphrases ---- */

/* The name as a part of a path can never lead out of its directory. */
char *ca_files_pass_path(const struct ca_files *f, const char *name)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char *file = kst_text_file_name(name, "");
	const char *p = f->template, *at;

	for (; file && (at = strstr(p, NAME_MARK)); p = at + strlen(NAME_MARK)) {
		kst_buf_put(&b, p, (size_t)(at - p));
		kst_buf_puts(&b, file);
	}
	kst_buf_puts(&b, p);
	if (!file || b.failed) {
		kst_free(file);
		return NULL;
	}
	kst_free(file);
	return kst_strdup((const char *)b.data);
}

/* A file that is there already is from a run that was stopped. */
static int pass_of(const struct ca_files *f, const char *name, struct kst_secret *out, struct kst_error *err)
{
	struct kst_secret text KST_SCRATCH_SECRET = KST_SECRET_INIT;
	char *path;
	int ret;

	if (!f->template)
		return f->has_pass ? kst_secret_set(out, f->pass.data, f->pass.len, err) : 1;
	path = ca_files_pass_path(f, name);
	if (!path)
		return kst_error_nomem(err);
	if (!f->gen || access(path, F_OK) == 0) {
		ret = secret_file_read(path, true, PASS_MAX, f->loose, out, err);
	} else if (pass_generate(out, err) < 0 || kst_secret_set(&text, out->data, out->len, err) < 0 ||
		   kst_secret_append(&text, "\n", 1, err) < 0) {
		ret = -1;
	} else {
		ret = kst_file_write(path, text.data, text.len, KST_FILE_SECRET | (f->loose ? KST_FILE_LOOSE : 0), err);
	}
	if (!ret && !out->len) {
		kst_error_setx(err, KST_E_EMPTY_PASSPHRASE, "an empty passphrase protects nothing");
		ret = kst_error_subject(err, "%s", path);
	}
	kst_free(path);
	return ret;
}

struct answer {
	const struct kst_secret *pass; /* NULL: none */
};

/* To any question about the file: what was set is what it is read back with. */
static int answer(void *ctx, const struct kst_question *q, struct kst_secret *out, enum kst_ask_source *source,
		  struct kst_error *err)
{
	const struct answer *a = ctx;

	if (q->attempt || !a->pass)
		return 1;
	if (source)
		*source = KST_SOURCE_GIVEN;
	return kst_secret_set(out, a->pass->data, a->pass->len, err);
}

static int ask_for_all(struct cli *cli, struct ca_files *f, const char *path)
{
	const struct kst_format *format = kst_format_by_name(f->pem ? "pem" : "pkcs12");
	struct kst_question q = {
		.what = KST_ASK_NEW_STORE,
		.path = path,
		.format = format->title,
		.why = "private key",
		.java_rules = format->caps & KST_CAP_JAVA,
	};
	int rc;

	if (f->template || f->save.write.no_pass || f->save.write.plain_key)
		return 0;
	rc = cli->asker.ask(cli->asker.ctx, &q, &f->pass, NULL, cli->err);
	if (rc > 0) {
		kst_error_setx(cli->err, KST_E_PASSPHRASE_NEEDED, "a passphrase for the new key is needed");
		return kst_error_subject(cli->err, "%s", path);
	}
	f->has_pass = !rc;
	return rc;
}

/* ---- the directory ---- */

static int write_trust(struct cli *cli, const struct kst_ca *ca, const struct ca_files *f)
{
	struct kst_bytes der = kst_cert_der(kst_ca_cert(ca, KST_CA_BY_ROOT));
	struct kst_buf pem KST_SCRATCH_BUF = KST_BUF_INIT, have KST_SCRATCH_BUF = KST_BUF_INIT;
	char *path = strcmp(f->dir, ".") ? kst_asprintf("%s/%s", f->dir, KST_CA_TRUST) : kst_strdup(KST_CA_TRUST);
	int ret = 0;

	kst_pem_block(&pem, "CERTIFICATE", der.data, der.len);
	if (!path || pem.failed) {
		kst_free(path);
		return kst_error_nomem(cli->err);
	}
	if (access(path, F_OK) < 0) {
		ret = kst_file_write(path, pem.data, pem.len, f->loose ? KST_FILE_LOOSE : 0, cli->err);
		/* Ten at once: the others have written the same. */
		if (ret < 0 && cli->err->code == KST_E_EXISTS) {
			kst_error_clear(cli->err);
			ret = 0;
		}
	} else if (kst_file_read(path, pem.len + 1, &have, NULL) < 0 || have.len != pem.len ||
		   memcmp(have.data, pem.data, pem.len) != 0) {
		out_warn(cli->out, "other-trust", "%s holds something else than the root of this CA; it is left as it is",
			 path);
	}
	kst_free(path);
	return ret;
}

int ca_files_dir(struct cli *cli, const struct ca_files *f)
{
	if (mkdir(f->dir, 0755) == 0 || errno == EEXIST)
		return 0;
	kst_error_set(cli->err, errno == EROFS ? KST_E_READ_ONLY : KST_E_CANNOT_WRITE, "cannot be made");
	return kst_error_subject(cli->err, "%s", f->dir);
}

int ca_files_prepare(struct cli *cli, const struct kst_ca *ca, struct ca_files *f, const char *first)
{
	if (ask_for_all(cli, f, first) < 0 || ca_files_dir(cli, f) < 0)
		return -1;
	return write_trust(cli, ca, f);
}

/* ---- one of them ---- */

int ca_files_pem(struct kst_buf *out, const struct kst_cert *leaf, const struct kst_chain *chain, struct kst_error *err)
{
	struct kst_bytes der = kst_cert_der(leaf);

	kst_pem_block(out, "CERTIFICATE", der.data, der.len);
	for (size_t i = 0; i + 1 < chain->nr; i++) {
		der = kst_cert_der(chain->cert[i]);
		kst_pem_block(out, "CERTIFICATE", der.data, der.len);
	}
	return out->failed ? kst_error_nomem(err) : 0;
}

static int write_chain(const struct ca_files *f, const struct kst_ca_order *o, const char *path,
		       struct kst_error *err)
{
	struct kst_buf pem KST_SCRATCH_BUF = KST_BUF_INIT;

	if (ca_files_pem(&pem, o->cert, f->chain, err) < 0)
		return -1;
	return kst_file_write(path, pem.data, pem.len, KST_FILE_REPLACE | (f->loose ? KST_FILE_LOOSE : 0), err);
}

static int entry_of(const struct ca_files *f, const struct kst_ca_order *o, struct kst_entry **out,
		    struct kst_error *err)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_KEY);

	if (!e || !(e->alias = kst_strdup(o->alias ? o->alias : o->name)) || !(e->origin = kst_strdup("kstool")))
		goto nomem;
	e->created = kst_time_now();
	if (kst_key_copy(&e->key, o->key, err) < 0) {
		kst_entry_free(e);
		return -1;
	}
	/* The key file has the key alone; its certificate lies beside it.  The root is in trust.pem. */
	if (!f->pem && kst_chain_push(&e->chain, o->cert) < 0)
		goto nomem;
	for (size_t i = 0; !f->pem && i + 1 < f->chain->nr; i++)
		if (kst_chain_push(&e->chain, f->chain->cert[i]) < 0)
			goto nomem;
	*out = e;
	return 0;
nomem:
	kst_entry_free(e);
	return kst_error_nomem(err);
}

int ca_files_write(const struct ca_files *f, const struct kst_ca_order *o, char *const path[2], struct kst_error *err)
{
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct answer a = { .pass = &pass };
	struct kst_asker asker = { answer, &a };
	struct kst_open_options open = {
		.asker = &asker, .limits = f->limits, .edit = true, .insecure_permissions = f->loose
	};
	struct kst_store *s = NULL;
	struct kst_entry *e = NULL;
	int ret = pass_of(f, o->name, &pass, err);

	if (ret < 0)
		return -1;
	if (ret)
		a.pass = NULL;
	ret = -1;
	if (entry_of(f, o, &e, err) < 0 ||
	    kst_store_new(&s, path[0], kst_format_by_name(f->pem ? "pem" : "pkcs12"), &open, err) < 0)
		goto done;
	ret = kst_store_add(s, e, NULL, err);
	e = NULL;
	if (!ret)
		ret = kst_store_save(s, &f->save, NULL, err);
	if (!ret && path[1])
		ret = write_chain(f, o, path[1], err);
done:
	kst_entry_free(e);
	kst_store_free(s);
	return ret;
}

int ca_files_open(const struct ca_files *f, const char *name, const char *path, struct kst_store **s,
		  struct kst_error *err)
{
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct answer a = { .pass = &pass };
	struct kst_asker asker = { answer, &a };
	struct kst_open_options open = { .asker = &asker, .limits = f->limits, .insecure_permissions = f->loose };
	char *file = f->template ? ca_files_pass_path(f, name) : NULL;
	bool there = !f->template || (file && access(file, F_OK) == 0);
	int ret = there ? pass_of(f, name, &pass, err) : 1;

	kst_free(file);
	if (ret < 0)
		return -1;
	if (ret)
		a.pass = NULL;
	ret = kst_store_open(s, path, &open, err);
	/* Its keys, too: the answer is that of this call. */
	for (size_t i = 0; !ret && i < kst_store_count(*s); i++) {
		struct kst_entry *e;

		if (kst_store_entry(*s, i, &e, err) < 0 || (e->kind == KST_KIND_KEY && kst_store_open_key(*s, i, err) < 0))
			ret = -1;
	}
	if (ret < 0) {
		kst_store_free(*s);
		*s = NULL;
	}
	return ret;
}
