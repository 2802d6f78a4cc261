/* SPDX-License-Identifier: ISC */
/*
 * index.c - lines of index.txt (openssl-ca(1)): state, expiry, revocation, serial, file, subject
 *
 * openssl-ca writes the reasons in its own words, of which the last two of RFC 5280 (9 and 10) have none.
 */
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "ca/ca.h"
#include "crypto/cert_x509.h"
#include "crypto/dn.h"
#include "crypto/ossl.h"
#include "kstool/ca_index.h"
#include "kstool/text.h"
#include "kstool/time.h"

/* By CRLReason. */
static const char *const reasons[] = { "unspecified",	     "keyCompromise",	 "CACompromise", "affiliationChanged",
				       "superseded",	     "cessationOfOperation", "certificateHold", NULL,
				       "removeFromCRL" };
#define REASONS ((int)(sizeof(reasons) / sizeof(reasons[0])))

/* ---- writing ---- */

/* YYMMDDHHMMSSZ up to 2049, YYYYMMDDHHMMSSZ from then on: what ASN1_TIME_set_string() takes. */
static void put_time(struct kst_buf *out, int64_t t)
{
	char text[KST_TIME_TEXT];

	kst_time_text(t, KST_TIME_FULL, text);
	bool utc = strcmp(text, "1950") >= 0 && strcmp(text, "2050") < 0;
	for (const char *p = text + (utc ? 2 : 0); *p; p++)
		if (*p != '-' && *p != ':' && *p != 'T')
			kst_buf_u8(out, (uint8_t)*p);
}

static void put_serial(struct kst_buf *out, const uint8_t *serial, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		kst_buf_u8(out, (uint8_t)digits[serial[i] >> 4]);
		kst_buf_u8(out, (uint8_t)digits[serial[i] & 15]);
	}
}

/* A tab ends the field unless a backslash stands before it; a line feed ends the line. */
static void put_field(struct kst_buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\t')
			kst_buf_u8(out, '\\');
		kst_buf_u8(out, *text == '\n' || *text == '\r' ? '?' : (uint8_t)*text);
	}
}

/* The name as DER has it, of the certificate, or (an import that has none) of its text; NULL. */
static X509_NAME *name_of(const struct kst_ca_row *row)
{
	struct kst_cert *cert = NULL;
	X509_NAME *name = NULL;

	if (row->cert.len && kst_cert_new(&cert, row->cert.data, row->cert.len, NULL) == 0) {
		X509 *x = kst_cert_x509(cert);

		name = x ? X509_NAME_dup(X509_get_subject_name(x)) : NULL;
	} else if (row->subject && *row->subject && kst_dn_parse(&name, row->subject, NULL) < 0) {
		name = NULL;
	}
	kst_cert_free(cert);
	return name;
}

/* What openssl-ca calls it: by its own function, for it compares by that. */
static void put_subject(struct kst_buf *out, const struct kst_ca_row *row)
{
	kst_ossl_mark();
	X509_NAME *name = name_of(row);
	char *line = name ? X509_NAME_oneline(name, NULL, 0) : NULL;
	kst_ossl_unmark();

	/* An empty name would be equal to any other: the serial takes its place, as in openssl-ca. */
	if (line && *line)
		put_field(out, line);
	else if (!line && row->subject && *row->subject)
		put_field(out, row->subject);
	else
		put_serial(out, row->serial, row->serial_len);
	OPENSSL_free(line);
	X509_NAME_free(name);
}

int kst_ca_index_line(struct kst_buf *out, const struct kst_ca_row *row, int64_t now, struct kst_error *err)
{
	bool revoked = row->state == KST_CA_REVOKED;

	if (row->state == KST_CA_PENDING)
		return 0;
	kst_buf_puts(out, revoked ? "R\t" : row->not_after < now ? "E\t" : "V\t");
	put_time(out, row->not_after);
	kst_buf_puts(out, "\t");
	if (revoked) {
		put_time(out, row->revoked_at);
		if (row->reason >= 0 && row->reason < REASONS && reasons[row->reason])
			kst_buf_printf(out, ",%s", reasons[row->reason]);
	}
	kst_buf_puts(out, "\t");
	put_serial(out, row->serial, row->serial_len);
	kst_buf_puts(out, "\tunknown\t");
	put_subject(out, row);
	kst_buf_puts(out, "\n");
	return out->failed ? kst_error_nomem(err) : 0;
}

/* ---- reading ---- */

static int bad(struct kst_error *err, const char *what)
{
	return kst_error_setx(err, KST_E_CORRUPT, "this is no line of an index.txt: %s", what);
}

static int read_time(const char *s, size_t n, int64_t *out)
{
	return n == 13 || n == 15 ? kst_time_from_asn1(n == 15, (const uint8_t *)s, n, out) : -1;
}

