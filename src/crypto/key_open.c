/* SPDX-License-Identifier: ISC */
/*
 * key_open.c - from sealed to open, with one passphrase
 */
#include <stdatomic.h>
#include <string.h>

#include "crypto/bks_key.h"
#include "crypto/key_impl.h"
#include "crypto/pbe.h"

int kst_key_open_how(struct kst_key *key, const struct kst_secret *pass,
		     const struct kst_pbe_open *how, struct kst_error *err)
{
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_buf joined KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_pbe_open with = { .limits = NULL };
	struct kst_bytes algid, ct;
	bool framed = false;
	int rc;

	if (key->pkcs8.len)
		return 0;
	if (key->dek_info) {
		rc = kst_dek_open(key, pass, &plain, err);
	} else {
		if (kst_sealed_parse(key->sealed.data, key->sealed.len, &algid, &ct, &joined) < 0)
			return kst_error_setx(err, KST_E_CORRUPT,
					      "the encrypted private key cannot be decoded");
		if (how)
			with = *how;
		struct kst_bks_sealed bks;
		framed = kst_bks_from_epki((struct kst_bytes){ key->sealed.data, key->sealed.len },
					   &bks) == 0;
		if (!with.plausible)
			with.plausible = framed ? kst_bks_private : kst_p8_plausible;
		rc = kst_pbe_open(algid.data, algid.len, ct.data, ct.len, pass, &with, &plain, err);
	}
	if (rc == 0 && framed)
		rc = kst_bks_unframe(&plain, err);
	if (rc == 0)
		kst_secret_move(&key->pkcs8, &plain);
	return rc;
}

/*
 * All keys that kstool writes into one file share a salt, and are opened one by
 * one by callers who know nothing of each other: what was derived last is kept, in
 * locked memory, for the life of the process, as the store keeps its passphrase.
 * Where two threads meet, one does without.
 */
static struct kst_pbe_cache *shared;
static atomic_flag busy = ATOMIC_FLAG_INIT;

int kst_key_open_with(struct kst_key *key, const struct kst_secret *pass, struct kst_error *err)
{
	bool mine = !atomic_flag_test_and_set(&busy);
	if (mine && !shared)
		shared = kst_pbe_cache_new();
	struct kst_pbe_open how = { .cache = mine ? shared : NULL };
	int rc = kst_key_open_how(key, pass, &how, err);
	if (mine)
		atomic_flag_clear(&busy);
	return rc;
}

void kst_pbe_forget(void)
{
	if (atomic_flag_test_and_set(&busy))
		return;
	kst_pbe_cache_free(shared);
	shared = NULL;
	atomic_flag_clear(&busy);
}
