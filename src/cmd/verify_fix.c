/* SPDX-License-Identifier: ISC */
/* verify_fix.c - the command that mends the most telling fault */
#include "cmd/verify.h"

#include <stdarg.h>
#include <string.h>

void verify_fix_release(struct verify_fix *fix)
{
	for (size_t i = 0; i < fix->nr; i++)
		kst_free(fix->word[i]);
	kst_free(fix->what);
	*fix = (struct verify_fix){ .nr = 0 };
}

static void add(struct verify_fix *fix, const char *word)
{
	if (fix->nr < VERIFY_FIX_WORDS && (fix->word[fix->nr] = kst_strdup(word)))
		fix->nr++;
}

static void words(struct verify_fix *fix, const char *what, const char *word, ...) __attribute__((sentinel));
static void words(struct verify_fix *fix, const char *what, const char *word, ...)
{
	va_list ap;

	fix->what = kst_strdup(what);
	va_start(ap, word);
	for (; word; word = va_arg(ap, const char *))
		add(fix, word);
	va_end(ap);
}

/* The name of a command as words. */
static void command(struct verify_fix *fix, const struct cmd *c)
{
	char *name = kst_strdup(c->name), *verb = name ? strchr(name, ' ') : NULL;

	if (verb)
		*verb++ = '\0';
	add(fix, "kstool");
	if (name)
		add(fix, name);
	if (verb)
		add(fix, verb);
	kst_free(name);
}

static bool knows(const struct cmd *c, const char *option)
{
	for (const struct opt *o = c->opts; o && o->name; o++)
		if (strcmp(o->name, option + 2) == 0)
			return true;
	return false;
}

/* The user's own command with something more; nothing, where it has no such option (nor --at is its own). */
static void again(const struct verify_target *t, struct verify_fix *fix, const char *what, const char *option,
		  const char *value)
{
	const struct cli *cli = t->cli;
	bool said = false;

	if (strcmp(option, "--trust") == 0 && t->trust_option)
		option = t->trust_option;
	if (strcmp(option, "--at") && !knows(cli->cmd, option))
		return;
	fix->what = kst_strdup(what);
	command(fix, cli->cmd);
	for (size_t i = 0; i < cli->nr_words; i++) {
		if (!strcmp(cli->word[i], "--") && !said) {
			add(fix, option);
			if (value)
				add(fix, value);
			said = true;
		}
		add(fix, cli->word[i]);
	}
	if (!said) {
		add(fix, option);
		if (value)
			add(fix, value);
	}
}

static char *fingerprint(const struct kst_cert *cert)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_buf_puts(&b, "sha256:");
	kst_text_hex(&b, kst_cert_sha256(cert), 32);
	return b.failed ? NULL : kst_strndup((char *)b.data, b.len);
}

/* A name for a file that is to come: "acme-issuing-ca-2.pem".  kst_free it. */
static char *file_of(struct kst_buf *name, const char *suffix)
{
	size_t from = 0;

	while (from < name->len && !(name->data[from] & 0x80) && strchr("*.-_ ", name->data[from]))
		from++;
	if (from) /* of a wildcard */
		memmove(name->data, name->data + from, name->len - from + 1);
	name->len -= from;
	for (size_t i = 0; i < name->len; i++) {
		uint8_t *c = &name->data[i];

		if (*c >= 'A' && *c <= 'Z')
			*c = (uint8_t)(*c + 'a' - 'A');
		else if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '.'))
			*c = '-';
	}
	return kst_text_file_name(name->len ? (char *)name->data : "ca", suffix);
}

/* ---- one reason each ---- */

/* Where does it come from that there is no command for: a truststore that the user named. */
static const char *truststore(const struct verify_target *t)
{
	return t->opt->trust.nr ? t->opt->trust.item[t->opt->trust.nr - 1] : NULL;
}

/* It is in the source: it can be trusted from there, by the fingerprint that its owner tells. */
static void trust_it(const struct verify_target *t, size_t depth, const char *what, struct verify_fix *fix)
{
	const struct kst_cert *cert = t->v->path.cert[depth];
	char *hash = fingerprint(cert);

	if (t->v->from[depth] == KST_FROM_TARGET && truststore(t) && hash) {
		words(fix, what, "kstool", "trust", truststore(t), t->source, "--fingerprint", hash, NULL);
		if (!kst_cert_is_ca(cert))
			add(fix, "--leaf");
	} else {
		struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
		char *file = NULL;

		kst_cert_name(cert, &name);
		if (t->v->from[depth] == KST_FROM_TARGET && depth == 0)
			again(t, fix, what, "--trust", t->source);
		else if ((file = file_of(&name, ".pem")) && truststore(t))
			words(fix, "if you have it from a source that you trust", "kstool", "trust", truststore(t), file, NULL);
		else if (file)
			again(t, fix, "if you have it from a source that you trust", "--trust", file);
		kst_free(file);
	}
	kst_free(hash);
}

static void missing(const struct verify_target *t, size_t depth, struct verify_fix *fix)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT, url KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct kst_cert *cert = t->v->path.cert[depth];
	char *file;

	kst_cert_issuer_name(cert, &name);
	kst_cert_issuer_url(cert, &url);
	file = file_of(&name, url.len ? ".cer" : ".pem");
	if (!file)
		return;
	if (t->has_key)
		words(fix, url.len ? "to complete the chain with the file from there" : "to complete the chain with the file of its CA",
		      "kstool", "import", t->source, file, NULL);
	else
		again(t, fix, url.len ? "with the file from there" : "with the file of its CA", "--extra", file);
	kst_free(file);
}

