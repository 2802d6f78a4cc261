/* SPDX-License-Identifier: ISC */
/*
 * wrong.c - known wrong words: what keytool, openssl and others call it, and
 * what it is called here.  They are answered, never executed: the habits behind
 * them differ in what they change.
 */
#include "cmd/wrong.h"

#include <string.h>

#include "cmd/foreign.h"
#include "kstool/buf.h"

static const struct {
	const char *word, *verb, *hint;
} wrong[] = {
	/* keytool */
	{ "printcert", "show", "kstool show FILE" },
	{ "printcrl", "show", "kstool show FILE" },
	{ "printcertreq", "show", "kstool show FILE" },
	{ "-list", "list", "kstool list STORE" },
	{ "-export", "export", "kstool export STORE ENTRY -o FILE" },
	{ "-import", "trust", "to trust a CA:  kstool trust STORE FILE" },
	{ "-import", "import", "a CA's reply for a key in the store:  kstool import STORE FILE" },
	{ "importcert", "trust", "to trust a CA:  kstool trust STORE FILE" },
	{ "importcert", "import",
	  "a CA's reply for a key in the store:  kstool import STORE FILE" },
	{ "importkeystore", "convert", "kstool convert OLD -o NEW" },
	{ "importkeystore", "import", "into a store that exists:  kstool import STORE OLD" },
	{ "exportcert", "export", "kstool export STORE ENTRY -o FILE" },
	{ "delete", "remove", "kstool remove STORE ENTRY" },
	{ "changealias", "rename", "kstool rename STORE ENTRY NEWALIAS" },
	{ "storepasswd", "passwd", "kstool passwd STORE" },
	{ "keypasswd", "passwd", "kstool passwd STORE ENTRY" },
	{ "genkeypair", "keygen", "kstool keygen STORE --host HOST --create" },
	{ "genkey", "keygen", "kstool keygen STORE --host HOST --create" },
	{ "certreq", "csr", "kstool csr STORE ENTRY -o REQUEST" },
	/* openssl */
	{ "x509", "show", "kstool show FILE" },
	{ "x509", "convert", "another format:  kstool convert FILE -o NEW.pem" },
	{ "pkcs12", "show", "to look into one:  kstool show FILE.p12" },
	{ "pkcs12", "export", "to take its certificates out:  kstool export FILE.p12 --chain" },
	{ "pkcs12", "convert", "to make one:  kstool convert KEY CERT CA -o NEW.p12" },
	{ "pkcs7", "convert", "kstool convert FILE -o NEW.pem" },
	{ "pkcs8", "convert", "kstool convert FILE -o NEW.pem" },
	{ "rsa", "show", "kstool show FILE" },
	{ "ec", "show", "kstool show FILE" },
	{ "pkey", "show", "kstool show FILE" },
	{ "crl", "show", "kstool show FILE" },
	{ "req", "csr", "kstool csr KEYFILE --host HOST -o REQUEST" },
	{ "req", "show", "to look at one:  kstool show FILE" },
	{ "genrsa", "keygen", "kstool keygen FILE.pem --alg rsa:3072" },
	{ "genpkey", "keygen", "kstool keygen FILE.pem" },
	{ "ecparam", "keygen", "kstool keygen FILE.pem --alg p256" },
	{ "storeutl", "list", "kstool list FILE" },
	{ "dgst", "show", "fingerprint of a certificate:  kstool show FILE --field sha256" },
	{ "dsa", "show", "kstool show FILE" },
	{ "crl2pkcs7", "convert", "kstool convert FILE... -o NEW.p7b" },
	{ "s_client", "show", "kstool show HOST:443" },
	{ "s_client", "tls test", "would a client connect:  kstool tls test HOST:443 --trust ca.pem" },
	{ "s_server", "tls serve", "kstool tls serve --identity STORE" },
	{ "update-ca-certificates", "trust", "a CA into the system's and every other list:  kstool trust --under / FILE" },
	{ "update-ca-trust", "trust", "a CA into the system's and every other list:  kstool trust --under / FILE" },
	/* certutil, step, certigo, keystore-explorer, and plain words */
	{ "inspect", "show", "kstool show FILE" },
	{ "dump", "show", "kstool show FILE" },
	{ "info", "show", "kstool show FILE" },
	{ "view", "show", "kstool show FILE" },
	{ "cat", "show", "kstool show FILE" },
	{ "ls", "list", "kstool list FILE" },
	{ "add", "import", "a key and its certificates:  kstool import STORE FILE" },
	{ "add", "trust", "a CA:  kstool trust STORE FILE" },
	{ "addtrust", "trust", "kstool trust STORE FILE" },
	{ "anchor", "trust", "kstool trust STORE FILE" },
	{ "import-cert", "trust", "to trust a CA:  kstool trust STORE FILE" },
	{ "compare", "diff", "kstool diff A B" },
	{ "revert", "undo", "kstool undo STORE" },
	{ "restore", "undo", "kstool undo STORE" },
	{ "rollback", "undo", "kstool undo STORE" },
	{ "del", "remove", "kstool remove STORE ENTRY" },
	{ "rm", "remove", "kstool remove STORE ENTRY" },
	{ "mv", "rename", "kstool rename STORE ENTRY NEWALIAS" },
	{ "slots", "slot list", "kstool slot list STORE" },
	{ "password", "passwd", "kstool passwd STORE" },
	{ "init", "create", "kstool create STORE" },
	{ "new", "create", "kstool create STORE" },
	{ "generate", "keygen", "kstool keygen STORE --host HOST --create" },
	{ "merge", "convert", "kstool convert A B -o NEW" },
	{ "validate", "verify", "will it be trusted:  kstool verify FILE --host HOST" },
	{ "validate", "check", "is a native store whole:  kstool check STORE" },
	{ "fsck", "check", "kstool check STORE" },
	{ NULL, NULL, NULL }
};

