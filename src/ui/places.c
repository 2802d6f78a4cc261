/* SPDX-License-Identifier: ISC */
/*
 * places.c - @system and @java
 *
 * What the environment names counts alone: where that is missing, another store is
 * not silently taken in its place.  Nothing is started to find out (no `java`).
 */
#include "ui/places.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const places[] = { "@system", "@java", NULL };
const char *const places_about[] = { "the CAs that this system trusts", "the CAs that Java trusts", NULL };

/* ---- what is there ---- */

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* A directory with certificates by hash: "4a6481c9.0" (openssl-rehash(1)). */
static bool is_hashed_dir(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	bool found = false;

	for (unsigned i = 0; d && !found && i < 10000 && (e = readdir(d)); i++)
		found = strspn(e->d_name, "0123456789abcdef") == 8 && e->d_name[8] == '.' &&
			e->d_name[9] >= '0' && e->d_name[9] <= '9';
	if (d)
		closedir(d);
	return found;
}

static int found(struct kst_buf *path, const char *what, struct kst_error *err)
{
	kst_buf_puts(path, what);
	return path->failed ? kst_error_nomem(err) : 0;
}

/* ---- @system ---- */

static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Arch, Gentoo, Alpine */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
	"/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora and RHEL of before */
	"/var/lib/ca-certificates/ca-bundle.pem",            /* openSUSE */
	"/etc/ssl/ca-bundle.pem",                            /* openSUSE of before */
	"/etc/ssl/cert.pem",                                 /* Alpine, macOS, OpenBSD, FreeBSD */
	"/usr/local/etc/ssl/cert.pem",                       /* FreeBSD with ca_root_nss */
	"/usr/local/share/certs/ca-root-nss.crt",
	"/etc/openssl/certs/ca-certificates.crt",            /* NetBSD */
	"/etc/certs/ca-certificates.crt",                    /* Solaris, illumos */
	NULL
};
static const char *const dirs[] = { "/etc/ssl/certs", "/etc/pki/tls/certs", "/system/etc/security/cacerts", NULL };

static int missing(const char *word, const char *variable, const char *value, struct kst_error *err)
{
	kst_error_setx(err, KST_E_NO_FILE, "%s names no such place: %s", variable, value);
	kst_error_hint(err, "name a place that is there, or nothing:  unset %s", variable);
	return kst_error_subject(err, "%s", word);
}

/* Of a list with colons the first directory that is there. */
static int of_list(const char *list, struct kst_buf *path, struct kst_error *err)
{
	for (const char *p = list; *p; p += *p == ':') {
		size_t n = strcspn(p, ":");
		char *one = kst_strndup(p, n);
		int ret = one && is_hashed_dir(one) ? found(path, one, err) : 1;

		kst_free(one);
		if (ret <= 0)
			return ret;
		p += n;
	}
	return missing("@system", "SSL_CERT_DIR", list, err);
}

static int find_system(struct kst_buf *path, struct kst_error *err)
{
	const char *file = getenv("SSL_CERT_FILE"), *dir = getenv("SSL_CERT_DIR");

	if (file && *file)
		return is_file(file) ? found(path, file, err) : missing("@system", "SSL_CERT_FILE", file, err);
	if (dir && *dir)
		return of_list(dir, path, err);
	for (size_t i = 0; bundles[i]; i++)
		if (is_file(bundles[i]))
			return found(path, bundles[i], err);
	for (size_t i = 0; dirs[i]; i++)
		if (is_hashed_dir(dirs[i]))
			return found(path, dirs[i], err);
	kst_error_setx(err, KST_E_NO_FILE, "this system has no list of CAs where one is expected");
	for (size_t i = 0; bundles[i]; i++)
		kst_error_detail(err, "not there: %s", bundles[i]);
	for (size_t i = 0; dirs[i]; i++)
		kst_error_detail(err, "no certificates by hash: %s", dirs[i]);
	kst_error_hint(err, "install ca-certificates, or name a bundle:  SSL_CERT_FILE=/path/to/bundle.pem kstool ...");
	return kst_error_subject(err, "@system");
}

/* ---- @java ---- */

/* In the order in which Java looks (JSSE Reference Guide): jssecacerts hides cacerts. */
static const char *const below_home[] = { "lib/security/jssecacerts", "lib/security/cacerts",
					  "jre/lib/security/jssecacerts", "jre/lib/security/cacerts", NULL };

static int in_home(const char *home, struct kst_buf *path, struct kst_error *err)
{
	for (size_t i = 0; below_home[i]; i++) {
		char *p = kst_asprintf("%s/%s", home, below_home[i]);
		int ret = !p ? kst_error_nomem(err) : is_file(p) ? found(path, p, err) : 1;

		kst_free(p);
		if (ret <= 0)
			return ret;
	}
	return 1;
}

/* bin/java behind all its links, two floors up; kst_free it.  NULL: no java on PATH. */
static char *home_of_program(void)
{
	const char *p = getenv("PATH");

	while (p && *p) {
		size_t n = strcspn(p, ":");
		char *program = kst_asprintf("%.*s/java", (int)n, n ? p : "."), real[PATH_MAX];
		bool there = program && access(program, X_OK) == 0 && is_file(program) && realpath(program, real);

		kst_free(program);
		for (int i = 0; there && i < 2; i++) {
			char *slash = strrchr(real, '/');

			if (slash)
				*slash = '\0';
		}
		if (there)
			return kst_strdup(real);
		p += n + (p[n] == ':');
	}
	return NULL;
}

/* Where packages put it for every Java at once. */
static const char *const shared[] = { "/etc/ssl/certs/java/cacerts", "/etc/pki/java/cacerts",
				      "/etc/pki/ca-trust/extracted/java/cacerts", NULL };

static int find_java(struct kst_buf *path, struct kst_error *err)
{
	const char *home = getenv("JAVA_HOME");
	char *of_program = NULL;
	int ret;

	if (home && *home) {
		ret = in_home(home, path, err);
		if (ret > 0) {
			kst_error_setx(err, KST_E_NO_FILE, "JAVA_HOME (%s) holds no list of CAs", home);
			for (size_t i = 0; below_home[i]; i++)
				kst_error_detail(err, "not there: %s/%s", home, below_home[i]);
			kst_error_hint(err, "name the directory of a Java, or nothing:  unset JAVA_HOME");
			ret = kst_error_subject(err, "@java");
		}
		return ret;
	}
	of_program = home_of_program();
	ret = of_program ? in_home(of_program, path, err) : 1;
	for (size_t i = 0; ret > 0 && shared[i]; i++)
		if (is_file(shared[i]))
			ret = found(path, shared[i], err);
	if (ret > 0) {
		kst_error_setx(err, KST_E_NO_FILE, "no Java was found");
		kst_error_detail(err, "JAVA_HOME is not set");
		if (of_program)
			kst_error_detail(err, "the java on PATH is in %s, which holds no lib/security/cacerts", of_program);
		else
			kst_error_detail(err, "there is no java on PATH");
		for (size_t i = 0; shared[i]; i++)
			kst_error_detail(err, "not there: %s", shared[i]);
		kst_error_hint(err, "name its directory:  JAVA_HOME=/path/to/jdk kstool ...");
		ret = kst_error_subject(err, "@java");
	}
	kst_free(of_program);
	return ret;
}

int places_find(const char *word, struct kst_buf *path, struct kst_error *err)
{
	if (!strcmp(word, places[0]))
		return find_system(path, err);
	if (!strcmp(word, places[1]))
		return find_java(path, err);
	return 1;
}
