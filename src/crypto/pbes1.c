/* SPDX-License-Identifier: ISC */
/*
 * pbes1.c - PBES1 (RFC 8018 6.1) and the PBEs of PKCS#12 (RFC 7292 appendix C)
 *
 * One object identifier names digest, cipher and key length together.
 */
#include "crypto/pbe_alg.h"

#include <openssl/asn1t.h>
#include <openssl/objects.h>
#include <string.h>

#include "crypto/bks_key.h"

static const struct row {
	int nid;
	const char *title;
	enum kst_kdf_kind kdf;
	const char *digest, *cipher;
	uint8_t key, iv, rc2_bits;
} rows[] = {
	{ NID_pbeWithMD2AndDES_CBC, "PBE-MD2-DES", KST_KDF_PBKDF1, "MD2", "DES-CBC", 8, 8, 0 },
	{ NID_pbeWithMD2AndRC2_CBC, "PBE-MD2-RC2-64", KST_KDF_PBKDF1, "MD2", "RC2-CBC", 8, 8, 64 },
	{ NID_pbeWithMD5AndDES_CBC, "PBE-MD5-DES", KST_KDF_PBKDF1, "MD5", "DES-CBC", 8, 8, 0 },
	{ NID_pbeWithMD5AndRC2_CBC, "PBE-MD5-RC2-64", KST_KDF_PBKDF1, "MD5", "RC2-CBC", 8, 8, 64 },
	{ NID_pbeWithSHA1AndDES_CBC, "PBE-SHA1-DES", KST_KDF_PBKDF1, "SHA1", "DES-CBC", 8, 8, 0 },
	{ NID_pbeWithSHA1AndRC2_CBC, "PBE-SHA1-RC2-64", KST_KDF_PBKDF1, "SHA1", "RC2-CBC", 8, 8,
	  64 },
	{ NID_pbe_WithSHA1And128BitRC4, "PBE-SHA1-RC4-128", KST_KDF_PKCS12, "SHA1", "RC4", 16, 0,
	  0 },
	{ NID_pbe_WithSHA1And40BitRC4, "PBE-SHA1-RC4-40", KST_KDF_PKCS12, "SHA1", "RC4", 5, 0, 0 },
	{ NID_pbe_WithSHA1And3_Key_TripleDES_CBC, "PBE-SHA1-3DES", KST_KDF_PKCS12, "SHA1",
	  "DES-EDE3-CBC", 24, 8, 0 },
	{ NID_pbe_WithSHA1And2_Key_TripleDES_CBC, "PBE-SHA1-2DES", KST_KDF_PKCS12, "SHA1",
	  "DES-EDE-CBC", 16, 8, 0 },
	{ NID_pbe_WithSHA1And128BitRC2_CBC, "PBE-SHA1-RC2-128", KST_KDF_PKCS12, "SHA1", "RC2-CBC",
	  16, 8, 128 },
	{ NID_pbe_WithSHA1And40BitRC2_CBC, "PBE-SHA1-RC2-40", KST_KDF_PKCS12, "SHA1", "RC2-CBC", 5,
	  8, 40 },
};

static const struct row bks = { NID_undef, "BKS SHA1-3DES", KST_KDF_PKCS12, "SHA1",
				"DES-EDE3-CBC", 24, 8, 0 };

int kst_pbes1_parse(struct kst_pbe_alg *out, const X509_ALGOR *algor, struct kst_error *err)
{
	const struct row *row = NULL;
	char oid[64] = "";
	int nid = OBJ_obj2nid(algor->algorithm);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].nid == nid)
			row = &rows[i];
	/* The frame of Bouncy Castle's keys is sealed by this, under a name of ours (bks_key.h). */
	OBJ_obj2txt(oid, sizeof(oid), algor->algorithm, 1);
	if (!row && !strcmp(oid, KST_BKS_OID)) {
		row = &bks;
		out->framed = true;
	}
	if (!row)
		return 1;

	PBEPARAM *param = algor->parameter ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM),
								       algor->parameter)
					   : NULL;
	if (!param)
		return kst_error_setx(err, KST_E_CORRUPT, "the parameters of %s cannot be decoded",
				      row->title);
	out->title = row->title;
	out->cipher = row->cipher;
	out->key_len = row->key;
	out->iv_len = row->iv;
	out->iv_derived = true;
	out->rc2_bits = row->rc2_bits;
	out->kdf.kind = row->kdf;
	out->kdf.digest = row->digest;
	int rc = kst_pbe_positive(param->iter, "the iteration count", &out->kdf.iterations, err);
	if (rc == 0)
		rc = kst_pbe_take_salt(&out->kdf, param->salt, err);
	PBEPARAM_free(param);
	return rc;
}
