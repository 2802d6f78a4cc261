/* SPDX-License-Identifier: ISC */
/*
 * same.c - is a file already what would be written?
 *
 * Salts make every PKCS#12 new, so bytes tell nothing: what counts is the type, the
 * entries under their names and in their order, and how they are protected.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/store.h"

#define ITERATIONS_DEFAULT 200000
#define ARGON_PASSES	   3 /* of a native store */
#define ARGON_KIB	   (256u << 10)
/* Above so many certificates the writer of PKCS#12 spends less on each part (pkcs12_write.c). */
#define ONE_PART 64

static const char *cipher_text(enum kst_pbe pbe)
{
	switch (pbe) {
	case KST_PBE_AES128:
		return "PBES2 AES-128-CBC, PBKDF2-HMAC-SHA256";
	case KST_PBE_3DES:
		return "PBE-SHA1-3DES";
	case KST_PBE_JKS: /* Java's keystores have their own */
	case KST_PBE_JCEKS:
	case KST_PBE_OWN:
	case KST_PBE_AES256:
		break;
	}
	return "PBES2 AES-256-CBC, PBKDF2-HMAC-SHA256";
}

static const char *mac_text(const struct kst_write_options *w)
{
	switch (w->mac) {
	case KST_MAC_PBMAC1:
		return "PBMAC1 HMAC-SHA256";
	case KST_MAC_NONE:
		return "";
	case KST_MAC_HMAC:
		break;
	}
	return w->no_pass ? "" : w->pbe.pbe == KST_PBE_3DES ? "HMAC-SHA1" : "HMAC-SHA256";
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* A new native store has one slot, a passphrase's: with other slots, or another one, it is another. */
static bool same_native_protection(const struct kst_write_options *w, struct kst_store *there)
{
	const struct kst_info *info = &there->model.info;
	struct kst_slot_info slot[16];

	return kst_store_slots(there, slot) == 1 && slot[0].type == KST_SLOT_PASSPHRASE &&
	       slot[0].role == KST_ROLE_ADMIN && info->sealed == w->sealed &&
	       info->store_kind == w->store_kind &&
	       slot[0].passes == (w->kdf_passes ? w->kdf_passes : ARGON_PASSES) &&
	       slot[0].kib == (w->kdf_kib ? w->kdf_kib : ARGON_KIB);
}

/* Where the format lets the writer choose at all: PKCS#12 has a choice of PBE and MAC. */
static bool same_file_protection(const struct kst_write_options *w, struct kst_store *there)
{
	const unsigned choice = KST_CAP_ATTRS | KST_CAP_ENCRYPTION | KST_CAP_JAVA;
	const struct kst_info *info = &there->model.info;

	if (there->format->caps & KST_CAP_NATIVE)
		return same_native_protection(w, there);
	if ((there->format->caps & choice) != choice)
		return !w->pbe.iterations || !strstr(info->kdf, "PBKDF2") || info->iterations == w->pbe.iterations;
	uint64_t want = w->pbe.iterations ? w->pbe.iterations : ITERATIONS_DEFAULT;
	bool chosen = starts(info->kdf, "PBE");

	if (!(there->format->caps & KST_CAP_INTEGRITY) || !(starts(info->mac, "HMAC-") || starts(info->mac, "PBMAC1") ||
							     chosen || info->integrity == KST_INTEGRITY_ABSENT))
		return true;
	if (strcmp(info->mac, mac_text(w)) != 0)
		return false;
	if (chosen && (!starts(info->kdf, cipher_text(w->pbe.pbe)) ||
		       (*info->kdf_parts && !starts(info->kdf_parts, cipher_text(w->pbe.pbe)))))
		return false;
	if (!chosen && !*info->mac)
		return true;
	return info->iterations == want && (info->iterations_least == want || there->model.nr > ONE_PART);
}

/* Keys that lie loose say for each how they are protected. */
static bool same_key_protection(const struct kst_write_options *w, const struct kst_store *there,
				const struct kst_entry *e)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT, want KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!(there->format->caps & KST_CAP_LOOSE) || !e->key)
		return true;
	bool sealed = e->key->sealed.len || e->key->dek_info;
	if (sealed == w->plain_key)
		return false;
	if (!sealed)
		return true;
	kst_key_protection(e->key, &text);
	kst_buf_printf(&want, "%s %" PRIu32, cipher_text(w->pbe.pbe),
		       w->pbe.iterations ? w->pbe.iterations : (uint32_t)ITERATIONS_DEFAULT);
	return text.len == want.len && !text.failed && !want.failed && memcmp(text.data, want.data, text.len) == 0;
}

static bool same_name(const struct kst_format *f, const char *a, const char *b)
{
	if (!(f->caps & KST_CAP_ALIASES) || !a || !b)
		return !(f->caps & KST_CAP_ALIASES) || a == b;
	return f->caps & KST_CAP_ALIAS_CASE ? strcmp(a, b) == 0 : kst_text_equal_nocase(a, b);
}

static bool same_entry(struct kst_store *meant, const struct kst_write_options *w, struct kst_store *there, size_t i)
{
	struct kst_entry *a, *b;

	if (kst_store_entry(meant, i, &a, NULL) < 0)
		return false;
	/* A native store has its own order. */
	if (there->format->caps & KST_CAP_NATIVE)
		i = a->alias ? kst_store_find_alias(there, a->alias) : KST_NO_BASE;
	if (i == KST_NO_BASE || kst_store_entry(there, i, &b, NULL) < 0)
		return false;
	if (a->kind != b->kind || !same_name(there->format, a->alias, b->alias) || !same_key_protection(w, there, b))
		return false;
	if ((b->kind == KST_KIND_KEY || b->kind == KST_KIND_SECRET) && kst_store_open_key(there, i, NULL) < 0)
		return false;
	/* Loose certificates carry no mark: what stands there is what it is. */
	if (a->kind == KST_KIND_CERT && (there->format->caps & KST_CAP_LOOSE))
		return kst_chain_equal(&a->chain, &b->chain);
	return kst_entry_same(a, b);
}

bool kst_store_same(struct kst_store *meant, const struct kst_write_options *w, struct kst_store *there)
{
	if (meant->format != there->format || meant->model.nr != there->model.nr ||
	    !same_file_protection(w, there))
		return false;
	for (size_t i = 0; i < meant->model.nr; i++)
		if (!same_entry(meant, w, there, i))
			return false;
	return true;
}
