/* SPDX-License-Identifier: ISC */
/*
 * pkcs12_kit.h - PKCS#12 files made piece by piece, as other writers (and
 * attackers) make them, and a reader with given answers
 *
 * The MACs are made by OpenSSL's functions, not by what is tested.
 */
#ifndef KST_TESTS_PKCS12_KIT_H
#define KST_TESTS_PKCS12_KIT_H

#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/der.h"
#include "crypto/pbe.h"
#include "kstool/kstool.h"
#include "party.h"

extern const struct kst_format kst_format_pkcs12;
/* What is read and written; tests of Java's other stores set theirs. */
static const struct kst_format *kit_format = &kst_format_pkcs12;

/* ---- DER, kept until kit_reset() ---- */

struct kit_piece {
	struct kit_piece *next;
	struct kst_buf buf;
};
static struct kit_piece *kit_pieces;

static inline struct kst_buf *kit_new(void)
{
	struct kit_piece *p = calloc(1, sizeof(*p));
	p->next = kit_pieces;
	kit_pieces = p;
	return &p->buf;
}

static inline void kit_reset(void)
{
	while (kit_pieces) {
		struct kit_piece *p = kit_pieces;
		kit_pieces = p->next;
		kst_buf_release(&p->buf);
		free(p);
	}
}

static inline struct kst_bytes kit_bytes(const struct kst_buf *b)
{
	return (struct kst_bytes){ b->data, b->len };
}

static inline struct kst_bytes kit_tlv(uint8_t id, const struct kst_bytes *part, size_t nr)
{
	struct kst_buf body KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_buf *out = kit_new();
	for (size_t i = 0; i < nr; i++)
		if (part[i].len)
			kst_buf_put(&body, part[i].data, part[i].len);
	kst_der_put(out, id, body.data, body.len);
	return kit_bytes(out);
}
/* T(0x30, a, b): a tag around pieces; J(a, b): pieces in a row. */
#define KIT_LIST(...) \
	(const struct kst_bytes[]){ __VA_ARGS__ }, \
		sizeof((const struct kst_bytes[]){ __VA_ARGS__ }) / sizeof(struct kst_bytes)
#define T(id, ...) kit_tlv((id), KIT_LIST(__VA_ARGS__))
#define J(...) kit_join(KIT_LIST(__VA_ARGS__))
#define NOTHING ((struct kst_bytes){ NULL, 0 })
#define RAW(literal) ((struct kst_bytes){ (const uint8_t *)(literal), sizeof(literal) - 1 })

static inline struct kst_bytes kit_join(const struct kst_bytes *part, size_t nr)
{
	struct kst_buf *out = kit_new();
	kst_buf_puts(out, "");
	for (size_t i = 0; i < nr; i++)
		if (part[i].len)
			kst_buf_put(out, part[i].data, part[i].len);
	return kit_bytes(out);
}

static inline struct kst_bytes kit_oid(const char *dotted)
{
	uint8_t oid[KST_OID_MAX];
	size_t n = kst_oid_der(dotted, oid);
	ck_assert_uint_gt(n, 0);
	return T(0x06, (struct kst_bytes){ oid, n });
}

static inline struct kst_bytes kit_int(uint64_t v)
{
	struct kst_buf *out = kit_new();
	kst_der_put_uint(out, v);
	return kit_bytes(out);
}

/* ---- bags ---- */

static inline struct kst_bytes kit_attr(const char *oid, struct kst_bytes value)
{
	return T(0x30, kit_oid(oid), T(0x31, value));
}

/* Raw UTF-16BE. */
static inline struct kst_bytes kit_bmp_name(struct kst_bytes bmp)
{
	return kit_attr("1.2.840.113549.1.9.20", T(0x1e, bmp));
}

static inline struct kst_bytes kit_name(const char *name)
{
	struct kst_buf *bmp = kit_new();
	ck_assert_int_eq(kst_text_to_utf16be(bmp, name, strlen(name)), 0);
	return kit_bmp_name(kit_bytes(bmp));
}

static inline struct kst_bytes kit_id(const char *id)
{
	return kit_attr("1.2.840.113549.1.9.21",
			T(0x04, (struct kst_bytes){ (const uint8_t *)id, strlen(id) }));
}

