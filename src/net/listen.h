/* SPDX-License-Identifier: ISC */
/* listen.h - the clients of a listener, one after the other; private to src/tls */
#ifndef KST_TLS_LISTEN_H
#define KST_TLS_LISTEN_H

#include "kstool/endpoint.h"

/* The next client that has something to say; one that is silent for `timeout_ms` is dropped.  0 *fd; 1
 * `stop` became readable; -1. */
int kst_listener_next(struct kst_listener *l, int stop, int timeout_ms, int *fd, struct kst_error *err);

#endif
