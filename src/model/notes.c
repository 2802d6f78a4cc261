/* SPDX-License-Identifier: ISC */
/* notes.c - things worth telling that are no errors */
#include "kstool/format.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kstool/alloc.h"

/* A hostile file can deserve a note per entry; nobody reads the ten thousandth. */
#define MAX_NOTES 1000

/* A note that finds no memory is dropped: it must never turn success into failure. */
void kst_note(struct kst_notes *notes, const char *slug, const char *fmt, ...)
{
	if (!notes || notes->nr >= MAX_NOTES)
		return;
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < notes->nr; i++)
		if (strcmp(notes->note[i].slug, slug) == 0 &&
		    strcmp(notes->note[i].text, text) == 0)
			return;

	struct kst_note *grown = kst_realloc(notes->note, (notes->nr + 1) * sizeof(*grown));
	if (!grown)
		return;
	notes->note = grown;
	struct kst_note n = { .slug = kst_strdup(slug), .text = kst_strdup(text) };
	if (!n.slug || !n.text) {
		kst_free(n.slug);
		kst_free(n.text);
		return;
	}
	notes->note[notes->nr++] = n;
}

void kst_notes_release(struct kst_notes *notes)
{
	for (size_t i = 0; i < notes->nr; i++) {
		kst_free(notes->note[i].slug);
		kst_free(notes->note[i].text);
	}
	kst_free(notes->note);
	notes->note = NULL;
	notes->nr = 0;
}
