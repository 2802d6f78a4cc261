/* SPDX-License-Identifier: ISC */
/*
 * keygen.c - a new private key: in a store with a self-signed certificate (its
 * place holder until the CA replies), or alone in a new key file
 */
#include "cmd/entries.h"
#include "cmd/make.h"
#include "cmd/target.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct keygen_opts {
	const char *alias, *subject, *alg;
	struct opt_list host;
	struct opt_int days;
	bool self_signed, create, if_missing, replace, plain_key;
	struct target_opts target;
};

#define DAYS_MAX 36500

/* What was asked for, else what --for can use, else p256. */
static const char *alg_of(const struct keygen_opts *opt)
{
	const struct kst_consumer *c = target_consumer(&opt->target);

	return opt->alg ? opt->alg : c ? c->alg : "p256";
}

static bool is_key_file(const struct kst_format *f, const char *path)
{
	const char *dot = strrchr(path, '.');

	/* A .key is one key, and so is any PEM or DER file that is yet to be made. */
	return f && (f->caps & KST_CAP_LOOSE) &&
	       ((dot && !strcmp(dot, ".key")) || (f->caps & KST_CAP_SINGLE) || access(path, F_OK) < 0);
}

static int make_entry(struct cli *cli, const struct keygen_opts *opt, const char *const *host,
		      bool with_cert, struct kst_entry **out)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_KEY);
	struct kst_cert *cert = NULL;
	struct kst_self_sign how = {
		.subject = opt->subject,
		.host = host,
		.days = opt->days.given ? (int)opt->days.value : MAKE_DAYS,
		.server_client = opt->self_signed,
	};

	if (!e)
		return kst_error_nomem(cli->err);
	cmd_working(cli, "making a key");
	if (kst_key_generate(&e->key, alg_of(opt), cli->err) < 0) {
		kst_error_subject(cli->err, "--alg %s", alg_of(opt));
		goto fail;
	}
	if (with_cert) {
		if (kst_key_self_sign(&cert, e->key, &how, cli->err) < 0)
			goto fail;
		int pushed = kst_chain_push(&e->chain, cert);
		kst_cert_free(cert);
		if (pushed < 0) {
			kst_error_nomem(cli->err);
			goto fail;
		}
	}
	e->created = kst_time_now();
	e->origin = kst_strdup("kstool");
	if (opt->alias || host[0])
		e->alias = kst_strdup(opt->alias ? opt->alias : host[0]);
	*out = e;
	return 0;
fail:
	kst_entry_free(e);
	return -1;
}

static void say(struct changes *changes, enum change_action action, const struct kst_entry *e,
		const char *alias, const char *alg)
{
	struct change *c = changes_add(changes, action, alias, "private-key");
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (!c)
		return;
	kst_key_text(e->key, false, &b);
	if (!b.len)
		kst_buf_puts(&b, alg);
	c->text = kst_entry_leaf(e) ?
			  kst_asprintf("private key %s with a self-signed certificate", (char *)b.data) :
			  kst_asprintf("private key %s", (char *)b.data);
	c->has_after = entries_hash(e, c->after);
}

