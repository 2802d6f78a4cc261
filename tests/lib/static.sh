#!/bin/sh
# SPDX-License-Identifier: ISC
# static.sh KSTOOL - does the static file do the main job in an empty root: no library, no
# locale, no legacy.so, no /etc, no /dev?
set -eu
[ "$(id -u)" = 0 ] || { echo "skipped: chroot needs root"; exit 0; }
fx=build/fixtures
sh tests/lib/fixtures.sh $fx
root=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$root"' EXIT
cp "$1" "$root/kstool"
mkdir "$root/w" "$root/tmp"
cp $fx/*.pem $fx/*.key $fx/pass $fx/pass2 $fx/shop.p12 "$root/w/"
openssl pkcs12 -export -legacy -inkey $fx/shop.key -in $fx/shop.pem -name shop -out "$root/w/rc2.p12" -passout file:$fx/pass
go() { echo "$ $*"; env -i "$(command -v chroot)" "$root" /kstool "$@"; }
go version >/dev/null
go trust /w/ts.kst /w/bundle.pem --expired --create --new-key-file /w/ops.key >/dev/null
go import /w/app.kst /w/shop.key /w/shop-chain.pem --create --new-pass file:/w/pass >/dev/null
go list /w/app.kst >/dev/null
go convert /w/app.kst -o /w/app.p12 --pass file:/w/pass --new-pass file:/w/pass >/dev/null
go list /w/rc2.p12 --pass file:/w/pass >/dev/null
go export /w/rc2.p12 --pass file:/w/pass --key --plain-key -o /w/rc2.key >/dev/null
go check /w/app.kst /w/ts.kst >/dev/null
# A server by address, and by a name of /etc/hosts: what resolves names is in the file too.
mkdir "$root/etc"
echo '127.0.0.1 shop.acme.test' > "$root/etc/hosts"
mkfifo "$root/asks"
openssl s_server -accept 127.0.0.1:0 -cert $fx/shop.pem -key $fx/shop.key < "$root/asks" > "$root/said" 2>&1 &
server=$!
exec 3> "$root/asks"
for i in 1 2 3 4 5 6 7 8 9 10; do
	port=$(sed -n 's/^ACCEPT.*:\([0-9]*\)$/\1/p' "$root/said" | head -1)
	[ -n "$port" ] && break
	sleep 0.3
done
for host in 127.0.0.1 shop.acme.test; do
	[ "$(go show $host:"$port" --field name | tail -1)" = shop.acme.test ] || { echo "no server at $host:$port"; exit 1; }
done
openssl pkcs12 -in "$root/w/app.p12" -passin file:$fx/pass -nodes 2>/dev/null | grep -c BEGIN | grep -qx 4
openssl pkey -in "$root/w/rc2.key" -pubout | cmp - "$(openssl pkey -in $fx/shop.key -pubout > "$root/pub"; echo "$root/pub")"
ldd "$1" 2>&1 | grep -q 'not a dynamic' || { echo "not static"; exit 1; }
echo "static: $(stat -c %s "$1") bytes, the main job works in an empty root"
