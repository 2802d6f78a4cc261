/* SPDX-License-Identifier: ISC */
/* kst1_repair.c - recover what can be proved into a new file */
#include "kst1.h"
int kst1_repair(struct kst_io *io, struct kst_repair *out, const char *const *accept,
		struct kst_error *err)
{
	(void)io; (void)out; (void)accept;
	return kst_error_setx(err, KST_E_INTERNAL, "not written yet");
}
