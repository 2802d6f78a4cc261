#!/bin/sh
# SPDX-License-Identifier: ISC
# demo.sh KSTOOL - the main job on real input, showing each command it runs:
# the system's CAs into a truststore, a key with its chain into an encrypted
# keystore, a listing of both, out to PKCS#12 and back to PEM.
set -eu

kstool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
dir=$(mktemp -d "${TMPDIR:-/tmp}/kstool-demo.XXXXXX")
trap 'rm -rf "$dir"' EXIT INT TERM
cd "$dir"
PATH=$(dirname "$kstool"):$PATH

bold= cyan= off=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$(printf '\033[1m') cyan=$(printf '\033[36m') off=$(printf '\033[0m'); fi
say() { printf '\n%s# %s%s\n' "$bold" "$*" "$off"; }
run() { printf '%s$ %s%s\n' "$cyan" "$*" "$off"; "$@"; }
# The same, and only the last line of what it says.
last() { printf '%s$ %s | tail -1%s\n' "$cyan" "$*" "$off"; "$@" > .said; tail -n 1 .said; }
quiet() { "$@" 2>/dev/null; }

bundle=
for f in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
	/etc/ssl/cert.pem /opt/homebrew/etc/ca-certificates/cert.pem; do
	[ -r "$f" ] && bundle=$f && break
done
[ -n "$bundle" ] || { echo "no CA bundle found on this machine" >&2; exit 1; }

# What a company's PKI hands out: a root, an issuing CA, and a key with its certificate.
quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout root.key \
	-out root.pem -days 3650 -subj '/O=Example/CN=Example Root CA' \
	-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
quiet openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ica.key -out ica.csr \
	-subj '/O=Example/CN=Example Issuing CA'
printf 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n' > ica.ext
quiet openssl x509 -req -in ica.csr -CA root.pem -CAkey root.key -days 1825 -extfile ica.ext -out ica.pem
quiet openssl req -newkey rsa:2048 -nodes -keyout shop.key -out shop.csr -subj '/CN=shop.example.test'
printf 'subjectAltName=DNS:shop.example.test,DNS:www.shop.example.test\nextendedKeyUsage=serverAuth\n' > shop.ext
quiet openssl x509 -req -in shop.csr -CA ica.pem -CAkey ica.key -days 90 -extfile shop.ext -out shop.pem
cat shop.pem ica.pem root.pem > shop-chain.pem
umask 077
printf 'correct horse battery staple\n' > pass
umask 022

say "every CA that this system trusts, into a signed truststore ($(grep -c BEGIN "$bundle") in the bundle)"
last kstool trust system.kst "$bundle" --expired --create --new-key-file ops.key
run kstool list system.kst --match isrg

say "a private key and its certificates, into an encrypted keystore"
run kstool show shop.key shop-chain.pem --short
run kstool import shop.kst shop.key shop-chain.pem --create --new-pass file:pass
run kstool list shop.kst

say "one entry in detail: no passphrase is needed to look"
run kstool show shop.kst shop.example.test

say "out to PKCS#12, for Java and Windows and everyone else"
run kstool convert shop.kst -o shop.p12 --pass file:pass --new-pass file:pass
run openssl pkcs12 -in shop.p12 -passin file:pass -nokeys -info -out /dev/null
last kstool convert system.kst -o system.p12 --new-pass file:pass
run kstool list system.p12 --pass file:pass --match isrg

say "and back to PEM, for a web server"
run kstool export shop.p12 --pass file:pass --chain -o fullchain.pem
run kstool export shop.p12 --pass file:pass --key --plain-key -o private.pem
run ls -l fullchain.pem private.pem

say "every bit of a store is signed: nobody's passphrase is needed to check"
run kstool check shop.kst system.kst
printf '\nThat is the main job. The program is %s; its word "help" tells the rest.\n' "$kstool"
