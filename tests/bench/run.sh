#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh - what kstool costs beside its peers, each pair in one run: CPU of whole processes
set -eu
here=$(cd "$(dirname "$0")" && pwd)
k=${KSTOOL:?}
w=$(mktemp -d)
trap 'rm -rf "$w"' EXIT
cc -O2 -Wl,--no-as-needed -o "$w/nothing" "$here/nothing.c" $(pkg-config --libs libssl libcrypto sqlite3 libsodium jansson libutf8proc) -lcsv
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
# Verification, handshakes and the private CA
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 3650 -subj '/O=Bench/CN=Bench CA' 2>/dev/null
cat > issue.sh <<'L' # N: a key, a request, a certificate and a PKCS#12 for each of N devices, with openssl alone
i=0
while [ $i -lt $1 ]; do
	i=$((i + 1))
	printf 'subjectAltName=URI:urn:acme:dev:%d,DNS:d.test\nextendedKeyUsage=clientAuth,serverAuth\n' $i > ext
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout d.key -out d.csr -subj "/CN=dev-$i" 2>/dev/null
	openssl x509 -req -in d.csr -CA ca.pem -CAkey ca.key -days 90 -extfile ext -out d.pem 2>/dev/null
	openssl rand -hex 16 > d.pass
	openssl pkcs12 -export -inkey d.key -in d.pem -certfile ca.pem -name dev-$i -iter 2048 -out d.$i.p12 -passout file:d.pass
done
L
sh issue.sh 1
REPEAT=20 ratio "verify, one CA : openssl verify" 5 '>= 0.5' "$k verify d.pem --trust ca.pem --purpose client" \
	"openssl verify -CAfile ca.pem -purpose sslclient d.pem"
cat ca.pem $bundle > many.pem
REPEAT=20 ratio "verify, one of $((n + 1)) CAs : openssl verify" 5 '>= 0.5' "$k verify d.pem --trust many.pem --purpose client" \
	"openssl verify -CAfile many.pem -purpose sslclient d.pem"
# A handshake of two identities in memory beside a server and a client of openssl on a socket
cat > hands.sh <<'L'
timeout 10 openssl s_server -www -accept 127.0.0.1:0 -naccept 1 -cert d.pem -key d.key -CAfile ca.pem -Verify 2 -verify_return_error > srv.log 2>&1 &
for i in $(seq 200); do grep -q ACCEPT srv.log && break; sleep 0.01; done
timeout 10 openssl s_client -connect 127.0.0.1:$(sed -n 's/^ACCEPT .*://p' srv.log) -cert d.pem -key d.key -CAfile ca.pem </dev/null >/dev/null 2>&1
wait
L
cat d.pem d.key > d.id
REPEAT=10 ratio 'tls pair, mutual : s_server and s_client' 5 '>= 0.5' \
	"$k tls pair --server d.id --server-trust ca.pem --client d.id --client-trust ca.pem --host d.test" "sh hands.sh"
m=${BATCH:-100}
$k ca init --ca pki --name 'Bench CA' --alg p256 --new-pass file:pass -q >/dev/null
awk -v n=$m 'BEGIN { print "name,san"; for (i = 1; i <= n; i++) printf "dev-%d,uri:urn:acme:dev:%d\n", i, i }' > devices.csv
ratio "ca issue --batch of $m, p12 : openssl, one by one" 3 '>= 1' \
	"rm -rf out p; cp -r pki p; $k ca issue --ca p --pass file:pass --batch devices.csv --client --days 90 --to p12 --new-pass gen:out/{name}.pass --iterations 2048 --out-dir out" \
	"sh issue.sh $m"
