/* SPDX-License-Identifier: ISC */
/* test_hashdir.c - directories as OpenSSL looks things up in them: names, numbers, links, what stays */
#include <sys/stat.h>

#include "hashdir.h"
#include "pem_kit.h"
#include "shelf.h"

extern const struct kst_format kst_format_hashdir;

#define TWINS 12
static struct party twin[TWINS]; /* of one name */

static void begin(void)
{
	world_begin();
	for (size_t i = 0; i < TWINS && !twin[i].key; i++)
		twin[i] = party_new("Twin", NULL, 1, NULL);
}

/* ---- packs ---- */

static struct kst_bytes bytes(const char *text)
{
	return (struct kst_bytes){ (const uint8_t *)text, strlen(text) };
}

static void put(struct kst_buf *pack, const char *name, const char *target, const char *data)
{
	struct kst_member m = { bytes(name), bytes(target ? target : ""), bytes(data ? data : "") };
	kst_pack_put(pack, &m);
}

static void read_pack(struct file *f, const struct kst_buf *pack)
{
	int rc = file_read_bytes(f, &kst_format_hashdir, pack->data, pack->len);
	ck_assert_msg(rc == 0, "%s", f->err.message);
}

/* What the format writes is a pack that could have been read. */
static void write_pack(struct file *f)
{
	file_write(f);
	ck_assert_msg(kst_pack_check(f->out.data, f->out.len, KST_PACK_MEMBERS_MAX, &f->err) == 0, "%s", f->err.message);
}

/* What was written as the disk shows it: a link has the bytes of what it leads to. */
static void read_back(struct file *f, const struct file *written)
{
	struct kst_buf pack KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_cursor c;
	struct kst_member m, to;
	kst_pack_begin(&pack);
	ck_assert(kst_pack_open(&c, written->out.data, written->out.len));
	while (kst_pack_next(&c, &m) == 1) {
		if (m.target.len && kst_pack_find(written->out.data, written->out.len, m.target, &to))
			m.data = to.data;
		kst_pack_put(&pack, &m);
	}
	read_pack(f, &pack);
}

static size_t members(const struct file *f)
{
	struct kst_cursor c;
	struct kst_member m;
	size_t n = 0;
	ck_assert(kst_pack_open(&c, f->out.data, f->out.len));
	while (kst_pack_next(&c, &m) == 1)
		n++;
	return n;
}

static bool has(const struct file *f, const char *name, const char *target, const char *data)
{
	struct kst_member m;
	if (!kst_pack_find(f->out.data, f->out.len, bytes(name), &m))
		return false;
	return (!target || (m.target.len == strlen(target) && !memcmp(m.target.data, target, m.target.len))) &&
	       (!data || (m.data.len == strlen(data) && !memcmp(m.data.data, data, m.data.len)));
}

/* HASH.N as OpenSSL has it; good until the eighth call from now. */
static const char *hashed(const struct party *p, const char *r, unsigned number)
{
	static char name[8][32];
	static unsigned turn;
	char *s = name[turn++ % 8];
	snprintf(s, sizeof(name[0]), "%08lx.%s%u", X509_NAME_hash_ex(X509_get_subject_name(p->cert), NULL, NULL, NULL), r,
		 number);
	return s;
}

static void add(struct file *f, struct kst_entry *e)
{
	ck_assert_int_eq(kst_model_push(&f->m, e, KST_NO_BASE), 0);
}

static bool noted(const struct file *f, const char *slug, const char *text)
{
	for (size_t i = 0; i < f->notes.nr; i++)
		if (!strcmp(f->notes.note[i].slug, slug) && strstr(f->notes.note[i].text, text))
			return true;
	return false;
}

