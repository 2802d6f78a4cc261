/* SPDX-License-Identifier: ISC */
/*
 * anchors.c - the directory from which a system makes its truststore
 *
 * A certificate that is in the bundle alone is gone when the bundle is made again;
 * one that is in this directory alone is not trusted before.  So it goes into both,
 * and the links that OpenSSL looks for are made as the system's own program makes
 * them, which then finds nothing to do.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/cert_hash.h"
#include "kstool/alloc.h"
#include "kstool/pem.h"
#include "kstool/store.h"
#include "kstool/text.h"
#include "store/places.h"

#define NUMBERS 100 /* certificates of one hash */

/* The first whose sign is there. */
static const struct family {
	const char *dir, *by, *suffix, *sign, *links, *link_head;
} families[] = {
	/* openSUSE has a program of the name of Debian's. */
	{ "/etc/pki/trust/anchors", "update-ca-certificates", NULL, "/etc/pki/trust/anchors", NULL, "" },
	{ "/etc/pki/ca-trust/source/anchors", "update-ca-trust", NULL, "/etc/pki/ca-trust/source", NULL, "" },
	{ "/etc/ca-certificates/trust-source/anchors", "update-ca-trust", NULL, "/etc/ca-certificates/trust-source",
	  NULL, "" },
	/* Alpine's names its links otherwise than Debian's. */
	{ "/usr/local/share/ca-certificates", "update-ca-certificates", ".crt", "/etc/apk", "/etc/ssl/certs",
	  "ca-cert-" },
	{ "/usr/local/share/ca-certificates", "update-ca-certificates", ".crt", "/usr/sbin/update-ca-certificates",
	  "/etc/ssl/certs", "" },
	{ "/usr/local/share/ca-certificates", "update-ca-certificates", ".crt", "/etc/ca-certificates.conf",
	  "/etc/ssl/certs", "" },
};

static bool is_there(const char *root, const char *inside, bool dir)
{
	char *real = kst_root_resolve(root, inside);
	char *path = real ? kst_asprintf("%s%s", root, real) : NULL;
	struct stat st;
	bool there = path && lstat(path, &st) == 0 && !S_ISLNK(st.st_mode) && (!dir || S_ISDIR(st.st_mode));

	kst_free(real);
	kst_free(path);
	return there;
}

int kst_anchor_dir_find(struct kst_anchor_dir *out, const char *root, struct kst_error *err)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
		const struct family *f = &families[i];

		/* A package manager alone is no ca-certificates. */
		if (!is_there(root, f->sign, false) || (f->links && !is_there(root, f->links, true)))
			continue;
		*out = (struct kst_anchor_dir){ .by = f->by,
					     .suffix = f->suffix,
					     .link_head = f->link_head,
					     .link_dir = f->dir };
		out->dir = kst_root_resolve(root, f->dir);
		out->links = f->links ? kst_root_resolve(root, f->links) : NULL;
		if (out->dir && (out->links || !f->links))
			return 1;
		kst_anchor_dir_release(out);
		kst_error_setx(err, KST_E_UNREADABLE, "cannot be resolved");
		return kst_error_subject(err, "%s%s", root, f->dir);
	}
	return 0;
}

void kst_anchor_dir_release(struct kst_anchor_dir *a)
{
	kst_free(a->dir);
	kst_free(a->links);
	*a = (struct kst_anchor_dir){ .dir = NULL };
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);

	return n > k && !strcmp(name + n - k, suffix);
}

bool kst_anchor_dir_has(const struct kst_anchor_dir *a, const struct kst_found *f)
{
	size_t n = strlen(a->dir);

	return f->format && !strncmp(f->inside, a->dir, n) && f->inside[n] == '/' &&
	       (!a->suffix || (ends_in(f->inside, a->suffix) && !strcmp(f->format->name, "pem")));
}

/* ---- making one ---- */

static bool taken(const char *root, const char *dir, const char *head, const char *name, const char *suffix)
{
	char *path = kst_asprintf("%s%s/%s%s%s", root, dir, head, name, suffix);
	struct stat st;
	bool yes = !path || lstat(path, &st) == 0;

	kst_free(path);
	return yes;
}

/* A name under which nothing is there yet, neither a file nor a link to one. */
static char *free_name(const struct kst_anchor_dir *a, const char *root, const char *name, const struct kst_cert *cert)
{
	struct kst_buf hex KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!taken(root, a->dir, "", name, ".crt") &&
	    (!a->links || !taken(root, a->links, a->link_head, name, ".pem")))
		return kst_strdup(name);
	kst_text_hex(&hex, kst_cert_sha256(cert), 4);
	return hex.failed ? NULL : kst_asprintf("%s-%s", name, (const char *)hex.data);
}

