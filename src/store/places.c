/* SPDX-License-Identifier: ISC */
/* places.c - what is known of a place by its name (places.def) */
#include "store/places.h"

#include <fnmatch.h>
#include <string.h>

static const struct kst_known places[] = {
#define KST_PLACE(glob, role, by) { glob, KST_PLACE_##role, by },
#include "store/places.def"
#undef KST_PLACE
};
#define PLACES (sizeof(places) / sizeof(*places))

/* The last '/' in a pattern is one in the path, as no set or escape is used. */
static const char *last(const char *path)
{
	return strrchr(path, '/') + 1;
}

const struct kst_known *kst_place_known(const char *inside)
{
	for (size_t i = 0; i < PLACES; i++)
		if (!fnmatch(places[i].glob, inside, 0))
			return &places[i];
	return NULL;
}

const struct kst_known *kst_place_named(const char *inside)
{
	const char *name = last(inside);

	for (size_t i = 0; i < PLACES; i++)
		if (!strcmp(last(places[i].glob), name) && !fnmatch(places[i].glob, inside, 0))
			return &places[i];
	return NULL;
}

/* ---- what is not looked at ---- */

/* Program text quotes certificates, and archives hold them: none of it is a store. */
static const char *const never[] = {
	"c",	"h",	"cc",  "cpp", "hpp", "rs",  "go",   "java", "py",   "pyc", "pyi",   "js",   "mjs",
	"ts",	"map",	"rb",  "pl",  "pm",  "php", "lua",  "tcl",  "el",   "elc", "sh",    "html", "htm",
	"css",	"md",	"rst", "svg", "png", "jpg", "jpeg", "gif",  "ico",  "ttf", "woff",  "woff2", "gz",
	"xz",	"bz2",	"zst", "zip", "jar", "war", "whl",  "deb",  "rpm",  "apk", "class", "so",   "a",
	"o",	"ko",	"mo",  "po",  "gmo", "log", "pack", "idx",  "kstool-bak",
};

bool kst_place_never(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(never) / sizeof(*never); i++)
		if (!strcmp(dot + 1, never[i]))
			return true;
	return false;
}

/* What the kernel makes up: nobody misses it. */
bool kst_place_made_up(const char *inside)
{
	return !strcmp(inside, "/proc") || !strcmp(inside, "/sys") || !strcmp(inside, "/dev");
}

/*
 * Other systems' files, kept under the hash of what they hold or shared by several: to write there is to
 * damage them.  Whoever means one of them names it.
 */
bool kst_place_closed(const char *inside)
{
	static const char *const dir[] = { "/var/lib/docker",	  "/var/lib/containerd", "/var/lib/containers",
					   "/var/lib/buildah",	  "/var/lib/lxc",	 "/var/lib/machines",
					   "/var/lib/snapd",	  "/var/lib/flatpak",	 "/snap",
					   "/ostree",		  "/sysroot",		 "/nix/store",
					   "/gnu/store" };

	for (size_t i = 0; i < sizeof(dir) / sizeof(*dir); i++)
		if (!strcmp(inside, dir[i]))
			return true;
	return false;
}
