/* SPDX-License-Identifier: ISC */
/* tls_json.c - a handshake for programs; the same members in tls pair, tls test and tls serve */
#include "cmd/tls.h"

#include <string.h>

static const char *const result_word[] = {
	[KST_RESULT_PASS] = "pass", [KST_RESULT_FAIL] = "fail", [KST_RESULT_NOT_CHECKED] = "none"
};

static const char *or_null(const char *text)
{
	return text && *text ? text : NULL;
}

static void steps(struct out *o, const struct kst_handshake *h)
{
	out_array(o, "steps");
	for (size_t i = 0; i < h->nr; i++) {
		const struct kst_step *s = &h->step[i];

		out_object(o, NULL);
		out_str(o, "step", kst_step_slug(s->kind));
		out_str(o, "from", kst_side_slug(s->from));
		out_str(o, "result", result_word[s->result]);
		out_str(o, "alert", s->alert >= 0 ? kst_alert_name(s->alert) : NULL);
		out_int(o, "ms", s->ms);
		out_str(o, "text", s->text);
		out_end(o);
	}
	out_end(o);
}

static void alert(struct out *o, const struct kst_handshake *h)
{
	if (h->alert_from < 0) {
		out_null(o, "alert");
		return;
	}
	out_object(o, "alert");
	out_str(o, "from", kst_side_slug((enum kst_side)h->alert_from));
	out_int(o, "number", h->alert);
	out_str(o, "name", kst_alert_name(h->alert));
	out_str(o, "meaning", kst_alert_meaning(h->alert));
	if (h->alert_after_ms >= 0)
		out_int(o, "ms_after_handshake", h->alert_after_ms);
	else
		out_null(o, "ms_after_handshake");
	out_end(o);
}

static void ca_names(struct out *o, const struct kst_handshake *h)
{
	out_array(o, "ca_names");
	for (size_t i = 0; i < h->nr_ca_names; i++) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		kst_ca_name_text(&h->ca_names[i], &b);
		out_strn(o, NULL, b.data, b.len);
	}
	out_end(o);
}

static void party(const struct tls_view *v, enum kst_side side)
{
	const struct tls_seat *seat = tls_seat(v, side);
	const struct kst_party *p = tls_party(v, side);
	struct out *o = v->cli->out;
	struct verify_target t;

	out_object(o, kst_side_slug(side));
	out_str(o, "source", seat->id ? seat->id->path : seat->name);
	out_str(o, "entry", seat->id ? seat->id->entry : NULL);
	out_bool(o, "sent", p->came);
	out_array(o, "certificates");
	for (size_t i = 0; i < p->sent.nr; i++) {
		struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

		out_object(o, NULL);
		out_hex(o, "sha256", kst_cert_sha256(p->sent.cert[i]), 32);
		kst_cert_subject(p->sent.cert[i], &b);
		out_strn(o, "subject", b.data, b.len);
		kst_buf_reset(&b);
		kst_cert_issuer(p->sent.cert[i], &b);
		out_strn(o, "issuer", b.data, b.len);
		out_time(o, "not_after", kst_cert_not_after(p->sent.cert[i]));
		out_end(o);
	}
	out_end(o);
	out_bool(o, "stapled", p->staple.len != 0);
	if (tls_target(v, side, &t))
		verify_json(&t, "verdict");
	else
		out_null(o, "verdict");
	out_end(o);
}

void tls_json(const struct tls_view *v)
{
	const struct kst_handshake *h = v->h;
	struct out *o = v->cli->out;
	struct kst_buf why KST_SCRATCH_BUF = KST_BUF_INIT, head KST_SCRATCH_BUF = KST_BUF_INIT;
	struct verify_fix fix;

	out_bool(o, "done", h->done);
	out_str(o, "version", h->version ? kst_tls_version_text(h->version) : NULL);
	out_str(o, "cipher", or_null(h->cipher));
	out_str(o, "group", or_null(h->group));
	out_str(o, "alpn", or_null(h->alpn));
	out_str(o, "sni", or_null(h->sni));
	out_str(o, "host", v->host);
	out_str(o, "peer", or_null(h->peer));
	out_bool(o, "asked_for_client", h->asked_for_client);
	out_bool(o, "sent_client", h->sent_client);
	ca_names(o, h);
	out_str(o, "fault", kst_fault_slug(h->fault));
	out_str(o, "fault_side", h->fault != KST_FAULT_NONE ? kst_side_slug(h->fault_side) : NULL);
	out_str(o, "fault_text", or_null(h->fault_text));
	alert(o, h);
	out_bool(o, "closed", h->closed);
	if (h->http_status)
		out_int(o, "http_status", h->http_status);
	else
		out_null(o, "http_status");
	out_str(o, "answer", or_null(h->answer));
	steps(o, h);
	party(v, KST_SIDE_SERVER);
	party(v, KST_SIDE_CLIENT);
	tls_headline(v, &head);
	out_strn(o, "summary", head.data, head.len);
	tls_why(v, &why);
	out_str(o, "why", why.len ? (const char *)why.data : NULL);
	tls_fix(v, &fix);
	out_array(o, "fix");
	for (size_t i = 0; i < fix.nr; i++)
		out_str(o, NULL, fix.word[i]);
	out_end(o);
	verify_fix_release(&fix);
}
