/* SPDX-License-Identifier: ISC */
/*
 * kst1_pin.c - a list of pinned signers, with the line of one store more
 *
 * What the list holds beside it, comments too, stays byte for byte: it is the
 * user's file, as known_hosts is.
 */
#include "kst1.h"

#include <inttypes.h>
#include <string.h>

#include "kstool/alloc.h"

struct edit {
	struct kst_buf *list;
	const struct kst_info *store;
	const struct kst_pin_options *opt;
	enum kst_pin_change change;
	bool stands; /* a line says what is wanted */
};

static void put_pin(struct edit *e, const char *name)
{
	const struct kst_info *in = e->store;

	kst_buf_printf(e->list, "%s %s ", name, in->signer);
	for (size_t i = 0; i < sizeof(in->store_id); i++)
		kst_buf_printf(e->list, "%02x", in->store_id[i]);
	kst_buf_printf(e->list, " min-generation=%" PRIu64 "\n", in->generation);
}

static void keep(struct edit *e, const char *line)
{
	kst_buf_puts(e->list, line);
	kst_buf_u8(e->list, '\n');
}

/* The line of this store: what becomes of it. */
static int own_line(struct edit *e, const struct kst_pin *pin, const char *line,
		    struct kst_error *err)
{
	bool key = !memcmp(pin->sign_pk, e->store->sign_pk, 32);

	if (!key && !e->opt->replace)
		return kst_error_setx(err, KST_E_PIN,
				      "the store is signed by another key than the one pinned as "
				      "\"%s\"",
				      pin->name);
	if (key && pin->min_generation > e->store->generation && !e->opt->replace)
		return kst_error_setx(err, KST_E_ROLLBACK,
				      "generation %" PRIu64 " is older than generation %" PRIu64
				      ", which was pinned",
				      e->store->generation, pin->min_generation);
	if (key && (pin->min_generation == e->store->generation ||
		    (!e->opt->update && !e->opt->replace))) {
		e->stands = true;
		keep(e, line);
		return 0;
	}
	/* Of several lines of this store one is left. */
	if (!e->stands)
		put_pin(e, pin->name);
	e->stands = true;
	e->change = KST_PIN_REPLACED;
	return 0;
}

static int one_line(struct edit *e, const char *line, unsigned number, struct kst_error *err)
{
	char *copy = kst_strdup(line);
	struct kst_pin pin;
	const char *why = NULL;
	int got = copy ? kst1_pin_parse(&pin, copy, &why) : -1;
	bool parsed = !got;

	kst_free(copy);
	if (got < 0 && why)
		return kst_error_setx(err, KST_E_BAD_SIGNERS, "line %u: %s", number, why);
	if (got < 0)
		return kst_error_nomem(err);
	if (!got && pin.has_store && !memcmp(pin.store_id, e->store->store_id, KST1_ID))
		got = own_line(e, &pin, line, err);
	else
		keep(e, line);
	if (parsed)
		kst_free(pin.name);
	return got < 0 ? -1 : 0;
}

int kst1_pin(struct kst_buf *list, enum kst_pin_change *change, const struct kst_bytes *old,
	     const struct kst_model *m, const struct kst_pin_options *opt, struct kst_error *err)
{
	struct edit e = { .list = list, .store = &m->info, .opt = opt };
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	unsigned number = 0;
	char *at, *end;

	if (old->len && memchr(old->data, 0, old->len))
		return kst_error_setx(err, KST_E_BAD_SIGNERS, "the list has zero bytes");
	kst_buf_put(&text, old->data, old->len);
	if (text.failed)
		return kst_error_nomem(err);
	at = (char *)text.data;
	end = at + text.len;
	for (char *line; at && (line = kst1_pins_line(&at, end));)
		if (one_line(&e, line, ++number, err) < 0)
			return -1;
	if (!e.stands) {
		put_pin(&e, opt->name);
		e.change = KST_PIN_ADDED;
	}
	if (list->failed)
		return kst_error_nomem(err);
	*change = e.change;
	return 0;
}
