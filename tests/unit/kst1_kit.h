/* SPDX-License-Identifier: ISC */
/*
 * kst1_kit.h - native stores in memory, and randomness that repeats; for test_kst1_*.c
 */
#ifndef KST_TEST_KST1_KIT_H
#define KST_TEST_KST1_KIT_H

#include <check.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "kst1.h"
#include "kstool/kstool.h"

extern const struct kst_format kst_format_kst1;

#define UNUSED __attribute__((unused))

/* ---- bytes ---- */

UNUSED static void kit_run(uint8_t *out, size_t n, uint8_t first)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(first + i);
}

UNUSED static void kit_hex(struct kst_buf *out, const char *hex)
{
	unsigned v;
	for (; *hex; hex += 2) {
		ck_assert_int_eq(sscanf(hex, "%2x", &v), 1);
		kst_buf_u8(out, (uint8_t)v);
	}
}

UNUSED static void kit_assert_hex(const uint8_t *data, size_t n, const char *want)
{
	struct kst_buf b = KST_BUF_INIT;
	kst_text_hex(&b, data, n);
	ck_assert_str_eq((const char *)b.data, want);
	kst_buf_release(&b);
}

#define KIT_CERT                                                                                   \
	"3081c23076020101300506032b6570300e310c300a06035504030c03776562301e170d323630313031303030" \
	"3030305a170d3336303130313030303030305a300e310c300a06035504030c03776562302a300506032b6570" \
	"03210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1300506032b65700341" \
	"00b62c0febd06535f738dd271256e9699b9a68e53121210f483fd22dd91df505ff34a539e1caca55cd2474c9" \
	"613b8a59172a6bcc7dd0b71d6dafbe91ad38b3250e"
#define KIT_KEY                                                                                    \
	"302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f" \
	"44755842"
#define KIT_TEXT_32 "thirty-two bytes of no key file."
#define KIT_PASS "correct horse battery staple"
#define KIT_TIME INT64_C(1790000000)

/* ---- files in memory ---- */

struct kit_file {
	struct kst_buf bytes;
	uint64_t reads; /* bytes that were read */
};

UNUSED static int kit_read_at(void *ctx, uint64_t offset, void *buf, size_t n,
			      struct kst_error *err)
{
	struct kit_file *f = ctx;
	if (offset > f->bytes.len || n > f->bytes.len - offset)
		return kst_error_setx(err, KST_E_TRUNCATED, "a read beyond the end");
	if (n)
		memcpy(buf, f->bytes.data + offset, n);
	f->reads += n;
	return 0;
}

UNUSED static int kit_write(void *ctx, const void *data, size_t n, struct kst_error *err)
{
	struct kit_file *f = ctx;
	kst_buf_put(&f->bytes, data, n);
	return f->bytes.failed ? kst_error_nomem(err) : 0;
}

/* ---- somebody who answers ---- */

struct kit_asker {
	struct kst_asker asker;
	const char *pass, *new_pass;        /* NULL: no answer */
	const uint8_t *key_file, *new_key_file;
	unsigned asked; /* questions */
};

UNUSED static int kit_ask(void *ctx, const struct kst_question *q, struct kst_secret *out,
			  enum kst_ask_source *source, struct kst_error *err)
{
	struct kit_asker *a = ctx;
	const char *pass = q->what == KST_ASK_STORE ? a->pass : a->new_pass;
	const uint8_t *key = q->what == KST_ASK_KEY_FILE ? a->key_file : a->new_key_file;
	a->asked++;
	*source = KST_SOURCE_GIVEN;
	if (q->attempt)
		return 1;
	if (q->what == KST_ASK_KEY_FILE || q->what == KST_ASK_NEW_KEY_FILE)
		return key ? kst_secret_set(out, key, 32, err) : 1;
	return pass ? kst_secret_set(out, pass, strlen(pass), err) : 1;
}

/* ---- a store being worked on ---- */

struct kit {
	struct kit_file in, out;
	struct kit_asker ask;
	struct kst_limits limits;
	struct kst_read_options read;
	struct kst_write_options write;
	struct kst_notes notes;
	struct kst_io io;
	struct kst_model m;
	struct kst_error err;
};

UNUSED static void kit_io(struct kit *k)
{
	k->io = (struct kst_io){
		.path = "test.kst",
		.source = { .size = k->in.bytes.len, .read_at = kit_read_at, .ctx = &k->in },
		.sink = { .write = kit_write, .ctx = &k->out },
		.asker = &k->ask.asker,
		.limits = &k->limits,
		.notes = &k->notes,
		.read = &k->read,
		.write = &k->write,
	};
}

