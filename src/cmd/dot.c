/* SPDX-License-Identifier: ISC */
/* dot.c - who issued whom, as Graphviz draws it */
#include "cmd/dot.h"

#include <stdlib.h>
#include <string.h>

struct node {
	struct kst_cert *cert;
	size_t at; /* its place among all that was read */
	bool key;  /* its private key is there */
};

struct graph {
	struct node *node; /* each certificate once, in the order of the files */
	struct kst_cert **cert;
	size_t nr, size;
};

static bool same_cert(const struct node *a, const struct node *b)
{
	return !memcmp(kst_cert_sha256(a->cert), kst_cert_sha256(b->cert), 32);
}

static int by_place(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static int by_sha256(const void *a, const void *b)
{
	const struct node *x = a, *y = b;
	int r = memcmp(kst_cert_sha256(x->cert), kst_cert_sha256(y->cert), 32);

	return r ? r : by_place(a, b);
}

static int add(struct graph *g, struct kst_cert *cert, bool key, struct kst_error *err)
{
	if (g->nr == g->size) {
		size_t size = g->size ? g->size * 2 : 64;
		struct node *grown = kst_realloc(g->node, size * sizeof(*grown));

		if (!grown)
			return kst_error_nomem(err);
		g->node = grown;
		g->size = size;
	}
	g->node[g->nr] = (struct node){ cert, g->nr, key };
	g->nr++;
	return 0;
}

static int gather(struct graph *g, struct kst_store *const *store, size_t nr, struct kst_error *err)
{
	size_t kept = 0;

	for (size_t j = 0; j < nr; j++)
		for (size_t i = 0; i < kst_store_count(store[j]); i++) {
			struct kst_entry *e;

			if (kst_store_entry(store[j], i, &e, err) < 0)
				return -1;
			for (size_t k = 0; k < e->chain.nr; k++)
				if (add(g, e->chain.cert[k], !k && e->kind == KST_KIND_KEY, err) < 0)
					return -1;
		}
	if (g->nr)
		qsort(g->node, g->nr, sizeof(*g->node), by_sha256);
	for (size_t i = 0; i < g->nr; i++) {
		if (kept && same_cert(&g->node[kept - 1], &g->node[i]))
			g->node[kept - 1].key |= g->node[i].key;
		else
			g->node[kept++] = g->node[i];
	}
	g->nr = kept;
	if (kept)
		qsort(g->node, kept, sizeof(*g->node), by_place);
	g->cert = kst_calloc(g->nr + 1, sizeof(*g->cert));
	for (size_t i = 0; g->cert && i < g->nr; i++)
		g->cert[i] = g->node[i].cert;
	return g->cert ? 0 : kst_error_nomem(err);
}

/* Of an HTML label, which needs no backslash: every line goes through the escaping of hostile text. */
static void put_text(struct kst_buf *b, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>\"", *text))
			kst_buf_printf(b, "&#%d;", *text);
		else
			kst_buf_u8(b, (uint8_t)*text);
	}
}

static void put_id(struct kst_buf *b, const struct kst_cert *cert)
{
	kst_buf_puts(b, "c");
	kst_text_hex(b, kst_cert_sha256(cert), 8);
}

static void say(struct cli *cli, struct kst_buf *line)
{
	if (!line->failed)
		out_line(cli->out, "%s", (const char *)line->data);
	kst_buf_reset(line);
}

static void say_node(struct cli *cli, const struct node *n)
{
	struct kst_buf line KST_SCRATCH_BUF = KST_BUF_INIT, name KST_SCRATCH_BUF = KST_BUF_INIT;
	char until[KST_TIME_TEXT];
	int64_t after = kst_cert_not_after(n->cert);

	kst_cert_name(n->cert, &name);
	kst_buf_puts(&line, "  ");
	put_id(&line, n->cert);
	kst_buf_puts(&line, " [label=<");
	put_text(&line, name.data ? (const char *)name.data : "");
	kst_buf_printf(&line, "<br/>%s%s%s>%s];", kst_cert_is_ca(n->cert) ? "CA, " : "",
		       after < kst_time_now() ? "EXPIRED " : "until ", kst_time_text(after, KST_TIME_DATE, until),
		       n->key ? ", style=bold, tooltip=\"private key\"" : "");
	say(cli, &line);
}

static bool same_issuer(const struct kst_cert *a, const struct kst_cert *b)
{
	struct kst_bytes x = kst_cert_issuer_der(a), y = kst_cert_issuer_der(b);

	return x.len == y.len && !memcmp(x.data, y.data, x.len);
}

static int say_edge(struct cli *cli, const struct graph *g, size_t i, const struct kst_cert_pool *pool)
{
	struct kst_buf line KST_SCRATCH_BUF = KST_BUF_INIT, name KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_chain chain = { .nr = 0 };
	struct kst_cert *cert = g->node[i].cert;
	bool complete;

	if (kst_cert_is_self_issued(cert))
		return 0;
	if (kst_chain_build_from(&chain, cert, pool, &complete, cli->err) < 0)
		return -1;
	if (chain.nr > 1) {
		kst_buf_puts(&line, "  ");
		put_id(&line, chain.cert[1]);
		kst_buf_puts(&line, " -> ");
	} else {
		size_t first = 0; /* whose issuer this is, too */

		while (!same_issuer(g->node[first].cert, cert))
			first++;
		kst_cert_issuer_name(cert, &name);
		kst_buf_printf(&line, "  missing%zu [style=dashed, label=<", first);
		put_text(&line, name.data ? (const char *)name.data : "");
		kst_buf_puts(&line, "<br/>not in these files>];");
		if (first == i)
			say(cli, &line);
		kst_buf_reset(&line);
		kst_buf_printf(&line, "  missing%zu -> ", first);
	}
	put_id(&line, cert);
	kst_buf_puts(&line, chain.nr > 1 ? ";" : " [style=dashed];");
	say(cli, &line);
	kst_chain_release(&chain);
	return 0;
}

int dot_show(struct cli *cli, struct kst_store *const *store, size_t nr)
{
	struct graph g = { .nr = 0 };
	struct kst_cert_pool *pool = NULL;
	int ret = -1;

	if (gather(&g, store, nr, cli->err) < 0 || kst_cert_pool_new(&pool, g.cert, g.nr, cli->err) < 0)
		goto done;
	out_line(cli->out, "digraph certificates {");
	out_line(cli->out, "  node [shape=box];");
	for (size_t i = 0; i < g.nr; i++)
		say_node(cli, &g.node[i]);
	for (size_t i = 0; i < g.nr; i++)
		if (say_edge(cli, &g, i, pool) < 0)
			goto done;
	out_line(cli->out, "}");
	ret = 0;
done:
	kst_cert_pool_free(pool);
	kst_free(g.cert);
	kst_free(g.node);
	return ret;
}