static struct kst_entry *crl_entry(const struct party *by)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0), *then = X509_gmtime_adj(NULL, 86400);
	unsigned char *der = NULL;
	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert));
	X509_CRL_set1_lastUpdate(crl, now);
	X509_CRL_set1_nextUpdate(crl, then);
	ck_assert_int_gt(X509_CRL_sign(crl, by->key, EVP_sha256()), 0);
	int n = i2d_X509_CRL(crl, &der);
	struct kst_entry *e = kst_entry_new(KST_KIND_CRL);
	e->alias = kst_strdup("list");
	ck_assert_int_eq(kst_blob_set(&e->der, der, (size_t)n), 0);
	OPENSSL_free(der);
	ASN1_TIME_free(now);
	ASN1_TIME_free(then);
	X509_CRL_free(crl);
	return e;
}

/* ---- names ---- */

START_TEST(names_of_members_are_taken_apart)
{
	static const struct {
		const char *name;
		bool ok, crl;
		uint32_t hash;
		unsigned number;
	} names[] = {
		{ "1a2b3c4d.0", true, false, 0x1a2b3c4d, 0 },
		{ "00000000.10", true, false, 0, 10 },
		{ "ffffffff.r7", true, true, 0xffffffff, 7 },
		{ "1a2b3c4d.99999", true, false, 0x1a2b3c4d, 99999 },
		{ "1a2b3c4d.100000", false, false, 0, 0 },
		{ "1A2B3C4D.0", false, false, 0, 0 },
		{ "1a2b3c4d.", false, false, 0, 0 },
		{ "1a2b3c4d.r", false, false, 0, 0 },
		{ "1a2b3c4d.0x", false, false, 0, 0 },
		{ "1a2b3c4d.-1", false, false, 0, 0 },
		{ "1a2b3c4.0", false, false, 0, 0 },
		{ "1a2b3c4d5.0", false, false, 0, 0 },
		{ "1a2b3c4d", false, false, 0, 0 },
		{ "root.pem", false, false, 0, 0 },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint32_t hash = 0;
		unsigned number = 0;
		bool crl = false;
		ck_assert_msg(hashdir_name(bytes(names[i].name), &hash, &number, &crl) == names[i].ok, "%s", names[i].name);
		if (names[i].ok)
			ck_assert_msg(hash == names[i].hash && number == names[i].number && crl == names[i].crl, "%s",
				      names[i].name);
	}
}
END_TEST

START_TEST(what_is_written_openssl_finds)
{
	struct kst_entry *e = party_entry("Root CA", NULL, PARTIES(&w.root));
	struct file f;
	file_init(&f, &kst_format_hashdir);
	add(&f, e);
	add(&f, party_entry("issuer", NULL, PARTIES(&w.issuer)));
	add(&f, crl_entry(&w.root));
	ck_assert_int_eq(kst_purposes_set(&e->purposes, KST_FOR_SERVER), 0);
	write_pack(&f);
	ck_assert_uint_eq(members(&f), 6);
	ck_assert(has(&f, hashed(&w.root, "", 0), "Root%20CA.pem", NULL));
	ck_assert(has(&f, hashed(&w.issuer, "", 0), "issuer.pem", NULL));
	ck_assert(has(&f, hashed(&w.root, "r", 0), "list.crl", NULL));
	ck_assert(has(&f, "issuer.pem", "", w.issuer_cert));
	/* What it is trusted for OpenSSL honours here. */
	struct kst_member m;
	ck_assert(kst_pack_find(f.out.data, f.out.len, bytes("Root%20CA.pem"), &m));
	ck_assert_ptr_nonnull(memmem(m.data.data, m.data.len, "BEGIN TRUSTED CERTIFICATE", 25));
	/* And back. */
	struct file again;
	read_back(&again, &f);
	ck_assert_uint_eq(again.m.nr, 3);
	unsigned seen = 0;
	for (size_t i = 0; i < 3; i++) {
		const struct kst_entry *x = peek(&again, i);
		seen |= !strcmp(x->alias, "Root CA") && x->purposes.len ? 1 : 0;
		seen |= !strcmp(x->alias, "issuer") && x->trusted && !x->purposes.len ? 2 : 0;
		seen |= !strcmp(x->alias, "list") && x->kind == KST_KIND_CRL ? 4 : 0;
	}
	ck_assert_uint_eq(seen, 7);
	file_close(&again);
	file_close(&f);
}
END_TEST

