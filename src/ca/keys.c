/* SPDX-License-Identifier: ISC */
/*
 * keys.c - keys that were made for certificates, until these are delivered
 *
 * Between the ledger's row and the store of the user a key would be lost with the
 * process, and its certificate would be for nobody.  So it is sealed into a file
 * before the row is committed.  What seals it is drawn from the CA's own key:
 * whoever can resume the work can open it, and nobody else; the ledger holds no secret.
 */
#include "ca/ca.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/digest.h"

#define LABEL "ENCRYPTED PRIVATE KEY"
#define SUFFIX ".pem"
#define FILE_MAX (UINT64_C(64) << 20)

void kst_ca_spki_hash(struct kst_bytes spki, uint8_t out[32])
{
	kst_sha256(spki.data, spki.len, out);
}

/* 256 bits that depend on every bit of the CA's key and tell nothing of it; as hex, for PBKDF2. */
static int seal_secret(struct kst_ca *ca, struct kst_error *err)
{
	static const char label[] = "kstool pending keys 1";
	struct kst_secret in KST_SCRATCH_SECRET = KST_SECRET_INIT;
	static const char digits[] = "0123456789abcdef";
	uint8_t hash[32];
	struct kst_key *key;

	if (ca->seal.len)
		return 0;
	if (kst_ca_key(ca, KST_CA_BY_CA, &key, err) < 0 ||
	    kst_secret_alloc(&in, sizeof(label) + key->pkcs8.len, err) < 0 ||
	    kst_secret_append(&in, label, sizeof(label), err) < 0 ||
	    kst_secret_append(&in, key->pkcs8.data, key->pkcs8.len, err) < 0 ||
	    kst_secret_alloc(&ca->seal, 2 * sizeof(hash), err) < 0)
		return -1;
	kst_sha256(in.data, in.len, hash);
	for (size_t i = 0; i < sizeof(hash); i++) {
		ca->seal.data[ca->seal.len++] = (uint8_t)digits[hash[i] >> 4];
		ca->seal.data[ca->seal.len++] = (uint8_t)digits[hash[i] & 15];
	}
	explicit_bzero(hash, sizeof(hash));
	return 0;
}

static char *new_name(struct kst_ca *ca)
{
	uint8_t random[16];
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return NULL;
	kst_buf_puts(&b, KST_CA_PENDING_DIR "/");
	kst_text_hex(&b, random, sizeof(random));
	kst_buf_puts(&b, SUFFIX);
	return b.failed ? NULL : kst_ca_path(ca, (const char *)b.data);
}

static int sync_pending(struct kst_ca *ca, struct kst_error *err)
{
	char *path = kst_ca_path(ca, KST_CA_PENDING_DIR);
	int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int ret = fd < 0 || fsync(fd) < 0 ? kst_error_set(err, KST_E_CANNOT_WRITE, "cannot be synced") : 0;

	if (fd >= 0)
		close(fd);
	if (ret < 0)
		kst_error_subject(err, "%s", path ? path : "");
	kst_free(path);
	return ret;
}

int kst_ca_keys_write(struct kst_ca *ca, struct kst_ca_keys *out, struct kst_key *const *key, size_t nr,
		      struct kst_error *err)
{
	/* The secret is 256 random bits: stretching it would add nothing. */
	const struct kst_pbe_options opt = { .pbe = KST_PBE_AES256, .iterations = 1 };
	struct kst_buf text KST_SCRATCH_BUF = KST_BUF_INIT;
	char *path;
	int fd;

	if (seal_secret(ca, err) < 0)
		return -1;
	for (size_t i = 0; i < nr; i++) {
		struct kst_buf der KST_SCRATCH_BUF = KST_BUF_INIT;

		if (!key[i])
			continue;
		if (kst_key_seal(key[i], &ca->seal, &opt, &der, err) < 0)
			return -1;
		kst_pem_block(&text, LABEL, der.data, der.len);
	}
	if (!text.len)
		return 0;
	path = text.failed ? NULL : new_name(ca);
	if (!path)
		return kst_error_nomem(err);
	/* Locked before anything is in it, and so before anybody could take it for an orphan. */
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || kst_fd_write_all(fd, text.data, text.len, err) < 0 ||
	    fsync(fd) < 0) {
		kst_error_set(err, errno == ENOSPC ? KST_E_DISK_FULL : KST_E_CANNOT_WRITE, "cannot be written");
		kst_error_subject(err, "%s", path);
		if (fd >= 0) {
			unlink(path);
			close(fd);
		}
		kst_free(path);
		return -1;
	}
	*out = (struct kst_ca_keys){ .path = path, .fd = fd };
	return sync_pending(ca, err);
}

