/* SPDX-License-Identifier: ISC */
/*
 * store_kit.h - a shelf, three parties, and a store with two keys and an anchor:
 * what the tests of stores begin with, for each format
 */
#ifndef KST_TESTS_STORE_KIT_H
#define KST_TESTS_STORE_KIT_H

#include <check.h>
#include <string.h>

#include "kstool/kstool.h"
#include "party.h"
#include "shelf.h"

static struct party ca, web, api;
static struct shelf shelf;

static const char *const formats[] = { "kst1", "pkcs12" };
#define FORMATS 2

static inline void setup_parties(void)
{
	ca = party_new("Test CA", NULL, 1, NULL);
	web = party_new("web", "DNS:web.test", 0, &ca);
	api = party_new("api", "DNS:api.test", 0, &ca);
}

static inline void teardown_parties(void)
{
	party_free(&ca);
	party_free(&web);
	party_free(&api);
}

static inline void setup(void)
{
	shelf_begin(&shelf);
}

static inline void teardown(void)
{
	shelf_end(&shelf);
}

/* A file "s" with two keys and an anchor. */
static inline void make(const char *format)
{
	struct kst_store *s = shelf_new(&shelf, "s", format);
	shelf_add(&shelf, s, party_entry("web", &web, PARTIES(&web, &ca)));
	shelf_add(&shelf, s, party_entry("api", &api, PARTIES(&api)));
	shelf_add(&shelf, s, party_entry("root", NULL, PARTIES(&ca)));
	shelf_close(&shelf, s);
	memset(shelf.asked, 0, sizeof(shelf.asked));
}

static inline struct kst_entry *entry_of(struct kst_store *s, const char *alias)
{
	size_t i;
	struct kst_entry *e = NULL;
	kst_error_clear(&shelf.err);
	ck_assert_msg(kst_store_find(s, alias, &i, &shelf.err) == 0, "%s: %s", alias,
		      shelf.err.message);
	ck_assert_msg(kst_store_entry(s, i, &e, &shelf.err) == 0, "%s", shelf.err.message);
	return e;
}

static inline struct kst_entry *opened(struct kst_store *s, const char *alias)
{
	size_t i;
	kst_error_clear(&shelf.err);
	ck_assert_int_eq(kst_store_find(s, alias, &i, NULL), 0);
	ck_assert_msg(kst_store_open_key(s, i, &shelf.err) == 0, "%s", shelf.err.message);
	return entry_of(s, alias);
}

static inline size_t position(struct kst_store *s, const char *alias)
{
	size_t i = KST_NO_BASE;
	ck_assert_int_eq(kst_store_find(s, alias, &i, NULL), 0);
	return i;
}

static inline void finds(struct kst_store *s, const char *ref, const char *alias)
{
	size_t i = KST_NO_BASE;
	struct kst_head h;
	kst_error_clear(&shelf.err);
	ck_assert_msg(kst_store_find(s, ref, &i, &shelf.err) == 0, "%s: %s", ref,
		      shelf.err.message);
	ck_assert_int_eq(kst_store_head(s, i, &h, NULL), 0);
	ck_assert_str_eq(h.alias, alias);
}

static inline void finds_not(struct kst_store *s, const char *ref, enum kst_code code)
{
	size_t i = 77;
	kst_error_clear(&shelf.err);
	ck_assert_int_eq(kst_store_find(s, ref, &i, &shelf.err), -1);
	ck_assert_int_eq(shelf.err.code, code);
	ck_assert_uint_eq(i, 77);
}

#endif
