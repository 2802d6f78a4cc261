/* SPDX-License-Identifier: ISC */
/*
 * jwk_rsa.c - RSA keys of which only some numbers are there
 *
 * RFC 7518 6.3.2 lets a writer leave out everything but n, e and d.  The primes
 * are found as in SP 800-56B appendix C.1: a power of a random number that is a
 * square root of 1 and neither 1 nor -1 splits n.
 */
#include <openssl/bn.h>
#include <openssl/err.h>

#include "crypto/der.h"
#include "crypto/jwk.h"

/* Each try finds them with a chance of one half at least. */
#define TRIES 64

struct rsa {
	BN_CTX *ctx;
	BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qi;
};

void kst_jwk_put_number(struct kst_buf *out, const uint8_t *data, size_t n)
{
	static const uint8_t zero;

	while (n && !*data) {
		data++;
		n--;
	}
	bool pad = !n || data[0] & 0x80;
	kst_der_put_header(out, KST_DER_INTEGER, n + pad);
	if (pad)
		kst_buf_put(out, &zero, 1);
	if (n)
		kst_buf_put(out, data, n);
}

static int bad(struct kst_error *err, const char *why)
{
	return kst_error_setx(err, KST_E_BAD_KEY, "the RSA key is none: %s", why);
}

static BIGNUM *number(struct rsa *r, const struct kst_jwk *jwk, enum kst_jwk_member which)
{
	const struct kst_buf *b = &jwk->member[which];
	BIGNUM *bn = BN_CTX_get(r->ctx);

	if (!bn || (b->len && !BN_bin2bn(b->data, (int)b->len, bn)))
		return NULL;
	if (KST_JWK_IS_SECRET(which))
		BN_set_flags(bn, BN_FLG_CONSTTIME);
	return bn;
}

/* 2^(d e) = 2 mod n: a d that is not the exponent of n is seen before anything is searched. */
static bool belong(struct rsa *r)
{
	BIGNUM *two = BN_CTX_get(r->ctx), *t = BN_CTX_get(r->ctx);

	return t && BN_set_word(two, 2) && BN_mod_exp(t, two, r->d, r->n, r->ctx) &&
	       BN_mod_exp(t, t, r->e, r->n, r->ctx) && BN_cmp(t, two) == 0;
}

/* One try with a random g.  1 found (r->p is set), 0 not this time, -1 no memory. */
static int split(struct rsa *r, const BIGNUM *odd, int twos, const BIGNUM *minus_one)
{
	int found = -1;

	BN_CTX_start(r->ctx);
	BIGNUM *x = BN_CTX_get(r->ctx), *y = BN_CTX_get(r->ctx);
	if (!y || !BN_rand_range(x, minus_one) || !BN_mod_exp(x, x, odd, r->n, r->ctx))
		goto done;
	found = 0;
	if (BN_is_zero(x) || BN_is_one(x) || BN_cmp(x, minus_one) == 0)
		goto done;
	for (int i = 0; i < twos; i++) {
		if (!BN_mod_sqr(y, x, r->n, r->ctx)) {
			found = -1;
			goto done;
		}
		if (BN_is_one(y)) {
			found = BN_sub_word(x, 1) && BN_gcd(r->p, x, r->n, r->ctx) ? 1 : -1;
			break;
		}
		if (BN_cmp(y, minus_one) == 0)
			break;
		BN_swap(x, y);
	}
done:
	BN_CTX_end(r->ctx);
	return found;
}

static int find_primes(struct rsa *r, struct kst_error *err)
{
	BIGNUM *odd = BN_CTX_get(r->ctx), *minus_one = BN_CTX_get(r->ctx), *t = BN_CTX_get(r->ctx);
	int twos = 0, found = 0;

	if (!t || !BN_mul(odd, r->d, r->e, r->ctx) || !BN_sub_word(odd, 1) ||
	    !BN_copy(minus_one, r->n) || !BN_sub_word(minus_one, 1))
		return kst_error_nomem(err);
	if (BN_is_zero(odd) || BN_is_odd(odd) || !belong(r))
		return bad(err, "d is not the private exponent of n and e");
	while (!BN_is_bit_set(odd, twos))
		twos++;
	if (!BN_rshift(odd, odd, twos))
		return kst_error_nomem(err);
	BN_set_flags(odd, BN_FLG_CONSTTIME);
	for (int i = 0; i < TRIES && !found; i++)
		found = split(r, odd, twos, minus_one);
	if (found < 0)
		return kst_error_nomem(err);
	if (!found || BN_is_one(r->p) || !BN_div(r->q, NULL, r->n, r->p, r->ctx))
		return bad(err, "n is not the product of two primes");
	if (BN_cmp(r->p, r->q) < 0)
		BN_swap(r->p, r->q);
	return 0;
}