/* The row's word as it was typed, or without its dashes: keytool writes "-printcert". */
static bool is_row(size_t i, const char *word)
{
	return (!strcmp(wrong[i].word, word) || !strcmp(wrong[i].word, word + strspn(word, "-"))) &&
	       cmd_find(wrong[i].verb);
}

bool cmd_is_wrong(const char *word)
{
	for (size_t i = 0; wrong[i].word; i++)
		if (is_row(i, word))
			return true;
	return false;
}

int cmd_unknown(const char *word, char *const *arg, int nr_args, struct kst_error *err)
{
	const char *names[128], *bare = word + strspn(word, "-"), *near;
	char first[64][32];
	size_t nr = 0, nouns = 0;

	if (cmd_is_wrong(word)) {
		kst_error_setx(err, KST_E_UNKNOWN_COMMAND,
			       "no command \"%s\"; here it is another word", word);
		for (size_t i = 0; wrong[i].word; i++) {
			struct kst_buf hint KST_SCRATCH_BUF = KST_BUF_INIT;

			if (!is_row(i, word))
				continue;
			foreign_fill(&hint, wrong[i].hint, arg, nr_args);
			if (!hint.failed)
				kst_error_hint(err, "%s", (const char *)hint.data);
		}
		return -1;
	}
	if (cmd_find(bare) && bare != word)
		return kst_error_setx(err, KST_E_UNKNOWN_COMMAND,
				      "no command \"%s\"; did you mean \"%s\"?", word, bare);
	for (const struct cmd *const *c = cmd_table; *c && nr < 127; c++) {
		size_t n = strcspn((*c)->name, " ");

		if ((*c)->group == GROUP_HIDDEN || n >= sizeof(first[0]) || nouns == 64)
			continue;
		memcpy(first[nouns], (*c)->name, n);
		first[nouns][n] = '\0';
		names[nr++] = first[nouns++];
	}
	names[nr] = NULL;
	near = opt_nearest(bare, names);
	if (near)
		return kst_error_setx(err, KST_E_UNKNOWN_COMMAND,
				      "no command \"%s\"; did you mean \"%s\"?", word, near);
	kst_error_setx(err, KST_E_UNKNOWN_COMMAND, "no command \"%s\"", word);
	return kst_error_hint(err, "kstool help");
}
