/* SPDX-License-Identifier: ISC */
/* pem.h - one PEM block (RFC 7468); reading files of them is formats/pem.c's */
#ifndef KSTOOL_PEM_H
#define KSTOOL_PEM_H

#include <stddef.h>
#include <stdint.h>

#include "kstool/buf.h"

/* Append a whole block, 64 columns, LF line ends. */
void kst_pem_block(struct kst_buf *out, const char *label, const uint8_t *der, size_t len);

/* Append base64 (RFC 4648 section 4) without line ends. */
void kst_base64(struct kst_buf *out, const uint8_t *data, size_t len);

#endif
