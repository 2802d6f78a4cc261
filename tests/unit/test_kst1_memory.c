/* SPDX-License-Identifier: ISC */
/* test_kst1_memory.c - any allocation of the native format may fail, and none is left behind */
#include "kst1_kit.h"

/* One thing that is done to a store; 0 or -1. */
typedef int action(struct kit *k);

static int do_read(struct kit *k)
{
	return kit_read(k);
}

static int do_load(struct kit *k)
{
	if (kit_read(k) < 0 ||
	    kst_format_kst1.unlock(&k->io, &k->m, KST_NEED_READ, &k->err) < 0)
		return -1;
	for (size_t i = 0; i < k->m.nr; i++) {
		struct kst_entry *e = NULL;
		if (kst_format_kst1.load(&k->io, &k->m, i, &e, &k->err) < 0)
			return -1;
		kst_entry_free(e);
	}
	return 0;
}

static int do_edit(struct kit *k)
{
	struct kst_buf out = KST_BUF_INIT;
	if (kit_read(k) < 0 ||
	    kst_format_kst1.unlock(&k->io, &k->m, KST_NEED_ADMIN, &k->err) < 0)
		return -1;
	struct kst_entry **e = &k->m.item[2].entry;
	if (kst_format_kst1.load(&k->io, &k->m, 2, e, &k->err) < 0)
		return -1;
	k->m.item[2].dirty = true;
	kst_buf_release(&k->out.bytes);
	int r = kst_format_kst1.write(&k->io, &k->m, &k->err);
	struct kst_io back = k->io;
	back.source = (struct kst_source){ .size = k->out.bytes.len,
					   .read_at = kit_read_at,
					   .ctx = &k->out };
	if (!r)
		r = kst_format_kst1.verify(&back, &k->m, &k->err);
	kst_buf_release(&out);
	return r;
}

static int do_rekey(struct kit *k)
{
	bool dropped[16];
	if (kit_read(k) < 0 ||
	    kst_format_kst1.native->rekey(&k->io, &k->m, dropped, &k->err) < 0)
		return -1;
	kst_buf_release(&k->out.bytes);
	return kst_format_kst1.write(&k->io, &k->m, &k->err);
}

static int do_check(struct kit *k)
{
	struct kst_check c;
	if (kit_check(k, &c, true) < 0)
		return -1;
	bool whole = c.whole;
	kst_check_release(&c);
	ck_assert_msg(whole, "a want of memory was taken for damage");
	return 0;
}

static int do_repair(struct kit *k)
{
	struct kst_repair r;
	kst_error_clear(&k->err);
	kst_buf_release(&k->out.bytes);
	kit_io(k);
	/* the index is made again from the boxes: the longest way */
	k->in.bytes.data[KST1_HEADER + 60] ^= 1;
	int rc = kst_format_kst1.native->repair(&k->io, &r, NULL, &k->err);
	k->in.bytes.data[KST1_HEADER + 60] ^= 1;
	kst_repair_release(&r);
	return rc;
}

static const struct {
	const char *what;
	action *act;
} actions[] = { { "read", do_read },   { "load", do_load },   { "edit", do_edit },
		{ "rekey", do_rekey }, { "check", do_check }, { "repair", do_repair } };

START_TEST(every_allocation_may_fail)
{
	struct kit k;
	bool sealed = _i & 1;
	action *act = actions[_i / 2].act;
	kit_small(&k, 'K', sealed);
	ck_assert_msg(!act(&k), "%s: %s", actions[_i / 2].what, k.err.message);
	kit_close(&k);
	kst_buf_release(&k.out.bytes);
	size_t live = kst_alloc_live(), n = 1;
	for (;; n++) {
		ck_assert_uint_lt(n, 5000);
		kst_alloc_fail_after(n);
		int r = act(&k);
		kst_alloc_fail_after(0);
		kit_close(&k);
		kst_buf_release(&k.out.bytes);
		kst_notes_release(&k.notes);
		if (!r)
			break;
		ck_assert_msg(k.err.code != KST_OK, "%s %zu: an error without a name",
			      actions[_i / 2].what, n);
		ck_assert_msg(kst_alloc_live() == live, "%s %zu: %zu bytes are left behind",
			      actions[_i / 2].what, n, kst_alloc_live() - live);
	}
	ck_assert_uint_gt(n, 2);
	ck_assert_uint_eq(kst_alloc_live(), live);
	kit_release(&k);
}
END_TEST

Suite *test_kst1_memory(void);
Suite *test_kst1_memory(void)
{
	Suite *s = suite_create("kst1_memory");
	TCase *t = tcase_create("memory");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, every_allocation_may_fail, 0,
			    2 * sizeof(actions) / sizeof(*actions));
	suite_add_tcase(s, t);
	return s;
}
