/* SPDX-License-Identifier: ISC */
/* certs.h - what the tests of certificates share */
#ifndef KST_TESTS_CERTS_H
#define KST_TESTS_CERTS_H

#include "party.h"

typedef void put_text(const struct kst_cert *cert, struct kst_buf *out);

static inline const char *text(put_text *put, const struct kst_cert *cert, struct kst_buf *out)
{
	kst_buf_reset(out);
	kst_buf_puts(out, "");
	put(cert, out);
	ck_assert(!out->failed);
	return (const char *)out->data;
}

/* Our RFC 4514 text of a name against OpenSSL's. */
static inline void same_name(const char *path, const X509_NAME *name, const char *ours)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
		long n = BIO_get_mem_data(bio, &p);
		ck_assert_msg(n == (long)strlen(ours) && (!n || !memcmp(p, ours, (size_t)n)), "%s: %s", path,
			      ours);
	}
	BIO_free(bio);
}

/* One with every sort of name. */
static inline struct kst_cert *sample(void)
{
	struct party p = party_new("caf\xc3\xa9", "DNS:a.test,DNS:*.a.test,IP:10.0.0.1,IP:2001:db8::1,"
						 "URI:https://a.test/,email:x@a.test,"
						 "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:u@a.test,RID:1.2.3.4",
				   1, NULL);
	struct kst_cert *c = party_cert(&p);
	party_free(&p);
	return c;
}

#endif
