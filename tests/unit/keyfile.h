/* SPDX-License-Identifier: ISC */
/*
 * keyfile.h - private keys for tests: from PEM text, from files, from openssl(1)
 *
 * A PEM reader of its own, strict and short, so that these tests need nothing
 * above the crypto floor.
 */
#ifndef KST_TESTS_KEYFILE_H
#define KST_TESTS_KEYFILE_H

#include <check.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kstool/kstool.h"

static inline struct kst_secret pass_of(const char *text, size_t len)
{
	struct kst_secret s = KST_SECRET_INIT;
	ck_assert_int_eq(kst_secret_set(&s, text, len, NULL), 0);
	return s;
}
#define PASS(literal) pass_of((literal), sizeof(literal) - 1)

/* What a command prints; dies if it fails. */
static inline void run(struct kst_buf *out, const char *command)
{
	uint8_t piece[4096];
	size_t n;
	FILE *f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	kst_buf_reset(out);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		kst_buf_put(out, piece, n);
	ck_assert_msg(pclose(f) == 0, "%s", command);
}

/* Whole file; false: it is not there. */
static inline bool slurp(const char *path, struct kst_buf *out)
{
	uint8_t piece[4096];
	size_t n;
	FILE *f = fopen(path, "rb");
	if (!f)
		return false;
	kst_buf_reset(out);
	kst_buf_puts(out, "");
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		kst_buf_put(out, piece, n);
	fclose(f);
	return true;
}

struct keyfile {
	char label[64], dek[128]; /* PEM label, DEK-Info value; empty */
	struct kst_buf der;
};

/* The first PEM block whose label ends in "PRIVATE KEY".  false: there is none that can be read. */
static inline bool keyfile_pem(const char *text, struct keyfile *out)
{
	const char *p = text, *end;
	char close[96];
	memset(out, 0, sizeof(*out));
	while ((p = strstr(p, "-----BEGIN "))) {
		p += 11;
		end = strstr(p, "-----");
		if (!end || end - p >= 64)
			return false;
		memcpy(out->label, p, (size_t)(end - p));
		out->label[end - p] = '\0';
		p = end + 5;
		size_t n = strlen(out->label);
		if (n >= 11 && !strcmp(out->label + n - 11, "PRIVATE KEY"))
			break;
	}
	if (!p)
		return false;
	snprintf(close, sizeof(close), "-----END %s-----", out->label);
	end = strstr(p, close);
	if (!end)
		return false;
	const char *dek = strstr(p, "DEK-Info:");
	if (dek && dek < end) {
		dek += 9 + strspn(dek + 9, " ");
		size_t n = strcspn(dek, "\r\n");
		if (n >= sizeof(out->dek))
			return false;
		memcpy(out->dek, dek, n);
		p = dek + n;
	}
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	size_t room = (size_t)(end - p) + 64;
	uint8_t *der = malloc(room);
	int n = 0, last = 0;
	EVP_DecodeInit(ctx);
	bool ok = EVP_DecodeUpdate(ctx, der, &n, (const uint8_t *)p, (int)(end - p)) >= 0 &&
		  EVP_DecodeFinal(ctx, der + n, &last) >= 0;
	if (ok)
		kst_buf_put(&out->der, der, (size_t)(n + last));
	EVP_ENCODE_CTX_free(ctx);
	free(der);
	return ok;
}

/* The key of it, sealed or open.  0 or -1. */
static inline int keyfile_key(const struct keyfile *f, struct kst_key **out, struct kst_error *err)
{
	if (!f->dek[0])
		return kst_key_from_der(out, f->der.data, f->der.len, f->label[0] ? f->label : NULL,
					NULL, err);
	struct kst_key *key = kst_key_new();
	ck_assert_ptr_nonnull(key);
	key->dek_info = kst_strdup(f->dek);
	key->dek_label = kst_strdup(f->label);
	ck_assert_int_eq(kst_blob_set(&key->dek_data, f->der.data, f->der.len), 0);
	*out = key;
	return 0;
}

/* The key in the PEM text that a command prints. */
static inline struct kst_key *key_from(const char *command)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct keyfile f;
	struct kst_key *key = NULL;
	struct kst_error err = KST_ERROR_INIT;
	run(&text, command);
	ck_assert_msg(keyfile_pem((const char *)text.data, &f), "%s", text.data);
	ck_assert_msg(keyfile_key(&f, &key, &err) == 0, "%s", err.message);
	kst_buf_release(&f.der);
	return key;
}

#endif
