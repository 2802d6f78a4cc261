/* SPDX-License-Identifier: ISC */
/* verify.c - the verdict: the best of all paths, with everything that was found of it */
#include <stdlib.h>
#include <string.h>

#include "kstool/alloc.h"
#include "kstool/time.h"
#include "verify/path.h"

/* Paths to nowhere that are looked at; the search may meet many more before one that ends. */
#define MAX_NOWHERE 16

struct best {
	struct path path;
	struct findings f;
	struct kst_revoked_at *revoked;
	bool has;
};

struct verifying {
	struct best best;
	unsigned paths, nowhere;
	struct kst_error *err;
};

static void best_release(struct best *b)
{
	findings_release(&b->f);
	kst_free(b->revoked);
	b->revoked = NULL;
}

/* ---- which path ---- */

/* Among equals: one that ends; of those that do not the one that comes further; else the shorter. */
static bool better(const struct path *a, const struct findings *fa, const struct best *b)
{
	if (!b->has || fa->weight != b->f.weight)
		return !b->has || fa->weight < b->f.weight;
	if ((a->anchor != NULL) != (b->path.anchor != NULL))
		return a->anchor != NULL;
	return a->anchor ? a->nr < b->path.nr : a->nr > b->path.nr;
}

static int ask_the_rest(struct best *b, struct kst_error *err)
{
	b->revoked = kst_calloc(b->path.nr, sizeof(*b->revoked));
	if (!b->revoked)
		return kst_error_nomem(err);
	return rule_revocation(&b->path, &b->f, b->revoked, err);
}

static int found(void *ctx, struct path *p)
{
	struct verifying *v = ctx;
	struct best b = { .path = *p, .has = true };

	v->paths++;
	if (!p->anchor && (v->nowhere++ >= MAX_NOWHERE || (v->best.has && v->best.path.anchor)))
		return 0;
	path_judge(&b.path, &b.f);
	/* A CA that was taken back, or that OpenSSL refuses, may have a sister. */
	if (!b.f.weight && ask_the_rest(&b, v->err) < 0) {
		best_release(&b);
		return -1;
	}
	if (!b.f.weight)
		rule_openssl(&b.path, &b.f);
	if (b.f.failed) {
		best_release(&b);
		return kst_error_nomem(v->err);
	}
	if (!better(&b.path, &b.f, &v->best)) {
		best_release(&b);
		return 0;
	}
	best_release(&v->best);
	v->best = b;
	return !b.f.weight;
}

/* ---- the verdict ---- */

static int by_check(const void *a, const void *b)
{
	const struct kst_path_finding *x = a, *y = b;

	if (x->check != y->check)
		return x->check < y->check ? -1 : 1;
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->result != y->result) /* the failure first */
		return x->result == KST_RESULT_FAIL ? -1 : y->result == KST_RESULT_FAIL ? 1 : x->result < y->result ? -1 : 1;
	return 0;
}

static int give(struct kst_verdict *out, struct verifying *v)
{
	struct best *b = &v->best;

	*out = (struct kst_verdict){ .valid = !b->f.weight, .anchored = b->path.anchor != NULL, .paths = v->paths,
				     .usage = b->path.usage };
	if (out->anchored)
		out->anchor_source = b->path.anchor->source;
	out->from = kst_calloc(b->path.nr, sizeof(*out->from));
	if (!out->from)
		return kst_error_nomem(v->err);
	for (size_t i = 0; i < b->path.nr; i++) {
		if (kst_chain_push(&out->path, b->path.cert[i]) < 0)
			return kst_error_nomem(v->err);
		out->from[i] = b->path.from[i];
	}
	if (b->f.nr)
		qsort(b->f.row, b->f.nr, sizeof(*b->f.row), by_check);
	out->finding = b->f.row;
	out->nr = b->f.nr;
	b->f = (struct findings){ .row = NULL };
	out->revocation = b->revoked;
	b->revoked = NULL;
	return 0;
}

static enum kst_usage usage_of(const struct kst_verify_request *req)
{
	struct exts x;

	if (req->usage != KST_USAGE_FROM_CERT)
		return req->usage;
	if (req->host)
		return strchr(req->host, '@') ? KST_USAGE_EMAIL : KST_USAGE_SERVER;
	exts_read(&x, req->chain->cert[0]);
	if (x.eku == KST_FOR_EVERYTHING)
		return KST_USAGE_ANY;
	return x.eku & KST_FOR_SERVER ? KST_USAGE_SERVER :
	       x.eku & KST_FOR_CLIENT ? KST_USAGE_CLIENT :
	       x.eku & KST_FOR_EMAIL ? KST_USAGE_EMAIL :
	       x.eku & KST_FOR_CODE ? KST_USAGE_CODE : KST_USAGE_ANY;
}

