/* SPDX-License-Identifier: ISC */
/* ca.c - what the verbs of `ca` share */
#include "cmd/ca.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/describe.h"

const char *ca_dir(const struct ca_opts *opt)
{
	const char *env = getenv("KSTOOL_CA");

	return opt->dir ? opt->dir : env && *env ? env : "pki";
}

int ca_open(struct cli *cli, const struct ca_opts *opt, bool waiting, struct kst_open_options *open,
	    struct kst_ca **out)
{
	*open = cmd_open_options(cli, false);
	return kst_ca_open(out, ca_dir(opt), open, waiting, cli->err);
}

int ca_complete(struct cli *cli, struct kst_ca *ca)
{
	size_t nr = 0;

	if (kst_ca_complete(ca, &nr, cli->err) < 0)
		return -1;
	if (nr)
		out_note(cli->out, "%s: %zu certificate(s) of a command that was stopped are signed now",
			 kst_ca_dir(ca), nr);
	return 0;
}

int ca_open_to_sign(struct cli *cli, const struct ca_opts *opt, struct kst_open_options *open,
		    struct kst_ca **out)
{
	if (ca_open(cli, opt, false, open, out) < 0)
		return -1;
	if (cli->g.dry_run || cli->g.check || ca_complete(cli, *out) == 0)
		return 0;
	kst_ca_free(*out);
	*out = NULL;
	return -1;
}

int ca_profile(struct cli *cli, bool server, bool client, bool both, enum kst_profile *out)
{
	int said = server + client + both;

	if (said != 1) {
		kst_error_setx(cli->err, KST_E_USAGE,
			       said ? "--server, --client and --both exclude each other" :
							"what the certificate is for is not said");
		return kst_error_hint(cli->err, "add --server, --client or --both");
	}
	*out = server ? KST_PROFILE_SERVER : client ? KST_PROFILE_CLIENT : KST_PROFILE_BOTH;
	return 0;
}

int ca_days(struct cli *cli, const char *option, const struct opt_int *given, long if_not, long *out)
{
	*out = given->given ? given->value : if_not;
	if (*out >= 1 && *out <= CA_DAYS_MAX)
		return 0;
	kst_error_setx(cli->err, KST_E_BAD_VALUE, "%ld is not between 1 and %d", *out, CA_DAYS_MAX);
	return kst_error_subject(cli->err, "%s", option);
}

/* ---- SANs ---- */

int ca_sans_add(struct ca_sans *s, const char *text, struct kst_error *err)
{
	struct kst_issue_san *san = kst_realloc(s->san, (s->nr + 1) * sizeof(*san));
	char **texts;

	if (!san)
		return kst_error_nomem(err);
	s->san = san;
	texts = kst_realloc(s->text, (s->nr + 1) * sizeof(*texts));
	if (!texts)
		return kst_error_nomem(err);
	s->text = texts;
	texts[s->nr] = kst_strdup(text);
	if (!texts[s->nr])
		return kst_error_nomem(err);
	if (kst_issue_san_parse(&san[s->nr], texts[s->nr], err) < 0) {
		kst_free(texts[s->nr]);
		return -1;
	}
	s->nr++;
	return 0;
}

int ca_sans_add_list(struct ca_sans *s, const char *list, const char *between, struct kst_error *err)
{
	while (list && *list) {
		size_t n = strcspn(list, between);
		char *one = kst_strndup(list, n);
		int ret = one ? (n ? ca_sans_add(s, one, err) : 0) : kst_error_nomem(err);

		kst_free(one);
		if (ret < 0)
			return -1;
		list += n;
		list += strspn(list, between);
	}
	return 0;
}

void ca_sans_release(struct ca_sans *s)
{
	for (size_t i = 0; i < s->nr; i++)
		kst_free(s->text[i]);
	kst_free(s->text);
	kst_free(s->san);
	*s = (struct ca_sans){ .nr = 0 };
}

/* ---- words ---- */

static int add_san(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	static const char *const word[] = { "dns", "uri", "email", "ip", "other" };
	struct kst_buf *b = ctx;

	kst_buf_printf(b, "%s%s:", b->len ? ", " : "", word[type]);
	kst_buf_put(b, value, len);
	return 0;
}

void ca_sans_text(const struct kst_cert *cert, struct kst_buf *out)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_cert_each_san(cert, add_san, &b);
	kst_buf_put(out, b.data, b.len);
}

void ca_serial_text(const struct kst_cert *cert, struct kst_buf *out)
{
	struct kst_bytes s = kst_cert_serial(cert);

	if (s.len > 1 && !s.data[0])
		s = (struct kst_bytes){ s.data + 1, s.len - 1 };
	kst_text_hex(out, s.data, s.len);
}

char *ca_cert_text(const struct kst_cert *cert, const char *what)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char date[KST_TIME_TEXT];

	kst_buf_printf(&b, "%s, until %s\nserial ", what,
		       kst_time_text(kst_cert_not_after(cert), KST_TIME_DATE, date));
	ca_serial_text(cert, &b);
	return b.failed ? NULL : kst_strdup((const char *)b.data);
}

void ca_certs_json(struct out *o, const char *key, struct kst_cert *const *cert, const char *const *role, size_t nr)
{
	out_array(o, key);
	for (size_t i = 0; i < nr; i++)
		if (cert[i])
			describe_cert(o, cert[i], role[i]);
	out_end(o);
}
