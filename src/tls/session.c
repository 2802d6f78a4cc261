/* SPDX-License-Identifier: ISC */
/* session.c - one end of a handshake: its context, its certificate, whom it believes */
#include "tls/session.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "crypto/cert_x509.h"
#include "kstool/alloc.h"
#include "crypto/ossl.h"
#include "crypto/sign.h"

/* A certificate request of TLS 1.2 has 65535 bytes for all names. */
#define SENT_NAMES_MAX 60000

/* ---- what is sent ---- */

static STACK_OF(X509) *stack_of(const struct kst_chain *chain)
{
	STACK_OF(X509) *sk = sk_X509_new_null();

	for (size_t i = 1; sk && i < chain->nr; i++) {
		X509 *x = kst_cert_x509(chain->cert[i]);

		/* What OpenSSL cannot read it cannot send. */
		if (x && !sk_X509_push(sk, x)) {
			sk_X509_free(sk);
			return NULL;
		}
	}
	return sk;
}

/* 0; 1 the key cannot be used: told; -1 */
static int set_identity(struct kst_end *e, struct kst_error *err)
{
	const struct kst_identity *me = &e->opt->me;
	struct kst_error why = KST_ERROR_INIT;
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	X509 *leaf = me->chain->nr ? kst_cert_x509(me->chain->cert[0]) : NULL;
	STACK_OF(X509) *chain;
	EVP_PKEY *pkey;
	int ok;

	kst_key_text(me->key, false, &name);
	pkey = kst_sign_key(me->key, "handshake with them", &why);
	if (!pkey && why.code == KST_E_NO_MEMORY)
		return kst_error_nomem(err);
	if (!pkey || !leaf) {
		kst_talk_fault(e->talk, KST_FAULT_KEY_UNUSABLE, e->side, "%s",
			       pkey ? "this OpenSSL cannot read the certificate" : why.message);
		EVP_PKEY_free(pkey);
		return 1;
	}
	if (!X509_get0_pubkey(leaf) || EVP_PKEY_eq(X509_get0_pubkey(leaf), pkey) != 1) {
		kst_talk_fault(e->talk, KST_FAULT_KEY_MISMATCH, e->side, "the %s's key (%s) is that of another certificate",
			       kst_side_slug(e->side), name.data ? (char *)name.data : "?");
		EVP_PKEY_free(pkey);
		ERR_clear_error();
		return 1;
	}
	chain = stack_of(me->chain);
	ok = chain && SSL_CTX_use_cert_and_key(e->ctx, leaf, pkey, chain, 1) == 1;
	if (!ok && chain)
		kst_talk_fault(e->talk, KST_FAULT_KEY_UNUSABLE, e->side, "TLS has no use for %s keys: %s",
			       name.data ? (char *)name.data : "such",
			       ERR_reason_error_string(ERR_peek_error()) ? ERR_reason_error_string(ERR_peek_error()) : "");
	sk_X509_free(chain);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return !chain ? kst_error_nomem(err) : ok ? 0 : 1;
}

static int compare_names(const X509_NAME *const *a, const X509_NAME *const *b)
{
	return X509_NAME_cmp(*a, *b);
}

/* The subjects of the anchors, each once: the client learns from them which of its certificates to send. */
static int set_ca_names(struct kst_end *e, struct kst_error *err)
{
	const struct kst_anchors *a = e->opt->judge ? e->opt->judge->anchors : NULL;
	STACK_OF(X509_NAME) *names = sk_X509_NAME_new(compare_names);
	size_t bytes = 0;

	for (size_t i = 0; names && a && i < kst_anchors_count(a); i++) {
		struct kst_bytes der = kst_cert_subject_der(kst_anchors_cert(a, i));
		const unsigned char *p = der.data;
		X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.len);

		/* An unordered stack of names: sk_find sorts it, which does no harm. */
		if (name && bytes + der.len + 2 < SENT_NAMES_MAX && sk_X509_NAME_find(names, name) < 0 &&
		    sk_X509_NAME_push(names, name)) {
			bytes += der.len + 2;
			continue;
		}
		X509_NAME_free(name);
	}
	if (!names)
		return kst_error_nomem(err);
	SSL_CTX_set0_CA_list(e->ctx, names);
	return 0;
}

