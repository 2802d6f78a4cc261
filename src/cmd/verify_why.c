/* SPDX-License-Identifier: ISC */
/*
 * verify_why.c - the explanation: what the most telling fault means, and what mends it
 *
 * Whoever reads it has met the fault elsewhere, in the words of Java or curl; so it is said
 * what they say.  A command that is offered can be run as it stands, but for a file
 * that only its CA can give.
 */
#include "cmd/verify.h"

#include <stdarg.h>
#include <string.h>

#include "cmd/describe.h"

static const char *str(const struct kst_buf *b)
{
	return b->data ? (const char *)b->data : "";
}

void verify_name(const struct kst_cert *cert, struct kst_buf *out)
{
	size_t at = out->len;

	kst_cert_name(cert, out);
	if (out->len == at)
		kst_buf_puts(out, "(no name)");
}

static const struct kst_cert *at_fault(const struct verify_target *t, const struct kst_path_finding *f)
{
	return t->v->path.cert[f->depth > 0 && (size_t)f->depth < t->v->path.nr ? f->depth : 0];
}

/* ---- where the issuer of a certificate can be had: caIssuers (RFC 5280 4.2.2.1) ---- */

/* A URL that may stand in a command; appended. */
static bool issuer_url(const struct kst_cert *cert, struct kst_buf *out)
{
	size_t at = out->len;

	kst_cert_issuer_url(cert, out);
	return out->len > at;
}

/* ---- why ---- */

static const char *who_is(const struct kst_path_finding *f)
{
	return f->depth > 0 ? "a CA" : "the certificate";
}

static void say_missing(const struct verify_target *t, const struct kst_path_finding *f, struct kst_buf *out)
{
	struct kst_buf url KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t nr = t->v->path.nr;

	kst_buf_printf(out, "%s. Of the path there %s %zu certificate%s%s. Browsers may know the next one from elsewhere; Java "
		       "(\"unable to find valid certification path\"), curl and openssl (\"unable to get local issuer "
		       "certificate\") do not.",
		       f->text ? f->text : "a certificate is missing", nr == 1 ? "is" : "are", nr, nr == 1 ? "" : "s",
		       t->is_server ? " that the server sent" : "");
	if (issuer_url(at_fault(t, f), &url))
		kst_buf_printf(out, " Its CA offers it at %s", str(&url));
}

static void say_expired(const struct verify_target *t, const struct kst_path_finding *f, struct kst_buf *out)
{
	char left[KST_TIME_TEXT];

	kst_time_left(kst_cert_not_after(at_fault(t, f)), kst_time_now(), left);
	if (f->depth <= 0)
		kst_buf_printf(out, "the certificate itself is over (%s): its CA must issue a new one.", left);
	else if ((size_t)f->depth == t->v->path.nr - 1 && t->v->anchored)
		kst_buf_printf(out, "the trusted CA itself is over (%s): a new one of it must be trusted, and sign anew.", left);
	else
		kst_buf_printf(out, "an intermediate CA is over (%s). Often its CA has a newer one with the same key, "
			       "which can take its place.", left);
}

static void say_host(const struct verify_target *t, const struct kst_path_finding *f, struct kst_buf *out)
{
	kst_buf_printf(out, "the certificate is good, but not for %s%s%s. Clients look at its subjectAltNames alone.",
		       t->req->host, f->text ? ": " : "", f->text ? f->text : "");
}

static void say_weak(const struct kst_path_finding *f, struct kst_buf *out)
{
	kst_buf_printf(out, "%s is too weak for what is asked: %s. A new key and a new signature are needed.",
		       f->depth > 0 ? "a CA on the way" : "the certificate", f->text ? f->text : "");
}

