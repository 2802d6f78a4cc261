/* SPDX-License-Identifier: ISC */
/*
 * pem_write.c - a PEM file from the model, by editing the bytes that were read
 *
 * Every block gets a fate first: it stays as it lies, text around it included;
 * something takes its place; or it goes, with the text that describes it.  A
 * block that two keys share goes when neither needs it.  What is new comes last.
 */
#include <string.h>

#include "kstool/alloc.h"
#include "pem_file.h"
#include "pem_text.h"

struct fate {
	bool keep;             /* somebody needs what is in it */
	bool as_cert;          /* its trust settings are gone, a chain still needs the certificate */
	bool drop_text;        /* the text before it describes something else */
	bool name_if_there;    /* `name` only replaces a name that the text has */
	const char *name;      /* new friendlyName, or NULL */
	const struct kst_cert *id; /* the leaf that a new localKeyID is made of, or NULL */
	struct kst_buf with;   /* takes its place */
	struct kst_buf after;  /* comes right behind it */
};

struct writer {
	struct pem_maker made;
	struct kst_model *m;
	struct pem_file *f;    /* NULL: a new file */
	struct fate *fate;     /* of each block of f */
	uint8_t eol;           /* what ends the lines of the file */
	struct kst_buf out;
};

static struct pem_base *base_of(const struct writer *w, const struct kst_item *item)
{
	return w->f && item->base < w->f->nr_bases ? &w->f->base[item->base] : NULL;
}

/* ---- 1. what stays ---- */

static void keep(struct writer *w, uint32_t block)
{
	if (block != PEM_NONE)
		w->fate[block].keep = true;
}

/* The block of this file that already holds certificate k of the entry, or PEM_NONE. */
static uint32_t block_of(const struct writer *w, const struct pem_base *base,
			 const struct kst_cert *cert)
{
	for (uint32_t k = 0; k < base->nr_cert; k++)
		if (base->cert[k] != PEM_NONE &&
		    kst_cert_equal(w->f->block[base->cert[k]].cert, cert))
			return base->cert[k];
	return PEM_NONE;
}

static void plan_keeping(struct writer *w)
{
	for (size_t n = 0; n < w->m->nr; n++) {
		const struct kst_item *item = &w->m->item[n];
		const struct pem_base *base = base_of(w, item);
		if (!base)
			continue;
		keep(w, base->main);
		for (uint32_t k = 0; !item->dirty && k < base->nr_cert; k++)
			keep(w, base->cert[k]);
		for (size_t k = 0; item->dirty && k < item->entry->chain.nr; k++)
			keep(w, block_of(w, base, item->entry->chain.cert[k]));
		if (!item->dirty)
			keep(w, w->f->block[base->main].params);
	}
	/* Certificates with trust settings are entries of their own, and may be in chains as well. */
	for (size_t i = 0; i < w->f->nr_blocks; i++)
		w->fate[i].as_cert = w->f->block[i].what == PEM_TRUSTED;
	for (size_t n = 0; n < w->m->nr; n++) {
		const struct pem_base *base = base_of(w, &w->m->item[n]);
		if (base)
			w->fate[base->main].as_cert = false;
	}
}

/* ---- 2. what changes ---- */

static bool has_name(const struct writer *w, uint32_t block)
{
	const struct pem_span *at = &w->f->block[block].at;
	return pem_field(w->f->text.data, at->text, at->begin, PEM_NAME).data != NULL;
}

static bool same_id(const struct writer *w, uint32_t a, uint32_t b)
{
	const struct pem_span *x = &w->f->block[a].at, *y = &w->f->block[b].at;
	struct kst_bytes i = pem_field(w->f->text.data, x->text, x->begin, PEM_ID);
	struct kst_bytes k = pem_field(w->f->text.data, y->text, y->begin, PEM_ID);
	return i.len && i.len == k.len && memcmp(i.data, k.data, i.len) == 0;
}

