/* SPDX-License-Identifier: ISC */
/*
 * term.c - width, colour and character set of the output
 *
 * A stream that is no terminal has no width, so that nothing that a program may
 * read is cut or wrapped.
 */
#include "ui/term.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *env(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

bool term_dumb(void)
{
	const char *term = env("TERM");

	return term && !strcmp(term, "dumb");
}

bool term_color(int fd, const char *when)
{
	const char *force = env("CLICOLOR_FORCE");

	/* A flag beats the environment (no-color.org). */
	if (when && !strcmp(when, "always"))
		return true;
	if (when && !strcmp(when, "never"))
		return false;
	if (env("NO_COLOR"))
		return false;
	if (force && strcmp(force, "0"))
		return true;
	if (term_dumb())
		return false;
	return isatty(fd);
}

static size_t number(const char *text)
{
	size_t v = 0;

	if (!text)
		return 0;
	for (; *text >= '0' && *text <= '9' && v < 100000; text++)
		v = v * 10 + (size_t)(*text - '0');
	return *text ? 0 : v;
}

size_t term_width(int fd)
{
	struct winsize ws;
	size_t columns;

	if (!isatty(fd))
		return 0;
	columns = number(env("COLUMNS"));
	if (columns)
		return columns;
	if (ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
		return ws.ws_col;
	return 80;
}

size_t term_height(int fd)
{
	struct winsize ws;

	if (!isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_row)
		return ws.ws_row;
	return 24;
}

static bool names_utf8(const char *text)
{
	for (; text && *text; text++)
		if (!strncasecmp(text, "utf-8", 5) || !strncasecmp(text, "utf8", 4))
			return true;
	return false;
}

bool term_utf8(void)
{
	static int known = -1;
	const char *locale;

	if (known >= 0)
		return known;
	setlocale(LC_CTYPE, "");
	known = names_utf8(nl_langinfo(CODESET));
	if (!known) {
		/* A container often names a locale that it does not have; the terminal outside has
		 * it. */
		locale = env("LC_ALL");
		if (!locale)
			locale = env("LC_CTYPE");
		if (!locale)
			locale = env("LANG");
		known = names_utf8(locale);
	}
	return known;
}