START_TEST(no_name_leads_out_and_none_is_taken_twice)
{
	struct kst_buf pack KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f;
	kst_pack_begin(&pack);
	put(&pack, hashed(&w.root, "", 0), NULL, w.root_cert);
	put(&pack, "a.pem", NULL, "somebody's own");
	read_pack(&f, &pack);
	add(&f, party_entry("a", NULL, PARTIES(&twin[0])));
	add(&f, party_entry("../../etc/x", NULL, PARTIES(&twin[1])));
	add(&f, party_entry(".hidden", NULL, PARTIES(&twin[2])));
	add(&f, party_entry("1a2b3c4d.0", NULL, PARTIES(&twin[3])));
	write_pack(&f); /* whose check refuses '/' and what begins with a dot */
	ck_assert(has(&f, "a.pem", "", "somebody's own"));
	ck_assert(has(&f, "a-2.pem", "", NULL));
	ck_assert_uint_eq(members(&f), 2 + 2 * 4);
	file_close(&f);
}
END_TEST

/* ---- numbers ---- */

/* A directory of files HASH.0 ... HASH.11 but for one number (TWINS: none). */
static void twins(struct kst_buf *pack, unsigned without)
{
	for (unsigned i = 0; i < TWINS; i++)
		if (i != without)
			put(pack, hashed(&twin[i], "", i), NULL, cert_text(&twin[i]));
}

START_TEST(numbers_count_up_and_close_up)
{
	struct kst_buf pack KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f, g;
	file_init(&f, &kst_format_hashdir);
	for (size_t i = 0; i < TWINS; i++)
		add(&f, party_entry(NULL, NULL, PARTIES(&twin[i])));
	for (size_t i = 0; i < TWINS; i++) {
		char alias[16];
		snprintf(alias, sizeof(alias), "t%zu", i);
		set_alias(&f, i, alias);
	}
	write_pack(&f);
	for (unsigned i = 0; i < TWINS; i++) {
		char target[16];
		snprintf(target, sizeof(target), "t%u.pem", i);
		ck_assert_msg(has(&f, hashed(&twin[0], "", i), target, NULL), "%u", i);
	}
	/* One of the middle goes; the others move up in their order, past 9 too. */
	read_back(&g, &f);
	ck_assert_uint_eq(g.notes.nr, 0);
	size_t at = 0;
	while (strcmp(peek(&g, at)->alias, "t3") != 0)
		at++;
	ck_assert_int_eq(kst_model_remove(&g.m, at), 0);
	write_pack(&g);
	ck_assert_uint_eq(members(&g), 2 * (TWINS - 1));
	ck_assert(!has(&g, "t3.pem", NULL, NULL));
	for (unsigned i = 0; i < TWINS - 1; i++) {
		char target[16];
		snprintf(target, sizeof(target), "t%u.pem", i < 3 ? i : i + 1);
		ck_assert_msg(has(&g, hashed(&twin[0], "", i), target, NULL), "%u", i);
		ck_assert(has(&g, target, "", cert_text(&twin[i < 3 ? i : i + 1])));
	}
	file_close(&g);
	file_close(&f);
	kst_buf_release(&pack);
}
END_TEST

