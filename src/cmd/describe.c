/* SPDX-License-Identifier: ISC */
/*
 * describe.c - certificates and stores as JSON members (cli.md names are frozen
 * with the schema) and as the words that people read
 */
#include "cmd/describe.h"
#include "cmd/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int each_san_json(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	static const char *const word[] = { "dns", "uri", "email", "ip", "other" };
	struct out *o = ctx;

	out_object(o, NULL);
	out_str(o, "type", word[type]);
	out_strn(o, "value", value, len);
	out_end(o);
	return 0;
}

static int each_rdn_json(void *ctx, const char *type, const char *value)
{
	struct out *o = ctx;

	out_array(o, NULL);
	out_str(o, NULL, type);
	out_str(o, NULL, value);
	out_end(o);
	return 0;
}

/* Members made of space-separated words. */
static void words_json(struct out *o, const char *key, const char *words)
{
	out_array(o, key);
	while (words && *words) {
		size_t n = strcspn(words, " ");

		if (n)
			out_strn(o, NULL, words, n);
		words += n;
		words += strspn(words, " ");
	}
	out_end(o);
}

static void buf_json(struct out *o, const char *key, struct kst_buf *b)
{
	out_strn(o, key, b->data ? (const char *)b->data : "", b->len);
	kst_buf_reset(b);
}

void describe_cert(struct out *o, const struct kst_cert *cert, const char *role)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes serial = kst_cert_serial(cert);
	int64_t now = kst_time_now();
	int64_t nb = kst_cert_not_before(cert), na = kst_cert_not_after(cert);
	uint8_t spki[32];

	out_object(o, NULL);
	out_str(o, "role", role);
	out_hex(o, "sha256", kst_cert_sha256(cert), 32);
	kst_cert_subject(cert, &b);
	buf_json(o, "subject", &b);
	out_array(o, "subject_rdns");
	kst_cert_each_rdn(cert, false, each_rdn_json, o);
	out_end(o);
	kst_cert_issuer(cert, &b);
	buf_json(o, "issuer", &b);
	out_hex(o, "serial", serial.data, serial.len);
	out_array(o, "sans");
	kst_cert_each_san(cert, each_san_json, o);
	out_end(o);
	out_time(o, "not_before", nb);
	out_time(o, "not_after", na);
	out_int(o, "not_after_unix", na);
	out_int(o, "days_left", kst_time_days(na, now));
	out_int(o, "lifetime_days", kst_time_days(na, nb));
	out_bool(o, "is_ca", kst_cert_is_ca(cert));
	kst_cert_key_text(cert, false, &b);
	buf_json(o, "key", &b);
	kst_cert_key_usage(cert, &b);
	words_json(o, "key_usage", (const char *)b.data);
	kst_buf_reset(&b);
	kst_cert_ext_key_usage(cert, &b);
	words_json(o, "ext_key_usage", (const char *)b.data);
	kst_buf_reset(&b);
	kst_cert_sig_alg(cert, &b);
	buf_json(o, "sig_alg", &b);
	kst_cert_spki_sha256(cert, spki);
	out_hex(o, "spki_sha256", spki, sizeof(spki));
	out_end(o);
}

void describe_request(struct out *o, const struct kst_csr *csr)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_csr_subject(csr, &b);
	buf_json(o, "subject", &b);
	out_array(o, "sans");
	kst_csr_each_san(csr, each_san_json, o);
	out_end(o);
	kst_csr_key_text(csr, &b);
	buf_json(o, "key", &b);
	kst_csr_sig_text(csr, &b);
	buf_json(o, "sig_alg", &b);
}

/* "EC-P256" as the members of "key". */
static void key_json(struct out *o, const char *text, bool encrypted)
{
	const char *dash = text ? strchr(text, '-') : NULL;

	out_object(o, "key");
	if (!text || !strcmp(text, "?")) {
		out_null(o, "alg");
		out_null(o, "bits");
		out_null(o, "curve");
	} else if (!strncmp(text, "EC-", 3)) {
		char curve[80];

		snprintf(curve, sizeof(curve), "%s%s", text[3] == 'P' ? "P-" : "",
			 text[3] == 'P' ? text + 4 : text + 3);
		out_str(o, "alg", "EC");
		out_int(o, "bits", text[3] == 'P' ? strtol(text + 4, NULL, 10) : 0);
		out_str(o, "curve", curve);
	} else if (dash && strspn(dash + 1, "0123456789") == strlen(dash + 1) &&
		   (!strncmp(text, "RSA", 3) || !strncmp(text, "DSA", 3))) {
		out_strn(o, "alg", text, (size_t)(dash - text));
		out_int(o, "bits", strtol(dash + 1, NULL, 10));
		out_null(o, "curve");
	} else {
		out_str(o, "alg", text);
		out_null(o, "bits");
		out_null(o, "curve");
	}
	out_bool(o, "encrypted", encrypted);
	out_end(o);
}

