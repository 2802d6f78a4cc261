/* SPDX-License-Identifier: ISC */
/* change.c - save a store and report what changed, once, in every mode */
#include "cmd/cmd.h"

#include <string.h>

static const struct {
	const char *done, *would; /* "added", "would-add" */
	bool effect;
} word[] = {
	[CHANGE_CREATED] = { "created", "would-create", true },
	[CHANGE_ADDED] = { "added", "would-add", true },
	[CHANGE_REPLACED] = { "replaced", "would-replace", true },
	[CHANGE_RENAMED] = { "renamed", "would-rename", true },
	[CHANGE_REMOVED] = { "removed", "would-remove", true },
	[CHANGE_UNCHANGED] = { "unchanged", "unchanged", false },
	[CHANGE_SKIPPED] = { "skipped", "skipped", false },
};
#define ACTIONS (sizeof(word) / sizeof(*word))

struct change *changes_add(struct changes *c, enum change_action action, const char *alias,
			   const char *type)
{
	char *copy;

	if (c->nr == c->size) {
		size_t size = c->size ? c->size * 2 : 16;
		struct change *grown = kst_realloc(c->row, size * sizeof(*grown));

		if (!grown)
			return NULL;
		c->row = grown;
		c->size = size;
	}
	copy = kst_strdup(alias ? alias : "");
	if (!copy)
		return NULL;
	c->row[c->nr] = (struct change){ .action = action, .alias = copy, .type = type };
	return &c->row[c->nr++];
}

void changes_release(struct changes *c)
{
	for (size_t i = 0; i < c->nr; i++) {
		kst_free(c->row[i].alias);
		kst_free(c->row[i].text);
		kst_free(c->row[i].more);
		kst_free(c->row[i].reason);
	}
	kst_free(c->row);
	*c = (struct changes){ .row = NULL };
}

void change_set_text(struct change *c, char *text)
{
	char *end = text ? strchr(text, '\n') : NULL;

	if (!c) {
		kst_free(text);
		return;
	}
	c->text = text;
	if (!end)
		return;
	c->more = kst_strdup(end + 1);
	*end = '\0';
}

static void hash_json(struct out *o, const char *key, bool has, const uint8_t hash[32])
{
	if (has)
		out_hex(o, key, hash, 32);
	else
		out_null(o, key);
}

void changes_json(struct out *o, const struct changes *c, bool dry)
{
	out_array(o, "changes");
	for (size_t i = 0; i < c->nr; i++) {
		const struct change *r = &c->row[i];

		out_object(o, NULL);
		out_str(o, "action", dry ? word[r->action].would : word[r->action].done);
		out_str(o, "alias", r->alias);
		out_str(o, "type", r->type);
		hash_json(o, "sha256_before", r->has_before, r->before);
		hash_json(o, "sha256_after", r->has_after, r->after);
		out_str(o, "reason", r->reason);
		out_end(o);
	}
	out_end(o);
}

/* Two lines of sixteen bytes: eighty columns, and two people can read them to each other. */
static void hash_lines(struct out *o, const uint8_t hash[32])
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	for (int half = 0; half < 2; half++) {
		kst_buf_reset(&b);
		kst_text_hex_colons(&b, hash + half * 16, 16);
		if (!half)
			kst_buf_u8(&b, ':');
		out_change_more(o, half ? NULL : "sha256", b.data ? (char *)b.data : "");
	}
}

