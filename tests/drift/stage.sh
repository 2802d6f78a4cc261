#!/bin/sh
# SPDX-License-Identifier: ISC
# stage.sh DIR - the files that examples of help, man pages and README speak of, made of
# fixtures ($FIXTURES) by $KSTOOL.  Every passphrase is the one in app.pass, but that of new and second.pass.
#   tls.key tls.crt ca.crt            a leaf, its key, and the CAs above it
#   app.p12                           "api", a private key with its chain;  shop.p12: "shop"
#   ts.p12 trust.kst                  truststores: an old root, a CA
#   app.kst damaged.kst               native stores with "api"; the second one has a damaged entry
#   bundle.pem corp-root.pem partner-ca.pem ca.pem ca.der old-root.pem
#   reply.pem                         the CA's reply for the key "api"
#   app.p12.kstool-bak                the backup of app.p12
#   old.jks copy.p12                  the same as app.p12;  api.csr ca.p7b
#   ca.crl                            the revocation list of who issued tls.crt
#   certdata.txt                      certificates with what they are trusted for
#   rootfs                            an image: the system's bundle, a Java's cacerts, an old CA
#   enc.key server.key                encrypted key files
#   pki                               a CA that has issued "web" and "phone";  stolen.pem stolen.csv: the phone
#   devices.csv                       a batch of one device
#   easy-rsa/pki demoCA               CAs of easy-rsa and of openssl ca, each with one certificate
set -eu
dir=$1
corpus=$(cd "$(dirname "$0")/../corpus" && pwd)
rm -rf "$dir"
mkdir -p "$dir"
cp -a "$FIXTURES"/. "$dir"
rm -f "$dir/.done"
cd "$dir"
ks() { "$KSTOOL" "$@" --no-input >/dev/null; }
umask 077
cp pass app.pass
cp pass shop.pass
cp pass key.pass
cp pass old
cp pass2 new
cp pass2 second.pass
umask 022
cp shop.key tls.key
cp shop.pem tls.crt
cat ica.pem root.pem > ca.crt
cp root.pem corp-root.pem
cp root.pem ca.pem
cp root.der ca.der
cp ica.pem partner-ca.pem
cp old.pem old-root.pem
mkdir .ca
: > .ca/index
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=.ca/index\ndefault_md=sha256\ndefault_crl_days=30\ncrlnumber=.ca/number\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n' > .ca/conf
echo 01 > .ca/number
openssl ca -config .ca/conf -gencrl -keyfile ica.key -cert ica.pem -out ca.crl 2>/dev/null
rm -rf .ca
cp "$corpus/certdata/good-server.certdata" certdata.txt
cat api.pem ica.pem > reply.pem
# Passphrases that cost little: a hundred examples open these.
low='--kdf-cost low' few='--iterations 2048'
ks import app.p12 api.key api.pem ca.crt --alias api --create --pass file:pass $few
ks trust ts.p12 old.pem --alias old-root --expired --create --pass file:pass $few
ks import app.kst api.key api.pem ca.crt --alias api --create --pass file:pass $low
ks slot add app.kst --pass file:pass --new-key-file reader.key --label build $low
ks trust trust.kst ica.pem --create --pass file:pass $low
ks trust trust.kst old.pem --alias old-root --expired --pass file:pass
ks import damaged.kst api.key api.pem ca.crt --alias api --create --pass file:pass $low
ks import damaged.kst shop.key shop-chain.pem --alias shop --pass file:pass
# The last byte of the last box: the trailing header is 4096 bytes.
size=$(wc -c < damaged.kst)
printf '\377' | dd of=damaged.kst bs=1 seek=$((size - 4097)) conv=notrunc 2>/dev/null
cp app.p12 app.p12.kstool-bak
chmod 600 app.p12.kstool-bak
cp app.p12 copy.p12
ks convert app.p12 -o old.jks --pass file:pass --new-pass file:pass -q
ks csr app.p12 api -o api.csr --pass file:pass
ks convert bundle.pem -o ca.p7b -q
ks convert api.key -o server.key --new-pass file:pass $few -q
ks convert shop.key -o enc.key --new-pass file:pass $few -q
mkdir -p rootfs/etc/ssl/certs rootfs/usr/sbin rootfs/opt/jdk/lib/security
cp ica.pem rootfs/etc/ssl/certs/ca-certificates.crt
: > rootfs/usr/sbin/update-ca-certificates
# Java's passphrase for them, which everybody knows.
(umask 077; echo changeit > java.pass)
ks trust rootfs/opt/jdk/lib/security/cacerts.jks ica.pem --create --new-pass file:java.pass
rm java.pass
mv rootfs/opt/jdk/lib/security/cacerts.jks rootfs/opt/jdk/lib/security/cacerts
ks ca init --name 'Acme Issuing CA' --new-pass file:pass $low
ks ca issue web --server --host www.acme.test --out-dir . --pass file:pass --new-pass file:pass $few
ks ca issue phone --client --to pem --plain-key --out-dir . --pass file:pass
mv phone.pem stolen.pem
printf 'name,reason\nphone,keyCompromise\n' > stolen.csv
rm -f phone.key trust.pem
mkdir -p easy-rsa/pki/private easy-rsa/pki/certs_by_serial demoCA/private demoCA/newcerts
for ca in easy-rsa/pki demoCA; do printf 'V\t491231235959Z\t\t1F\tunknown\t/CN=web\n' > $ca/index.txt; done
cp ica.pem easy-rsa/pki/ca.crt
cp ica.key easy-rsa/pki/private/ca.key
cp ica.pem demoCA/cacert.pem
cp ica.key demoCA/private/cakey.pem
printf 'name,san\ndev-00001,uri:urn:acme:dev:00001\n' > devices.csv
cp old.pem rootfs/opt/old.pem
