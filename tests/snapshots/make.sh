#!/bin/sh
# SPDX-License-Identifier: ISC
# make.sh - makes tests/snapshots/files anew: a PKI with fixed dates, seen on 2026-11-24
#
# What it made is checked in, so that the pictures do not change with the keys; run it only to add
# something, and then `make snapshots` and read the difference.
#   sh tests/snapshots/make.sh KSTOOL DIR
set -eu
kstool=$(realpath "$1")
mkdir -p "$2"
cd "$2"
export KSTOOL_SIGNERS= HOME=/nonexistent
now='--at 2026-11-24T09:00:00Z'
printf 'secret-pass\n' > pass
chmod 600 pass
mkdir -p .ca
conf() { # extensions
	: > .ca/index
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=.ca/index\nrand_serial=yes\nnew_certs_dir=.ca\ndefault_md=sha384\npolicy=p\nx509_extensions=e\nemail_in_dn=yes\nunique_subject=no\nstring_mask=utf8only\n[p]\ncommonName=optional\norganizationName=optional\n[req]\nprompt=no\nutf8=yes\nstring_mask=utf8only\n[e]\nsubjectKeyIdentifier=hash\n%b' "$1" > .ca/conf
}
key() { # name algorithm
	case $2 in
	rsa:*) openssl genrsa -out "$1.key" "${2#rsa:}" ;;
	*) openssl ecparam -name "$2" -genkey -noout -out "$1.key" ;;
	esac
}
# cert name subject from to extensions [issuer]
cert() {
	conf "$5"
	openssl req -new -utf8 -key "$1.key" -out "$1.csr" -subj "$2" -config .ca/conf
	if [ $# -gt 5 ]; then
		set -- "$1" "$2" "$3" "$4" "$5" -keyfile "$6.key" -cert "$6.pem"
	else
		set -- "$1" "$2" "$3" "$4" "$5" -selfsign -keyfile "$1.key"
	fi
	name=$1 from=$3 to=$4
	shift 5
	openssl ca -batch -utf8 -config .ca/conf "$@" -in "$name.csr" -out "$name.pem" -notext \
		-startdate "$from" -enddate "$to" -preserveDN
	rm -f "$name.csr"
}
ca='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'
server='basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n'
{
key corp rsa:4096
cert corp '/O=Acme/CN=Acme Corp Root CA' 20161120120000Z 20361120120000Z "$ca"
key ica secp384r1
cert ica '/O=Acme/CN=Acme Issuing CA 2' 20190201120000Z 20290201120000Z "$ca" corp
key api prime256v1
cert api '/CN=api.acme.test' 20260906185003Z 20261205185003Z "${server}subjectAltName=DNS:api.acme.test,DNS:*.api.acme.test\n" ica
cp api.key new.key
cert new '/CN=api.acme.test' 20261120185003Z 20270305185003Z "${server}subjectAltName=DNS:api.acme.test,DNS:*.api.acme.test\n" ica
key old rsa:1024
cert old '/O=Acme/CN=Acme Root 2006' 20061121060000Z 20261121060000Z "$ca"
key partner secp384r1
cert partner '/O=Partner/CN=Partner CA G2' 20210402120000Z 20310402120000Z "$ca"
key www prime256v1
cert www '/CN=www.partner.test' 20260901120000Z 20270301120000Z "${server}subjectAltName=DNS:www.partner.test\n" partner
key legacy rsa:1024
cert legacy '/O=Acme/CN=Acme Legacy CA' 20061121060000Z 20361121060000Z "$ca"
key ldap rsa:1024
cert ldap '/CN=ldap.acme.test' 20241121060000Z 20261121060000Z "${server}subjectAltName=DNS:ldap.acme.test\n" legacy
key tls rsa:2048
cert tls '/CN=shop.acme.test' 20261123120000Z 20270221120000Z "${server}subjectAltName=DNS:shop.acme.test\n" ica
mv tls.pem tls.crt
cp corp.pem ca.crt
key soon prime256v1
cp soon.key later.key
cert soon '/CN=soon.acme.test' 20261124110000Z 20261224110000Z "${server}subjectAltName=DNS:soon.acme.test\n" ica
cert later '/CN=later.acme.test' 20290101000000Z 20300101000000Z "${server}subjectAltName=DNS:later.acme.test\n" ica
key never prime256v1
cert never '/CN=never.acme.test' 20200101000000Z 99991231235959Z "${server}subjectAltName=DNS:never.acme.test\n"
# Names that want to be something else.
key evil prime256v1
esc=$(printf '\033') nl='
'
evil() { # name subject
	cp evil.key "$1.key"
	cert "$1" "$2" 20260906185003Z 20270905185003Z "$ca"
	rm "$1.key"
}
evil evil-esc "/O=${esc}]0;owned${esc}\\\\/CN=${esc}[2J${esc}[1;32mAcme Root CA"
evil evil-nl "/CN=Acme Root CA${nl}added      acme               trusted"
evil evil-rlo "/CN=paypal$(printf '\342\200\256')gpj.test$(printf '\342\200\213')"
evil evil-cjk '/O=株式会社アクメ/CN=アクメ認証局ルート証明書第二世代'
evil evil-long "/CN=a-long-name-that-nobody-types.some-cluster.some-region.acme.test"
cat evil-esc.pem evil-nl.pem evil-rlo.pem evil-cjk.pem evil-long.pem > evil.pem
cat soon.pem later.pem > future.pem
rm -f evil-*.pem

cat ica.pem corp.pem partner.pem > .more
openssl pkcs12 -export -iter 1000 -inkey api.key -in api.pem -certfile .more -name api \
	-out app.p12 -passout file:pass
cat ica.pem corp.pem > .chain
openssl pkcs12 -export -iter 1000 -inkey api.key -in api.pem -certfile .chain -name "a${esc}[31mb${nl}c$(printf '\342\200\256')d中" \
	-out names.p12 -passout file:pass
"$kstool" $now trust app.p12 corp.pem --alias corp-root --iterations 1000 --pass file:pass
"$kstool" $now trust app.p12 old.pem --alias old-root --expired --iterations 1000 --pass file:pass
openssl pkcs12 -export -iter 1000 -inkey ldap.key -in ldap.pem -name ldap -out ldap.p12 -passout file:pass
"$kstool" $now trust ts.p12 partner.pem --alias partner --create --iterations 1000 --pass file:pass
cat corp.pem partner.pem www.pem > bundle.pem
cat ldap.pem legacy.pem > ldap-chain.pem
openssl pkcs12 -export -iter 1000 -nokeys -in evil.pem -name "alias ${esc}[31mred${nl}line	tab" -out evil.p12 \
	-passout file:pass
"$kstool" keygen sign.key --alg ed25519 --plain-key
"$kstool" $now create native.kst --new-key-file native.key --new-pass file:pass --kdf-cost low
"$kstool" $now import native.kst api.key api.pem ica.pem corp.pem --alias api --key-file native.key
"$kstool" $now trust native.kst evil.pem --key-file native.key
openssl rsa -in tls.key -aes128 -passout file:pass -out locked.key
openssl req -new -key tls.key -subj /CN=shop.acme.test -out shop.csr
cat api.pem ica.pem corp.pem > chain.pem
} > .log 2>&1 || { cat .log; exit 1; }
cat .log
rm -rf .ca .log .more .chain corp.key ica.key old.key partner.key www.key legacy.key never.key soon.key later.key evil.key new.key
