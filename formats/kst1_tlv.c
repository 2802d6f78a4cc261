/* SPDX-License-Identifier: ISC */
/*
 * kst1_tlv.c - the one grammar of index records and boxes
 *
 * u16 tag, u32 length, value; tags ascending.  Top bit set: optional, ignored
 * and kept if it is not known.  Clear: critical.  The order of the checks is
 * that of kst1.md 4.5, so that two readers name the same fault.
 */
#include "kst1.h"

#include <string.h>

#include "kstool/text.h"

enum form { RAW, TEXT, ALIAS };

static const struct field {
	uint16_t tag;
	uint8_t place; /* KST1_RECORD, KST1_BOX or both */
	uint8_t form;
	uint32_t min, max;
} fields[KST1_F_COUNT] = {
	[KST1_F_ID] = { 1, KST1_RECORD, RAW, 16, 16 },
	[KST1_F_KIND] = { 2, KST1_RECORD | KST1_BOX, RAW, 1, 1 },
	[KST1_F_ALIAS] = { 3, KST1_RECORD | KST1_BOX, ALIAS, 1, KST1_ALIAS },
	[KST1_F_BOX] = { 4, KST1_RECORD, RAW, 36, 36 },
	[KST1_F_CREATED] = { 5, KST1_RECORD | KST1_BOX, RAW, 8, 8 },
	[KST1_F_MODIFIED] = { 6, KST1_RECORD | KST1_BOX, RAW, 8, 8 },
	[KST1_F_KEY] = { 16, KST1_BOX, RAW, 1, UINT32_MAX },
	[KST1_F_CERTS] = { 17, KST1_BOX, RAW, 5, UINT32_MAX },
	[KST1_F_SECRET] = { 18, KST1_BOX, RAW, 1, UINT32_MAX },
	[KST1_F_DISTRUSTED] = { 19, KST1_BOX, RAW, 3, 1024 },
	[KST1_F_SHA256] = { 0x8001, KST1_RECORD, RAW, 32, 32 },
	[KST1_F_NOT_BEFORE] = { 0x8002, KST1_RECORD, RAW, 8, 8 },
	[KST1_F_NOT_AFTER] = { 0x8003, KST1_RECORD, RAW, 8, 8 },
	[KST1_F_KEY_TEXT] = { 0x8004, KST1_RECORD, TEXT, 1, 32 },
	[KST1_F_SUBJECT] = { 0x8005, KST1_RECORD, TEXT, 0, 512 },
	[KST1_F_NR_CERTS] = { 0x8006, KST1_RECORD, RAW, 1, 1 },
	[KST1_F_NAME] = { 0x8007, KST1_RECORD, TEXT, 1, 255 },
	[KST1_F_MORE_NAMES] = { 0x8008, KST1_RECORD, RAW, 4, 4 },
	[KST1_F_ALIAS_SOURCE] = { 0x8010, KST1_BOX, RAW, 0, 1024 },
	[KST1_F_LOCAL_KEY_ID] = { 0x8011, KST1_BOX, RAW, 1, 255 },
	[KST1_F_ORIGIN] = { 0x8012, KST1_BOX, TEXT, 1, 32 },
	[KST1_F_PURPOSES] = { 0x8013, KST1_BOX, RAW, 3, 1024 },
	[KST1_F_ATTRS] = { 0x8014, KST1_BOX, RAW, 2, 65536 },
	[KST1_F_NOTE] = { 0x8015, KST1_BOX, TEXT, 1, 4096 },
	[KST1_F_SECRET_ALG] = { 0x8016, KST1_BOX, TEXT, 1, 64 },
};

/* 0x00..0x1f: critical tags; 0x20..0x3f: optional ones less 0x8000.  Value: field + 1. */
static const uint8_t by_tag[64] = {
	[1] = KST1_F_ID + 1,
	[2] = KST1_F_KIND + 1,
	[3] = KST1_F_ALIAS + 1,
	[4] = KST1_F_BOX + 1,
	[5] = KST1_F_CREATED + 1,
	[6] = KST1_F_MODIFIED + 1,
	[16] = KST1_F_KEY + 1,
	[17] = KST1_F_CERTS + 1,
	[18] = KST1_F_SECRET + 1,
	[19] = KST1_F_DISTRUSTED + 1,
	[0x21] = KST1_F_SHA256 + 1,
	[0x22] = KST1_F_NOT_BEFORE + 1,
	[0x23] = KST1_F_NOT_AFTER + 1,
	[0x24] = KST1_F_KEY_TEXT + 1,
	[0x25] = KST1_F_SUBJECT + 1,
	[0x26] = KST1_F_NR_CERTS + 1,
	[0x27] = KST1_F_NAME + 1,
	[0x28] = KST1_F_MORE_NAMES + 1,
	[0x30] = KST1_F_ALIAS_SOURCE + 1,
	[0x31] = KST1_F_LOCAL_KEY_ID + 1,
	[0x32] = KST1_F_ORIGIN + 1,
	[0x33] = KST1_F_PURPOSES + 1,
	[0x34] = KST1_F_ATTRS + 1,
	[0x35] = KST1_F_NOTE + 1,
	[0x36] = KST1_F_SECRET_ALG + 1,
};

static int field_of(unsigned tag, enum kst1_place place)
{
	unsigned low = tag & 0x7fff;
	if (low >= 32)
		return -1;
	int i = (int)by_tag[low | (tag & 0x8000 ? 0x20 : 0)] - 1;
	return i >= 0 && fields[i].place & place ? i : -1;
}

/* A hundred thousand records pass here before anything is listed: plain ASCII, which is nearly all
 * of it, is decided eight bytes at a time. */
