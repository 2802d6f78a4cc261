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
in() { echo "\$ $*"; env -i chroot "$root" /kstool "$@"; }
in version >/dev/null
in trust /w/ts.kst /w/bundle.pem --expired --create --new-key-file /w/ops.key >/dev/null
in import /w/app.kst /w/shop.key /w/shop-chain.pem --create --new-pass file:/w/pass >/dev/null
in list /w/app.kst >/dev/null
in convert /w/app.kst -o /w/app.p12 --pass file:/w/pass --new-pass file:/w/pass >/dev/null
in list /w/rc2.p12 --pass file:/w/pass >/dev/null
in export /w/rc2.p12 --pass file:/w/pass --key --plain-key -o /w/rc2.key >/dev/null
in check /w/app.kst /w/ts.kst >/dev/null
openssl pkcs12 -in "$root/w/app.p12" -passin file:$fx/pass -nodes 2>/dev/null | grep -c BEGIN | grep -qx 4
openssl pkey -in "$root/w/rc2.key" -pubout | cmp - "$(openssl pkey -in $fx/shop.key -pubout > "$root/pub"; echo "$root/pub")"
ldd "$1" 2>&1 | grep -q 'not a dynamic' || { echo "not static"; exit 1; }
echo "static: $(stat -c %s "$1") bytes, the main job works in an empty root"
