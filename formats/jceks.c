/* SPDX-License-Identifier: ISC */
/* jceks.c - JCEKS, Java's keystore with secret keys: the row of the format table */
#include "jks.h"

static int probe(const uint8_t *data, size_t n, bool whole)
{
	(void)whole;
	return jks_probe(&jks_type_jceks, data, n);
}

static int read_jceks(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	return jks_read(&jks_type_jceks, io, into, err);
}

static int write_jceks(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	return jks_write(&jks_type_jceks, io, from, err);
}

static int unlock(struct kst_io *io, struct kst_model *m, enum kst_need need, struct kst_error *err)
{
	return jks_unlock(io, m, need == KST_NEED_ADMIN, err);
}

static const char *const suffixes[] = { ".jceks", ".jce", NULL };

const struct kst_format kst_format_jceks = {
	.name = "jceks",
	.to = "jceks",
	.title = "JCEKS",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_WRITE | KST_CAP_KEYS | KST_CAP_CHAINS | KST_CAP_CERTS |
		KST_CAP_TRUST | KST_CAP_ANCHORS | KST_CAP_ALIASES | KST_CAP_BARE_KEYS | KST_CAP_SECRETS |
		KST_CAP_ENTRY_PASS | KST_CAP_INTEGRITY | KST_CAP_ENCRYPTION | KST_CAP_LIST_SEALED |
		KST_CAP_BINARY | KST_CAP_JAVA | KST_CAP_DATES | KST_CAP_SECRET_ALGS,
	.probe = probe,
	.read = read_jceks,
	.write = write_jceks,
	.unlock = unlock,
	.close = jks_close,
	.open_secret = jceks_open_secret,
	.pbe = KST_PBE_JCEKS,
};

const struct jks_type jks_type_jceks = { .format = &kst_format_jceks,
					 .magic = 0xcececece,
					 .secrets = true };