START_TEST(a_gap_is_told_wherever_it_is)
{
	for (unsigned gap = 0; gap <= TWINS; gap++) {
		struct kst_buf pack KST_SCRATCH_BUF = KST_BUF_INIT;
		struct file f;
		char text[16];
		unsigned nr = TWINS - (gap < TWINS);
		kst_pack_begin(&pack);
		put(&pack, hashed(&w.root, "", 0), NULL, w.root_cert); /* each hash counts for itself */
		twins(&pack, gap);
		put(&pack, hashed(&w.root, "", 1), NULL, w.issuer_cert);
		read_pack(&f, &pack);
		ck_assert_uint_eq(f.m.nr, nr + 2);
		/* All behind it; none behind the last. */
		snprintf(text, sizeof(text), "%u file", TWINS - 1 - gap);
		ck_assert_msg(noted(&f, "hash-gap", text) == (gap < TWINS - 1), "without %u", gap);
		ck_assert_uint_eq(f.notes.nr, gap < TWINS - 1);
		/* Anything that is written closes it up; the bytes stay. */
		write_pack(&f);
		ck_assert_uint_eq(members(&f), f.m.nr);
		for (unsigned i = 0; i < nr; i++)
			ck_assert_msg(has(&f, hashed(&twin[0], "", i), "", cert_text(&twin[i < gap ? i : i + 1])), "without %u: %u",
				      gap, i);
		file_close(&f);
	}
}
END_TEST

/* ---- what stays ---- */

START_TEST(what_was_not_read_stays)
{
	const char *precious = "no certificate, and somebody's";
	struct kst_buf pack KST_SCRATCH_BUF = KST_BUF_INIT;
	char *key_and_cert = JOIN(w.a_key, w.a_cert);
	struct file f;
	kst_pack_begin(&pack);
	put(&pack, hashed(&w.root, "", 0), NULL, precious); /* where the root's own link would go */
	put(&pack, hashed(&w.issuer, "", 0), NULL, w.issuer_cert);
	put(&pack, "12345678.0", NULL, precious);
	put(&pack, "README", NULL, precious);
	put(&pack, "server.pem", NULL, key_and_cert);
	put(&pack, hashed(&w.a, "", 0), "server.pem", key_and_cert);
	put(&pack, "link", "/nowhere", precious);
	read_pack(&f, &pack);
	/* The certificate beside its key counts, as with OpenSSL; its file stays as it is all the same. */
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert(peek(&f, 0)->kind == KST_KIND_CERT && peek(&f, 1)->kind == KST_KIND_CERT);
	ck_assert(noted(&f, "file-skipped", "12345678.0: not read: it holds no certificate"));
	add(&f, party_entry("root", NULL, PARTIES(&w.root)));
	write_pack(&f);
	ck_assert_uint_eq(members(&f), 9);
	ck_assert(has(&f, hashed(&w.issuer, "", 0), "", w.issuer_cert));
	ck_assert(has(&f, hashed(&w.root, "", 0), "", precious));
	ck_assert(has(&f, hashed(&w.root, "", 1), "root.pem", NULL));
	ck_assert(has(&f, "12345678.0", "", precious));
	ck_assert(has(&f, "README", "", precious));
	ck_assert(has(&f, "link", "/nowhere", precious));
	ck_assert(has(&f, "server.pem", "", key_and_cert));
	ck_assert(has(&f, hashed(&w.a, "", 0), "server.pem", key_and_cert));
	file_close(&f);
}
END_TEST

