/* SPDX-License-Identifier: ISC */
/* ca_manifest.c - what a batch has made, one JSON object a line, for whoever ships the devices */
#include "cmd/ca_order.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A JSON text of UTF-8 (RFC 8259 7). */
static void text(struct kst_buf *b, const char *key, const char *s)
{
	kst_buf_printf(b, "\"%s\":\"", key);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			kst_buf_printf(b, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			kst_buf_printf(b, "\\u%04x", (unsigned char)*s);
		else
			kst_buf_put(b, s, 1);
	}
	kst_buf_puts(b, "\"");
}

static void line(struct kst_buf *b, const struct order *r, const struct kst_ca_order *a)
{
	struct kst_buf serial KST_SCRATCH_BUF = KST_BUF_INIT, hash KST_SCRATCH_BUF = KST_BUF_INIT;
	char date[KST_TIME_TEXT];

	ca_serial_text(a->cert, &serial);
	kst_text_hex(&hash, kst_cert_sha256(a->cert), 32);
	kst_buf_puts(b, "{");
	text(b, "name", r->name);
	kst_buf_puts(b, ",");
	text(b, "serial", serial.data ? (const char *)serial.data : "");
	kst_buf_puts(b, ",");
	text(b, "sha256", hash.data ? (const char *)hash.data : "");
	kst_buf_puts(b, ",");
	text(b, "not_after", kst_time_text(kst_cert_not_after(a->cert), KST_TIME_FULL, date));
	kst_buf_puts(b, ",\"files\":[");
	for (int k = 0; k < 2 && r->path[k]; k++) {
		const char *slash = strrchr(r->path[k], '/');

		/* `text` writes a member; the name of a file needs its value alone. */
		struct kst_buf one KST_SCRATCH_BUF = KST_BUF_INIT;

		text(&one, "", slash ? slash + 1 : r->path[k]);
		kst_buf_printf(b, "%s%s", k ? "," : "", one.data ? (const char *)one.data + 3 : "\"\"");
	}
	/* It is told, so that nobody ships what was taken back. */
	kst_buf_puts(b, a->revoked ? "],\"revoked\":true}\n" : "]}\n");
}

/* Its own former version is known by how its first line begins. */
int ca_manifest_check(const struct orders *o, struct kst_error *err)
{
	static const char first[] = "{\"name\":\"", second[] = "\",\"serial\":\"";
	char head[4096];
	int fd = open(o->manifest, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? 0 : read(fd, head, sizeof(head) - 1);

	if (fd >= 0)
		close(fd);
	if (o->files.replace || (fd < 0 && access(o->manifest, F_OK) < 0) || (fd >= 0 && n == 0))
		return 0;
	if (n > 0) {
		head[n] = '\0';
		head[strcspn(head, "\n")] = '\0';
		if (!strncmp(head, first, strlen(first)) && strstr(head, second))
			return 0;
	}
	kst_error_setx(err, KST_E_EXISTS, "exists already, and is no manifest");
	kst_error_subject(err, "%s", o->manifest);
	return kst_error_hint(err, "name another file");
}

int ca_manifest_write(const struct orders *o, struct kst_error *err)
{
	struct kst_buf b KST_SCRATCH_BUF = KST_BUF_INIT;

	for (size_t i = 0; i < o->nr; i++)
		if (o->ask[i].cert && o->ask[i].fate != KST_CA_FAILED)
			line(&b, &o->row[i], &o->ask[i]);
	if (b.failed)
		return kst_error_nomem(err);
	return kst_file_write(o->manifest, b.data ? b.data : (const void *)"", b.len,
			      KST_FILE_REPLACE | (o->files.loose ? KST_FILE_LOOSE : 0), err);
}
