/* SPDX-License-Identifier: ISC */
/* term.h - what the terminal can do, asked for each stream alone */
#ifndef KST_UI_TERM_H
#define KST_UI_TERM_H

#include <stdbool.h>
#include <stddef.h>

/* TERM=dumb: a terminal that only adds to what it shows. */
bool term_dumb(void);
/* Colour on this stream: `when` is "always", "never", or "auto"/NULL. */
bool term_color(int fd, const char *when);
/* Cells a line has: $COLUMNS, else what the terminal says, else 80; 0 (no limit) for what is none.
 */
size_t term_width(int fd);
/* Lines of the screen; 0 if it is none. */
size_t term_height(int fd);
/* Does the environment want UTF-8?  Reads the locale the first time. */
bool term_utf8(void);

#endif