static inline struct kst_bytes kit_trust(void)
{
	return kit_attr("2.16.840.1.113894.746875.1.1", kit_oid("2.5.29.37.0"));
}

/* `attrs`: Attributes in a row, or NOTHING. */
static inline struct kst_bytes kit_bag(unsigned type, struct kst_bytes value, struct kst_bytes attrs)
{
	char oid[64];
	snprintf(oid, sizeof(oid), "1.2.840.113549.1.12.10.1.%u", type);
	return T(0x30, kit_oid(oid), T(0xa0, value), attrs.len ? T(0x31, attrs) : NOTHING);
}

static inline struct kst_bytes kit_cert_bag(const struct party *p, struct kst_bytes attrs)
{
	struct kst_cert *cert = party_cert(p);
	struct kst_bytes bag = kit_bag(3, T(0x30, kit_oid("1.2.840.113549.1.9.22.1"),
					    T(0xa0, T(0x04, kst_cert_der(cert)))),
				       attrs);
	kst_cert_free(cert);
	return bag;
}

static inline struct kst_secret kit_pass(const char *text)
{
	struct kst_secret s = KST_SECRET_INIT;
	ck_assert_int_eq(kst_secret_set(&s, text, strlen(text), NULL), 0);
	return s;
}

static inline struct kst_bytes kit_sealed(const struct party *p, const char *pass, uint32_t iterations)
{
	struct kst_pbe_options opt = { .iterations = iterations };
	struct kst_secret s KST_SCRATCH_SECRET = kit_pass(pass);
	struct kst_key *key = party_key(p);
	struct kst_buf *out = kit_new();
	ck_assert_int_eq(kst_key_seal(key, &s, &opt, out, NULL), 0);
	kst_key_free(key);
	return kit_bytes(out);
}

static inline struct kst_bytes kit_key_bag(const struct party *p, const char *pass,
					   struct kst_bytes attrs)
{
	return kit_bag(2, kit_sealed(p, pass, 1000), attrs);
}

static inline struct kst_bytes kit_plain_key_bag(const struct party *p, struct kst_bytes attrs)
{
	struct kst_key *key = party_key(p);
	struct kst_bytes der = { key->pkcs8.data, key->pkcs8.len };
	struct kst_bytes bag = kit_bag(1, J(der), attrs);
	kst_key_free(key);
	return bag;
}

/* ---- safes: ContentInfo around a row of bags ---- */

static inline struct kst_bytes kit_data(struct kst_bytes bytes)
{
	return T(0x30, kit_oid("1.2.840.113549.1.7.1"), T(0xa0, T(0x04, bytes)));
}

static inline struct kst_bytes kit_safe(struct kst_bytes bags)
{
	return kit_data(T(0x30, bags));
}

static inline struct kst_bytes kit_encrypted(struct kst_bytes bags, const char *pass, uint32_t iterations)
{
	struct kst_pbe_options opt = { .iterations = iterations };
	struct kst_secret s KST_SCRATCH_SECRET = kit_pass(pass);
	struct kst_buf *algid = kit_new(), *ct = kit_new();
	struct kst_bytes plain = T(0x30, bags);
	ck_assert_int_eq(kst_pbe_encrypt(&opt, plain.data, plain.len, &s, NULL, algid, ct, NULL), 0);
	return T(0x30, kit_oid("1.2.840.113549.1.7.6"),
		 T(0xa0, T(0x30, kit_int(0), T(0x30, kit_oid("1.2.840.113549.1.7.1"), kit_bytes(algid),
					       T(0x80, kit_bytes(ct))))));
}

/* ---- PFX ---- */