const char *describe_state_slug(const char *state)
{
	static const char *const word[][2] = { { "ok", "ok" },
					       { "WARN", "warn" },
					       { "CRIT", "crit" },
					       { "EXPIRED", "expired" } };

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (!strcmp(state, word[i][0]))
			return word[i][1];
	return "not-yet-valid";
}

static const char *state_json(const struct kst_head *h)
{
	return h->has_dates ? describe_state_slug(cmd_state(h->not_before, h->not_after, kst_time_now())) : NULL;
}

const char *describe_role(const struct kst_entry *e, size_t k)
{
	if (!e->chain.nr)
		return "";
	return e->kind == KST_KIND_CERT && e->trusted ? "trusted" : k ? "issuer" : "leaf";
}

bool describe_encrypted(const struct kst_format *f, const struct kst_entry *e)
{
	return e->key && ((f->caps & KST_CAP_NATIVE) || e->key->sealed.len || e->key->dek_info);
}

int describe_entry(struct cli *cli, struct kst_store *s, size_t i)
{
	struct out *o = cli->out;
	struct kst_entry *e;
	struct kst_head h;
	struct kst_buf trust KST_SCRATCH_BUF = KST_BUF_INIT;

	/* Both before the first member: an entry that cannot be read leaves none behind. */
	if (kst_store_entry(s, i, &e, cli->err) < 0 || kst_store_head(s, i, &h, cli->err) < 0)
		return -1;
	out_object(o, NULL);
	out_int(o, "index", (int64_t)i + 1);
	out_str(o, "alias", h.alias);
	out_str(o, "type", cmd_type_word(&h));
	out_str(o, "state", state_json(&h));
	out_time(o, "created", h.created);
	if (h.kind == KST_KIND_KEY || h.kind == KST_KIND_CERT)
		key_json(o, h.key && *h.key ? h.key : NULL,
			 describe_encrypted(kst_store_format(s), e));
	else
		out_null(o, "key");
	kst_entry_trust_text(e, &trust);
	out_str(o, "trusted_for", trust.len ? (char *)trust.data : NULL);
	out_array(o, "certs");
	for (size_t k = 0; k < e->chain.nr; k++)
		describe_cert(o, e->chain.cert[k], describe_role(e, k));
	out_end(o);
	out_end(o);
	return 0;
}

static void lines_json(struct out *o, const char *key, const char *text)
{
	out_array(o, key);
	while (*text) {
		size_t n = strcspn(text, "\n");

		out_strn(o, NULL, text, n);
		text += n + (text[n] == '\n');
	}
	out_end(o);
}

void describe_error(struct out *o, const struct kst_error *err)
{
	if (!err) {
		out_null(o, "error");
		return;
	}
	out_object(o, "error");
	out_str(o, "code", kst_code_slug(err->code));
	out_str(o, "subject", err->subject[0] ? err->subject : NULL);
	out_str(o, "message", err->message);
	lines_json(o, "details", err->detail);
	lines_json(o, "hints", err->hint);
	out_end(o);
}

void describe_failed(struct cli *cli, const char *path)
{
	static const char *const unknown[] = { "integrity", "passphrase", "mac", "kdf_iterations", "signer",
					       "pinned", "sealed", "generation", "store_id" };
	struct out *o = cli->out;

	out_object(o, NULL);
	out_str(o, "path", path);
	out_null(o, "type");
	out_array(o, "roles");
	out_end(o);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		out_null(o, unknown[i]);
	live_json(o, NULL);
	describe_error(o, cli->err);
	out_array(o, "entries");
	out_end(o);
	out_end(o);
}