void verify_why(const struct verify_target *t, const struct kst_path_finding *f, struct kst_buf *out)
{
	const char *text = f->text ? f->text : kst_reason_meaning(f->reason);

	switch (f->reason) {
	case KST_REASON_UNTRUSTED:
		kst_buf_puts(out, "the chain is whole, and its root is not among those that are trusted here. A Java client says "
			     "\"PKIX path building failed\", curl and openssl \"self-signed certificate in certificate chain\". "
			     "Whoever serves it may be fine: it is the client that does not know the root.");
		break;
	case KST_REASON_SELF_SIGNED:
		kst_buf_puts(out, "the certificate is signed by itself, by no CA, and nobody said that it is to be trusted. "
			     "For a test it can be trusted itself; else a CA must sign it.");
		break;
	case KST_REASON_INCOMPLETE:
		say_missing(t, f, out);
		break;
	case KST_REASON_DISTRUSTED:
		kst_buf_printf(out, "a CA of this path is on the list, but not for this: %s. Another CA must sign it, or another "
			       "list be trusted.", text);
		break;
	case KST_REASON_EXPIRED:
		say_expired(t, f, out);
		break;
	case KST_REASON_NOT_YET: {
		char now[KST_TIME_TEXT];

		kst_buf_printf(out, "%s is %s. Is the clock right? It is taken to be %s.", who_is(f), text,
			       kst_time_text(kst_time_now(), KST_TIME_MINUTE, now));
		break;
	}
	case KST_REASON_EXPIRES_SOON:
		kst_buf_printf(out, "everything is good for now, but not for as long as --min-days wants: %s.", text);
		break;
	case KST_REASON_HOST:
		say_host(t, f, out);
		break;
	case KST_REASON_CN_ONLY:
		kst_buf_puts(out, "the name stands in the CN only. Since RFC 2818 was replaced no client looks there: the name must be a "
			     "subjectAltName.");
		break;
	case KST_REASON_PURPOSE:
	case KST_REASON_KEY_USAGE:
		kst_buf_printf(out, "%s was issued for something else: %s.", who_is(f), text);
		break;
	case KST_REASON_NOT_A_CA:
		kst_buf_printf(out, "what signed the certificate below it is no CA (%s): anybody with an ordinary certificate "
			       "could issue others.", text);
		break;
	case KST_REASON_PATH_LENGTH:
		kst_buf_printf(out, "there are more CAs on the way than one of them allows: %s.", text);
		break;
	case KST_REASON_NAME_CONSTRAINT:
		kst_buf_printf(out, "a CA on the way is bound to certain names, and this is none of them: %s.", text);
		break;
	case KST_REASON_CRITICAL:
		kst_buf_printf(out, "%s. Whoever does not understand a critical extension must refuse the certificate.", text);
		break;
	case KST_REASON_BAD_SIGNATURE:
		kst_buf_printf(out, "%s: the certificate was altered, or a CA of the same name with another key signed it.", text);
		break;
	case KST_REASON_UNKNOWN_SIG:
		kst_buf_printf(out, "%s; a newer OpenSSL may know it.", text);
		break;
	case KST_REASON_REVOKED:
		kst_buf_printf(out, "%s was taken back by its CA: %s. It is not to be used any more; that cannot be undone.",
			       who_is(f), text);
		break;
	case KST_REASON_CRL_EXPIRED:
		kst_buf_printf(out, "what says whether it was revoked is out of date: %s. An old list may lack the newest "
			       "revocations.", text);
		break;
	case KST_REASON_CRL_BAD:
		kst_buf_printf(out, "what should say whether it was revoked proves nothing: %s.", text);
		break;
	case KST_REASON_NO_REVOCATION:
		kst_buf_printf(out, "nobody says whether it was revoked, and that was asked for: %s.", text);
		break;
	case KST_REASON_WEAK_KEY:
	case KST_REASON_WEAK_DIGEST:
		say_weak(f, out);
		break;
	case KST_REASON_KEY_MISMATCH:
		kst_buf_puts(out, "the private key and the certificate are not of one pair: a server with both does not start "
			     "(nginx: \"key values mismatch\").");
		break;
	case KST_REASON_POLICY:
	case KST_REASON_MALFORMED:
	case KST_REASON_WEB_PKI:
	case KST_REASON_OPENSSL:
		kst_buf_printf(out, "%s is not made as it should be: %s. Only its CA can issue another.", who_is(f), text);
		break;
	case KST_REASON_NONE:
	case KST_REASON_COUNT:
		break;
	}
}
