/* SPDX-License-Identifier: ISC */
/*
 * pkcs12.c - PKCS#12 (RFC 7292, RFC 9579): the row of the format table
 */
#include "pkcs12_state.h"

#include <stdio.h>

#include "kstool/alloc.h"

/* PFX ::= SEQUENCE { version INTEGER (3), authSafe SEQUENCE {...: the first octets are always the
 * same but for the lengths, which BER may leave open. */
static int probe(const uint8_t *data, size_t n, bool whole)
{
	(void)whole;
	if (n < 8 || data[0] != KST_DER_SEQUENCE)
		return 0;
	size_t at = 2;
	if (data[1] > 0x80) {
		if (data[1] > 0x84)
			return 0;
		at += data[1] & 0x7f;
	}
	if (at + 4 > n || data[at] != KST_DER_INTEGER || data[at + 1] != 1 || data[at + 2] != 3 ||
	    data[at + 3] != KST_DER_SEQUENCE)
		return 0;
	/* The contentType of authSafe lies within reach: id-data or id-signedData. */
	for (size_t i = at + 4; i < at + 12 && i + 10 < n; i++)
		if (data[i] == KST_DER_OID && data[i + 1] == 9 && data[i + 2] == 0x2a &&
		    data[i + 3] == 0x86 && data[i + 4] == 0x48)
			return 95;
	return 60;
}

static void state_free(void *state)
{
	struct p12_state *s = state;
	if (!s)
		return;
	for (size_t i = 0; i < s->nr; i++)
		kst_free(s->alias[i]);
	kst_free(s->alias);
	kst_buf_release(&s->foreign);
	kst_free(s);
}

struct p12_piece {
	struct p12_piece *next;
	struct kst_buf buf;
	struct kst_secret secret;
};

static struct p12_piece *keep(struct p12_reader *r, struct kst_error *err)
{
	struct p12_piece *p = kst_calloc(1, sizeof(*p));
	if (!p) {
		kst_error_nomem(err);
		return NULL;
	}
	p->next = r->piece;
	r->piece = p;
	return p;
}

struct kst_buf *p12_keep_buf(struct p12_reader *r, struct kst_error *err)
{
	struct p12_piece *p = keep(r, err);
	return p ? &p->buf : NULL;
}

struct kst_secret *p12_keep_secret(struct p12_reader *r, struct kst_error *err)
{
	struct p12_piece *p = keep(r, err);
	return p ? &p->secret : NULL;
}

static void reader_release(struct p12_reader *r)
{
	for (size_t i = 0; i < r->nr; i++) {
		p12_attrs_release(&r->bag[i].attrs);
		kst_cert_free(r->bag[i].cert);
	}
	kst_free(r->bag);
	kst_free(r->safe);
	while (r->piece) {
		struct p12_piece *p = r->piece;
		r->piece = p->next;
		kst_buf_release(&p->buf);
		kst_secret_release(&p->secret);
		kst_free(p);
	}
	kst_pbe_cache_free(r->cache);
}

static void fill_info(struct p12_reader *r)
{
	struct kst_info *info = &r->model->info;
	if (r->io->read->peek) {
		info->integrity = KST_INTEGRITY_NOT_CHECKED;
	} else if (r->mac.present) {
		info->integrity = KST_INTEGRITY_VERIFIED;
		snprintf(info->mac, sizeof(info->mac), "%s", r->mac.text);
	} else {
		info->integrity = KST_INTEGRITY_ABSENT;
		kst_note(r->io->notes, "no-integrity",
			 "no integrity protection: anybody could have changed this file");
	}
	snprintf(info->kdf, sizeof(info->kdf), "%s", r->kdf);
	info->iterations = r->state->iterations;
	if (r->odd_pass)
		kst_note(r->io->notes, "passphrase-encoding", "the passphrase opens it %s", r->odd_pass);
}

static int read_pkcs12(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	struct p12_reader r = { .io = io, .model = into };
	int rc = -1;

	r.state = kst_calloc(1, sizeof(*r.state));
	into->state = r.state;
	r.cache = kst_pbe_cache_new();
	if (!r.state || !r.cache)
		kst_error_nomem(err);
	else if (io->source.bytes.len > io->limits->file)
		kst_error_setx(err, KST_E_TOO_LARGE, "is larger than %llu bytes",
			       (unsigned long long)io->limits->file);
	else if (p12_parse_pfx(&r, io->source.bytes, err) == 0 &&
		 p12_parse_safes(&r, err) == 0 && p12_read_bags(&r, err) == 0 &&
		 p12_make_entries(&r, err) == 0) {
		fill_info(&r);
		rc = 0;
	}
	reader_release(&r);
	return rc;
}

static const char *const suffixes[] = { ".p12", ".pfx", NULL };

const struct kst_format kst_format_pkcs12 = {
	.name = "pkcs12",
	.to = "p12",
	.title = "PKCS#12",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_WRITE | KST_CAP_KEYS | KST_CAP_CHAINS | KST_CAP_CERTS |
		KST_CAP_TRUST | KST_CAP_ALIASES | KST_CAP_SECRETS | KST_CAP_BARE_KEYS |
		KST_CAP_ENTRY_PASS | KST_CAP_INTEGRITY | KST_CAP_ENCRYPTION | KST_CAP_BINARY |
		KST_CAP_ATTRS | KST_CAP_JAVA | KST_CAP_KEY_DATES | KST_CAP_SECRET_ALGS,
	.probe = probe,
	.read = read_pkcs12,
	.write = p12_write,
	.close = state_free,
};
