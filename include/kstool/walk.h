/* SPDX-License-Identifier: ISC */
/*
 * walk.h - what lies below a directory: every file that a format bids for
 *
 * The directory is a root of its own, as that of an image is: a symbolic link in
 * it, an absolute one too, leads to a place in it.  No link is followed on the way
 * down, and no other file system is entered.  Nothing is opened but to read the
 * first bytes, so that an image of a million files costs seconds.
 */
#ifndef KSTOOL_WALK_H
#define KSTOOL_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/format.h"
#include "kstool/store.h"

/* ---- what is known of places (places.def) ---- */

enum kst_place_role {
	KST_PLACE_OS,    /* the truststore of the system, made from its anchors */
	KST_PLACE_JAVA,  /* cacerts of a Java */
	KST_PLACE_OWN,   /* the list that a program, language or library brings along */
	KST_PLACE_ANCHOR, /* one certificate of those from which the system's truststore is made */
	KST_PLACE_NSS,   /* a database of NSS: not a file that is written */
	KST_PLACE_COPY   /* a package's pattern for one of these, an example: nobody reads it as a truststore */
};
struct kst_known {
	const char *glob; /* '*' is any characters, '/' too; of the path seen from the root */
	enum kst_place_role role;
	const char *by;   /* who writes it: "update-ca-certificates", "certifi"; NULL: nobody else does */
};
/* The first row that fits; NULL. */
const struct kst_known *kst_place_known(const char *inside);

/* ---- the walk ---- */

struct kst_found {
	char *path;          /* as it can be opened: the directory as it was named, and `inside` */
	const char *inside;  /* seen from the directory; begins with '/'; part of `path` */
	char *link;          /* a link with a known name that leads there, seen from the directory; NULL */
	const struct kst_format *format; /* by the first bytes; NULL: a database of NSS */
	const struct kst_known *known;   /* by its own name or by `link`; NULL */
	uint64_t size;
	uint64_t dev, ino;
};
struct kst_walk {
	struct kst_found *found; /* by path */
	size_t nr, size;
	char **closed; /* directories that were not entered, seen from the directory: on another file system,
			* not readable, or holding other images; NULL-terminated once there is one */
	size_t nr_closed;
	size_t files, dirs;      /* looked at */
	char *root;              /* the directory as it was named, without a slash at the end; "" is "/" */
};
/* `dir` may be a file: then that is all there is.  0 or -1. */
int kst_walk(struct kst_walk *out, const char *dir, const struct kst_progress *progress, struct kst_error *err);
void kst_walk_release(struct kst_walk *w);

/*
 * Where `inside` leads with links resolved below `root`: a path without links, seen from the root; its last
 * component need not exist.  NULL: it leads nowhere, or in a circle.  kst_free it.
 */
char *kst_root_resolve(const char *root, const char *inside);

/* ---- what an open store is, in numbers ---- */

struct kst_contents {
	size_t keys;    /* private and secret keys */
	size_t chains;  /* of these, with a certificate */
	size_t entries;
	size_t certs;   /* certificates of their own */
	size_t cas;     /* of these, CAs */
	size_t roots;   /* of these, self-issued */
	size_t others;  /* requests, revocation lists, what nobody knows */
};
int kst_store_contents(struct kst_store *s, struct kst_contents *out, struct kst_error *err);
/*
 * Is it a truststore, by what it holds?  SURE: many CAs and nothing else, as in the lists that browsers
 * and systems have; MAYBE: CAs alone; NO.
 */
enum kst_truststore { KST_TRUSTSTORE_NO, KST_TRUSTSTORE_MAYBE, KST_TRUSTSTORE_SURE };
enum kst_truststore kst_contents_truststore(const struct kst_contents *c, const struct kst_format *f);
#define KST_LIST_SIZE 20480 /* bytes; no list of so many CAs is smaller */

/* ---- anchors: what the system's truststore is made from ---- */

struct kst_anchor_dir {
	char *dir;             /* where a new one goes, seen from the root, links resolved */
	const char *by;        /* the program that makes the truststore from them */
	const char *suffix;    /* it reads PEM files of this suffix alone; NULL: any */
	char *links;           /* the hashed directory that is kept beside it, seen from the root; NULL */
	const char *link_head; /* how the link to NAME.crt begins: "" or "ca-cert-" */
	const char *link_dir;  /* where it leads: the directory as the program writes it */
};
/* What this root has: 1, 0 none, -1. */
int kst_anchor_dir_find(struct kst_anchor_dir *out, const char *root, struct kst_error *err);
void kst_anchor_dir_release(struct kst_anchor_dir *a);
/* Is this file one of them, in the form that the program reads? */
bool kst_anchor_dir_has(const struct kst_anchor_dir *a, const struct kst_found *f);
/*
 * NAME.crt in the directory, which is made if it is missing, and the links to it; or NAME-FINGERPRINT.crt
 * where there is another file of that name.  *path: what it is called, seen from the root, also in a dry
 * run; kst_free it.  0 or -1.
 */
int kst_anchor_dir_put(const struct kst_anchor_dir *a, const char *root, const char *name, const struct kst_cert *cert,
		    bool dry_run, char **path, struct kst_error *err);
/* The links to the anchor `inside`, where a run that was ended has left them out.  1 made, 0 nothing to do, -1. */
int kst_anchor_dir_relink(const struct kst_anchor_dir *a, const char *root, const char *inside, const struct kst_cert *cert,
		       struct kst_error *err);

#endif