/* "251130120000Z", "251130120000Z,keyCompromise", "251130120000Z,keyTime,20251101000000Z". */
static int read_revocation(struct kst_index_row *r, const char *s, struct kst_error *err)
{
	size_t n = strcspn(s, ",");

	r->reason = -1;
	if (read_time(s, n, &r->revoked_at) < 0)
		return bad(err, "its revocation has no date");
	if (!s[n])
		return 0;
	s += n + 1;
	n = strcspn(s, ",");
	for (int i = 0; i < REASONS; i++)
		if (reasons[i] && strlen(reasons[i]) == n && !strncasecmp(s, reasons[i], n))
			r->reason = i;
	/* Words of openssl-ca for a reason with more to it. */
	if (n == 15 && !strncasecmp(s, "holdInstruction", n))
		r->reason = 6;
	else if (n == 7 && !strncasecmp(s, "keyTime", n))
		r->reason = 1;
	else if (n == 9 && !strncasecmp(s, "CAkeyTime", n))
		r->reason = 2;
	return r->reason == -1 || r->reason == 8 ? bad(err, "its reason is none of RFC 5280") : 0;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

static int read_serial(struct kst_index_row *r, const char *s, struct kst_error *err)
{
	size_t n;

	s += strspn(s, "0");
	n = strlen(s);
	if (!n || n > 2 * sizeof(r->serial))
		return bad(err, "its serial number is not 1 to 20 octets long");
	memset(r->serial, 0, sizeof(r->serial));
	r->serial_len = (n + 1) / 2;
	for (size_t i = 0, at = n % 2; i < n; i++, at++) {
		if (digit(s[i]) < 0)
			return bad(err, "its serial number is not hexadecimal");
		r->serial[at / 2] = (uint8_t)(r->serial[at / 2] | digit(s[i]) << (at % 2 ? 0 : 4));
	}
	return 0;
}

/* Cut at tabs that no backslash protects, and take that away: other backslashes are of the name itself.  How many fields there are. */
static size_t cut(char *line, char *field[6])
{
	char *to = line;
	size_t nr = 1;

	field[0] = line;
	for (const char *p = line; *p; p++) {
		if (*p == '\\' && p[1] == '\t') {
			*to++ = *++p;
		} else if (*p != '\t') {
			*to++ = *p;
		} else {
			*to++ = '\0';
			if (nr < 6)
				field[nr] = to;
			nr++;
		}
	}
	*to = '\0';
	return nr;
}

int kst_index_parse(struct kst_index_row *out, char *line, struct kst_error *err)
{
	struct kst_index_row r = { .reason = -1 };
	char *field[6];

	if (cut(line, field) != 6)
		return bad(err, "it has not six fields with tabs between");
	if (strlen(field[0]) != 1 || !strchr("VRE", field[0][0]))
		return bad(err, "it begins with none of V, R and E");
	r.state = field[0][0];
	if (read_time(field[1], strlen(field[1]), &r.not_after) < 0)
		return bad(err, "it has no expiry date");
	if (read_serial(&r, field[3], err) < 0)
		return -1;
	/* What was revoked and has expired since is an R still; an E or V with a date was changed by hand. */
	if ((r.state == 'R') != (field[2][0] != '\0'))
		return bad(err, r.state == 'R' ? "it is revoked, and does not say when" : "it is not revoked, but says when");
	if (r.state == 'R' && read_revocation(&r, field[2], err) < 0)
		return -1;
	r.file = field[4];
	r.subject = field[5];
	*out = r;
	return 0;
}

/* Where the next "/TYPE=" begins; the end if there is none.  A slash in a value has a backslash before it, but
 * of older releases not. */
static size_t part_len(const char *s)
{
	size_t n = 1;

	for (;; n++) {
		size_t type;

		n += strcspn(s + n, "/\\");
		if (!s[n])
			return n;
		if (s[n] == '\\') {
			n += s[n + 1] != '\0';
			continue;
		}
		type = strspn(s + n + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.");
		if (type && s[n + 1 + type] == '=')
			return n;
	}
}

/* X509_NAME_oneline(): "\/" and "\+" are the character, "\xC3" a byte that is not ASCII. */
static void unescape(const char *s, size_t n, struct kst_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\' && i + 1 < n && strchr("/+", s[i + 1])) {
			kst_buf_u8(out, (uint8_t)s[++i]);
		} else if (s[i] == '\\' && i + 3 < n && s[i + 1] == 'x' && digit(s[i + 2]) >= 0 && digit(s[i + 3]) >= 0 &&
			   (digit(s[i + 2]) || digit(s[i + 3]))) {
			kst_buf_u8(out, (uint8_t)(digit(s[i + 2]) << 4 | digit(s[i + 3])));
			i += 3;
		} else {
			kst_buf_u8(out, (uint8_t)s[i]);
		}
	}
}

void kst_index_subject(const char *oneline, struct kst_buf *out)
{
	size_t start[64], len[64], nr = 0;

	for (const char *p = oneline; *p == '/' && nr < 64; p += len[nr++]) {
		start[nr] = (size_t)(p - oneline);
		len[nr] = part_len(p);
	}
	/* No name, or more of one than anybody writes: as it stands. */
	if (!nr || start[nr - 1] + len[nr - 1] != strlen(oneline)) {
		kst_buf_puts(out, oneline);
		return;
	}
	while (nr--) {
		const char *part = oneline + start[nr] + 1, *eq = memchr(part, '=', len[nr] - 1);
		struct kst_buf value KST_SCRATCH_BUF = KST_BUF_INIT;

		if (!eq) {
			kst_buf_put(out, part, len[nr] - 1);
		} else {
			kst_buf_put(out, part, (size_t)(eq + 1 - part));
			unescape(eq + 1, (size_t)(part + len[nr] - 1 - (eq + 1)), &value);
			kst_ca_dn_escape(out, value.data ? (const char *)value.data : "");
		}
		if (nr)
			kst_buf_puts(out, ",");
	}
}