UNUSED static void kit_init(struct kit *k)
{
	static const struct kst_limits limits = KST_LIMITS_DEFAULT;
	memset(k, 0, sizeof(*k));
	k->limits = limits;
	k->ask.asker = (struct kst_asker){ kit_ask, &k->ask };
	k->write.kdf_passes = 2;
	k->write.kdf_kib = 19456;
	kst_model_init(&k->m);
	kst_time_set_now(KIT_TIME);
	kit_io(k);
}

UNUSED static void kit_close(struct kit *k)
{
	kst1_state_release(k->m.state);
	kst_model_release(&k->m);
	kst_model_init(&k->m);
}

UNUSED static void kit_release(struct kit *k)
{
	kit_close(k);
	kst_notes_release(&k->notes);
	kst_buf_release(&k->in.bytes);
	kst_buf_release(&k->out.bytes);
}

/* What was written becomes the file. */
UNUSED static void kit_turn(struct kit *k)
{
	kit_close(k);
	kst_buf_release(&k->in.bytes);
	k->in = k->out;
	k->out = (struct kit_file){ .reads = 0 };
	kst_error_clear(&k->err);
	kit_io(k);
}

UNUSED static int kit_read(struct kit *k)
{
	kit_close(k);
	kst_error_clear(&k->err);
	kit_io(k);
	return kst_format_kst1.read(&k->io, &k->m, &k->err);
}

UNUSED static void kit_write_ok(struct kit *k)
{
	kst_error_clear(&k->err);
	kst_buf_release(&k->out.bytes);
	ck_assert_msg(!kst_format_kst1.write(&k->io, &k->m, &k->err), "%s", k->err.message);
	struct kst_io back = k->io;
	back.source = (struct kst_source){ .size = k->out.bytes.len,
					   .read_at = kit_read_at,
					   .ctx = &k->out };
	ck_assert_msg(!kst_format_kst1.verify(&back, &k->m, &k->err), "%s %s", k->err.message,
		      k->err.detail);
}

UNUSED static struct kst1_state *kit_state(struct kit *k)
{
	return k->m.state;
}

UNUSED static void kit_assert_error(const struct kit *k, enum kst_code code)
{
	ck_assert_msg(k->err.code == code, "%s was expected, not %s: %s", kst_code_slug(code),
		      kst_code_slug(k->err.code), k->err.message);
}

/* The entries of the specification's example. */
UNUSED static struct kst_entry *kit_entry(enum kst_kind kind, const char *alias)
{
	struct kst_buf der = KST_BUF_INIT, key = KST_BUF_INIT;
	struct kst_entry *e = kst_entry_new(kind);
	struct kst_cert *cert = NULL;
	kit_hex(&der, KIT_CERT);
	kit_hex(&key, KIT_KEY);
	e->alias = kst_strdup(alias);
	e->created = KIT_TIME;
	if (kind == KST_KIND_SECRET) {
		ck_assert_int_eq(kst_secret_set(&e->secret, "0123456789abcdef", 16, NULL), 0);
		e->secret_alg = kst_strdup("AES");
	} else {
		ck_assert_int_eq(kst_cert_new(&cert, der.data, der.len, NULL), 0);
		ck_assert_int_eq(kst_chain_push(&e->chain, cert), 0);
		kst_cert_free(cert);
	}
	if (kind == KST_KIND_KEY) {
		e->key = kst_key_new();
		ck_assert_int_eq(kst_secret_set(&e->key->pkcs8, key.data, key.len, NULL), 0);
	}
	e->trusted = kind == KST_KIND_CERT;
	kst_buf_release(&der);
	kst_buf_release(&key);
	return e;
}

UNUSED static void kit_push(struct kit *k, enum kst_kind kind, const char *alias)
{
	ck_assert_int_eq(kst_model_push(&k->m, kit_entry(kind, alias), KST_NO_BASE), 0);
}

static const uint8_t *const kit_k20 =
	(const uint8_t *)"\x20\x21\x22\x23\x24\x25\x26\x27\x28\x29\x2a\x2b\x2c\x2d\x2e\x2f"
			 "\x30\x31\x32\x33\x34\x35\x36\x37\x38\x39\x3a\x3b\x3c\x3d\x3e\x3f";

