/* SPDX-License-Identifier: ISC */
/*
 * pem_scan.c - finding the blocks of a PEM file (RFC 7468, and what is found in the wild)
 *
 * The body of a block holds no '-', so that the next five dashes are its END
 * line: the scan runs at the speed of memchr, and looks at lines only where it
 * has to name one.
 */
#include "pem_scan.h"

#include <string.h>

#include "kstool/text.h"

#define DASHES "-----"
#define BEGIN "-----BEGIN "
#define END "-----END "
#define LIT(s) (s), sizeof(s) - 1

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool starts(const struct pem_scan *s, size_t at, const char *what, size_t n)
{
	return s->len - at >= n && memcmp(s->data + at, what, n) == 0;
}

static size_t find(const struct pem_scan *s, size_t from, const char *what, size_t n)
{
	const uint8_t *p = memmem(s->data + from, s->len - from, what, n);
	return p ? (size_t)(p - s->data) : s->len;
}

void pem_scan_init(struct pem_scan *s, const uint8_t *data, size_t len)
{
	*s = (struct pem_scan){ .data = data, .len = len, .line = 1, .eol = '\n' };
	if (len && !memchr(data, '\n', len))
		s->eol = '\r';
	if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		s->pos = 3;
}

/* The number of the line that holds this offset; offsets mostly ascend. */
static size_t line_of(struct pem_scan *s, size_t at)
{
	if (at < s->counted) {
		s->counted = 0;
		s->line = 1;
	}
	const uint8_t *p = s->data + s->counted, *end = s->data + at;
	while (p < end && (p = memchr(p, s->eol, (size_t)(end - p)))) {
		s->line++;
		p++;
	}
	s->counted = at;
	return s->line;
}

static size_t line_end(const struct pem_scan *s, size_t at)
{
	const uint8_t *p = at < s->len ? memchr(s->data + at, s->eol, s->len - at) : NULL;
	return p ? (size_t)(p - s->data) : s->len;
}

/* Behind the blanks and the line end that follow; the start of what else stands in the line. */
static size_t skip_rest(const struct pem_scan *s, size_t at)
{
	while (at < s->len && (blank(s->data[at]) || (s->data[at] == '\r' && s->eol != '\r')))
		at++;
	return at < s->len && s->data[at] == s->eol ? at + 1 : at;
}

/*
 * "LABEL-----" at `at`: the end of the label, or 0.  Printable characters; RFC
 * 7468's finer rules about blanks in labels keep nobody from anything.
 */
static size_t label_end(const struct pem_scan *s, size_t at)
{
	size_t end = at;
	while (end < s->len && end - at <= PEM_LABEL_MAX && s->data[end] >= ' ' &&
	       s->data[end] <= '~' && !starts(s, end, LIT(DASHES)))
		end++;
	return end > at && end - at <= PEM_LABEL_MAX && starts(s, end, LIT(DASHES)) ? end : 0;
}

/* Does the file end in what could still become a label? */
static bool cut_off(const struct pem_scan *s, size_t at)
{
	size_t end = at;
	while (end < s->len && s->data[end] >= ' ' && s->data[end] <= '~')
		end++;
	return end == s->len && end - at <= PEM_LABEL_MAX;
}

bool pem_label_is(const struct pem_scan *s, const struct pem_span *b, const char *label)
{
	return strlen(label) == b->label_len &&
	       memcmp(s->data + b->label, label, b->label_len) == 0;
}

/* The start of the line if only blanks stand before `at` in it (or a mark of UTF-8, or `from`). */
static bool at_line_start(const struct pem_scan *s, size_t from, size_t at, size_t *start)
{
	size_t p = at;
	while (p > from && blank(s->data[p - 1]))
		p--;
	if (p > from && s->data[p - 1] != '\n' && s->data[p - 1] != '\r')
		return false;
	*start = p;
	return true;
}

static const char *label_text(const struct pem_scan *s, size_t at, size_t n, struct kst_buf *buf)
{
	kst_buf_reset(buf);
	kst_text_escape(buf, s->data + at, n < PEM_LABEL_MAX ? n : PEM_LABEL_MAX);
	return buf->data ? (const char *)buf->data : "";
}

