/* SPDX-License-Identifier: ISC */
/*
 * out.h - the answer: text for people, --plain for awk, --json for programs
 *
 * Commands fill plain row structs and describe them once in a field table; text
 * columns, narrow blocks, TAB-separated lines and JSON all come from that table.
 * What no table can say (a chain as a tree, a sentence) has its own text call,
 * which is silent in the other modes, and JSON calls, which are silent in text.
 * A command never prints by itself.
 *
 * Texts given here are raw: this is where they are escaped (kst_text_escape for
 * text and plain, JSON escapes for JSON).  Data (PEM, DER) goes through out_data().
 */
#ifndef KST_UI_OUT_H
#define KST_UI_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/kstool.h"

enum out_mode { OUT_TEXT, OUT_PLAIN, OUT_JSON };

struct out;

/* ---- field tables ---- */

enum field_type {
	F_STR,   /* const char *; NULL is null */
	F_INT,   /* int64_t */
	F_BOOL,  /* bool */
	F_TIME,  /* int64_t; 0 is null */
	F_HEX32, /* const uint8_t *, 32 bytes; NULL is null */
	F_STATE  /* const char *: "ok", "WARN", "EXPIRED", ...: coloured */
};
enum field_flags {
	FF_TEXT = 1,    /* a text column */
	FF_JSON = 2,    /* a JSON member */
	FF_PLAIN = 4,   /* a --plain column */
	FF_KEEP = 8,    /* never cut or dropped when narrow */
	FF_DROP1 = 16,  /* dropped first when narrow */
	FF_DROP2 = 32,  /* dropped next */
	FF_MIDDLE = 64, /* shortened in the middle */
	FF_RIGHT = 128, /* aligned right */
	FF_RAGGED = 256 /* where nothing follows in its row, its width does not count */
};
struct field {
	const char *key;   /* JSON member, --fields name, label of the block layout; NULL ends */
	const char *title; /* column title; NULL: no title */
	enum field_type type;
	unsigned flags;
	size_t offset;
};

/* Rows as text columns (blocks below 60 cells), as plain lines, or as a JSON array `name`. */
void out_rows(struct out *o, const char *name, const struct field *table, const void *rows,
	      size_t nr, size_t row_size);
/* The same with another table for the block layout, where there is room for whole sentences. */
void out_list(struct out *o, const char *name, const struct field *table,
	      const struct field *blocks, const void *rows, size_t nr, size_t row_size);
/* Will rows be blocks, because the screen is narrow or somebody wants them?  (Rows that do not fit
 * into a wider screen become blocks too.) */
bool out_blocks(const struct out *o);
/* One row as the members of the JSON object that is open; silent otherwise. */
void out_members(struct out *o, const struct field *table, const void *row);

/* ---- JSON only ---- */
/* `key` NULL inside an array.  The envelope is opened by main and closed by out_finish(). */
void out_schema(struct out *o, const char *schema); /* "kstool.list/1" */
void out_object(struct out *o, const char *key);
void out_array(struct out *o, const char *key);
void out_end(struct out *o); /* of the innermost object or array */
void out_str(struct out *o, const char *key, const char *value);   /* NULL: null */
void out_strn(struct out *o, const char *key, const void *s, size_t n);
void out_int(struct out *o, const char *key, int64_t value);
void out_bool(struct out *o, const char *key, bool value);
void out_null(struct out *o, const char *key);
void out_time(struct out *o, const char *key, int64_t t); /* 0: null */
void out_hex(struct out *o, const char *key, const uint8_t *data, size_t n);
void out_changed(struct out *o, bool changed); /* the envelope's "changed" */