START_TEST(links_are_one_thing_with_what_they_lead_to)
{
	struct kst_buf pack KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f;
	const char *outside = "/usr/share/ca/twin.crt";
	kst_pack_begin(&pack);
	put(&pack, "Root.pem", NULL, w.root_cert);
	put(&pack, hashed(&w.root, "", 0), "Root.pem", w.root_cert);
	put(&pack, hashed(&w.root, "", 1), "Root.pem", w.root_cert); /* a second time */
	put(&pack, hashed(&twin[0], "", 0), outside, cert_text(&twin[0]));
	read_pack(&f, &pack);
	ck_assert_uint_eq(f.m.nr, 2);
	size_t root = strcmp(peek(&f, 0)->alias, "Root") ? 1 : 0;
	ck_assert_str_eq(peek(&f, root)->alias, "Root");
	ck_assert_str_eq(peek(&f, 1 - root)->alias, "twin"); /* of its CN: a number is no name */
	add(&f, party_entry("issuer", NULL, PARTIES(&w.issuer)));
	write_pack(&f);
	ck_assert_uint_eq(members(&f), 5);
	ck_assert(has(&f, "Root.pem", "", w.root_cert));
	ck_assert(has(&f, hashed(&w.root, "", 0), "Root.pem", NULL));
	ck_assert(!has(&f, hashed(&w.root, "", 1), NULL, NULL));
	ck_assert(has(&f, hashed(&twin[0], "", 0), outside, NULL));
	/* With the entry go its file and every link to it. */
	ck_assert_int_eq(kst_model_remove(&f.m, root), 0);
	write_pack(&f);
	ck_assert_uint_eq(members(&f), 3);
	ck_assert(!has(&f, "Root.pem", NULL, NULL) && !has(&f, hashed(&w.root, "", 0), NULL, NULL));
	file_close(&f);
}
END_TEST

START_TEST(a_file_of_several_is_not_taken_apart)
{
	struct kst_buf pack KST_SCRATCH_BUF = KST_BUF_INIT;
	char *both = JOIN(w.root_cert, w.issuer_cert);
	struct file f;
	kst_pack_begin(&pack);
	put(&pack, "both.pem", NULL, both);
	put(&pack, hashed(&w.root, "", 0), "both.pem", both);
	read_pack(&f, &pack);
	ck_assert_uint_eq(f.m.nr, 2);
	write_pack(&f);
	ck_assert(has(&f, "both.pem", "", both));
	ck_assert_int_eq(kst_model_remove(&f.m, 0), 0);
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_CANNOT_HOLD);
	file_close(&f);
}
END_TEST

START_TEST(a_directory_of_loose_files_is_read_and_not_written)
{
	struct kst_buf pack KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f;
	kst_pack_begin(&pack);
	put(&pack, "ca.crt", NULL, w.root_cert);
	put(&pack, "same.crt", NULL, w.root_cert);
	put(&pack, "tls.pem", NULL, JOIN(w.a_key, w.a_cert));
	put(&pack, "notes.txt", NULL, "nothing");
	read_pack(&f, &pack);
	ck_assert_uint_eq(f.m.nr, 2);
	ck_assert(noted(&f, "file-skipped", "notes.txt: not read: it holds no certificate"));
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_UNSUPPORTED_FEATURE);
	file_close(&f);
}
END_TEST

START_TEST(keys_do_not_get_in)
{
	struct file f;
	file_init(&f, &kst_format_hashdir);
	f.write.plain_key = true;
	add(&f, party_entry("a", &w.a, PARTIES(&w.a)));
	ck_assert_int_eq(file_try_write(&f), -1);
	ck_assert_int_eq(f.err.code, KST_E_CANNOT_HOLD);
	file_close(&f);
}
END_TEST

/* ---- packs that are none ---- */

static enum kst_code check(const struct kst_buf *pack, size_t most)
{
	struct kst_error err = KST_ERROR_INIT;
	int rc = kst_pack_check(pack->data, pack->len, most, &err);
	ck_assert_int_eq(rc, err.code == KST_OK ? 0 : -1);
	return err.code;
}

static enum kst_code check_name(const char *name, size_t n)
{
	struct kst_buf pack KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_member m = { .name = { (const uint8_t *)name, n } };
	kst_pack_begin(&pack);
	kst_pack_put(&pack, &m);
	return check(&pack, 10);
}

