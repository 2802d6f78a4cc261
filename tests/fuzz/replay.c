/* SPDX-License-Identifier: ISC */
/*
 * replay.c - a fuzz target without a fuzzer: files, and mutations of them
 *
 *     replay-pem [-n ROUNDS] [-t SECONDS] [-s SECONDS] [-m MIB] FILE...
 *
 * Every file is run as it is; then ROUNDS mutations of each, in rounds over all
 * files, until the seconds of -t are over.  The n-th mutation of a file is always
 * the same.  An input that takes more than the CPU seconds of -s, or brings the
 * process to more than the memory of -m, is a finding.  A finding leaves its input
 * beside the program, as replay-pem.crash.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define MAX_INPUT ((size_t)1 << 17)

__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
						      unsigned int seed);

static uint64_t state;

/* splitmix64 */
static uint64_t next_random(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static size_t below(size_t n)
{
	return n ? (size_t)(next_random() % n) : 0;
}

/* ---- one small change ---- */

static size_t mutate_once(uint8_t *data, size_t size, size_t max)
{
	static const uint8_t odd[] = { 0x00, 0x01, 0x7f, 0x80, 0x81, 0x84, 0xff, 0x30, 0x04, '-', '\n' };
	size_t at = below(size), n, to;
	if (!size)
		return 0;
	switch (below(8)) {
	case 0:
		data[at] ^= (uint8_t)(1 << below(8));
		return size;
	case 1:
		data[at] = odd[below(sizeof(odd))];
		return size;
	case 2:
		data[at] = (uint8_t)(data[at] + (below(2) ? 1 : -1));
		return size;
	case 3: /* cut off */
		return at;
	case 4: /* take a piece out */
		n = 1 + below(size - at < 64 ? size - at : 64);
		if (n > size - at)
			n = size - at;
		memmove(data + at, data + at + n, size - at - n);
		return size - n;
	case 5: /* put a byte in */
		if (size == max)
			return size;
		memmove(data + at + 1, data + at, size - at);
		data[at] = (uint8_t)next_random();
		return size + 1;
	case 6: /* copy a piece to another place */
		to = below(size);
		n = below(size - (at > to ? at : to));
		memmove(data + to, data + at, n < 256 ? n : 256);
		return size;
	default: /* four bytes of a large number */
		for (n = 0; n < 4 && at + n < size; n++)
			data[at + n] = 0xff;
		return size;
	}
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
	for (size_t n = 1 + below(4); n; n--)
		size = mutate_once(data, size, max);
	return size;
}

/* ---- running ---- */

static uint8_t input[MAX_INPUT];
static size_t input_len;
static char crash[4096];

/* What was run lies in a static place, so that it can be written where nothing else works. */
static void keep_input(int sig)
{
	int fd = open(crash, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0) {
		ssize_t n = write(fd, input, input_len);
		(void)n;
		close(fd);
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

/* What one input may cost. */
static double most_seconds = 30, slowest;
static long most_mib;

static double cpu_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long peak_mib(void)
{
	struct rusage u;
	return getrusage(RUSAGE_SELF, &u) < 0 ? 0 : u.ru_maxrss / 1024;
}

/* A copy of its own size, so that a sanitizer sees the end of it. */
static void run(void)
{
	uint8_t *copy = malloc(input_len ? input_len : 1);
	double start = cpu_seconds(), took;
	if (!copy)
		return;
	memcpy(copy, input, input_len);
	alarm(60);
	LLVMFuzzerTestOneInput(copy, input_len);
	alarm(0);
	free(copy);
	took = cpu_seconds() - start;
	if (took > slowest)
		slowest = took;
	if (took > most_seconds)
		fuzz_bug("%.1f s of CPU time for one input", took);
	if (most_mib && peak_mib() > most_mib)
		fuzz_bug("%ld MiB after this input", peak_mib());
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void load(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(2);
	}
	input_len = fread(input, 1, sizeof(input), f);
	fclose(f);
}

/* The n-th mutation of a file depends on its name and n alone. */
static void mutate(const char *path, unsigned n)
{
	state = n;
	for (const char *p = path; *p; p++)
		state = (state ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	if (LLVMFuzzerCustomMutator)
		input_len = LLVMFuzzerCustomMutator(input, input_len, sizeof(input),
						    (unsigned)next_random());
	else
		input_len = LLVMFuzzerMutate(input, input_len, sizeof(input));
}

int main(int argc, char **argv)
{
	static const int fatal[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM };
	unsigned rounds = 0, round;
	unsigned long done = 0;
	double limit = 3600, start = seconds();
	int opt;

	snprintf(crash, sizeof(crash), "%s.crash", argv[0]);
	LLVMFuzzerInitialize(&argc, &argv);
	while ((opt = getopt(argc, argv, "n:t:s:m:")) != -1) {
		if (opt == 'n')
			rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (opt == 't')
			limit = strtod(optarg, NULL);
		else if (opt == 's')
			most_seconds = strtod(optarg, NULL);
		else if (opt == 'm')
			most_mib = strtol(optarg, NULL, 10);
		else
			return 2;
	}
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		signal(fatal[i], keep_input);
	for (int i = optind; i < argc; i++) {
		load(argv[i]);
		run();
	}
	for (round = 0; round < rounds; round++) {
		for (int i = optind; i < argc && seconds() - start < limit; i++) {
			load(argv[i]);
			mutate(argv[i], round);
			run();
			done++;
		}
		if (seconds() - start >= limit)
			break;
	}
	printf("%s: %d files, %lu mutations, %.1f s, slowest %.3f s, %ld MiB\n", argv[0],
	       argc - optind, done, seconds() - start, slowest, peak_mib());
	return 0;
}
