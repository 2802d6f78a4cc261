/* SPDX-License-Identifier: ISC */
/* help_topics.c - the pages that belong to no single command */
#include "cmd/help.h"

#include <string.h>

static void page(struct out *o, const char *const *line)
{
	out_array(o, "text");
	for (; *line; line++) {
		out_str(o, NULL, *line);
		if (**line)
			out_line(o, "%s", *line);
		else
			out_blank(o);
	}
	out_end(o);
}

/* ---- exit-codes: from errors.def ---- */

static void exit_codes(struct out *o)
{
	static const char *const all[] = { "0", "1", "2", "3", "4", "5", "6", "8", "9", "130" };

	out_line(o,
		 "The same for every command: 0 is yes or done, 1 is a trustworthy no, 2 and more");
	out_line(o, "means that there is no answer. Of several failures the first one counts.");
	out_array(o, "exit_codes");
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		out_blank(o);
		out_heading(o, "%s  %s", all[i], help_status(all[i]));
		out_object(o, NULL);
		out_str(o, "status", all[i]);
		out_str(o, "meaning", help_status(all[i]));
		out_array(o, "errors");
		for (int c = 1; c < KST_CODE_COUNT; c++) {
			char status[8];
			int exit = kst_code_exit((enum kst_code)c);
			size_t n = 0;

			for (int d = exit >= 100 ? 100 : exit >= 10 ? 10 : 1; d; d /= 10)
				status[n++] = (char)('0' + exit / d % 10);
			status[n] = '\0';
			if (strcmp(status, all[i]))
				continue;
			out_str(o, NULL, kst_code_slug((enum kst_code)c));
			out_item(o, 22, kst_code_slug((enum kst_code)c),
				 kst_code_meaning((enum kst_code)c));
		}
		out_end(o);
		out_end(o);
	}
	out_end(o);
	out_blank(o);
	out_line(o, "143 is 130 for SIGTERM.");
}

/* ---- formats: from the table of formats ---- */

struct format_row {
	const char *name, *to, *title;
	char suffixes[64], can[96];
	const char *suffix_text, *can_text;
};
#define AT(member) offsetof(struct format_row, member)
static const struct field format_fields[] = {
	{ "name", "NAME", F_STR, FF_JSON | FF_PLAIN, AT(name) },
	{ "title", "FORMAT", F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_KEEP, AT(title) },
	{ "to", "--to", F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_KEEP, AT(to) },
	{ "suffixes", "FILE NAMES", F_STR, FF_TEXT | FF_JSON | FF_PLAIN, AT(suffix_text) },
	{ "holds", "HOLDS", F_STR, FF_TEXT | FF_JSON | FF_PLAIN | FF_KEEP, AT(can_text) },
	{ .key = NULL }
};

static void join(char *to, size_t size, const char *word)
{
	size_t n = strlen(to), m = strlen(word);

	if (n + m + 2 > size)
		return;
	if (n)
		to[n++] = ' ';
	memcpy(to + n, word, m + 1);
}

void help_formats(struct out *o)
{
	static const struct {
		unsigned cap;
		const char *word;
	} caps[] = { { KST_CAP_KEYS, "keys" },		{ KST_CAP_CHAINS, "chains" },
		     { KST_CAP_CERTS, "certificates" }, { KST_CAP_TRUST, "trust" },
		     { KST_CAP_SECRETS, "secrets" },	{ KST_CAP_ENCRYPTION, "encrypted" } };
	struct format_row row[32] = { { .name = NULL } };
	size_t nr = 0;

	for (const struct kst_format *const *f = kst_formats(); *f && nr < 32; f++, nr++) {
		struct format_row *r = &row[nr];

		r->name = (*f)->name;
		r->to = (*f)->caps & KST_CAP_WRITE ? (*f)->to : "(read only)";
		r->title = (*f)->title;
		for (const char *const *s = (*f)->suffixes; *s; s++)
			join(r->suffixes, sizeof(r->suffixes), *s);
		for (size_t i = 0; i < sizeof(caps) / sizeof(*caps); i++)
			if ((*f)->caps & caps[i].cap)
				join(r->can, sizeof(r->can), caps[i].word);
		r->suffix_text = r->suffixes;
		r->can_text = r->can;
	}
	out_rows(o, "formats", format_fields, row, nr, sizeof(*row));
}

static void formats(struct out *o)
{
	static const char *const text[] = {
		"A file is recognised by its content when it is read; its name says what it "
		"becomes",
		"when it is written (-o FILE), and --to TYPE overrides that. A new store without "
		"an",
		"extension is a native one (.kst).",
		"",
		NULL,
	};

	page(o, text);
	help_formats(o);
}

/* ---- passphrases, json, environment ---- */

static const char *const passphrases[] = {
	"A passphrase is never a word of the command line. --pass (to open), --new-pass (to set)",
	"and --key-pass (a key that has its own) name where it comes from:",
	"",
	"  prompt      ask on the terminal (what happens without --pass)",
	"  file:PATH   first line of a file that only its owner can read",
	"  fd:N        a line of an open descriptor:    --pass fd:3 3<secret",
	"  stdin       a line of standard input:        pass show x | kstool ... --pass stdin",
	"  env:NAME    a variable, removed after reading",
	"  none        no passphrase: try none; with --new-pass, set none",
	"  gen:PATH    --new-pass only: make a random one, write it to the new file PATH",
	"",
	"The first line counts, without its line end; at most 1024 bytes; an empty one opens, but",
	"is never set. One --pass serves every locked file. Several serve them in the order of the",
	"command line, and --pass FILE=PASS is for FILE alone. KSTOOL_PASS_FILE names a file that",
	"is used where there is no --pass. Without any of it the terminal is asked, three times;",
	"--no-input forbids that.",
	"",
	"Before the terminal is asked, what everybody knows is tried on foreign formats: the empty",
	"passphrase and \"changeit\". A native store is never opened that way.",
	"",
	"Native stores open with a key file as well: --key-file FILE; --new-key-file FILE makes "
	"one.",
	NULL,
};