static void plan_name(struct writer *w, const struct pem_base *base, const struct kst_entry *e)
{
	uint32_t also[] = { w->f->block[base->main].params,
			    base->nr_cert ? base->cert[0] : PEM_NONE };
	if (e->alias && base->alias && strcmp(e->alias, base->alias) == 0)
		return;
	w->fate[base->main].name = e->alias;
	/* openssl pkcs12 names key and certificate alike. */
	for (size_t i = 0; i < 2; i++)
		if (also[i] != PEM_NONE && has_name(w, also[i])) {
			w->fate[also[i]].name = e->alias;
			w->fate[also[i]].name_if_there = true;
		}
}

/*
 * The chain of a changed key: links that are in the file stay where they are.  A
 * key that is sealed and did not lie so beside this leaf gets a line in common with it.
 */
static int plan_chain(struct writer *w, const struct pem_base *base, const struct kst_entry *e,
		      bool sealed, bool same, struct kst_error *err)
{
	uint32_t anchor = base->main;
	if (sealed && e->chain.nr) {
		uint32_t leaf = block_of(w, base, e->chain.cert[0]);
		bool tied = leaf != PEM_NONE && same_id(w, base->main, leaf);
		if (!tied && (!same || leaf == PEM_NONE || leaf != base->cert[0]))
			w->fate[base->main].id = e->chain.cert[0];
		if (leaf != PEM_NONE)
			w->fate[leaf].id = w->fate[base->main].id;
	}
	for (size_t k = 0; k < e->chain.nr; k++) {
		uint32_t b = block_of(w, base, e->chain.cert[k]);
		if (b != PEM_NONE) {
			anchor = b;
			continue;
		}
		/* Servers take the first certificate of a file for their own: a new leaf stands where
		 * the old one stood. */
		uint32_t old = base->nr_cert ? base->cert[0] : PEM_NONE;
		struct kst_buf *to = &w->fate[anchor].after;
		if (k == 0 && old != PEM_NONE && !w->fate[old].keep) {
			/* The name of the key may stand there alone. */
			if (has_name(w, old) && !has_name(w, base->main) && !e->alias_derived)
				w->fate[base->main].name = e->alias;
			w->fate[old].keep = true;
			w->fate[old].drop_text = true;
			to = &w->fate[old].with;
			anchor = old;
		}
		if (k == 0 && sealed)
			pem_make_id(to, e->chain.cert[0]);
		if (pem_make_cert(to, e, k, err) < 0)
			return -1;
	}
	return 0;
}

static int plan_key(struct writer *w, const struct kst_item *item, const struct pem_base *base,
		    struct kst_error *err)
{
	const struct kst_key *key = item->entry->key;
	struct kst_buf *with = &w->fate[base->main].with;
	int same = pem_same_key(&w->made, w->f, base, key, err);
	if (same < 0)
		return -1;
	if (same) /* the parameters belong to it */
		keep(w, w->f->block[base->main].params);
	else if (pem_make_key(&w->made, with, item->entry, err) < 0)
		return -1;
	bool sealed = same ? key->sealed.len || key->dek_info : pem_is_sealed(with);
	return plan_chain(w, base, item->entry, sealed, same, err);
}

static int plan_item(struct writer *w, const struct kst_item *item, const struct pem_base *base,
		     struct kst_error *err)
{
	const struct kst_entry *e = item->entry;
	const struct pem_block *b = &w->f->block[base->main];
	struct fate *fate = &w->fate[base->main];

	plan_name(w, base, e);
	if (e->kind == KST_KIND_KEY && b->what == PEM_KEY)
		return plan_key(w, item, base, err);
	if (pem_same_entry(w->f, base, e))
		return 0;
	/* Another thing altogether: its text would be a lie. */
	fate->drop_text = e->kind != KST_KIND_CERT || !b->cert ||
			  !kst_cert_equal(b->cert, e->chain.cert[0]);
	if (fate->drop_text && !e->alias_derived)
		fate->name = e->alias;
	return pem_make_entry(&w->made, &fate->with, e, err);
}

/* ---- 3. writing ---- */

