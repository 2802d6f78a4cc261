/* SPDX-License-Identifier: ISC */
/*
 * jceks_secret.c - secret keys: a Java object, encrypted, in a Java object
 *
 * The outer one says how the inner one is encrypted; that is opened as a private
 * key of a JCEKS is.  The inner one is the key itself (SecretKeySpec), or what the
 * classes of keys become when they are written (KeyRep).
 */
#include "jks.h"

#include <string.h>

#include "crypto/der.h"
#include "crypto/pbe.h"
#include "java_object.h"
#include "kstool/alloc.h"
#include "kstool/text.h"

#define SEALED "com.sun.crypto.provider.SealedObjectForKeyProtector"
#define ALGORITHM "PBEWithMD5AndTripleDES"
#define OID_JCEKS "1.3.6.1.4.1.42.2.19.1"

int jceks_secret_scan(struct kst_cursor *c, bool *known, struct kst_bytes *name)
{
	struct java_object o;
	if (java_object_parse(&o, c) < 0)
		return -1;
	*known = java_text_is(o.class, SEALED);
	*name = o.class;
	return 0;
}

/* Is it one object and nothing else? */
static bool is_object(const uint8_t *plain, size_t len)
{
	struct java_object o;
	struct kst_cursor c;
	kst_cursor_init(&c, plain, len);
	return java_object_parse(&o, &c) == 0 && kst_cursor_left(&c) == 0;
}

/* ---- the inner object ---- */

static int not_read(const struct java_object *o, struct kst_error *err)
{
	struct kst_buf class KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_text_escape(&class, o->class.data, o->class.len);
	return kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
			      "the secret key is an object of class %.200s, which kstool does not read",
			      class.data ? (const char *)class.data : "");
}

static int take_secret(struct kst_entry *e, const struct kst_secret *plain, struct kst_error *err)
{
	struct java_object o;
	struct kst_cursor c;
	struct kst_bytes key = { NULL, 0 };

	kst_cursor_init(&c, plain->data, plain->len);
	if (java_object_parse(&o, &c) < 0)
		return kst_error_setx(err, KST_E_CORRUPT, "the secret key cannot be decoded");
	if (java_text_is(o.class, "javax.crypto.spec.SecretKeySpec")) {
		key = java_object_get(&o, "key", JAVA_BYTES);
	} else if (java_text_is(o.class, "java.security.KeyRep")) {
		if (!java_text_is(java_object_get(&o, "type", JAVA_ENUM), "SECRET") ||
		    !java_text_is(java_object_get(&o, "format", JAVA_STRING), "RAW"))
			return not_read(&o, err);
		key = java_object_get(&o, "encoded", JAVA_BYTES);
	} else {
		return not_read(&o, err);
	}
	struct kst_bytes alg = java_object_get(&o, "algorithm", JAVA_STRING);
	if (!key.data || !key.len || !alg.data)
		return kst_error_setx(err, KST_E_CORRUPT, "the secret key has no key in it");
	if (!kst_mutf8_valid(alg.data, alg.len))
		return kst_error_setx(err, KST_E_CORRUPT,
				      "the name of the secret key's algorithm is not in modified UTF-8");
	char *name = kst_text_from_mutf8(alg.data, alg.len);
	if (!name)
		return kst_error_nomem(err);
	if (kst_secret_set(&e->secret, key.data, key.len, err) < 0) {
		kst_free(name);
		return -1;
	}
	kst_free(e->secret_alg);
	e->secret_alg = name;
	return 0;
}

/* ---- the seal ---- */

int jceks_open_secret(struct kst_entry *e, const struct kst_secret *pass, struct kst_error *err)
{
	struct java_object o;
	struct kst_cursor c;
	struct kst_buf in KST_SCRATCH_BUF = KST_BUF_INIT, algid KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret plain KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_pbe_open how = { .plausible = is_object };
	uint8_t oid[KST_OID_MAX];

	kst_cursor_init(&c, e->secret_sealed.data, e->secret_sealed.len);
	if (java_object_parse(&o, &c) < 0)
		return kst_error_setx(err, KST_E_CORRUPT, "the secret key cannot be decoded");
	struct kst_bytes params = java_object_get(&o, "encodedParams", JAVA_BYTES);
	struct kst_bytes content = java_object_get(&o, "encryptedContent", JAVA_BYTES);
	struct kst_bytes alg = java_object_get(&o, "sealAlg", JAVA_STRING);
	if (!java_text_is(alg, ALGORITHM)) {
		struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
		kst_text_escape(&name, alg.data, alg.len);
		return kst_error_setx(err, KST_E_UNSUPPORTED,
				      "the secret key is sealed by %.200s, which no JCEKS has",
				      name.data ? (const char *)name.data : "nothing");
	}
	kst_der_put(&in, KST_DER_OID, oid, kst_oid_der(OID_JCEKS, oid));
	kst_buf_put(&in, params.data, params.len);
	kst_der_put(&algid, KST_DER_SEQUENCE, in.data, in.len);
	if (in.failed || algid.failed)
		return kst_error_nomem(err);
	int rc = kst_pbe_open(algid.data, algid.len, content.data, content.len, pass, &how, &plain, err);
	return rc == 0 ? take_secret(e, &plain, err) : rc;
}

int jceks_seal_secret(const struct kst_entry *e, const struct kst_secret *pass, uint32_t iterations,
		      struct kst_buf *out, struct kst_error *err)
{
	struct kst_pbe_options opt = { .pbe = KST_PBE_JCEKS, .iterations = iterations };
	struct kst_buf plain KST_SCRATCH_BUF = KST_BUF_INIT, algid KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf ct KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_bytes key = { e->secret.data, e->secret.len };
	struct kst_der d, in;
	struct kst_der_item params;

	if (java_put_secret(&plain, e->secret_alg ? e->secret_alg : "RAW", key) < 0)
		return kst_error_setx(err, KST_E_UNSUPPORTED,
				      "the name of the secret key's algorithm is not for Java");
	if (plain.failed)
		return kst_error_nomem(err);
	if (kst_pbe_encrypt(&opt, plain.data, plain.len, pass, NULL, &algid, &ct, err) < 0)
		return -1;
	d = kst_der_over(algid.data, algid.len);
	if (kst_der_enter(&d, KST_DER_SEQUENCE, &in) < 0 || kst_der_expect(&in, KST_DER_OID, NULL) < 0 ||
	    kst_der_expect(&in, KST_DER_SEQUENCE, &params) < 0)
		return kst_error_setx(err, KST_E_INTERNAL, "a seal has no parameters");
	java_put_sealed(out, params.whole, (struct kst_bytes){ ct.data, ct.len });
	return out->failed ? kst_error_nomem(err) : 0;
}
