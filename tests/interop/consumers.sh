# SPDX-License-Identifier: ISC
# consumers.sh - what --for writes, opened by the program that it is for, as far as that is installed;
# and old forms of Java's keystores, read
. tests/lib/sh.sh
PASS=secret-pass

# A key with its chain for each consumer that is put to the test here.
for who in any java8 java11 java17 openssl1.1 openssl3 macos windows2016 windows2022 android nss gnutls go dotnet fips; do
	k convert shop.key shop.pem ica.pem -o $who.p12 --alias shop --for $who --new-pass file:pass >/dev/null 2>said ||
		fail "$who: $(cat said)"
	k lint $who.p12 --for $who --pass file:pass --plain > lint 2>/dev/null || fail "$who: lint refuses what --for wrote: $(cat lint)"
	[ "$(cut -f 3 lint | grep -c not-readable)" = 0 ] || fail "$who: $(cat lint)"
	pass
done

# openssl 3.0, without its legacy provider: everything but PBMAC1, which is FIPS'; never RC2
for who in any java8 java11 java17 openssl1.1 openssl3 macos windows2016 windows2022 android nss gnutls go dotnet; do
	openssl pkcs12 -in $who.p12 -passin file:pass -nodes -out o.pem 2>err || fail "openssl cannot open the one for $who: $(cat err)"
	openssl pkey -in o.pem -outform DER -out o.der
	openssl pkey -in shop.key -outform DER -out want.der
	same "openssl, $who: the key" want.der o.der
	openssl pkcs12 -in $who.p12 -passin file:pass -info -noout 2>&1 | grep -qi rc2 && fail "$who: RC2"
	pass
done

if have keytool; then
	for who in any java8 java11 java17 windows2016 windows2022; do
		keytool -list -keystore $who.p12 -storepass $PASS 2>/dev/null > out || fail "keytool cannot open the one for $who"
		grep -q '^shop,.*PrivateKeyEntry' out || fail "keytool, $who: $(cat out)"
		pass
	done
	k trust ts.p12 root.pem ica.pem --create --for java17 --new-pass file:pass >/dev/null 2>&1
	is "keytool: trusted certificates" "$(keytool -list -keystore ts.p12 -storepass $PASS 2>/dev/null | grep -c trustedCertEntry)" 2
	k trust open.p12 root.pem --create --for java17 --new-pass none >/dev/null 2>&1
	is "keytool: a truststore without passphrase" "$(keytool -list -keystore open.p12 -storepass anything 2>/dev/null | grep -c trustedCertEntry)" 1
	k keygen gen.p12 --host a.test --alias web --create --for java8 --new-pass file:pass >/dev/null 2>&1
	is "keytool: a new key" "$(keytool -list -keystore gen.p12 -storepass $PASS 2>/dev/null | grep -c PrivateKeyEntry)" 1
	# What Java 8 writes, and every Java until 11.0.12: 3DES, RC2-40, HMAC-SHA1
	keytool -J-Dkeystore.pkcs12.legacy -genkeypair -keyalg RSA -keysize 2048 -alias old -dname CN=old.test \
		-ext san=dns:old.test -validity 90 -keystore legacy.p12 -storetype PKCS12 -storepass $PASS 2>/dev/null
	is "legacy: the key" "$(k list legacy.p12 --pass file:pass --plain 2>/dev/null | cut -f 2,3)" "old	key"
	k lint legacy.p12 --pass file:pass --plain --for openssl3 2>/dev/null > out && fail "openssl3 reads RC2, says lint"
	grep -q 'not-readable-by-openssl3' out || fail "lint: $(cat out)"
	grep -q 'legacy-pbe' out || fail "lint: $(cat out)"
	pass
	is "legacy: would be replaced" "$(k convert legacy.p12 -o legacy.p12 --keep-pass --pass file:pass --for java17 --check >/dev/null 2>&1 || echo $?)" 1
	k convert legacy.p12 -o legacy.p12 --keep-pass --pass file:pass --for java17 --replace >/dev/null 2>&1
	is "legacy: mended" "$(k convert legacy.p12 -o legacy.p12 --keep-pass --pass file:pass --for java17 --check >/dev/null 2>&1 && echo yes)" yes
	openssl pkcs12 -in legacy.p12 -passin file:pass -info -noout 2>&1 | grep -qi rc2 && fail "the mended one has RC2"
	keytool -list -keystore legacy.p12 -storepass $PASS 2>/dev/null | grep -q PrivateKeyEntry || fail "keytool cannot open the mended one"
	pass
fi

if have pk12util && have certutil; then
	for who in nss any windows2016; do
		rm -rf db; mkdir db
		certutil -N -d sql:db --empty-password
		pk12util -i $who.p12 -d sql:db -w pass >err 2>&1 || fail "pk12util cannot open the one for $who: $(cat err)"
		certutil -K -d sql:db 2>/dev/null | grep -q shop || fail "pk12util, $who: no key"
		pass
	done
fi

if have certtool; then
	for who in gnutls any windows2016; do
		certtool --p12-info --inder --infile $who.p12 --password $PASS >out 2>&1 || fail "certtool cannot open the one for $who: $(tail -1 out)"
		is "certtool, $who: keys" "$(grep -c 'BEGIN PRIVATE KEY\|BEGIN RSA PRIVATE KEY\|BEGIN ENCRYPTED PRIVATE KEY' out)" 1
	done
fi

if have python3 && python3 -c 'import cryptography' 2>/dev/null; then
	fips=fips
	python3 -c 'import cryptography, sys; sys.exit(int(cryptography.__version__.split(".")[0]) < 45)' || {
		echo "skipped: this Python's cryptography is older than 45 and may not know PBMAC1"
		fips=
	}
	for who in any java8 openssl3 dotnet $fips; do
		python3 - $who.p12 <<-'EOF' || fail "Python's cryptography cannot open the one for $who"
			import sys
			from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
			p = load_pkcs12(open(sys.argv[1], 'rb').read(), b'secret-pass')
			assert p.key and p.cert and len(p.additional_certs) == 1 and p.cert.friendly_name == b'shop'
		EOF
		pass
	done
else
	echo "skipped: Python's cryptography is not installed"
fi
done_ "consumers"
