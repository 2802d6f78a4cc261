/* SPDX-License-Identifier: ISC */
/*
 * make.c - a new CA, all or nothing
 *
 * Everything is written into a directory beside the one that is meant, with keys, ledger,
 * certificates and the first revocation list; then that is renamed.  Whoever finds DIR
 * finds a whole CA.
 */
#include "ca/ca.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define DAY INT64_C(86400)

/* ---- one passphrase for all of its stores ---- */

struct once {
	const struct kst_asker *asker;
	const char *path; /* as the user will know it */
	struct kst_secret answer[2]; /* passphrase, key file */
	enum kst_ask_source source[2];
	int rc[2];
	bool asked[2];
};

static int ask_once(void *ctx, const struct kst_question *q, struct kst_secret *out,
		    enum kst_ask_source *source, struct kst_error *err)
{
	struct once *o = ctx;
	/* What was set a moment ago is what opens it, too. */
	int k = q->what == KST_ASK_NEW_KEY_FILE || q->what == KST_ASK_KEY_FILE;
	struct kst_question mine = *q;

	if (!o->asked[k]) {
		mine.what = k ? KST_ASK_NEW_KEY_FILE : KST_ASK_NEW_STORE;
		mine.path = o->path;
		mine.why = "keys of the CA";
		mine.attempt = 0;
		o->rc[k] = o->asker->ask(o->asker->ctx, &mine, &o->answer[k], &o->source[k], err);
		if (o->rc[k] < 0)
			return -1;
		o->asked[k] = true;
	} else if (q->attempt) {
		return 1;
	}
	if (source)
		*source = o->source[k];
	if (o->rc[k])
		return o->rc[k];
	return kst_secret_set(out, o->answer[k].data, o->answer[k].len, err);
}

/* ---- the directory beside ---- */

static int make_tmp(char *tmp, size_t size, const char *dir, struct kst_error *err)
{
	uint8_t random[8];
	char hex[17];
	size_t n = strlen(dir);
	const char *base;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	for (base = dir + n; base > dir && base[-1] != '/'; base--)
		;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return kst_error_set(err, KST_E_INTERNAL, "no random bytes");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(hex + 2 * i, 3, "%02x", random[i]);
	if (snprintf(tmp, size, "%.*s.%.*s.%s.tmp", (int)(base - dir), dir, (int)(dir + n - base), base, hex) >=
	    (int)size) {
		errno = ENAMETOOLONG;
		return kst_error_set(err, KST_E_CANNOT_WRITE, "cannot be made");
	}
	/* The certificates are for everybody to read; keys and ledger are closed by their own mode. */
	if (mkdir(tmp, 0755) < 0) {
		kst_error_set(err, errno == EROFS ? KST_E_READ_ONLY : KST_E_CANNOT_WRITE, "cannot be made");
		return -1;
	}
	return 0;
}

