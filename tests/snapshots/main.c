/* SPDX-License-Identifier: ISC */
/*
 * main.c - what a person sees: the pictures of tests/snapshots, byte for byte
 *
 * Each NAME.txt holds cases.  A case runs under a pseudo-terminal of each width, in UTF-8 and in
 * the C locale, and through a pipe, each time in a fresh copy of the directory `files`:
 *
 *   # what this shows
 *   % command            prepares the directory; not shown
 *   $ command            kstool is a function that adds --at: the pictures are of 2026-11-24
 *   @ 80 200 pipe        the screens that show what follows ("80C": the C locale, "80+": colour)
 *   |a line of it        ">" instead of "|": the line is wider than the screen
 *   =                    the last line does not end
 *   ? 5                  exit status, if not 0
 *
 * ESC and other control characters stand as "^[".  Beside the comparison, of every picture: only
 * line feeds and the SGR codes of cli.md 4.7 are control characters; colour changes nothing but
 * adds SGR; the C locale shows ASCII only.
 *   main DIR_OF_KSTOOL FILES SNAPSHOT...        compares; -w before them rewrites
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "kstool/buf.h"
#include "kstool/text.h"

#define NOW "2026-11-24T09:00:00Z"

enum how { IN_UTF8, IN_C, IN_COLOR, IN_C_COLOR, IN_PIPE };
static const struct screen {
	const char *name;
	unsigned short width;
	enum how how;
	bool check; /* colour: only compared with the picture without */
} screens[] = {
	{ "40", 40, IN_UTF8, false },	  { "60", 60, IN_UTF8, false },
	{ "80", 80, IN_UTF8, false },	  { "200", 200, IN_UTF8, false },
	{ "40C", 40, IN_C, false },	  { "60C", 60, IN_C, false },
	{ "80C", 80, IN_C, false },	  { "200C", 200, IN_C, false },
	{ "pipe", 0, IN_PIPE, false },	  { "80+", 80, IN_COLOR, false },
	{ "40C+", 40, IN_C_COLOR, true },
};
#define PIPE (&screens[8])
#define SCREENS (sizeof(screens) / sizeof(*screens))

static const char *files;
static unsigned failures, pictures;

/* ---- running ---- */

static void set_environment(const struct screen *s)
{
	char width[16];

	setenv("LC_ALL", s->how == IN_C || s->how == IN_C_COLOR ? "C" : "C.UTF-8", 1);
	setenv("TERM", "xterm", 1);
	snprintf(width, sizeof(width), "%u", s->width);
	/* The C locale's widths come from COLUMNS, the others' from the terminal. */
	if (s->how == IN_C || s->how == IN_C_COLOR)
		setenv("COLUMNS", width, 1);
	else
		unsetenv("COLUMNS");
	if (s->how == IN_COLOR || s->how == IN_C_COLOR)
		unsetenv("NO_COLOR");
	else
		setenv("NO_COLOR", "1", 1);
}

/* The slave side of a new terminal of that width, which passes every byte as it is. */
static int terminal(int master, const struct screen *s)
{
	struct winsize ws = { .ws_row = 2000, .ws_col = s->width };
	struct termios t;
	int fd = open(ptsname(master), O_RDWR | O_NOCTTY);

	if (fd < 0 || tcgetattr(fd, &t) < 0)
		return -1;
	t.c_oflag &= ~(tcflag_t)OPOST;
	if (s->how == IN_C || s->how == IN_C_COLOR)
		ws.ws_col = 0;
	return tcsetattr(fd, TCSANOW, &t) < 0 || ioctl(fd, TIOCSWINSZ, &ws) < 0 ? -1 : fd;
}