static int make_dirs(const char *root, const char *dir, struct kst_error *err)
{
	for (const char *end = dir; *end;) {
		char *path;

		end += 1 + strcspn(end + 1, "/");
		path = kst_asprintf("%s%.*s", root, (int)(end - dir), dir);
		if (!path)
			return kst_error_nomem(err);
		if (mkdir(path, 0755) < 0 && errno != EEXIST) {
			kst_error_set(err, errno == EROFS ? KST_E_READ_ONLY : KST_E_CANNOT_WRITE,
				      "the directory cannot be made");
			kst_error_subject(err, "%s", path);
			kst_free(path);
			return -1;
		}
		kst_free(path);
	}
	return 0;
}

static int put_link(int dirfd, const char *dir, const char *name, const char *target, struct kst_error *err)
{
	if (symlinkat(target, dirfd, name) == 0)
		return 0;
	kst_error_set(err, errno == EROFS ? KST_E_READ_ONLY : KST_E_CANNOT_WRITE, "the link cannot be made");
	return kst_error_subject(err, "%s/%s", dir, name);
}

/* "HASH.N", the first that is free, to the link of the name. */
static int put_links(const struct kst_anchor_dir *a, const char *root, const char *name, const struct kst_cert *cert,
		     struct kst_error *err)
{
	char *pem = kst_asprintf("%s%s.pem", a->link_head, name), hashed[32];
	char *to = kst_asprintf("%s/%s.crt", a->link_dir, name);
	int fd = kst_root_open_dir(root, a->links), rc = -1;
	uint32_t hash;
	struct stat st;

	if (!pem || !to)
		kst_error_nomem(err);
	else if (fd < 0)
		kst_error_set(err, KST_E_CANNOT_WRITE, "cannot be opened");
	else if (put_link(fd, a->links, pem, to, err) == 0 && kst_cert_openssl_hash(cert, &hash, err) == 0)
		for (unsigned n = 0; n < NUMBERS; n++) {
			snprintf(hashed, sizeof(hashed), "%08x.%u", (unsigned)hash, n);
			if (fstatat(fd, hashed, &st, AT_SYMLINK_NOFOLLOW) == 0)
				continue;
			rc = put_link(fd, a->links, hashed, pem, err);
			break;
		}
	if (fd >= 0)
		close(fd);
	kst_free(pem);
	kst_free(to);
	return rc < 0 ? kst_error_subject(err, "%s%s", root, a->links) : 0;
}

static int write_file(const struct kst_anchor_dir *a, const char *root, const char *inside, const struct kst_cert *cert,
		      struct kst_error *err)
{
	struct kst_buf pem KST_SCRATCH_BUF = KST_BUF_INIT;
	char *path = kst_asprintf("%s%s", root, inside);
	struct kst_bytes der = kst_cert_der(cert);
	int rc;

	kst_pem_block(&pem, "CERTIFICATE", der.data, der.len);
	if (!path || pem.failed) {
		kst_free(path);
		return kst_error_nomem(err);
	}
	rc = make_dirs(root, a->dir, err);
	/* On Debian a group may own it; who is in it can add what he wants anyway. */
	if (rc == 0)
		rc = kst_file_write(path, pem.data, pem.len, KST_FILE_LOOSE | KST_FILE_PUBLIC, err);
	kst_free(path);
	return rc;
}

/* The link of the name is made first: where it is, the other is, too. */
int kst_anchor_dir_relink(const struct kst_anchor_dir *a, const char *root, const char *inside, const struct kst_cert *cert,
		       struct kst_error *err)
{
	const char *base = strrchr(inside, '/') + 1;
	size_t n = strlen(base);
	char *name;
	int rc = 0;

	if (!a->links || n < 5 || strcmp(base + n - 4, ".crt") != 0)
		return 0;
	name = kst_strndup(base, n - 4);
	if (!name)
		return kst_error_nomem(err);
	if (!taken(root, a->links, a->link_head, name, ".pem"))
		rc = put_links(a, root, name, cert, err) < 0 ? -1 : 1;
	kst_free(name);
	return rc;
}

int kst_anchor_dir_put(const struct kst_anchor_dir *a, const char *root, const char *name, const struct kst_cert *cert,
		    bool dry_run, char **path, struct kst_error *err)
{
	char *free_one = free_name(a, root, name, cert);
	char *inside = free_one ? kst_asprintf("%s/%s.crt", a->dir, free_one) : NULL;
	int rc = 0;

	if (!inside)
		rc = kst_error_nomem(err);
	else if (!dry_run)
		rc = write_file(a, root, inside, cert, err) < 0 ||
				     (a->links && put_links(a, root, free_one, cert, err) < 0) ?
			     -1 :
			     0;
	kst_free(free_one);
	if (rc == 0)
		*path = inside;
	else
		kst_free(inside);
	return rc;
}
