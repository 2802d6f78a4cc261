/* SPDX-License-Identifier: ISC */
/* tls_show.c - a handshake for people: what was agreed on, the ladder of its steps, what each side is */
#include "cmd/tls.h"

#include <stdio.h>
#include <string.h>

static const char *str(const struct kst_buf *b)
{
	return b->data ? (const char *)b->data : "";
}

const char *tls_mark(const struct out *o, enum kst_result result)
{
	switch (result) {
	case KST_RESULT_PASS:
		return out_ascii(o) ? "ok" : "\xe2\x9c\x93";
	case KST_RESULT_FAIL:
		return out_ascii(o) ? "FAIL" : "\xe2\x9c\x97";
	case KST_RESULT_NOT_CHECKED:
		break;
	}
	return out_ascii(o) ? "-" : "\xe2\x80\x93";
}

void tls_agreed(const struct kst_handshake *h, struct kst_buf *out)
{
	kst_buf_puts(out, kst_tls_version_text(h->version));
	if (h->cipher[0]) {
		kst_buf_puts(out, ", ");
		kst_tls_cipher_text(h->cipher, out);
	}
	if (h->group[0])
		kst_buf_printf(out, ", %s", h->group);
	if (h->alpn[0])
		kst_buf_printf(out, ", ALPN %s", h->alpn);
}

void tls_seat_text(const struct tls_seat *s, struct kst_buf *out)
{
	if (!s->id) {
		kst_buf_puts(out, s->name ? s->name : "");
		return;
	}
	kst_buf_puts(out, s->id->path);
	if (s->id->entry)
		kst_buf_printf(out, " \"%s\"", s->id->entry);
}

void tls_party_text(const struct tls_view *v, enum kst_side side, struct kst_buf *out)
{
	const struct kst_party *p = tls_party(v, side);
	const struct kst_cert *leaf = p->sent.nr ? p->sent.cert[0] : NULL;
	const struct kst_path_finding *cause = p->has_verdict ? kst_verdict_cause(&p->verdict) : NULL;
	const struct tls_judge *by = tls_seat(v, side)->by;
	char left[KST_TIME_TEXT];

	if (!leaf) {
		kst_buf_puts(out, "none");
		return;
	}
	verify_name(leaf, out);
	/* That it has expired is said once. */
	if (!cause || (cause->reason != KST_REASON_EXPIRED && cause->reason != KST_REASON_NOT_YET))
		kst_buf_printf(out, ", %s", kst_time_left(kst_cert_not_after(leaf), kst_time_now(), left));
	if (cause)
		kst_buf_printf(out, ": %s", kst_reason_meaning(cause->reason));
	else if (!p->has_verdict)
		kst_buf_puts(out, ", which nobody judged");
	else if (p->verdict.anchored && by)
		kst_buf_printf(out, ", trusted by %s", kst_anchors_source(by->anchors, p->verdict.anchor_source)->name);
}

void tls_accepted(const struct kst_handshake *h, struct kst_buf *out)
{
	if (!h->nr_ca_names) {
		kst_buf_puts(out, "any CA that it trusts; it names none");
		return;
	}
	for (size_t i = 0; i < h->nr_ca_names && i < 10; i++) {
		if (i)
			kst_buf_puts(out, ", ");
		kst_ca_name_text(&h->ca_names[i], out);
	}
	if (h->nr_ca_names > 10)
		kst_buf_printf(out, " and %zu more", h->nr_ca_names - 10);
}

/* ---- the ladder ---- */

static const char *step_text(const struct kst_step *s)
{
	switch (s->kind) {
	case KST_STEP_HELLO:
		return "hello";
	case KST_STEP_CERTIFICATE:
		return "certificate";
	case KST_STEP_CHECK:
		return "checks";
	case KST_STEP_REQUEST:
		return "asks for certificate";
	case KST_STEP_KEYS:
		return "keys derived";
	case KST_STEP_FINISHED:
		return "finished";
	case KST_STEP_ALERT:
		return "alert";
	case KST_STEP_DATA:
		return "data";
	case KST_STEP_CLOSED:
		break;
	}
	return "closes";
}

/* Between two columns, for client and server, an arrow for what was sent; what a side does alone
 * stands in its column. */
static void ladder_line(struct out *o, size_t nr, const struct kst_step *s, bool timed)
{
	bool ascii = out_ascii(o), alone = s->kind == KST_STEP_CHECK, server = s->from == KST_SIDE_SERVER;
	const char *arrow = alone ? (ascii ? "  " : " ") : server ? (ascii ? "<-" : "\xe2\x86\x90") : ascii ? "->" : "\xe2\x86\x92";
	const char *mark = s->result == KST_RESULT_FAIL ? tls_mark(o, KST_RESULT_FAIL) : alone ? tls_mark(o, s->result) : "";
	struct kst_buf head KST_SCRATCH_BUF = KST_BUF_INIT;
	char ms[16] = "";

	if (timed)
		snprintf(ms, sizeof(ms), "%5d ms", s->ms);
	kst_buf_printf(&head, "  %2zu%s  %-6s %s %-6s  %s", nr, ms, !alone || !server ? "client" : "", arrow,
		       !alone || server ? "server" : "", mark);
	for (size_t w = kst_text_width(mark); w < (ascii ? 5u : 2u); w++)
		kst_buf_puts(&head, " ");
	kst_buf_puts(&head, step_text(s));
	if (!s->text || !*s->text) {
		out_line(o, "%s", str(&head));
		return;
	}
	for (size_t w = strlen(step_text(s)); w < 21; w++)
		kst_buf_puts(&head, " ");
	out_hanging(o, kst_text_width(str(&head)), "%s%s", str(&head), s->text);
}

void tls_show_ladder(const struct tls_view *v)
{
	for (size_t i = 0; i < v->h->nr; i++)
		ladder_line(v->cli->out, i + 1, &v->h->step[i], !v->pair);
}

/* ---- what a side is ---- */

void tls_show_checks(const struct tls_view *v, enum kst_side side)
{
	struct kst_buf who KST_SCRATCH_BUF = KST_BUF_INIT;
	const struct kst_party *p = tls_party(v, side);
	struct verify_target t;

	if (!tls_target(v, side, &t))
		return;
	tls_seat_text(tls_seat(v, side), &who);
	out_blank(v->cli->out);
	out_heading(v->cli->out, "%s, %s%s: %s", side == KST_SIDE_SERVER ? "server" : "client", str(&who),
		    p->came ? "" : " (not sent: the handshake ended before)", p->verdict.valid ? "VALID" : "NOT VALID");
	verify_show_checks(&t);
}
