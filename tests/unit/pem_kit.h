/* SPDX-License-Identifier: ISC */
/*
 * pem_kit.h - texts of PEM blocks in memory, read and written by the format
 * itself, without a file
 */
#ifndef KST_TESTS_PEM_KIT_H
#define KST_TESTS_PEM_KIT_H

#include <stdio.h>
#include <string.h>

#include "kstool/kstool.h"
#include "party.h"

extern const struct kst_format kst_format_pem, kst_format_der;

struct file {
	const struct kst_format *format;
	struct kst_model m;
	struct kst_buf out; /* what was written last */
	struct kst_error err;
	struct kst_notes notes;
	struct kst_limits limits;
	struct kst_write_options write;
	const char *new_pass; /* answer, or NULL */
	unsigned asked;
	struct kst_asker asker;
};

static inline int file_ask(void *ctx, const struct kst_question *q, struct kst_secret *out,
			   enum kst_ask_source *source, struct kst_error *err)
{
	struct file *f = ctx;
	f->asked++;
	if (q->what != KST_ASK_NEW_STORE || !f->new_pass)
		return 1;
	*source = KST_SOURCE_GIVEN;
	return kst_secret_set(out, f->new_pass, strlen(f->new_pass), err);
}

static inline int file_sink(void *ctx, const void *data, size_t n, struct kst_error *err)
{
	(void)err;
	kst_buf_put(ctx, data, n);
	return 0;
}

static inline struct kst_io file_io(struct file *f)
{
	static const struct kst_read_options read;
	return (struct kst_io){ .path = "test",
				.sink = { file_sink, &f->out },
				.asker = &f->asker,
				.limits = &f->limits,
				.notes = &f->notes,
				.read = &read,
				.write = &f->write };
}

static inline void file_init(struct file *f, const struct kst_format *format)
{
	*f = (struct file){ .format = format, .limits = KST_LIMITS_DEFAULT };
	f->write.pbe.iterations = 1000;
	f->asker = (struct kst_asker){ file_ask, f };
	kst_model_init(&f->m);
}

static inline void file_close(struct file *f)
{
	if (f->m.state)
		f->format->close(f->m.state);
	f->m.state = NULL;
	kst_model_release(&f->m);
	kst_buf_release(&f->out);
	kst_notes_release(&f->notes);
}

/* 0 or -1; a file that failed is closed by file_close() as well. */
static inline int file_read_bytes(struct file *f, const struct kst_format *format, const void *data,
				  size_t n)
{
	file_init(f, format);
	struct kst_io io = file_io(f);
	io.source.bytes = (struct kst_bytes){ data, n };
	io.source.size = n;
	return format->read(&io, &f->m, &f->err);
}

static inline int file_try(struct file *f, const char *text)
{
	return file_read_bytes(f, &kst_format_pem, text, strlen(text));
}

static inline void file_read(struct file *f, const char *text)
{
	int rc = file_try(f, text);
	ck_assert_msg(rc == 0, "%s", f->err.message);
}

static inline void file_fails(const char *text, enum kst_code code, const char *message)
{
	struct file f;
	ck_assert_int_eq(file_try(&f, text), -1);
	ck_assert_msg(f.err.code == code && strstr(f.err.message, message), "%s: %s",
		      kst_code_slug(f.err.code), f.err.message);
	file_close(&f);
}

static inline int file_try_write(struct file *f)
{
	struct kst_io io = file_io(f);
	kst_buf_release(&f->out);
	kst_error_clear(&f->err);
	return f->format->write(&io, &f->m, &f->err);
}

static inline const char *file_write(struct file *f)
{
	int rc = file_try_write(f);
	ck_assert_msg(rc == 0, "%s", f->err.message);
	return f->out.data ? (const char *)f->out.data : "";
}

static inline struct kst_entry *entry(struct file *f, size_t i)
{
	ck_assert_uint_lt(i, f->m.nr);
	f->m.item[i].dirty = true; /* harmless where nothing is written */
	return f->m.item[i].entry;
}

static inline const struct kst_entry *peek(const struct file *f, size_t i)
{
	ck_assert_uint_lt(i, f->m.nr);
	return f->m.item[i].entry;
}

static inline void set_alias(struct file *f, size_t i, const char *alias)
{
	struct kst_entry *e = entry(f, i);
	kst_free(e->alias);
	e->alias = kst_strdup(alias);
	e->alias_derived = false;
}