/* The marker that ends the block; its place in *at. */
static int find_end(struct pem_scan *s, struct pem_span *b, size_t *at, struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	const uint8_t *p = s->data + b->body, *stop = s->data + s->len;

	while ((p = memchr(p, '-', (size_t)(stop - p)))) {
		size_t here = (size_t)(p - s->data);
		if (starts(s, here, LIT(END))) {
			*at = here;
			return 0;
		}
		if (starts(s, here, LIT(BEGIN)) && label_end(s, here + strlen(BEGIN))) {
			size_t line = line_of(s, here);
			return kst_error_setx(
				err, KST_E_CORRUPT,
				"block %zu (%s, line %zu) has no END: the next begins in line %zu",
				b->number, label_text(s, b->label, b->label_len, &text), b->line,
				line);
		}
		while (p < stop && *p == '-')
			p++;
	}
	return kst_error_setx(err, KST_E_TRUNCATED,
			      "block %zu (%s, line %zu) has no END: the file stops inside it",
			      b->number, label_text(s, b->label, b->label_len, &text), b->line);
}

static int close_block(struct pem_scan *s, struct pem_span *b, struct kst_error *err)
{
	struct kst_buf open KST_SCRATCH_BUF = KST_BUF_INIT, shut KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t at = 0, start;

	if (find_end(s, b, &at, err) < 0)
		return -1;
	b->body_end = at_line_start(s, b->body, at, &start) ? start : at;

	size_t label = at + strlen(END), end = label_end(s, label);
	if (!end)
		return kst_error_setx(err, KST_E_CORRUPT,
				      "the END line of block %zu is damaged (line %zu)", b->number,
				      line_of(s, at));
	if (end - label != b->label_len ||
	    memcmp(s->data + label, s->data + b->label, b->label_len) != 0)
		return kst_error_setx(err, KST_E_CORRUPT,
				      "block %zu begins as %s in line %zu and ends as %s in line %zu",
				      b->number, label_text(s, b->label, b->label_len, &open),
				      b->line, label_text(s, label, end - label, &shut),
				      line_of(s, at));
	b->end = skip_rest(s, end + strlen(DASHES));
	/* Files glued together without a line end have the next BEGIN in this line. */
	if (b->end < s->len && s->data[b->end - 1] != s->eol && !starts(s, b->end, LIT(BEGIN)))
		return kst_error_setx(err, KST_E_CORRUPT,
				      "text follows the END of block %zu in line %zu", b->number,
				      line_of(s, b->end));
	return 1;
}

int pem_scan_next(struct pem_scan *s, struct pem_span *out, struct kst_error *err)
{
	size_t from = s->pos;
	for (size_t at = find(s, from, LIT(BEGIN)); at < s->len;
	     at = find(s, at + 1, LIT(BEGIN))) {
		struct pem_span b = { .text = from };
		b.label = at + strlen(BEGIN);
		size_t end = label_end(s, b.label);
		if (!at_line_start(s, from, at, &b.begin))
			continue;
		if (!end && cut_off(s, b.label))
			return kst_error_setx(err, KST_E_TRUNCATED,
					      "the file stops inside the BEGIN in line %zu",
					      line_of(s, at));
		if (!end)
			continue;
		b.label_len = end - b.label;
		b.indent = at - b.begin;
		b.body = skip_rest(s, end + strlen(DASHES));
		b.number = ++s->nr;
		b.line = line_of(s, at);
		int rc = close_block(s, &b, err);
		if (rc == 1) {
			s->pos = b.end;
			*out = b;
		}
		return rc;
	}
	return 0;
}

/* ---- decoding ---- */

#define BAD 0xff

struct decoder {
	uint8_t table[256]; /* six bits a digit, else BAD */
	uint32_t bits;
	unsigned nr, pad;   /* characters of the quantum that is open */
	bool closed;        /* padding was seen */
	uint8_t *to;
};

static void decoder_init(struct decoder *d, uint8_t *to)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	*d = (struct decoder){ .to = to };
	memset(d->table, BAD, sizeof(d->table));
	for (uint8_t i = 0; i < 64; i++)
		d->table[(uint8_t)alphabet[i]] = i;
}