/* "ts.p12: 1 added, 2 unchanged.  backup ts.p12.kstool-bak" */
static void summary(struct cli *cli, const char *path, const struct changes *c, bool dry,
		    bool fresh, const struct kst_save_result *res)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;
	size_t count[ACTIONS] = { 0 };

	for (size_t i = 0; i < c->nr; i++)
		count[c->row[i].action]++;
	for (size_t a = 0; a < ACTIONS; a++)
		if (count[a])
			kst_buf_printf(&b, "%s%zu %s", b.len ? ", " : "", count[a],
				       dry ? word[a].would : word[a].done);
	if (!b.len)
		kst_buf_puts(&b, "nothing to do");
	if (res->written && !dry && res->mode && (fresh || res->tightened))
		kst_buf_printf(&b, ", mode %04o", res->mode & 07777u);
	kst_buf_puts(&b, ".");
	if (res->backup[0] && !dry)
		kst_buf_printf(&b, "  backup %s", res->backup);
	out_summary(cli->out, "%s: %s", path, b.data ? (const char *)b.data : "");
	if (res->backup[0] && !dry && strcmp(cli->cmd->name, "undo") != 0) {
		struct kst_error hint = KST_ERROR_INIT;

		kst_error_command(&hint, "kstool", "undo", path, NULL);
		out_note(cli->out, "to put it back: %s", hint.hint);
	}
	if (res->backup_removed && !dry)
		out_note(cli->out, "the backup of %s was removed: it would open with the old secret", path);
	if (res->tightened && !dry)
		out_note(cli->out, "%s now holds a private key; only its owner can read it", path);
}

int cmd_report(struct cli *cli, const char *path, const struct changes *c, bool fresh,
	       const struct kst_save_result *res)
{
	bool dry = cli->g.dry_run || cli->g.check, effect = false;
	/* That it is done, the exit status says; a plan is what was asked for. */
	bool hushed = cli->g.quiet && !dry && out_is(cli->out, OUT_TEXT);

	for (size_t i = 0; i < c->nr; i++)
		effect |= word[c->row[i].action].effect;
	if (!dry)
		effect = effect || res->written;
	out_schema(cli->out, "kstool.change/1");
	out_changed(cli->out, effect && !dry);
	out_bool(cli->out, "dry_run", dry);
	if (dry)
		out_bool(cli->out, "would_change", effect);
	else
		out_null(cli->out, "would_change");
	out_str(cli->out, "store", path);
	out_str(cli->out, "backup_file", res->backup[0] && !dry ? res->backup : NULL);
	changes_json(cli->out, c, dry);
	for (size_t i = 0; i < c->nr && !hushed; i++) {
		const struct change *r = &c->row[i];

		struct kst_buf hex KST_SCRATCH_BUF = KST_BUF_INIT;

		if (r->has_after || r->has_before)
			kst_text_hex(&hex, r->has_after ? r->after : r->before, 32);
		out_change(cli->out, dry ? word[r->action].would : word[r->action].done, r->alias,
			   r->text,
			   (const char *const[]){ r->type ? r->type : "",
						  hex.data ? (const char *)hex.data : "",
						  r->reason ? r->reason : "", NULL });
		if (r->more)
			out_change_more(cli->out, NULL, r->more);
		if (r->show_hash)
			hash_lines(cli->out, r->after);
	}
	if (!hushed)
		summary(cli, path, c, dry, fresh, res);
	return cli->g.check && effect ? 1 : 0;
}

int cmd_save(struct cli *cli, struct kst_store *s, struct changes *c,
	     const struct kst_save_options *save, struct kst_save_result *res)
{
	struct kst_save_options opt = *save;

	if (!opt.write.store_kind)
		opt.write.store_kind = cli->new_kind;
	opt.dry_run = opt.dry_run || cli->g.dry_run || cli->g.check;
	int saved = kst_store_save(s, &opt, res, cli->err);

	if (res->written) /* whatever follows: the store needs its new secrets */
		ask_cli_keep(cli->ask);
	if (saved < 0)
		return -1;
	/* What was to be written lay there already, byte for byte. */
	for (size_t i = 0; !res->written && i < c->nr; i++)
		if (word[c->row[i].action].effect)
			c->row[i].action = CHANGE_UNCHANGED;
	return 0;
}

int cmd_commit(struct cli *cli, struct kst_store *s, struct changes *c,
	       const struct kst_save_options *save)
{
	struct kst_save_result res = { .written = false };
	bool fresh = kst_store_is_new(s);

	if (cmd_save(cli, s, c, save, &res) < 0)
		return -1;
	return cmd_report(cli, kst_store_path(s), c, fresh, &res);
}