/* A new certificate for the same key, or for a new one. */
static void request(const struct verify_target *t, const char *what, bool new_key, const char *host, struct verify_fix *fix)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	char *file;

	kst_cert_name(t->v->path.cert[0], &name);
	if (new_key && !t->has_key) {
		file = file_of(&name, ".new.key");
		if (file)
			words(fix, "to make a new key, and then a request for it", "kstool", "keygen", file, NULL);
		kst_free(file);
		return;
	}
	file = file_of(&name, ".csr");
	if (!file)
		return;
	words(fix, what, "kstool", "csr", t->has_key ? t->source : t->opt->key ? t->opt->key : "KEYFILE", NULL);
	if (t->has_key && t->entry)
		add(fix, t->entry);
	if (new_key && t->has_key)
		add(fix, "--new-key");
	if (host) {
		add(fix, "--host");
		add(fix, host);
	}
	add(fix, "-o");
	add(fix, file);
	kst_free(file);
}

/* Does it name a place that can be asked: distribution points, or a responder? */
static bool has_source(const struct kst_cert *cert)
{
	return kst_cert_extension(cert, "2.5.29.31", NULL).len || kst_cert_extension(cert, "1.3.6.1.5.5.7.1.1", NULL).len;
}

static void mend(const struct verify_target *t, const struct kst_path_finding *f, size_t depth, struct verify_fix *fix)
{
	char day[KST_TIME_TEXT];
	bool is_name = t->req->host && !strchr(t->req->host, '@');

	switch (f->reason) {
	case KST_REASON_UNTRUSTED:
		trust_it(t, depth, "if its owner tells you this fingerprint of the root", fix);
		break;
	case KST_REASON_SELF_SIGNED:
		trust_it(t, depth, "if it is the one that you expect", fix);
		break;
	case KST_REASON_INCOMPLETE:
		missing(t, depth, fix);
		break;
	case KST_REASON_EXPIRED:
	case KST_REASON_EXPIRES_SOON:
		if (depth == 0)
			request(t, "to ask for a new one, with the same names", false, NULL, fix);
		else if (depth == t->v->path.nr - 1 && t->v->anchored && truststore(t))
			words(fix, "when you have the new one of this CA", "kstool", "trust", truststore(t), "new-ca.pem", NULL);
		else if (t->has_key)
			words(fix, "when its CA has given you the new chain", "kstool", "import", t->source, "new-chain.pem", NULL);
		else
			again(t, fix, "with the newer one of its CA", "--extra", "new-ca.pem");
		break;
	case KST_REASON_NOT_YET:
		kst_time_text(kst_cert_not_before(t->v->path.cert[depth]) + 86400, KST_TIME_DATE, day);
		again(t, fix, "to see whether that is all", "--at", day);
		break;
	case KST_REASON_HOST:
		request(t, "to ask for one with this name", false, is_name ? t->req->host : NULL, fix);
		break;
	case KST_REASON_CN_ONLY:
		request(t, "to ask for one with the name where it belongs", false, is_name ? t->req->host : NULL, fix);
		break;
	case KST_REASON_REVOKED:
	case KST_REASON_WEAK_KEY:
		if (depth == 0)
			request(t, "to ask for a new one, with a new key", true, NULL, fix);
		break;
	case KST_REASON_PURPOSE:
	case KST_REASON_KEY_USAGE:
	case KST_REASON_WEAK_DIGEST:
		if (depth != 0)
			break;
		request(t, "to ask its CA for one that fits", false, NULL, fix);
		/* The usage of the present one is what is wrong. */
		if (f->reason == KST_REASON_PURPOSE && (t->v->usage == KST_USAGE_SERVER || t->v->usage == KST_USAGE_CLIENT)) {
			add(fix, "--purpose");
			add(fix, t->v->usage == KST_USAGE_SERVER ? "server" : "client");
		}
		break;
	case KST_REASON_KEY_MISMATCH:
		words(fix, "to see which belong together", "kstool", "show", t->opt->key, t->source, NULL);
		break;
	case KST_REASON_CRL_EXPIRED:
	case KST_REASON_CRL_BAD:
	case KST_REASON_NO_REVOCATION:
		if (!t->opt->revocation && has_source(t->v->path.cert[depth]))
			again(t, fix, "to ask its CA", "--revocation", "online");
		else
			again(t, fix, "with the newest list of its CA", "--crl", "new.crl");
		break;
	case KST_REASON_DISTRUSTED:
	case KST_REASON_NOT_A_CA:
	case KST_REASON_PATH_LENGTH:
	case KST_REASON_NAME_CONSTRAINT:
	case KST_REASON_CRITICAL:
	case KST_REASON_BAD_SIGNATURE:
	case KST_REASON_UNKNOWN_SIG:
	case KST_REASON_POLICY:
	case KST_REASON_MALFORMED:
	case KST_REASON_WEB_PKI:
	case KST_REASON_OPENSSL:
	case KST_REASON_NONE:
	case KST_REASON_COUNT:
		break;
	}
}

void verify_fix(const struct verify_target *t, const struct kst_path_finding *f, struct verify_fix *fix)
{
	size_t depth = f->depth > 0 && (size_t)f->depth < t->v->path.nr ? (size_t)f->depth : 0;

	*fix = (struct verify_fix){ .nr = 0 };
	mend(t, f, depth, fix);
	if (!fix->nr) /* nothing does but another certificate of a CA */
		words(fix, "to see what they say of themselves", "kstool", "show", t->source, "--full", NULL);
}
