/* SPDX-License-Identifier: ISC */
/*
 * error.h - what went wrong, for people and for scripts
 *
 * Every function of the library that can fail returns 0 or -1 and fills a
 * caller-owned struct kst_error.  The first, most specific error wins: once an
 * error is set, later kst_error_set() calls on the same object do nothing, so
 * that an upper floor can only add a subject or a hint.  The object holds its
 * text inline: an error can be reported when memory has run out.
 *
 * `err` may be NULL everywhere; then only the return value tells.
 */
#ifndef KSTOOL_ERROR_H
#define KSTOOL_ERROR_H

#include <stddef.h>

enum kst_code {
	KST_OK = 0,
#define KST_ERROR(name, exit, slug, meaning) KST_E_##name,
#include "errors.def"
#undef KST_ERROR
	KST_CODE_COUNT
};

struct kst_error {
	enum kst_code code;
	int sys_errno;      /* errno of the system call that failed, else 0 */
	char subject[1024]; /* the file, entry or option it is about; may be empty */
	char message[1024]; /* what failed, in words: no capital, no full stop */
	char detail[1536];  /* further lines, '\n' between them; may be empty */
	char hint[1536];    /* one runnable command or piece of advice a line */
	char underlying[512];  /* what the library below said; shown with -vv only */
};

#define KST_ERROR_INIT { .code = KST_OK }

/* Forget everything; the object can be used again. */
void kst_error_clear(struct kst_error *err);

/*
 * Set code and message unless an error is already set.  The plain form keeps
 * errno and appends ": " and its text to the message; the x form does not.
 * Always return -1, so that `return kst_error_setx(err, ...)` reads in one line.
 */
int kst_error_set(struct kst_error *err, enum kst_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int kst_error_setx(struct kst_error *err, enum kst_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Name what the error is about, unless a subject is already there.  Returns -1. */
int kst_error_subject(struct kst_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Append one line of detail, or one hint.  Return -1.  The library knows no command line: of
 * "add --OPTION to DO IT" the program makes the user's whole command.
 */
int kst_error_detail(struct kst_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int kst_error_hint(struct kst_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A hint that is a command: words, NULL at the end, quoted so that a shell takes each as one. */
int kst_error_command(struct kst_error *err, const char *word, ...) __attribute__((sentinel));
/* The same behind what it is for, in one line: "to trust this CA:  kstool trust ts.p12 ca.pem". */
int kst_error_advise(struct kst_error *err, const char *what, const char *word, ...)
	__attribute__((sentinel));
/* Either, of any number of words: an array, NULL at the end.  Of all three: what does not fit is not hinted at. */
int kst_error_words(struct kst_error *err, const char *what, const char *const *word);

/* No memory: sets NO_MEMORY.  Returns -1. */
int kst_error_nomem(struct kst_error *err);

/* Facts of a code, from errors.def.  Never NULL; the status of KST_OK is 0. */
const char *kst_code_slug(enum kst_code code);
const char *kst_code_meaning(enum kst_code code);
int kst_code_exit(enum kst_code code);

/* The code with this slug, or KST_OK if there is none. */
enum kst_code kst_code_find(const char *slug);

#endif
