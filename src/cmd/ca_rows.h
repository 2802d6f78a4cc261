/* SPDX-License-Identifier: ISC */
/* ca_rows.h - words for what a private CA has issued, and for how its list is kept */
#ifndef KST_CMD_CA_ROWS_H
#define KST_CMD_CA_ROWS_H

#include "cmd/ca.h"
#include "kstool/ca_index.h"

/* The fact "name", else the CN of its certificate; appended. */
void ca_name(struct kst_ca *ca, struct kst_buf *out);

/* "3f09...": as people and certs/ write a serial number; appended. */
void ca_serial(struct kst_buf *out, const uint8_t *serial, size_t n);
/* "valid" "expired" "revoked" "pending". */
const char *ca_state(const struct kst_ca_row *row, int64_t now);
/* The same for people: "ok" "WARN" "EXPIRED" "revoked" ... */
const char *ca_state_word(const struct kst_ca_row *row, int64_t now);
/* Members of a row, in the JSON object that is open. */
void ca_row_json(struct out *o, const struct kst_ca_row *row, int64_t now);

/* Days of a revocation list: what was said, else what the CA is set to, else 30.  0 or -1. */
int ca_crl_days(struct cli *cli, struct kst_ca *ca, const struct opt_int *days, int *out);

#endif
