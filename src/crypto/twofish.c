/* SPDX-License-Identifier: ISC */
/*
 * twofish.c - Twofish, which neither OpenSSL nor libsodium has
 *
 * One old format needs it (UBER), so nothing is linked for it: libgcrypt, which
 * nearly every system has, is loaded when such a file is opened.  Linked, it would
 * cost every start of the program some milliseconds.  A static program loads nothing: the library
 * of another libc beside its own would not be safe.
 */
#include <dlfcn.h>

#include "crypto/bks_key.h"

/* Its ABI has not changed since 2011; the numbers are those of gcrypt.h. */
#define LIBRARY "libgcrypt.so.20"
#define TWOFISH 10
#define MODE_CBC 3
#define DISABLE_SECMEM 37
#define INITIALIZATION_FINISHED 38

struct gcrypt {
	const char *(*check_version)(const char *);
	unsigned (*control)(int, ...);
	unsigned (*open)(void **, int, int, unsigned);
	void (*close)(void *);
	unsigned (*setkey)(void *, const void *, size_t);
	unsigned (*setiv)(void *, const void *, size_t);
	unsigned (*decrypt)(void *, void *, size_t, const void *, size_t);
};

/* Through a union: ISO C has no cast from an object's address to a function's. */
#define FIND(g, lib, member, name)                                      \
	do {                                                            \
		union {                                                 \
			void *object;                                   \
			__typeof__((g)->member) function;               \
		} u = { dlsym((lib), (name)) };                         \
		(g)->member = u.function;                               \
	} while (0)

static bool load(void *lib, struct gcrypt *g)
{
	FIND(g, lib, check_version, "gcry_check_version");
	FIND(g, lib, control, "gcry_control");
	FIND(g, lib, open, "gcry_cipher_open");
	FIND(g, lib, close, "gcry_cipher_close");
	FIND(g, lib, setkey, "gcry_cipher_setkey");
	FIND(g, lib, setiv, "gcry_cipher_setiv");
	FIND(g, lib, decrypt, "gcry_cipher_decrypt");
	if (!g->check_version || !g->control || !g->open || !g->close || !g->setkey || !g->setiv ||
	    !g->decrypt || !g->check_version(NULL))
		return false;
	g->control(DISABLE_SECMEM, 0);
	g->control(INITIALIZATION_FINISHED, 0);
	return true;
}

int kst_twofish_cbc_decrypt(const uint8_t key[32], const uint8_t iv[16], const uint8_t *in,
			    size_t len, uint8_t *out, struct kst_error *err)
{
	struct gcrypt g;
	void *cipher = NULL;
	void *lib = NULL;
	int rc = -1;

#ifndef KST_STATIC
	lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL); /* stays: it cannot be unloaded safely */
#endif
	if (!lib || !load(lib, &g) || g.open(&cipher, TWOFISH, MODE_CBC, 0) != 0) {
		kst_error_setx(err, KST_E_UNSUPPORTED,
			       "is encrypted by Twofish, which is not available here");
		return kst_error_hint(err, "install libgcrypt (" LIBRARY "), or let Bouncy Castle make a "
					   "BKS or PKCS#12 of it");
	}
	if (g.setkey(cipher, key, 32) == 0 && g.setiv(cipher, iv, 16) == 0 &&
	    g.decrypt(cipher, out, len, in, len) == 0)
		rc = 0;
	g.close(cipher);
	return rc < 0 ? kst_error_setx(err, KST_E_UNSUPPORTED, "Twofish does not work here") : 0;
}
