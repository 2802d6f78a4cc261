#!/bin/sh
# SPDX-License-Identifier: ISC
# fixtures.sh DIR - keys, certificates and stores of one small PKI, made by openssl:
#   root.pem/.key ica.pem/.key     a root and an issuing CA
#   shop.key shop.pem              RSA leaf of the issuing CA; shop-chain.pem leaf first
#   api.key api.pem                EC leaf;  ed.key ed.pem  Ed25519 leaf
#   bundle.pem                     root, issuing CA, an expired CA, and a leaf
#   old.pem                        expired CA
#   shop.p12                       openssl's PKCS#12 of shop, passphrase "secret-pass"
#   ml-dsa-65.pem                  a post-quantum key and certificate (OpenSSL 3.5), for those who know it not
#   pass pass2                     passphrase files, mode 0600
set -eu
dir=$1
here=$(cd "$(dirname "$0")" && pwd)
[ -e "$dir/.done" ] && exit 0
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
cp "$here/ml-dsa-65.pem" .
umask 077
printf 'secret-pass\n' > pass
printf 'another-pass\n' > pass2
umask 022

ca() { # name subject days
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" \
		-out "$1.pem" -days "$3" -subj "$2" -addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign
}
issue() { # name subject extensions days issuer
	openssl req -new -key "$1.key" -out "$1.csr" -subj "$2"
	printf '%b' "$3" > "$1.ext"
	openssl x509 -req -in "$1.csr" -CA "$5.pem" -CAkey "$5.key" -days "$4" -extfile "$1.ext" -out "$1.pem"
	rm -f "$1.ext"
}
{
	ca root '/O=Acme/CN=Acme Root CA' 3650
	openssl ecparam -name prime256v1 -genkey -noout -out ica.key
	issue ica '/O=Acme/CN=Acme Issuing CA' 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n' 1825 root
	openssl genrsa -out shop.key 2048
	issue shop '/CN=shop.acme.test' 'subjectAltName=DNS:shop.acme.test,DNS:www.shop.acme.test\nextendedKeyUsage=serverAuth\n' 90 ica
	cat shop.pem ica.pem root.pem > shop-chain.pem
	openssl ecparam -name prime256v1 -genkey -noout -out api.key
	issue api '/CN=api.acme.test' 'subjectAltName=DNS:api.acme.test\nextendedKeyUsage=serverAuth,clientAuth\n' 200 ica
	openssl genpkey -algorithm ed25519 -out ed.key
	issue ed '/CN=ed.acme.test' 'subjectAltName=DNS:ed.acme.test\n' 200 ica
	# An expired CA: issued for the past with the low-level ca command's dates.
	openssl ecparam -name prime256v1 -genkey -noout -out old.key
	openssl req -new -key old.key -out old.csr -subj '/O=Acme/CN=Acme Old CA'
	mkdir -p .ca
	: > .ca/index
	echo 01 > .ca/serial
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=.ca/index\nserial=.ca/serial\nnew_certs_dir=.ca\ndefault_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\norganizationName=optional\n[e]\nbasicConstraints=critical,CA:TRUE\n' > .ca/conf
	openssl ca -batch -config .ca/conf -selfsign -keyfile old.key -in old.csr -out old.pem -notext \
		-startdate 20100101000000Z -enddate 20150101000000Z
	rm -rf .ca
	cat root.pem ica.pem old.pem shop.pem > bundle.pem
	openssl pkcs12 -export -inkey shop.key -in shop.pem -certfile ica.pem -name shop -out shop.p12 -passout file:pass
	openssl x509 -in root.pem -outform DER -out root.der
	rm -f ./*.csr
} >.log 2>&1 || { cat .log >&2; exit 1; }
rm -f .log
: > .done
