/* SPDX-License-Identifier: ISC */
/*
 * scd.h - pages of the manual, written in scdoc(5): into it, and out of it for
 * terminals without man
 *
 * The part of the language that pages use: # and ## headings, paragraphs, *bold*,
 * _underlined_, \ before a character, "- " lists, ``` literal blocks, ++ at the end
 * of a line (the next one starts without TAB), and text that is one TAB deeper right below a line, which makes that
 * line a term and the text its explanation.
 */
#ifndef KST_UI_SCD_H
#define KST_UI_SCD_H

#include "ui/out.h"

/* Append text so that scdoc prints it as it is. */
void scd_escape(struct kst_buf *b, const char *text);
/* Append a paragraph of plain words: escaped, its "--options" bold. */
void scd_words(struct kst_buf *b, const char *text, size_t n);
/* Append a line without its marks. */
void scd_strip(struct kst_buf *b, const char *line, size_t n);

/*
 * What stands below `heading` (a whole line: "## wrong-passphrase") up to the next heading of its
 * level or above.  Empty if there is no such heading.
 */
struct kst_bytes scd_section(struct kst_bytes page, const char *heading);

/* A page without its first two lines, scdoc's preamble. */
struct kst_bytes scd_body(struct kst_bytes page);

/* Show the body of a page, or a section. */
void scd_show(struct out *o, struct kst_bytes page);

#endif