static void child(int fd, const struct screen *s, const char *command)
{
	char script[8192];
	int in = open("/dev/null", O_RDONLY);

	setsid(); /* a terminal to write to, but nobody to ask */
	alarm(60);
	set_environment(s);
	snprintf(script, sizeof(script), "kstool() { command kstool --at " NOW " \"$@\"; }\n%s",
		 command);
	if (in < 0 || dup2(in, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(126);
	execl("/bin/sh", "sh", "-c", script, (char *)NULL);
	_exit(127);
}

/* Everything that the command prints there; its exit status, or -1. */
static int run(const struct screen *s, const char *command, struct kst_buf *out)
{
	int pipe_fd[2] = { -1, -1 }, from, to, status;
	char data[65536];
	ssize_t n;
	pid_t pid;

	if (s->width) {
		from = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		to = from < 0 || grantpt(from) < 0 || unlockpt(from) < 0 ? -1 : terminal(from, s);
	} else {
		if (pipe2(pipe_fd, O_CLOEXEC) < 0)
			return -1;
		from = pipe_fd[0];
		to = pipe_fd[1];
	}
	if (to < 0) {
		perror("kstool-snapshots: no terminal");
		exit(2);
	}
	pid = fork();
	if (pid == 0)
		child(to, s, command);
	close(to);
	/* A terminal whose other side is closed says EIO. */
	while (pid > 0 && ((n = read(from, data, sizeof(data))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0)
			kst_buf_put(out, data, (size_t)n);
	close(from);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid < 0 ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* A file of `files` here; what is secret is so here too, whatever the checkout made of it. */
static void copy_file(const char *name)
{
	char from[4096], data[65536];
	const char *dot = strrchr(name, '.');
	bool secret = !dot || !strcmp(dot, ".key") || !strcmp(dot, ".p12") || !strcmp(dot, ".kst");
	int in, out;
	ssize_t n;

	snprintf(from, sizeof(from), "%s/%s", files, name);
	in = open(from, O_RDONLY);
	out = open(name, O_WRONLY | O_CREAT | O_EXCL, secret ? 0600 : 0644);
	if (in < 0 || out < 0)
		die(from);
	while ((n = read(in, data, sizeof(data))) > 0)
		if (write(out, data, (size_t)n) != n)
			die(name);
	close(in);
	close(out);
}

/* On a busy machine there may be lines of progress, each of which begins where the last one did. */
static void drop_progress(struct kst_buf *out)
{
	size_t to = 0;

	for (size_t i = 0; i < out->len; i++) {
		for (size_t k = i; out->data[i] == '\r' && k < out->len && out->data[k] != '\n'; k++)
			if (out->data[k] == '\r' && k > i)
				i = k;
		if (out->data[i] != '\r')
			out->data[to++] = out->data[i];
	}
	out->len = to;
	kst_buf_puts(out, "");
}

static void each_file(const char *dir, void (*visit)(const char *name))
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		die(dir);
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			visit(e->d_name);
	closedir(d);
}

static void remove_file(const char *name)
{
	if (unlink(name) < 0)
		die(name);
}

/* The command in a fresh directory; its output and exit status. */
static int run_afresh(const struct screen *s, const char *prepare, const char *command,
		      struct kst_buf *out)
{
	struct kst_buf first KST_SCRATCH_BUF = KST_BUF_INIT;
	char dir[] = "/tmp/kstool-snap.XXXXXX";
	int status;

	if (!mkdtemp(dir) || chdir(dir) < 0)
		die(dir);
	each_file(files, copy_file);
	if (*prepare && run(PIPE, prepare, &first) != 0) {
		fprintf(stderr, "failed: %s\n%s\n", prepare, first.data ? (char *)first.data : "");
		exit(2);
	}
	status = run(s, command, out);
	drop_progress(out);
	each_file(".", remove_file);
	if (chdir("/") < 0 || rmdir(dir) < 0)
		die(dir);
	return status;
}

/* ---- what holds of every picture ---- */

static void complain(const char *file, const char *command, const struct screen *s,
		     const char *what)
{
	fprintf(stderr, "%s: $ %s\n  on screen %s: %s\n", file, command, s->name, what);
	failures++;
}

/* Length of an SGR sequence that may be used, at p; 0: none. */
static size_t sgr(const char *p)
{
	static const char *const known[] = { "\x1b[0m",	 "\x1b[1m",  "\x1b[2m", "\x1b[31m",
					     "\x1b[32m", "\x1b[33m", NULL };

	for (size_t i = 0; known[i]; i++)
		if (!strncmp(p, known[i], strlen(known[i])))
			return strlen(known[i]);
	return 0;
}

static void strip(const struct kst_buf *in, struct kst_buf *out)
{
	for (const char *p = in->data ? (const char *)in->data : ""; *p;) {
		size_t n = sgr(p);

		if (!n)
			kst_buf_u8(out, (uint8_t)*p++);
		else
			p += n;
	}
	kst_buf_puts(out, "");
}

static void check(const char *file, const char *command, const struct screen *s,
		  const struct kst_buf *out)
{
	bool color = s->how == IN_COLOR || s->how == IN_C_COLOR;
	bool ascii = s->how == IN_C || s->how == IN_C_COLOR;
	const uint8_t *p = out->data;
	uint32_t cp;

	for (size_t i = 0, n; i < out->len; i += n) {
		const char *wrong = NULL;

		n = sgr((const char *)p + i);
		if (n && color)
			continue;
		n = kst_utf8_decode(p + i, out->len - i, &cp);
		if (!n)
			wrong = "invalid UTF-8";
		else if (cp == '\t' && strstr(command, "--plain"))
			continue;
		else if (cp != '\n' && !kst_text_char_shown(cp))
			wrong = "a raw control character";
		else if (ascii && cp > 0x7e)
			wrong = "not ASCII";
		if (wrong) {
			complain(file, command, s, wrong);
			return;
		}
	}
}

/* ---- the file ---- */

/* Output as it stands in a file. */
static void draw(const struct kst_buf *out, const struct screen *s, struct kst_buf *b)
{
	const char *p = out->data ? (const char *)out->data : "", *end = p + out->len;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
		struct kst_buf raw KST_SCRATCH_BUF = KST_BUF_INIT,
			       bare KST_SCRATCH_BUF = KST_BUF_INIT;

		kst_buf_put(&raw, p, (size_t)(stop - p));
		strip(&raw, &bare);
		kst_buf_u8(b, s->width && bare.len &&
					      kst_text_width((char *)bare.data) > s->width
				      ? '>'
				      : '|');
		for (; p < stop; p++)
			if ((uint8_t)*p < 0x20 || *p == 0x7f) {
				kst_buf_u8(b, '^');
				kst_buf_u8(b, (uint8_t)*p ^ 0x40);
			} else
				kst_buf_u8(b, (uint8_t)*p);
		kst_buf_puts(b, nl ? "\n" : "\n=\n");
		p += nl != NULL;
	}
}

struct shot {
	const char *names[SCREENS];
	size_t nr;
	struct kst_buf text; /* as drawn, with the status */
};

/* One case on every screen; equal pictures stand once. */
static void shoot(const char *file, const char *prepare, const char *command, struct kst_buf *into)
{
	struct shot shot[SCREENS];
	struct kst_buf plain[SCREENS];
	size_t nr = 0;

	memset(shot, 0, sizeof(shot));
	memset(plain, 0, sizeof(plain));
	for (size_t i = 0; i < SCREENS; i++) {
		const struct screen *s = &screens[i];
		struct kst_buf out KST_SCRATCH_BUF = KST_BUF_INIT, d KST_SCRATCH_BUF = KST_BUF_INIT;
		int status = run_afresh(s, prepare, command, &out);
		bool color = s->how == IN_COLOR || s->how == IN_C_COLOR;
		size_t k = 0;

		pictures++;
		check(file, command, s, &out);
		strip(&out, &plain[i]);
		for (size_t j = 0; color && j < i; j++)
			if (screens[j].width == s->width &&
			    screens[j].how == (s->how == IN_COLOR ? IN_UTF8 : IN_C) &&
			    strcmp((char *)plain[j].data, (char *)plain[i].data) != 0)
				complain(file, command, s, "colour changed the text");
		if (s->check)
			continue;
		draw(&out, s, &d);
		if (status)
			kst_buf_printf(&d, "? %d\n", status);
		kst_buf_puts(&d, "");
		while (k < nr && strcmp((char *)shot[k].text.data, (char *)d.data) != 0)
			k++;
		if (k == nr) {
			kst_buf_put(&shot[nr].text, d.data, d.len);
			kst_buf_puts(&shot[nr++].text, "");
		}
		shot[k].names[shot[k].nr++] = s->name;
	}
	for (size_t k = 0; k < nr; k++) {
		kst_buf_u8(into, '@');
		for (size_t i = 0; i < shot[k].nr; i++)
			kst_buf_printf(into, " %s", shot[k].names[i]);
		kst_buf_u8(into, '\n');
		kst_buf_put(into, shot[k].text.data, shot[k].text.len);
		kst_buf_release(&shot[k].text);
	}
	for (size_t i = 0; i < SCREENS; i++)
		kst_buf_release(&plain[i]);
}

static void read_whole(const char *path, struct kst_buf *b)
{
	char data[65536];
	size_t n;
	FILE *f = fopen(path, "r");

	if (!f) {
		perror(path);
		exit(2);
	}
	while ((n = fread(data, 1, sizeof(data), f)))
		kst_buf_put(b, data, n);
	fclose(f);
	kst_buf_puts(b, "");
}

/* Where the two texts part: the line, and what each has there. */
static void show_difference(const char *path, const char *want, const char *got)
{
	size_t line = 1;
	const char *w = want, *g = got;

	while (*w && *g) {
		size_t n = strcspn(w, "\n"), m = strcspn(g, "\n");

		if (n != m || memcmp(w, g, n) != 0)
			break;
		w += n + (w[n] == '\n');
		g += m + (g[m] == '\n');
		line++;
	}
	if (!*w && !*g)
		return;
	fprintf(stderr, "%s:%zu: not the picture\n  expected: %.*s\n  got:      %.*s\n", path, line,
		(int)strcspn(w, "\n"), w, (int)strcspn(g, "\n"), g);
	failures++;
}

/* The file as it is now: comments, preparations and commands kept, pictures made. */
static void snapshot(const char *path, bool rewrite)
{
	struct kst_buf old KST_SCRATCH_BUF = KST_BUF_INIT, now KST_SCRATCH_BUF = KST_BUF_INIT,
		       prepare KST_SCRATCH_BUF = KST_BUF_INIT;
	FILE *f;

	read_whole(path, &old);
	for (const char *p = (const char *)old.data; *p;) {
		size_t n = strcspn(p, "\n");

		if (strchr("#%$", *p) || !n)
			kst_buf_put(&now, p, n + (p[n] == '\n'));
		if (*p == '%') {
			kst_buf_put(&prepare, p + 2, n - 1);
		} else if (*p == '$') {
			char *command = strndup(p + 2, n - 2);

			kst_buf_puts(&prepare, "");
			shoot(path, (const char *)prepare.data, command, &now);
			kst_buf_reset(&prepare);
			free(command);
		}
		p += n + (p[n] == '\n');
	}
	kst_buf_puts(&now, "");
	if (!rewrite) {
		show_difference(path, (char *)old.data, (char *)now.data);
		return;
	}
	f = fopen(path, "w");
	if (!f || fwrite(now.data, 1, now.len, f) != now.len || fclose(f) != 0) {
		perror(path);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	bool rewrite = argc > 1 && !strcmp(argv[1], "-w");
	char path[8192], *bin;

	argv += rewrite;
	argc -= rewrite;
	if (argc < 4) {
		fprintf(stderr, "usage: main [-w] DIR_OF_KSTOOL FILES SNAPSHOT...\n");
		return 2;
	}
	bin = realpath(argv[1], NULL);
	files = realpath(argv[2], NULL);
	if (!bin || !files)
		return 2;
	snprintf(path, sizeof(path), "%s:%s", bin, getenv("PATH"));
	free(bin);
	clearenv();
	setenv("PATH", path, 1);
	setenv("HOME", "/nonexistent", 1);
	setenv("KSTOOL_SIGNERS", "", 1); /* none */
	setenv("TZ", "UTC", 1);
	for (int i = 3; i < argc; i++)
		argv[i] = realpath(argv[i], NULL);
	for (int i = 3; i < argc; i++) {
		if (argv[i])
			snapshot(argv[i], rewrite);
		free(argv[i]);
	}
	free((void *)(uintptr_t)files);
	printf("snapshots: %u pictures, %u wrong\n", pictures, failures);
	return failures != 0;
}