static bool ascii_text(const uint8_t *s, size_t n)
{
	const uint64_t high = UINT64_C(0x8080808080808080), ones = UINT64_C(0x0101010101010101);
	while (n >= 8) {
		uint64_t v;
		memcpy(&v, s, 8);
		/* a byte that is zero borrows into its top bit */
		if ((v | (v - ones)) & high)
			return false;
		s += 8;
		n -= 8;
	}
	for (; n; s++, n--)
		if (*s == 0 || *s >= 0x80)
			return false;
	return true;
}

static bool ascii_alias(const uint8_t *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
	return s[0] != ' ' && s[n - 1] != ' ';
}

static bool form_ok(const struct field *f, const uint8_t *v, size_t n)
{
	switch ((enum form)f->form) {
	case RAW:
		return true;
	case TEXT:
		return ascii_text(v, n) || (!memchr(v, 0, n) && kst_utf8_valid(v, n));
	case ALIAS:
		return ascii_alias(v, n) || kst_alias_ok((const char *)v, n, KST1_ALIAS);
	}
	return false;
}

enum kst_code kst1_tlv_parse(struct kst1_fields *out, enum kst1_place place, const uint8_t *data,
			     size_t n, const char **why)
{
	int last = -1;
	size_t pos = 0;
	out->have = 0;
	while (pos < n) {
		if (n - pos < 6) {
			*why = "a field is cut off";
			return KST_E_CORRUPT;
		}
		unsigned tag = (unsigned)data[pos] | (unsigned)data[pos + 1] << 8;
		uint32_t len = kst1_get32(data + pos + 2);
		pos += 6;
		if (len > n - pos) {
			*why = "a field is longer than what is left";
			return KST_E_CORRUPT;
		}
		if ((int)tag <= last) {
			*why = "the fields are not in order";
			return KST_E_CORRUPT;
		}
		last = (int)tag;
		int i = field_of(tag, place);
		if (i >= 0) {
			const struct field *f = &fields[i];
			if (len < f->min || len > f->max) {
				*why = "a field has the wrong length";
				return KST_E_CORRUPT;
			}
			if (!form_ok(f, data + pos, len)) {
				*why = f->form == ALIAS ? "the alias is not legal"
							: "a text is not valid UTF-8";
				return KST_E_CORRUPT;
			}
			out->have |= UINT32_C(1) << i;
			out->f[i] = (struct kst_bytes){ data + pos, len };
		} else if (!(tag & 0x8000)) {
			*why = "a field that this version does not know must be understood";
			return KST_E_UNSUPPORTED_FEATURE;
		}
		pos += len;
	}
	return KST_OK;
}

uint16_t kst1_field_tag(enum kst1_field i)
{
	return fields[i].tag;
}

size_t kst1_field_max(enum kst1_field i)
{
	return fields[i].max;
}

void kst1_tlv_put(struct kst_buf *out, enum kst1_field i, const void *data, size_t n)
{
	kst_buf_le16(out, fields[i].tag);
	kst_buf_le32(out, (uint32_t)n);
	kst_buf_put(out, data, n);
}

void kst1_tlv_put_text(struct kst_buf *out, enum kst1_field i, const void *data, size_t n,
		       bool empty_ok)
{
	uint8_t text[4096];
	const uint8_t *s = data;
	size_t len = 0, max = fields[i].max;
	while (n) {
		uint32_t cp;
		size_t used = kst_utf8_decode(s, n, &cp);
		uint8_t c[4];
		size_t want;
		if (!used || !cp) {
			want = kst_utf8_encode(0xfffd, c);
			used = 1;
		} else {
			memcpy(c, s, used);
			want = used;
		}
		if (len + want > max)
			break;
		memcpy(text + len, c, want);
		len += want;
		s += used;
		n -= used;
	}
	if (len || empty_ok)
		kst1_tlv_put(out, i, text, len);
}

/* Bytes of the TLV at the head of a valid, non-empty list. */
static size_t tlv_size(const struct kst_bytes *list)
{
	return 6 + (size_t)kst1_get32(list->data + 2);
}

static unsigned tlv_tag(const struct kst_bytes *list)
{
	return (unsigned)list->data[0] | (unsigned)list->data[1] << 8;
}

static void tlv_skip(struct kst_bytes *list)
{
	size_t n = tlv_size(list);
	list->data += n;
	list->len -= n;
}

void kst1_tlv_unknown(struct kst_buf *out, enum kst1_place place, const uint8_t *data, size_t n)
{
	for (struct kst_bytes list = { data, n }; list.len; tlv_skip(&list))
		if (tlv_tag(&list) & 0x8000 && field_of(tlv_tag(&list), place) < 0)
			kst_buf_put(out, list.data, tlv_size(&list));
}

int kst1_tlv_merge(struct kst_buf *out, const struct kst_bytes *list, size_t nr)
{
	struct kst_bytes left[4];
	int last = -1;
	if (nr > 4)
		return -1;
	if (nr)
		memcpy(left, list, nr * sizeof(*list));
	for (;;) {
		struct kst_bytes *next = NULL;
		for (size_t i = 0; i < nr; i++)
			if (left[i].len && (!next || tlv_tag(&left[i]) < tlv_tag(next)))
				next = &left[i];
		if (!next)
			return 0;
		if ((int)tlv_tag(next) <= last)
			return -1;
		last = (int)tlv_tag(next);
		kst_buf_put(out, next->data, tlv_size(next));
		tlv_skip(next);
	}
}

bool kst1_tlv_overlap(const struct kst_bytes *a, const struct kst_bytes *b)
{
	struct kst_bytes x = *a, y = *b;
	while (x.len && y.len) {
		unsigned p = tlv_tag(&x), q = tlv_tag(&y);
		if (p == q)
			return true;
		tlv_skip(p < q ? &x : &y);
	}
	return false;
}
