#!/bin/sh
# SPDX-License-Identifier: ISC
# trixie.sh KSTOOL [ROOT] - post-quantum keys, with OpenSSL 3.5 in a Debian 13 that this makes below
# ROOT (build/trixie): generated, stored, listed and converted there, and then here, where OpenSSL
# may not know them, as opaque keys under their right names.  Then certificates: trixie_tls.sh.
set -eu
[ "$(id -u)" = 0 ] || { echo "skipped: chroot needs root"; exit 0; }
command -v debootstrap >/dev/null || { echo "skipped: debootstrap is not installed"; exit 0; }
here=$(realpath "$1")
root=${2:-build/trixie}
with='gcc libc6-dev make pkg-config libssl-dev libsodium-dev libjansson-dev libutf8proc-dev libgcrypt20-dev libsqlite3-dev libcsv-dev openssl ca-certificates'
mkdir -p "$(dirname "$root")"
if [ ! -e "$root/etc/debian_version" ]; then
	debootstrap --variant=minbase --include="$(echo "$with" | tr ' ' ,)" trixie "$root" > "$root.log" 2>&1 || {
		tail -3 "$root.log"; echo "skipped: Debian 13 could not be had"; exit 0; }
fi
root=$(realpath "$root")
rm -rf "$root/w" "$root/objects"
mkdir -p "$root/src/kstool" "$root/w"
[ ! -e "$root/src/kstool/build" ] || mv "$root/src/kstool/build" "$root/objects"
rm -rf "$root/src/kstool"
mkdir -p "$root/src/kstool"
[ ! -e "$root/objects" ] || mv "$root/objects" "$root/src/kstool/build"
tar c --exclude=./build --exclude=./.git . | tar x -C "$root/src/kstool"
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot "$root" "$@"; }
# shellcheck disable=SC2086
inside dpkg -s $with >/dev/null 2>&1 || inside sh -c "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $with" \
	> "$root.log" 2>&1 || { tail -3 "$root.log"; echo "skipped: its packages could not be had"; exit 0; }
inside sh -c 'cd /src/kstool && make -j2 V=' > "$root/build.log" 2>&1 || { tail -20 "$root/build.log"; exit 1; }
cp "$root/src/kstool/build/kstool" "$root/usr/bin/kstool"
inside openssl version
ok=0
say() { ok=$((ok + 1)); }
fail() { echo "FAIL: $*" >&2; exit 1; }
there() { inside sh -c "umask 077; cd /w && $*"; }
key() { "$@" | cut -f8; } # the KEY column of list --plain

printf 'secret-pass\n' > "$root/w/pass"
chmod 600 "$root/w/pass"
there "kstool create all.kst --new-key-file k" >/dev/null
for alg in ML-DSA-44 ML-DSA-65 ML-DSA-87 SLH-DSA-SHA2-128s SLH-DSA-SHAKE-128f SLH-DSA-SHA2-256f; do
	a=$(echo $alg | tr A-Z a-z)
	there "kstool keygen all.kst --alg $a --alias $a --host $a.test --key-file k" >/dev/null || fail "keygen $alg"
	there "kstool export all.kst $a --key-file k --key --plain-key -o $a.key && kstool export all.kst $a -o $a.pem" >/dev/null
	there "openssl x509 -in $a.pem -noout -pubkey > $a.pub1; openssl pkey -in $a.key -pubout > $a.pub2; cmp $a.pub1 $a.pub2" || fail "$alg: openssl sees another key"
	there "openssl verify -CAfile $a.pem -partial_chain $a.pem" >/dev/null || fail "$alg: openssl does not verify the certificate"
	for to in p12 pem jks jceks bcfks; do
		inside kstool help formats | grep -q "$to" || continue
		there "kstool convert $a.key $a.pem -o s-$a.$to --alias $a --new-pass file:pass" >/dev/null || fail "$alg to $to"
	done
	there "openssl pkcs12 -in s-$a.p12 -passin file:pass -nodes -out from.pem && openssl pkey -in from.pem -pubout | cmp - $a.pub1" || fail "$alg: openssl cannot read the PKCS#12"
	there "openssl pkcs12 -export -inkey $a.key -in $a.pem -name $a -out o-$a.p12 -passout file:pass && kstool convert o-$a.p12 -o o.kst --pass file:pass --new-key-file o.key -q && rm o.kst o.key" >/dev/null || fail "$alg: openssl's PKCS#12"
	say
done
there "kstool keygen kem.pem --alg ml-kem-768 --new-pass file:pass" >/dev/null && there "openssl pkey -in kem.pem -passin file:pass -noout" || fail "ML-KEM-768"
say
there "kstool check all.kst" >/dev/null || fail check
want=$(there "kstool list all.kst --plain" | cut -f8 | sort)
[ "$(echo "$want" | grep -c DSA)" = 6 ] || fail "list: $want"
echo "there: $ok algorithms made, stored, listed, converted; openssl agrees"
. "$(dirname "$0")/trixie_tls.sh"

# here
cd "$root/w"
is() { [ "$2" = "$3" ] || fail "$1: got '$2', expected '$3'"; say; }
is 'native store' "$("$here" list all.kst --plain | cut -f8 | sort)" "$want"
"$here" convert all.kst -o here.p12 --key-file k --new-pass file:pass >/dev/null
is 'PKCS#12' "$("$here" list here.p12 --pass file:pass --plain | cut -f8 | sort)" "$want"
for f in ml-dsa-65 slh-dsa-sha2-128s; do
	for t in p12 pem jks jceks bcfks; do
		[ -e s-$f.$t ] || continue
		"$here" convert s-$f.$t -o h-$f-$t.pem --pass file:pass --plain-key >/dev/null || fail "s-$f.$t here"
		sed -n '/BEGIN PRIV/,/END PRIV/p' h-$f-$t.pem | cmp - $f.key || fail "$f.$t: another key"
		say
	done
	"$here" show o-$f.p12 --pass file:pass | grep -qi "$f" || fail "openssl's $f.p12 here"
	say
done
there "kstool list here.p12 --pass file:pass --plain" | cut -f8 | sort > back
echo "$want" | cmp - back || fail "back there"
echo "trixie: $ok checks passed"
