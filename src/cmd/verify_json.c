/* SPDX-License-Identifier: ISC */
/* verify_json.c - the verdict for programs: kstool.verify/1, and --plain */
#include "cmd/verify.h"
#include "cmd/trusting.h"

#include <stdio.h>
#include <string.h>

static const char *const result_word[] = {
	[KST_RESULT_PASS] = "pass", [KST_RESULT_FAIL] = "fail", [KST_RESULT_NOT_CHECKED] = "not-checked"
};

static void subject(struct out *o, const struct kst_cert *cert)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_cert_subject(cert, &text);
	out_strn(o, "subject", text.data, text.len);
}

/* Why of a check that was not made where no finding has one. */
static const char *reason_word(const struct kst_path_finding *f)
{
	if (!f)
		return NULL;
	if (f->result == KST_RESULT_NOT_CHECKED && f->reason == KST_REASON_NONE)
		return f->check == KST_CHECK_REVOCATION ? "off" : f->check == KST_CHECK_HOST ? "not-asked" : NULL;
	return kst_reason_slug(f->reason);
}

/* ---- over the whole path ---- */

static void checks(const struct verify_target *t)
{
	struct out *o = t->cli->out;

	out_array(o, "checks");
	for (int c = 0; c < KST_CHECK_COUNT; c++) {
		const struct kst_path_finding *f;
		enum kst_result result = kst_verdict_check(t->v, (enum kst_path_check)c, &f);

		out_object(o, NULL);
		out_str(o, "name", kst_path_check_slug((enum kst_path_check)c));
		out_str(o, "result", result_word[result]);
		out_str(o, "reason", c == KST_CHECK_KEY && !f ? "not-asked" : reason_word(f));
		if (f && f->depth >= 0) {
			out_int(o, "depth", f->depth);
			subject(o, t->v->path.cert[f->depth]);
		} else {
			out_null(o, "depth");
			out_null(o, "subject");
		}
		out_str(o, "text", f ? f->text : NULL);
		out_bool(o, "let_pass", f && f->let_pass);
		out_end(o);
	}
	out_end(o);
}

/* ---- each certificate ---- */

static void findings(const struct verify_target *t, int depth)
{
	struct out *o = t->cli->out;

	out_array(o, "checks");
	for (size_t i = 0; i < t->v->nr; i++) {
		const struct kst_path_finding *f = &t->v->finding[i];

		if (f->depth != depth)
			continue;
		out_object(o, NULL);
		out_str(o, "name", kst_path_check_slug(f->check));
		out_str(o, "result", result_word[f->result]);
		out_str(o, "reason", reason_word(f));
		out_bool(o, "let_pass", f->let_pass);
		out_str(o, "text", f->text);
		out_end(o);
	}
	out_end(o);
}

static void revocation(struct out *o, const struct kst_revoked_at *r)
{
	static const char *const state[] = {
		[KST_REVOKED_UNKNOWN] = "unknown", [KST_REVOKED_NO] = "good", [KST_REVOKED_YES] = "revoked"
	};

	out_object(o, "revocation");
	out_str(o, "state", state[r->state]);
	out_str(o, "source", r->source[0] ? r->source : NULL);
	out_time(o, "this_update", r->this_update);
	out_time(o, "next_update", r->next_update);
	out_time(o, "revoked_at", r->state == KST_REVOKED_YES ? r->when : 0);
	out_str(o, "revocation_reason", r->state == KST_REVOKED_YES && r->reason >= 0 ? kst_revocation_reason(r->reason) : NULL);
	out_end(o);
}

static void chain(const struct verify_target *t)
{
	static const char *const from[] = { [KST_FROM_TARGET] = "source", [KST_FROM_EXTRA] = "extra",
					    [KST_FROM_TRUST] = "trust" };
	struct out *o = t->cli->out;

	out_array(o, "chain");
	for (size_t i = 0; i < t->v->path.nr; i++) {
		const struct kst_cert *cert = t->v->path.cert[i];

		out_object(o, NULL);
		out_int(o, "depth", (int64_t)i);
		out_hex(o, "sha256", kst_cert_sha256(cert), 32);
		subject(o, cert);
		out_time(o, "not_before", kst_cert_not_before(cert));
		out_time(o, "not_after", kst_cert_not_after(cert));
		out_str(o, "from", t->is_server && t->v->from[i] == KST_FROM_TARGET ? "server" : from[t->v->from[i]]);
		if (t->req->revocations && t->v->revocation && i + 1 < t->v->path.nr)
			revocation(o, &t->v->revocation[i]);
		else
			out_null(o, "revocation");
		findings(t, (int)i);
		out_end(o);
	}
	out_end(o);
}

static void cause(const struct verify_target *t)
{
	const struct kst_path_finding *f = kst_verdict_cause(t->v);
	struct kst_buf why KST_SCRATCH_BUF = KST_BUF_INIT;
	struct verify_fix fix = { .nr = 0 };
	struct out *o = t->cli->out;

	if (f) {
		verify_why(t, f, &why);
		verify_fix(t, f, &fix);
	}
	out_str(o, "cause", f ? kst_reason_slug(f->reason) : NULL);
	out_str(o, "why", f ? (const char *)why.data : NULL);
	out_array(o, "fix");
	for (size_t i = 0; i < fix.nr; i++)
		out_str(o, NULL, fix.word[i]);
	out_end(o);
	verify_fix_release(&fix);
}

void verify_json(const struct verify_target *t, const char *key)
{
	struct out *o = t->cli->out;

	out_object(o, key);
	out_str(o, "source", t->source);
	out_str(o, "entry", t->entry);
	out_bool(o, "valid", t->v->valid);
	out_str(o, "host", t->req->host);
	out_str(o, "purpose", kst_usages[t->v->usage - KST_USAGE_ANY]);
	out_str(o, "policy", t->req->strict ? "strict" : "default");
	trusting_json(o, t->req->anchors);
	checks(t);
	chain(t);
	out_int(o, "paths_tried", t->v->paths);
	cause(t);
	out_end(o);
}

/* ---- --plain ---- */

void verify_plain(const struct verify_target *t)
{
	const char *row[8] = { t->source, t->entry ? t->entry : "", "verdict", t->v->valid ? "pass" : "fail", "", "", "", "" };
	const struct kst_path_finding *f = kst_verdict_cause(t->v);

	if (f)
		row[4] = kst_reason_slug(f->reason);
	out_plain(t->cli->out, row, 8);
	for (size_t i = 0; i < t->v->nr; i++) {
		struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
		char depth[16] = "";

		f = &t->v->finding[i];
		if (f->depth >= 0) {
			snprintf(depth, sizeof(depth), "%d", f->depth);
			verify_name(t->v->path.cert[f->depth], &name);
		}
		row[2] = kst_path_check_slug(f->check);
		row[3] = f->let_pass ? "let-pass" : result_word[f->result];
		row[4] = reason_word(f) ? reason_word(f) : "";
		row[5] = depth;
		row[6] = name.data ? (const char *)name.data : "";
		row[7] = f->text ? f->text : "";
		out_plain(t->cli->out, row, 8);
	}
}