/* "h2,http/1.1" as on the wire (RFC 7301 3.1). */
static int set_alpn(struct kst_buf *out, const char *list, struct kst_error *err)
{
	for (const char *p = list; p; p = *p ? p + 1 : NULL) {
		size_t n = strcspn(p, ",");

		if (!n || n > 255) {
			kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is no list of protocols", list);
			kst_error_subject(err, "--alpn");
			return kst_error_hint(err, "h2,http/1.1");
		}
		kst_buf_u8(out, (uint8_t)n);
		kst_buf_put(out, p, n);
		p += n;
		if (!*p)
			break;
	}
	return out->failed ? kst_error_nomem(err) : 0;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
		   unsigned int in_len, void *arg)
{
	struct kst_end *e = arg;

	(void)ssl;
	if (SSL_select_next_proto((unsigned char **)out, out_len, e->alpn.data, (unsigned)e->alpn.len, in,
				  in_len) == OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_OK;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* ---- whom it believes ---- */

int kst_party_judge(struct kst_party *p, const struct kst_side_options *judge, struct kst_error *err)
{
	struct kst_verify_request req = *judge->judge;
	struct kst_verdict v = { .valid = false };
	struct kst_revocations *own = NULL;
	int ret = 0;

	req.chain = &p->sent;
	if (p->staple.len && !req.revocations && judge->take_staple) {
		ret = kst_revocations_new(&own, err);
		req.revocations = own;
	}
	if (!ret && p->staple.len && req.revocations)
		ret = kst_revocations_add_staple(req.revocations, p->staple.data, p->staple.len, err);
	if (!ret)
		ret = kst_verify(&v, &req, err);
	kst_revocations_free(own);
	if (ret < 0)
		return -1;
	if (p->has_verdict)
		kst_verdict_release(&p->verdict);
	p->verdict = v;
	p->has_verdict = true;
	return 0;
}

/* The error of OpenSSL whose alert says what the verdict does; other programs send the same. */
static int x509_error(enum kst_reason reason, int depth)
{
	switch (reason) {
	case KST_REASON_BAD_SIGNATURE:
		return X509_V_ERR_CERT_SIGNATURE_FAILURE;
	case KST_REASON_INCOMPLETE:
		return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
	case KST_REASON_UNTRUSTED:
		return X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
	case KST_REASON_SELF_SIGNED:
		return X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
	case KST_REASON_EXPIRED:
		return X509_V_ERR_CERT_HAS_EXPIRED;
	case KST_REASON_NOT_YET:
	case KST_REASON_EXPIRES_SOON:
		return X509_V_ERR_CERT_NOT_YET_VALID;
	case KST_REASON_HOST:
	case KST_REASON_CN_ONLY:
		return X509_V_ERR_HOSTNAME_MISMATCH;
	case KST_REASON_UNKNOWN_SIG:
	case KST_REASON_PURPOSE:
	case KST_REASON_KEY_USAGE:
		return X509_V_ERR_INVALID_PURPOSE;
	case KST_REASON_NOT_A_CA:
		return X509_V_ERR_INVALID_CA;
	case KST_REASON_PATH_LENGTH:
		return X509_V_ERR_PATH_LENGTH_EXCEEDED;
	case KST_REASON_NAME_CONSTRAINT:
		return X509_V_ERR_PERMITTED_VIOLATION;
	case KST_REASON_CRITICAL:
		return X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION;
	case KST_REASON_WEAK_KEY:
		return depth > 0 ? X509_V_ERR_CA_KEY_TOO_SMALL : X509_V_ERR_EE_KEY_TOO_SMALL;
	case KST_REASON_WEAK_DIGEST:
		return X509_V_ERR_CA_MD_TOO_WEAK;
	case KST_REASON_REVOKED:
		return X509_V_ERR_CERT_REVOKED;
	case KST_REASON_CRL_EXPIRED:
		return X509_V_ERR_CRL_HAS_EXPIRED;
	case KST_REASON_CRL_BAD:
		return X509_V_ERR_CRL_SIGNATURE_FAILURE;
	case KST_REASON_NO_REVOCATION:
		return X509_V_ERR_UNABLE_TO_GET_CRL;
	case KST_REASON_MALFORMED:
	case KST_REASON_DISTRUSTED:
	case KST_REASON_POLICY:
	case KST_REASON_WEB_PKI:
	case KST_REASON_OPENSSL:
	case KST_REASON_KEY_MISMATCH:
	case KST_REASON_NONE:
	case KST_REASON_COUNT:
		break;
	}
	return X509_V_ERR_CERT_REJECTED;
}

static struct kst_party *peer_of(struct kst_end *e)
{
	return e->side == KST_SIDE_CLIENT ? &e->talk->h->server : &e->talk->h->client;
}

static void names_text(const struct kst_chain *chain, struct kst_buf *out)
{
	kst_buf_printf(out, "%zu certificate%s: ", chain->nr, chain->nr == 1 ? "" : "s");
	for (size_t i = 0; i < chain->nr && i < 5; i++) {
		if (i)
			kst_buf_puts(out, ", ");
		kst_cert_name(chain->cert[i], out);
	}
	if (chain->nr > 5)
		kst_buf_puts(out, ", ...");
}

/* What came, as certificates of ours.  0 or -1 (e->err). */
static int take_chain(struct kst_end *e, STACK_OF(X509) *sent)
{
	struct kst_party *p = peer_of(e);
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	int nr = sk_X509_num(sent);

	kst_chain_release(&p->sent);
	if (nr > KST_PEER_CERTS_MAX)
		return kst_error_setx(&e->err, KST_E_PEER_LIMIT, "sent %d certificates, and %d are read", nr,
				      KST_PEER_CERTS_MAX);
	for (int i = 0; i < nr; i++) {
		struct kst_cert *cert = NULL;
		int ret;

		if (kst_cert_from_x509(&cert, sk_X509_value(sent, i), &e->err) < 0)
			return -1;
		ret = kst_chain_push(&p->sent, cert);
		kst_cert_free(cert);
		if (ret < 0)
			return kst_error_nomem(&e->err);
	}
	p->came = true;
	names_text(&p->sent, &text);
	kst_talk_text(e->talk, KST_STEP_CERTIFICATE, kst_other_side(e->side),
		      text.data ? (const char *)text.data : "");
	return 0;
}

static void take_staple(struct kst_end *e)
{
	struct kst_party *p = peer_of(e);
	const unsigned char *der = NULL;
	long n = e->side == KST_SIDE_CLIENT ? SSL_get_tlsext_status_ocsp_resp(e->ssl, &der) : 0;

	if (n > 0 && der && !p->staple.len && kst_blob_set(&p->staple, der, (size_t)n) < 0)
		e->talk->nomem = true;
}

static void tell_check(struct kst_end *e, const struct kst_party *p)
{
	const struct kst_path_finding *cause = kst_verdict_cause(&p->verdict);
	const struct kst_anchors *a = e->opt->judge->anchors;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_cert_name(p->sent.cert[0], &b);
	if (cause)
		kst_buf_printf(&b, ": %s", cause->text ? cause->text :
					   kst_reason_slug(cause->reason) ? kst_reason_meaning(cause->reason) : "refused");
	else if (p->verdict.anchored && a && p->verdict.anchor_source < kst_anchors_sources(a))
		kst_buf_printf(&b, ": trusted by %s", kst_anchors_source(a, p->verdict.anchor_source)->name);
	kst_talk_step(e->talk, KST_STEP_CHECK, e->side, cause ? KST_RESULT_FAIL : KST_RESULT_PASS, "%s",
		      b.data ? (const char *)b.data : "");
}

/* Nothing is wrong but that nobody says whether it was revoked; a stapled response may. */
static bool only_revocation(const struct kst_verdict *v)
{
	for (size_t i = 0; i < v->nr; i++)
		if (v->finding[i].result == KST_RESULT_FAIL && v->finding[i].check != KST_CHECK_REVOCATION)
			return false;
	return true;
}

static void refuse(struct kst_end *e, const struct kst_party *p)
{
	const struct kst_path_finding *cause = kst_verdict_cause(&p->verdict);

	kst_talk_fault(e->talk, KST_FAULT_REFUSED_CERT, e->side, "%s",
		       cause && kst_reason_slug(cause->reason) ? kst_reason_meaning(cause->reason) : "");
}

/* Judging may ask others (OCSP), which is not the time of the one at the other end: it is given back,
 * up to a minute for all of the handshake. */
static int judge(struct kst_end *e, struct kst_party *p)
{
	int64_t start = kst_net_clock(), took;
	int ret = kst_party_judge(p, e->opt, &e->err);

	took = kst_net_clock() - start;
	if (took > JUDGING_MS - e->given_back)
		took = JUDGING_MS - e->given_back;
	if (e->net && took > 0) {
		e->net->until += took;
		e->given_back += took;
	}
	return ret;
}

/* In place of OpenSSL's verification.  1 go on, 0 refuse. */
static int on_verify(X509_STORE_CTX *ctx, void *arg)
{
	struct kst_end *e = arg;
	struct kst_party *p = peer_of(e);
	const struct kst_path_finding *cause;

	if (take_chain(e, X509_STORE_CTX_get0_untrusted(ctx)) < 0) {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_REJECTED);
		return 0;
	}
	if (!e->opt->judge || !p->sent.nr)
		return 1;
	take_staple(e); /* with TLS 1.3 it is here; with TLS 1.2 it is still to come */
	if (judge(e, p) < 0) {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_UNSPECIFIED);
		return 0;
	}
	cause = kst_verdict_cause(&p->verdict);
	if (e->side == KST_SIDE_CLIENT && !p->staple.len && e->opt->judge->revocations &&
	    e->talk->h->version < TLS1_3_VERSION && cause && only_revocation(&p->verdict)) {
		e->deferred = true;
		return 1;
	}
	tell_check(e, p);
	if (!cause)
		return 1;
	refuse(e, p);
	X509_STORE_CTX_set_error(ctx, x509_error(cause->reason, cause->depth));
	return 0;
}

