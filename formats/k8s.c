/* SPDX-License-Identifier: ISC */
/*
 * k8s.c - Kubernetes Secrets as kubectl prints and takes them in JSON.  Specified
 * in k8s.md.
 *
 * A Secret is a bag of named bytes, and what is in it is in other formats: PEM is
 * read by the reader of PEM, a whole keystore is kept as it is and taken out with
 * `export`.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text64.h"
#include "kstool/alloc.h"
#include "kstool/format.h"
#include "kstool/pem.h"
#include "kstool/text.h"

extern const struct kst_format kst_format_pem; /* what tls.crt, tls.key and ca.crt are in */

/* The API server refuses a Secret whose data are more (MaxSecretSize). */
#define DATA_MAX (1024 * 1024)
#define NAME_MAX_ 253 /* of a Secret, and of a key in it */

struct reader {
	struct kst_io *io;
	struct kst_model *model;
	const char *name; /* of the Secret; never NULL */
};

static int probe(const uint8_t *data, size_t n, bool whole)
{
	static const char *const kinds[] = { "\"Secret\"", "\"SecretList\"", "\"List\"" };
	size_t at = n >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	(void)whole;
	while (at < n && memchr(" \t\r\n", data[at], 4))
		at++;
	if (at == n || data[at] != '{' || !memmem(data, n, "\"apiVersion\"", 12) ||
	    !memmem(data, n, "\"kind\"", 6))
		return 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (memmem(data, n, kinds[i], strlen(kinds[i])))
			return 86; /* more than JSON Web Keys, which may be inside */
	return 0;
}

/* ---- reading ---- */

