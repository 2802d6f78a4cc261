/* SPDX-License-Identifier: ISC */
/* verify_show.c - the verdict for people: the chain with the bad link, the checks, why, and what mends it */
#include "cmd/verify.h"
#include "cmd/trusting.h"

#include <string.h>

static const char *str(const struct kst_buf *b)
{
	return b->data ? (const char *)b->data : "";
}

/* ---- the chain, root first ---- */

static const struct kst_path_finding *fault_at(const struct kst_verdict *v, int depth)
{
	for (size_t i = 0; i < v->nr; i++)
		/* That its issuer is missing is a fault of the row above. */
		if (v->finding[i].result == KST_RESULT_FAIL && v->finding[i].depth == depth &&
		    v->finding[i].reason != KST_REASON_INCOMPLETE)
			return &v->finding[i];
	return NULL;
}

static void where_from(const struct verify_target *t, size_t i, struct kst_buf *out)
{
	char left[KST_TIME_TEXT];

	switch (t->v->from[i]) {
	case KST_FROM_TARGET:
		if (i == 0)
			kst_buf_puts(out, kst_time_left(kst_cert_not_after(t->v->path.cert[0]), kst_time_now(), left));
		else if (t->is_server)
			kst_buf_puts(out, "sent by the server");
		else
			kst_buf_printf(out, "in %s", t->source);
		break;
	case KST_FROM_EXTRA:
		kst_buf_puts(out, "of --extra");
		break;
	case KST_FROM_TRUST:
		kst_buf_puts(out, "trusted");
		break;
	}
}

static void row(const struct verify_target *t, size_t i, struct out_tree_row *r, struct kst_buf b[2])
{
	const struct kst_path_finding *f = fault_at(t->v, (int)i);

	verify_name(t->v->path.cert[i], &b[0]);
	if (f)
		kst_buf_puts(&b[1], kst_reason_slug(f->reason));
	else
		where_from(t, i, &b[1]);
	r->mark = i == t->v->path.nr - 1 && !t->v->anchored ? "?" : NULL;
	r->cell[0] = str(&b[0]);
	r->cell[3] = f ? "FAIL" : "ok";
	r->cell[4] = str(&b[1]);
}

/* Does the path end in a certificate whose issuer is missing? */
static bool is_open(const struct kst_verdict *v)
{
	for (size_t i = 0; i < v->nr; i++)
		if (v->finding[i].reason == KST_REASON_INCOMPLETE && v->finding[i].result == KST_RESULT_FAIL)
			return true;
	return false;
}

static void tree(const struct verify_target *t)
{
	size_t nr = t->v->path.nr, at = 0;
	struct out_tree_row *rows = kst_calloc(nr + 1, sizeof(*rows));
	struct kst_buf *text = kst_calloc(nr + 1, 2 * sizeof(*text));

	if (rows && text) {
		if (is_open(t->v)) {
			kst_cert_issuer_name(t->v->path.cert[nr - 1], &text[2 * nr]);
			rows[at++] = (struct out_tree_row){
				.mark = "?",
				.cell = { text[2 * nr].len ? str(&text[2 * nr]) : "(no name)", "", "", "FAIL", "missing" },
			};
		}
		for (size_t k = nr; k--; at++) {
			row(t, k, &rows[at], &text[2 * k]);
			rows[at].depth = (unsigned)at;
			if (at)
				rows[at].mark = NULL;
		}
		out_tree(t->cli->out, rows, at);
	}
	for (size_t k = 0; text && k < 2 * (nr + 1); k++)
		kst_buf_release(&text[k]);
	kst_free(text);
	kst_free(rows);
}

/* ---- the checks ---- */

static void dates(const struct verify_target *t, struct kst_buf *out)
{
	const struct kst_chain *c = &t->v->path;
	char text[KST_TIME_TEXT], left[KST_TIME_TEXT];
	size_t first = 0;

	for (size_t i = 1; i < c->nr; i++)
		if (kst_cert_not_after(c->cert[i]) < kst_cert_not_after(c->cert[first]))
			first = i;
	kst_buf_printf(out, "valid until %s, %s", kst_time_text(kst_cert_not_after(c->cert[first]), KST_TIME_MINUTE, text),
		       kst_time_left(kst_cert_not_after(c->cert[first]), kst_time_now(), left));
	if (first) {
		kst_buf_puts(out, " (");
		verify_name(c->cert[first], out);
		kst_buf_puts(out, ")");
	}
}

static void strength(const struct verify_target *t, struct kst_buf *out)
{
	kst_cert_key_text(t->v->path.cert[0], false, out);
	kst_buf_puts(out, ", signed with ");
	kst_cert_sig_text(t->v->path.cert[0], out);
}