static void put_made(struct writer *w, const struct kst_buf *made)
{
	size_t at = w->out.len;
	if (!made->len)
		return;
	if (at && w->out.data[at - 1] != '\n' && w->out.data[at - 1] != '\r')
		kst_buf_u8(&w->out, w->eol);
	at = w->out.len;
	kst_buf_put(&w->out, made->data, made->len);
	/* A reader of the old Mac's line ends would take all of it for one line. */
	for (; w->eol != '\n' && !w->out.failed && at < w->out.len; at++)
		if (w->out.data[at] == '\n')
			w->out.data[at] = w->eol;
	w->out.failed |= made->failed;
}

/* New lines right before a block, as far from the margin as it is. */
static void put_lines(struct writer *w, const struct pem_span *at, const char *alias,
		      const struct kst_cert *id)
{
	struct kst_buf line KST_SCRATCH_BUF = KST_BUF_INIT;
	for (int i = 0; i < 2; i++) {
		kst_buf_reset(&line);
		kst_buf_put(&line, w->f->text.data + at->begin, at->indent);
		if (i == 0 && alias)
			pem_make_name(&line, alias);
		if (i == 1 && id)
			pem_make_id(&line, id);
		if (line.len > at->indent)
			put_made(w, &line);
	}
}

/* The text before a block, with a new name in it if there is to be one. */
static void put_lead(struct writer *w, const struct pem_span *at, const struct fate *fate,
		     size_t from)
{
	const uint8_t *text = w->f->text.data;
	struct kst_bytes old = pem_field(text, from, at->begin, PEM_NAME);
	if (!fate->name || fate->drop_text || !old.data) {
		if (!fate->drop_text)
			kst_buf_put(&w->out, text + from, at->begin - from);
		put_lines(w, at, fate->name_if_there ? NULL : fate->name, fate->id);
		return;
	}
	struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
	pem_make_alias(&name, fate->name);
	size_t start = (size_t)(old.data - text), end = start + old.len;
	kst_buf_put(&w->out, text + from, start - from);
	if (text[start - 1] == ':')
		kst_buf_u8(&w->out, ' ');
	kst_buf_put(&w->out, name.data, name.len);
	kst_buf_put(&w->out, text + end, at->begin - end);
	put_lines(w, at, NULL, fate->id);
	w->out.failed |= name.failed;
}

static int put_block(struct writer *w, size_t i, struct kst_error *err)
{
	const struct pem_block *b = &w->f->block[i];
	struct fate *fate = &w->fate[i];
	const uint8_t *text = w->f->text.data;

	/* Text stays where nothing describes what goes. */
	size_t lead = b->at.text;
	if (!fate->keep || fate->drop_text)
		lead = pem_lead(text, b->at.text, b->at.begin);
	kst_buf_put(&w->out, text + b->at.text, lead - b->at.text);
	if (!fate->keep)
		return 0;
	put_lead(w, &b->at, fate, lead);
	if (fate->as_cert && !fate->with.len && pem_make_plain(&fate->with, b->cert, err) < 0)
		return -1;
	if (fate->with.len)
		put_made(w, &fate->with);
	else
		kst_buf_put(&w->out, text + b->at.begin, b->at.end - b->at.begin);
	put_made(w, &fate->after);
	return 0;
}

/* ---- blocks of PKCS#7 ---- */

static size_t bundle_end(const struct pem_file *f, size_t i)
{
	size_t end = i + 1;
	while (end < f->nr_blocks && f->block[end].bundle == f->block[i].bundle)
		end++;
	return end;
}

/* One part as a block of its own. */
static int put_part(struct writer *w, size_t i, struct kst_error *err)
{
	struct fate *fate = &w->fate[i];
	const struct pem_block *b = &w->f->block[i];

	put_lines(w, &b->at, fate->name_if_there ? NULL : fate->name, fate->id);
	if (!fate->with.len && b->cert && pem_make_plain(&fate->with, b->cert, err) < 0)
		return -1;
	for (size_t n = 0; !fate->with.len && n < w->m->nr; n++) {
		const struct pem_base *base = base_of(w, &w->m->item[n]);
		if (base && base->main == i &&
		    pem_make_entry(&w->made, &fate->with, w->m->item[n].entry, err) < 0)
			return -1;
	}
	put_made(w, &fate->with);
	put_made(w, &fate->after);
	return 0;
}

