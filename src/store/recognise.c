/* SPDX-License-Identifier: ISC */
/*
 * recognise.c - what a file that no format bids for looks like
 *
 * "Unknown format" sends people searching; most of these files are one of a few
 * things, and each has one command that leads on.
 */
#include <string.h>

#include "store/store.h"

static const struct thing {
	const char *magic;
	unsigned char len;   /* of magic */
	bool anywhere;       /* in the first KiB, not only at the start */
	const char *what;
	const char *hint;    /* %s is the path; NULL: none */
} things[] = {
	{ "-----BEGIN OPENSSH PRIVATE KEY", 30, true, "an OpenSSH private key",
	  "ssh-keygen -p -m PKCS8 -f %s   (changes the file: work on a copy)" },
	{ "-----BEGIN PGP", 14, true, "an OpenPGP file, which holds no X.509 certificates", NULL },
	{ "-----BEGIN SSH2", 15, true, "an SSH public key", NULL },
	{ "---- BEGIN SSH2", 15, true, "an SSH public key", NULL },
	{ "PuTTY-User-Key-File", 19, false, "a PuTTY private key",
	  "puttygen %s -O private-openssh-new -o new.key" },
	{ "ssh-", 4, false, "an SSH public key", NULL },
	{ "ecdsa-sha2-", 11, false, "an SSH public key", NULL },
	{ "PK\x03\x04", 4, false, "a zip archive (a .jar, .zip or .docx)",
	  "unzip %s, then name the file inside" },
	{ "\x1f\x8b", 2, false, "compressed by gzip", "gunzip %s" },
	{ "\x7f" "ELF", 4, false, "a program", NULL },
	{ "SQLite format 3", 15, false,
	  "an SQLite database; that of NSS is read by its own tool",
	  "certutil -L -d sql:$(dirname %s)" },
	{ "<!DOCTYPE", 9, false, "a web page: the download was answered with HTML", NULL },
	{ "<!doctype", 9, false, "a web page: the download was answered with HTML", NULL },
	{ "<html", 5, false, "a web page: the download was answered with HTML", NULL },
	{ "<HTML", 5, false, "a web page: the download was answered with HTML", NULL },
	{ "<!--", 4, false, "a web page: the download was answered with HTML", NULL },
	{ "<head", 5, false, "a web page: the download was answered with HTML", NULL },
	{ "<Error>", 7, false, "an error message in XML: the download was refused", NULL },
	{ "<?xml", 5, false, "XML", NULL },
	{ "version https://git-lfs.github.com/", 35, false,
	  "a pointer of Git LFS: the file itself was not fetched", "git lfs pull --include %s" },
	{ "-----BEGIN PUBLIC KEY", 21, false, "a public key alone: no certificate, no private key", NULL },
	{ "\xff\xfe\x00\x00", 4, false, "text in UTF-32", "iconv -f UTF-32 -t UTF-8 %s > new.pem" },
	{ "\xff\xfe", 2, false, "text in UTF-16, as Windows' programs save it",
	  "iconv -f UTF-16 -t UTF-8 %s > new.pem" },
	{ "\xfe\xff", 2, false, "text in UTF-16", "iconv -f UTF-16 -t UTF-8 %s > new.pem" },
	{ "-\0-\0-\0-\0-\0", 10, false, "text in UTF-16 without its mark",
	  "iconv -f UTF-16LE -t UTF-8 %s > new.pem" },
	{ "\0-\0-\0-\0-\0-", 10, false, "text in UTF-16 without its mark",
	  "iconv -f UTF-16BE -t UTF-8 %s > new.pem" },
	{ "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 12, false,
	  "what a text filter left of a binary file, as Maven's resource filtering does to a keystore: the "
	  "bytes that it replaced are lost, take the original again", NULL },
	{ "{\"error", 7, false, "an error message in JSON: the download was refused", NULL },
	{ "{\"errors", 8, false, "an error message in JSON: the download was refused", NULL },
	{ "{\"message", 9, false, "an error message in JSON: the download was refused", NULL },
	{ "{", 1, false, "JSON", NULL },
	{ "apiVersion:", 11, false, "a Kubernetes object in YAML",
	  "kubectl create --dry-run=client -o json -f %s > new.json" },
	{ "%PDF-", 5, false, "a PDF document", NULL },
	{ "age-encryption.org/", 19, false, "a file encrypted by age", "age -d %s" },
};

