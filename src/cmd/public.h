/* SPDX-License-Identifier: ISC */
/* public.h - the public half of an entry, in the forms that `export` gives it */
#ifndef KST_CMD_PUBLIC_H
#define KST_CMD_PUBLIC_H

#include "cmd/cmd.h"

/* Append the SubjectPublicKeyInfo of entry i.  0; 1: it has no public key; -1. */
int public_spki(struct cli *cli, struct kst_store *s, size_t i, struct kst_buf *spki);
/* Append an OpenSSH line with the alias as comment.  The same. */
int public_ssh(struct cli *cli, struct kst_store *s, size_t i, struct kst_buf *out);

/* A copy of entry i for a format of public keys: its certificate, or its public key.  The same. */
int public_entry(struct cli *cli, struct kst_store *s, size_t i, struct kst_entry **out);

#endif