static const char *const purpose_words[] = {
	[KST_USAGE_FROM_CERT] = "", [KST_USAGE_ANY] = "any, since none was named", [KST_USAGE_SERVER] = "TLS server",
	[KST_USAGE_CLIENT] = "TLS client", [KST_USAGE_EMAIL] = "e-mail", [KST_USAGE_CODE] = "code signing",
	[KST_USAGE_CA] = "CA",
};

/* What a check that passed is worth saying. */
static void passed(const struct verify_target *t, enum kst_path_check check, const struct kst_path_finding *f,
		   struct kst_buf *out)
{
	switch (check) {
	case KST_CHECK_TRUSTED:
		verify_name(t->v->path.cert[t->v->path.nr - 1], out);
		kst_buf_printf(out, " is trusted");
		break;
	case KST_CHECK_DATES:
		dates(t, out);
		break;
	case KST_CHECK_HOST:
		kst_buf_printf(out, "%s matches %s", t->req->host, f->text ? f->text : "");
		break;
	case KST_CHECK_STRENGTH:
		strength(t, out);
		break;
	case KST_CHECK_PURPOSE:
		kst_buf_puts(out, purpose_words[t->v->usage]);
		break;
	case KST_CHECK_SIGNATURES:
	case KST_CHECK_CONSTRAINTS:
	case KST_CHECK_FORM:
	case KST_CHECK_REVOCATION:
	case KST_CHECK_KEY:
	case KST_CHECK_COUNT:
		kst_buf_puts(out, kst_path_check_title(check));
		break;
	}
}

/* Does its text name the certificate already? */
static bool names_itself(enum kst_reason reason)
{
	return reason == KST_REASON_UNTRUSTED || reason == KST_REASON_SELF_SIGNED || reason == KST_REASON_INCOMPLETE ||
	       reason == KST_REASON_KEY_MISMATCH || reason == KST_REASON_HOST || reason == KST_REASON_CN_ONLY;
}

static void finding_text(const struct verify_target *t, const struct kst_path_finding *f, struct kst_buf *out)
{
	if (f->depth >= 0 && !names_itself(f->reason)) {
		verify_name(t->v->path.cert[f->depth], out);
		kst_buf_puts(out, ": ");
	}
	if (f->reason == KST_REASON_HOST)
		kst_buf_printf(out, "not for %s: ", t->req->host);
	kst_buf_puts(out, f->text ? f->text : kst_reason_meaning(f->reason));
}

static void not_checked(const struct verify_target *t, const struct kst_path_finding *f, struct kst_buf *out)
{
	if (f && f->check == KST_CHECK_REVOCATION && f->reason == KST_REASON_NONE) {
		kst_buf_puts(out, "not checked (no --crl, and --revocation is off)");
		return;
	}
	kst_buf_puts(out, "not checked");
	if (f && f->text) {
		kst_buf_puts(out, ": ");
		if (f->depth > 0) {
			verify_name(t->v->path.cert[f->depth], out);
			kst_buf_puts(out, ": ");
		}
		kst_buf_puts(out, f->text);
	}
}

/* "not revoked, says ica.crl of 2026-11-30 (next 2026-12-30)": how fresh it was belongs to the answer. */
static void revocation_text(const struct verify_target *t, const struct kst_path_finding *f, struct kst_buf *out)
{
	const struct kst_revoked_at *r = &t->v->revocation[f->depth];
	char from[KST_TIME_TEXT], to[KST_TIME_TEXT];

	verify_name(t->v->path.cert[f->depth], out);
	if (f->result == KST_RESULT_NOT_CHECKED) {
		kst_buf_printf(out, ": not checked: %s", f->text ? f->text : "nobody says");
	} else if (f->result == KST_RESULT_FAIL) {
		kst_buf_printf(out, ": %s", f->text ? f->text : kst_reason_meaning(f->reason));
	} else {
		kst_buf_printf(out, ": not revoked, says %s", r->source);
		if (r->this_update)
			kst_buf_printf(out, ", of %s", kst_time_text(r->this_update, KST_TIME_MINUTE, from));
		if (r->next_update)
			kst_buf_printf(out, ", good until %s", kst_time_text(r->next_update, KST_TIME_MINUTE, to));
	}
}

