/* SPDX-License-Identifier: ISC */
/*
 * ossl.c - start of the libraries, contexts, error queue
 *
 * Nothing is fetched at the start: the first fetch of an algorithm costs as much as
 * the rest of a short command.
 */
#include "crypto/ossl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <sodium.h>

#include "kstool/kstool.h"

/* ---- start ---- */

static void *ossl_malloc(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return kst_malloc(n);
}

static void *ossl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return kst_realloc(p, n);
}

static void ossl_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	kst_free(p);
}

/* A core file is a copy of every secret, and ptrace a way to one. */
static int no_cores(struct kst_error *err)
{
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return kst_error_set(err, KST_E_INTERNAL, "core dumps cannot be turned off");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return kst_error_set(err, KST_E_INTERNAL, "tracing cannot be turned off");
	return 0;
}

int kst_init(bool load_config, struct kst_error *err)
{
	static bool done;

	if (done)
		return 0;
	/* OpenSSL takes another allocator only before it has used its own. */
	if (!CRYPTO_set_mem_functions(ossl_malloc, ossl_realloc, ossl_free))
		return kst_error_setx(err, KST_E_INTERNAL,
				      "openssl allocated memory before it was given ours");
	if (no_cores(err) < 0)
		return -1;
	if (sodium_init() < 0)
		return kst_error_setx(err, KST_E_INTERNAL, "libsodium cannot be initialised");
	/* Without its configuration file, what OPENSSL_CONF names cannot load code into us. */
	if (!OPENSSL_init_crypto(load_config ? OPENSSL_INIT_LOAD_CONFIG : OPENSSL_INIT_NO_LOAD_CONFIG,
				 NULL))
		return kst_ossl_error(err, KST_E_INTERNAL, "openssl cannot be initialised");
	done = true;
	return 0;
}

const char *kst_openssl_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

const char *kst_sodium_version(void)
{
	static char text[64];

	if (!text[0])
		snprintf(text, sizeof(text), "libsodium %s", sodium_version_string());
	return text;
}

/* ---- contexts ---- */

/* All of the queue, oldest first, which empties it. */
static void queue_text(char *out, size_t size)
{
	const char *data;
	unsigned long code;
	size_t len = 0;
	int flags;

	out[0] = '\0';
	while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags))) {
		const char *lib = ERR_lib_error_string(code), *why = ERR_reason_error_string(code);
		bool text = data && (flags & ERR_TXT_STRING) && *data;
		int n;

		if (len >= size - 1)
			continue; /* the rest only leaves the queue */
		n = snprintf(out + len, size - len, "%s%s: %s%s%s%s", len ? "; " : "",
			     lib ? lib : "openssl", why ? why : "unknown reason", text ? " (" : "",
			     text ? data : "", text ? ")" : "");
		if (n > 0)
			len += (size_t)n;
	}
}

static struct {
	CRYPTO_ONCE once;
	OSSL_LIB_CTX *ctx;
	/* One in which the provider could not be loaded: OpenSSL 3.0 does not free all of it. */
	OSSL_LIB_CTX *failed;
	char why[256]; /* what OpenSSL said when it could not be had */
} legacy = { .once = CRYPTO_ONCE_STATIC_INIT };

static void legacy_make(void)
{
	bool quiet = !ERR_peek_error();
	OSSL_LIB_CTX *ctx;

	ERR_set_mark();
	ctx = OSSL_LIB_CTX_new();
	/* Once a provider is loaded by name, the default one is no longer there by itself. */
	if (ctx && OSSL_PROVIDER_load(ctx, "default") && OSSL_PROVIDER_load(ctx, "legacy")) {
		legacy.ctx = ctx;
	} else {
		/* The reason is in the oldest entry; a queue with others' errors in it is not emptied. */
		if (quiet)
			queue_text(legacy.why, sizeof(legacy.why));
		legacy.failed = ctx;
	}
	ERR_pop_to_mark();
}

OSSL_LIB_CTX *kst_ossl_ctx(void)
{
	return NULL;
}

OSSL_LIB_CTX *kst_ossl_legacy(void)
{
	return kst_ossl_legacy_ctx(NULL);
}

OSSL_LIB_CTX *kst_ossl_legacy_ctx(struct kst_error *err)
{
	if (!CRYPTO_THREAD_run_once(&legacy.once, legacy_make)) {
		kst_error_nomem(err);
		return NULL;
	}
	if (legacy.ctx)
		return legacy.ctx;
	if (err && err->code == KST_OK) {
		kst_error_setx(err, KST_E_UNSUPPORTED,
			       "openssl's provider \"legacy\" is needed and cannot be loaded");
		kst_error_hint(err, "install the package with OpenSSL's legacy.so, or set OPENSSL_MODULES to its directory");
		snprintf(err->underlying, sizeof(err->underlying), "%s", legacy.why);
	}
	return NULL;
}

bool kst_legacy_available(void)
{
	return kst_ossl_legacy() != NULL;
}

/* ---- error queue ---- */

void kst_ossl_mark(void)
{
	ERR_set_mark();
}

void kst_ossl_unmark(void)
{
	ERR_pop_to_mark();
}

int kst_ossl_error(struct kst_error *err, enum kst_code code, const char *fmt, ...)
{
	char text[sizeof(err->underlying)], message[sizeof(err->message)];
	va_list ap;

	queue_text(text, sizeof(text));
	if (!err || err->code != KST_OK)
		return -1;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	kst_error_setx(err, code, "%s", message);
	memcpy(err->underlying, text, sizeof(text));
	return -1;
}

/* ---- libsodium's point check ---- */

bool kst_sodium_point_check_ok(void)
{
	/* Points of order 1, 2, 4, 4, 8, 8 on edwards25519. */
	static const uint8_t torsion[][crypto_core_ed25519_BYTES] = {
		{ 0x01 },
		{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
		{ 0x00 },
		{ [31] = 0x80 },
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		  0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		  0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	};
	uint8_t one[crypto_core_ed25519_SCALARBYTES] = { 1 };
	uint8_t base[crypto_core_ed25519_BYTES], mixed[crypto_core_ed25519_BYTES];

	if (crypto_scalarmult_ed25519_base_noclamp(base, one) != 0 ||
	    crypto_core_ed25519_is_valid_point(base) != 1)
		return false;
	for (size_t i = 0; i < sizeof(torsion) / sizeof(torsion[0]); i++) {
		if (crypto_core_ed25519_is_valid_point(torsion[i]))
			return false;
		/* Base + torsion; base + identity is the base itself and stays good. */
		if (crypto_core_ed25519_add(mixed, base, torsion[i]) != 0 ||
		    crypto_core_ed25519_is_valid_point(mixed) != (i == 0))
			return false;
	}
	return true;
}