START_TEST(a_pack_is_checked)
{
	struct kst_buf pack KST_SCRATCH_BUF = KST_BUF_INIT;
	char name[300];
	size_t whole[4] = { 0 };
	kst_pack_begin(&pack);
	whole[0] = pack.len;
	for (unsigned i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		put(&pack, name, i ? "f0" : NULL, "x");
		whole[i + 1] = pack.len;
	}
	ck_assert_int_eq(check(&pack, 3), KST_OK);
	ck_assert_int_eq(check(&pack, 2), KST_E_LIMIT);
	/* Cut where no member ends. */
	size_t all = pack.len;
	for (pack.len = 0; pack.len < all; pack.len++) {
		bool ends = false;
		for (size_t i = 0; i < 4; i++)
			ends |= pack.len == whole[i];
		ck_assert_int_eq(check(&pack, 3), ends ? KST_OK : KST_E_CORRUPT);
	}
	pack.len = all;
	pack.data[0] ^= 1;
	ck_assert_int_eq(check(&pack, 3), KST_E_CORRUPT);
	memset(name, 'x', sizeof(name));
	ck_assert_int_eq(check_name(name, 255), KST_OK);
	ck_assert_int_eq(check_name(name, 256), KST_E_CORRUPT);
	ck_assert_int_eq(check_name("", 0), KST_E_CORRUPT);
	ck_assert_int_eq(check_name("..", 2), KST_E_CORRUPT);
	ck_assert_int_eq(check_name(".x", 2), KST_E_CORRUPT);
	ck_assert_int_eq(check_name("a/b", 3), KST_E_CORRUPT);
	ck_assert_int_eq(check_name("a\0b", 3), KST_E_CORRUPT);
}
END_TEST

START_TEST(what_changed_while_it_was_read_is_refused)
{
	static const struct {
		const char *second, *target, *data;
		enum kst_code code;
	} cases[] = {
		{ "b.0", "a", "new", KST_OK },
		{ "b.0", "a", "old", KST_E_CORRUPT },     /* what it leads to is another file by now */
		{ "b.0", "a", "", KST_OK },               /* a link that is only planned */
		{ "b.0", "/else/a", "old", KST_OK },      /* leads elsewhere */
		{ "b.0", NULL, "old", KST_OK },           /* is no link */
		{ "a", NULL, "new", KST_E_CORRUPT },      /* listed twice */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kst_buf pack KST_SCRATCH_BUF = KST_BUF_INIT;
		struct file f;
		kst_pack_begin(&pack);
		put(&pack, "a", NULL, "new");
		put(&pack, cases[i].second, cases[i].target, cases[i].data);
		ck_assert_msg(check(&pack, 10) == cases[i].code, "%zu", i);
		/* And the reader asks. */
		ck_assert_int_eq(file_read_bytes(&f, &kst_format_hashdir, pack.data, pack.len), cases[i].code ? -1 : 0);
		ck_assert_int_eq(f.err.code, cases[i].code);
		file_close(&f);
	}
}
END_TEST

START_TEST(limits_and_failures_of_memory)
{
	struct kst_buf pack KST_SCRATCH_BUF = KST_BUF_INIT;
	struct file f;
	bool done = false;
	kst_pack_begin(&pack);
	twins(&pack, 4);
	file_init(&f, &kst_format_hashdir);
	f.limits.blocks = 5;
	struct kst_io io = file_io(&f);
	io.source = (struct kst_source){ .bytes = { pack.data, pack.len }, .size = pack.len };
	ck_assert_int_eq(kst_format_hashdir.read(&io, &f.m, &f.err), -1);
	ck_assert_int_eq(f.err.code, KST_E_LIMIT);
	file_close(&f);
	for (size_t n = 1; !done && n < 100000; n += n < 60 ? 1 : 29) {
		kst_alloc_fail_after(n);
		int rc = file_read_bytes(&f, &kst_format_hashdir, pack.data, pack.len);
		if (rc == 0 && f.m.nr == TWINS - 1)
			rc = file_try_write(&f);
		kst_alloc_fail_after(0);
		done = rc == 0 && !f.out.failed && f.m.nr == TWINS - 1 && f.out.len;
		ck_assert_msg(rc == 0 || f.err.code != KST_OK, "allocation %zu", n);
		file_close(&f);
	}
	ck_assert(done);
}
END_TEST

