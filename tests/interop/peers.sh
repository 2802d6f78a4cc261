# SPDX-License-Identifier: ISC
# peers.sh - files of openssl, keytool, certtool and pk12util are read right, and they read ours
. tests/lib/sh.sh
keyhash() { openssl pkey -in "$1" -pubout -outform DER | sha256sum | cut -c1-16; }
want=$(keyhash shop.key)
reads() { # name file: the key and at least one certificate come out
	rm -f out.pem
	k convert "$2" -o out.pem --plain-key --pass file:pass -q >/dev/null || fail "$1: kstool refuses it"
	is "$1: the key" "$(keyhash out.pem)" "$want"
	is "$1: certificates" "$(grep -c 'BEGIN CERT' out.pem)" "$3"
}
# --- theirs, read by us
reads 'openssl pkcs12' shop.p12 2
openssl pkcs12 -export -legacy -inkey shop.key -in shop.pem -certfile ica.pem -name shop -out l.p12 -passout file:pass
reads 'openssl pkcs12 -legacy (RC2-40)' l.p12 2
openssl pkcs12 -export -keypbe NONE -certpbe NONE -inkey shop.key -in shop.pem -name shop -out n.p12 -passout file:pass
reads 'openssl pkcs12, nothing encrypted' n.p12 1
for alg in PBE-SHA1-3DES PBE-SHA1-RC4-128 AES-128-CBC camellia-256-cbc; do
	openssl pkcs12 -export -legacy -keypbe $alg -certpbe $alg -inkey shop.key -in shop.pem -name shop -out c.p12 -passout file:pass
	reads "openssl pkcs12 $alg" c.p12 1
done
if have keytool; then
	keytool -importkeystore -srckeystore shop.p12 -srcstorepass:file pass -destkeystore kt.p12 \
		-deststoretype PKCS12 -deststorepass:file pass >/dev/null 2>&1
	reads keytool kt.p12 2
	keytool -J-Dkeystore.pkcs12.legacy -importkeystore -srckeystore shop.p12 -srcstorepass:file pass \
		-destkeystore ktl.p12 -deststoretype PKCS12 -deststorepass:file pass >/dev/null 2>&1
	reads 'keytool, legacy' ktl.p12 2
	keytool -importcert -noprompt -alias root -file root.pem -keystore ktt.p12 -storetype PKCS12 -storepass:file pass >/dev/null 2>&1
	is 'keytool truststore' "$(k list ktt.p12 --pass file:pass --plain | cut -f2,3)" "root	ca"
fi
if have certtool; then
	certtool --load-privkey shop.key --load-certificate shop.pem --load-ca-certificate ica.pem --to-p12 \
		--p12-name shop --password secret-pass --outder --outfile ct.p12 >/dev/null 2>&1
	reads certtool ct.p12 2
fi
if have pk12util; then
	mkdir nss
	certutil -N -d sql:nss --empty-password
	pk12util -i shop.p12 -d sql:nss -w pass -K '' >/dev/null
	pk12util -o nss.p12 -n shop -d sql:nss -w pass -K '' >/dev/null
	reads 'pk12util (BER)' nss.p12 2
fi
# --- ours, read by them
k convert shop.key shop-chain.pem -o ours.p12 --alias shop --new-pass file:pass -q >/dev/null
openssl pkcs12 -in ours.p12 -passin file:pass -nodes -out o.pem 2>/dev/null
is 'openssl reads our key' "$(keyhash o.pem)" "$want"
if have keytool; then
	keytool -list -v -keystore ours.p12 -storepass:file pass > kt.txt 2>&1 || fail "keytool: $(cat kt.txt)"
	grep -q 'Certificate chain length: 3' kt.txt || fail 'keytool does not see three certificates'
	pass
	keytool -importkeystore -srckeystore ours.p12 -srcstorepass:file pass -destkeystore back.p12 \
		-deststoretype PKCS12 -deststorepass:file pass >/dev/null 2>&1 || fail 'keytool cannot open our key'
	openssl pkcs12 -in back.p12 -passin file:pass -nodes -nocerts -out b.pem 2>/dev/null
	is 'the key through keytool' "$(keyhash b.pem)" "$want"
fi
if have certtool; then
	certtool --p12-info --inder --infile ours.p12 --password secret-pass > ct.txt 2>/dev/null
	sed -n '/BEGIN.*PRIVATE/,/END.*PRIVATE/p' ct.txt > ct.key
	is 'certtool reads our key' "$(openssl pkey -in ct.key -passin file:pass -pubout -outform DER | sha256sum | cut -c1-16)" "$want"
fi
if have pk12util; then
	mkdir nss2
	certutil -N -d sql:nss2 --empty-password
	pk12util -i ours.p12 -d sql:nss2 -w pass -K '' >/dev/null || fail 'pk12util refuses ours'
	certutil -L -d sql:nss2 | grep -q '^shop .*u,u,u' || fail 'no key in the NSS database'
	pass
fi
if /usr/bin/python3 -c 'import cryptography' 2>/dev/null; then
	/usr/bin/python3 - <<'P' || fail 'pyca cryptography'
from cryptography.hazmat.primitives.serialization import pkcs12
k, c, more = pkcs12.load_key_and_certificates(open('ours.p12', 'rb').read(), b'secret-pass')
assert k.key_size == 2048 and c and len(more) == 2
P
	pass
else
	echo 'skipped: python3-cryptography is not installed'
fi
done_ peers