static int sync_dir(const char *path, struct kst_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = 0;

	if (fd < 0 || fsync(fd) < 0) {
		kst_error_set(err, KST_E_CANNOT_WRITE, "cannot be synced");
		ret = kst_error_subject(err, "%s", path);
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

static int sub_dir(const struct kst_ca *ca, const char *name, mode_t mode, struct kst_error *err)
{
	char *path = kst_ca_path(ca, name);
	int ret;

	if (!path)
		return kst_error_nomem(err);
	ret = mkdir(path, mode);
	if (ret < 0) {
		kst_error_set(err, KST_E_CANNOT_WRITE, "cannot be made");
		kst_error_subject(err, "%s", path);
	}
	kst_free(path);
	return ret;
}

int kst_ca_write_file(struct kst_ca *ca, const char *name, const char *label, struct kst_bytes der,
		      struct kst_error *err)
{
	struct kst_buf pem KST_SCRATCH_BUF = KST_BUF_INIT;
	char *path = kst_ca_path(ca, name);
	int ret;

	kst_pem_block(&pem, label, der.data, der.len);
	if (!path || pem.failed)
		ret = kst_error_nomem(err);
	else
		ret = kst_file_write(path, pem.data, pem.len,
				     KST_FILE_REPLACE | (ca->opt->insecure_permissions ? KST_FILE_LOOSE : 0), err);
	kst_free(path);
	return ret;
}

/* ---- keys and their stores ---- */

int kst_ca_save_key(struct kst_ca *ca, const char *file, const char *alias, enum kst_ca_issuer which,
		    const struct kst_save_options *save, struct kst_error *err)
{
	char *path = kst_ca_path(ca, file);
	struct kst_entry *e = kst_entry_new(KST_KIND_KEY);
	struct kst_save_options how = *save;
	struct kst_store *s = NULL;
	int ret = -1;

	how.write.store_kind = 'K';
	if (!path || !e || !(e->alias = kst_strdup(alias)) || !(e->origin = kst_strdup("kstool"))) {
		kst_error_nomem(err);
		goto done;
	}
	e->created = kst_time_now();
	if (kst_key_copy(&e->key, ca->key[which], err) < 0)
		goto done;
	for (size_t i = which == KST_CA_BY_ROOT && ca->chain.nr ? ca->chain.nr - 1 : 0; i < ca->chain.nr; i++)
		if (kst_chain_push(&e->chain, ca->chain.cert[i]) < 0) {
			kst_error_nomem(err);
			goto done;
		}
	if (kst_store_new(&s, path, kst_format_by_name("kst1"), ca->opt, err) < 0)
		goto done;
	ret = kst_store_add(s, e, NULL, err);
	e = NULL;
	if (!ret)
		ret = kst_store_save(s, &how, NULL, err);
done:
	kst_store_free(s);
	kst_entry_free(e);
	kst_free(path);
	return ret;
}

/* ---- certificates of CAs ---- */

int kst_ca_sign_one(struct kst_ca *ca, const struct kst_issue *how, enum kst_ca_issuer by,
		    const struct kst_cert *issuer, struct kst_key *signer, const char *name,
		    struct kst_cert **out, struct kst_error *err)
{
	struct kst_buf tbs KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_cert *cert = NULL, *there = NULL;
	struct kst_ca_row row = {
		.issuer = by,
		.state = KST_CA_PENDING,
		.serial_len = how->serial_len,
		.name = name,
		.subject = how->subject,
		.profile = how->profile,
		.not_before = how->not_before,
		.not_after = how->not_after,
		.created = kst_time_now(),
		.delivered = true,
		.reason = -1,
	};
	int64_t id;
	int ret = -1;

	if (kst_issue_build(&tbs, how, issuer, signer, err) < 0)
		return -1;
	memcpy(row.serial, how->serial, how->serial_len);
	row.tbs = (struct kst_bytes){ tbs.data, tbs.len };
	kst_ca_spki_hash(how->spki, row.spki);
	row.has_spki = true;
	if (kst_ca_begin(ca, err) < 0 || kst_ca_add(ca, &row, &id, err) < 0 || kst_ca_commit(ca, err) < 0 ||
	    kst_issue_sign(&cert, row.tbs, signer, err) < 0 || kst_ca_begin(ca, err) < 0 ||
	    kst_ca_signed(ca, id, cert, &there, err) < 0 || kst_ca_commit(ca, err) < 0)
		goto done;
	if (there) {
		kst_cert_free(cert);
		cert = there;
		there = NULL;
	}
	if (kst_ca_write_cert(ca, cert, err) < 0)
		goto done;
	*out = cert;
	cert = NULL;
	ret = 0;
done:
	kst_ca_rollback(ca);
	kst_cert_free(there);
	kst_cert_free(cert);
	return ret;
}

/* ---- all of it ---- */

static char *subject_of(const char *name)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_puts(&b, "CN=");
	kst_ca_dn_escape(&b, name);
	return b.failed ? NULL : kst_strdup((const char *)b.data);
}

static int spki_of(struct kst_key *key, struct kst_buf *out, struct kst_error *err)
{
	int rc = kst_key_spki(key, out, err);

	return rc <= 0 ? rc : kst_error_setx(err, KST_E_UNSUPPORTED, "the key has no public half that is known here");
}

static int make_root(struct kst_ca *ca, const struct kst_ca_make *how, struct kst_error *err)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	int64_t now = kst_time_now();
	char *own = how->root_name ? NULL : kst_asprintf("%s Root", how->name);
	char *subject = own || how->root_name ? subject_of(own ? own : how->root_name) : NULL;
	struct kst_issue want = {
		.profile = KST_PROFILE_ROOT,
		.subject = subject,
		.not_before = now,
		.not_after = now + how->root_days * DAY,
		.path_len = -1,
		.permitted = how->permitted,
		.excluded = how->excluded,
	};
	int ret = -1;

	if (!subject) {
		kst_error_nomem(err);
		goto done;
	}
	if (kst_key_generate(&ca->key[KST_CA_BY_ROOT], how->alg ? how->alg : KST_CA_ALG, err) < 0 ||
	    spki_of(ca->key[KST_CA_BY_ROOT], &spki, err) < 0 ||
	    kst_issue_serial(want.serial, &want.serial_len, err) < 0)
		goto done;
	want.spki = (struct kst_bytes){ spki.data, spki.len };
	ret = kst_ca_sign_one(ca, &want, KST_CA_BY_ROOT, NULL, ca->key[KST_CA_BY_ROOT],
			      own ? own : how->root_name, &ca->cert[KST_CA_BY_ROOT], err);
done:
	kst_free(own);
	kst_free(subject);
	return ret;
}