/* The stapled response of TLS 1.2 (RFC 6066 8) comes after the certificate; called with TLS 1.3, too. */
static int on_status(SSL *ssl, void *arg)
{
	struct kst_end *e = arg;
	struct kst_party *p = peer_of(e);
	bool had = p->staple.len != 0;

	(void)ssl;
	take_staple(e);
	if (!e->opt->judge || !p->has_verdict || (!e->deferred && (had || !p->staple.len)))
		return 1;
	if (!e->opt->judge->revocations && !e->opt->take_staple)
		return 1;
	if (judge(e, p) < 0)
		return -1;
	if (e->deferred || !p->verdict.valid)
		tell_check(e, p);
	e->deferred = false;
	if (p->verdict.valid)
		return 1;
	refuse(e, p);
	return 0;
}

/* ---- the context ---- */

static int set_versions(struct kst_end *e, const struct kst_connect *how)
{
	int min = how->min_version ? how->min_version : TLS1_2_VERSION;

	return SSL_CTX_set_min_proto_version(e->ctx, min) == 1 &&
		       SSL_CTX_set_max_proto_version(e->ctx, how->max_version) == 1 ?
		       0 :
		       -1;
}

static int set_client(struct kst_end *e, const struct kst_connect *how)
{
	char *sni = kst_endpoint_sni(how);
	bool ok = !sni || SSL_set_tlsext_host_name(e->ssl, sni) == 1;

	kst_free(sni);
	if (!ok)
		return -1;
	SSL_set_connect_state(e->ssl);
	if (e->alpn.len && SSL_set_alpn_protos(e->ssl, e->alpn.data, (unsigned)e->alpn.len) != 0)
		return -1;
	SSL_set_tlsext_status_type(e->ssl, TLSEXT_STATUSTYPE_ocsp);
	return 0;
}

