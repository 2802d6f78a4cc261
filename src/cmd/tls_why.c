/* SPDX-License-Identifier: ISC */
/*
 * tls_why.c - why a handshake came to nothing, and the command that mends it
 *
 * Where the verdict is ours, it is verify's explanation.  Of a live server there is an
 * alert alone, a single word: what it may mean is read from what was sent and asked for.
 */
#include "cmd/tls.h"

#include <stdarg.h>
#include <string.h>

#include "cmd/describe.h"

static const char *str(const struct kst_buf *b)
{
	return b->data ? (const char *)b->data : "";
}

static enum kst_side other(enum kst_side side)
{
	return side == KST_SIDE_SERVER ? KST_SIDE_CLIENT : KST_SIDE_SERVER;
}

/* The party that was refused, where its faults are known. */
static const struct kst_path_finding *known_cause(const struct tls_view *v, struct verify_target *t)
{
	const struct kst_handshake *h = v->h;
	enum kst_side side = h->fault == KST_FAULT_REFUSED_CERT ? other(h->fault_side) : h->fault_side;

	if (h->fault != KST_FAULT_REFUSED_CERT && h->fault != KST_FAULT_KEY_MISMATCH)
		return NULL;
	return tls_target(v, side, t) ? kst_verdict_cause(t->v) : NULL;
}

/* ---- in a line ---- */

void tls_headline(const struct tls_view *v, struct kst_buf *out)
{
	const struct kst_handshake *h = v->h;
	const char *by = kst_side_slug(h->fault_side), *of = kst_side_slug(other(h->fault_side));

	switch (h->fault) {
	case KST_FAULT_NONE:
		tls_agreed(h, out);
		return;
	case KST_FAULT_REFUSED_CERT:
		kst_buf_printf(out, "the %s refuses the certificate of the %s", by, of);
		break;
	case KST_FAULT_NO_CLIENT:
		kst_buf_puts(out, "the server wants a certificate of the client, and none was sent");
		return;
	case KST_FAULT_KEY_MISMATCH:
	case KST_FAULT_KEY_UNUSABLE:
		kst_buf_printf(out, "the %s cannot take part", by);
		break;
	case KST_FAULT_ALERT:
		kst_buf_printf(out, "the %s refuses", by);
		break;
	case KST_FAULT_HUNG_UP:
		kst_buf_printf(out, "the %s hangs up, or is silent", by);
		break;
	case KST_FAULT_REFUSED_LATER:
		kst_buf_printf(out, "the %s refuses after the handshake", by);
		break;
	case KST_FAULT_NO_VERSION:
	case KST_FAULT_NO_ALGORITHM:
	case KST_FAULT_NO_PROTOCOL:
	case KST_FAULT_BAD_PROOF:
	case KST_FAULT_PROTOCOL:
	case KST_FAULT_COUNT:
		kst_buf_puts(out, kst_fault_meaning(h->fault));
		break;
	}
	if (h->fault_text[0])
		kst_buf_printf(out, ": %s", h->fault_text);
}

/* ---- of what a live server said ---- */

static void ours(const struct tls_view *v, struct kst_buf *out)
{
	const struct kst_chain *c = v->client.id && v->client.id->key ? v->client.id->chain : NULL;

	if (!c || !c->nr)
		return;
	kst_buf_puts(out, "our certificate was issued by \"");
	kst_cert_issuer_name(c->cert[0], out);
	kst_buf_puts(out, "\"");
}

static bool fits(const struct tls_view *v)
{
	return !v->client.id || !v->client.id->chain || kst_handshake_accepts(v->h, v->client.id->chain);
}

static void accepts_only(const struct tls_view *v, struct kst_buf *out)
{
	ours(v, out);
	kst_buf_puts(out, ", and the server accepts only: ");
	tls_accepted(v->h, out);
	kst_buf_puts(out, ".");
}

/* What is plainly wrong with our own certificate, whatever word the server has for it. */
static bool own_fault(const struct kst_cert *leaf, struct kst_buf *out)
{
	struct kst_buf eku KST_SCRATCH_BUF = KST_BUF_INIT;
	char left[KST_TIME_TEXT];

	if (kst_cert_not_after(leaf) < kst_time_now() || kst_cert_not_before(leaf) > kst_time_now()) {
		describe_left(kst_cert_not_before(leaf), kst_cert_not_after(leaf), kst_time_now(), left);
		kst_buf_printf(out, "our certificate: %s.", left);
		return true;
	}
	kst_cert_ext_key_usage(leaf, &eku);
	if (eku.len && !strstr(str(&eku), "clientAuth") && !strstr(str(&eku), "anyExtendedKeyUsage")) {
		kst_buf_printf(out, "our certificate is for: %s; a client needs clientAuth.", str(&eku));
		return true;
	}
	return false;
}

