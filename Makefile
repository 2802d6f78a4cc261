# SPDX-License-Identifier: ISC
# make          the tool          make check    everything that is tested
# make demo     the main job      make install  PREFIX=/usr/local DESTDIR=
#
# A variation is a folder: B=build/asan SAN=address,undefined; objects never mix.

CC ?= cc
B ?= build
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
PKG_CONFIG ?= pkg-config
SAN ?=
OPT ?= -O2 -g

VERSION := $(shell sed -n 's/^\#define KSTOOL_VERSION "\(.*\)"/\1/p' include/kstool/kstool.h)

LIBS_PC = libssl libcrypto sqlite3 libsodium jansson libutf8proc
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wswitch-enum -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wno-switch-default
HARDEN = -fstack-protector-strong -fstack-clash-protection -fPIE
ifeq ($(SAN),)
HARDEN += -D_FORTIFY_SOURCE=2
else
SANFLAGS = -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
CFLAGS ?=
CPPFLAGS ?=
LDFLAGS ?=
ALL_CPPFLAGS = -D_GNU_SOURCE -Iinclude -Isrc -Iformats -I$(B)/gen $(shell $(PKG_CONFIG) --cflags $(LIBS_PC)) $(CPPFLAGS)
ALL_CFLAGS = -std=c17 $(OPT) $(WARN) $(HARDEN) $(SANFLAGS) $(EXTRA) $(TEST_WARN) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack $(SANFLAGS) $(LDFLAGS)
ifeq ($(LINK),static)
ALL_CPPFLAGS += -DKST_STATIC
LDLIBS = $(STATIC_LIBS)
ALL_LDFLAGS = -static -Wl,-z,relro,-z,now,-z,noexecstack $(LDFLAGS)
else
LDLIBS = $(shell $(PKG_CONFIG) --libs $(LIBS_PC)) -lcsv
endif

