/* SPDX-License-Identifier: ISC */
/*
 * crl.c - the revocation list of a CA
 *
 * Two commands at once must not leave the older list in the file: whoever makes one
 * holds the directory's lock from its number to its last file.
 */
#include "ca/ca.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"

struct list {
	struct kst_crl_entry *entry;
	size_t nr, size;
};

static int collect(void *ctx, const struct kst_ca_row *row, struct kst_error *err)
{
	struct list *l = ctx;
	struct kst_crl_entry *e;

	if (l->nr == l->size) {
		size_t size = l->size ? l->size * 2 : 64;

		e = kst_realloc(l->entry, size * sizeof(*e));
		if (!e)
			return kst_error_nomem(err);
		l->entry = e;
		l->size = size;
	}
	e = &l->entry[l->nr++];
	memset(e, 0, sizeof(*e));
	memcpy(e->serial, row->serial, row->serial_len);
	e->serial_len = row->serial_len;
	e->when = row->revoked_at;
	e->reason = row->reason;
	return 0;
}

/* The number and the dates are in the ledger before the key is used. */
static int write_down(struct kst_ca *ca, enum kst_ca_issuer which, struct kst_crl_make *how, struct list *l,
		      struct kst_error *err)
{
	/* What has expired stays on the list: a signature of before is asked about for long (RFC 5280 3.3). */
	struct kst_ca_query q = { .states = KST_CA_IS(KST_CA_REVOKED), .issuers = 1u << which };
	bool root = which == KST_CA_BY_ROOT;
	char text[32];

	if (kst_ca_begin(ca, err) < 0)
		return -1;
	if (kst_ca_next(ca, root ? "root-crl-number" : "crl-number", &how->number, err) < 0 ||
	    kst_ca_each(ca, &q, collect, l, err) < 0)
		goto fail;
	snprintf(text, sizeof(text), "%lld", (long long)how->this_update);
	if (kst_ca_set_fact(ca, root ? "root-crl-this-update" : "crl-this-update", text, err) < 0)
		goto fail;
	snprintf(text, sizeof(text), "%lld", (long long)how->next_update);
	if (kst_ca_set_fact(ca, root ? "root-crl-next-update" : "crl-next-update", text, err) < 0 ||
	    kst_ca_commit(ca, err) < 0)
		goto fail;
	how->entry = l->entry;
	how->nr = l->nr;
	return 0;
fail:
	kst_ca_rollback(ca);
	return -1;
}

static int write_file(struct kst_ca *ca, const char *name, const struct kst_buf *data, struct kst_error *err)
{
	char *path = kst_ca_path(ca, name);
	int ret;

	if (!path)
		return kst_error_nomem(err);
	ret = kst_file_write(path, data->data, data->len,
			     KST_FILE_REPLACE | (ca->opt->insecure_permissions ? KST_FILE_LOOSE : 0), err);
	kst_free(path);
	return ret;
}

static int make(struct kst_ca *ca, enum kst_ca_issuer which, int days, uint64_t *number, struct kst_error *err)
{
	struct kst_buf tbs KST_SCRATCH_BUF = KST_BUF_INIT, der KST_SCRATCH_BUF = KST_BUF_INIT,
		       pem KST_SCRATCH_BUF = KST_BUF_INIT;
	bool root = which == KST_CA_BY_ROOT;
	struct kst_crl_make how = { .this_update = kst_time_now() };
	struct list l = { .nr = 0 };
	struct kst_key *key;
	int ret = -1;

	how.next_update = how.this_update + (int64_t)days * 86400;
	if (kst_ca_key(ca, which, &key, err) < 0 || write_down(ca, which, &how, &l, err) < 0 ||
	    kst_crl_build(&tbs, &how, ca->cert[which], key, err) < 0 ||
	    kst_crl_sign(&der, (struct kst_bytes){ tbs.data, tbs.len }, ca->cert[which], key, err) < 0)
		goto done;
	kst_pem_block(&pem, "X509 CRL", der.data, der.len);
	if (pem.failed) {
		kst_error_nomem(err);
		goto done;
	}
	if (write_file(ca, root ? "root-" KST_CA_CRL_DER : KST_CA_CRL_DER, &der, err) < 0 ||
	    write_file(ca, root ? "root-" KST_CA_CRL_PEM : KST_CA_CRL_PEM, &pem, err) < 0)
		goto done;
	if (number)
		*number = how.number;
	ret = 0;
done:
	kst_free(l.entry);
	return ret;
}

int kst_ca_make_crl(struct kst_ca *ca, enum kst_ca_issuer which, int days, uint64_t *number,
		    struct kst_error *err)
{
	int ret, fd = open(ca->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		kst_error_set(err, KST_E_UNREADABLE, "cannot be locked");
		ret = kst_error_subject(err, "%s", ca->dir);
	} else {
		ret = make(ca, which, days, number, err);
	}
	if (fd >= 0)
		close(fd);
	return ret;
}
