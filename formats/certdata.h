/* SPDX-License-Identifier: ISC */
/* certdata.h - a certdata.txt while it is read; private to formats/certdata*.c */
#ifndef KST_FORMATS_CERTDATA_H
#define KST_FORMATS_CERTDATA_H

#include "kstool/format.h"

#define CERTDATA_DATE_MAX 32

struct certdata_date {
	enum { CERTDATA_NO_DATE, CERTDATA_DATE, CERTDATA_BAD_DATE } state;
	uint8_t text[CERTDATA_DATE_MAX];
	size_t len;
};

struct certdata_trust {
	struct kst_blob issuer;  /* Name, DER */
	struct kst_blob serial;  /* contents of the INTEGER */
	struct kst_blob sha1;    /* of the certificate; empty: not said */
	unsigned yes, no;        /* enum kst_purpose */
	bool used;
};

/* What belongs to entry i of the model until its trust is known. */
struct certdata_cert {
	struct certdata_date after[2]; /* server, email */
};

struct certdata {
	struct kst_buf text;
	struct kst_model *model;
	const struct kst_limits *limits;
	struct certdata_cert *cert;
	size_t size_certs;
	struct certdata_trust *trust;
	size_t nr_trusts, size_trusts;
};

/* certdata_parse.c: certificates into the model, trust objects into the list.  0 or -1. */
int certdata_parse(struct certdata *d, struct kst_error *err);

#endif