/* MacData by OpenSSL's KDF; `bmp` is what the KDF gets. */
static inline struct kst_bytes kit_mac_bmp(struct kst_bytes content, struct kst_bytes bmp)
{
	uint8_t key[32], mac[32], salt[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	unsigned n = 0;
	ck_assert_int_eq(PKCS12_key_gen_uni((uint8_t *)(uintptr_t)bmp.data, (int)bmp.len, salt, 8, 3,
					    100, 32, key, EVP_sha256()), 1);
	HMAC(EVP_sha256(), key, 32, content.data, content.len, mac, &n);
	return T(0x30, T(0x30, T(0x30, kit_oid("2.16.840.1.101.3.4.2.1"), RAW("\x05\x00")),
			 T(0x04, (struct kst_bytes){ mac, 32 })),
		 T(0x04, (struct kst_bytes){ salt, 8 }), kit_int(100));
}

static inline struct kst_bytes kit_mac(struct kst_bytes content, const char *pass)
{
	struct kst_buf *bmp = kit_new();
	ck_assert_int_eq(kst_text_to_utf16be(bmp, pass, strlen(pass)), 0);
	kst_buf_be16(bmp, 0);
	return kit_mac_bmp(content, kit_bytes(bmp));
}

/* PBMAC1 with a key of this length; `iterations` as the file says, `prf` NULL: none. */
static inline struct kst_bytes kit_pbmac1(struct kst_bytes content, const char *pass, uint64_t key_len)
{
	uint8_t key[64] = { 0 }, mac[32];
	unsigned n = 0;
	PKCS5_PBKDF2_HMAC(pass, (int)strlen(pass), (const uint8_t *)"12345678", 8, 100, EVP_sha256(),
			  key_len > 64 ? 64 : (int)key_len, key);
	HMAC(EVP_sha256(), key, key_len > 64 ? 64 : (int)key_len, content.data, content.len, mac, &n);
	struct kst_bytes hmac = T(0x30, kit_oid("1.2.840.113549.2.9"), RAW("\x05\x00"));
	struct kst_bytes kdf = T(0x30, kit_oid("1.2.840.113549.1.5.12"),
				 T(0x30, T(0x04, RAW("12345678")), kit_int(100), kit_int(key_len), hmac));
	return T(0x30, T(0x30, T(0x30, kit_oid("1.2.840.113549.1.5.14"), T(0x30, kdf, hmac)),
			 T(0x04, (struct kst_bytes){ mac, 32 })),
		 T(0x04, RAW("NOT USED")), kit_int(1));
}

/* `safes` in a row; `pass` NULL: no MAC. */
static inline struct kst_bytes kit_pfx(struct kst_bytes safes, const char *pass)
{
	struct kst_bytes content = T(0x30, safes);
	return T(0x30, kit_int(3), kit_data(content), pass ? kit_mac(content, pass) : NOTHING);
}

/* ---- reading ---- */

struct kit_answers {
	const char *store[4]; /* in turn */
	const char *key;
	const char *fresh;
	unsigned asked;
};

static inline int kit_ask(void *ctx, const struct kst_question *q, struct kst_secret *out,
			  enum kst_ask_source *source, struct kst_error *err)
{
	struct kit_answers *a = ctx;
	const char *text = NULL;
	a->asked++;
	if (q->what == KST_ASK_STORE && q->attempt < 4)
		text = a->store[q->attempt];
	else if (q->what == KST_ASK_KEY && q->attempt == 0)
		text = a->key;
	else if (q->what == KST_ASK_NEW_STORE)
		text = a->fresh;
	if (!text)
		return 1;
	*source = KST_SOURCE_GIVEN;
	return kst_secret_set(out, text, strlen(text), err);
}

struct opened {
	int rc;
	struct kst_model model;
	struct kst_error err;
	struct kst_notes notes;
	struct kit_answers answers;
	struct kst_limits limits;
	struct kst_read_options read;
	struct kst_write_options write;
	struct kst_buf out;
};

static inline int kit_sink(void *ctx, const void *data, size_t n, struct kst_error *err)
{
	(void)err;
	kst_buf_put(ctx, data, n);
	return 0;
}

static inline struct kst_io kit_io(struct opened *o, struct kst_asker *asker, struct kst_bytes file)
{
	*asker = (struct kst_asker){ kit_ask, &o->answers };
	return (struct kst_io){ .path = "t.p12",
				.source = { .bytes = file, .size = file.len },
				.sink = { kit_sink, &o->out },
				.asker = asker,
				.limits = &o->limits,
				.notes = &o->notes,
				.read = &o->read,
				.write = &o->write };
}

static inline void kit_close(struct opened *o)
{
	if (o->model.state)
		kit_format->close(o->model.state);
	kst_model_release(&o->model);
	kst_notes_release(&o->notes);
	kst_buf_release(&o->out);
	memset(o, 0, sizeof(*o));
}

static inline void kit_blank(struct opened *o)
{
	static const struct kst_limits limits = KST_LIMITS_DEFAULT;
	memset(o, 0, sizeof(*o));
	o->limits = limits;
	o->write.pbe.iterations = 1000; /* tests are not the place to wait */
}

/* With what `o` says of answers, limits, options. */
static inline int kit_read(struct opened *o, struct kst_bytes file)
{
	struct kst_asker asker;
	struct kst_io io = kit_io(o, &asker, file);
	o->rc = kit_format->read(&io, &o->model, &o->err);
	/* Success has no error, failure has one. */
	ck_assert_int_eq(o->rc == 0, o->err.code == KST_OK);
	return o->rc;
}

static inline struct opened *kit_open(struct opened *o, struct kst_bytes file, const char *pass)
{
	kit_blank(o);
	o->answers.store[0] = pass;
	kit_read(o, file);
	return o;
}

static inline int kit_write(struct opened *o)
{
	struct kst_asker asker;
	struct kst_io io = kit_io(o, &asker, NOTHING);
	kst_buf_reset(&o->out);
	o->rc = kit_format->write(&io, &o->model, &o->err);
	return o->rc;
}

static inline const struct kst_note *kit_note(const struct opened *o, const char *slug)
{
	for (size_t i = 0; i < o->notes.nr; i++)
		if (!strcmp(o->notes.note[i].slug, slug))
			return &o->notes.note[i];
	return NULL;
}

static inline struct kst_entry *kit_entry(const struct opened *o, size_t i)
{
	ck_assert_msg(o->rc == 0, "%s", o->err.message);
	ck_assert_uint_lt(i, o->model.nr);
	return o->model.item[i].entry;
}

static inline struct kst_entry *kit_find(const struct opened *o, const char *alias)
{
	ck_assert_msg(o->rc == 0, "%s", o->err.message);
	for (size_t i = 0; i < o->model.nr; i++)
		if (o->model.item[i].entry->alias && !strcmp(o->model.item[i].entry->alias, alias))
			return o->model.item[i].entry;
	return NULL;
}

/* Does the entry hold this party's key (opened with pass) and certificate? */
static inline void kit_is(struct kst_entry *e, const struct party *p, const char *pass, size_t chain)
{
	struct kst_secret s KST_SCRATCH_SECRET = kit_pass(pass);
	struct kst_cert *cert = party_cert(p);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(e->kind, KST_KIND_KEY);
	ck_assert_uint_eq(e->chain.nr, chain);
	if (chain)
		ck_assert(kst_cert_equal(e->chain.cert[0], cert));
	if (kst_key_is_sealed(e->key))
		ck_assert_int_eq(kst_key_open_with(e->key, &s, NULL), 0);
	ck_assert_int_eq(kst_key_matches(e->key, cert), 1);
	kst_cert_free(cert);
}

#define ck_refused(o, slug, words) \
	ck_assert_msg((o)->rc < 0 && !strcmp(kst_code_slug((o)->err.code), slug) && \
			      strstr((o)->err.message, words), \
		      "%d [%s] %s", (o)->rc, kst_code_slug((o)->err.code), (o)->err.message)

/* ---- who is in them ---- */

static struct party root, ica, web, api;

static inline void kit_setup(void)
{
	root = party_new("Root", NULL, 1, NULL);
	ica = party_new("Issuing CA", NULL, 1, &root);
	web = party_new("web", "DNS:web.test", 0, &ica);
	api = party_new("api", "DNS:api.test", 0, &ica);
}

static inline void kit_teardown(void)
{
	party_free(&root);
	party_free(&ica);
	party_free(&web);
	party_free(&api);
	kit_reset();
}

/* Key, leaf, issuer; everything as it should be. */
static inline struct kst_bytes kit_good(const char *pass)
{
	return J(kit_safe(kit_key_bag(&web, pass, J(kit_name("web"), kit_id("1")))),
		 kit_encrypted(J(kit_cert_bag(&web, J(kit_name("web"), kit_id("1"))),
				 kit_cert_bag(&ica, NOTHING)),
			       pass, 1000));
}

#endif