int kst_verify(struct kst_verdict *out, const struct kst_verify_request *req, struct kst_error *err)
{
	struct verifying *v;
	int ret;

	*out = (struct kst_verdict){ .valid = false };
	if (!req->chain->nr)
		return kst_error_setx(err, KST_E_BAD_CERT, "there is no certificate to verify");
	v = kst_calloc(1, sizeof(*v));
	if (!v)
		return kst_error_nomem(err);
	v->err = err;
	if (req->revocations)
		kst_revocations_renew(req->revocations);
	ret = path_search(req, usage_of(req), req->at ? req->at : kst_time_now(), found, v, err);
	/* All faults are told at once: what was not asked of a path that was bad already is asked now. */
	if (ret == 0 && v->best.f.weight && !v->best.revoked)
		ret = ask_the_rest(&v->best, err);
	if (ret == 0)
		ret = give(out, v);
	if (ret < 0)
		kst_verdict_release(out);
	best_release(&v->best);
	kst_free(v);
	return ret < 0 ? -1 : 0;
}

void kst_verdict_release(struct kst_verdict *v)
{
	for (size_t i = 0; i < v->nr; i++)
		kst_free(v->finding[i].text);
	kst_free(v->finding);
	kst_chain_release(&v->path);
	kst_free(v->from);
	kst_free(v->revocation);
	*v = (struct kst_verdict){ .valid = false };
}

enum kst_result kst_verdict_check(const struct kst_verdict *v, enum kst_path_check check,
				  const struct kst_path_finding **first)
{
	const struct kst_path_finding *best = NULL;
	static const int rank[] = { [KST_RESULT_FAIL] = 3, [KST_RESULT_NOT_CHECKED] = 2, [KST_RESULT_PASS] = 0 };

	for (size_t i = 0; i < v->nr; i++) {
		const struct kst_path_finding *f = &v->finding[i];

		if (f->check != check)
			continue;
		/* A pass that says something decides rather than one that does not. */
		if (!best || rank[f->result] + (f->result == KST_RESULT_PASS && f->let_pass) >
				     rank[best->result] + (best->result == KST_RESULT_PASS && best->let_pass))
			best = f;
	}
	if (first)
		*first = best;
	return best ? best->result : KST_RESULT_NOT_CHECKED;
}

/* The most telling fault: what makes the others beside the point comes first. */
static int telling(enum kst_reason reason)
{
	static const enum kst_reason order[] = {
		KST_REASON_KEY_MISMATCH, KST_REASON_BAD_SIGNATURE, KST_REASON_UNKNOWN_SIG, KST_REASON_REVOKED,
		KST_REASON_EXPIRED, KST_REASON_NOT_YET, KST_REASON_SELF_SIGNED, KST_REASON_INCOMPLETE,
		KST_REASON_UNTRUSTED, KST_REASON_DISTRUSTED, KST_REASON_NOT_A_CA, KST_REASON_PATH_LENGTH,
		KST_REASON_NAME_CONSTRAINT, KST_REASON_CRITICAL, KST_REASON_POLICY, KST_REASON_MALFORMED,
		KST_REASON_PURPOSE, KST_REASON_KEY_USAGE, KST_REASON_HOST, KST_REASON_CN_ONLY,
		KST_REASON_WEAK_KEY, KST_REASON_WEAK_DIGEST, KST_REASON_CRL_EXPIRED, KST_REASON_CRL_BAD,
		KST_REASON_NO_REVOCATION, KST_REASON_EXPIRES_SOON, KST_REASON_WEB_PKI, KST_REASON_OPENSSL,
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (order[i] == reason)
			return (int)i;
	return (int)KST_REASON_COUNT;
}

const struct kst_path_finding *kst_verdict_cause(const struct kst_verdict *v)
{
	const struct kst_path_finding *cause = NULL;

	for (size_t i = 0; i < v->nr; i++)
		if (v->finding[i].result == KST_RESULT_FAIL &&
		    (!cause || telling(v->finding[i].reason) < telling(cause->reason)))
			cause = &v->finding[i];
	return cause;
}