static const char *text_of(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static int push(struct reader *r, struct kst_entry *e, struct kst_error *err)
{
	if (r->model->nr >= r->io->limits->blocks) {
		kst_entry_free(e);
		return kst_error_setx(err, KST_E_LIMIT, "holds more than %u entries",
				      (unsigned)r->io->limits->blocks);
	}
	kst_free(e->origin);
	e->origin = kst_strdup("k8s");
	if (!e->origin) {
		kst_entry_free(e);
		return kst_error_nomem(err);
	}
	return kst_model_push(r->model, e, r->model->nr) < 0 ? kst_error_nomem(err) : 0;
}

static int set_alias(struct kst_entry *e, const char *name, const char *key, struct kst_error *err)
{
	char *text = key ? kst_asprintf("%s/%s", name, key) : kst_strdup(name);

	kst_free(e->alias);
	e->alias = text ? kst_alias_legal(text, strlen(text), NULL) : NULL;
	e->alias_derived = false;
	kst_free(text);
	return e->alias ? 0 : kst_error_nomem(err);
}

/* PEM text through its own reader; its entries become ours.  `key` NULL: the pair, which is called
 * as the Secret is. */
static int read_pem(struct reader *r, const char *key, const struct kst_buf *text, bool trusted,
		    struct kst_error *err)
{
	struct kst_io io = *r->io;
	struct kst_model inner;

	kst_model_init(&inner);
	io.source.bytes = (struct kst_bytes){ text->data, text->len };
	io.source.size = text->len;
	int rc = kst_format_pem.read(&io, &inner, err);
	if (rc < 0)
		kst_error_detail(err, "in \"%s\" of the Secret \"%s\"", key ? key : "tls.crt or tls.key",
				 r->name);
	for (size_t i = 0; rc == 0 && i < inner.nr; i++) {
		struct kst_entry *e = inner.item[i].entry;

		inner.item[i].entry = NULL;
		if (e->kind == KST_KIND_CERT)
			e->trusted &= trusted;
		/* One certificate of many is told by its own name. */
		if (!key && e->kind == KST_KIND_KEY)
			rc = set_alias(e, r->name, NULL, err);
		else if (e->alias_derived && inner.nr == 1 && key)
			rc = set_alias(e, r->name, key, err);
		if (rc < 0)
			kst_entry_free(e);
		else
			rc = push(r, e, err);
	}
	if (inner.state)
		kst_format_pem.close(inner.state);
	kst_model_release(&inner);
	return rc;
}

/* By its name: which format it is the store tells, when it is taken out. */
static bool is_store(const char *key)
{
	static const char *const names[] = { ".p12", ".pfx", ".jks", ".jceks", ".bks", ".ubr", ".bcfks", ".kst",
					      ".p7b" };
	const char *dot = strrchr(key, '.');

	for (size_t i = 0; dot && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(dot, names[i]))
			return true;
	return false;
}

/* A command that is copied into a shell, of names that somebody else chose. */
static void note_store(struct reader *r, const char *alias, const char *key)
{
	static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	kst_text_shell_path(&b, r->io->path);
	kst_buf_puts(&b, " ");
	kst_text_shell(&b, alias);
	kst_buf_puts(&b, " --der -o ");
	/* No cluster has another key, which might be a path to anywhere. */
	kst_text_shell_path(&b, key[strspn(key, legal)] ? "FILE" : key);
	if (!b.failed)
		kst_note(r->io->notes, "nested-store", "\"%s\" is a whole file: kstool export %s", alias,
			 (const char *)b.data);
}

/* Whatever else lies in a Secret: keystores, passwords, configuration. */
static int read_bytes(struct reader *r, const char *key, const struct kst_buf *bytes,
		      struct kst_error *err)
{
	struct kst_entry *e = kst_entry_new(KST_KIND_OPAQUE);

	if (!e || !(e->label = kst_strdup(key)) ||
	    kst_blob_set(&e->der, bytes->data ? bytes->data : (const uint8_t *)"", bytes->len) < 0) {
		kst_entry_free(e);
		return kst_error_nomem(err);
	}
	if (set_alias(e, r->name, key, err) < 0) {
		kst_entry_free(e);
		return -1;
	}
	if (is_store(key))
		note_store(r, e->alias, key);
	return push(r, e, err);
}

static int value_of(const json_t *secret, const char *key, struct kst_buf *out,
		    struct kst_error *err)
{
	const json_t *plain = json_object_get(json_object_get(secret, "stringData"), key);
	const json_t *v = plain ? plain : json_object_get(json_object_get(secret, "data"), key);

	kst_buf_reset(out);
	if (json_is_null(v)) /* how an empty value is printed */
		return 0;
	if (!json_is_string(v))
		return kst_error_setx(err, KST_E_CORRUPT, "\"%s\" is no text", key);
	if (plain)
		kst_buf_put(out, json_string_value(v), json_string_length(v));
	else if (kst_text64_decode(out, json_string_value(v), json_string_length(v), KST_TEXT64) < 0 &&
		 !out->failed)
		return kst_error_setx(err, KST_E_CORRUPT, "\"%s\" is not base64", key);
	return out->failed ? kst_error_nomem(err) : 0;
}

static bool has(const json_t *secret, const char *key)
{
	return json_object_get(json_object_get(secret, "data"), key) ||
	       json_object_get(json_object_get(secret, "stringData"), key);
}

static bool is_pem(const struct kst_buf *b)
{
	return b->len && memmem(b->data, b->len, "-----BEGIN ", 11);
}

static int read_pair(struct reader *r, const json_t *secret, struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT, part KST_SCRATCH_BUF = KST_BUF_INIT;
	static const char *const keys[] = { "tls.key", "tls.crt" };

	for (size_t i = 0; i < 2; i++) {
		if (value_of(secret, keys[i], &part, err) < 0)
			return -1;
		if (part.len)
			kst_buf_put(&text, part.data, part.len);
		kst_buf_u8(&text, '\n');
	}
	if (text.failed)
		return kst_error_nomem(err);
	/* The API server asks that both are there, not that anything is in them. */
	return is_pem(&text) ? read_pem(r, NULL, &text, false, err) : 0;
}

static int read_key(struct reader *r, const json_t *secret, const char *key, struct kst_error *err)
{
	struct kst_buf value KST_SCRATCH_BUF = KST_BUF_INIT;

	if (value_of(secret, key, &value, err) < 0)
		return -1;
	return is_pem(&value) ? read_pem(r, key, &value, true, err)
			      : read_bytes(r, key, &value, err);
}

static int read_secret(struct reader *r, json_t *secret, struct kst_error *err)
{
	json_t *data = json_object_get(secret, "data"), *plain = json_object_get(secret, "stringData");
	bool pair = has(secret, "tls.crt") && has(secret, "tls.key");
	const char *key;
	json_t *v;

	r->name = text_of(json_object_get(secret, "metadata"), "name");
	if (!r->name || !*r->name)
		r->name = "secret"; /* generateName, or no metadata at all */
	if ((data && !json_is_object(data) && !json_is_null(data)) ||
	    (plain && !json_is_object(plain) && !json_is_null(plain)))
		return kst_error_setx(err, KST_E_CORRUPT, "the data of a Secret is no object");
	if (pair && read_pair(r, secret, err) < 0)
		return -1;
	json_object_foreach(data, key, v) {
		bool done = pair && (!strcmp(key, "tls.crt") || !strcmp(key, "tls.key"));
		if (!done && read_key(r, secret, key, err) < 0)
			return -1;
	}
	json_object_foreach(plain, key, v) {
		bool done = json_object_get(data, key) ||
			    (pair && (!strcmp(key, "tls.crt") || !strcmp(key, "tls.key")));
		if (!done && read_key(r, secret, key, err) < 0)
			return -1;
	}
	return 0;
}

static int read_items(struct reader *r, json_t *list, struct kst_error *err)
{
	size_t i, others = 0;
	json_t *item;

	if (!json_is_array(list))
		return kst_error_setx(err, KST_E_CORRUPT, "a List without \"items\"");
	json_array_foreach(list, i, item) {
		const char *kind = text_of(item, "kind");

		/* The items of a SecretList have no kind of their own. */
		if (kind && strcmp(kind, "Secret") != 0)
			others++;
		else if (read_secret(r, item, err) < 0)
			return kst_error_detail(err, "in item %zu of the List", i + 1);
	}
	if (others)
		kst_note(r->io->notes, "not-a-secret", "%zu object%s of other kinds in the List", others,
			 others == 1 ? "" : "s");
	return 0;
}

static int read_k8s(struct kst_io *io, struct kst_model *into, struct kst_error *err)
{
	struct reader r = { .io = io, .model = into, .name = "secret" };
	const struct kst_bytes *b = &io->source.bytes;
	json_error_t why;
	int rc;

	if (b->len > io->limits->file)
		return kst_error_setx(err, KST_E_TOO_LARGE, "is larger than %llu bytes",
				      (unsigned long long)io->limits->file);
	size_t skip = b->len >= 3 && memcmp(b->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	json_set_alloc_funcs(kst_malloc, kst_free);
	errno = 0; /* where its memory ends the library calls that a broken document */
	json_t *root = json_loadb((const char *)b->data + skip, b->len - skip,
				  JSON_REJECT_DUPLICATES, &why);
	if (!root && errno == ENOMEM)
		return kst_error_nomem(err);
	if (!root) /* never with the library's text, which quotes the document */
		return kst_error_setx(err,
				      json_error_code(&why) == json_error_premature_end_of_input
					      ? KST_E_TRUNCATED
					      : KST_E_CORRUPT,
				      "the JSON is broken in line %d, column %d", why.line, why.column);
	const char *kind = text_of(root, "kind");
	into->info.integrity = KST_INTEGRITY_NONE;
	if (kind && !strcmp(kind, "Secret"))
		rc = read_secret(&r, root, err);
	else if (kind && (!strcmp(kind, "List") || !strcmp(kind, "SecretList")))
		rc = read_items(&r, json_object_get(root, "items"), err);
	else
		rc = kst_error_setx(err, KST_E_UNKNOWN_FORMAT,
				    "is a Kubernetes object, and no Secret");
	json_decref(root);
	return rc;
}

/* ---- writing ---- */

/* RFC 1123 subdomain, as the API server wants the name of a Secret. */
static bool name_ok(const char *s)
{
	size_t n = strlen(s);
	bool edge = true; /* at the start, or behind a dot */

	if (!n || n > NAME_MAX_)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool word = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9');
		bool last = i + 1 == n || s[i + 1] == '.';

		if (!word && (edge || last || (s[i] != '-' && s[i] != '.')))
			return false;
		edge = s[i] == '.';
	}
	return true;
}

static bool key_ok(const char *s)
{
	size_t n = strlen(s);

	return n && n <= NAME_MAX_ && strcmp(s, ".") != 0 && strncmp(s, "..", 2) != 0 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

static int set_data(json_t *data, const char *key, const void *bytes, size_t n, size_t *total,
		    struct kst_error *err)
{
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;

	*total += n;
	if (*total > DATA_MAX)
		return kst_error_setx(err, KST_E_CANNOT_HOLD,
				      "a Secret holds no more than 1 MiB, and this is more");
	if (json_object_get(data, key))
		return kst_error_setx(err, KST_E_CANNOT_HOLD, "a Secret has one \"%s\", and this would have two", key);
	kst_buf_puts(&text, "");
	kst_text64_encode(&text, bytes, n, KST_TEXT64);
	if (text.failed || json_object_set_new(data, key, json_stringn((const char *)text.data, text.len)) < 0)
		return kst_error_nomem(err);
	return 0;
}

static void put_cert(struct kst_buf *out, const struct kst_cert *cert)
{
	struct kst_bytes der = kst_cert_der(cert);

	kst_pem_block(out, "CERTIFICATE", der.data, der.len);
}

static int set_pair(const struct kst_io *io, json_t *data, const struct kst_entry *e, size_t *total,
		    struct kst_error *err)
{
	struct kst_buf crt KST_SCRATCH_BUF = KST_BUF_INIT, key KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *name = e->alias ? e->alias : "(no name)";

	if (!e->chain.nr)
		return kst_error_setx(err, KST_E_CANNOT_HOLD,
				      "a TLS Secret needs a certificate, and the private key has none");
	if (!e->key || kst_key_is_sealed(e->key)) {
		kst_error_setx(err, KST_E_PASSPHRASE_NEEDED,
			       "the private key \"%s\" must be opened to go into a Secret", name);
		return kst_error_hint(err, "add --key-pass file:PATH");
	}
	if (!io->write->plain_key) {
		kst_error_setx(err, KST_E_PLAIN_KEY,
			       "a Secret is not encrypted, and would hold the private key in the open");
		kst_error_hint(err, "add --plain-key to write it open all the same");
		return kst_error_hint(err, "a whole store under its passphrase: --wrap p12");
	}
	for (size_t i = 0; i < e->chain.nr; i++)
		put_cert(&crt, e->chain.cert[i]);
	kst_pem_block(&key, "PRIVATE KEY", e->key->pkcs8.data, e->key->pkcs8.len);
	if (crt.failed || key.failed)
		return kst_error_nomem(err);
	return set_data(data, "tls.crt", crt.data, crt.len, total, err) < 0
		       ? -1
		       : set_data(data, "tls.key", key.data, key.len, total, err);
}

struct parts {
	const struct kst_entry *pair;
	struct kst_buf ca;
	bool opaque;
};

static int collect(const struct kst_model *from, struct parts *p, json_t *data, size_t *total,
		   struct kst_error *err)
{
	for (size_t i = 0; i < from->nr; i++) {
		const struct kst_entry *e = from->item[i].entry;

		if (e->kind == KST_KIND_KEY) {
			if (p->pair) {
				kst_error_setx(err, KST_E_CANNOT_HOLD,
					       "a Secret holds one private key, and there are more");
				return kst_error_hint(err, "a whole store: --wrap p12");
			}
			p->pair = e;
		} else if (e->kind == KST_KIND_CERT && !e->purposes.len && !e->distrusted.len) {
			put_cert(&p->ca, e->chain.cert[0]);
		} else if (e->kind == KST_KIND_OPAQUE && e->label && key_ok(e->label)) {
			p->opaque = true;
			if (set_data(data, e->label, e->der.data, e->der.len, total, err) < 0)
				return -1;
		} else {
			return kst_error_setx(err, KST_E_CANNOT_HOLD, "a Secret cannot hold \"%s\"",
					      e->alias ? e->alias : e->label ? e->label : "");
		}
	}
	return p->ca.failed ? kst_error_nomem(err) : 0;
}

static int check_names(const struct kst_write_options *o, struct kst_error *err)
{
	if (!o->secret_name || !name_ok(o->secret_name)) {
		kst_error_setx(err, KST_E_BAD_VALUE,
			       "\"%s\" is no name of a Secret: lower-case letters, digits, '-' and '.'",
			       o->secret_name ? o->secret_name : "");
		return kst_error_hint(err, "add --secret-name NAME");
	}
	if (o->secret_namespace && (!name_ok(o->secret_namespace) || strchr(o->secret_namespace, '.') ||
				    strlen(o->secret_namespace) > 63))
		return kst_error_setx(err, KST_E_BAD_VALUE, "\"%s\" is no name of a namespace",
				      o->secret_namespace);
	return 0;
}

static int to_buf(const char *data, size_t n, void *ctx)
{
	kst_buf_put(ctx, data, n);
	return 0;
}

static json_t *document(const struct kst_write_options *o, bool tls, json_t *data)
{
	json_t *doc = json_pack("{s:s, s:s, s:{s:s}, s:s, s:O}", "apiVersion", "v1", "kind", "Secret",
				"metadata", "name", o->secret_name, "type",
				tls ? "kubernetes.io/tls" : "Opaque", "data", data);

	if (doc && o->secret_namespace &&
	    json_object_set_new(json_object_get(doc, "metadata"), "namespace",
				json_string(o->secret_namespace)) < 0) {
		json_decref(doc);
		return NULL;
	}
	return doc;
}

static int write_k8s(struct kst_io *io, struct kst_model *from, struct kst_error *err)
{
	struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT;
	struct parts p = { .pair = NULL };
	json_t *data, *doc = NULL;
	size_t total = 0;
	int rc = -1;

	for (size_t i = 0; i < from->nr; i++)
		if (from->item[i].base != KST_NO_BASE) {
			kst_error_setx(err, KST_E_UNSUPPORTED_FEATURE,
				       "a Secret is not edited in place: labels and owners are the cluster's");
			return kst_error_hint(err, "make it anew: kstool convert ... --to k8s, then "
						   "kubectl apply");
		}
	if (check_names(io->write, err) < 0)
		return -1;
	json_set_alloc_funcs(kst_malloc, kst_free);
	data = json_object();
	if (!data) {
		kst_error_nomem(err);
	} else if (collect(from, &p, data, &total, err) == 0 &&
		   (!p.pair || set_pair(io, data, p.pair, &total, err) == 0) &&
		   (!p.ca.len || set_data(data, "ca.crt", p.ca.data, p.ca.len, &total, err) == 0)) {
		doc = document(io->write, p.pair && !p.opaque, data);
		if (!doc || json_dump_callback(doc, to_buf, &out, JSON_INDENT(2)) < 0)
			kst_error_nomem(err);
		else
			rc = 0;
	}
	kst_buf_u8(&out, '\n');
	json_decref(doc);
	json_decref(data);
	kst_buf_release(&p.ca);
	if (rc == 0 && out.failed)
		rc = kst_error_nomem(err);
	return rc == 0 ? io->sink.write(io->sink.ctx, out.data, out.len, err) : -1;
}

static const char *const suffixes[] = { NULL }; /* .json and .yaml say nothing */

const struct kst_format kst_format_k8s = {
	.name = "k8s",
	.to = "k8s",
	.title = "Kubernetes Secret",
	.suffixes = suffixes,
	.caps = KST_CAP_READ | KST_CAP_WRITE | KST_CAP_KEYS | KST_CAP_CHAINS | KST_CAP_CERTS |
		KST_CAP_TRUST | KST_CAP_LOOSE | KST_CAP_NAMED,
	.probe = probe,
	.read = read_k8s,
	.write = write_k8s,
};
