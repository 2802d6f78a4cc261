/* SPDX-License-Identifier: ISC */
/* jks.c - JKS, Java's first keystore: the row of the format table */
#include "jks.h"

static int probe(const uint8_t *data, size_t n, bool whole)
{
	(void)whole;
	return jks_probe(&jks_type_jks, data, n);
}

static int read_jks(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	return jks_read(&jks_type_jks, io, into, err);
}

static int write_jks(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	return jks_write(&jks_type_jks, io, from, err);
}

static int unlock(struct kst_io *io, struct kst_model *m, enum kst_need need, struct kst_error *err)
{
	return jks_unlock(io, m, need == KST_NEED_ADMIN, err);
}

static const char *const suffixes[] = { ".jks", NULL };

const struct kst_format kst_format_jks = {
	.name = "jks",
	.to = "jks",
	.title = "JKS",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_WRITE | KST_CAP_KEYS | KST_CAP_CHAINS | KST_CAP_CERTS |
		KST_CAP_TRUST | KST_CAP_ANCHORS | KST_CAP_ALIASES | KST_CAP_BARE_KEYS |
		KST_CAP_ENTRY_PASS | KST_CAP_INTEGRITY | KST_CAP_ENCRYPTION | KST_CAP_LIST_SEALED |
		KST_CAP_BINARY | KST_CAP_JAVA | KST_CAP_DATES,
	.probe = probe,
	.read = read_jks,
	.write = write_jks,
	.unlock = unlock,
	.close = jks_close,
	.pbe = KST_PBE_JKS,
};

const struct jks_type jks_type_jks = { .format = &kst_format_jks, .magic = 0xfeedfeed };