/* All parts as they were: the block stays.  Else what is left of it becomes blocks of their own. */
static int put_bundle(struct writer *w, size_t i, size_t end, struct kst_error *err)
{
	const struct pem_span *at = &w->f->block[i].at;
	const uint8_t *text = w->f->text.data;
	size_t kept = 0, changed = 0;

	for (size_t k = i; k < end; k++) {
		const struct fate *fate = &w->fate[k];
		kept += fate->keep;
		changed += !fate->keep || fate->with.len || fate->after.len || fate->name ||
			   fate->id;
	}
	size_t lead = kept ? at->begin : pem_lead(text, at->text, at->begin);
	kst_buf_put(&w->out, text + at->text, lead - at->text);
	if (!changed)
		kst_buf_put(&w->out, text + at->begin, at->end - at->begin);
	for (size_t k = i; changed && k < end; k++)
		if (w->fate[k].keep && put_part(w, k, err) < 0)
			return -1;
	return 0;
}

static int edit(struct writer *w, struct kst_error *err)
{
	struct pem_file *f = w->f;
	size_t end = f->text.len >= 3 && memcmp(f->text.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	plan_keeping(w);
	for (size_t n = 0; n < w->m->nr; n++) {
		const struct kst_item *item = &w->m->item[n];
		const struct pem_base *base = base_of(w, item);
		if (base && item->dirty && plan_item(w, item, base, err) < 0)
			return -1;
	}
	kst_buf_put(&w->out, f->text.data, end);
	for (size_t i = 0, next; i < f->nr_blocks; i = next) {
		next = f->block[i].bundle ? bundle_end(f, i) : i + 1;
		if ((f->block[i].bundle ? put_bundle(w, i, next, err) : put_block(w, i, err)) < 0)
			return -1;
		end = f->block[i].at.end;
	}
	kst_buf_put(&w->out, f->text.data + end, f->text.len - end);
	return 0;
}

static int append(struct writer *w, const struct kst_entry *e, struct kst_error *err)
{
	struct kst_buf made KST_SCRATCH_BUF = KST_BUF_INIT;
	if (e->alias && !e->alias_derived)
		pem_make_name(&made, e->alias);
	if (pem_make_entry(&w->made, &made, e, err) < 0)
		return -1;
	put_made(w, &made);
	return 0;
}

static int write_all(struct writer *w, struct kst_error *err)
{
	if (w->f) {
		w->fate = kst_calloc(w->f->nr_blocks + 1, sizeof(*w->fate));
		if (!w->fate)
			return kst_error_nomem(err);
		if (edit(w, err) < 0)
			return -1;
	}
	for (size_t n = 0; n < w->m->nr; n++) {
		kst_progress_step(w->made.io->progress, "writing", n, w->m->nr);
		if (!base_of(w, &w->m->item[n]) && append(w, w->m->item[n].entry, err) < 0)
			return -1;
	}
	return w->out.failed ? kst_error_nomem(err) : 0;
}

int pem_write(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	struct pem_file *f = from->state;
	struct writer w = { .m = from, .f = f, .eol = '\n' };

	w.made = (struct pem_maker){ .io = io, .m = from };
	/* A passphrase that came with the model is meant for all its keys; one that was asked for
	 * here is for those that are new. */
	w.made.seal_all = from->has_pass && !(f && f->asked) && !io->write->plain_key;
	if (f && f->text.len && !memchr(f->text.data, '\n', f->text.len) &&
	    memchr(f->text.data, '\r', f->text.len))
		w.eol = '\r';
	int rc = write_all(&w, err);
	if (f && w.made.asked)
		f->asked = true;
	if (rc == 0)
		rc = io->sink.write(io->sink.ctx, w.out.data ? w.out.data : (const uint8_t *)"",
				    w.out.len, err);
	for (size_t i = 0; w.fate && i < f->nr_blocks; i++) {
		kst_buf_release(&w.fate[i].with);
		kst_buf_release(&w.fate[i].after);
	}
	kst_free(w.fate);
	kst_buf_release(&w.out);
	return rc;
}