static const char *const json[] = {
	"--json gives exactly one document on standard output, also when the command fails:",
	"",
	"  schema     \"kstool.list/1\"; what is added keeps the number, what breaks raises it",
	"  ok         the question was answered: exit is 0 or 1",
	"  exit       the exit status",
	"  changed    a file was changed",
	"  warnings   array of { code, message }",
	"  error      null, or { code, subject, message, details, hints }; the code is the word in",
	"             brackets, explained by kstool help CODE",
	"",
	"What is absent is null, never missing; the shape does not depend on how many there are.",
	"Times are \"2026-12-05T18:50:03Z\", serial numbers and fingerprints lower-case hex "
	"strings.",
	"A secret is never in it.",
	"",
	"  kstool list *.p12 --json | jq -r "
	"'.stores[].entries[]|select(.state!=\"ok\")|[.alias,.state]|@tsv'",
	"  kstool trust ts.p12 ca.pem --json | jq -e .changed",
	NULL,
};

static const char *const environment[] = {
	"KSTOOL_PASS_FILE    file with the passphrase, where there is no --pass",
	"KSTOOL_SIGNERS      list of pinned signers, instead of /etc/kstool/signers and",
	"                    ~/.config/kstool/signers",
	"KSTOOL_PAGER PAGER  for long text on a terminal; empty: none",
	"NO_COLOR            not empty: no colour; CLICOLOR_FORCE: colour also in a file",
	"COLUMNS TERM        width; TERM=dumb: no colour",
	"LC_ALL LC_CTYPE LANG  whether the terminal shows UTF-8; nothing else depends on it",
	"SOURCE_DATE_EPOCH   time of what is made, for reproducible builds",
	NULL,
};

static const char *const keytool[] = {
	"  keytool -list -keystore F                 kstool list F",
	"  keytool -list -v -keystore F -alias A     kstool show F A",
	"  keytool -printcert -file C                kstool show C",
	"  keytool -importcert (a CA)                kstool trust F ca.pem --alias A",
	"  keytool -importcert (a reply)             kstool import F reply.pem",
	"  keytool -importkeystore                   kstool convert OLD -o NEW",
	"  keytool -exportcert -rfc -alias A         kstool export F A -o c.pem",
	"  keytool -delete -alias A                  kstool remove F A",
	"  keytool -changealias                      kstool rename F A B",
	"  keytool -storepasswd                      kstool passwd F",
	"  keytool -keypasswd -alias A               kstool passwd F A",
	"  keytool -genkeypair -ext san=dns:H        kstool keygen F --host H --create",
	NULL,
};

static const char *const openssl[] = {
	"  openssl x509 -in C -noout -text           kstool show C --full",
	"  openssl x509 -noout -fingerprint          kstool show C --field sha256",
	"  openssl x509 -inform DER -in C -out P     kstool convert C -o P.pem",
	"  openssl pkcs12 -export -inkey K -in C     kstool convert K C CA -o F.p12 --alias A",
	"  openssl pkcs12 -info -in F -noout         kstool show F",
	"  openssl pkcs12 -in F -nokeys -out P       kstool export F --chain -o P.pem",
	"  openssl pkcs7 -print_certs -in C          kstool convert C -o P.pem",
	"  openssl rsa -in ENC -out PLAIN            kstool convert ENC -o PLAIN.pem --plain-key",
	"  openssl req -newkey ... -x509             kstool keygen F --host H --self-signed "
	"--create",
	"  compare -modulus of key and certificate   kstool show KEY CERT",
	NULL,
};

static const struct {
	const char *name, *about;
	const char *const *text;
	void (*show)(struct out *o);
} topics[] = {
	{ "exit-codes", "what the exit status says, and every error", NULL, exit_codes },
	{ "formats", "what can be read and written", NULL, formats },
	{ "passphrases", "where passphrases come from", passphrases, NULL },
	{ "json", "the shape of --json", json, NULL },
	{ "environment", "variables that are looked at", environment, NULL },
	{ "keytool", "keytool's commands, and what they are here", keytool, NULL },
	{ "openssl", "openssl's commands, and what they are here", openssl, NULL },
};
#define TOPICS (sizeof(topics) / sizeof(*topics))

const char *const help_topics[] = { "exit-codes",  "formats", "passphrases", "json",
				    "environment", "keytool", "openssl",     NULL };

bool help_topic(struct out *o, const char *name)
{
	if (!name) {
		out_heading(o, "TOPICS (kstool help TOPIC)");
		for (size_t i = 0; i < TOPICS; i++)
			out_item(o, 14, topics[i].name, topics[i].about);
		return true;
	}
	for (size_t i = 0; i < TOPICS; i++) {
		if (strcmp(topics[i].name, name))
			continue;
		out_pager(o);
		out_str(o, "topic", name);
		if (topics[i].show)
			topics[i].show(o);
		else
			page(o, topics[i].text);
		return true;
	}
	return false;
}
