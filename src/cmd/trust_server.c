/* SPDX-License-Identifier: ISC */
/*
 * trust_server.c - a server says who it is, and nobody vouches for it
 *
 * Whoever sits on the way can answer in its place.  So what is trusted is the
 * certificate whose fingerprint the user has from elsewhere, and no other.
 */
#include "cmd/trust.h"

#include <string.h>

static void name_and_hash(const struct kst_cert *cert, struct kst_buf *name, struct kst_buf *hash)
{
	kst_cert_name(cert, name);
	kst_buf_puts(hash, "sha256:");
	kst_text_hex(hash, kst_cert_sha256(cert), 32);
}

/* What it sent, to be compared; and the command for each. */
static int show_seen(struct cli *cli, const struct trust_opts *opt, const struct kst_live *l)
{
	for (size_t k = 0; k < l->sent.nr; k++) {
		struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT, hash KST_SCRATCH_BUF = KST_BUF_INIT;
		const struct kst_cert *cert = l->sent.cert[k];
		bool ca = kst_cert_is_ca(cert);

		name_and_hash(cert, &name, &hash);
		if (!name.data || !hash.data)
			return kst_error_nomem(cli->err);
		kst_error_detail(cli->err, "%s %s  \"%s\"%s", k ? "    " : "sent", (char *)hash.data, (char *)name.data,
				 ca ? ", a CA" : "");
	}
	for (size_t k = l->sent.nr; k-- > 0;) {
		struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT, hash KST_SCRATCH_BUF = KST_BUF_INIT;
		const struct kst_cert *cert = l->sent.cert[k];
		size_t same = 0;

		while (!kst_cert_equal(l->sent.cert[same], cert))
			same++;
		if (same < k) /* sent twice */
			continue;
		bool pin = !kst_cert_is_ca(cert) && !opt->leaf;
		char *what;

		name_and_hash(cert, &name, &hash);
		what = kst_asprintf(pin ? "to pin \"%s\", if that is its fingerprint" :
					  "to trust \"%s\", if that is its fingerprint",
				    name.data ? (char *)name.data : "");
		if (!what || !hash.data) {
			kst_free(what);
			return kst_error_nomem(cli->err);
		}
		cmd_again(cli, what, NULL,
			  (const char *const[]){ "--fingerprint", (char *)hash.data, pin ? "--leaf" : NULL, NULL });
		kst_free(what);
	}
	return -1;
}

int trust_check_servers(struct cli *cli, const struct trust_opts *opt, struct kst_store *const *src, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const struct kst_live *l = kst_store_server(src[i]);

		if (!l || opt->fingerprint)
			continue;
		kst_error_setx(cli->err, KST_E_FINGERPRINT,
			       "is a server: say which of its certificates is meant, as its owner told you");
		kst_error_subject(cli->err, "%s", kst_store_path(src[i]));
		return show_seen(cli, opt, l);
	}
	return 0;
}

int trust_other_fingerprint(struct cli *cli, struct kst_store *src)
{
	const struct kst_live *l = kst_store_server(src);

	kst_error_setx(cli->err, KST_E_FINGERPRINT, "no certificate has the fingerprint that was given");
	kst_error_subject(cli->err, "%s", kst_store_path(src));
	for (size_t k = 0; l && k < l->sent.nr; k++) {
		struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT, hash KST_SCRATCH_BUF = KST_BUF_INIT;

		name_and_hash(l->sent.cert[k], &name, &hash);
		kst_error_detail(cli->err, "sent %s  \"%s\"", hash.data ? (char *)hash.data : "",
				 name.data ? (char *)name.data : "");
	}
	return -1;
}