/* ---- text only ---- */
/* A line of printf text; %s arguments are escaped one by one.  Only %s %d %u %zu %llu %lld %ld %% . */
void out_line(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, and what does not fit goes on in lines that start at column `indent`. */
void out_hanging(struct out *o, size_t indent, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same as a sentence, wrapped; and one that wants to be read: "! the chain has a hole: ...". */
void out_sentence(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_advice(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_blank(struct out *o);
void out_heading(struct out *o, const char *fmt, ...) /* bold */
	__attribute__((format(printf, 2, 3)));
/* "  names     api.acme.test, ..."; wraps to the width with a hanging indent. */
void out_pair(struct out *o, const char *label, const char *value);
/* The same with a state word first in the value. */
void out_pair_state(struct out *o, const char *label, const char *value);
/* "  --alias NAME   name of a single key": `left` in a column of its own, the text wraps beside it. */
void out_item(struct out *o, size_t cells, const char *left, const char *text);
/*
 * Running text of a page: `left` (NULL none) in column 2, the text from `column` on.  Wrapped in
 * a file too, where nobody says how wide a line may be.
 */
void out_para(struct out *o, size_t column, const char *left, const char *text);
/* Tree rows, root first: depth 0 has no mark.  `cells` are padded to columns over one tree. */
struct out_tree_row {
	unsigned depth;
	const char *mark;     /* "?" or NULL */
	const char *cell[5];  /* name, use, key, dates, state; NULL empty */
};
void out_tree(struct out *o, const struct out_tree_row *row, size_t nr);
/* A line of what was checked: "  ✓ dates         valid until ...", in ASCII "ok", "FAIL", "-"; MORE goes
 * on with the line before (label NULL). */
enum out_check { OUT_CHECK_OK, OUT_CHECK_BAD, OUT_CHECK_NONE, OUT_CHECK_MORE };
void out_check(struct out *o, enum out_check how, const char *label, const char *text);
/*
 * A change line: "added      alias   text"; goes to stderr when stdout carries data.  --plain has
 * the words of `facts` (NULL-terminated) instead of the text, which is for people.
 */
void out_change(struct out *o, const char *verb, const char *alias, const char *text,
		const char *const *facts);
/* A further line below it, in text only: "           sha256             EC:B4:..."; label may be NULL. */
void out_change_more(struct out *o, const char *label, const char *text);
/* A sentence about the changes; goes where the change lines go. */
void out_summary(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- plain only ---- */
void out_plain(struct out *o, const char *const *cell, size_t nr);

/* ---- every mode ---- */
/* Bytes as the answer (PEM, DER).  In JSON mode they become the member "data" (text) or "data_base64". */
int out_data(struct out *o, const void *data, size_t n, bool binary, struct kst_error *err);
/* From now on stdout carries data: change lines move to stderr. */
void out_data_mode(struct out *o);
/* To stderr, unless quiet: "kstool: warning: ..." (also collected for JSON "warnings"), "note: ...". */
void out_warn(struct out *o, const char *slug, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void out_note(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool out_is(const struct out *o, enum out_mode mode);
size_t out_width(const struct out *o); /* cells; 0: unlimited (not a terminal) */
bool out_ascii(const struct out *o);
int out_verbose(const struct out *o); /* how many -v */

/* ---- for main, help and the asker ---- */

struct out_options {
	enum out_mode mode;
	bool quiet, ascii, local_time, no_pager;
	int verbose;
	const char *color, *layout; /* as the options say; NULL: auto */
	int fd, err_fd;             /* where answer and talk go: 1 and 2, or a test's files */
};
struct out *out_new(const struct out_options *opt); /* NULL without memory */
void out_free(struct out *o);
/*
 * The error, on stderr, in the one form that errors have (cli.md 4.8); the first one is also
 * the document's "error".
 */
void out_error(struct out *o, const struct kst_error *err);
/* The command failed: drop what it had to say; the document holds nothing but the error. */
void out_discard(struct out *o);
/*
 * The end: complete the JSON document with this exit status and write what is pending.  When the
 * answer itself could not be written, that is reported and 8 is returned; else `status`.
 */
int out_finish(struct out *o, int status);
/* Write pending text now: somebody is going to be asked, or told something, about it. */
void out_flush(struct out *o);
/* Text that is taller than the screen goes through a pager at the end. */
void out_pager(struct out *o);
/* This is the end of the text: what is told from here on comes after it. */
void out_show(struct out *o);
/* The line of progress that is erased before anything else is written; NULL for none. */
struct progress;
void out_progress(struct out *o, struct progress *p);
/* A question was answered; the work goes on. */
void out_resume(struct out *o);
/* JSON: close containers until `depth` are open (the document itself is 1). */
void out_unwind(struct out *o, size_t depth);
bool out_quiet(const struct out *o);
bool out_for_people(const struct out *o); /* text: neither JSON nor --plain */

#endif