void describe_store(struct cli *cli, struct kst_store *s)
{
	static const char *const integrity[] = { "none", "not-checked", "verified", "absent" };
	static const char *const pass[] = { "none", "given", "empty", "changeit" };
	const struct kst_info *in = kst_store_info(s);
	struct out *o = cli->out;
	bool key = false, trust = false;
	struct kst_head h;

	for (size_t i = 0; i < kst_store_count(s) && !(key && trust); i++) {
		if (kst_store_head(s, i, &h, NULL) < 0)
			break;
		key |= h.kind == KST_KIND_KEY || h.kind == KST_KIND_SECRET;
		trust |= h.kind == KST_KIND_CERT && h.trusted;
	}
	if (in->store_kind) {
		key = in->store_kind == 'K';
		trust |= in->store_kind == 'T';
	}
	out_str(o, "path", kst_store_path(s));
	out_null(o, "error");
	out_str(o, "type", kst_store_format(s)->name);
	out_array(o, "roles");
	if (key)
		out_str(o, NULL, "keystore");
	if (trust)
		out_str(o, NULL, "truststore");
	out_end(o);
	out_str(o, "integrity", integrity[in->integrity]);
	out_str(o, "passphrase", pass[in->passphrase]);
	out_str(o, "mac", in->mac[0] ? in->mac : NULL);
	if (in->iterations)
		out_int(o, "kdf_iterations", (int64_t)in->iterations);
	else
		out_null(o, "kdf_iterations");
	out_str(o, "signer", in->signer[0] ? in->signer : NULL);
	if (in->signer[0]) {
		out_bool(o, "pinned", in->pinned);
		out_bool(o, "sealed", in->sealed);
		out_int(o, "generation", (int64_t)in->generation);
		out_hex(o, "store_id", in->store_id, sizeof(in->store_id));
	} else { /* only native stores have them; what is absent is null, never missing */
		static const char *const native[] = { "pinned", "sealed", "generation", "store_id" };

		for (size_t i = 0; i < sizeof(native) / sizeof(*native); i++)
			out_null(o, native[i]);
	}
	live_json(o, kst_store_server(s));
}

void describe_store_line(struct kst_store *s, struct kst_buf *out)
{
	const struct kst_info *in = kst_store_info(s);
	size_t nr = kst_store_count(s);

	if (kst_store_server(s)) {
		live_line(kst_store_server(s), out);
		return;
	}
	if (in->store_kind)
		kst_buf_printf(out, "%s%s", in->sealed ? "sealed " : "",
			       in->store_kind == 'T' ? "truststore" : "keystore");
	else
		kst_buf_puts(out, kst_store_format(s)->title);
	kst_buf_printf(out, ", %zu %s", nr, nr == 1 ? "entry" : "entries");
	switch (in->integrity) {
	case KST_INTEGRITY_NONE:
		break;
	case KST_INTEGRITY_NOT_CHECKED:
		kst_buf_puts(out, ", integrity not checked");
		break;
	case KST_INTEGRITY_VERIFIED:
		kst_buf_puts(out, in->store_kind ? ", signature ok" : ", integrity ok");
		break;
	case KST_INTEGRITY_ABSENT:
		kst_buf_puts(out, ", no integrity protection");
		break;
	}
}

void describe_type(const struct kst_head *h, struct kst_buf *out)
{
	switch (h->kind) {
	case KST_KIND_KEY:
		if (h->nr_certs > 1)
			kst_buf_printf(out, "key +%u", h->nr_certs - 1);
		else
			kst_buf_puts(out, "key");
		break;
	case KST_KIND_CERT:
		kst_buf_puts(out, h->trusted ? "CA" : "cert");
		if (h->nr_certs > 1) /* of a server */
			kst_buf_printf(out, " +%u", h->nr_certs - 1);
		break;
	case KST_KIND_SECRET:
		kst_buf_puts(out, "secret");
		break;
	case KST_KIND_CSR:
		kst_buf_puts(out, "request");
		break;
	case KST_KIND_CRL:
		kst_buf_puts(out, "CRL");
		break;
	case KST_KIND_OPAQUE:
		kst_buf_puts(out, h->label ? h->label : "unknown");
		break;
	}
}

const char *describe_key(const char *text)
{
	static const char *const curve[][2] = { { "EC-P256", "P-256" },
						{ "EC-P384", "P-384" },
						{ "EC-P521", "P-521" } };

	for (size_t i = 0; text && i < sizeof(curve) / sizeof(*curve); i++)
		if (!strcmp(text, curve[i][0]))
			return curve[i][1];
	return text;
}

const char *describe_expires(const struct kst_head *h, int64_t now, char out[KST_TIME_TEXT])
{
	static const char expired[] = "EXPIRED ";

	if (!h->has_dates)
		return "";
	if (h->not_before > now)
		return kst_time_text(h->not_after, KST_TIME_DATE, out);
	kst_time_left(h->not_after, now, out);
	if (!strncmp(out, expired, sizeof(expired) - 1))
		memmove(out, out + sizeof(expired) - 1, strlen(out) - sizeof(expired) + 2);
	return out;
}

void describe_type_words(const struct kst_head *h, struct kst_buf *out)
{
	switch (h->kind) {
	case KST_KIND_KEY:
		kst_buf_puts(out, "private key");
		if (h->nr_certs > 1)
			kst_buf_printf(out, ", %u chain cert%s", h->nr_certs - 1,
				       h->nr_certs == 2 ? "" : "s");
		break;
	case KST_KIND_CERT:
		kst_buf_puts(out, h->trusted ? "trusted CA" : "certificate");
		if (h->nr_certs > 1)
			kst_buf_printf(out, " and %u more, as sent", h->nr_certs - 1);
		break;
	case KST_KIND_SECRET:
	case KST_KIND_CSR:
	case KST_KIND_CRL:
	case KST_KIND_OPAQUE:
		describe_type(h, out);
		break;
	}
}

