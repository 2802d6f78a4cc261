/* SPDX-License-Identifier: ISC */
/*
 * source.c - where certificates are read: files, @system and @java, servers
 *
 * The network is touched only here, and only for a word that is HOST:PORT; where a
 * file goes by that name, it is the file.
 */
#include "cmd/live.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ui/places.h"

/* ---- what a word is ---- */

static bool is_there(const char *word)
{
	return access(word, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool live_is(const char *word)
{
	struct kst_endpoint e;

	return strcmp(word, "-") && !is_there(word) && kst_endpoint_parse(&e, word, NULL) == 0;
}

int live_connect(const struct cli *cli, const char *word, struct kst_connect *out, struct kst_error *err)
{
	const struct live_opts *opt = cli->live;
	int ret;

	if (!strcmp(word, "-") || is_there(word))
		return 1;
	*out = (struct kst_connect){ .timeout_ms = cli->timeout_ms };
	ret = kst_endpoint_parse(&out->to, word, err);
	if (!ret && opt) {
		out->sni = opt->sni;
		out->starttls = opt->starttls;
		out->resolve = opt->resolve;
	}
	return ret;
}

/* The real path of @system or @java in the place of the word, in every list that has it. */
static int replace_place(struct cli *cli, size_t k)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	int got = places_find(cli->operand[k], &b, cli->err);
	const char **grown;
	char *path;

	if (got)
		return got > 0 ? 0 : -1;
	if (!k && cli->cmd->first == WHAT_STORE && !strcmp(cli->operand[k], "@system"))
		out_warn(cli->out, "made-anew",
			 "%s is made from other files by the system's own program, which does not keep what is changed here; "
			 "into both:  kstool trust --under / FILE", (const char *)b.data);
	path = kst_strndup((char *)b.data, b.len);
	grown = kst_realloc(cli->place, (cli->nr_places + 1) * sizeof(*grown));
	if (!path || !grown) {
		if (grown)
			cli->place = grown;
		kst_free(path);
		return kst_error_nomem(cli->err);
	}
	cli->place = grown;
	cli->place[cli->nr_places++] = path;
	for (size_t i = 0; i < cli->nr_words; i++)
		if (cli->word[i] == cli->operand[k])
			cli->word[i] = path;
	cli->operand[k] = path;
	return 0;
}

void live_release(struct cli *cli)
{
	for (size_t i = 0; i < cli->nr_places; i++)
		kst_free((char *)cli->place[i]);
	kst_free(cli->place);
}

static bool takes_source(enum opt_what what)
{
	return what == WHAT_SOURCE || what == WHAT_STORE;
}

int live_operands(struct cli *cli)
{
	const struct live_opts *opt = cli->live;
	const char *given = !opt ? NULL : opt->sni ? "--sni" : opt->starttls ? "--starttls" : opt->resolve ? "--resolve" : NULL;
	bool server = false;

	/* Completion looks at no file that a word names but by its own rules. */
	for (size_t k = 0; cli->cmd->group != GROUP_HIDDEN && k < cli->nr; k++) {
		bool source = takes_source(k ? cli->cmd->rest : cli->cmd->first);

		/* Where the first is a file of loose objects, those behind it are files too. */
		if ((source || cli->cmd->first == WHAT_SOURCE) && replace_place(cli, k) < 0)
			return -1;
		server |= given && live_is(cli->operand[k]);
		if (k || cli->cmd->first != WHAT_STORE || !live_is(cli->operand[0]))
			continue;
		kst_error_setx(cli->err, KST_E_USAGE, "is a server; \"%s\" works on a file", cli->cmd->name);
		return kst_error_subject(cli->err, "%s", cli->operand[0]);
	}
	if (!given || server)
		return 0;
	kst_error_setx(cli->err, KST_E_USAGE, "is about HOST:PORT, and there is none");
	return kst_error_subject(cli->err, "%s", given);
}

/* ---- opening ---- */

/* What everybody knows opened it: say so, since it protects nothing. */
void cmd_note_default(struct cli *cli, const struct kst_store *s)
{
	const struct kst_info *in = kst_store_info(s);

	if (in->passphrase == KST_SOURCE_CHANGEIT)
		out_note(cli->out, "%s: opened with Java's public default passphrase \"changeit\"",
			 kst_store_path(s));
	else if (in->passphrase == KST_SOURCE_EMPTY)
		out_note(cli->out, "%s: opened with an empty passphrase", kst_store_path(s));
}

static int open_server(struct cli *cli, const char *word, const struct kst_connect *how, struct kst_store **out)
{
	struct kst_open_options opt = cmd_open_options(cli, false);
	struct kst_live live = { .version = 0 };

	if (!cli->live) {
		kst_error_setx(cli->err, KST_E_USAGE, "is a server, and \"%s\" works on files", cli->cmd->name);
		kst_error_command(cli->err, "kstool", "export", word, "--chain", "-o", "server.pem", NULL);
		return kst_error_subject(cli->err, "%s", word);
	}
	cmd_working(cli, "connecting");
	if (kst_tls_fetch(&live, how, cli->err) < 0)
		return -1;
	return kst_store_of_server(out, word, &live, &opt, cli->err);
}

static int open_file(struct cli *cli, const char *path, struct kst_store **out)
{
	struct kst_open_options opt = cmd_open_options(cli, false);
	int ret;

	ask_cli_several(cli->ask, cli->nr > 1);
	ret = kst_store_open(out, path, &opt, cli->err);
	ask_cli_several(cli->ask, false);
	if (ret < 0 && cli->err->code == KST_E_WRONG_PASSPHRASE && cli->nr > 1 && cli->g.pass.nr == 1)
		kst_error_hint(cli->err, "for this file alone: --pass %s=file:PATH", path);
	if (!ret)
		cmd_note_default(cli, *out);
	return ret;
}

int cmd_open(struct cli *cli, const char *path, struct kst_store **out)
{
	struct kst_buf place KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_connect how;
	int got = places_find(path, &place, cli->err);

	if (got < 0)
		return -1;
	if (!got)
		return open_file(cli, (char *)place.data, out);
	got = live_connect(cli, path, &how, cli->err);
	if (got < 0)
		return -1;
	return got ? open_file(cli, path, out) : open_server(cli, path, &how, out);
}

int live_proved(struct cli *cli, const struct kst_store *s)
{
	const struct kst_live *l = kst_store_server(s);

	if (!l || l->proved)
		return 0;
	kst_error_setx(cli->err, KST_E_HANDSHAKE, "did not show that it holds the private key of its certificate%s%s",
		       l->trouble[0] ? ": " : "", l->trouble);
	kst_error_command(cli->err, "kstool", "show", kst_store_path(s), NULL);
	return kst_error_subject(cli->err, "%s", kst_store_path(s));
}

/* ---- what a server is, in words and in JSON ---- */

static const char *const staple_word[] = { "good", "revoked", "unknown", "unreadable" };

void live_line(const struct kst_live *l, struct kst_buf *out)
{
	kst_buf_printf(out, "%s, %s", kst_tls_version_text(l->version), l->cipher);
	if (l->peer[0])
		kst_buf_printf(out, ", %s", l->peer);
}

void live_pairs(struct out *o, const struct kst_live *l)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	char when[KST_TIME_TEXT];
	struct kst_staple s;

	kst_buf_printf(&b, "%zu certificate%s", l->sent.nr, l->sent.nr == 1 ? "" : "s");
	out_pair(o, "sends", (const char *)b.data);
	if (l->staple.len) {
		kst_buf_reset(&b);
		kst_staple_read(&s, &l->staple);
		kst_buf_printf(&b, "OCSP response: %s", staple_word[s.says]);
		if (s.says == KST_STAPLE_REVOKED)
			kst_buf_printf(&b, " on %s", kst_time_text(s.revoked_at, KST_TIME_MINUTE, when));
		if (s.this_update)
			kst_buf_printf(&b, ", of %s", kst_time_text(s.this_update, KST_TIME_MINUTE, when));
		if (s.next_update)
			kst_buf_printf(&b, ", until %s", kst_time_text(s.next_update, KST_TIME_MINUTE, when));
		out_pair(o, "staples", (const char *)b.data);
	}
	if (l->asks_client)
		out_pair(o, "asks for", "a client certificate");
	if (!l->proved)
		out_pair(o, "key", "not shown that the server holds it");
	if (l->trouble[0])
		out_pair(o, "handshake", l->trouble);
}