static int make_ca(struct kst_ca *ca, const struct kst_ca_make *how, const char *subject, struct kst_buf *spki,
		   struct kst_error *err)
{
	int64_t now = kst_time_now(), until = now + how->days * DAY;
	struct kst_issue want = {
		.profile = KST_PROFILE_CA,
		.subject = subject,
		.spki = { spki->data, spki->len },
		.not_before = now,
		.not_after = until < kst_cert_not_after(ca->cert[KST_CA_BY_ROOT]) ?
				     until :
				     kst_cert_not_after(ca->cert[KST_CA_BY_ROOT]),
		.permitted = how->permitted,
		.excluded = how->excluded,
	};

	if (kst_issue_serial(want.serial, &want.serial_len, err) < 0 ||
	    kst_ca_sign_one(ca, &want, KST_CA_BY_ROOT, ca->cert[KST_CA_BY_ROOT], ca->key[KST_CA_BY_ROOT],
			    how->name, &ca->cert[KST_CA_BY_CA], err) < 0)
		return -1;
	if (kst_chain_push(&ca->chain, ca->cert[KST_CA_BY_CA]) < 0 ||
	    kst_chain_push(&ca->chain, ca->cert[KST_CA_BY_ROOT]) < 0)
		return kst_error_nomem(err);
	return kst_ca_write_file(ca, KST_CA_CERT, "CERTIFICATE", kst_cert_der(ca->cert[KST_CA_BY_CA]), err);
}

static int set_facts(struct kst_ca *ca, const struct kst_ca_make *how, struct kst_error *err)
{
	const struct {
		const char *name, *value;
	} fact[] = {
		{ "name", how->name },	       { "crl-url", how->crl_url },
		{ "ocsp-url", how->ocsp_url }, { "issuer-url", how->issuer_url },
	};

	if (kst_ca_begin(ca, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(fact) / sizeof(fact[0]); i++)
		if (fact[i].value && kst_ca_set_fact(ca, fact[i].name, fact[i].value, err) < 0)
			return -1;
	return kst_ca_commit(ca, err);
}

static int request(struct kst_ca *ca, const char *subject, struct kst_error *err)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_request want = { .subject = subject };

	if (kst_key_request(&der, ca->key[KST_CA_BY_CA], &want, err) < 0)
		return -1;
	return kst_ca_write_file(ca, KST_CA_REQUEST, "CERTIFICATE REQUEST", (struct kst_bytes){ der.data, der.len },
				 err);
}

