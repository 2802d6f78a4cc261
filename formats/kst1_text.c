/* SPDX-License-Identifier: ISC */
/*
 * kst1_text.c - keys of the native format as one line of text
 *
 * 32 bytes and the first four of their hash, so that a slip of the pen is told
 * from a wrong key.  There is one spelling of each key: unused bits are zero, no
 * padding, at most one line end.
 */
#include "kst1.h"

#include <string.h>

#include <sodium.h>

#include "kstool/alloc.h"

enum { CHECK = 4, WITH_CHECK = 36, SHEET = 58, GROUP = 5 };

static const char url_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void kst1_base64url(struct kst_buf *out, const uint8_t *data, size_t n)
{
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)data[i] << 16;
		size_t have = n - i < 3 ? n - i : 3;
		if (have > 1)
			v |= (uint32_t)data[i + 1] << 8;
		if (have > 2)
			v |= data[i + 2];
		for (size_t k = 0; k <= have; k++)
			kst_buf_u8(out, (uint8_t)url_digits[v >> (18 - 6 * k) & 63]);
	}
}

/* Computed, since a table would show key bits to the cache. */
static int url_value(char c)
{
	unsigned x = (unsigned char)c;
	int v = -1;
	v += (int)((x - 'A' < 26u) * (x - 'A' + 1));
	v += (int)((x - 'a' < 26u) * (x - 'a' + 27));
	v += (int)((x - '0' < 10u) * (x - '0' + 53));
	v += (x == '-') * 63;
	v += (x == '_') * 64;
	return v;
}

int kst1_base64url_parse(uint8_t *out, size_t out_len, const char *text, size_t n)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t used = 0;
	if (n != (out_len * 8 + 5) / 6)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int v = url_value(text[i]);
		if (v < 0)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[used++] = (uint8_t)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	return bits ? -1 : 0;
}

/* Length of one line without its end, or SIZE_MAX if there is more than one end. */
static size_t line_length(const char *text, size_t n)
{
	if (n && text[n - 1] == '\n') {
		n--;
		if (n && text[n - 1] == '\r')
			n--;
	}
	return memchr(text, '\n', n) || memchr(text, '\r', n) ? SIZE_MAX : n;
}

static bool check_ok(const uint8_t key[WITH_CHECK])
{
	uint8_t hash[KST1_HASH];
	kst1_hash(hash, key, 32);
	int r = sodium_memcmp(hash, key + 32, CHECK);
	sodium_memzero(hash, sizeof(hash));
	return !r;
}

int kst1_text_parse(uint8_t out[32], const char *prefix, const void *text, size_t n)
{
	uint8_t key[WITH_CHECK];
	size_t len = line_length(text, n), skip = strlen(prefix);
	int r = -1;
	if (len != SIZE_MAX && len > skip && !memcmp(text, prefix, skip) &&
	    !kst1_base64url_parse(key, sizeof(key), (const char *)text + skip, len - skip) &&
	    check_ok(key)) {
		memcpy(out, key, 32);
		r = 0;
	}
	sodium_memzero(key, sizeof(key));
	return r;
}

void kst1_text_put(struct kst_buf *out, const char *prefix, const uint8_t data[32])
{
	uint8_t key[WITH_CHECK], hash[KST1_HASH];
	kst1_hash(hash, data, 32);
	memcpy(key, data, 32);
	memcpy(key + 32, hash, CHECK);
	kst_buf_puts(out, prefix);
	kst1_base64url(out, key, sizeof(key));
	sodium_memzero(key, sizeof(key));
	sodium_memzero(hash, sizeof(hash));
}

static int sheet_value(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	const char *at = c ? strchr(crockford, c) : NULL;
	return at ? (int)(at - crockford) : -1;
}

static int sheet_parse(uint8_t out[32], const char *text, size_t n)
{
	uint8_t key[WITH_CHECK];
	uint32_t bits = 0;
	unsigned have = 0;
	size_t used = 0, digits = 0;
	int r = -1;
	for (size_t i = 0; i < n; i++) {
		if (text[i] == ' ' || text[i] == '\t' || text[i] == '-')
			continue;
		int v = sheet_value(text[i]);
		if (v < 0 || ++digits > SHEET)
			goto done;
		bits = bits << 5 | (uint32_t)v;
		have += 5;
		if (have >= 8) {
			have -= 8;
			key[used++] = (uint8_t)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	if (digits == SHEET && !bits && check_ok(key)) {
		memcpy(out, key, 32);
		r = 0;
	}
done:
	sodium_memzero(key, sizeof(key));
	return r;
}

int kst_key_file_parse(struct kst_secret *key, const void *text, size_t len, struct kst_error *err)
{
	struct kst_secret out KST_SCRATCH_SECRET = KST_SECRET_INIT;
	size_t n = line_length(text, len);
	if (kst_secret_alloc(&out, 32, err) < 0)
		return -1;
	if (kst1_text_parse(out.data, KST1_KEY_PREFIX, text, len) < 0 &&
	    (n == SIZE_MAX || sheet_parse(out.data, text, n) < 0))
		return kst_error_setx(err, KST_E_BAD_KEY_FILE,
				      "neither a key file nor a recovery sheet of kstool");
	out.len = 32;
	kst_secret_move(key, &out);
	return 0;
}

int kst_key_file_new(struct kst_secret *key, struct kst_error *err)
{
	struct kst_secret out KST_SCRATCH_SECRET = KST_SECRET_INIT;
	if (kst_secret_alloc(&out, 32, err) < 0)
		return -1;
	randombytes_buf(out.data, 32);
	out.len = 32;
	kst_secret_move(key, &out);
	return 0;
}

void kst_key_file_text(const struct kst_secret *key, struct kst_buf *out)
{
	kst1_text_put(out, KST1_KEY_PREFIX, key->data);
	kst_buf_u8(out, '\n');
}

void kst_recovery_sheet_text(const struct kst_secret *key, struct kst_buf *out)
{
	uint8_t all[WITH_CHECK], hash[KST1_HASH];
	uint32_t bits = 0;
	unsigned have = 0;
	size_t digits = 0;
	kst1_hash(hash, key->data, 32);
	memcpy(all, key->data, 32);
	memcpy(all + 32, hash, CHECK);
	for (size_t i = 0; i < sizeof(all) || have; i++) {
		/* the last digit is filled with two zero bits */
		bits = bits << 8 | (i < sizeof(all) ? all[i] : 0);
		have += 8;
		while (have >= 5 && digits < SHEET) {
			have -= 5;
			if (digits && digits % GROUP == 0)
				kst_buf_u8(out, '-');
			kst_buf_u8(out, (uint8_t)crockford[bits >> have & 31]);
			bits &= (1u << have) - 1;
			digits++;
		}
		if (digits == SHEET)
			break;
	}
	kst_buf_u8(out, '\n');
	sodium_memzero(all, sizeof(all));
	sodium_memzero(hash, sizeof(hash));
}