static int in_store(struct cli *cli, const struct keygen_opts *opt, const char *const *host,
		    const struct kst_save_options *base)
{
	const char *alias = opt->alias ? opt->alias : host[0];
	const char *alg = alg_of(opt);
	struct kst_save_options save = *base;
	struct changes changes = { .nr = 0 };
	struct kst_store *s = NULL;
	struct kst_entry *e = NULL;
	struct kst_head h;
	size_t i;
	int ret = -1;

	if (cmd_edit(cli, cli->operand[0], opt->create, 'K', &s) < 0)
		goto done;
	i = alias ? kst_store_find_alias(s, alias) : KST_NO_BASE;
	if (i != KST_NO_BASE) {
		if (kst_store_head(s, i, &h, cli->err) < 0)
			goto done;
		if (opt->if_missing && h.kind == KST_KIND_KEY && make_same_alg(h.key, alg)) {
			struct change *c = changes_add(&changes, CHANGE_UNCHANGED, h.alias, "private-key");

			if (c)
				c->text = kst_asprintf("has a key %s already", h.key);
			ret = cmd_commit(cli, s, &changes, &save);
			goto done;
		}
		if (!opt->replace) {
			kst_error_setx(cli->err, KST_E_ALIAS_CONFLICT, "\"%s\" already holds a %s", alias,
				       cmd_type_word(&h));
			kst_error_subject(cli->err, "%s", cli->operand[0]);
			cmd_again(cli, NULL, NULL,
				  (const char *const[]){ "--alias", alias, "--replace", NULL });
			goto done;
		}
	}
	if (make_entry(cli, opt, host, true, &e) < 0)
		goto done;
	if (i != KST_NO_BASE) {
		if (!opt->target.backup)
			save.backup = KST_BACKUP_ALWAYS;
		say(&changes, CHANGE_REPLACED, e, alias, alg);
		if (kst_store_replace(s, i, e, cli->err) < 0) {
			e = NULL;
			goto done;
		}
	} else {
		struct kst_entry *mine = e;

		e = NULL;
		if (kst_store_add(s, mine, &i, cli->err) < 0 ||
		    kst_store_head(s, i, &h, cli->err) < 0 ||
		    kst_store_entry(s, i, &mine, cli->err) < 0)
			goto done;
		say(&changes, CHANGE_ADDED, mine, h.alias, alg);
	}
	e = NULL;
	if (target_tell(cli, &opt->target, s, false, &save) == 0)
		ret = cmd_commit(cli, s, &changes, &save);
done:
	kst_entry_free(e);
	changes_release(&changes);
	kst_store_free(s);
	return ret;
}

/* A key file is always new, and encrypted unless --plain-key says otherwise. */
static int in_file(struct cli *cli, const struct keygen_opts *opt, const char *const *host,
		   const struct kst_format *f, const struct kst_save_options *base)
{
	struct kst_save_options save = *base;
	struct kst_open_options open = cmd_open_options(cli, true);
	struct changes changes = { .nr = 0 };
	struct kst_store *s = NULL;
	struct kst_entry *e = NULL;
	int ret = -1;

	save.write.plain_key = opt->plain_key;
	if (cmd_fresh(cli, cli->operand[0], false) < 0)
		return -1;
	if (kst_store_new(&s, cli->operand[0], f, &open, cli->err) < 0 ||
	    make_entry(cli, opt, host, opt->self_signed, &e) < 0)
		goto done;
	say(&changes, CHANGE_CREATED, e, cli->operand[0], alg_of(opt));
	struct kst_entry *mine = e;
	e = NULL;
	if (kst_store_add(s, mine, NULL, cli->err) < 0 ||
	    target_tell(cli, &opt->target, s, true, &save) < 0)
		goto done;
	ret = cmd_commit(cli, s, &changes, &save);
done:
	kst_entry_free(e);
	changes_release(&changes);
	kst_store_free(s);
	return ret;
}

/* A kind of key that the consumer of --for does not know is no warning: nothing is made of it yet. */
static int check_alg(struct cli *cli, const struct keygen_opts *opt)
{
	const struct kst_consumer *c = target_consumer(&opt->target);
	char text[64];

	if (!c || kst_consumer_knows_key(c, make_alg_text(opt->alg, text)))
		return 0;
	kst_error_setx(cli->err, KST_E_USAGE, "%s does not know keys of this kind", c->title);
	kst_error_subject(cli->err, "--alg %s --for %s", opt->alg, c->name);
	return kst_error_hint(cli->err, "it knows: %s", c->keys);
}

