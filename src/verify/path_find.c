/* SPDX-License-Identifier: ISC */
/* path_find.c - findings: how they are kept, and how much each weighs against a path */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/names.h"
#include "kstool/alloc.h"
#include "verify/path.h"

/* Of a hostile path no more is kept than this, and the first of each check and result; all failures weigh. */
#define MAX_FINDINGS 4096

/*
 * Of several paths that are not good the one is shown that is nearest to being good: a path to an anchor
 * before one that ends nowhere; what the user can mend before what his CA must.
 */
static unsigned weight(enum kst_reason reason)
{
	switch (reason) {
	case KST_REASON_NONE:
	case KST_REASON_COUNT:
		return 0;
	case KST_REASON_INCOMPLETE:
		return 100000;
	case KST_REASON_UNTRUSTED:
	case KST_REASON_SELF_SIGNED:
		return 90000;
	case KST_REASON_BAD_SIGNATURE:
		return 80000;
	case KST_REASON_DISTRUSTED:
	case KST_REASON_REVOKED:
		return 10000;
	case KST_REASON_UNKNOWN_SIG:
	case KST_REASON_NOT_A_CA:
	case KST_REASON_MALFORMED:
	case KST_REASON_CRITICAL:
	case KST_REASON_PATH_LENGTH:
	case KST_REASON_NAME_CONSTRAINT:
	case KST_REASON_POLICY:
		return 1000;
	case KST_REASON_EXPIRED:
	case KST_REASON_NOT_YET:
	case KST_REASON_PURPOSE:
	case KST_REASON_KEY_USAGE:
	case KST_REASON_WEAK_KEY:
	case KST_REASON_WEAK_DIGEST:
	case KST_REASON_WEB_PKI:
	case KST_REASON_OPENSSL:
		return 100;
	case KST_REASON_EXPIRES_SOON:
	case KST_REASON_HOST:
	case KST_REASON_CN_ONLY:
	case KST_REASON_CRL_EXPIRED:
	case KST_REASON_CRL_BAD:
	case KST_REASON_NO_REVOCATION:
	case KST_REASON_KEY_MISMATCH:
		return 10;
	}
	return 0;
}

__attribute__((format(printf, 1, 0))) static char *text_of(const char *fmt, va_list ap)
{
	char text[512];

	if (!fmt)
		return NULL;
	/* What is longer is cut: names in it are hostile, and nobody reads a page of them. */
	vsnprintf(text, sizeof(text), fmt, ap);
	return kst_strdup(text);
}

/* There are so many already: is this one left out?  The first fault that is speaks for those to come. */
static bool is_one_of_many(struct findings *f, struct kst_path_finding *row)
{
	if (!(f->has[row->check] & 1U << row->result))
		return false;
	kst_free(row->text);
	row->text = NULL;
	if (row->result != KST_RESULT_FAIL || f->cut)
		return true;
	f->cut = true;
	row->text = kst_strdup("there are more faults than are told");
	return false;
}

static void put(struct findings *f, struct kst_path_finding row)
{
	if (row.result == KST_RESULT_FAIL)
		f->weight = f->weight > UINT_MAX - weight(row.reason) ? UINT_MAX : f->weight + weight(row.reason);
	if (f->nr >= MAX_FINDINGS && is_one_of_many(f, &row))
		return;
	f->has[row.check] |= 1U << row.result;
	if (f->nr == f->size) {
		size_t more = f->size ? f->size * 2 : 32;
		struct kst_path_finding *grown = kst_realloc(f->row, more * sizeof(*grown));

		if (grown) {
			f->row = grown;
			f->size = more;
		}
	}
	if (f->nr == f->size) {
		f->failed = true;
		kst_free(row.text);
		return;
	}
	f->row[f->nr++] = row;
}

void findings_release(struct findings *f)
{
	for (size_t i = 0; i < f->nr; i++)
		kst_free(f->row[i].text);
	kst_free(f->row);
	*f = (struct findings){ .row = NULL };
}

void find_fail(struct findings *f, enum kst_reason reason, int depth, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(f, (struct kst_path_finding){ .check = kst_reason_check(reason), .result = KST_RESULT_FAIL,
					  .reason = reason, .depth = depth, .text = text_of(fmt, ap) });
	va_end(ap);
}

void find_lax(struct findings *f, enum kst_reason reason, int depth, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(f, (struct kst_path_finding){ .check = kst_reason_check(reason),
					  .result = f->strict ? KST_RESULT_FAIL : KST_RESULT_PASS,
					  .let_pass = !f->strict, .reason = reason, .depth = depth,
					  .text = text_of(fmt, ap) });
	va_end(ap);
}

void find_pass(struct findings *f, enum kst_path_check check, int depth, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(f, (struct kst_path_finding){ .check = check, .result = KST_RESULT_PASS, .depth = depth,
					  .text = text_of(fmt, ap) });
	va_end(ap);
}

void find_not(struct findings *f, enum kst_path_check check, enum kst_reason reason, int depth,
	      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(f, (struct kst_path_finding){ .check = check, .result = KST_RESULT_NOT_CHECKED, .reason = reason,
					  .depth = depth, .text = text_of(fmt, ap) });
	va_end(ap);
}

bool find_any(const struct findings *f, enum kst_path_check check, int depth)
{
	for (size_t i = 0; i < f->nr; i++)
		if (f->row[i].check == check && f->row[i].depth == depth)
			return true;
	return false;
}

/* ---- names in findings ---- */

static const char *cut(const struct kst_buf *text, char out[PATH_NAME])
{
	size_t n = text->len;

	if (!n)
		return strcpy(out, "(no name)");
	if (n >= PATH_NAME)
		/* Not within a character (RFC 3629): continuation octets begin with 10. */
		for (n = PATH_NAME - 1; n && (text->data[n] & 0xc0) == 0x80;)
			n--;
	memcpy(out, text->data, n);
	out[n] = 0;
	return out;
}

const char *path_name(const struct kst_cert *cert, char out[PATH_NAME])
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_cert_name(cert, &text);
	return cut(&text, out);
}

const char *path_oid(struct kst_bytes oid, char out[PATH_NAME])
{
	char text[KST_OID_TEXT];

	snprintf(out, PATH_NAME, "%.120s", kst_oid_text(oid, text) == 0 ? text : "with an OID that is none");
	return out;
}

const char *path_issuer_name(const struct kst_cert *cert, char out[PATH_NAME])
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_cert_issuer_name(cert, &text);
	return cut(&text, out);
}
