/* SPDX-License-Identifier: ISC */
/*
 * mkcerts.c - N self-signed CA certificates as PEM on standard output, for the
 * benchmarks and the tests of scale: one Ed25519 key, a name and serial each
 *   mkcerts N
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

int main(int argc, char **argv)
{
	long nr = argc > 1 ? atol(argv[1]) : 1;
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");

	if (!key || !ca)
		return 1;
	for (long i = 1; i <= nr; i++) {
		X509 *x = X509_new();
		X509_NAME *name = X509_get_subject_name(x);
		char cn[64];

		snprintf(cn, sizeof(cn), "Bench CA %06ld", i);
		X509_set_version(x, X509_VERSION_3);
		ASN1_INTEGER_set_int64(X509_get_serialNumber(x), i);
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (unsigned char *)cn, -1, -1, 0);
		X509_set_issuer_name(x, name);
		X509_gmtime_adj(X509_getm_notBefore(x), 0);
		X509_gmtime_adj(X509_getm_notAfter(x), 86400L * 3650);
		X509_set_pubkey(x, key);
		X509_add_ext(x, ca, -1);
		if (!X509_sign(x, key, NULL) || !PEM_write_X509(stdout, x))
			return 1;
		X509_free(x);
	}
	EVP_PKEY_free(key);
	X509_EXTENSION_free(ca);
	return fflush(stdout) != 0;
}
