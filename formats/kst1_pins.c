/* SPDX-License-Identifier: ISC */
/*
 * kst1_pins.c - who may have signed: lists of pinned signers
 *
 * Without a secret and without a pin a signature finds damage, never a full
 * replacement.  A line that breaks the grammar is an error: a pin that is
 * skipped is a pin that does not protect.
 */
#include "kst1.h"

#include <stdio.h>
#include <string.h>

#include "kstool/alloc.h"
#include "kstool/text.h"

enum { SIGNER = 43 };

int kst_signer_parse(const char *text, uint8_t out[32], struct kst_error *err)
{
	const size_t skip = sizeof(KST1_SIGNER_PREFIX) - 1;
	uint8_t key[32];
	if (strncmp(text, KST1_SIGNER_PREFIX, skip) || strlen(text + skip) != SIGNER ||
	    kst1_base64url_parse(key, sizeof(key), text + skip, SIGNER) < 0)
		return kst_error_setx(err, KST_E_BAD_VALUE,
				      "not a signer: ed25519: and 43 characters are expected");
	memcpy(out, key, sizeof(key));
	return 0;
}

/* ---- one line: name signer [store-id [min-generation=N]] ---- */

static int parse_store(const char *s, uint8_t id[KST1_ID])
{
	if (strlen(s) != 2 * KST1_ID || strspn(s, "0123456789abcdef") != 2 * KST1_ID)
		return -1;
	for (int i = 0; i < KST1_ID; i++) {
		unsigned v;
		if (sscanf(s + 2 * i, "%2x", &v) != 1)
			return -1;
		id[i] = (uint8_t)v;
	}
	return 0;
}

static int parse_generation(const char *s, uint64_t *out)
{
	static const char word[] = "min-generation=";
	uint64_t v = 0;
	if (strncmp(s, word, sizeof(word) - 1))
		return -1;
	s += sizeof(word) - 1;
	if (!*s)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, UINT64_C(10), &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -1;
	}
	*out = v;
	return 0;
}

int kst1_pin_parse(struct kst_pin *pin, char *line, const char **why)
{
	char *field[5], *save = NULL;
	size_t nr = 0;
	if (line[0] == '#')
		return 1;
	for (char *f = strtok_r(line, " \t", &save); f && nr < 5; f = strtok_r(NULL, " \t", &save))
		field[nr++] = f;
	if (!nr)
		return 1;
	*why = "name, signer, store id and min-generation are the fields";
	if (nr < 2 || nr > 4)
		return -1;
	memset(pin, 0, sizeof(*pin));
	*why = "the name is not legal";
	if (!kst_alias_ok(field[0], strlen(field[0]), KST1_ALIAS))
		return -1;
	*why = "the signer is not ed25519: and 43 characters";
	if (kst_signer_parse(field[1], pin->sign_pk, NULL) < 0)
		return -1;
	*why = "the store id is not 32 lower-case hex digits";
	if (nr > 2 && parse_store(field[2], pin->store_id) < 0)
		return -1;
	pin->has_store = nr > 2;
	*why = "min-generation=N is expected";
	if (nr > 3 && parse_generation(field[3], &pin->min_generation) < 0)
		return -1;
	pin->name = kst_strdup(field[0]);
	*why = NULL;
	return pin->name ? 0 : -1;
}

char *kst1_pins_line(char **at, const char *end)
{
	char *line = *at, *stop;
	if (line >= end)
		return NULL;
	stop = memchr(line, '\n', (size_t)(end - line));
	if (!stop)
		stop = (char *)end; /* a buffer is always followed by one byte more */
	*stop = 0;
	*at = stop + 1;
	return line;
}

static int push(struct kst_pin **list, size_t *nr, const struct kst_pin *pin)
{
	if (!(*nr & (*nr - 1))) { /* room grows at every power of two */
		struct kst_pin *more = kst_realloc(*list, (*nr ? 2 * *nr : 1) * sizeof(*more));
		if (!more)
			return -1;
		*list = more;
	}
	(*list)[(*nr)++] = *pin;
	return 0;
}

int kst_pins_parse(struct kst_pin **list, size_t *nr, struct kst_buf *text, struct kst_error *err)
{
	struct kst_pin pin;
	const char *why = NULL;
	unsigned number = 0;
	char *at = (char *)text->data, *end = at + text->len;

	if (!text->len)
		return 0;
	if (memchr(at, 0, text->len))
		return kst_error_setx(err, KST_E_BAD_SIGNERS, "the list has zero bytes");
	for (char *line; (line = kst1_pins_line(&at, end));) {
		number++;
		int r = kst1_pin_parse(&pin, line, &why);
		if (r < 0 && why)
			return kst_error_setx(err, KST_E_BAD_SIGNERS, "line %u: %s", number, why);
		if (r < 0)
			return kst_error_nomem(err);
		if (!r && push(list, nr, &pin) < 0) {
			kst_free(pin.name);
			return kst_error_nomem(err);
		}
	}
	return 0;
}

void kst_pins_free(struct kst_pin *pin, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		kst_free(pin[i].name);
	kst_free(pin);
}

/* ---- step 6 ---- */

static int given_signers(const struct kst1_header *h, const char *const *signer, bool *pinned,
			 struct kst_error *err)
{
	uint8_t key[32];
	*pinned = false;
	/* every one is parsed, so that a broken one is not found only when it matters */
	for (; *signer; signer++) {
		if (kst_signer_parse(*signer, key, err) < 0)
			return -1;
		if (!memcmp(key, h->sign_pk, 32))
			*pinned = true;
	}
	if (*pinned)
		return 0;
	return kst_error_setx(err, KST_E_PIN, "the store is signed by another key than was given");
}

int kst1_signer_check(const struct kst1_header *h, const struct kst_read_options *opt, bool *pinned,
		      char name[64], struct kst_error *err)
{
	const struct kst_pin *store = NULL, *both = NULL, *key = NULL;
	uint64_t least = 0;

	*pinned = false;
	if (opt->signer)
		return given_signers(h, opt->signer, pinned, err);
	for (size_t i = 0; i < opt->nr_pins; i++) {
		const struct kst_pin *p = &opt->pin[i];
		bool same_key = !memcmp(p->sign_pk, h->sign_pk, 32);
		bool same_store = p->has_store && !memcmp(p->store_id, h->store_id, KST1_ID);
		if (same_store && same_key) {
			both = both ? both : p;
			least = p->min_generation > least ? p->min_generation : least;
		} else if (same_store) {
			store = p;
		} else if (same_key && !p->has_store) {
			key = key ? key : p;
		}
	}
	if (both && h->generation < least)
		return kst_error_setx(err, KST_E_ROLLBACK,
				      "generation %llu is older than generation %llu, which was "
				      "pinned",
				      (unsigned long long)h->generation,
				      (unsigned long long)least);
	if (!both && store)
		return kst_error_setx(err, KST_E_PIN,
				      "the store is signed by another key than the one pinned as "
				      "'%s'",
				      store->name);
	if (both || key) {
		*pinned = true;
		snprintf(name, 64, "%s", both ? both->name : key->name);
		return 0;
	}
	if (opt->require_pin)
		return kst_error_setx(err, KST_E_PIN, "the signer of the store is not pinned");
	return 0;
}
