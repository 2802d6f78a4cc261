/* SPDX-License-Identifier: ISC */
/*
 * pem_alias.c - names for the entries of a PEM file
 *
 * What the file itself says comes first; what has no certificate to be named
 * after is called as its block is.
 */
#include "pem_file.h"

#include <string.h>

#include "kstool/alloc.h"
#include "model/names.h"

/* A request or list has no certificate to be named after: its label will do. */
static char *from_label(const struct pem_file *f, const struct pem_span *b)
{
	char *alias = kst_strndup((const char *)f->text.data + b->label, b->label_len);
	for (char *p = alias; p && *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
		else if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')))
			*p = '-';
	}
	return alias;
}

int pem_aliases(const struct pem_file *f, struct kst_model *m, struct kst_error *err)
{
	for (size_t i = 0; i < m->nr; i++) {
		struct kst_entry *e = m->item[i].entry;
		if (e->alias || !e->der.len)
			continue;
		const struct pem_block *b = &f->block[f->base[i].main];
		e->alias = b->bundle ? kst_strdup("crl") : from_label(f, &b->at);
		if (!e->alias)
			return kst_error_nomem(err);
		e->alias_derived = true;
	}
	return kst_model_name_all(m, err);
}
