/* SPDX-License-Identifier: ISC */
/*
 * dn.c - reading RFC 4514, with the names and quotes that people write
 */
#include "crypto/dn.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "crypto/ossl.h"
#include "kstool/buf.h"
#include "kstool/text.h"

/* RFC 4514 section 3, RFC 4519, and what openssl and keytool print.  OpenSSL's own lookup minds the
 * case, and takes SN for serialNumber nowhere but in people's heads. */
static const struct type {
	const char *name;
	int nid;
} types[] = {
	{ "CN", NID_commonName },
	{ "L", NID_localityName },
	{ "ST", NID_stateOrProvinceName },
	{ "S", NID_stateOrProvinceName },
	{ "O", NID_organizationName },
	{ "OU", NID_organizationalUnitName },
	{ "C", NID_countryName },
	{ "STREET", NID_streetAddress },
	{ "DC", NID_domainComponent },
	{ "UID", NID_userId },
	{ "E", NID_pkcs9_emailAddress },
	{ "EMAIL", NID_pkcs9_emailAddress },
	{ "emailAddress", NID_pkcs9_emailAddress },
	{ "serialNumber", NID_serialNumber },
	{ "SN", NID_surname },
	{ "surname", NID_surname },
	{ "GN", NID_givenName },
	{ "givenName", NID_givenName },
	{ "T", NID_title },
	{ "title", NID_title },
	{ "commonName", NID_commonName },
	{ "organizationName", NID_organizationName },
	{ "organizationalUnitName", NID_organizationalUnitName },
	{ "countryName", NID_countryName },
	{ "localityName", NID_localityName },
	{ "stateOrProvinceName", NID_stateOrProvinceName },
};

static int fail(struct kst_error *err, const char *text, const char *at, const char *why)
{
	kst_error_setx(err, KST_E_BAD_VALUE, "the name cannot be read at character %zu: %s",
		       (size_t)(at - text) + 1, why);
	return kst_error_hint(err, "write it as CN=www.example.com,O=Example,C=DE (RFC 4514)");
}

static bool is_hex(char c)
{
	return strchr("0123456789abcdefABCDEF", c) && c;
}

static uint8_t hex(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* TYPE up to '='.  NULL: no such type. */
static ASN1_OBJECT *type_of(const char *p, size_t n)
{
	char name[128];
	if (!n || n >= sizeof(name))
		return NULL;
	memcpy(name, p, n);
	name[n] = '\0';
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcasecmp(types[i].name, name))
			return OBJ_nid2obj(types[i].nid);
	const char *oid = !strncasecmp(name, "OID.", 4) ? name + 4 : name;
	return OBJ_txt2obj(oid, 0);
}

/* Text up to an unescaped , or + or the end.  Returns where it ended; NULL and *why. */
static const char *text_value(const char *p, struct kst_buf *out, const char **why)
{
	bool quoted = *p == '"';
	size_t keep = 0; /* escaped blanks at the end belong to the value */

	if (quoted)
		p++;
	for (; *p; p++) {
		if (*p == '\\') {
			p++;
			if (is_hex(p[0]) && is_hex(p[1])) {
				kst_buf_u8(out, (uint8_t)(hex(p[0]) << 4 | hex(p[1])));
				p++;
			} else if (*p && strchr(" \"#+,;<=>\\", *p)) {
				kst_buf_u8(out, (uint8_t)*p);
			} else {
				*why = "a backslash stands before a special character or two "
				       "hexadecimal digits";
				return NULL;
			}
			keep = out->len;
			continue;
		}
		if (quoted ? *p == '"' : *p == ',' || *p == '+')
			break;
		if (!quoted && strchr("\";<>", *p)) {
			*why = "this character needs a backslash before it";
			return NULL;
		}
		kst_buf_u8(out, (uint8_t)*p);
		if (quoted || *p != ' ')
			keep = out->len;
	}
	if (quoted) {
		if (*p != '"') {
			*why = "the quoted value has no end";
			return NULL;
		}
		p = skip_blanks(p + 1);
		if (*p && *p != ',' && *p != '+') {
			*why = "a comma is missing after the quoted value";
			return NULL;
		}
	}
	if (out->data)
		out->len = keep;
	return p;
}

