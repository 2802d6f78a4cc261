/* SPDX-License-Identifier: ISC */
/*
 * certdata.c - Mozilla's certdata.txt: certificates, and beside them what they
 * are trusted for.  Read only.  Specified in certdata.md.
 *
 * A certificate in this file is not an anchor because it is there: what it may be
 * used for is said by a trust object of its own, found by issuer and serial number.
 */
#include "certdata.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/der.h"
#include "der_kind.h"
#include "kstool/alloc.h"
#include "kstool/time.h"
#include "model/names.h"
#include "whole.h"

static int probe(const uint8_t *data, size_t n, bool whole)
{
	static const char class[] = "\nCKA_CLASS CK_OBJECT_CLASS CKO_";
	static const char begin[] = "\nBEGINDATA";
	(void)whole;
	if (n >= sizeof(class) - 2 && memcmp(data, class + 1, sizeof(class) - 2) == 0)
		return 80;
	return memmem(data, n, class, sizeof(class) - 1) ||
			       memmem(data, n, begin, sizeof(begin) - 1)
		       ? 80
		       : 0;
}

/* ---- trust objects by issuer and serial number ---- */

static int by_name(const void *a, const void *b)
{
	const struct certdata_trust *x = a, *y = b;
	const struct kst_blob *const p[] = { &x->issuer, &x->serial }, *const q[] = { &y->issuer, &y->serial };
	for (size_t i = 0; i < 2; i++) {
		size_t n = p[i]->len < q[i]->len ? p[i]->len : q[i]->len;
		int c = n ? memcmp(p[i]->data, q[i]->data, n) : 0;
		if (!c)
			c = (p[i]->len > q[i]->len) - (p[i]->len < q[i]->len);
		if (c)
			return c;
	}
	return 0;
}

struct words {
	unsigned yes, no;
};

/* Trust of all objects of this certificate; distrust of one wins. */
static void look_up(struct certdata *d, const struct kst_cert *cert, struct words *w)
{
	struct kst_bytes issuer = kst_cert_issuer_der(cert), serial = kst_cert_serial(cert);
	struct certdata_trust want = {
		.issuer = { (uint8_t *)(uintptr_t)issuer.data, issuer.len },
		.serial = { (uint8_t *)(uintptr_t)serial.data, serial.len },
	};
	struct certdata_trust *t = d->nr_trusts ? bsearch(&want, d->trust, d->nr_trusts,
							   sizeof(*t), by_name)
						: NULL;
	uint8_t sha1[20];
	if (!t)
		return;
	kst_cert_sha1(cert, sha1);
	while (t > d->trust && by_name(t - 1, &want) == 0)
		t--;
	for (; t < d->trust + d->nr_trusts && by_name(t, &want) == 0; t++) {
		/* A number that an issuer gave twice: the hash tells which is meant. */
		if (t->sha1.len == sizeof(sha1) && memcmp(t->sha1.data, sha1, sizeof(sha1)) != 0)
			continue;
		t->used = true;
		w->yes |= t->yes;
		w->no |= t->no;
	}
}

/* ---- dates after which nothing new is trusted ---- */

static void restrict_by(struct kst_entry *e, struct words *w, const struct certdata_cert *c,
			struct kst_notes *notes)
{
	const struct {
		unsigned purpose;
		const char *name;
		int64_t *to;
	} use[] = { { KST_FOR_SERVER, "server", &e->server_after },
		    { KST_FOR_EMAIL, "email", &e->email_after } };

	for (size_t i = 0; i < 2; i++) {
		int64_t at = 0;
		if (c->after[i].state == CERTDATA_NO_DATE)
			continue;
		/* A date was meant: without it, less is trusted, not more. */
		if (c->after[i].state == CERTDATA_BAD_DATE ||
		    kst_time_from_asn1(false, c->after[i].text, c->after[i].len, &at) < 0) {
			kst_note(notes, "date-unreadable",
				 "\"%s\": the date after which it is distrusted for %s cannot be "
				 "read, so it is not trusted for that at all",
				 e->alias ? e->alias : "", use[i].name);
			w->yes &= ~use[i].purpose;
			continue;
		}
		if (w->yes & use[i].purpose)
			*use[i].to = at;
	}
}

static int settle(struct certdata *d, struct kst_entry *e, const struct certdata_cert *c,
		  struct kst_notes *notes, struct kst_error *err)
{
	struct words w = { 0, 0 };
	look_up(d, e->chain.cert[0], &w);
	restrict_by(e, &w, c, notes);
	w.yes &= ~w.no;
	e->trusted = w.yes != 0;
	e->no_anchor = !e->trusted;
	if ((w.yes && kst_purposes_set(&e->purposes, w.yes) < 0) ||
	    (w.no && kst_purposes_set(&e->distrusted, w.no) < 0))
		return kst_error_nomem(err);
	return 0;
}

/* ---- all of it ---- */

static void release(struct certdata *d)
{
	for (size_t i = 0; i < d->nr_trusts; i++) {
		kst_blob_release(&d->trust[i].issuer);
		kst_blob_release(&d->trust[i].serial);
		kst_blob_release(&d->trust[i].sha1);
	}
	kst_free(d->trust);
	kst_free(d->cert);
	kst_buf_release(&d->text);
}

/* Settings of certificates that are elsewhere: of no use here, and not to be passed over. */
static void note_left(const struct certdata *d, struct kst_notes *notes)
{
	size_t left = 0, no = 0;
	for (size_t i = 0; i < d->nr_trusts; i++) {
		left += !d->trust[i].used;
		no += !d->trust[i].used && d->trust[i].no;
	}
	if (left)
		kst_note(notes, "trust-without-certificate",
			 "%zu trust settings (%zu of them distrust) are for certificates that are "
			 "not in it",
			 left, no);
}

static int read_certdata(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	struct certdata d = { .model = into, .limits = io->limits };
	int rc = -1;
	if (whole_read(io, &d.text, err) < 0 || certdata_parse(&d, err) < 0)
		goto done;
	if (d.nr_trusts)
		qsort(d.trust, d.nr_trusts, sizeof(*d.trust), by_name);
	for (size_t i = 0; i < into->nr; i++)
		if (settle(&d, into->item[i].entry, &d.cert[i], io->notes, err) < 0)
			goto done;
	note_left(&d, io->notes);
	into->info.integrity = KST_INTEGRITY_NONE;
	rc = kst_model_name_all(into, err);
done:
	release(&d);
	return rc;
}

static const char *const suffixes[] = { ".certdata", NULL };

const struct kst_format kst_format_certdata = {
	.name = "certdata",
	.to = "certdata",
	.title = "Mozilla certdata",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_CERTS | KST_CAP_TRUST | KST_CAP_PURPOSES | KST_CAP_ALIASES |
		KST_CAP_ALIAS_CASE | KST_CAP_LIST_SEALED,
	.probe = probe,
	.read = read_certdata,
};
