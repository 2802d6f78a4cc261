/* SPDX-License-Identifier: ISC */
/*
 * key_p8.c - the frame of PKCS#8, without OpenSSL
 *
 * OpenSSL 3.0 does not decode version 2 with its public key (RFC 5958), and a key
 * whose algorithm it does not know must be kept all the same.
 */
#include "crypto/key_impl.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "crypto/der.h"
#include "crypto/ossl.h"

#define KST_OID_EC "1.2.840.10045.2.1"

int kst_p8_parse(struct kst_p8 *out, const uint8_t *der, size_t len)
{
	struct kst_p8 p8 = { .version = 0 };
	struct kst_der_item item, all;
	struct kst_der in, alg;
	uint64_t version;

	if (kst_der_whole(der, len, KST_DER_SEQUENCE, &all) < 0)
		return -1;
	in = kst_der_in(&all);
	if (kst_der_expect(&in, KST_DER_INTEGER, &item) < 0 ||
	    kst_der_uint(item.body, &version) < 0 || version > 1)
		return -1;
	p8.version = (unsigned)version;
	if (kst_der_expect(&in, KST_DER_SEQUENCE, &item) < 0)
		return -1;
	p8.algorithm = item.whole;
	alg = kst_der_in(&item);
	if (kst_der_expect(&alg, KST_DER_OID, &item) < 0 || !item.body.len)
		return -1;
	p8.oid = item.body;
	if (!kst_der_end(&alg)) {
		if (kst_der_next(&alg, &item) != 1 || !kst_der_end(&alg))
			return -1;
		p8.parameters = item.whole;
	}
	if (kst_der_expect(&in, KST_DER_OCTET_STRING, &item) < 0)
		return -1;
	p8.key = item.body;
	int got = kst_der_optional(&in, KST_DER_CONTEXT_CONSTRUCTED(0), &item);
	if (got < 0)
		return -1;
	if (got)
		p8.attributes = item.whole;
	got = kst_der_optional(&in, KST_DER_CONTEXT(1), &item);
	if (got < 0)
		return -1;
	if (got)
		p8.public_key = item.body;
	if (!kst_der_end(&in))
		return -1;
	*out = p8;
	return 0;
}

bool kst_p8_plausible(const uint8_t *der, size_t len)
{
	struct kst_p8 p8;
	return kst_p8_parse(&p8, der, len) == 0;
}

void kst_p8_build(struct kst_buf *out, struct kst_bytes algorithm, struct kst_bytes key)
{
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_der_put_uint(&body, 0);
	kst_buf_put(&body, algorithm.data, algorithm.len);
	kst_der_put(&body, KST_DER_OCTET_STRING, key.data, key.len);
	kst_der_put(out, KST_DER_SEQUENCE, body.data, body.len);
	out->failed |= body.failed;
}

/* Curves are left out of builds, so a key on one that is missing is no bad key. */
static bool curve_known(const struct kst_p8 *p8)
{
	const uint8_t *p = p8->parameters.data;
	ASN1_OBJECT *obj = NULL;
	EC_GROUP *group = NULL;

	if (p8->parameters.len && p[0] == KST_DER_OID)
		obj = d2i_ASN1_OBJECT(NULL, &p, (long)p8->parameters.len);
	if (obj && OBJ_obj2nid(obj) != NID_undef)
		group = EC_GROUP_new_by_curve_name(OBJ_obj2nid(obj));
	bool known = group != NULL;
	EC_GROUP_free(group);
	ASN1_OBJECT_free(obj);
	return known;
}

bool kst_p8_known(const struct kst_p8 *p8)
{
	char oid[KST_OID_TEXT];

	if (kst_oid_text(p8->oid, oid) < 0)
		return false;
	ERR_set_mark();
	EVP_KEYMGMT *keymgmt = EVP_KEYMGMT_fetch(NULL, oid, NULL);
	bool known = keymgmt != NULL && (strcmp(oid, KST_OID_EC) != 0 || curve_known(p8));
	EVP_KEYMGMT_free(keymgmt);
	ERR_pop_to_mark();
	return known;
}