UNUSED static void kit_slot(struct kit *k, enum kst_slot_type type, enum kst_slot_role role,
			    const char *label)
{
	struct kst_slot_add how = { .type = type,
				    .role = role,
				    .label = label,
				    .passes = type == KST_SLOT_PASSPHRASE ? 2 : 0,
				    .kib = type == KST_SLOT_PASSPHRASE ? 19456 : 0 };
	kst_error_clear(&k->err);
	ck_assert_msg(!kst_format_kst1.native->slot_add(&k->io, &k->m, &how, NULL, &k->err), "%s",
		      k->err.message);
}

/* A small store: K with a key, a trusted certificate and a secret, or T with two certificates; an
 * admin slot with the key file 20... */
UNUSED static void kit_small(struct kit *k, char kind, bool sealed)
{
	kit_init(k);
	k->write.store_kind = kind;
	k->write.sealed = sealed;
	k->ask.new_key_file = k->ask.key_file = kit_k20;
	if (kind == 'K') {
		kit_push(k, KST_KIND_KEY, "web");
		kit_push(k, KST_KIND_SECRET, "aes");
	} else {
		kit_push(k, KST_KIND_CERT, "root 2");
	}
	kit_push(k, KST_KIND_CERT, "root");
	kit_write_ok(k);
	kit_turn(k);
}

UNUSED static int kit_check(struct kit *k, struct kst_check *c, bool with_secret)
{
	struct kst_io io;
	kst_error_clear(&k->err);
	kit_io(k);
	io = k->io;
	if (!with_secret)
		io.asker = NULL;
	return kst_format_kst1.native->check(&io, c, &k->err);
}

/* ---- the signer's pen: break a header and sign it again ---- */

UNUSED static void kit_sign(uint8_t raw[KST1_HEADER], const struct kst1_keyring *keys)
{
	uint8_t msg[16 + KST1_SIG_AT] = "KST1 header sig";
	memcpy(msg + 16, raw, KST1_SIG_AT);
	crypto_sign_ed25519_detached(raw + KST1_SIG_AT, NULL, msg, sizeof(msg),
				     kst1_keys_of(keys)->sign);
}

/* The keys of a small store (key file 20...). */
UNUSED static void kit_keys(struct kit *k, struct kst1_keyring *keys)
{
	k->ask.key_file = kit_k20;
	ck_assert_msg(!kit_read(k), "%s", k->err.message);
	ck_assert_msg(!kst_format_kst1.unlock(&k->io, &k->m, KST_NEED_ADMIN, &k->err), "%s",
		      k->err.message);
	*keys = (struct kst1_keyring){ .can_read = false };
	ck_assert_int_eq(kst1_keyring_root(keys, kst1_keys_of(&kit_state(k)->keys)->root, NULL), 0);
}

/* Sign the first header as it stands and copy it to the end. */
UNUSED static void kit_resign(struct kit *k, const struct kst1_keyring *keys)
{
	uint8_t *raw = k->in.bytes.data;
	kit_sign(raw, keys);
	memcpy(raw + k->in.bytes.len - KST1_HEADER, raw, KST1_HEADER);
}

/* ---- randomness that was written down before ---- */

static struct {
	uint8_t data[1024];
	size_t len, pos;
} kit_random;

UNUSED static const char *kit_random_name(void)
{
	return "test";
}
UNUSED static void kit_random_buf(void *const out, const size_t n)
{
	if (n > kit_random.len - kit_random.pos)
		ck_abort_msg("more randomness was drawn than the example has");
	memcpy(out, kit_random.data + kit_random.pos, n);
	kit_random.pos += n;
}
UNUSED static uint32_t kit_random_word(void)
{
	uint32_t v;
	kit_random_buf(&v, sizeof(v));
	return v;
}
UNUSED static void kit_random_put(size_t n, uint8_t first)
{
	kit_run(kit_random.data + kit_random.len, n, first);
	kit_random.len += n;
}
UNUSED static void kit_random_begin(void)
{
	static struct randombytes_implementation fixed = {
		.implementation_name = kit_random_name,
		.random = kit_random_word,
		.buf = kit_random_buf,
	};
	kit_random.len = kit_random.pos = 0;
	randombytes_set_implementation(&fixed);
}
UNUSED static void kit_random_end(void)
{
	ck_assert_uint_eq(kit_random.pos, kit_random.len);
	randombytes_set_implementation(&randombytes_sysrandom_implementation);
}

#endif