LIB_SRC = $(sort $(wildcard src/base/*.c src/crypto/*.c src/model/*.c src/net/*.c src/store/*.c src/revocation/*.c src/verify/*.c src/tls/*.c src/ca/*.c formats/*.c))
CLI_SRC = $(sort $(wildcard src/ui/*.c src/cmd/*.c)) src/main.c
UNIT_SRC = $(sort $(wildcard tests/unit/test_*.c))
obj = $(patsubst %.c,$(B)/%.o,$(1))

ifneq ($(filter-out demo check packages clean dist,$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell $(PKG_CONFIG) --exists $(LIBS_PC) 2>/dev/null && echo yes),yes)
$(error something to build with is missing; `sh src/gen/packages.sh build` installs it)
endif
endif

# V=1 shows the commands.
Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) '$@')

all: $(B)/kstool

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/libkstool.a: $(call obj,$(LIB_SRC))
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $^

$(B)/kstool: $(call obj,$(CLI_SRC)) $(B)/libkstool.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(call obj,$(CLI_SRC)) $(B)/libkstool.a $(LDLIBS)

# The adapters of the shells, the pages of the manual and what formats/ says of itself are compiled
# in: the binary knows what the files say, and a container without files has them too.
$(B)/gen/adapters.h: completions/kstool.bash completions/_kstool completions/kstool.fish
$(B)/gen/pages.h: $(sort $(wildcard src/man/*.scd)) src/man
$(B)/gen/format_abouts.h: $(sort $(wildcard formats/*.md))
$(B)/gen/schemas.h: $(sort $(wildcard src/schema/*.json)) src/schema
$(B)/gen/format_abouts.h: FIRST = -v first=1
$(B)/gen/adapters.h $(B)/gen/pages.h $(B)/gen/format_abouts.h $(B)/gen/schemas.h: src/gen/embed.awk
	@mkdir -p $(@D)
	$(Q)awk -v table=$(basename $(@F)) $(FIRST) -f $< $(filter-out $< src/man src/schema,$^) > $@
$(call obj,src/cmd/completion.c): $(B)/gen/adapters.h
$(call obj,src/cmd/schema.c): $(B)/gen/schemas.h
$(call obj,src/cmd/page.c): $(B)/gen/pages.h $(B)/gen/format_abouts.h

# ---- tests ----
$(B)/tests/%.o: TEST_WARN = -Wno-missing-prototypes
$(B)/gen/suites.def: $(UNIT_SRC)
	@mkdir -p $(@D)
	@for f in $(notdir $(basename $(UNIT_SRC))); do echo "SUITE($$f)"; done > $@
$(call obj,tests/unit/main.c): $(B)/gen/suites.def
$(B)/unit: $(call obj,$(UNIT_SRC) tests/unit/main.c) $(filter-out $(B)/src/main.o,$(call obj,$(CLI_SRC))) $(B)/libkstool.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) $(shell $(PKG_CONFIG) --libs check)

# In parts, so that make -j has something for each core.
PARTS = 1 2 3
UNIT_RUNS = $(PARTS:%=unit-%)
CLI_RUNS = $(PARTS:%=cli-%)
.PHONY: $(UNIT_RUNS) $(CLI_RUNS)
unit: $(UNIT_RUNS)
$(UNIT_RUNS): unit-%: $(B)/unit
	$(B)/unit $*/$(words $(PARTS))

FIXTURES = build/fixtures
$(FIXTURES)/.done: tests/lib/fixtures.sh tests/lib/ml-dsa-65.pem
	@rm -rf $(FIXTURES)
	sh tests/lib/fixtures.sh $(FIXTURES)
$(B)/cli: $(call obj,tests/cli/main.c)
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs check)
# CLI_ENV: variables for the conversations alone; CLI_WITHOUT: names of those that are left out.
CLI_TALKS = $(filter-out $(CLI_WITHOUT:%=tests/cli/%.txt),$(sort $(wildcard tests/cli/*.txt)))
cli: $(CLI_RUNS)
	$(if $(CLI_WITHOUT),@echo 'skipped (they take the longest): $(CLI_WITHOUT)')
$(CLI_RUNS): cli-%: $(B)/cli $(B)/kstool $(FIXTURES)/.done
	$(CLI_ENV) $(B)/cli $(B) $(FIXTURES) $$(printf '%s\n' $(CLI_TALKS) | awk 'NR % $(words $(PARTS)) == $* % $(words $(PARTS))')

# What a person sees, byte for byte: tests/snapshots; `make snapshots` writes them anew, to be read.
SNAPSHOTS = $(sort $(wildcard tests/snapshots/*.txt))
$(B)/snap: $(call obj,tests/snapshots/main.c) $(B)/libkstool.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)
snap: $(B)/snap $(B)/kstool
	@$(B)/snap $(B) tests/snapshots/files $(SNAPSHOTS)
snapshots: $(B)/snap $(B)/kstool
	@$(B)/snap -w $(B) tests/snapshots/files $(SNAPSHOTS)

.PHONY: snap snapshots

# The scripts drive other people's programs; each prints what it skips and why.  The longest come first, so
# that with -j none of them runs alone at the end.
SCRIPTS_LONG = matrix bouncy scale
SCRIPT_NAMES = $(SCRIPTS_LONG) $(filter-out $(SCRIPTS_LONG),$(patsubst tests/interop/%.sh,%,$(sort $(wildcard tests/interop/*.sh))))
SCRIPT_RUNS = $(SCRIPT_NAMES:%=script-%)
scripts: $(SCRIPT_RUNS)
$(SCRIPT_RUNS): script-%: $(B)/kstool $(FIXTURES)/.done
	@echo "== tests/interop/$*.sh"; KSTOOL=$(abspath $(B)/kstool) FIXTURES=$(abspath $(FIXTURES)) sh tests/interop/$*.sh

# The command line as people and scripts meet it: at a terminal, in every trouble, in three shells.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
PROOF_RUNS = $(patsubst tests/cli/%.py,proof-%,$(sort $(wildcard tests/cli/*.py)))
proofs: $(PROOF_RUNS)
$(PROOF_RUNS): proof-%: $(B)/kstool $(FIXTURES)/.done
	@echo "== tests/cli/$*.py"; KSTOOL=$(abspath $(B)/kstool) FIXTURES=$(abspath $(FIXTURES)) $(PYTHON) tests/cli/$*.py
.PHONY: $(SCRIPT_RUNS) $(PROOF_RUNS)

# What can drift is a test: options, pages, references, examples.
$(B)/stage/.done: tests/drift/stage.sh $(B)/kstool $(FIXTURES)/.done
	@KSTOOL=$(abspath $(B)/kstool) FIXTURES=$(abspath $(FIXTURES)) sh $< $(@D) && touch $@
drift: $(B)/kstool $(B)/stage/.done $(if $(shell command -v scdoc),$(B)/man/.done)
	@$(PYTHON) tests/drift/options.py $(B)/kstool $(B)/man
	@$(PYTHON) tests/drift/examples.py $(B)/kstool $(B)/stage README.md
	@$(PYTHON) tests/drift/picture.py $(B)/kstool $(B)/stage README.md
	@$(PYTHON) tests/drift/schemas.py $(B)/kstool $(B)/stage src/schema

# The formats' readers under broken files: tests/corpus and mutations of it (replay, without a
# fuzzer), and libFuzzer for as long as one likes.  One target: make fuzz FUZZ=pem FUZZ_SECONDS=300.
# A format without a target of its own gets that of any.c.
FORMATS := $(shell sed -n 's/^KST_FORMAT(\(.*\))/\1/p' formats/formats.def)
FUZZ_OWN = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_ANY = $(filter-out $(FUZZ_OWN),$(FORMATS))
FUZZ = $(sort $(FUZZ_OWN) $(FORMATS))
FUZZ_SECONDS ?= 60
FUZZ_SHARED = tests/fuzz/fuzz.c tests/fuzz/kst1_fix.c
CORPUS_FILES = $(sort $(filter-out %.txt %.py,$(wildcard $(FUZZ:%=tests/corpus/%/*))))
.SECONDARY: $(call obj,$(wildcard tests/fuzz/*.c))
$(FUZZ_ANY:%=$(B)/tests/fuzz/fuzz_%.o): $(B)/tests/fuzz/fuzz_%.o: tests/fuzz/any.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -DFORMAT=kst_format_$* -MMD -MP -c -o $@ $<
$(B)/replay-%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(call obj,$(FUZZ_SHARED)) $(B)/libkstool.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)
replay: $(FUZZ:%=$(B)/replay-%)
	@for f in $(FUZZ); do $(B)/replay-$$f -n 2000 -t 3 $(CORPUS_FILES) || exit 1; done

# MUTATIONS of the good files of each format, with sanitizers and limits for one input: an hour or two.
# One format: make mutate FUZZ=pem.
MUTATIONS ?= 1000000
# A small quarantine and short stacks: three times as many inputs in an hour.
MUTATE_ASAN = quarantine_size_mb=1:thread_local_quarantine_size_kb=64:malloc_context_size=2:max_malloc_fill_size=0
mutate-run: $(FUZZ:%=$(B)/replay-%)
	@for f in $(FUZZ); do \
		files=$$(ls tests/corpus/$$f/* | grep -vE '/(bad|unsupported)-|\.txt$$'); \
		n=$$(echo "$$files" | wc -l); \
		ASAN_OPTIONS=$(MUTATE_ASAN) $(B)/replay-$$f -n $$((($(MUTATIONS) + n - 1) / n)) -t 36000 \
			-s 2 -m 256 $$files || exit 1; done
.PHONY: mutate mutate-run
mutate:
	@$(MAKE) --no-print-directory CC=clang B=$(B)/asan SAN=address,undefined mutate-run

$(B)/fuzz-%: $(B)/tests/fuzz/fuzz_%.o $(call obj,$(FUZZ_SHARED)) $(B)/libkstool.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)
fuzz-run: $(FUZZ:%=$(B)/fuzz-%)
	@for f in $(FUZZ); do mkdir -p $(B)/found/$$f && \
		$(B)/fuzz-$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -max_len=65536 \
			-print_final_stats=1 -artifact_prefix=$(B)/found/$$f- $(B)/found/$$f tests/corpus/$$f || \
			exit 1; done
fuzz:
	@$(MAKE) --no-print-directory CC=clang B=$(B)/fuzz SAN=fuzzer-no-link,address,undefined fuzz-run

# The architecture, as a test: includes from the compiler's own .d files, calls from nm, and which
# room may know which library.
floors: $(B)/kstool
	@awk -f tests/floors.awk $$(find $(B)/src $(B)/formats -name '*.d')
	@nm -A $(call obj,$(LIB_SRC) $(CLI_SRC)) | awk -f tests/calls.awk
	@sh tests/rooms.sh
	@sh tests/floors.sh

packages:
	@sh src/gen/packages.sh $(TASK)
check:
	@sh src/gen/packages.sh check
	@$(MAKE) --no-print-directory -Otarget $(if $(filter -j%,$(MAKEFLAGS)),,-j$$(nproc 2>/dev/null || echo 2)) \
		script-matrix unit cli scripts proofs snap floors drift replay

VALGRIND = valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
	--errors-for-leak-kinds=definite
# Conversations without Argon2id (seconds for each under valgrind), each command under valgrind, and the suites below the formats and of the formats.
# VALGRIND_SUITES='...' names others; the build gives every block its own malloc.
VALGRIND_TALKS ?= change damage errors pem-edit sealed trust
VALGRIND_SUITES ?= base text model gather der chain pkcs12_traps kst1_repair kst1_later
valgrind: valgrind-talks valgrind-suites
valgrind-talks: $(B)/cli $(B)/kstool $(FIXTURES)/.done
	@mkdir -p $(B)/under
	@printf '#!/bin/sh\nexec $(VALGRIND) %s "$$@"\n' $(abspath $(B)/kstool) > $(B)/under/kstool
	@chmod +x $(B)/under/kstool
	CK_TIMEOUT_MULTIPLIER=20 $(B)/cli $(B)/under $(FIXTURES) $(VALGRIND_TALKS:%=tests/cli/%.txt)
valgrind-suites: $(B)/unit $(FIXTURES)/.done
	@for s in $(VALGRIND_SUITES); do \
		CK_TIMEOUT_MULTIPLIER=50 CK_RUN_SUITE=$$s $(VALGRIND) $(B)/unit || exit 1; done
.PHONY: valgrind-talks valgrind-suites

demo:
	@sh src/gen/packages.sh demo
	@$(MAKE) --no-print-directory all >$(if $(V),/dev/stdout,/dev/null)
	@sh src/gen/demo.sh $(B)/kstool

# ---- one static file, for containers without libraries, locale or /etc ----
STATIC_LIBS = $(shell $(PKG_CONFIG) --static --libs libsodium jansson libutf8proc sqlite3) -lcsv -l:libssl.a -l:libcrypto.a -ldl -lpthread
static:
	@$(MAKE) --no-print-directory B=build/static LINK=static build/static/kstool
static-check: static
	@sh tests/lib/static.sh build/static/kstool
# Post-quantum keys with OpenSSL 3.5, in a Debian 13 below build/: some minutes the first time.
.PHONY: trixie
trixie: $(B)/kstool
	@sh tests/lib/trixie.sh $(B)/kstool

# ---- installing ----
# The names of the pages are known to the program, which makes their sources (src/cmd/page.h).
$(B)/man/.done: $(B)/kstool
	@rm -rf $(@D) && mkdir -p $(@D)
	$(call say,MAN)
	$(Q)for p in $$($< __man); do $< __man $$p > $(@D)/$$p.scd && scdoc < $(@D)/$$p.scd > $(@D)/$$p || exit 1; done
	@touch $@
man: $(B)/man/.done
install: $(B)/kstool $(if $(shell command -v scdoc),$(B)/man/.done)
	$(if $(shell command -v scdoc),,@echo 'no scdoc: no man pages; kstool help has their text')
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(DATADIR)/kstool/schema' \
		'$(DESTDIR)$(DATADIR)/bash-completion/completions' \
		'$(DESTDIR)$(DATADIR)/zsh/site-functions' '$(DESTDIR)$(DATADIR)/fish/vendor_completions.d'
	install -m 755 $(B)/kstool '$(DESTDIR)$(BINDIR)/kstool'
	install -m 644 completions/kstool.bash '$(DESTDIR)$(DATADIR)/bash-completion/completions/kstool'
	install -m 644 completions/_kstool '$(DESTDIR)$(DATADIR)/zsh/site-functions/_kstool'
	install -m 644 completions/kstool.fish '$(DESTDIR)$(DATADIR)/fish/vendor_completions.d/kstool.fish'
	for m in $(B)/man/*.[157]; do d='$(DESTDIR)$(MANDIR)'/man$${m##*.}; \
		[ ! -e $$m ] || { install -d "$$d" && install -m 644 $$m "$$d/"; }; done
	for f in src/schema/*.json; do [ ! -e "$$f" ] || install -m 644 "$$f" '$(DESTDIR)$(DATADIR)/kstool/schema/'; done
uninstall:
	rm -f '$(DESTDIR)$(BINDIR)/kstool' '$(DESTDIR)$(DATADIR)/bash-completion/completions/kstool' \
		'$(DESTDIR)$(DATADIR)/zsh/site-functions/_kstool' \
		'$(DESTDIR)$(DATADIR)/fish/vendor_completions.d/kstool.fish'
	rm -f '$(DESTDIR)$(MANDIR)'/man[157]/kstool.[157] '$(DESTDIR)$(MANDIR)'/man[157]/kstool-*.[157]
	rm -rf '$(DESTDIR)$(DATADIR)/kstool'
uninstall-check: uninstall
	@[ -z "$$(find '$(DESTDIR)' -type f)" ] && echo 'uninstall leaves nothing behind'
dist:
	@mkdir -p build
	tar --transform 's,^,kstool-$(VERSION)/,' --sort=name --owner=0 --group=0 --mtime=@$${SOURCE_DATE_EPOCH:-0} \
		--exclude=./build --exclude=./.git -czf build/kstool-$(VERSION).tar.gz Makefile README.md LICENSE CHANGES.md \
		.clang-format .editorconfig .gitignore .ci src include tests formats completions
	@echo build/kstool-$(VERSION).tar.gz

bench: $(B)/kstool
	@KSTOOL=$(abspath $(B)/kstool) sh tests/bench/run.sh

clean:
	rm -rf build

.PHONY: all man unit cli drift proofs scripts replay fuzz fuzz-run floors packages check valgrind demo static static-check install uninstall \
	uninstall-check dist bench clean
-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)
