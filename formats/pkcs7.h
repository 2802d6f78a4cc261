/* SPDX-License-Identifier: ISC */
/* pkcs7.h - a PKCS#7 file between reading and writing; private to formats/pkcs7*.c */
#ifndef KST_FORMATS_PKCS7_H
#define KST_FORMATS_PKCS7_H

#include "bare64.h"
#include "kstool/format.h"
#include "pem_scan.h"
#include "pkcs7_walk.h"

struct pkcs7_file {
	struct kst_buf bytes; /* as found */
	struct kst_buf der;   /* the object; parts borrow from it */
	enum { PKCS7_DER, PKCS7_PEM, PKCS7_BARE } form;
	struct pem_span at;   /* PEM */
	struct bare64 style;  /* BARE */
	struct pkcs7_parts parts;
};

int pkcs7_write(struct kst_io *io, struct kst_model *from, struct kst_error *err);

#endif
