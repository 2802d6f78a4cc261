/* SPDX-License-Identifier: ISC */
/* picture.c - entries as people see them */
#include "cmd/picture.h"
#include "cmd/describe.h"

#include <string.h>
#include <time.h>

static const char *str(const struct kst_buf *b)
{
	return b->data ? (const char *)b->data : "";
}

void picture_what(const struct kst_format *format, const struct kst_entry *e, struct kst_buf *out)
{
	struct kst_buf key KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t nr = e->chain.nr;

	switch (e->kind) {
	case KST_KIND_KEY:
		if (nr)
			kst_cert_key_text(e->chain.cert[0], false, &key);
		else
			kst_key_text(e->key, false, &key);
		kst_buf_puts(out, "private key (");
		if (strcmp(str(&key), "?"))
			kst_buf_printf(out, "%s, ", describe_key(str(&key)));
		kst_buf_printf(out, "%sencrypted)", describe_encrypted(format, e) ? "" : "not ");
		if (nr)
			kst_buf_printf(out, " with %zu certificate%s", nr, nr == 1 ? "" : "s");
		else
			kst_buf_puts(out, ", no certificate");
		break;
	case KST_KIND_CERT:
		kst_buf_printf(out, "%s%scertificate", e->trusted ? "trusted " : "",
			       kst_cert_is_ca(e->chain.cert[0]) ? "CA " : "");
		break;
	case KST_KIND_SECRET:
		kst_buf_printf(out, "secret key%s%s", e->secret_alg ? ", " : "",
			       e->secret_alg ? e->secret_alg : "");
		break;
	case KST_KIND_CSR:
		kst_buf_puts(out, "certificate request");
		break;
	case KST_KIND_CRL:
		kst_buf_puts(out, "certificate revocation list");
		break;
	case KST_KIND_OPAQUE:
		kst_buf_printf(out, "%s, %zu bytes, kept as it is", e->label ? e->label : "unknown",
			       e->der.len);
		break;
	}
}

/* One row of the tree; its texts live in b[0..3]. */
static void tree_row(struct out_tree_row *row, unsigned depth, const struct kst_cert *cert,
		     struct kst_buf b[4])
{
	char when[KST_TIME_TEXT], left[KST_TIME_TEXT];
	const char *state = cmd_state(kst_cert_not_before(cert), kst_cert_not_after(cert),
				      kst_time_now());

	kst_cert_name(cert, &b[0]);
	kst_cert_key_text(cert, false, &b[1]);
	if (!strcmp(state, "EXPIRED")) { /* "EXPIRED 3 days ago": the date is below */
		kst_buf_puts(&b[2], kst_time_left(kst_cert_not_after(cert), kst_time_now(), left));
		state = "";
	} else
		kst_buf_printf(&b[2], "until %s",
			       kst_time_text(kst_cert_not_after(cert), KST_TIME_DATE, when));
	kst_buf_puts(&b[3], state);
	*row = (struct out_tree_row){
		.depth = depth,
		.cell = { str(&b[0]), describe_use_word(cert), describe_key(str(&b[1])), str(&b[2]),
			  strcmp(state, "ok") ? str(&b[3]) : "" },
	};
}

/* `lacks`: what is said of an issuer above the top that is not here; NULL: nothing. */
static void tree(struct out *o, const struct kst_chain *chain, const char *lacks)
{
	size_t nr = chain->nr, at = 0;
	struct out_tree_row *row;
	struct kst_buf *text;

	row = kst_calloc(nr + 1, sizeof(*row));
	text = kst_calloc(nr + 1, 4 * sizeof(*text));
	if (row && text) {
		if (lacks && !kst_cert_is_self_issued(chain->cert[nr - 1])) {
			kst_cert_issuer_name(chain->cert[nr - 1], &text[4 * nr]);
			row[at++] = (struct out_tree_row){
				.mark = "?",
				.cell = { str(&text[4 * nr]), "", "", lacks },
			};
		}
		for (size_t k = nr; k--; at++)
			tree_row(&row[at], (unsigned)at, chain->cert[k], &text[4 * k]);
		out_tree(o, row, at);
	}
	for (size_t k = 0; text && k < 4 * (nr + 1); k++)
		kst_buf_release(&text[k]);
	kst_free(text);
	kst_free(row);
}

void picture_tree(struct out *o, const struct kst_entry *e)
{
	if (e->chain.nr)
		tree(o, &e->chain, e->kind == KST_KIND_KEY ? "not in this file" : NULL);
}

/* "1 api.acme.test, 3 Acme Issuing CA": certificates as they were sent, by their place. */
static void put_place(struct kst_buf *b, const struct kst_chain *sent, size_t k)
{
	kst_buf_printf(b, "%s%zu ", b->len ? ", " : "", k + 1);
	kst_cert_name(sent->cert[k], b);
}