static bool differs(const BIGNUM *given, const BIGNUM *computed)
{
	return !BN_is_zero(given) && BN_cmp(given, computed) != 0;
}

/* dp, dq and qi from the rest; those that were given must be these. */
static int exponents(struct rsa *r, struct kst_error *err)
{
	BIGNUM *p1 = BN_CTX_get(r->ctx), *q1 = BN_CTX_get(r->ctx), *dp = BN_CTX_get(r->ctx),
	       *dq = BN_CTX_get(r->ctx), *t = BN_CTX_get(r->ctx), *qi = BN_CTX_get(r->ctx);

	if (!qi)
		return kst_error_nomem(err);
	if (!BN_mul(t, r->p, r->q, r->ctx) || BN_cmp(t, r->n) != 0 || BN_is_one(r->p) ||
	    BN_is_one(r->q) || BN_cmp(r->p, r->q) == 0)
		return bad(err, "p and q are not the factors of n");
	if (!BN_copy(p1, r->p) || !BN_copy(q1, r->q) || !BN_sub_word(p1, 1) ||
	    !BN_sub_word(q1, 1) || !BN_mod(dp, r->d, p1, r->ctx) || !BN_mod(dq, r->d, q1, r->ctx))
		return kst_error_nomem(err);
	if (!BN_mod_mul(t, dp, r->e, p1, r->ctx) || !BN_is_one(t) ||
	    !BN_mod_mul(t, dq, r->e, q1, r->ctx) || !BN_is_one(t))
		return bad(err, "d is not the private exponent of n and e");
	if (!BN_mod_inverse(qi, r->q, r->p, r->ctx))
		return bad(err, "p and q are no two primes");
	if (differs(r->dp, dp) || differs(r->dq, dq) || differs(r->qi, qi))
		return bad(err, "dp, dq or qi is not what p, q and d give");
	r->dp = dp;
	r->dq = dq;
	r->qi = qi;
	return 0;
}

static int put(const struct rsa *r, struct kst_buf *out, struct kst_error *err)
{
	const BIGNUM *const all[] = { r->n, r->e, r->d, r->p, r->q, r->dp, r->dq, r->qi };
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT, one KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_der_put_uint(&body, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int n = BN_num_bytes(all[i]);

		kst_buf_reset(&one);
		if (kst_buf_reserve(&one, (size_t)n + 1) < 0)
			return kst_error_nomem(err);
		BN_bn2bin(all[i], one.data);
		kst_jwk_put_number(&body, one.data, (size_t)n);
		one.len = (size_t)n; /* so that it is wiped */
	}
	kst_der_put(out, KST_DER_SEQUENCE, body.data, body.len);
	return body.failed || out->failed ? kst_error_nomem(err) : 0;
}

int kst_jwk_rsa_private(const struct kst_jwk *jwk, struct kst_buf *out, struct kst_error *err)
{
	struct rsa r = { .ctx = BN_CTX_new() };
	int rc = -1;

	if (!r.ctx)
		return kst_error_nomem(err);
	ERR_set_mark();
	BN_CTX_start(r.ctx);
	r.n = number(&r, jwk, KST_JWK_N);
	r.e = number(&r, jwk, KST_JWK_E);
	r.d = number(&r, jwk, KST_JWK_D);
	r.p = number(&r, jwk, KST_JWK_P);
	r.q = number(&r, jwk, KST_JWK_Q);
	r.dp = number(&r, jwk, KST_JWK_DP);
	r.dq = number(&r, jwk, KST_JWK_DQ);
	r.qi = number(&r, jwk, KST_JWK_QI);
	if (!r.n || !r.e || !r.d || !r.p || !r.q || !r.dp || !r.dq || !r.qi)
		kst_error_nomem(err);
	else if (!BN_is_odd(r.n) || !BN_is_odd(r.e) || BN_is_one(r.e) || BN_is_zero(r.d))
		bad(err, "n and e must be odd, d more than zero");
	else if (BN_is_zero(r.p) != BN_is_zero(r.q))
		bad(err, "of p and q one is missing");
	else if ((!BN_is_zero(r.p) || find_primes(&r, err) == 0) && exponents(&r, err) == 0)
		rc = put(&r, out, err);
	BN_CTX_end(r.ctx);
	BN_CTX_free(r.ctx); /* the arena wipes what it held */
	ERR_pop_to_mark();
	return rc;
}
