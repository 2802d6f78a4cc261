# SPDX-License-Identifier: ISC
# sh.sh - sourced by the scripts: a directory of their own, and short words for what they check
set -eu
FX=${FIXTURES:-$PWD/build/fixtures}
KSTOOL=${KSTOOL:-$PWD/build/kstool}
ROOT=$PWD
W=$(mktemp -d "${TMPDIR:-/tmp}/kstool-test.XXXXXX")
trap 'rm -rf "$W"' EXIT
trap 'exit 130' INT TERM
cp "$FX"/* "$W"/ 2>/dev/null || :
cd "$W"
# Java and keytool speak the language of the locale; without one they write ? for what is not ASCII.
export KSTOOL_SIGNERS= HOME=/nonexistent LC_ALL=C.UTF-8
k() { "$KSTOOL" "$@"; }
ok=0
pass() { ok=$((ok + 1)); }
fail() { echo "FAIL: $*" >&2; exit 1; }
is() { # what got want
	[ "$2" = "$3" ] || fail "$1: got '$2', expected '$3'"
	pass
}
same() { cmp "$2" "$3" >&2 || fail "$1: $2 and $3 differ"; pass; }
have() { command -v "$1" >/dev/null 2>&1 || { echo "skipped: $1 is not installed"; return 1; }; }
done_() { echo "$1: $ok checks passed"; }
