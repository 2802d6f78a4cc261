/* SPDX-License-Identifier: ISC */
/*
 * uber.c - Bouncy Castle's UBER: the entries of a BKS, encrypted as a whole by Twofish.
 * Read, never written: the cipher is a library of its own (src/crypto/twofish.c).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bks.h"
#include "crypto/bks_key.h"
#include "crypto/digest.h"
#include "kstool/alloc.h"
#include "kstool/text.h"

#define BLOCK 16
#define DIGEST 20
#define SALT 20
/* Bouncy Castle refuses more of either. */
#define ITERATIONS_MAX 65536

static int probe(const uint8_t *data, size_t n, bool whole)
{
	struct bks_header h;

	if (bks_header_parse(&h, data, n) < 0 || h.salt.len != SALT || h.iterations < 256 ||
	    h.iterations > ITERATIONS_MAX || !whole)
		return 0;
	size_t left = n - h.len;
	/* At least the end mark and the digest. */
	return left >= 2 * BLOCK && left % BLOCK == 0 && !bks_first_entry(data + h.len, left) ? 50 : 0;
}

struct attempt {
	const struct bks_header *h;
	struct kst_bytes body;
	struct kst_secret plain;
};

/* Padding, then SHA-1 behind the entries: who gets past both has the passphrase. */
static bool cut(struct kst_secret *plain)
{
	uint8_t pad = plain->data[plain->len - 1], digest[DIGEST];

	if (!pad || pad > BLOCK)
		return false;
	for (size_t i = plain->len - pad; i < plain->len; i++)
		if (plain->data[i] != pad)
			return false;
	if (plain->len - pad < DIGEST + 1)
		return false;
	size_t n = plain->len - pad - DIGEST;
	kst_sha1(plain->data, n, digest);
	if (memcmp(digest, plain->data + n, DIGEST) != 0)
		return false;
	plain->len = n;
	return true;
}

static int try_pass(void *ctx, const struct kst_secret *pass, struct kst_error *err)
{
	struct attempt *a = ctx;
	uint8_t key[32], iv[BLOCK];

	if (!kst_utf8_valid(pass->data, pass->len))
		return 1;
	if (kst_bks_twofish_key(pass, a->h->salt, a->h->iterations, key, iv, err) < 0 ||
	    kst_secret_alloc(&a->plain, a->body.len, err) < 0)
		return -1;
	int rc = kst_twofish_cbc_decrypt(key, iv, a->body.data, a->body.len, a->plain.data, err);
	a->plain.len = a->body.len;
	memset(key, 0, sizeof(key));
	return rc < 0 ? -1 : cut(&a->plain) ? 0 : 1;
}

static int read_uber(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	struct kst_bytes file = io->source.bytes;
	struct bks_header h;
	struct attempt a = { .h = &h };
	struct kst_question q = { .what = KST_ASK_STORE,
				  .path = io->path,
				  .format = "UBER",
				  .public_defaults = true };
	size_t used = 0;

	if (file.len > io->limits->file)
		return kst_error_setx(err, KST_E_TOO_LARGE, "is larger than %" PRIu64 " bytes",
				      io->limits->file);
	if (bks_header_parse(&h, file.data, file.len) < 0)
		return kst_error_setx(err, KST_E_CORRUPT, "does not begin as a UBER does");
	if (h.iterations > ITERATIONS_MAX || h.iterations > io->limits->iterations)
		return kst_error_setx(err, KST_E_LIMIT,
				      "asks for %" PRIu32 " iterations, the limit is %d", h.iterations,
				      ITERATIONS_MAX);
	a.body = (struct kst_bytes){ file.data + h.len, file.len - h.len };
	if (a.body.len < 2 * BLOCK || a.body.len % BLOCK)
		return kst_error_setx(err, KST_E_TRUNCATED,
				      "ends at byte %zu, which is not the end of a block", file.len);
	struct bks_state *s = kst_calloc(1, sizeof(*s));
	into->state = s;
	if (!s)
		return kst_error_nomem(err);
	s->version = h.version;
	int rc = kst_ask_until(io->asker, &q, NULL, try_pass, &a, &into->pass,
			       &into->info.passphrase, err);
	if (rc == 0) {
		into->has_pass = true;
		kst_buf_put(&s->entries, a.plain.data, a.plain.len);
		rc = s->entries.failed ? kst_error_nomem(err) : bks_read_entries(io, into, &used, err);
	}
	kst_secret_release(&a.plain);
	if (rc == 0 && used != s->entries.len)
		rc = kst_error_setx(err, KST_E_CORRUPT, "has %zu bytes behind its last entry",
				    s->entries.len - used);
	if (rc < 0)
		return -1;
	into->info.integrity = KST_INTEGRITY_VERIFIED;
	into->info.encrypted = true;
	into->info.iterations = h.iterations;
	snprintf(into->info.mac, sizeof(into->info.mac), "SHA-1, encrypted");
	snprintf(into->info.kdf, sizeof(into->info.kdf), "PBE-SHA1-Twofish");
	return 0;
}

static const char *const suffixes[] = { ".ubr", ".uber", NULL };

const struct kst_format kst_format_uber = {
	.name = "uber",
	.to = "uber",
	.title = "UBER",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_KEYS | KST_CAP_CHAINS | KST_CAP_CERTS | KST_CAP_TRUST |
		KST_CAP_ANCHORS | KST_CAP_ALIASES | KST_CAP_ALIAS_CASE | KST_CAP_SECRETS |
		KST_CAP_BARE_KEYS | KST_CAP_ENTRY_PASS | KST_CAP_INTEGRITY | KST_CAP_ENCRYPTION |
		KST_CAP_BINARY | KST_CAP_PUBLIC_KEYS | KST_CAP_DATES |
		KST_CAP_SECRET_ALGS,
	.pbe = KST_PBE_OWN,
	.probe = probe,
	.read = read_uber,
	.close = bks_close,
};