const char *describe_left(int64_t not_before, int64_t not_after, int64_t now,
			  char out[KST_TIME_TEXT])
{
	if (not_before > now)
		return kst_time_starts(not_before, now, out);
	return kst_time_left(not_after, now, out);
}

void describe_state_words(const struct kst_head *h, int64_t now, struct kst_buf *out)
{
	const char *state;
	char left[KST_TIME_TEXT];
	size_t n;

	if (!h->has_dates)
		return;
	state = cmd_state(h->not_before, h->not_after, now);
	n = strlen(state);
	describe_left(h->not_before, h->not_after, now, left);
	/* The state stands in "EXPIRED 3 days ago" already. */
	kst_buf_printf(out, "%s, %s", state,
		       strncmp(left, state, n) != 0 ? left : left + n + (left[n] == ' '));
}

void describe_clock_count(struct clock *c, int64_t not_before)
{
	c->dated++;
	c->early += not_before > kst_time_now();
}

void describe_clock(struct out *o, const struct clock *c)
{
	char now[KST_TIME_TEXT];

	if (c->early * 2 <= c->dated)
		return;
	out_flush(o); /* it is about what was said */
	out_note(o, "%s not yet valid; is the clock right? now = %s",
		 c->dated == 1	      ? "the certificate is" :
		 c->early == c->dated ? "the certificates are" :
					"most certificates are",
		 kst_time_text(kst_time_now(), KST_TIME_MINUTE, now));
}

static int each_san_text(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	struct kst_buf *b = ctx;

	if (type == KST_SAN_OTHER)
		return 0;
	if (b->len)
		kst_buf_puts(b, ", ");
	kst_buf_put(b, value, len);
	return 0;
}

void describe_sans(const struct kst_cert *cert, struct kst_buf *out)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_cert_each_san(cert, each_san_text, &b);
	if (b.len)
		kst_buf_put(out, b.data, b.len);
}

static int each_idn(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	struct kst_buf *b = ctx, name KST_SCRATCH_BUF = KST_BUF_INIT;

	if (type == KST_SAN_DNS && kst_text_idn(&name, value, len) && name.len) {
		kst_buf_puts(b, b->len ? ", " : "");
		kst_buf_put(b, name.data, name.len);
	}
	return 0;
}

void describe_idn(const struct kst_cert *cert, struct kst_buf *out)
{
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;

	if (kst_cert_san_count(cert)) {
		kst_cert_each_san(cert, each_idn, out);
		return;
	}
	kst_cert_name(cert, &name);
	if (name.len)
		each_idn(out, KST_SAN_DNS, (const char *)name.data, name.len);
}

void describe_request_sans(const struct kst_csr *csr, struct kst_buf *out)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_csr_each_san(csr, each_san_text, &b);
	if (b.len)
		kst_buf_put(out, b.data, b.len);
}

/* Extended key usages that have a word of their own. */
static unsigned uses(const struct kst_cert *cert)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	unsigned u = 0;

	kst_cert_ext_key_usage(cert, &b);
	if (b.len && strstr((char *)b.data, "serverAuth"))
		u |= 1;
	if (b.len && strstr((char *)b.data, "clientAuth"))
		u |= 2;
	return u;
}

const char *describe_use_word(const struct kst_cert *cert)
{
	static const char *const word[] = { "", "server", "client", "both" };

	return kst_cert_is_ca(cert) ? "CA" : word[uses(cert)];
}

void describe_use(const struct kst_cert *cert, struct kst_buf *out)
{
	static const char *const word[] = { "not limited", "TLS server", "TLS client",
					    "TLS server and client" };
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_cert_ext_key_usage(cert, &b);
	if (kst_cert_is_ca(cert))
		kst_buf_puts(out, "CA");
	else if (uses(cert))
		kst_buf_puts(out, word[uses(cert)]);
	else if (b.len)
		kst_buf_put(out, b.data, b.len);
	else
		kst_buf_puts(out, word[0]);
}

void describe_slot(const struct kst_slot_info *in, struct kst_buf *out)
{
	static const char *const word[] = { "empty", "passphrase", "key file", "X25519 recipient" };

	if (in->label[0])
		kst_buf_printf(out, "\"%s\", ", in->label);
	kst_buf_puts(out, in->type < sizeof(word) / sizeof(word[0]) ? word[in->type] : "unknown to this version");
	if (in->role)
		kst_buf_printf(out, ", %s", in->role == KST_ROLE_ADMIN ? "admin" : "reader");
}
