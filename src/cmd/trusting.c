/* SPDX-License-Identifier: ISC */
/* trusting.c - --trust SOURCE: opening what it names, and saying always whom one trusted */
#include "cmd/live.h"
#include "cmd/trusting.h"

#include <string.h>

/* A store of certificates none of which is an anchor: Java and others trust nothing of it. */
static void warn_empty(struct cli *cli, struct kst_store *s, const char *name)
{
	size_t certs = 0;

	for (size_t i = 0; i < kst_store_count(s); i++) {
		struct kst_head h;

		certs += !kst_store_head(s, i, &h, NULL) && h.nr_certs > 0;
	}
	if (certs)
		out_warn(cli->out, "no-anchor", "%s: no certificate in it is marked as trusted, so nobody is trusted by it",
			 name);
	else
		out_warn(cli->out, "no-anchor", "%s: there is no certificate in it, so nobody is trusted by it", name);
}

static int add(struct cli *cli, struct kst_anchors *a, const char *name)
{
	struct kst_store *s = NULL;
	int ret;

	/* Whoever answers there would vouch for himself. */
	if (live_is(name)) {
		kst_error_setx(cli->err, KST_E_USAGE, "is a server, and none is trusted for what it sends: name a store of CAs");
		kst_error_advise(cli->err, "with a CA of it whose fingerprint you know", "kstool", "trust", "trust.kst", name,
				 "--create", NULL);
		return kst_error_subject(cli->err, "%s", name);
	}
	if (cmd_open(cli, name, &s) < 0)
		return -1;
	ret = kst_anchors_add_store(a, s, name, cli->err);
	if (ret == 0 && !kst_anchors_source(a, kst_anchors_sources(a) - 1)->nr)
		warn_empty(cli, s, name);
	kst_store_free(s);
	return ret;
}

int trusting_open(struct cli *cli, const struct opt_list *trust, struct kst_anchors **out)
{
	struct kst_anchors *a;

	if (kst_anchors_new(&a, cli->err) < 0)
		return -1;
	for (size_t i = 0; i < (trust->nr ? trust->nr : 1); i++)
		if (add(cli, a, trust->nr ? trust->item[i] : TRUSTING_DEFAULT) < 0) {
			kst_anchors_free(a);
			return -1;
		}
	*out = a;
	return 0;
}

void trusting_show(struct out *o, const struct kst_anchors *a)
{
	for (size_t i = 0; i < kst_anchors_sources(a); i++) {
		const struct kst_anchor_source *s = kst_anchors_source(a, i);

		/* Of @system and @java it is said which file that is here. */
		out_line(o, "%s %s (%s, %zu CA%s)", i ? "          " : "trusting  ", s->path, s->format, s->nr,
			 s->nr == 1 ? "" : "s");
	}
}

void trusting_json(struct out *o, const struct kst_anchors *a)
{
	out_array(o, "trust");
	for (size_t i = 0; i < kst_anchors_sources(a); i++) {
		const struct kst_anchor_source *s = kst_anchors_source(a, i);

		out_object(o, NULL);
		out_str(o, "source", s->name);
		out_str(o, "path", s->path);
		out_str(o, "format", s->format);
		out_int(o, "cas", (int64_t)s->nr);
		out_end(o);
	}
	out_end(o);
}
