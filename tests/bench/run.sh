#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh - what kstool costs beside its peers, each pair in one run: CPU of whole processes
set -eu
here=$(cd "$(dirname "$0")" && pwd)
k=${KSTOOL:?}
w=$(mktemp -d)
trap 'rm -rf "$w"' EXIT
cc -O2 -o "$w/nothing" "$here/nothing.c" $(pkg-config --libs libcrypto libssl libsodium jansson libutf8proc) -Wl,--no-as-needed
cc -O2 -o "$w/mkcerts" "$here/mkcerts.c" $(pkg-config --libs libcrypto)
export KSTOOL_SIGNERS=
bundle=/etc/ssl/certs/ca-certificates.crt
cd "$w"
printf 'changeit\n' > pass; chmod 600 pass
ratio() { python3 "$here/ratio.py" "$@"; }
printf '%-44s %12s %13s   %11s\n' "" kstool peer ratio

REPEAT=50 ratio 'version : empty program (here peer/kstool)' 7 '>= 0.5' "$k version" "./nothing"

n=$(grep -c BEGIN $bundle)
$k trust sys.kst $bundle --expired --create --new-key-file ops.key -q >/dev/null
$k trust sys.p12 $bundle --expired --create --new-pass file:pass -q >/dev/null
REPEAT=20 REPEAT_B=1 ratio "list $n CAs, native : keytool -list" 5 '>= 100' "$k list sys.kst" \
	"keytool -list -keystore sys.p12 -storepass:file pass"
REPEAT=20 ratio "list $n CAs, native : openssl storeutl PEM" 5 '>= 1' "$k list sys.kst" \
	"openssl storeutl -noout -certs $bundle"
# keytool takes one certificate a call: its loop over the bundle, measured on ten and scaled by n/10
# would flatter it (each call rewrites the store), so all are run once.
awk '/BEGIN/{n++; f=sprintf("one.%03d", n)} {print > f}' $bundle
cat > loop.sh <<'L'
rm -f kt.p12
for f in one.*; do keytool -importcert -noprompt -alias $f -file $f -keystore kt.p12 -storetype PKCS12 -storepass:file pass || exit 1; done
L
if [ -n "${FULL:-}" ]; then
	python3 "$here/ratio.py" "import $n CAs with a key file : keytool loop" 1 '>= 1000' \
		"rm -f new.kst k.key; $k trust new.kst $bundle --expired --create --new-key-file k.key -q" "sh loop.sh"
else
	echo "import of $n CAs against keytool's loop takes two minutes: make bench FULL=1"
fi
# What is beside Argon2id: the same command with the key file does everything but the KDF.
$k slot add sys.kst --key-file ops.key --new-pass file:pass -q >/dev/null
$k keygen one.kst --host a.test --create --new-pass file:pass --new-key-file one.key -q >/dev/null
REPEAT=20 ratio 'a change with a key file (no Argon2id) : version' 5 '< 10 ms' \
	"$k export one.kst a.test --key --plain-key --key-file one.key" "$k version"
# One entry of 100,000
./mkcerts 100000 > big.pem
/usr/bin/time -f "import of 100,000 CAs: %U s user, %M KiB" $k trust big.kst big.pem --create --new-key-file big.key -q >/dev/null
$k slot list big.kst >/dev/null
REPEAT=5 ratio 'show one of 100,000 entries : version' 5 '<= 100 ms' "$k show big.kst bench-ca-077777 --key-file big.key" "$k version"
/usr/bin/time -f "show one of 100,000: %e s, %M KiB" $k show big.kst bench-ca-077777 --key-file big.key >/dev/null
