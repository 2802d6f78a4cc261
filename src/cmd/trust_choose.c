/* SPDX-License-Identifier: ISC */
/*
 * trust_choose.c - which certificates of the sources may be trusted
 *
 * Of a bundle, what is no CA or out of date is left out by name and the rest is
 * taken; a single certificate of that sort is refused.
 */
#include "cmd/trust.h"

#include <string.h>

/* What the settings of its file say about it; sets the error, or returns false. */
static bool unwanted(const struct trust_opts *opt, const struct kst_entry *e, struct kst_error *err)
{
	const char *purpose = opt->purpose;
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf what KST_SCRATCH_BUF = KST_BUF_INIT;
	unsigned want = purpose ? kst_purpose_by_name(purpose) : 0;
	bool settings = e->purposes.len || e->distrusted.len || e->no_anchor;

	if (e->kind != KST_KIND_CERT || !settings ||
	    (e->trusted && (!want || kst_entry_trusted_for(e, want))))
		return false;
	kst_cert_name(e->chain.cert[0], &b);
	kst_entry_trust_text(e, &what);
	kst_error_setx(err, KST_E_NOT_TRUSTED, "\"%s\" is not trusted%s%s: its file trusts it for %s",
		       b.data ? (char *)b.data : "", want ? " for " : "", want ? purpose : "",
		       what.data ? (char *)what.data : "nothing");
	return true;
}

/* Why a certificate is not to be trusted; sets the error, or returns false. */
static bool unfit(const struct trust_opts *opt, const struct kst_entry *e, const struct kst_cert *cert,
		  const char *source, struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char text[KST_TIME_TEXT];

	kst_cert_name(cert, &b);
	if (!opt->leaf && !kst_cert_is_ca(cert)) {
		kst_error_setx(err, KST_E_NOT_A_CA, "\"%s\" is not the certificate of a CA",
			       b.data ? (char *)b.data : "");
		kst_error_hint(err, "use --leaf to pin this very certificate");
	} else if (!opt->expired && kst_cert_not_after(cert) < kst_time_now()) {
		kst_time_text(kst_cert_not_after(cert), KST_TIME_DATE, text);
		kst_error_setx(err, KST_E_EXPIRED, "\"%s\" expired on %s",
			       b.data ? (char *)b.data : "", text);
		kst_error_hint(err, "use --expired to trust it all the same");
	} else if (!unwanted(opt, e, err)) {
		return false;
	}
	kst_error_subject(err, "%s", source);
	return true;
}

/* "sha256:AB:CD..." or bare hex against a certificate. */
static bool fingerprint_is(const char *want, const struct kst_cert *cert)
{
	struct kst_buf hex KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t at = 0;

	if (!strncasecmp(want, "sha256:", 7))
		want += 7;
	kst_text_hex(&hex, kst_cert_sha256(cert), 32);
	for (; *want; want++) {
		if (*want == ':' || *want == ' ')
			continue;
		if (at >= hex.len || (*want | 0x20) != (hex.data[at] | 0x20))
			return false;
		at++;
	}
	return at == hex.len;
}

static size_t count_certs(struct kst_store *s)
{
	size_t nr = 0;
	struct kst_head h;

	for (size_t i = 0; i < kst_store_count(s); i++)
		if (!kst_store_head(s, i, &h, NULL))
			nr += h.nr_certs;
	return nr;
}

static struct trust_pick *push(struct trust_picks *p)
{
	if (p->nr == p->size) {
		size_t size = p->size ? p->size * 2 : 32;
		struct trust_pick *grown = kst_realloc(p->row, size * sizeof(*grown));

		if (!grown)
			return NULL;
		p->row = grown;
		p->size = size;
	}
	return &p->row[p->nr++];
}

struct choice {
	struct cli *cli;
	const struct trust_opts *opt;
	struct trust_picks *picks;
	struct kst_error first; /* why the first one was left out */
	size_t offered;
};

/* Every certificate of one source: of a key's chain only the CAs are of interest. */
static int look_at(struct choice *c, struct kst_store *src)
{
	const char *path = kst_store_path(src);

	for (size_t i = 0; i < kst_store_count(src); i++) {
		struct kst_entry *e;

		if (kst_store_entry(src, i, &e, c->cli->err) < 0)
			return -1;
		for (size_t k = 0; k < e->chain.nr; k++) {
			struct kst_error why = KST_ERROR_INIT;
			struct kst_cert *cert = e->chain.cert[k];
			struct trust_pick *p;

			c->offered++;
			if (c->opt->fingerprint && !fingerprint_is(c->opt->fingerprint, cert)) {
				if (!c->picks->single)
					continue;
				kst_error_setx(c->cli->err, KST_E_FINGERPRINT,
					       "the certificate has another fingerprint");
				kst_error_subject(c->cli->err, "%s", path);
				return kst_error_command(c->cli->err, "kstool", "show", path, NULL);
			}
			if (!(p = push(c->picks)))
				return kst_error_nomem(c->cli->err);
			*p = (struct trust_pick){ .from = e, .cert = cert, .source = path };
			if (!unfit(c->opt, e, cert, path, &why)) {
				c->picks->usable++;
				continue;
			}
			p->why = why.code;
			if (c->first.code == KST_OK)
				c->first = why;
		}
	}
	return 0;
}

int trust_choose(struct trust_picks *p, struct cli *cli, const struct trust_opts *opt,
		 struct kst_store *const *src, size_t nr)
{
	struct choice c = { .cli = cli, .opt = opt, .picks = p, .first = KST_ERROR_INIT };
	size_t certs = 0;

	for (size_t i = 0; i < nr; i++)
		certs += count_certs(src[i]);
	p->single = certs == 1;
	if (trust_check_servers(cli, opt, src, nr) < 0)
		return -1;
	if (opt->alias && !p->single && !opt->fingerprint) {
		kst_error_setx(cli->err, KST_E_USAGE,
			       "names one certificate, and the sources hold %zu", certs);
		return kst_error_subject(cli->err, "--alias");
	}
	for (size_t i = 0; i < nr; i++)
		if (look_at(&c, src[i]) < 0)
			return -1;
	if (p->usable)
		return 0;
	if (c.first.code != KST_OK) {
		*cli->err = c.first;
		return -1;
	}
	if (c.offered)
		return trust_other_fingerprint(cli, src[0]);
	kst_error_setx(cli->err, KST_E_NOTHING_FOUND, "holds no certificate");
	return kst_error_subject(cli->err, "%s", kst_store_path(src[0]));
}

void trust_picks_release(struct trust_picks *p)
{
	kst_free(p->row);
	*p = (struct trust_picks){ .row = NULL };
}
