/* SPDX-License-Identifier: ISC */
/* pem_aux.h - X509_CERT_AUX, the trust that follows the certificate in TRUSTED CERTIFICATE */
#ifndef KST_FORMATS_PEM_AUX_H
#define KST_FORMATS_PEM_AUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/entry.h"

struct pem_aux {
	bool trusted;                /* false: the list of purposes is there and empty */
	struct kst_blob purposes;    /* DER OIDs, ascending; empty: all */
	struct kst_blob distrusted;
	struct kst_bytes alias;      /* borrowed; empty: none */
};

/* The certificate's own bytes, and what follows them.  0 or -1 (BAD_CERT, CORRUPT). */
int pem_aux_read(const uint8_t *data, size_t n, struct kst_bytes *cert, struct pem_aux *out,
		 struct kst_error *err);
/* A SEQUENCE OF OID as a list of purposes: ascending, each once.  0 or -1. */
int pem_aux_oids(struct kst_bytes sequence, struct kst_blob *out, struct kst_error *err);
void pem_aux_release(struct pem_aux *aux);
/* Does the entry say something that needs it? */
bool pem_aux_needed(const struct kst_entry *e);
/* The bytes that follow the certificate; appended. */
void pem_aux_write(struct kst_buf *out, const struct kst_entry *e);

#endif
