/* SPDX-License-Identifier: ISC */
/* alert.c - alerts, versions and ciphers in words (RFC 8446 6, RFC 5246 7.2, RFC 7301, RFC 4279) */
#include "kstool/tls.h"

#include <string.h>

static const struct alert {
	int number;
	const char *name, *meaning;
} alerts[] = {
	{ 0, "close_notify", "it has nothing more to say" },
	{ 10, "unexpected_message", "it did not expect this message" },
	{ 20, "bad_record_mac", "what arrived cannot be decrypted" },
	{ 21, "decryption_failed", "what arrived cannot be decrypted" },
	{ 22, "record_overflow", "what arrived is too long for TLS" },
	{ 30, "decompression_failure", "what arrived cannot be decompressed" },
	{ 40, "handshake_failure", "it finds no way to go on: no common algorithm, or no certificate where it wants one" },
	{ 41, "no_certificate", "it has no certificate to show" },
	{ 42, "bad_certificate", "it refuses the certificate: damaged, wrongly signed, or not for this" },
	{ 43, "unsupported_certificate", "the certificate is of a kind, or for a use, that it does not take" },
	{ 44, "certificate_revoked", "the certificate was revoked by its CA" },
	{ 45, "certificate_expired", "a certificate is out of date, or its revocation list is" },
	{ 46, "certificate_unknown", "it refuses the certificate, and does not say why" },
	{ 47, "illegal_parameter", "a value in what arrived makes no sense to it" },
	{ 48, "unknown_ca", "it does not know the CA that issued the certificate" },
	{ 49, "access_denied", "the certificate is good, and its holder may not come in" },
	{ 50, "decode_error", "what arrived cannot be decoded" },
	{ 51, "decrypt_error", "a signature is wrong: the key is not that of the certificate, or it was altered" },
	{ 60, "export_restriction", "the keys are too long for its export rules" },
	{ 70, "protocol_version", "it does not speak a version of TLS that was offered" },
	{ 71, "insufficient_security", "it wants stronger algorithms than were offered" },
	{ 80, "internal_error", "it failed, for a reason that has nothing to do with the other side" },
	{ 86, "inappropriate_fallback", "a lower version was offered than both sides have" },
	{ 90, "user_canceled", "somebody stopped it" },
	{ 100, "no_renegotiation", "it does not shake hands twice" },
	{ 109, "missing_extension", "an extension that it needs is missing" },
	{ 110, "unsupported_extension", "an extension came that it had not offered" },
	{ 111, "certificate_unobtainable", "it cannot fetch the certificate" },
	{ 112, "unrecognized_name", "it serves no host of this name (SNI)" },
	{ 113, "bad_certificate_status_response", "the OCSP response that was stapled is not good" },
	{ 114, "bad_certificate_hash_value", "the certificate that it fetched is another one" },
	{ 115, "unknown_psk_identity", "it does not know this pre-shared key" },
	{ 116, "certificate_required", "it wants a certificate of the client, and none was sent" },
	{ 120, "no_application_protocol", "it speaks none of the application protocols that were offered (ALPN)" },
};

static const struct alert *find(int number)
{
	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
		if (alerts[i].number == number)
			return &alerts[i];
	return NULL;
}

const char *kst_alert_name(int alert)
{
	const struct alert *a = find(alert);

	return a ? a->name : "alert";
}

const char *kst_alert_meaning(int alert)
{
	const struct alert *a = find(alert);

	return a ? a->meaning : "it does not say why in a word that TLS knows";
}

const char *kst_tls_version_text(int version)
{
	switch (version) {
	case 0x0300:
		return "SSL 3.0";
	case 0x0301:
		return "TLS 1.0";
	case 0x0302:
		return "TLS 1.1";
	case 0x0303:
		return "TLS 1.2";
	case 0x0304:
		return "TLS 1.3";
	}
	return "TLS";
}

void kst_tls_cipher_text(const char *cipher, struct kst_buf *out)
{
	const char *with = strstr(cipher, "_WITH_");
	const char *from = with ? with + 6 : !strncmp(cipher, "TLS_", 4) ? cipher + 4 : cipher;
	const char *hash = strstr(from, "_SHA");
	size_t n = hash ? (size_t)(hash - from) : strlen(from);

	for (size_t i = 0; i < n; i++)
		kst_buf_u8(out, from[i] == '_' ? '-' : (uint8_t)from[i]);
}

static const struct {
	const char *slug, *meaning;
} faults[] = {
	{ NULL, NULL },
#define KST_FAULT(name, slug, meaning) { slug, meaning },
#include "kstool/faults.def"
};

const char *kst_fault_slug(enum kst_fault fault)
{
	return fault < KST_FAULT_COUNT ? faults[fault].slug : NULL;
}

const char *kst_fault_meaning(enum kst_fault fault)
{
	return fault < KST_FAULT_COUNT ? faults[fault].meaning : NULL;
}

const char *kst_side_slug(enum kst_side side)
{
	return side == KST_SIDE_SERVER ? "server" : "client";
}

const char *kst_step_slug(enum kst_step_kind kind)
{
	switch (kind) {
	case KST_STEP_HELLO:
		return "hello";
	case KST_STEP_CERTIFICATE:
		return "certificate";
	case KST_STEP_CHECK:
		return "check";
	case KST_STEP_REQUEST:
		return "certificate-request";
	case KST_STEP_KEYS:
		return "keys";
	case KST_STEP_FINISHED:
		return "finished";
	case KST_STEP_ALERT:
		return "alert";
	case KST_STEP_DATA:
		return "data";
	case KST_STEP_CLOSED:
		break;
	}
	return "closed";
}