/* One line; NULL, or the place of what does not belong there. */
static const uint8_t *feed(struct decoder *d, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *t = d->table;
	while (p < end) {
		if (!d->nr && !d->closed) {
			for (; end - p >= 4; p += 4) {
				uint32_t a = t[p[0]], b = t[p[1]], c = t[p[2]], e = t[p[3]];
				if ((a | b | c | e) & 0xc0)
					break;
				uint32_t v = a << 18 | b << 12 | c << 6 | e;
				d->to[0] = (uint8_t)(v >> 16);
				d->to[1] = (uint8_t)(v >> 8);
				d->to[2] = (uint8_t)v;
				d->to += 3;
			}
			if (p == end)
				break;
		}
		uint8_t c = *p;
		if (blank(c) || c == '\r' || c == '\n' || c == '\f' || c == '\v') {
			p++;
			continue;
		}
		if (c == '=' && d->nr >= 2 && d->pad < 2) {
			d->pad++;
			d->closed = true;
			d->bits <<= 6;
		} else if (t[c] == BAD || d->closed) {
			return p;
		} else {
			d->bits = d->bits << 6 | t[c];
		}
		if (++d->nr == 4) {
			for (unsigned i = 0; i < 3 - d->pad; i++)
				*d->to++ = (uint8_t)(d->bits >> (16 - 8 * i));
			d->nr = 0;
			d->bits = 0;
		}
		p++;
	}
	return NULL;
}

size_t pem_decode_start(const uint8_t *data, size_t n, uint8_t out[48])
{
	struct decoder d;
	decoder_init(&d, out);
	return n > 64 || feed(&d, data, data + n) ? 0 : (size_t)(d.to - out);
}

struct line {
	size_t at, end; /* trimmed at the right, indentation of BEGIN cut */
};

/* The next line of the body; false at its end. */
static bool next_line(const struct pem_scan *s, const struct pem_span *b, size_t *pos,
		      struct line *l)
{
	if (*pos >= b->body_end)
		return false;
	l->at = *pos;
	l->end = line_end(s, *pos);
	if (l->end > b->body_end)
		l->end = b->body_end;
	*pos = l->end < b->body_end ? l->end + 1 : l->end;
	for (size_t i = 0; i < b->indent && l->at < l->end && blank(s->data[l->at]); i++)
		l->at++;
	while (l->end > l->at && (blank(s->data[l->end - 1]) || s->data[l->end - 1] == '\r'))
		l->end--;
	return true;
}

static int bad(struct pem_scan *s, const struct pem_span *b, size_t at, const char *what,
	       struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	return kst_error_setx(err, KST_E_CORRUPT, "block %zu (%s) %s in line %zu", b->number,
			      label_text(s, b->label, b->label_len, &text), what, line_of(s, at));
}

static struct kst_bytes trim(const uint8_t *p, const uint8_t *end)
{
	while (p < end && blank(*p))
		p++;
	while (end > p && (blank(end[-1]) || end[-1] == '\r'))
		end--;
	return (struct kst_bytes){ p, (size_t)(end - p) };
}

static bool field(const struct pem_scan *s, const struct line *l, const char *name,
		  struct kst_bytes *value)
{
	size_t n = strlen(name);
	if (l->end - l->at <= n || memcmp(s->data + l->at, name, n) != 0 ||
	    s->data[l->at + n] != ':')
		return false;
	*value = trim(s->data + l->at + n + 1, s->data + l->end);
	return true;
}

/* "4,ENCRYPTED"; blanks behind the comma are allowed. */
static bool is_encrypted(struct kst_bytes v)
{
	if (v.len < 2 || v.data[0] != '4' || v.data[1] != ',')
		return false;
	struct kst_bytes type = trim(v.data + 2, v.data + v.len);
	return type.len == 9 && memcmp(type.data, "ENCRYPTED", 9) == 0;
}

/* Header fields up to the blank line; *pos is behind it. */
static int read_headers(struct pem_scan *s, const struct pem_span *b, size_t *pos,
			struct pem_headers *h, struct kst_error *err)
{
	struct line l;
	size_t next = *pos;
	bool last_dek = false;

	while (next_line(s, b, &next, &l)) {
		struct kst_bytes v;
		if (l.at == l.end) {
			if (!h->any) { /* blank lines before the data */
				*pos = next;
				continue;
			}
			*pos = next;
			if (h->encrypted && !h->dek.len)
				return bad(s, b, l.at, "is encrypted without a DEK-Info field",
					   err);
			return 0;
		}
		bool folded = h->any && blank(s->data[l.at]);
		if (!folded && !memchr(s->data + l.at, ':', l.end - l.at)) {
			if (!h->any)
				return 0;
			return bad(s, b, l.at, "has no blank line behind its header", err);
		}
		h->any = true;
		if (folded && last_dek)
			return bad(s, b, l.at, "has a DEK-Info field over two lines", err);
		last_dek = false;
		if (folded)
			continue;
		if (field(s, &l, "Proc-Type", &v)) {
			if (!is_encrypted(v))
				return bad(s, b, l.at, "has a Proc-Type that nobody uses", err);
			h->encrypted = true;
		} else if (field(s, &l, "DEK-Info", &v)) {
			h->dek = v;
			last_dek = true;
		}
	}
	return h->any ? bad(s, b, *pos, "ends in its header", err) : 0;
}