/* ---- on the disk ---- */

START_TEST(a_fifo_is_not_waited_for_and_what_is_too_large_is_left_alone)
{
	struct kst_buf big KST_SCRATCH_BUF = KST_BUF_INIT;
	struct shelf shelf;
	shelf_begin(&shelf);
	shelf_put(&shelf, "root.pem", w.root_cert, strlen(w.root_cert));
	ck_assert_int_eq(symlink("root.pem", shelf_path(&shelf, hashed(&w.root, "", 0))), 0);
	ck_assert_int_eq(mkfifo(shelf_path(&shelf, hashed(&w.root, "", 1)), 0600), 0);
	ck_assert_int_eq(symlink(hashed(&w.issuer, "", 0), shelf_path(&shelf, hashed(&w.issuer, "", 0))), 0); /* a loop */
	while (big.len <= (1 << 20))
		kst_buf_puts(&big, w.a_cert);
	shelf_put(&shelf, hashed(&w.a, "", 0), big.data, big.len);
	shelf_put(&shelf, ".hidden", w.b_cert, strlen(w.b_cert));
	struct kst_store *s = shelf_open(&shelf, "", true);
	ck_assert_uint_eq(kst_store_count(s), 1);
	shelf_add(&shelf, s, party_entry("twin", NULL, PARTIES(&twin[0])));
	shelf_close(&shelf, s);
	ck_assert_uint_eq(shelf_count(&shelf), 8);
	struct stat st;
	ck_assert(lstat(shelf_path(&shelf, hashed(&w.root, "", 1)), &st) == 0 && S_ISFIFO(st.st_mode));
	ck_assert(lstat(shelf_path(&shelf, hashed(&twin[0], "", 0)), &st) == 0 && S_ISLNK(st.st_mode));
	ck_assert(stat(shelf_path(&shelf, hashed(&w.a, "", 0)), &st) == 0 && (size_t)st.st_size == big.len);
	/* Its name is taken, though nobody could read what has it. */
	s = shelf_open(&shelf, "", true);
	struct kst_save_options opt = shelf_save();
	shelf_add(&shelf, s, party_entry("a", NULL, PARTIES(&w.a)));
	ck_assert_int_eq(kst_store_save(s, &opt, NULL, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, KST_E_EXISTS);
	ck_assert_uint_eq(shelf_count(&shelf), 8);
	kst_store_free(s);
	shelf_end(&shelf);
}
END_TEST

Suite *test_hashdir(void);
Suite *test_hashdir(void)
{
	Suite *s = suite_create("hashdir");
	TCase *t = tcase_create("packs");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, begin, NULL);
	tcase_add_test(t, names_of_members_are_taken_apart);
	tcase_add_test(t, what_is_written_openssl_finds);
	tcase_add_test(t, no_name_leads_out_and_none_is_taken_twice);
	tcase_add_test(t, numbers_count_up_and_close_up);
	tcase_add_test(t, a_gap_is_told_wherever_it_is);
	tcase_add_test(t, what_was_not_read_stays);
	tcase_add_test(t, links_are_one_thing_with_what_they_lead_to);
	tcase_add_test(t, a_file_of_several_is_not_taken_apart);
	tcase_add_test(t, a_directory_of_loose_files_is_read_and_not_written);
	tcase_add_test(t, keys_do_not_get_in);
	tcase_add_test(t, a_pack_is_checked);
	tcase_add_test(t, what_changed_while_it_was_read_is_refused);
	tcase_add_test(t, limits_and_failures_of_memory);
	tcase_add_test(t, a_fifo_is_not_waited_for_and_what_is_too_large_is_left_alone);
	suite_add_tcase(s, t);
	return s;
}
