/* SPDX-License-Identifier: ISC */
/* nothing.c - an empty program linked to the same libraries: the floor of a process */
#include <openssl/crypto.h>
#include <sodium.h>
#include <jansson.h>
#include <utf8proc.h>

/* Used, so that the linker keeps the libraries. */
const void *volatile keep[4];

int main(void)
{
	keep[0] = (const void *)&OpenSSL_version_num;
	keep[1] = (const void *)&sodium_version_string;
	keep[2] = (const void *)&json_object;
	keep[3] = (const void *)&utf8proc_version;
	return 0;
}
