/* SPDX-License-Identifier: ISC */
/*
 * pkcs12_pfx.c - the outer structure: PFX, ContentInfo, AuthenticatedSafe (RFC 7292 4)
 *
 * As BER: NSS and Firefox write indefinite lengths and strings in pieces.
 */
#include "pkcs12_state.h"

#include "kstool/alloc.h"

static int corrupt(struct kst_error *err, const char *what)
{
	return kst_error_setx(err, KST_E_CORRUPT, "%s", what);
}

int p12_octets(struct p12_reader *r, const struct kst_der_item *item, struct kst_bytes *out,
	       struct kst_error *err)
{
	struct kst_buf none = KST_BUF_INIT;
	if (!item->constructed)
		return kst_der_octets(item, out, &none);
	struct kst_buf *joined = p12_keep_buf(r, err);
	if (!joined)
		return -1;
	if (kst_der_octets(item, out, joined) < 0)
		return joined->failed ? kst_error_nomem(err)
				      : corrupt(err, "a string in pieces cannot be put together");
	return 0;
}

/* ContentInfo ::= SEQUENCE { contentType OID, content [0] EXPLICIT ANY OPTIONAL } */
struct content_info {
	struct kst_bytes type;
	struct kst_der_item content;
	bool present;
};

static int parse_content_info(const struct kst_der_item *seq, struct content_info *out,
			      struct kst_error *err)
{
	struct kst_der in = kst_der_in(seq), wrap;
	struct kst_der_item oid;
	if (kst_der_expect(&in, KST_DER_OID, &oid) < 0)
		return corrupt(err, "a part of the file does not say what it is");
	out->type = oid.body;
	out->present = false;
	if (kst_der_end(&in))
		return 0;
	if (kst_der_enter(&in, KST_DER_CONTEXT_CONSTRUCTED(0), &wrap) < 0 || !kst_der_end(&in))
		return corrupt(err, "a part of the file cannot be decoded");
	if (kst_der_end(&wrap)) /* [0] with nothing inside */
		return 0;
	if (kst_der_next(&wrap, &out->content) != 1 || !kst_der_end(&wrap))
		return corrupt(err, "a part of the file cannot be decoded");
	out->present = true;
	return 0;
}

static bool is_octets(const struct kst_der_item *item)
{
	return item->id == KST_DER_OCTET_STRING ||
	       item->id == (KST_DER_OCTET_STRING | 0x20);
}

/* ---- PFX ---- */

/* A file that was cut off says more bytes than it has. */
static int cannot_decode(struct kst_bytes file, struct kst_error *err)
{
	const uint8_t *p = file.data;
	if (file.len < 2 || p[0] != KST_DER_SEQUENCE)
		return corrupt(err, "is no PKCS#12 file");
	size_t bytes = p[1] & 0x80 ? p[1] & 0x7f : 0, len = p[1];
	if (bytes > 4 || file.len < 2 + bytes)
		return corrupt(err, "is no PKCS#12 file");
	if (bytes) {
		len = 0;
		for (size_t i = 0; i < bytes; i++)
			len = len << 8 | p[2 + i];
	}
	if (p[1] == 0x80 || len > file.len - 2 - bytes)
		return kst_error_setx(err, KST_E_TRUNCATED, "ends before its own structure does");
	return corrupt(err, "cannot be decoded");
}

static int parse_auth_safe(struct p12_reader *r, const struct kst_der_item *seq,
			   struct kst_error *err)
{
	struct content_info ci;
	if (parse_content_info(seq, &ci, err) < 0)
		return -1;
	if (KST_OID_IS(ci.type, P12_OID_SIGNED))
		return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
				      "is protected by a signature instead of a passphrase, which "
				      "nobody writes and kstool does not read");
	if (!KST_OID_IS(ci.type, P12_OID_DATA))
		return corrupt(err, "its contents are neither data nor signed data");
	/* CVE-2024-0727 is a crash on this. */
	if (!ci.present)
		return corrupt(err, "its contents are missing");
	if (!is_octets(&ci.content))
		return corrupt(err, "its contents are no OCTET STRING");
	return p12_octets(r, &ci.content, &r->content, err);
}

int p12_parse_pfx(struct p12_reader *r, struct kst_bytes file, struct kst_error *err)
{
	struct kst_der d = kst_der_bytes(file), in, mac;
	struct kst_der_item pfx, version, safe;
	uint64_t v;

	if (kst_der_expect(&d, KST_DER_SEQUENCE, &pfx) < 0)
		return cannot_decode(file, err);
	in = kst_der_in(&pfx);
	if (kst_der_expect(&in, KST_DER_INTEGER, &version) < 0 || kst_der_uint(version.body, &v) < 0)
		return corrupt(err, "has no version");
	if (v != 3)
		return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
				      "is version %llu of PKCS#12; only version 3 is known",
				      (unsigned long long)v);
	if (kst_der_expect(&in, KST_DER_SEQUENCE, &safe) < 0)
		return corrupt(err, "has no contents");
	if (parse_auth_safe(r, &safe, err) < 0)
		return -1;
	if (!kst_der_end(&in)) {
		if (kst_der_enter(&in, KST_DER_SEQUENCE, &mac) < 0 || !kst_der_end(&in))
			return corrupt(err, "its MAC cannot be decoded");
		if (p12_mac_parse(r, mac, err) < 0)
			return -1;
	}
	/* Java and OpenSSL ignore these; they are told, since a rewrite drops them. */
	if (!kst_der_end(&d))
		kst_note(r->io->notes, "trailing-bytes", "%zu bytes after the end are ignored",
			 kst_der_left(&d));
	return 0;
}

