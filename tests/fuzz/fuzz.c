/* SPDX-License-Identifier: ISC */
/*
 * fuzz.c - bytes through a format, as far as they get
 */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "crypto/der.h"
#include "crypto/pbe.h"

static const struct kst_limits limits = {
	.file = UINT64_C(1) << 20,
	.blocks = 1000,
	.iterations = 4096,
	.iterations_all = 20000,
	.kdf_mem = UINT64_C(8) << 20,
};

const uint8_t fuzz_key[32] = {
	0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a,
	0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35,
	0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
};

/*
 * In the place of libsodium's: its guard pages cost a dozen system calls for each secret, and the
 * sanitizer's own blocks show more (a read after free, a byte behind the end).
 */
void *sodium_malloc(size_t size);
void sodium_free(void *p);

void *sodium_malloc(size_t size)
{
	return malloc(size ? size : 1);
}

void sodium_free(void *p)
{
	free(p);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct kst_error err = KST_ERROR_INIT;
	(void)argc;
	(void)argv;
	if (kst_init(false, &err) < 0)
		fuzz_bug("kst_init: %s", err.message);
	/* LeakSanitizer has to look into the process. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	kst_time_set_now(INT64_C(1790000000));
	return 0;
}

void fuzz_bug(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fputs("BUG: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

/* ---- input, output, answers ---- */

static int read_at(void *ctx, uint64_t offset, void *buf, size_t n, struct kst_error *err)
{
	const struct fuzz_io *f = ctx;
	if (offset > f->in.len || n > f->in.len - offset)
		return kst_error_setx(err, KST_E_TRUNCATED, "ends too early");
	if (n)
		memcpy(buf, f->in.data + offset, n);
	return 0;
}

static int put(void *ctx, const void *data, size_t n, struct kst_error *err)
{
	struct fuzz_io *f = ctx;
	kst_buf_put(&f->out, data, n);
	return f->out.failed ? kst_error_nomem(err) : 0;
}

#define NEW_PASS "long enough"

static int answer(void *ctx, const struct kst_question *q, struct kst_secret *out,
		  enum kst_ask_source *source, struct kst_error *err)
{
	const struct fuzz_io *f = ctx;
	const char *pass = q->attempt ? NEW_PASS : FUZZ_PASS;
	*source = KST_SOURCE_GIVEN;
	switch (q->what) {
	case KST_ASK_KEY_FILE:
	case KST_ASK_NEW_KEY_FILE:
		return q->attempt ? 1 : kst_secret_set(out, fuzz_key, sizeof(fuzz_key), err);
	case KST_ASK_STORE:
	case KST_ASK_KEY:
		/* A native store is opened by its key file: Argon2id is too slow. */
		return !f->bytes || q->attempt > 1 ? 1
						   : kst_secret_set(out, pass, strlen(pass), err);
	case KST_ASK_NEW_STORE:
		return q->attempt ? 1 : kst_secret_set(out, NEW_PASS, strlen(NEW_PASS), err);
	}
	return 1;
}

void fuzz_io(struct fuzz_io *f, const uint8_t *data, size_t size, bool bytes)
{
	*f = (struct fuzz_io){
		.in = { data, size },
		.asker = { answer, f },
		.bytes = bytes,
		.write = { .pbe = { .iterations = 16 }, .plain_key = true, .kdf_passes = 2, .kdf_kib = 19456 },
	};
	f->io = (struct kst_io){
		.path = "fuzz",
		.source = { .size = size, .read_at = read_at, .ctx = f },
		.sink = { put, f },
		.asker = &f->asker,
		.limits = &limits,
		.notes = &f->notes,
		.read = &f->read,
		.write = &f->write,
	};
	if (bytes)
		f->io.source.bytes = f->in;
}

void fuzz_io_release(struct fuzz_io *f)
{
	kst_buf_release(&f->out);
	kst_notes_release(&f->notes);
}

void fuzz_failed(const struct kst_error *err, const char *what)
{
	if (err->code == KST_OK)
		fuzz_bug("%s failed without an error", what);
	if (!*err->message)
		fuzz_bug("%s failed without a message: %s", what, kst_code_slug(err->code));
	if (err->code == KST_E_INTERNAL)
		fuzz_bug("%s: internal error: %s", what, err->message);
	if (!kst_utf8_valid(err->message, strlen(err->message)))
		fuzz_bug("%s: the message is not UTF-8", what);
}

/* ---- what commands do ---- */

static int each_san(void *ctx, enum kst_san_type type, const char *value, size_t len)
{
	(void)type;
	kst_buf_put(ctx, value, len);
	return 0;
}

static int each_rdn(void *ctx, const char *type, const char *value)
{
	kst_buf_puts(ctx, type);
	kst_buf_puts(ctx, value);
	return 0;
}

static void look_at_cert(const struct kst_cert *c, struct kst_buf *text)
{
	uint8_t hash[32];
	kst_cert_subject(c, text);
	kst_cert_issuer(c, text);
	kst_cert_name(c, text);
	kst_cert_issuer_name(c, text);
	kst_cert_key_text(c, true, text);
	kst_cert_key_text(c, false, text);
	kst_cert_sig_text(c, text);
	kst_cert_each_san(c, each_san, text);
	kst_cert_san_count(c);
	kst_cert_each_rdn(c, false, each_rdn, text);
	kst_cert_key_usage(c, text);
	kst_cert_ext_key_usage(c, text);
	kst_cert_sha1(c, hash);
	kst_cert_spki_sha256(c, hash);
	kst_cert_full_text(c, text);
}

/* What opening this would cost is looked at first: the library's own limits allow a minute. */
static bool is_cheap(const struct kst_key *key)
{
	struct kst_der_item seq, alg;
	struct kst_der in;
	uint64_t n;
	if (!key->sealed.len)
		return true;
	if (kst_der_whole(key->sealed.data, key->sealed.len, KST_DER_SEQUENCE, &seq) < 0)
		return true;
	in = kst_der_in(&seq);
	return kst_der_expect(&in, KST_DER_SEQUENCE, &alg) < 0 ||
	       kst_pbe_cost(alg.whole.data, alg.whole.len, &n, NULL) < 0 || n <= limits.iterations;
}

static void look_at_key(struct kst_key *key, const struct kst_chain *chain, struct kst_buf *text)
{
	struct kst_error err = KST_ERROR_INIT;
	struct kst_secret pass KST_SCRATCH_SECRET = KST_SECRET_INIT;
	if (kst_key_is_sealed(key)) {
		kst_key_protection(key, text);
		if (!is_cheap(key) || kst_secret_set(&pass, FUZZ_PASS, strlen(FUZZ_PASS), NULL) < 0)
			return;
		if (kst_key_open_with(key, &pass, &err) < 0)
			fuzz_failed(&err, "opening a key");
		kst_pbe_forget();
	}
	kst_key_text(key, true, text);
	if (kst_key_spki(key, text, &err) < 0)
		fuzz_failed(&err, "the public half of a key");
	if (chain->nr)
		kst_key_matches(key, chain->cert[0]);
}

static void look_at(struct kst_entry *e)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_head head;
	for (size_t i = 0; i < e->chain.nr && i < 8; i++)
		look_at_cert(e->chain.cert[i], &text);
	if (e->key)
		look_at_key(e->key, &e->chain, &text);
	kst_entry_head(e, &head, &text);
	if (e->alias && !kst_alias_ok(e->alias, strlen(e->alias), 255))
		fuzz_bug("an alias that is not legal came through");
}

