/* SPDX-License-Identifier: ISC */
/*
 * text.h - UTF-8, and the one function through which foreign text reaches people
 */
#ifndef KSTOOL_TEXT_H
#define KSTOOL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"

/*
 * Decode one code point of valid, shortest-form UTF-8 (RFC 3629) from s[0..n).
 * Returns its length in bytes, or 0 if there is none (n is 0, or invalid).
 */
size_t kst_utf8_decode(const uint8_t *s, size_t n, uint32_t *cp);
/* Encode; returns 1 to 4 bytes, 0 for a surrogate or a value above U+10FFFF. */
size_t kst_utf8_encode(uint32_t cp, uint8_t out[4]);
bool kst_utf8_valid(const void *s, size_t n);

/*
 * May this code point stand in an alias or a label?  The frozen list of
 * formats/kst1.md 4.6: no C0, DEL, C1, line separators, bidi controls,
 * zero-width characters, surrogates, noncharacters.
 */
bool kst_text_char_ok(uint32_t cp);

/*
 * May this code point be shown as it is?  Not what an alias may not hold, nor anything that
 * nobody sees or that looks like a blank: default ignorable characters (fillers, variation
 * selectors, tags), format characters, private use, spaces other than U+0020 and U+3000.
 */
bool kst_text_char_shown(uint32_t cp);

/* A legal alias or label of 1..max bytes: valid UTF-8, allowed characters, no outer blanks. */
bool kst_alias_ok(const char *s, size_t n, size_t max);

/*
 * Append hostile text as it may be shown: valid characters that are shown as they
 * are, everything else as \u{202e} or \x1b, a backslash doubled.  The one
 * choke point: every byte of an alias, a certificate, a file name or a foreign
 * message goes through here before a terminal sees it.  JSON does not use it.
 * With `ascii` for a terminal that does not read UTF-8: to it, a byte of a CJK
 * character can be CSI.
 */
void kst_text_escape(struct kst_buf *out, const void *s, size_t n);
void kst_text_escape_for(struct kst_buf *out, const void *s, size_t n, bool ascii);

/*
 * Append a word of a command as a shell takes it: bare, in '...', or, if it has what a terminal is
 * not shown, in $'...' (bash, ksh, zsh).  Nothing in it is ever outside of the quotes, even where
 * kst_text_escape goes over the whole.
 */
void kst_text_shell(struct kst_buf *out, const char *word);
/* The same of a path, which is no option if it begins with '-'; returns the text, "FILE" without memory. */
const char *kst_text_shell_path(struct kst_buf *out, const char *path);

/*
 * Append host[0..n) with each label in Punycode ("xn--bcher-kva", RFC 5890) as the UTF-8 that it
 * stands for; a label that is no valid Punycode stays.  True if there was one.  What comes out is
 * hostile text: two names may look the same.
 */
bool kst_text_idn(struct kst_buf *out, const char *host, size_t n);

/*
 * The other way, of a host name that a person typed: labels beyond ASCII in lower case and normal form,
 * then in Punycode (RFC 5891 5).  Appended.  0, or -1: no host name can be like this.
 */
int kst_text_idn_ascii(struct kst_buf *out, const char *host);

/* Cells that text takes on a terminal (utf8proc widths; after kst_text_escape). */
size_t kst_text_width(const char *s);

/* Append at most `cells` cells of s; if shortened, "..." or U+2026 stands in the middle. */
void kst_text_shorten(struct kst_buf *out, const char *s, size_t cells, bool ascii);

/* Lower case of every letter, as Java's toLowerCase(ENGLISH) does; NULL without memory.  kst_free it. */
char *kst_text_lower(const char *s);
/* Equal without regard to case (full Unicode simple folding by kst_text_lower). */
bool kst_text_equal_nocase(const char *a, const char *b);
/* Does `text` (NULL is empty) hold `what`, without regard to case? */
bool kst_text_holds_nocase(const char *text, const char *what);

/*
 * UTF-16BE (a BMPString as PKCS#12 writes it; surrogate pairs are joined, a lone
 * one becomes U+FFFD, trailing U+0000 are dropped) to UTF-8.  An odd length
 * fails, and U+0000 in the middle becomes U+FFFD too.  NULL on failure.  kst_free the result.
 */
char *kst_text_from_utf16be(const uint8_t *s, size_t n);
/* UTF-8 to UTF-16BE, appended without terminator.  -1 if s is not valid UTF-8. */
int kst_text_to_utf16be(struct kst_buf *out, const void *s, size_t n);

/*
 * Java's modified UTF-8 (the names in JKS, JCEKS, BKS) to UTF-8 and back.  Plain
 * UTF-8 is read as well; U+0000 and a lone surrogate become U+FFFD.  NULL for
 * what is neither, or without memory; kst_free the result.
 */
char *kst_text_from_mutf8(const uint8_t *s, size_t n);
bool kst_mutf8_valid(const void *s, size_t n);
/* Appended.  -1 if s is not valid UTF-8. */
int kst_text_to_mutf8(struct kst_buf *out, const void *s, size_t n);

/*
 * RFC 8265 OpaqueString, as native stores use it: other spaces become U+0020,
 * then NFC.  `fresh`: refuse code points that are unassigned (a new passphrase).
 * Returns 0 and appends to out, or -1 (not UTF-8, or unassigned).
 */
int kst_text_opaque_string(struct kst_buf *out, const void *s, size_t n, bool fresh);

/* Edit distance for suggestions; at most 64 bytes of each are looked at. */
unsigned kst_text_distance(const char *a, const char *b);

/* Lower-case hex, without separators, appended; with `colons`, upper case "AB:CD". */
void kst_text_hex(struct kst_buf *out, const uint8_t *data, size_t n);
void kst_text_hex_colons(struct kst_buf *out, const uint8_t *data, size_t n);

/*
 * A file name made of an alias: letters, digits and "._-" stay, every other byte
 * becomes %XX, as does a leading '.' or '-'; at most 200 bytes with the suffix.
 * kst_free the result; NULL without memory.
 */
char *kst_text_file_name(const char *alias, const char *suffix);

#endif