static void take_key(struct kst_ca *ca, struct kst_ca_keys *k, const struct kst_entry *e)
{
	struct kst_buf spki KST_SCRATCH_BUF = KST_BUF_INIT;
	struct kst_key *key = NULL, **keys;
	uint8_t(*hashes)[32];

	if (e->kind != KST_KIND_KEY || !e->key || kst_key_copy(&key, e->key, NULL) < 0)
		return;
	/* What another key sealed, or nobody, is nothing of ours. */
	if (!kst_key_is_sealed(key) || kst_key_open_with(key, &ca->seal, NULL) != 0 ||
	    kst_key_spki(key, &spki, NULL) != 0)
		goto drop;
	keys = kst_realloc(k->key, (k->nr + 1) * sizeof(*keys));
	if (!keys)
		goto drop;
	k->key = keys;
	hashes = kst_realloc(k->spki, (k->nr + 1) * sizeof(*hashes));
	if (!hashes)
		goto drop;
	k->spki = hashes;
	k->key[k->nr] = key;
	kst_ca_spki_hash((struct kst_bytes){ spki.data, spki.len }, k->spki[k->nr++]);
	return;
drop:
	kst_key_free(key);
}

/* 0 taken; 1 somebody works with it, or it is nothing of ours. */
static int take_file(struct kst_ca *ca, struct kst_ca_keys *k, const char *path)
{
	struct kst_open_options opt = { .limits = ca->opt->limits };
	struct kst_store *s = NULL;
	struct kst_entry *e;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st, now;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || flock(fd, LOCK_EX | LOCK_NB) < 0 ||
	    stat(path, &now) < 0 || now.st_ino != st.st_ino || kst_store_open(&s, path, &opt, NULL) < 0) {
		if (fd >= 0)
			close(fd);
		return 1;
	}
	*k = (struct kst_ca_keys){ .path = kst_strdup(path), .fd = fd };
	for (size_t i = 0; i < kst_store_count(s); i++)
		if (kst_store_entry(s, i, &e, NULL) == 0)
			take_key(ca, k, e);
	kst_store_free(s);
	return 0;
}

int kst_ca_keys_find(struct kst_ca *ca, struct kst_ca_keys **list, size_t *nr, struct kst_error *err)
{
	char *dir = kst_ca_path(ca, KST_CA_PENDING_DIR);
	struct kst_ca_keys *grown;
	struct dirent *e;
	int ret = 0;
	DIR *d;

	*list = NULL;
	*nr = 0;
	d = dir ? opendir(dir) : NULL;
	while (!ret && d && (e = readdir(d))) {
		size_t n = strlen(e->d_name);
		char *path;

		if (n <= strlen(SUFFIX) || strcmp(e->d_name + n - strlen(SUFFIX), SUFFIX) != 0)
			continue;
		if (seal_secret(ca, err) < 0) {
			ret = -1;
			break;
		}
		path = kst_asprintf("%s/%s", dir, e->d_name);
		grown = kst_realloc(*list, (*nr + 1) * sizeof(*grown));
		if (grown)
			*list = grown;
		if (!path || !grown)
			ret = kst_error_nomem(err);
		else
			*nr += !take_file(ca, &grown[*nr], path);
		kst_free(path);
	}
	if (d)
		closedir(d);
	kst_free(dir);
	return ret;
}

void kst_ca_keys_remove(struct kst_ca_keys *k)
{
	if (k->path)
		unlink(k->path);
	kst_ca_keys_release(k);
}

void kst_ca_keys_release(struct kst_ca_keys *k)
{
	for (size_t i = 0; i < k->nr; i++)
		kst_key_free(k->key[i]);
	kst_free(k->key);
	kst_free(k->spki);
	kst_free(k->path);
	if (k->fd >= 0)
		close(k->fd);
	*k = (struct kst_ca_keys)KST_CA_KEYS_INIT;
}