static void look_at_all(const struct kst_format *f, struct fuzz_io *io, struct kst_model *m)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_error err = KST_ERROR_INIT;
	struct kst_head head;
	for (size_t i = 0; i < m->nr; i++) {
		kst_error_clear(&err);
		kst_buf_reset(&text);
		if (f->head && f->head(m, i, &head, &text, &err) < 0)
			fuzz_failed(&err, "head");
		struct kst_entry *e = m->item[i].entry;
		if (e) {
			look_at(e);
		} else if (f->load) {
			if (f->load(&io->io, m, i, &e, &err) < 0) {
				fuzz_failed(&err, "load");
				continue;
			}
			look_at(e);
			kst_entry_free(e);
		} else {
			fuzz_bug("an entry is empty");
		}
	}
}

static void close_model(const struct kst_format *f, struct kst_model *m)
{
	if (m->state && f->close)
		f->close(m->state);
	m->state = NULL;
	kst_model_release(m);
}

/* Of a PKCS#12 the keys alone: which certificate belongs to one is told by the public half of an
 * open key, by localKeyID once it is sealed. */
static size_t count(const struct kst_format *f, const struct kst_model *m)
{
	size_t nr = 0;
	if (!(f->caps & KST_CAP_JAVA))
		return m->nr;
	for (size_t i = 0; i < m->nr; i++)
		nr += m->item[i].entry->kind == KST_KIND_KEY;
	return nr;
}

/* Written as it is and read again it has as many entries. */
static void write_again(const struct kst_format *f, struct fuzz_io *io, struct kst_model *m)
{
	struct kst_error err = KST_ERROR_INIT;
	struct fuzz_io back;
	struct kst_model again;
	if (f->unlock && f->unlock(&io->io, m, KST_NEED_ADMIN, &err) < 0) {
		fuzz_failed(&err, "unlock");
		return;
	}
	if (f->write(&io->io, m, &err) < 0) {
		fuzz_failed(&err, "write");
		return;
	}
	if (!io->out.len)
		return;
	fuzz_io(&back, io->out.data, io->out.len, io->bytes);
	back.read = io->read;
	kst_model_init(&again);
	/* The limits of the second reading are the same: what grew beyond them is no bug. */
	if (f->read(&back.io, &again, &err) < 0 && err.code != KST_E_LIMIT &&
	    err.code != KST_E_TOO_LARGE)
		fuzz_bug("what was written cannot be read: %s: %s", kst_code_slug(err.code),
			 err.message);
	if (err.code == KST_OK && count(f, &again) != count(f, m))
		fuzz_bug("%zu entries were written, %zu are read", count(f, m), count(f, &again));
	kst_error_clear(&err);
	if (f->verify && f->verify(&back.io, m, &err) < 0)
		fuzz_bug("verify: %s: %s", kst_code_slug(err.code), err.message);
	close_model(f, &again);
	fuzz_io_release(&back);
}

void fuzz_format(const struct kst_format *f, const uint8_t *data, size_t size, bool again)
{
	struct kst_error err = KST_ERROR_INIT;
	struct fuzz_io io;
	struct kst_model m;
	int bid = f->probe(data, size, true);
	if (bid < 0 || bid > 100)
		fuzz_bug("probe says %d", bid);
	fuzz_io(&io, data, size, !f->load);
	io.read.allow_unauthenticated = true;
	kst_model_init(&m);
	if (f->read(&io.io, &m, &err) < 0) {
		fuzz_failed(&err, "read");
	} else {
		look_at_all(f, &io, &m);
		if (again && f->write)
			write_again(f, &io, &m);
	}
	close_model(f, &m);
	fuzz_io_release(&io);
}