static int run(struct cli *cli, void *opts)
{
	const struct keygen_opts *opt = opts;
	const struct kst_format *f = kst_format_by_path(cli->operand[0]);
	struct kst_save_options save;
	const char **host = NULL;
	bool key_file = is_key_file(f, cli->operand[0]) && !opt->create;
	int ret = -1;

	if (opt->days.given && (opt->days.value < 1 || opt->days.value > DAYS_MAX)) {
		kst_error_setx(cli->err, KST_E_BAD_VALUE, "%ld is not between 1 and %d",
			       opt->days.value, DAYS_MAX);
		return kst_error_subject(cli->err, "--days");
	}
	if (target_save_options(cli, &opt->target, false, &save) < 0 ||
	    make_hosts(cli, &opt->host, &host) < 0)
		return -1;
	if (opt->alg && check_alg(cli, opt) < 0)
		goto done;
	if (key_file) {
		ret = in_file(cli, opt, host, f, &save);
	} else {
		const char **asked = NULL;

		/* A certificate has to have a name; one question, and never "first and last name". */
		if (host[0] || opt->subject || make_ask_hosts(cli, cli->operand[0], &asked) == 0)
			ret = in_store(cli, opt, asked ? asked : host, &save);
		make_free_hosts(asked);
	}
done:
	make_free_hosts(host);
	return ret;
}

static const struct opt options[] = {
	{ "host", 0, OPT_LIST, offsetof(struct keygen_opts, host), WHAT_TEXT, "NAME[,NAME]",
	  "host names or addresses the key is for: CN is the first, SAN is all", NULL, false },
	{ "subject", 0, OPT_TEXT, offsetof(struct keygen_opts, subject), WHAT_TEXT, "DN",
	  "subject as in RFC 4514, as \"CN=api,O=Acme\"", NULL, false },
	{ "alias", 0, OPT_TEXT, offsetof(struct keygen_opts, alias), WHAT_TEXT, "NAME",
	  "name of the entry; the first host if not given", NULL, false },
	{ "alg", 0, OPT_TEXT, offsetof(struct keygen_opts, alg), WHAT_CHOICE, "ALG",
	  "kind of key; p256 if not given", make_algs, false },
	{ "days", 0, OPT_INT, offsetof(struct keygen_opts, days), WHAT_NUMBER, "N",
	  "how long the self-signed certificate is valid; 90 if not given", NULL, false },
	{ "self-signed", 0, OPT_FLAG, offsetof(struct keygen_opts, self_signed), WHAT_TEXT, NULL,
	  "a certificate to work with in tests: TLS server and client", NULL, false },
	{ "create", 0, OPT_FLAG, offsetof(struct keygen_opts, create), WHAT_TEXT, NULL,
	  "make the store if it does not exist", NULL, false },
	{ "if-missing", 0, OPT_FLAG, offsetof(struct keygen_opts, if_missing), WHAT_TEXT, NULL,
	  "an entry with a key of this kind is left as it is", NULL, false },
	{ "replace", 0, OPT_FLAG, offsetof(struct keygen_opts, replace), WHAT_TEXT, NULL,
	  "replace the entry and its key", NULL, false },
	{ "plain-key", 0, OPT_FLAG, offsetof(struct keygen_opts, plain_key), WHAT_TEXT, NULL,
	  "write a key file without encryption", NULL, false },
	TARGET_OPTIONS(struct keygen_opts),
	OPT_END
};
static const struct cmd_example examples[] = {
	{ "kstool keygen app.kst --host api.acme.test --create", "a key in a new store" },
	{ "kstool keygen dev.p12 --host localhost --self-signed --create", "something to test with" },
	{ "kstool keygen server.key --alg ed25519", "an encrypted key file" },
	{ NULL, NULL }
};
const struct cmd cmd_keygen = {
	.name = "keygen",
	.group = GROUP_MAKE,
	.operands = "STORE|KEYFILE",
	.summary = "new private key (and a self-signed certificate)",
	.help = "Makes a private key. In a store it comes with a self-signed certificate, which the\n"
		"CA's reply replaces later. A key file (.pem, .key, .der) is always a new file and is\n"
		"encrypted unless --plain-key says otherwise. The next key of a name that\n"
		"serves is for kstool csr to make: the old one stays until the reply is there.\n",
	.examples = examples,
	.exits = "0 1 4 5 8",
	.opts = options,
	.size = sizeof(struct keygen_opts),
	.spare = "--alias",
	.min = 1,
	.max = 1,
	.first = WHAT_STORE,
	.rest = WHAT_TEXT,
	.changes = true,
	.run = run,
};
