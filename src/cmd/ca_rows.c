/* SPDX-License-Identifier: ISC */
/* ca_rows.c - words for what a private CA has issued */
#include "cmd/ca_rows.h"

#include <stdlib.h>
#include <string.h>

#define CRL_DAYS 30
#define CRL_DAYS_MAX 3650

void ca_name(struct kst_ca *ca, struct kst_buf *out)
{
	size_t before = out->len;

	if (kst_ca_fact(ca, "name", out, NULL) != 0 || out->len == before)
		kst_cert_name(kst_ca_cert(ca, KST_CA_BY_CA), out);
}

void ca_serial(struct kst_buf *out, const uint8_t *serial, size_t n)
{
	kst_text_hex(out, serial, n);
}

const char *ca_state(const struct kst_ca_row *row, int64_t now)
{
	if (row->state == KST_CA_VALID && row->not_after < now)
		return "expired";
	return kst_ca_state_name(row->state);
}

const char *ca_state_word(const struct kst_ca_row *row, int64_t now)
{
	return row->state == KST_CA_VALID ? cmd_state(row->not_before, row->not_after, now) :
					    kst_ca_state_name(row->state);
}

static void sans_json(struct out *o, const char *sans)
{
	out_array(o, "sans");
	for (size_t n; sans && *sans; sans += n + (sans[n] == '\n')) {
		n = strcspn(sans, "\n");
		out_strn(o, NULL, sans, n);
	}
	out_end(o);
}

void ca_row_json(struct out *o, const struct kst_ca_row *row, int64_t now)
{
	struct kst_buf serial KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_cert *cert = NULL;

	ca_serial(&serial, row->serial, row->serial_len);
	out_str(o, "serial", (const char *)serial.data);
	out_str(o, "issuer", row->issuer == KST_CA_BY_ROOT ? "root" : "ca");
	out_str(o, "name", row->name);
	out_str(o, "profile", kst_profile_name(row->profile));
	out_str(o, "state", ca_state(row, now));
	out_time(o, "not_before", row->not_before);
	out_time(o, "not_after", row->not_after);
	out_time(o, "revoked_at", row->state == KST_CA_REVOKED ? row->revoked_at : 0);
	out_str(o, "reason", row->state == KST_CA_REVOKED ? kst_revocation_reason(row->reason) : NULL);
	out_str(o, "subject", row->subject);
	sans_json(o, row->sans);
	if (row->cert.len && kst_cert_new(&cert, row->cert.data, row->cert.len, NULL) == 0) {
		out_hex(o, "sha256", kst_cert_sha256(cert), 32);
		kst_cert_free(cert);
	} else {
		out_null(o, "sha256");
	}
}

int ca_crl_days(struct cli *cli, struct kst_ca *ca, const struct opt_int *days, int *out)
{
	struct kst_buf fact KST_SCRATCH_BUF = KST_BUF_INIT;
	long n = CRL_DAYS;

	if (days->given) {
		n = days->value;
	} else {
		int rc = kst_ca_fact(ca, "crl-days", &fact, cli->err);

		if (rc < 0)
			return -1;
		if (rc == 0 && fact.data)
			n = strtol((const char *)fact.data, NULL, 10);
	}
	if (n < 1 || n > CRL_DAYS_MAX) {
		kst_error_setx(cli->err, KST_E_BAD_VALUE, "a revocation list is valid for 1 to %d days", CRL_DAYS_MAX);
		return kst_error_subject(cli->err, "--days");
	}
	*out = (int)n;
	return 0;
}
