/* SPDX-License-Identifier: ISC */
/*
 * suffix.c - is a domain a public suffix, below which anybody may register?
 *
 * By the list that systems have (publicsuffix.org): a wildcard right below one would be
 * for everybody's hosts.  The list is data of the system like its CAs; where there is
 * none, it is said that nobody knows.
 */
#include <string.h>
#include <strings.h>

#include "kstool/store.h"
#include "kstool/text.h"
#include "verify/path.h"

#define LIST_MAX (UINT64_C(8) << 20)

static const char *const places[] = {
	"/usr/share/publicsuffix/public_suffix_list.dat",
	"/usr/share/publicsuffix/effective_tld_names.dat",
	NULL
};

static int read_list(struct kst_buf *out)
{
	for (size_t i = 0; places[i]; i++)
		if (kst_file_read(places[i], LIST_MAX, out, NULL) == 0)
			return 0;
	return -1;
}

static bool is(const char *rule, size_t n, const char *name)
{
	return strlen(name) == n && strncasecmp(rule, name, n) == 0;
}

int path_public_suffix(const char *domain)
{
	struct kst_buf list KST_SCRATCH_BUF = KST_BUF_INIT, idn KST_SCRATCH_BUF = KST_BUF_INIT;
	const char *name, *below;
	int found = 0;

	if (read_list(&list) < 0)
		return -1;
	/* Its rules are in Unicode. */
	kst_text_idn(&idn, domain, strlen(domain));
	name = idn.data ? (const char *)idn.data : domain;
	below = strchr(name, '.');
	for (const char *line = (const char *)list.data, *end; line && *line; line = end ? end + 1 : NULL) {
		size_t n;

		end = strchr(line, '\n');
		n = strcspn(line, " \t\r\n");
		if (!n || line[0] == '/')
			continue;
		if (line[0] == '!' && is(line + 1, n - 1, name))
			return 0; /* an exception of a rule with wildcard */
		if (is(line, n, name) || (n > 2 && line[0] == '*' && below && is(line + 1, n - 1, below)))
			found = 1;
	}
	return found;
}