/* A hint with the path in the place of %s. */
static int hint_with_path(struct kst_error *err, const char *hint, const char *path)
{
	const char *at = strstr(hint, "%s");
	char *before = kst_strndup(hint, (size_t)(at - hint));
	if (before)
		kst_hint_path(err, before, path, at + 2);
	kst_free(before);
	return -1;
}

/* What is easily done to a PEM file on its way through a form, a variable or a YAML file. */
static const char *pasted(const uint8_t *data, size_t n, const char **hint)
{
	*hint = NULL;
	bool begins = memmem(data, n, "BEGIN ", 6) != NULL;
	if (begins && memmem(data, n, "\\n", 2)) {
		*hint = "printf '%b\\n' \"$(cat %s)\" > new.pem";
		return "PEM whose line ends were written as \\n, as variables and JSON have them";
	}
	if (begins && memmem(data, n, "BEGIN%20", 8))
		return "PEM in the form of a URL";
	/* What base64 makes of "-----BEGIN " and of a SEQUENCE of 256 bytes and more. */
	if (n >= 15 && memcmp(data, "LS0tLS1CRUdJTi", 14) == 0) {
		*hint = "base64 -d %s > new.pem";
		return "PEM that was encoded in base64 once more, as a Kubernetes Secret has it";
	}
	if (n >= 64 && memcmp(data, "MII", 3) == 0 &&
	    strspn((const char *)data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n ") >= 64) {
		*hint = "base64 -d %s > new.der";
		return "base64 without the lines -----BEGIN and -----END around it";
	}
	return NULL;
}

static bool all_same(const uint8_t *data, size_t n)
{
	return n > 1 && memcmp(data, data + 1, n - 1) == 0;
}

static bool is_text(const uint8_t *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((data[i] < 0x20 && !memchr("\t\n\r\f", data[i], 4)) || data[i] == 0x7f)
			return false;
	return true;
}

/*
 * A BKS file has no magic number.  What has its version, and behind a salt of Bouncy Castle's length the
 * count of iterations and the first entry, is one, whatever length the header claims for that salt.
 */
static bool is_bks_of_no_salt(const uint8_t *data, size_t n, uint32_t *claim)
{
	struct kst_cursor c;

	kst_cursor_init(&c, data, n);
	uint32_t version = kst_cursor_be32(&c);
	*claim = kst_cursor_be32(&c);
	kst_cursor_take(&c, 20);
	uint32_t iterations = kst_cursor_be32(&c);
	uint8_t type = kst_cursor_u8(&c);
	return !c.failed && version >= 1 && version <= 2 && *claim != 20 && iterations && iterations <= 10000000 &&
	       type <= 4;
}

int kst_recognise(const char *path, const uint8_t *data, size_t n, struct kst_error *err)
{
	if (n == 0) {
		kst_error_setx(err, KST_E_EMPTY_FILE, "is empty: there is not one byte in it");
		return kst_error_subject(err, "%s", path);
	}
	size_t head = n < 1024 ? n : 1024;
	/* Blanks and a byte order mark before the first word say nothing. */
	size_t skip = head >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	while (skip < head && data[skip] && strchr(" \t\r\n", data[skip]))
		skip++;

	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
		const struct thing *t = &things[i];
		bool is = t->anywhere ? memmem(data, head, t->magic, t->len) != NULL
				      : head - skip >= t->len &&
						memcmp(data + skip, t->magic, t->len) == 0;
		if (!is)
			continue;
		kst_error_setx(err, KST_E_UNKNOWN_FORMAT, "is %s", t->what);
		kst_error_subject(err, "%s", path);
		return t->hint ? hint_with_path(err, t->hint, path) : -1;
	}
	/* A copy that ends in a zero: the words above are looked for as strings. */
	char text[1025];
	memcpy(text, data, head);
	text[head] = '\0';
	const char *hint, *what = pasted((const uint8_t *)text + skip, head - skip, &hint);
	if (what) {
		kst_error_setx(err, KST_E_UNKNOWN_FORMAT, "is %s", what);
		kst_error_subject(err, "%s", path);
		return hint ? hint_with_path(err, hint, path) : -1;
	}
	uint32_t claim;
	const struct kst_format *said = kst_format_by_path(path);
	if (is_bks_of_no_salt(data, n, &claim)) {
		kst_error_setx(err, KST_E_CORRUPT, "is a BKS keystore whose header says that its salt has %ld bytes",
			       claim > INT32_MAX ? (long)claim - (1L << 32) : (long)claim);
		kst_error_detail(err, "Bouncy Castle makes one of 20: the file was altered, or damaged");
		return kst_error_subject(err, "%s", path);
	}
	if (all_same(data, n))
		kst_error_setx(err, KST_E_UNKNOWN_FORMAT,
			       "is %zu times the same byte, 0x%02x: the disk or the copy has lost it", n, data[0]);
	else if (is_text(data, head))
		kst_error_setx(err, KST_E_UNKNOWN_FORMAT,
			       "is text without a certificate or key in it");
	else
		kst_error_setx(err, KST_E_UNKNOWN_FORMAT, "is of no format that kstool knows");
	if (said && !is_text(data, head))
		kst_error_detail(err, "its name says %s, which does not begin like that", said->title);
	return kst_error_subject(err, "%s", path);
}