/* ---- texts: kept until the test ends, so that tests can be written in one line ---- */

static inline char *text_keep(struct kst_buf *b)
{
	/* Never read: volatile, or the compiler drops it and a leak checker finds nobody who has them. */
	static char *volatile kept[1024];
	static size_t nr;
	char *text = kst_strdup(b->data ? (char *)b->data : "");
	ck_assert(text != NULL && !b->failed && nr < 1024);
	kst_buf_release(b);
	return kept[nr++] = text;
}

static inline char *block(const char *label, const uint8_t *der, size_t n)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_pem_block(&b, label, der, n);
	return text_keep(&b);
}

static inline char *cert_text(const struct party *p)
{
	struct kst_cert *c = party_cert(p);
	struct kst_bytes der = kst_cert_der(c);
	char *text = block("CERTIFICATE", der.data, der.len);
	kst_cert_free(c);
	return text;
}

/* "localKeyID: ..." as kstool writes it. */
static inline char *id_text(const struct party *p)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	uint8_t sha1[20];
	ck_assert_int_eq(X509_digest(p->cert, EVP_sha1(), sha1, NULL), 1);
	kst_buf_puts(&b, "localKeyID:");
	for (size_t i = 0; i < sizeof(sha1); i++)
		kst_buf_printf(&b, " %02X", sha1[i]);
	kst_buf_u8(&b, '\n');
	return text_keep(&b);
}

static inline char *key_text(const struct party *p)
{
	struct kst_key *k = party_key(p);
	char *text = block("PRIVATE KEY", k->pkcs8.data, k->pkcs8.len);
	kst_key_free(k);
	return text;
}

static inline char *sealed_text(const struct party *p, const char *pass)
{
	struct kst_pbe_options opt = { .pbe = KST_PBE_AES256, .iterations = 1000 };
	struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;
	struct kst_key *k = party_key(p);
	ck_assert_int_eq(kst_secret_set(&s, pass, strlen(pass), NULL), 0);
	ck_assert_int_eq(kst_key_seal(k, &s, &opt, &der, NULL), 0);
	kst_key_free(k);
	return block("ENCRYPTED PRIVATE KEY", der.data, der.len);
}

static inline int opens(struct kst_key *key, const char *pass)
{
	struct kst_secret s KST_SCRATCH_SECRET = KST_SECRET_INIT;
	ck_assert_int_eq(kst_secret_set(&s, pass, strlen(pass), NULL), 0);
	return kst_key_open_with(key, &s, NULL) == 0;
}

/* Everything of `text` with `from` replaced by `to`, every time. */
static inline char *swap(const char *text, const char *from, const char *to)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	for (const char *hit; (hit = strstr(text, from)); text = hit + strlen(from)) {
		kst_buf_put(&b, text, (size_t)(hit - text));
		kst_buf_puts(&b, to);
	}
	kst_buf_puts(&b, text);
	return text_keep(&b);
}

/* Without its last line end. */
static inline char *chop(const char *text)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	kst_buf_put(&b, text, strlen(text) - 1);
	return text_keep(&b);
}

#define JOIN(...) join((const char *const[]){ __VA_ARGS__, NULL })
static inline char *join(const char *const *part)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	for (kst_buf_puts(&b, ""); *part; part++)
		kst_buf_puts(&b, *part);
	return text_keep(&b);
}

/* A root, an issuer below it, two leaves of the issuer; with their texts. */
struct world {
	struct party root, issuer, a, b;
	char *root_cert, *issuer_cert, *a_cert, *b_cert, *a_key, *b_key, *issuer_key;
};

static struct world w;

static inline void world_begin(void)
{
	if (w.root.key)
		return;
	w.root = party_new("Root CA", NULL, 1, NULL);
	w.issuer = party_new("Issuer CA", NULL, 1, &w.root);
	w.a = party_new("a", "DNS:a.test", 0, &w.issuer);
	w.b = party_new("b", "DNS:b.test", 0, &w.issuer);
	w.root_cert = cert_text(&w.root);
	w.issuer_cert = cert_text(&w.issuer);
	w.a_cert = cert_text(&w.a);
	w.b_cert = cert_text(&w.b);
	w.a_key = key_text(&w.a);
	w.b_key = key_text(&w.b);
	w.issuer_key = key_text(&w.issuer);
}

#endif