int kst_end_open(struct kst_end *e, enum kst_side side, const struct kst_side_options *opt,
		 const struct kst_connect *how, struct kst_talk *talk, struct kst_error *err)
{
	bool server = side == KST_SIDE_SERVER;
	int verify = SSL_VERIFY_PEER;
	int ret;

	*e = (struct kst_end){ .side = side, .opt = opt, .talk = talk };
	if (how->alpn && set_alpn(&e->alpn, how->alpn, err) < 0)
		return -1;
	e->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (!e->ctx)
		return kst_ossl_error(err, KST_E_INTERNAL, "OpenSSL makes no context for TLS");
	/* Weak certificates are for kst_verify() to name, not for OpenSSL to refuse without a word. */
	SSL_CTX_set_security_level(e->ctx, 0);
	SSL_CTX_set_mode(e->ctx, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_ENABLE_PARTIAL_WRITE |
					 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(e->ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(e->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(e->ctx, KST_PEER_CERTS_BYTES);
	SSL_CTX_set_dh_auto(e->ctx, 1);
	SSL_CTX_set_msg_callback(e->ctx, kst_talk_message);
	SSL_CTX_set_msg_callback_arg(e->ctx, e);
	SSL_CTX_set_cert_verify_callback(e->ctx, on_verify, e);
	if (server) {
		verify = opt->require_client ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT :
			 opt->request_client ? SSL_VERIFY_PEER :
					       SSL_VERIFY_NONE;
		SSL_CTX_set_session_id_context(e->ctx, (const unsigned char *)"kstool", 6);
		if (e->alpn.len)
			SSL_CTX_set_alpn_select_cb(e->ctx, on_alpn, e);
		if (verify != SSL_VERIFY_NONE && set_ca_names(e, err) < 0)
			return -1;
	} else {
		SSL_CTX_set_tlsext_status_cb(e->ctx, on_status);
		SSL_CTX_set_tlsext_status_arg(e->ctx, e);
	}
	SSL_CTX_set_verify(e->ctx, verify, NULL);
	if (set_versions(e, how) < 0)
		return kst_ossl_error(err, KST_E_BAD_VALUE, "this version of TLS is not available");
	ret = opt->me.key ? set_identity(e, err) : 0;
	if (ret)
		return ret;
	e->ssl = SSL_new(e->ctx);
	if (!e->ssl)
		return kst_ossl_error(err, KST_E_NO_MEMORY, "there is not enough memory for a handshake");
	if (server)
		SSL_set_accept_state(e->ssl);
	else if (set_client(e, how) < 0)
		return kst_ossl_error(err, KST_E_BAD_VALUE, "OpenSSL does not take the name or the protocols of the server");
	return 0;
}

void kst_end_release(struct kst_end *e)
{
	SSL_free(e->ssl);
	SSL_CTX_free(e->ctx);
	kst_buf_release(&e->alpn);
	*e = (struct kst_end){ .ssl = NULL };
}
