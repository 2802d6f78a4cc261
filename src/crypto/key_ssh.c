/* SPDX-License-Identifier: ISC */
/*
 * key_ssh.c - a public key as OpenSSH writes it in one line
 *
 * RFC 4253 6.6 (RSA), RFC 5656 3.1 (ECDSA), RFC 8709 4 (Ed25519): names and numbers with
 * their lengths before them.  OpenSSH knows no other curve and no Ed448.
 */
#include <string.h>

#include "crypto/jwk.h"
#include "crypto/text64.h"
#include "kstool/key.h"
#include "kstool/text.h"

static void put_string(struct kst_buf *out, const void *data, size_t n)
{
	kst_buf_be32(out, (uint32_t)n);
	if (n)
		kst_buf_put(out, data, n);
}

/* RFC 4251 section 5: a positive mpint has no needless zero and no leading one bit. */
static void put_mpint(struct kst_buf *out, const struct kst_buf *number)
{
	bool pad = number->len && number->data[0] & 0x80;

	kst_buf_be32(out, (uint32_t)number->len + pad);
	if (pad)
		kst_buf_u8(out, 0);
	kst_buf_put(out, number->data, number->len);
}

/* The name of the key's type, and its blob; NULL: OpenSSH has none. */
static const char *put_blob(struct kst_buf *out, const struct kst_jwk *k)
{
	static const struct {
		const char *crv, *curve, *type;
	} ecdsa[] = { { "P-256", "nistp256", "ecdsa-sha2-nistp256" },
		      { "P-384", "nistp384", "ecdsa-sha2-nistp384" },
		      { "P-521", "nistp521", "ecdsa-sha2-nistp521" } };

	if (!strcmp(k->kty, "RSA")) {
		put_string(out, "ssh-rsa", 7);
		put_mpint(out, &k->member[KST_JWK_E]);
		put_mpint(out, &k->member[KST_JWK_N]);
		return "ssh-rsa";
	}
	if (!strcmp(k->crv, "Ed25519")) {
		put_string(out, "ssh-ed25519", 11);
		put_string(out, k->member[KST_JWK_X].data, k->member[KST_JWK_X].len);
		return "ssh-ed25519";
	}
	for (size_t i = 0; i < sizeof(ecdsa) / sizeof(ecdsa[0]); i++)
		if (!strcmp(k->crv, ecdsa[i].crv)) {
			const struct kst_buf *x = &k->member[KST_JWK_X], *y = &k->member[KST_JWK_Y];
			struct kst_buf point KST_SCRATCH_BUF = KST_BUF_INIT;

			kst_buf_u8(&point, 4);
			kst_buf_put(&point, x->data, x->len);
			kst_buf_put(&point, y->data, y->len);
			put_string(out, ecdsa[i].type, strlen(ecdsa[i].type));
			put_string(out, ecdsa[i].curve, strlen(ecdsa[i].curve));
			put_string(out, point.data, point.len);
			out->failed |= point.failed;
			return ecdsa[i].type;
		}
	return NULL;
}

int kst_spki_ssh(struct kst_bytes spki, const char *comment, struct kst_buf *out,
		 struct kst_error *err)
{
	struct kst_jwk k = { .kty = NULL };
	struct kst_buf blob KST_SCRATCH_BUF = KST_BUF_INIT;
	int rc = kst_jwk_from_spki(&k, spki, err);

	if (rc != 0)
		return rc;
	const char *type = put_blob(&blob, &k);
	if (type) {
		kst_buf_printf(out, "%s ", type);
		kst_text64_encode(out, blob.data, blob.len, KST_TEXT64);
		if (comment && *comment) { /* escaped: it can bring no line of its own */
			kst_buf_u8(out, ' ');
			kst_text_escape(out, comment, strlen(comment));
		}
		kst_buf_u8(out, '\n');
	}
	kst_jwk_release(&k);
	if (blob.failed || out->failed)
		return kst_error_nomem(err);
	return type ? 0 : 1;
}