static size_t place_of(const struct kst_chain *sent, const struct kst_cert *cert)
{
	size_t k = 0;

	while (k < sent->nr && !kst_cert_equal(sent->cert[k], cert))
		k++;
	return k;
}

void picture_sent(struct out *o, const struct kst_chain *sent)
{
	struct kst_buf order KST_SCRATCH_BUF = KST_BUF_INIT, rest KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_chain chain = { .nr = 0 };
	bool complete = false, ordered = true;

	if (kst_chain_build(&chain, sent->cert[0], sent->cert, sent->nr, &complete, NULL) < 0)
		return;
	tree(o, &chain, "not sent");
	for (size_t i = 0; i < chain.nr; i++) {
		size_t k = place_of(sent, chain.cert[i]);

		ordered &= k == i;
		put_place(&order, sent, k);
	}
	for (size_t k = 0; k < sent->nr; k++)
		if (place_of(&chain, sent->cert[k]) == chain.nr || place_of(sent, sent->cert[k]) != k)
			put_place(&rest, sent, k);
	if (!ordered || rest.len || chain.nr == 1 || complete)
		out_blank(o);
	if (!ordered)
		out_advice(o, "the certificates are not sent in order, and some clients fail then; the order would be %s",
			   str(&order));
	if (rest.len)
		out_advice(o, "also sent, and no part of the chain: %s", str(&rest));
	if (chain.nr == 1 && !complete)
		out_advice(o, "no issuer is sent; clients that do not have it fail");
	else if (chain.nr > 1 && complete)
		out_sentence(o, "The root is included but servers need not send it.");
	kst_chain_release(&chain);
}

static void pair_hash(struct out *o, const char *label, const uint8_t *hash)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	/* Two lines of sixteen, so that two people can read them to each other. */
	kst_text_hex_colons(&b, hash, 16);
	kst_buf_puts(&b, ": ");
	kst_text_hex_colons(&b, hash + 16, 16);
	if (b.data)
		b.data[16 * 3] = '\0';
	out_pair(o, label, str(&b));
	if (b.data)
		out_pair(o, "", str(&b) + 16 * 3 + 1);
}

static void local_line(struct out *o, int64_t t)
{
	char text[64];
	time_t when = (time_t)t;
	struct tm tm;

	if (localtime_r(&when, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M %Z", &tm))
		out_pair(o, "local", text);
}

static void validity(struct out *o, const struct kst_cert *cert, bool local_time)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	int64_t nb = kst_cert_not_before(cert), na = kst_cert_not_after(cert);
	char from[KST_TIME_TEXT], to[KST_TIME_TEXT], left[KST_TIME_TEXT];

	kst_time_text(nb, KST_TIME_MINUTE, from);
	kst_time_text(na, KST_TIME_MINUTE, to);
	describe_left(nb, na, kst_time_now(), left);
	kst_buf_printf(&b, "%s  to  %s", from, to);
	if (na != KST_TIME_NEVER)
		kst_buf_printf(&b, "   %s", left);
	if (strstr(left, "days left"))
		kst_buf_printf(&b, " of %lld", (long long)kst_time_days(na, nb));
	out_pair(o, "valid", str(&b));
	if (local_time)
		local_line(o, na);
}

/* "EC P-256", "RSA-4096" */
static void key_words(const struct kst_buf *key, struct kst_buf *out)
{
	const char *word = describe_key(str(key));

	kst_buf_printf(out, "%s%s", word == str(key) ? "" : "EC ", word);
}

static void request_details(struct out *o, const struct kst_entry *e)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, key KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_csr csr;

	if (kst_csr_parse(&csr, e->der.data, e->der.len, NULL) < 0)
		return;
	describe_request_sans(&csr, &b);
	out_pair(o, "names", b.len ? str(&b) : "none");
	kst_buf_reset(&b);
	kst_csr_subject(&csr, &b);
	out_pair(o, "subject", str(&b));
	kst_buf_reset(&b);
	kst_csr_key_text(&csr, &key);
	key_words(&key, &b);
	kst_buf_puts(&b, "   signed with ");
	kst_csr_sig_text(&csr, &b);
	out_pair(o, "key", str(&b));
}

/* A subject says more than the names where it is more than the CN that stands among them. */
static void subject(struct out *o, const struct kst_cert *cert, const char *names)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t n = strcspn(names, ",");

	kst_cert_subject(cert, &b);
	if (!n || strncmp(str(&b), "CN=", 3) != 0 || strlen(str(&b)) != n + 3 ||
	    strncmp(str(&b) + 3, names, n) != 0)
		out_pair(o, "subject", str(&b));
}

static void sealing(struct out *o, const struct kst_entry *e)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!e->key || !kst_key_is_sealed(e->key) || (!e->key->sealed.len && !e->key->dek_info))
		return;
	kst_key_protection(e->key, &b);
	out_pair(o, "sealed", str(&b));
}

