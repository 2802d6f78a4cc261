/* SPDX-License-Identifier: ISC */
/* kstool.h - everything of the library, and its version */
#ifndef KSTOOL_KSTOOL_H
#define KSTOOL_KSTOOL_H

#include "kstool/alloc.h"
#include "kstool/ask.h"
#include "kstool/buf.h"
#include "kstool/ca.h"
#include "kstool/cert.h"
#include "kstool/consumer.h"
#include "kstool/csr.h"
#include "kstool/diff.h"
#include "kstool/endpoint.h"
#include "kstool/entry.h"
#include "kstool/error.h"
#include "kstool/fd.h"
#include "kstool/format.h"
#include "kstool/issue.h"
#include "kstool/key.h"
#include "kstool/lint.h"
#include "kstool/live.h"
#include "kstool/native.h"
#include "kstool/parallel.h"
#include "kstool/pem.h"
#include "kstool/progress.h"
#include "kstool/revocation.h"
#include "kstool/secret.h"
#include "kstool/store.h"
#include "kstool/text.h"
#include "kstool/time.h"
#include "kstool/tls.h"
#include "kstool/undo.h"
#include "kstool/verify.h"

#define KSTOOL_VERSION "0.1.0"

/*
 * Must be the first call of a program: puts the arena under OpenSSL (which
 * refuses once it has allocated anything), forbids core dumps, readies
 * libsodium.  `load_config`: let OpenSSL read its configuration file.  0 or -1.
 */
int kst_init(bool load_config, struct kst_error *err);

/* "OpenSSL 3.0.19 ...", "libsodium 1.0.18": the libraries in use now. */
const char *kst_openssl_version(void);
const char *kst_sodium_version(void);
/* Can the legacy ciphers (RC2, single DES) be had here?  Loads the provider to see. */
bool kst_legacy_available(void);

#endif