static int fill(struct kst_ca *ca, void *ctx, struct kst_error *err)
{
	const struct kst_ca_make *how = ctx;
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	bool waits = how->root && !how->root_key;
	char *subject = how->subject ? kst_strdup(how->subject) : subject_of(how->name);
	int ret = -1;

	if (!subject) {
		kst_error_nomem(err);
		return -1;
	}
	if (set_facts(ca, how, err) < 0)
		goto done;
	if (how->root) {
		ca->cert[KST_CA_BY_ROOT] = kst_cert_ref(how->root);
		if (how->root_key && kst_key_copy(&ca->key[KST_CA_BY_ROOT], how->root_key, err) < 0)
			goto done;
	} else if (make_root(ca, how, err) < 0) {
		goto done;
	}
	if (kst_key_generate(&ca->key[KST_CA_BY_CA], how->alg ? how->alg : KST_CA_ALG, err) < 0 ||
	    spki_of(ca->key[KST_CA_BY_CA], &spki, err) < 0 ||
	    (waits ? request(ca, subject, err) : make_ca(ca, how, subject, &spki, err)) < 0 ||
	    kst_ca_write_file(ca, KST_CA_TRUST, "CERTIFICATE", kst_cert_der(ca->cert[KST_CA_BY_ROOT]), err) < 0)
		goto done;
	if (!how->root &&
	    kst_ca_save_key(ca, KST_CA_ROOT_STORE, KST_CA_ROOT_ALIAS, KST_CA_BY_ROOT, &how->save, err) < 0)
		goto done;
	if (kst_ca_save_key(ca, KST_CA_STORE, KST_CA_ALIAS, KST_CA_BY_CA, &how->save, err) < 0)
		goto done;
	ret = waits ? 0 : kst_ca_make_crl(ca, KST_CA_BY_CA, KST_CA_CRL_DAYS, NULL, err);
done:
	kst_free(subject);
	return ret;
}

static int check_target(const char *dir, struct kst_error *err)
{
	struct dirent *e;
	char *ledger;
	bool there;
	DIR *d;

	ledger = kst_asprintf("%s/%s", dir, KST_CA_LEDGER);
	if (!ledger)
		return kst_error_nomem(err);
	there = access(ledger, F_OK) == 0;
	kst_free(ledger);
	if (there) {
		kst_error_setx(err, KST_E_CA_EXISTS, "holds a CA already");
		kst_error_subject(err, "%s", dir);
		return kst_error_hint(err, "name another directory: --ca DIR");
	}
	d = opendir(dir);
	if (!d) {
		if (errno == ENOENT)
			return 0;
		kst_error_set(err, errno == ENOTDIR ? KST_E_EXISTS : KST_E_CANNOT_WRITE, "cannot become a CA");
		return kst_error_subject(err, "%s", dir);
	}
	there = false;
	while ((e = readdir(d)))
		there |= strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	if (!there)
		return 0;
	kst_error_setx(err, KST_E_EXISTS, "is there already, and not empty");
	kst_error_subject(err, "%s", dir);
	return kst_error_hint(err, "name another directory: --ca DIR");
}

static int put_in_place(struct kst_ca *ca, const char *dir, struct kst_error *err)
{
	char *certs = kst_ca_path(ca, KST_CA_CERTS), *parent;
	const char *slash;
	size_t n = strlen(dir);
	int ret;

	if (!certs)
		return kst_error_nomem(err);
	kst_ledger_close(&ca->ledger);
	ret = sync_dir(certs, err) < 0 || sync_dir(ca->dir, err) < 0 ? -1 : 0;
	kst_free(certs);
	if (ret < 0)
		return -1;
	/* What came there meanwhile, and is not empty, is not replaced by rename(2). */
	if (rename(ca->dir, dir) < 0) {
		if (errno == ENOTEMPTY || errno == EEXIST)
			return check_target(dir, err) < 0 ? -1 : kst_error_set(err, KST_E_CANNOT_WRITE, "cannot be made");
		kst_error_set(err, KST_E_CANNOT_WRITE, "cannot be made");
		return kst_error_subject(err, "%s", dir);
	}
	while (n > 1 && dir[n - 1] == '/')
		n--;
	for (slash = dir + n; slash > dir && slash[-1] != '/'; slash--)
		;
	parent = slash == dir ? kst_strdup(".") : kst_strndup(dir, (size_t)(slash - dir));
	if (!parent)
		return kst_error_nomem(err);
	ret = sync_dir(parent, err);
	kst_free(parent);
	return ret;
}