int pem_decode(struct pem_scan *s, const struct pem_span *b, struct pem_headers *headers,
	       struct kst_buf *out, struct kst_error *err)
{
	struct pem_headers h = { .any = false };
	size_t pos = b->body;

	if (read_headers(s, b, &pos, &h, err) < 0)
		return -1;
	if (kst_buf_reserve(out, (b->body_end - pos) / 4 * 3 + 3) < 0)
		return kst_error_nomem(err);

	struct decoder d;
	struct line l;
	bool gap = false, data = false, last = false;
	decoder_init(&d, out->data + out->len);
	while (next_line(s, b, &pos, &l)) {
		if (l.at == l.end) {
			gap = data;
			continue;
		}
		/* OpenSSL takes what stands before such a line for a header, and fails. */
		if (gap)
			return bad(s, b, l.at, "has data behind an empty line", err);
		data = true;
		/* As OpenSSL: what is encrypted comes in lines of 64, but for the last. */
		if (h.encrypted && (last || l.end - l.at > 64))
			return bad(s, b, l.at, "is encrypted and not in lines of 64 characters",
				   err);
		last = l.end - l.at < 64;
		const uint8_t *junk = feed(&d, s->data + l.at, s->data + l.end);
		if (junk)
			return bad(s, b, l.at,
				   *junk == '=' || d.table[*junk] != BAD
					   ? "has padding in the wrong place"
					   : "has a character that is not base64",
				   err);
	}
	if (d.nr)
		return bad(s, b, b->body_end, "ends in the middle of its base64", err);
	out->len = (size_t)(d.to - out->data);
	out->data[out->len] = 0;
	if (headers)
		*headers = h;
	return 0;
}

/* ---- the text between blocks ---- */

static size_t text_line_end(const uint8_t *data, size_t at, size_t to)
{
	while (at < to && data[at] != '\n' && data[at] != '\r')
		at++;
	return at;
}

/* The start of the last line that begins with `what` after blanks, or `to`. */
static size_t last_line(const uint8_t *data, size_t from, size_t to, const char *what)
{
	size_t n = strlen(what), found = to;
	for (size_t at = from; to - at >= n;) {
		const uint8_t *p = memmem(data + at, to - at, what, n);
		if (!p)
			break;
		size_t hit = (size_t)(p - data), start = hit;
		while (start > from && blank(data[start - 1]))
			start--;
		if (start == from || data[start - 1] == '\n' || data[start - 1] == '\r')
			found = start;
		at = hit + n;
	}
	return found;
}

struct kst_bytes pem_field(const uint8_t *data, size_t from, size_t to, const char *name)
{
	size_t at = last_line(data, from, to, name);
	if (at == to)
		return (struct kst_bytes){ NULL, 0 };
	while (blank(data[at]))
		at++;
	at += strlen(name);
	return trim(data + at, data + text_line_end(data, at, to));
}

static bool blank_line(const uint8_t *data, size_t at, size_t end)
{
	while (at < end && (blank(data[at]) || data[at] == '\r' || data[at] == '\n'))
		at++;
	return at == end;
}

/* Start of the line that ends right before `at`. */
static size_t line_before(const uint8_t *data, size_t from, size_t at)
{
	size_t p = at;
	if (p > from && (data[p - 1] == '\n' || data[p - 1] == '\r'))
		p--;
	if (p > from && data[p] == '\n' && data[p - 1] == '\r')
		p--;
	while (p > from && data[p - 1] != '\n' && data[p - 1] != '\r')
		p--;
	return p;
}

size_t pem_lead(const uint8_t *data, size_t from, size_t to)
{
	size_t lead = to, at;
	/* The paragraph right above it ... */
	while (lead > from && !blank_line(data, at = line_before(data, from, lead), lead))
		lead = at;
	/* ... what openssl pkcs12 wrote, which has blank lines inside ... */
	size_t bag = last_line(data, from, to, "Bag Attributes");
	if (bag == to)
		bag = last_line(data, from, to, PEM_NAME);
	if (bag < lead)
		lead = bag;
	/* ... and the blank lines before that. */
	while (lead > from && blank_line(data, at = line_before(data, from, lead), lead))
		lead = at;
	return lead;
}