void live_end(const struct cli *cli, const char *word)
{
	static const char *const option[] = { "--sni", "--starttls", "--resolve" };
	const char *words[10] = { "kstool", "verify", word };
	struct kst_error line = KST_ERROR_INIT;
	size_t n = 3;

	for (size_t i = 0; cli->live && i < 3; i++) {
		const char *value = i == 0 ? cli->live->sni : i == 1 ? cli->live->starttls : cli->live->resolve;

		if (value) {
			words[n++] = option[i];
			words[n++] = value;
		}
	}
	kst_error_words(&line, NULL, words);
	out_blank(cli->out);
	out_line(cli->out, "not verified - %s", line.hint);
}

static void staple_json(struct out *o, const struct kst_live *l)
{
	struct kst_staple s;

	if (!l->staple.len) {
		out_null(o, "staple");
		return;
	}
	kst_staple_read(&s, &l->staple);
	out_object(o, "staple");
	out_int(o, "bytes", (int64_t)l->staple.len);
	out_str(o, "says", staple_word[s.says]);
	out_time(o, "this_update", s.this_update);
	out_time(o, "next_update", s.next_update);
	out_time(o, "revoked_at", s.revoked_at);
	out_end(o);
}

void live_json(struct out *o, const struct kst_live *l)
{
	if (!l) {
		out_null(o, "server");
		return;
	}
	out_object(o, "server");
	out_str(o, "host", l->to.host);
	out_str(o, "port", l->to.port);
	out_str(o, "address", l->peer[0] ? l->peer : NULL);
	out_str(o, "tls_version", kst_tls_version_text(l->version));
	out_str(o, "cipher", l->cipher);
	out_bool(o, "asks_client_certificate", l->asks_client);
	out_bool(o, "proved_key", l->proved);
	out_str(o, "trouble", l->trouble[0] ? l->trouble : NULL);
	staple_json(o, l);
	out_end(o);
}
