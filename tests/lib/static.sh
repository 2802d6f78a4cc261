#!/bin/sh
# SPDX-License-Identifier: ISC
# static.sh KSTOOL - does the static file do the main job in an empty root: no library, no
# locale, no legacy.so, no /etc, no /dev?
set -eu
[ "$(id -u)" = 0 ] || { echo "skipped: chroot needs root"; exit 0; }
fx=build/fixtures
sh tests/lib/fixtures.sh $fx
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
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
openssl pkcs12 -in "$root/w/app.p12" -passin file:$fx/pass -nodes 2>/dev/null | grep -c BEGIN | grep -qx 4
openssl pkey -in "$root/w/rc2.key" -pubout | cmp - "$(openssl pkey -in $fx/shop.key -pubout > "$root/pub"; echo "$root/pub")"
ldd "$1" 2>&1 | grep -q 'not a dynamic' || { echo "not static"; exit 1; }
echo "static: $(stat -c %s "$1") bytes, the main job works in an empty root"
