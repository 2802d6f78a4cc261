/* SPDX-License-Identifier: ISC */
/* bks.c - Bouncy Castle's BKS: its frame, its MAC, the row of the format table */
#include "bks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/bks_key.h"
#include "java_chain.h"
#include "kstool/alloc.h"

/* Bouncy Castle writes 20; old files of others may differ a little. */
#define SALT_MIN 8
#define SALT_MAX 64
/* A date in milliseconds up to the year 2500: its first bytes are zero. */
#define MS_MAX INT64_C(16725225600000)

int bks_header_parse(struct bks_header *h, const uint8_t *data, size_t n)
{
	struct kst_cursor c;

	kst_cursor_init(&c, data, n);
	h->version = kst_cursor_be32(&c);
	size_t salt = kst_cursor_be32(&c);
	if (c.failed || h->version > 2 || salt < SALT_MIN || salt > SALT_MAX)
		return -1;
	h->salt = (struct kst_bytes){ kst_cursor_take(&c, salt), salt };
	h->iterations = kst_cursor_be32(&c);
	h->len = c.pos;
	return c.failed || !h->iterations || h->iterations > INT32_MAX ? -1 : 0;
}

bool bks_first_entry(const uint8_t *p, size_t n)
{
	struct kst_cursor c;

	kst_cursor_init(&c, p, n);
	uint8_t type = kst_cursor_u8(&c);
	if (c.failed || type > BKS_SEALED)
		return false;
	if (type == BKS_END)
		return n == 1 + BKS_MAC;
	kst_cursor_take(&c, kst_cursor_be16(&c));
	int64_t ms = (int64_t)kst_cursor_be64(&c);
	uint32_t chain = kst_cursor_be32(&c);
	return !c.failed && ms >= 0 && ms < MS_MAX && chain <= JAVA_CHAIN_MAX &&
	       (!chain || !kst_cursor_left(&c) || kst_cursor_be16(&c) <= 16);
}

/* There is no magic number: small numbers in the right places have to do. */
static int probe(const uint8_t *data, size_t n, bool whole)
{
	struct bks_header h;

	if (bks_header_parse(&h, data, n) < 0)
		return 0;
	if (whole && n - h.len < 1 + BKS_MAC)
		return 0;
	return bks_first_entry(data + h.len, n - h.len) ? 70 : 0;
}

void bks_close(void *state)
{
	struct bks_state *s = state;

	if (!s)
		return;
	for (size_t i = 0; i < s->nr; i++)
		kst_free(s->base[i].alias);
	kst_free(s->base);
	kst_buf_release(&s->entries);
	kst_free(s);
}

/* ---- reading ---- */

struct attempt {
	const struct bks_header *h;
	struct kst_bytes entries;
	const uint8_t *mac;
};

static int try_pass(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	const struct attempt *a = ctx;
	uint8_t mac[BKS_MAC];

	/* Before version 2 the key of the MAC has 16 bits (CVE-2018-5382). */
	if (kst_bks_mac(pass, a->h->salt, a->h->iterations, a->h->version < 2 ? 2 : 20, a->entries, mac,
			err) < 0)
		return err && err->code == KST_E_BAD_PASSPHRASE ? (kst_error_clear(err), 1) : -1;
	return memcmp(mac, a->mac, sizeof(mac)) ? 1 : 0;
}

static int unlock(struct kst_io *io, struct kst_model *m, const struct bks_header *h,
		  struct kst_bytes file, struct kst_error *err)
{
	struct attempt a = { .h = h };
	struct kst_question q = { .what = KST_ASK_STORE,
				  .path = io->path,
				  .format = "BKS",
				  .public_defaults = true };

	if (h->iterations > io->limits->iterations)
		return kst_error_setx(err, KST_E_LIMIT,
				      "asks for %" PRIu32 " iterations, the limit is %" PRIu32,
				      h->iterations, io->limits->iterations);
	if (file.len < h->len + 1 + BKS_MAC)
		return kst_error_setx(err, KST_E_TRUNCATED, "ends at byte %zu, inside its entries",
				      file.len);
	a.entries = (struct kst_bytes){ file.data + h->len, file.len - h->len - BKS_MAC };
	a.mac = file.data + file.len - BKS_MAC;
	if (kst_ask_until(io->asker, &q, NULL, try_pass, &a, &m->pass, &m->info.passphrase, err) < 0) {
		if (err && err->code == KST_E_WRONG_PASSPHRASE)
			kst_error_detail(err, "or the file was altered: its MAC cannot tell which");
		return -1;
	}
	m->has_pass = true;
	m->info.integrity = KST_INTEGRITY_VERIFIED;
	return 0;
}

static int read_bks(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	struct kst_bytes file = io->source.bytes;
	struct bks_header h;
	size_t used = 0;

	if (file.len > io->limits->file)
		return kst_error_setx(err, KST_E_TOO_LARGE, "is larger than %" PRIu64 " bytes",
				      io->limits->file);
	if (bks_header_parse(&h, file.data, file.len) < 0)
		return kst_error_setx(err, KST_E_CORRUPT, "does not begin as a BKS does");
	struct bks_state *s = kst_calloc(1, sizeof(*s));
	into->state = s;
	if (!s)
		return kst_error_nomem(err);
	if (unlock(io, into, &h, file, err) < 0)
		return -1;
	s->version = h.version;
	s->iterations = h.iterations;
	kst_buf_put(&s->entries, file.data + h.len, file.len - h.len - BKS_MAC);
	if (s->entries.failed)
		return kst_error_nomem(err);
	if (bks_read_entries(io, into, &used, err) < 0)
		return -1;
	if (used != s->entries.len)
		return kst_error_setx(err, KST_E_CORRUPT, "has %zu bytes behind its last entry",
				      s->entries.len - used);
	snprintf(into->info.mac, sizeof(into->info.mac), "HMAC-SHA1");
	into->info.iterations = h.iterations;
	if (h.version < 2)
		kst_note(io->notes, "weak-integrity",
			 "a BKS of version %" PRIu32 ": its MAC has a key of 16 bits (CVE-2018-5382), "
			 "anybody could have changed this file; saved, it is of version 2",
			 h.version);
	return 0;
}

static const char *const suffixes[] = { ".bks", NULL };

const struct kst_format kst_format_bks = {
	.name = "bks",
	.to = "bks",
	.title = "BKS",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_WRITE | KST_CAP_KEYS | KST_CAP_CHAINS | KST_CAP_CERTS |
		KST_CAP_TRUST | KST_CAP_ANCHORS | KST_CAP_ALIASES | KST_CAP_ALIAS_CASE |
		KST_CAP_SECRETS | KST_CAP_BARE_KEYS | KST_CAP_ENTRY_PASS | KST_CAP_INTEGRITY |
		KST_CAP_ENCRYPTION | KST_CAP_BINARY | KST_CAP_PUBLIC_KEYS | KST_CAP_DATES |
		KST_CAP_SECRET_ALGS,
	.pbe = KST_PBE_OWN,
	.probe = probe,
	.read = read_bks,
	.write = bks_write,
	.close = bks_close,
};