/* Nobody knows the directory beside: the error is about the file as it would have been. */
static void say_dir(struct kst_error *err, const char *tmp, const char *dir)
{
	char was[sizeof(err->subject)];

	if (!err || strncmp(err->subject, tmp, strlen(tmp)) != 0)
		return;
	memcpy(was, err->subject, sizeof(was));
	err->subject[0] = '\0';
	kst_error_subject(err, "%s%s", dir, was + strlen(tmp));
}

int kst_ca_build(const char *dir, kst_ca_fill *fill_it, void *how, bool dry_run, const struct kst_open_options *opt,
		 struct kst_error *err)
{
	struct kst_open_options mine = *opt;
	struct once once = { .asker = opt->asker };
	struct kst_asker asker = { ask_once, &once };
	struct kst_secret first KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_question q = { .what = KST_ASK_NEW_KEY_FILE, .format = "kstool native store" };
	struct kst_ca *ca = NULL;
	char tmp[4096] = "", *path = NULL, *ledger = NULL;
	int ret = -1;

	if (check_target(dir, err) < 0)
		return -1;
	if (dry_run)
		return 0;
	path = kst_asprintf("%s/%s", dir, KST_CA_STORE);
	ca = kst_calloc(1, sizeof(*ca));
	if (!path || !ca) {
		kst_error_nomem(err);
		goto done;
	}
	once.path = q.path = path;
	mine.asker = &asker;
	mine.edit = true;
	/* Before anything is made: whoever is asked may think for long, or press Ctrl-C. */
	ret = ask_once(&once, &q, &first, NULL, err);
	if (ret == 1) {
		q.what = KST_ASK_NEW_STORE;
		ret = ask_once(&once, &q, &first, NULL, err);
	}
	if (ret) {
		if (ret > 0)
			kst_error_setx(err, KST_E_PASSPHRASE_NEEDED, "the keys of a CA are never without passphrase");
		ret = kst_error_subject(err, "%s", path);
		goto done;
	}
	ret = -1;
	if (make_tmp(tmp, sizeof(tmp), dir, err) < 0) {
		tmp[0] = '\0';
		kst_error_subject(err, "%s", dir);
		goto done;
	}
	kst_tree_fill(tmp);
	ca->opt = &mine;
	ca->dir = kst_strdup(tmp);
	ledger = ca->dir ? kst_ca_path(ca, KST_CA_LEDGER) : NULL;
	if (!ledger) {
		kst_error_nomem(err);
		goto done;
	}
	if (sub_dir(ca, KST_CA_CERTS, 0755, err) == 0 && sub_dir(ca, KST_CA_PENDING_DIR, 0700, err) == 0 &&
	    kst_ledger_create(&ca->ledger, ledger, err) == 0 && fill_it(ca, how, err) == 0)
		ret = put_in_place(ca, dir, err);
done:
	if (ret < 0 && tmp[0])
		say_dir(err, tmp, dir);
	if (ret < 0 && tmp[0] && (!err || err->code != KST_E_NOT_DURABLE)) {
		kst_ledger_close(&ca->ledger);
		kst_tree_abort();
	}
	kst_tree_keep();
	for (int i = 0; i < 2; i++)
		kst_secret_release(&once.answer[i]);
	kst_free(ledger);
	kst_free(path);
	kst_ca_free(ca);
	return ret;
}

int kst_ca_make(const char *dir, const struct kst_ca_make *how, const struct kst_open_options *opt,
		struct kst_error *err)
{
	struct kst_ca_make mine = *how;

	return kst_ca_build(dir, fill, &mine, how->save.dry_run, opt, err);
}