void picture_details(struct out *o, const struct kst_entry *e, bool local_time)
{
	const struct kst_cert *cert = kst_entry_leaf(e);
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT, key KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes serial;

	if (e->kind == KST_KIND_CSR)
		request_details(o, e);
	if (!cert) {
		sealing(o, e);
		return;
	}
	out_blank(o);
	kst_entry_trust_text(e, &b);
	if (b.len)
		out_pair(o, "trusted for", str(&b));
	kst_buf_reset(&b);
	describe_sans(cert, &b);
	if (b.len)
		out_pair(o, "names", str(&b));
	subject(o, cert, str(&b));
	kst_buf_reset(&b);
	validity(o, cert, local_time);
	kst_cert_issuer(cert, &b);
	out_pair(o, "issuer", str(&b));
	kst_buf_reset(&b);
	describe_use(cert, &b);
	if (!kst_cert_is_ca(cert))
		kst_buf_puts(&b, "   not a CA");
	out_pair(o, "use", str(&b));
	kst_buf_reset(&b);
	kst_cert_key_text(cert, false, &key);
	key_words(&key, &b);
	kst_buf_puts(&b, "   signed with ");
	kst_cert_sig_text(cert, &b);
	out_pair(o, "key", str(&b));
	kst_buf_reset(&b);
	sealing(o, e);
	pair_hash(o, "sha256", kst_cert_sha256(cert));
	serial = kst_cert_serial(cert);
	kst_text_hex(&b, serial.data, serial.len);
	out_pair(o, "serial", str(&b));
	if (e->note)
		out_pair(o, "note", e->note);
	if (e->kind == KST_KIND_KEY && e->chain.nr > 1 &&
	    kst_cert_is_self_issued(e->chain.cert[e->chain.nr - 1])) {
		out_blank(o);
		out_sentence(o, "The root is included but servers need not send it.");
	} else if (e->kind == KST_KIND_KEY &&
		   !kst_cert_is_self_issued(e->chain.cert[e->chain.nr - 1]) && e->chain.nr == 1) {
		out_blank(o);
		out_sentence(o, "The issuer's certificate is not in this file; clients may need it.");
	}
}

void picture_short(struct out *o, const struct kst_entry *e, bool local_time)
{
	const struct kst_cert *cert = kst_entry_leaf(e);
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char left[KST_TIME_TEXT];

	if (!cert)
		return;
	out_pair_state(o, "state", cmd_state(kst_cert_not_before(cert), kst_cert_not_after(cert),
				       kst_time_now()));
	describe_sans(cert, &b);
	if (!b.len)
		kst_cert_name(cert, &b);
	out_pair(o, "names", str(&b));
	kst_buf_reset(&b);
	kst_cert_issuer(cert, &b);
	out_pair(o, "issuer", str(&b));
	kst_buf_reset(&b);
	kst_buf_puts(&b, kst_time_text(kst_cert_not_after(cert), KST_TIME_MINUTE, left));
	kst_buf_printf(&b, "   %s", describe_left(kst_cert_not_before(cert), kst_cert_not_after(cert),
						 kst_time_now(), left));
	out_pair(o, "until", str(&b));
	if (local_time)
		local_line(o, kst_cert_not_after(cert));
}

void picture_store(struct out *o, struct kst_store *s)
{
	const struct kst_info *in = kst_store_info(s);
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char when[KST_TIME_TEXT];

	if (in->signer[0]) {
		kst_buf_printf(&b, "%s (%s%s%s)", in->signer, in->pinned ? "pinned as \"" : "not pinned",
			       in->pinned ? in->signer_name : "", in->pinned ? "\"" : "");
		out_pair(o, "signed by", str(&b));
		kst_buf_reset(&b);
		kst_buf_printf(&b, "%llu, %s", (unsigned long long)in->generation,
			       kst_time_text(in->modified, KST_TIME_MINUTE, when));
		out_pair(o, "version", str(&b));
	} else if (in->kdf[0] || in->mac[0]) {
		kst_buf_printf(&b, "%s%s%s", in->kdf, in->kdf[0] && in->mac[0] ? "; MAC " : "", in->mac);
		if (in->iterations)
			kst_buf_printf(&b, "; %llu iterations", (unsigned long long)in->iterations);
		out_pair(o, "protected", str(&b));
	}
}

void picture_lines(struct out *o, const struct kst_buf *text)
{
	const char *p = str(text), *end = p + text->len;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = nl ? (size_t)(nl - p) : (size_t)(end - p);
		char *line = kst_strndup(p, n);

		out_line(o, "%s", line ? line : "");
		kst_free(line);
		p += n + 1;
	}
}

void picture_pem(const struct kst_cert *cert, struct kst_buf *out)
{
	struct kst_bytes der = kst_cert_der(cert);

	kst_pem_block(out, "CERTIFICATE", der.data, der.len);
}
