# SPDX-License-Identifier: ISC
# roundtrip.sh - PEM -> native -> PKCS#12 -> JKS -> JCEKS -> native -> PEM over key types and chain lengths 1 to 5:
# keys, certificates, order and aliases stay (lower case in PKCS#12 and Java's own, and it is said)
. tests/lib/sh.sh
# ca.1 is the root, ca.2 signed by it, and so on
prev=
for n in 1 2 3 4; do
	openssl ecparam -name prime256v1 -genkey -noout -out ca.$n.key
	if [ -z "$prev" ]; then
		openssl req -x509 -new -key ca.$n.key -subj "/CN=ca $n" -days 100 -out ca.$n.pem \
			-addext basicConstraints=critical,CA:TRUE 2>/dev/null
	else
		openssl req -new -key ca.$n.key -subj "/CN=ca $n" -out r.csr
		printf 'basicConstraints=critical,CA:TRUE\n' > e
		openssl x509 -req -in r.csr -CA ca.$prev.pem -CAkey ca.$prev.key -days 99 -extfile e -out ca.$n.pem 2>/dev/null
	fi
	prev=$n
done
genkey() {
	case $1 in
	rsa2048) openssl genrsa -out k.pem 2048 ;;
	rsa4096) openssl genrsa -out k.pem 4096 ;;
	rsapss) openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out k.pem ;;
	p256) openssl ecparam -name prime256v1 -genkey -noout -out k.pem ;;
	p384) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out k.pem ;;
	p521) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out k.pem ;;
	k1) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out k.pem ;;
	ed25519) openssl genpkey -algorithm ed25519 -out k.pem ;;
	ed448) openssl genpkey -algorithm ed448 -out k.pem ;;
	dsa) openssl dsaparam -genkey -out k.pem 2048 ;;
	esac 2>/dev/null
}
for type in rsa2048 rsa4096 rsapss p256 p384 p521 k1 ed25519 ed448 dsa; do
	genkey $type
	openssl pkcs8 -topk8 -nocrypt -in k.pem -outform DER -out k.der
	for len in 1 2 3 4 5; do
		sign=$((len - 1))
		openssl req -new -key k.pem -subj "/CN=leaf-$type" -out r.csr 2>/dev/null
		printf 'subjectAltName=DNS:leaf-%s.test\n' $type > e
		if [ $len = 1 ]; then
			openssl req -x509 -new -key k.pem -subj "/CN=leaf-$type" -days 9 -out leaf.pem 2>/dev/null
			cp leaf.pem chain.pem
		else
			openssl x509 -req -in r.csr -CA ca.$sign.pem -CAkey ca.$sign.key -days 9 -extfile e -out leaf.pem 2>/dev/null
			cp leaf.pem chain.pem
			i=$sign
			while [ $i -ge 1 ]; do cat ca.$i.pem >> chain.pem; i=$((i - 1)); done
		fi
		rm -f a.kst b.p12 b.jks b.jceks c.kst d.pem key.ops key.ops2
		k convert k.pem chain.pem -o a.kst --alias "Mixed-$type" --new-key-file key.ops -q >/dev/null
		k convert a.kst -o b.p12 --key-file key.ops --new-pass file:pass --iterations 2000 > said 2>&1
		grep -q "\"Mixed-$type\" becomes \"mixed-$type\"" said || fail "$type: the alias was not said: $(cat said)"
		k convert b.p12 -o b.jks --pass file:pass --keep-pass -q >/dev/null 2>&1
		k convert b.jks -o b.jceks --pass file:pass --keep-pass --iterations 2000 -q >/dev/null 2>&1
		k convert b.jceks -o c.kst --pass file:pass --new-key-file key.ops2 -q >/dev/null
		k convert c.kst -o d.pem --key-file key.ops2 --plain-key -q >/dev/null
		openssl pkcs8 -topk8 -nocrypt -in d.pem -outform DER -out d.der
		same "$type, chain of $len: the key" k.der d.der
		openssl storeutl -noout -certs d.pem 2>/dev/null | tail -1 | grep -q "found: $len" || fail "$type: not $len certificates"
		sed -n '/BEGIN CERT/,/END CERT/p' d.pem > d.chain
		sed -n '/BEGIN CERT/,/END CERT/p' chain.pem > want.chain
		same "$type, chain of $len: the chain in order" want.chain d.chain
		is "$type: alias in the native store" "$(k list a.kst --plain | cut -f2)" "Mixed-$type"
		is "$type: alias after PKCS#12" "$(k list c.kst --plain | cut -f2)" "mixed-$type"
		# peers read the PKCS#12
		openssl pkcs12 -in b.p12 -passin file:pass -nodes 2>/dev/null | grep -c 'BEGIN CERT' | grep -qx $len || fail "$type: openssl"
		pass
	done
	# the key and the certificate alone, to DER and back
	rm -f one.der two.pem c.der c2.pem
	k convert k.pem -o one.der --plain-key -q >/dev/null
	k convert one.der -o two.pem --plain-key -q >/dev/null
	openssl pkcs8 -topk8 -nocrypt -in two.pem -outform DER -out two.der
	same "$type: the key by DER" k.der two.der
	k convert leaf.pem -o c.der -q >/dev/null
	openssl x509 -in leaf.pem -outform DER -out want.der
	same "$type: the certificate by DER" want.der c.der
	k convert c.der -o c2.pem -q >/dev/null
	openssl x509 -in c2.pem -outform DER -out c2.der
	same "$type: and back" want.der c2.der
done
# X25519 has no certificate of its own: the bare key
openssl genpkey -algorithm x25519 -out x.pem
openssl pkcs8 -topk8 -nocrypt -in x.pem -outform DER -out x.der
k convert x.pem -o x.kst --new-key-file x.ops -q >/dev/null
k convert x.kst -o x2.pem --key-file x.ops --plain-key -q >/dev/null
openssl pkcs8 -topk8 -nocrypt -in x2.pem -outform DER -out x2.der
same 'X25519' x.der x2.der
done_ roundtrip
