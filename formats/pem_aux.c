/* SPDX-License-Identifier: ISC */
/*
 * pem_aux.c - X509_CERT_AUX
 *
 *     SEQUENCE { trust SEQUENCE OF OID OPTIONAL, reject [0] SEQUENCE OF OID OPTIONAL,
 *                alias UTF8String OPTIONAL, keyid OCTET STRING OPTIONAL,
 *                other [1] SEQUENCE OF AlgorithmIdentifier OPTIONAL }
 *
 * Never dropped: written without it, a certificate that was rejected would come
 * back as a trusted one.
 */
#include "pem_aux.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/der.h"
#include "kstool/alloc.h"

/* Purposes are few; what holds more is no trust setting. */
#define MAX_OIDS 256

static int by_bytes(const void *a, const void *b)
{
	const struct kst_bytes *x = a, *y = b;
	int c = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
	return c ? c : (x->len > y->len) - (x->len < y->len);
}

/* The OIDs of a list, ascending, each once.  0; -1 they are none; -2 no memory. */
static int oids(struct kst_der in, struct kst_blob *out)
{
	struct kst_bytes list[MAX_OIDS];
	struct kst_der_item item;
	struct kst_buf all KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t nr = 0;

	while (!kst_der_end(&in)) {
		if (nr == MAX_OIDS || kst_der_expect(&in, KST_DER_OID, &item) < 0)
			return -1;
		list[nr++] = item.whole;
	}
	qsort(list, nr, sizeof(list[0]), by_bytes);
	for (size_t i = 0; i < nr; i++)
		if (i == 0 || by_bytes(&list[i - 1], &list[i]) != 0)
			kst_buf_put(&all, list[i].data, list[i].len);
	return all.failed || (all.len && kst_blob_set(out, all.data, all.len) < 0) ? -2 : 0;
}

int pem_aux_oids(struct kst_bytes sequence, struct kst_blob *out, struct kst_error *err)
{
	struct kst_der_item item;
	int rc = kst_der_whole(sequence.data, sequence.len, KST_DER_SEQUENCE, &item);
	if (rc == 0)
		rc = oids(kst_der_in(&item), out);
	if (rc == -2)
		return kst_error_nomem(err);
	return rc < 0 ? kst_error_setx(err, KST_E_CORRUPT,
				       "has a list of purposes that cannot be decoded")
		      : 0;
}

static int parse(struct kst_der in, struct pem_aux *aux)
{
	struct kst_der_item item;
	int rc;

	if ((rc = kst_der_optional(&in, KST_DER_SEQUENCE, &item)) < 0 ||
	    (rc && oids(kst_der_in(&item), &aux->purposes) < 0))
		return -1;
	/* A list without a purpose: none is allowed (OpenSSL's X509_check_trust). */
	aux->trusted = !rc || aux->purposes.len;
	if ((rc = kst_der_optional(&in, KST_DER_CONTEXT_CONSTRUCTED(0), &item)) < 0 ||
	    (rc && oids(kst_der_in(&item), &aux->distrusted) < 0))
		return -1;
	if ((rc = kst_der_optional(&in, KST_DER_UTF8_STRING, &item)) < 0)
		return -1;
	if (rc)
		aux->alias = item.body;
	if (kst_der_optional(&in, KST_DER_OCTET_STRING, NULL) < 0 ||
	    kst_der_optional(&in, KST_DER_CONTEXT_CONSTRUCTED(1), NULL) < 0)
		return -1;
	return kst_der_end(&in) ? 0 : -1;
}

int pem_aux_read(const uint8_t *data, size_t n, struct kst_bytes *cert, struct pem_aux *out,
		 struct kst_error *err)
{
	struct kst_der d = kst_der_over(data, n);
	struct kst_der_item item, tail;
	struct pem_aux aux = { .trusted = true };

	if (kst_der_expect(&d, KST_DER_SEQUENCE, &item) < 0)
		return kst_error_setx(err, KST_E_BAD_CERT, "is no X.509 certificate");
	/* Nothing behind the certificate: trusted, without more to say. */
	if (!kst_der_end(&d) &&
	    (kst_der_expect(&d, KST_DER_SEQUENCE, &tail) < 0 || !kst_der_end(&d) ||
	     parse(kst_der_in(&tail), &aux) < 0)) {
		pem_aux_release(&aux);
		return kst_error_setx(err, KST_E_CORRUPT,
				      "has trust settings that cannot be decoded");
	}
	*cert = item.whole;
	*out = aux;
	return 0;
}

void pem_aux_release(struct pem_aux *aux)
{
	kst_blob_release(&aux->purposes);
	kst_blob_release(&aux->distrusted);
}

bool pem_aux_needed(const struct kst_entry *e)
{
	return e->purposes.len || e->distrusted.len || e->no_anchor;
}

void pem_aux_write(struct kst_buf *out, const struct kst_entry *e)
{
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT;
	/* Distrusted for something and trusted for nothing: an empty list says so. */
	if (e->purposes.len || !e->trusted)
		kst_der_put(&body, KST_DER_SEQUENCE, e->purposes.data, e->purposes.len);
	if (e->distrusted.len)
		kst_der_put(&body, KST_DER_CONTEXT_CONSTRUCTED(0), e->distrusted.data,
			    e->distrusted.len);
	kst_der_put(out, KST_DER_SEQUENCE, body.data, body.len);
	out->failed |= body.failed;
}
