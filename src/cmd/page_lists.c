/* SPDX-License-Identifier: ISC */
/* page_lists.c - what the library's tables of consumers and findings say, for the pages of them */
#include "cmd/page.h"
#include "cmd/page_impl.h"
#include "ui/scd.h"

#include <string.h>

#include "kstool/verify.h"

static void pair(struct kst_buf *out, const char *label, const char *text)
{
	kst_buf_printf(out, "\n*%s*\n\t", label);
	scd_escape(out, text);
	kst_buf_u8(out, '\n');
}

void page_consumers(struct kst_buf *out)
{
	for (const struct kst_consumer *c = kst_consumers; c->name; c++) {
		kst_buf_puts(out, "\n## ");
		scd_escape(out, c->name);
		kst_buf_puts(out, "\n\n");
		scd_escape(out, c->title);
		kst_buf_printf(out, ". Written with %s and %s, %lu iterations", c->pbe == KST_PBE_3DES ? "3DES" : "AES-256",
			       page_mac(c), (unsigned long)(c->iterations ? c->iterations : 200000));
		if (c->most)
			kst_buf_printf(out, " (it reads up to %lu)", (unsigned long)c->most);
		kst_buf_puts(out, ".\n");
		pair(out, "formats", c->formats[0] == '*' ? "all" : c->formats);
		pair(out, "keys", c->keys[0] == '*' ? "all" : c->keys);
		pair(out, "tested", c->tested ? c->tested : "not here");
		pair(out, "source", c->source);
	}
}

void page_findings(struct kst_buf *out)
{
	static const enum kst_severity order[] = { KST_SEVERITY_ERROR, KST_SEVERITY_WARN, KST_SEVERITY_INFO };

	for (size_t s = 0; s < sizeof(order) / sizeof(order[0]); s++) {
		kst_buf_printf(out, "\n## %s\n", kst_severity_text(order[s]));
		for (int id = 0; id < KST_PROBLEM_COUNT; id++) {
			const char *slug = kst_problem_slug((enum kst_problem_id)id), *meaning;
			struct kst_buf name KST_SCRATCH_BUF = KST_BUF_INIT;
			bool open = slug[strlen(slug) - 1] == '-'; /* a consumer's name completes it */
			enum kst_severity severity;

			kst_buf_printf(&name, "%s%s", slug, open ? "any" : "");
			meaning = name.failed ? NULL : kst_problem_meaning((const char *)name.data, &severity);
			if (!meaning || severity != order[s])
				continue;
			kst_buf_reset(&name);
			kst_buf_printf(&name, "%s%s", slug, open ? "CONSUMER" : "");
			pair(out, (const char *)name.data, meaning);
		}
	}
}

void page_checks(struct kst_buf *out)
{
	for (int c = 0; c < KST_CHECK_COUNT; c++) {
		kst_buf_printf(out, "\n## %s\n\n", kst_path_check_slug((enum kst_path_check)c));
		scd_escape(out, kst_path_check_title((enum kst_path_check)c));
		kst_buf_puts(out, ".\n");
		for (int r = 1; r < KST_REASON_COUNT; r++)
			if ((int)kst_reason_check((enum kst_reason)r) == c)
				pair(out, kst_reason_slug((enum kst_reason)r), kst_reason_meaning((enum kst_reason)r));
	}
}

const char *page_mac(const struct kst_consumer *c)
{
	return c->mac == KST_MAC_PBMAC1 ? "PBMAC1" : c->pbe == KST_PBE_3DES ? "HMAC-SHA1" : "HMAC-SHA256";
}
