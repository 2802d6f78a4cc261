#!/bin/sh
# SPDX-License-Identifier: ISC
# ca_renew.sh - a renewal that is killed at any rename is brought to its end by the next run of cron: the file
# has the certificate that the ledger has last, and nothing is signed twice.
set -eu
w=$(mktemp -d)
trap 'rm -rf "$w"' EXIT
cd "$w"
fail() { echo "ca_renew: $*"; exit 1; }
if ! command -v strace > /dev/null || ! strace -o /dev/null true 2> /dev/null; then
	echo 'skipped: strace cannot trace here'
	exit 0
fi
printf 'a passphrase of the CA\n' > pass
chmod 600 pass
renew() { "$@" "$KSTOOL" ca renew --expiring 11d --days 100 --out-dir out --pass file:pass --pass file:pass --no-input; }
for to in p12 pem; do
	new='--new-pass file:pass --iterations 1000'
	[ $to = p12 ] || new=--plain-key
	when=0 killed=0 late=0
	while :; do
		when=$((when + 1))
		[ $when -lt 30 ] || fail 'it never comes to its end'
		rm -rf pki out
		"$KSTOOL" ca init --name 'Acme CA' --pass file:pass --kdf-cost low -q --no-input
		# shellcheck disable=SC2086 # words on purpose
		"$KSTOOL" ca issue web --server --host web.test --days 10 --to $to $new --out-dir out --pass file:pass -q --no-input
		serials() { /usr/bin/python3 -c 'import sqlite3
print(*[r[0] for r in sqlite3.connect("pki/ledger.db").execute("select lower(hex(serial)) from certificate where name = ? order by id", ("web",))])'; }
		of_file() {
			if [ $to = pem ]; then cat out/web.pem; else openssl pkcs12 -in out/web.p12 -passin file:pass -nokeys -clcerts; fi 2> /dev/null |
				openssl x509 -noout -serial | cut -d= -f2 | tr A-F a-f | sed 's/^0*//'
		}
		if renew strace -f -qq -o /dev/null -e trace=renameat2,rename -e inject=renameat2,rename:signal=SIGKILL:when=$when > log 2>&1; then
			break
		fi
		killed=$((killed + 1))
		[ "$(serials | wc -w)" = 1 ] || late=$((late + 1))
		renew env > again 2>&1 || fail "$to, killed at rename $when: the next run failed: $(cat again)"
		# shellcheck disable=SC2046 # words on purpose
		set -- $(serials)
		[ $# = 2 ] || fail "$to, killed at rename $when: $# certificates"
		[ "$(of_file)" = "$(echo "$2" | sed 's/^0*//')" ] || fail "$to, killed at rename $when: the file has another certificate than the ledger"
		renew env > third 2>&1 || fail "$to, killed at rename $when: $(cat third)"
		[ ! -s third ] || fail "$to, killed at rename $when: it is renewed once more: $(cat third)"
		[ "$(/usr/bin/python3 -c 'import sqlite3; print(sqlite3.connect("pki/ledger.db").execute("select count(*) from certificate where delivered = 0 or state = \"pending\"").fetchone()[0])')" = 0 ] ||
			fail "$to, killed at rename $when: something is open"
	done
	[ $killed -gt 0 ] && [ $late -gt 0 ] || fail "$to: killed $killed times, $late of them after it was written down"
done
