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
INCLUDEDIR ?= $(PREFIX)/include
LIBDIR ?= $(PREFIX)/lib
PKG_CONFIG ?= pkg-config
SAN ?=
OPT ?= -O2 -g

VERSION := $(shell sed -n 's/^\#define KSTOOL_VERSION "\(.*\)"/\1/p' include/kstool/kstool.h)

LIBS_PC = libcrypto libssl libsodium jansson libutf8proc libbsd-overlay
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
ALL_CPPFLAGS = -D_GNU_SOURCE -Iinclude -Isrc -Iformats -I$(B)/gen $(shell $(PKG_CONFIG) --cflags libcrypto libssl libsodium jansson libutf8proc) $(CPPFLAGS)
ALL_CFLAGS = -std=c17 $(OPT) $(WARN) $(HARDEN) $(SANFLAGS) $(EXTRA) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack $(SANFLAGS) $(LDFLAGS)
LDLIBS = $(shell $(PKG_CONFIG) --libs libcrypto libssl libsodium jansson libutf8proc) -lbsd

LIB_SRC = $(sort $(wildcard src/base/*.c src/crypto/*.c src/model/*.c src/store/*.c formats/*.c))
CLI_SRC = $(sort $(wildcard src/ui/*.c src/cmd/*.c)) src/main.c
UNIT_SRC = $(sort $(wildcard tests/unit/test_*.c))
obj = $(patsubst %.c,$(B)/%.o,$(1))

all: $(B)/kstool

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/libkstool.a: $(call obj,$(LIB_SRC))
	@rm -f $@
	ar rcs $@ $^

$(B)/kstool: $(call obj,$(CLI_SRC)) $(B)/libkstool.a
	$(CC) $(ALL_LDFLAGS) -o $@ $(call obj,$(CLI_SRC)) $(B)/libkstool.a $(LDLIBS)

# ---- tests ----
$(B)/gen/suites.def: $(UNIT_SRC)
	@mkdir -p $(@D)
	@for f in $(notdir $(basename $(UNIT_SRC))); do echo "SUITE($$f)"; done > $@
$(call obj,tests/unit/main.c): $(B)/gen/suites.def
$(B)/unit: $(call obj,$(UNIT_SRC) tests/unit/main.c) $(filter-out $(B)/src/main.o,$(call obj,$(CLI_SRC))) $(B)/libkstool.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) $(shell $(PKG_CONFIG) --libs check)

unit: $(B)/unit
	$(B)/unit

clean:
	rm -rf build

.PHONY: all unit clean
-include $(shell find $(B) -name '*.d' 2>/dev/null)