static void by_alert(const struct tls_view *v, struct kst_buf *out)
{
	const struct kst_chain *c = v->client.id && v->client.id->key ? v->client.id->chain : NULL;
	const struct kst_cert *leaf = c && c->nr ? c->cert[0] : NULL;
	char left[KST_TIME_TEXT];

	if (!leaf) {
		kst_buf_printf(out, "%s.", kst_alert_meaning(v->h->alert));
		return;
	}
	if (!fits(v)) {
		accepts_only(v, out);
		return;
	}
	if (own_fault(leaf, out))
		return;
	switch (v->h->alert) {
	case 48: /* unknown_ca */
		ours(v, out);
		kst_buf_printf(out, ", and %zu certificate%s sent. The server %s: is an intermediate missing between the two, or is "
			       "its CA another one of the same name?", c->nr, c->nr == 1 ? " was" : "s were",
			       v->h->nr_ca_names ? "names a CA of this name" : "does not tell which CAs it accepts");
		return;
	case 45: /* certificate_expired */
		kst_buf_printf(out, "our certificate: %s. ", kst_time_left(kst_cert_not_after(leaf), kst_time_now(), left));
		kst_buf_puts(out, "If that is right, a CA above it has expired, the server's list of revoked certificates is out "
				  "of date, or its clock is wrong.");
		return;
	case 44: /* certificate_revoked */
		kst_buf_puts(out, "the CA of our certificate has taken it back; a new one with a new key is needed.");
		return;
	}
	kst_buf_printf(out, "it says %s: %s. ", kst_alert_name(v->h->alert), kst_alert_meaning(v->h->alert));
	ours(v, out);
	kst_buf_puts(out, "; its own log says more.");
}

static void no_client(const struct tls_view *v, struct kst_buf *out)
{
	bool has = v->client.id && v->client.id->key;

	if (has) {
		kst_buf_puts(out, "the client has a certificate, but its key fits none of the signature algorithms that the server "
			     "accepts, so none was sent. ");
	}
	kst_buf_puts(out, "The server shakes hands only with clients that show a certificate of: ");
	tls_accepted(v->h, out);
	kst_buf_puts(out, ".");
	if (v->h->version >= 0x0304)
		kst_buf_puts(out, " With TLS 1.3 many clients notice only when they read: \"certificate required\", or an end of the "
			     "connection.");
}

void tls_why(const struct tls_view *v, struct kst_buf *out)
{
	const struct kst_handshake *h = v->h;
	const struct kst_path_finding *cause;
	struct verify_target t;

	cause = known_cause(v, &t);
	if (cause) {
		verify_why(&t, cause, out);
		if (h->fault == KST_FAULT_REFUSED_CERT && h->fault_side == KST_SIDE_SERVER && !fits(v)) {
			kst_buf_puts(out, " Said otherwise: ");
			accepts_only(v, out);
		}
		return;
	}
	switch (h->fault) {
	case KST_FAULT_NONE:
	case KST_FAULT_COUNT:
		return;
	case KST_FAULT_REFUSED_CERT:
	case KST_FAULT_ALERT:
		by_alert(v, out);
		return;
	case KST_FAULT_NO_CLIENT:
		no_client(v, out);
		return;
	case KST_FAULT_REFUSED_LATER:
		if (!fits(v))
			accepts_only(v, out);
		else if (!v->client.id || !v->client.id->chain || !v->client.id->chain->nr ||
			 !own_fault(v->client.id->chain->cert[0], out))
			kst_buf_puts(out, "this server takes any certificate in the handshake, and says with the page whether it likes it. "
				     "Its log says what is wrong with ours.");
		return;
	case KST_FAULT_HUNG_UP:
		if (h->sent_client && !fits(v))
			accepts_only(v, out);
		else if (h->asked_for_client && !h->sent_client)
			no_client(v, out);
		else
			kst_buf_puts(out, "there was no alert. A server that refuses a certificate may do so, one that fails, or something "
				     "between the two sides.");
		return;
	case KST_FAULT_BAD_PROOF:
		kst_buf_puts(out, "a signature over the handshake does not verify: the key of that side is not the one of its certificate, "
			     "or a CA's signature on it is wrong.");
		return;
	case KST_FAULT_NO_VERSION:
		kst_buf_printf(out, "%s, and this side offers %s.", "the other side speaks none of the versions that were offered",
			       "TLS 1.2 and 1.3 alone, or what --tls says");
		return;
	case KST_FAULT_NO_ALGORITHM:
	case KST_FAULT_KEY_MISMATCH:
	case KST_FAULT_KEY_UNUSABLE:
	case KST_FAULT_NO_PROTOCOL:
	case KST_FAULT_PROTOCOL:
		kst_buf_printf(out, "%s.", h->fault_text[0] ? h->fault_text : kst_fault_meaning(h->fault));
		return;
	}
}