/* ---- a file of a known format that cannot be read ---- */

/* The length that the first element of a DER file claims, header and all; 0: it claims none. */
static uint64_t claimed(const uint8_t *data, size_t n)
{
	struct kst_cursor c;
	kst_cursor_init(&c, data, n);
	uint64_t length = 0;
	if (kst_cursor_u8(&c) != 0x30)
		return 0;
	uint8_t first = kst_cursor_u8(&c);
	if (first < 0x80)
		return 2 + first;
	if (first == 0x80 || first > 0x84)
		return 0;
	for (unsigned i = 0; i < first - 0x80u; i++)
		length = length << 8 | kst_cursor_u8(&c);
	return c.failed ? 0 : 2 + (first - 0x80u) + length;
}

static size_t replacements(const uint8_t *data, size_t n)
{
	size_t nr = 0;
	for (size_t i = 0; i + 3 <= n; i++)
		nr += memcmp(data + i, "\xef\xbf\xbd", 3) == 0;
	return nr;
}

/*
 * An FTP in text mode and its likes put a CR in front of every LF, or took it away:
 * where all LFs of a large binary have one, that is no accident.
 */
static bool every_lf_has_cr(const uint8_t *data, size_t n)
{
	size_t lf = 0, crlf = 0;
	for (size_t i = 1; i < n; i++)
		if (data[i] == '\n') {
			lf++;
			crlf += data[i - 1] == '\r';
		}
	return lf >= 4 && lf == crlf;
}

int kst_explain(const uint8_t *data, size_t n, bool binary, struct kst_error *err)
{
	if (!err || !data || !n || !binary ||
	    (err->code != KST_E_TRUNCATED && err->code != KST_E_CORRUPT && err->code != KST_E_BAD_CERT &&
	     err->code != KST_E_BAD_KEY))
		return -1;
	uint64_t want = claimed(data, n);
	if (want > n)
		kst_error_detail(err, "its first bytes announce %llu bytes, and it ends at byte %zu: %llu are missing",
				 (unsigned long long)want, n, (unsigned long long)(want - n));
	else if (want && want < n)
		kst_error_detail(err, "its first bytes announce %llu bytes, and it goes on to byte %zu",
				 (unsigned long long)want, n);
	if (replacements(data, n) >= 3)
		kst_error_detail(err, "a text filter went over it, as Maven's resource filtering: the bytes EF BF BD "
				      "stand where others were, which are lost; take the original again");
	else if (every_lf_has_cr(data, n))
		kst_error_detail(err, "every line feed has a carriage return before it: it was copied as text, as FTP "
				      "does in ASCII mode; copy it again as binary");
	return -1;
}