/* ---- AuthenticatedSafe ::= SEQUENCE OF ContentInfo ---- */

/* EncryptedData ::= SEQUENCE { version, EncryptedContentInfo ::= SEQUENCE { contentType OID,
 * AlgorithmIdentifier, encryptedContent [0] IMPLICIT OCTET STRING OPTIONAL } } (RFC 2315 13) */
static int parse_encrypted(struct p12_reader *r, const struct kst_der_item *item,
			   struct p12_safe *safe, struct kst_error *err)
{
	struct kst_der in, info;
	struct kst_der_item version, type, algid, content;
	if (item->id != KST_DER_SEQUENCE)
		return corrupt(err, "an encrypted part cannot be decoded");
	in = kst_der_in(item);
	if (kst_der_expect(&in, KST_DER_INTEGER, &version) < 0 ||
	    kst_der_enter(&in, KST_DER_SEQUENCE, &info) < 0 ||
	    kst_der_expect(&info, KST_DER_OID, &type) < 0 ||
	    kst_der_expect(&info, KST_DER_SEQUENCE, &algid) < 0)
		return corrupt(err, "an encrypted part cannot be decoded");
	if (!KST_OID_IS(type.body, P12_OID_DATA))
		return corrupt(err, "an encrypted part holds something else than data");
	/* CVE-2025-69421 is a crash on this. */
	if (kst_der_end(&info))
		return corrupt(err, "an encrypted part has no contents");
	if (kst_der_next(&info, &content) != 1 || (content.id != KST_DER_CONTEXT(0) &&
						   content.id != KST_DER_CONTEXT_CONSTRUCTED(0)))
		return corrupt(err, "an encrypted part cannot be decoded");
	safe->kind = P12_SAFE_ENCRYPTED;
	safe->algid = algid.whole;
	return p12_octets(r, &content, &safe->bytes, err);
}

static int parse_safe(struct p12_reader *r, const struct kst_der_item *seq, struct p12_safe *safe,
		      struct kst_error *err)
{
	struct content_info ci;
	char oid[KST_OID_TEXT];

	safe->whole = seq->whole;
	if (parse_content_info(seq, &ci, err) < 0)
		return -1;
	bool data = KST_OID_IS(ci.type, P12_OID_DATA);
	bool encrypted = KST_OID_IS(ci.type, P12_OID_ENCRYPTED);
	if (!ci.present && (data || encrypted))
		return corrupt(err, "the contents of a part are missing");
	if (encrypted)
		return parse_encrypted(r, &ci.content, safe, err);
	if (data) {
		if (!is_octets(&ci.content))
			return corrupt(err, "a part is no OCTET STRING");
		safe->kind = P12_SAFE_PLAIN;
		return p12_octets(r, &ci.content, &safe->bytes, err);
	}
	safe->kind = P12_SAFE_FOREIGN;
	if (KST_OID_IS(ci.type, P12_OID_ENVELOPED)) {
		kst_note(r->io->notes, "part-skipped",
			 "a part is encrypted to a public key: it is kept as it is, what is in it "
			 "is not listed");
	} else {
		kst_oid_text(ci.type, oid);
		kst_note(r->io->notes, "part-skipped",
			 "a part of unknown type %s is kept as it is, what is in it is not listed",
			 *oid ? oid : "?");
	}
	kst_buf_put(&r->state->foreign, seq->whole.data, seq->whole.len);
	return r->state->foreign.failed ? kst_error_nomem(err) : 0;
}

int p12_parse_safes(struct p12_reader *r, struct kst_error *err)
{
	struct kst_der d = kst_der_bytes(r->content), in;
	struct kst_der_item item;
	int rc;
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || !kst_der_end(&d))
		return corrupt(err, "its contents cannot be decoded");
	while ((rc = kst_der_next(&in, &item)) == 1) {
		if (item.id != KST_DER_SEQUENCE)
			return corrupt(err, "its contents cannot be decoded");
		if (r->nr_safes >= r->io->limits->blocks)
			return kst_error_setx(err, KST_E_LIMIT, "has more than %u parts",
					      r->io->limits->blocks);
		if (r->nr_safes == r->size_safes) {
			size_t size = r->size_safes ? r->size_safes * 2 : 4;
			struct p12_safe *safe = kst_realloc(r->safe, size * sizeof(*safe));
			if (!safe)
				return kst_error_nomem(err);
			r->safe = safe;
			r->size_safes = size;
		}
		struct p12_safe *safe = &r->safe[r->nr_safes++];
		*safe = (struct p12_safe){ .kind = P12_SAFE_PLAIN };
		if (parse_safe(r, &item, safe, err) < 0)
			return -1;
	}
	return rc < 0 ? corrupt(err, "its contents cannot be decoded") : 0;
}