/* Each certificate has its own evidence: a line each. */
static void revocation(const struct verify_target *t)
{
	static const enum out_check mark[] = {
		[KST_RESULT_PASS] = OUT_CHECK_OK, [KST_RESULT_FAIL] = OUT_CHECK_BAD, [KST_RESULT_NOT_CHECKED] = OUT_CHECK_NONE
	};
	const char *label = kst_path_check_slug(KST_CHECK_REVOCATION);

	for (size_t i = 0; i < t->v->nr; i++) {
		const struct kst_path_finding *f = &t->v->finding[i];
		struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

		if (f->check != KST_CHECK_REVOCATION || f->depth < 0 || f->let_pass)
			continue;
		revocation_text(t, f, &text);
		out_check(t->cli->out, mark[f->result], label, str(&text));
		label = NULL;
	}
	if (label) /* the trusted certificate alone */
		out_check(t->cli->out, OUT_CHECK_NONE, label, "not checked: whom one trusts is not asked about");
}

static void check(const struct verify_target *t, enum kst_path_check check)
{
	const struct kst_path_finding *first;
	enum kst_result result = kst_verdict_check(t->v, check, &first);
	const char *label = kst_path_check_slug(check);
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	if (check == KST_CHECK_KEY && !first)
		return; /* nobody asked */
	if (check == KST_CHECK_REVOCATION && t->req->revocations && t->v->revocation) {
		revocation(t);
		return;
	}
	switch (result) {
	case KST_RESULT_PASS:
		passed(t, check, first, &text);
		out_check(t->cli->out, OUT_CHECK_OK, label, str(&text));
		return;
	case KST_RESULT_NOT_CHECKED:
		not_checked(t, first, &text);
		out_check(t->cli->out, OUT_CHECK_NONE, label, str(&text));
		return;
	case KST_RESULT_FAIL:
		break;
	}
	for (size_t i = 0; i < t->v->nr; i++) {
		const struct kst_path_finding *f = &t->v->finding[i];

		if (f->check != check || f->result != KST_RESULT_FAIL)
			continue;
		kst_buf_reset(&text);
		finding_text(t, f, &text);
		out_check(t->cli->out, label ? OUT_CHECK_BAD : OUT_CHECK_MORE, label, str(&text));
		label = NULL;
	}
}

static void let_pass(const struct verify_target *t)
{
	bool any = false;

	for (size_t i = 0; i < t->v->nr; i++) {
		const struct kst_path_finding *f = &t->v->finding[i];
		struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

		if (!f->let_pass)
			continue;
		finding_text(t, f, &text);
		if (!any)
			out_blank(t->cli->out);
		out_check(t->cli->out, any ? OUT_CHECK_MORE : OUT_CHECK_NONE, any ? NULL : "let pass", str(&text));
		any = true;
	}
	if (any)
		out_check(t->cli->out, OUT_CHECK_MORE, NULL, "(--policy strict refuses that)");
}

/* ---- why, and what mends it ---- */

static void explain(const struct verify_target *t, const struct kst_path_finding *cause)
{
	struct kst_buf why KST_SCRATCH_BUF = KST_BUF_INIT, line KST_SCRATCH_BUF = KST_BUF_INIT;
	struct verify_fix fix;

	verify_why(t, cause, &why);
	out_blank(t->cli->out);
	out_sentence(t->cli->out, "Why: %s", str(&why));
	verify_fix(t, cause, &fix);
	for (size_t i = 0; i < fix.nr; i++) {
		if (i)
			kst_buf_puts(&line, " ");
		kst_text_shell(&line, fix.word[i]);
	}
	if (line.len) {
		out_line(t->cli->out, "hint: %s:", fix.what);
		out_line(t->cli->out, "      %s", str(&line));
	}
	verify_fix_release(&fix);
}

void verify_show_checks(const struct verify_target *t)
{
	struct out *o = t->cli->out;

	trusting_show(o, t->req->anchors);
	out_blank(o);
	tree(t);
	out_blank(o);
	for (int c = 0; c < KST_CHECK_COUNT; c++)
		check(t, (enum kst_path_check)c);
	let_pass(t);
}

void verify_show(const struct verify_target *t)
{
	const struct kst_path_finding *cause = kst_verdict_cause(t->v);
	struct out *o = t->cli->out;

	if (out_quiet(o)) /* the answer alone */
		out_line(o, "%s%s%s: %s", t->source, t->entry ? ", " : "", t->entry ? t->entry : "", t->v->valid ? "VALID" : "NOT VALID");
	else
		out_heading(o, "%s%s%s: %s", t->source, t->entry ? ", " : "", t->entry ? t->entry : "", t->v->valid ? "VALID" : "NOT VALID");
	if (out_quiet(o))
		return;
	verify_show_checks(t);
	if (cause)
		explain(t, cause);
}