static X509_NAME_ENTRY *text_entry(const ASN1_OBJECT *type, const struct kst_buf *value,
				   const char **why)
{
	*why = "the value is not valid UTF-8";
	if (!kst_utf8_valid(value->data ? (const void *)value->data : "", value->len))
		return NULL;
	*why = "a NUL cannot stand in a name";
	if (value->len && memchr(value->data, 0, value->len))
		return NULL;
	*why = "the value is too short, too long or has characters that its type does not allow";
	return X509_NAME_ENTRY_create_by_OBJ(NULL, type, MBSTRING_UTF8,
					     value->data ? value->data : (const unsigned char *)"",
					     (int)value->len);
}

/* #HEX: the DER of the value. */
static const char *hex_entry(const char *p, const ASN1_OBJECT *type, X509_NAME_ENTRY **entry,
			     const char **why)
{
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	*why = "the value after # is no hexadecimal DER of a string";
	for (p++; is_hex(p[0]) && is_hex(p[1]); p += 2)
		kst_buf_u8(&der, (uint8_t)(hex(p[0]) << 4 | hex(p[1])));
	if (der.failed || !der.len || der.len > INT32_MAX)
		return NULL;
	const unsigned char *q = der.data;
	ASN1_TYPE *value = d2i_ASN1_TYPE(NULL, &q, (long)der.len);
	if (value && q == der.data + der.len && value->type != V_ASN1_NULL &&
	    value->type != V_ASN1_OBJECT && value->type != V_ASN1_BOOLEAN &&
	    value->type != V_ASN1_OTHER)
		*entry = X509_NAME_ENTRY_create_by_OBJ(NULL, type, value->type,
						       value->value.asn1_string->data,
						       value->value.asn1_string->length);
	ASN1_TYPE_free(value);
	return *entry ? skip_blanks(p) : NULL;
}

/* One TYPE=VALUE.  Returns where it ended; NULL with an error. */
static const char *part(const char *text, const char *p, bool first_of_rdn, X509_NAME *name,
			struct kst_error *err)
{
	struct kst_buf value KST_SCRATCH_BUF = KST_BUF_INIT;
	X509_NAME_ENTRY *entry = NULL;
	const char *why = NULL, *start = p = skip_blanks(p), *end;
	size_t n = strcspn(p, "=,+");

	if (p[n] != '=') {
		fail(err, text, p, "TYPE=VALUE is expected");
		return NULL;
	}
	p += n + 1;
	while (n && (start[n - 1] == ' ' || start[n - 1] == '\t'))
		n--;
	ASN1_OBJECT *type = type_of(start, n);
	if (!type) {
		fail(err, text, start, "there is no attribute type of this name");
		return NULL;
	}
	start = p = skip_blanks(p);
	if (*p == '#') {
		end = hex_entry(p, type, &entry, &why);
	} else {
		end = text_value(p, &value, &why);
		if (end) {
			entry = text_entry(type, &value, &why);
			if (!entry)
				end = NULL;
		}
	}
	ASN1_OBJECT_free(type);
	/* The text runs from the leaf to the root, the certificate the other way. */
	if (end && !X509_NAME_add_entry(name, entry, first_of_rdn ? 0 : 1, first_of_rdn ? 0 : -1)) {
		kst_error_nomem(err);
		end = NULL;
	}
	X509_NAME_ENTRY_free(entry);
	if (!end)
		fail(err, text, start, why ? why : "it is not understood");
	return end;
}

int kst_dn_parse(X509_NAME **out, const char *text, struct kst_error *err)
{
	const char *p = skip_blanks(text);
	bool first_of_rdn = true;
	X509_NAME *name = X509_NAME_new();

	if (!name)
		return kst_error_nomem(err);
	kst_ossl_mark();
	while (*p || !first_of_rdn) {
		p = part(text, p, first_of_rdn, name, err);
		if (!p)
			break;
		if (!*p)
			break;
		first_of_rdn = *p != '+';
		p++;
		if (!*skip_blanks(p)) {
			fail(err, text, p, "TYPE=VALUE is expected");
			p = NULL;
			break;
		}
	}
	kst_ossl_unmark();
	if (!p) {
		X509_NAME_free(name);
		return -1;
	}
	*out = name;
	return 0;
}
