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
	{ "\xfe\xed\xfe\xed", 4, false,
	  "a Java keystore (JKS), which this version does not read yet",
	  "keytool -importkeystore -srckeystore %s -destkeystore new.p12 -deststoretype PKCS12" },
	{ "\xce\xce\xce\xce", 4, false,
	  "a Java keystore (JCEKS), which this version does not read yet",
	  "keytool -importkeystore -srckeystore %s -srcstoretype JCEKS -destkeystore new.p12 "
	  "-deststoretype PKCS12" },
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
	{ "<?xml", 5, false, "XML", NULL },
	{ "{", 1, false, "JSON", NULL },
	{ "%PDF-", 5, false, "a PDF document", NULL },
	{ "age-encryption.org/", 19, false, "a file encrypted by age", "age -d %s" },
};

static bool is_text(const uint8_t *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((data[i] < 0x20 && !memchr("\t\n\r\f", data[i], 4)) || data[i] == 0x7f)
			return false;
	return true;
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
		if (t->hint) {
			const char *at = strstr(t->hint, "%s");
			char *before = kst_strndup(t->hint, (size_t)(at - t->hint));
			if (before)
				kst_hint_path(err, before, path, at + 2);
			kst_free(before);
		}
		return -1;
	}
	if (is_text(data, head))
		kst_error_setx(err, KST_E_UNKNOWN_FORMAT,
			       "is text without a certificate or key in it");
	else
		kst_error_setx(err, KST_E_UNKNOWN_FORMAT, "is of no format that kstool knows");
	return kst_error_subject(err, "%s", path);
}