/* ---- what mends it ---- */

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

/* The user's own command with an option more. */
static void again(const struct tls_view *v, struct verify_fix *fix, const char *what, const char *option, const char *value)
{
	const struct cli *cli = v->cli;

	words(fix, what, "kstool", "tls", strchr(cli->cmd->name, ' ') + 1, NULL);
	for (size_t i = 0; i < cli->nr_words; i++)
		add(fix, cli->word[i]);
	add(fix, option);
	if (value)
		add(fix, value);
}

static void list_match(const struct tls_view *v, struct verify_fix *fix)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_ca_name_text(&v->h->ca_names[0], &name);
	words(fix, "has it another one, of that CA", "kstool", "list", v->client.id->path, "--match", str(&name), NULL);
}

static void fix_client(const struct tls_view *v, struct verify_fix *fix)
{
	bool has = v->client.id && v->client.id->key;

	if (!has)
		again(v, fix, "with a store that has one", v->pair ? "--client" : "--identity", "client.p12");
	else if (v->h->nr_ca_names && !fits(v))
		list_match(v, fix);
	else
		words(fix, "what ours is", "kstool", "show", v->client.id->path, NULL);
}

void tls_fix(const struct tls_view *v, struct verify_fix *fix)
{
	const struct kst_handshake *h = v->h;
	const struct tls_identity *id;
	const struct kst_path_finding *cause;
	struct verify_target t;

	*fix = (struct verify_fix){ .nr = 0 };
	id = tls_seat(v, h->fault_side)->id;
	cause = h->fault == KST_FAULT_KEY_MISMATCH ? NULL : known_cause(v, &t);
	if (cause) {
		id = tls_seat(v, other(h->fault_side))->id;
		/* Where the chain is in a file of its own, one more file completes it. */
		if (cause->reason == KST_REASON_INCOMPLETE && id && !t.has_key)
			again(v, fix, "with the file of its CA", !v->pair ? "--identity" : h->fault_side == KST_SIDE_CLIENT ? "--server" : "--client",
			      "issuing-ca.pem");
		else
			verify_fix(&t, cause, fix);
		return;
	}
	switch (h->fault) {
	case KST_FAULT_REFUSED_CERT:
	case KST_FAULT_REFUSED_LATER:
	case KST_FAULT_NO_CLIENT:
		fix_client(v, fix);
		return;
	case KST_FAULT_HUNG_UP:
	case KST_FAULT_ALERT:
		if (h->asked_for_client)
			fix_client(v, fix);
		return;
	case KST_FAULT_KEY_MISMATCH:
		if (id) {
			words(fix, "to see which belong together", "kstool", "show", id->path, NULL);
			for (size_t i = 1; i < id->nr; i++)
				add(fix, kst_store_path(id->store[i]));
		}
		return;
	case KST_FAULT_KEY_UNUSABLE:
	case KST_FAULT_NO_ALGORITHM:
		if (id) {
			words(fix, "to ask for a certificate with a key that every TLS knows", "kstool", "csr", id->path, NULL);
			if (id->entry)
				add(fix, id->entry);
			for (const char *const *w = (const char *const[]){ "--new-key", "--alg", "p256", "-o", "new.csr", NULL }; *w; w++)
				add(fix, *w);
		}
		return;
	case KST_FAULT_NONE:
	case KST_FAULT_NO_VERSION:
	case KST_FAULT_NO_PROTOCOL:
	case KST_FAULT_BAD_PROOF:
	case KST_FAULT_PROTOCOL:
	case KST_FAULT_COUNT:
		return;
	}
}

void tls_explain(const struct tls_view *v)
{
	struct kst_buf why KST_SCRATCH_BUF = KST_BUF_INIT, line KST_SCRATCH_BUF = KST_BUF_INIT;
	struct out *o = v->cli->out;
	struct verify_fix fix;

	tls_why(v, &why);
	if (!why.len)
		return;
	out_blank(o);
	out_sentence(o, "Why: %s", str(&why));
	tls_fix(v, &fix);
	for (size_t i = 0; i < fix.nr; i++) {
		if (i)
			kst_buf_puts(&line, " ");
		kst_text_shell(&line, fix.word[i]);
	}
	if (line.len) {
		out_line(o, "hint: %s:", fix.what ? fix.what : "then");
		out_line(o, "      %s", str(&line));
	}
	verify_fix_release(&fix);
}
