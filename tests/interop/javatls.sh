# SPDX-License-Identifier: ISC
# javatls.sh - real TLS in Java: servers from a JKS, a JCEKS and a PKCS#12 that kstool wrote, clients with its
# truststores and bundles: curl, openssl, gnutls-cli and Java itself, with and without certificates of the client
. tests/lib/sh.sh
have java && have javac || { done_ javatls; exit 0; }
pids=
stop() { for p in $pids; do kill "$p" 2>/dev/null || :; done; rm -rf "$W"; }
trap stop EXIT
javac -d classes "$ROOT/tests/interop/Tls.java" 2>javac.log || fail "javac: $(cat javac.log)"
tls() { java -XX:TieredStopAtLevel=1 -Xshare:auto -cp classes Tls "$@"; }

# --- the stores
printf 'of-the-key\n' > keypass; printf 'changeit\n' > changeit; chmod 600 keypass changeit
q() { k "$@" -q >out 2>&1 || fail "kstool $*: $(cat out)"; }
q convert shop.key shop-chain.pem -o shop.jks --alias shop --new-pass file:pass
q convert api.key api.pem ica.pem -o api.jceks --alias api --new-pass file:pass
q convert ed.key ed.pem ica.pem -o ed.p12 --alias ed --new-pass file:pass
cp shop.jks own.jks
q passwd own.jks shop --pass file:pass --new-pass file:keypass
q trust ts.jks root.pem --create --new-pass file:pass
q trust ts.p12 root.pem --create --new-pass file:pass
q trust cacerts.jks root.pem ica.pem --create --new-pass file:changeit
q convert root.pem -o open.p12 --new-pass none
q trust other.jks old.pem --expired --create --new-pass file:pass
q export ts.jks -o ca.pem
q export other.jks -o other.pem
q export api.jceks api --chain -o api-chain.pem --pass file:pass
q export api.jceks api --key --plain-key -o api-open.key --pass file:pass

# --- servers: three stores, one whose key has its own passphrase, one that wants to know its clients
cat > serve <<S
jks JKS:shop.jks:secret-pass:secret-pass -
jceks JCEKS:api.jceks:secret-pass:secret-pass -
p12 PKCS12:ed.p12:secret-pass:secret-pass -
own JKS:own.jks:secret-pass:of-the-key -
mutual JKS:shop.jks:secret-pass:secret-pass JKS:ts.jks::
S
tls serve serve ports 2>serve.log &
pids="$pids $!"
openssl s_server -accept 127.0.0.1:0 -cert shop.pem -cert_chain ica.pem -key shop.key -CAfile root.pem -Verify 3 \
	-verify_return_error -www >s_server.log 2>&1 &
pids="$pids $!"
i=0
while [ ! -e ports ] || ! grep -q ACCEPT s_server.log; do
	i=$((i + 1))
	[ $i -lt 150 ] || fail "the servers do not start: $(cat serve.log s_server.log)"
	sleep 0.1
done
port() { sed -n "s/^$1 //p" ports; }
host() { case $1 in jceks) echo api ;; p12) echo ed ;; *) echo shop ;; esac; }

# --- curl, openssl, gnutls-cli with the bundle of the truststore
get() { # server, bundle, more options
	curl -sS --max-time 8 --cacert "$2" --resolve "$(host "$1").acme.test:$(port "$1"):127.0.0.1" \
		${3:+"$3" "$4" "$5" "$6"} "https://$(host "$1").acme.test:$(port "$1")/" 2>&1 || :
}
for s in jks jceks p12 own; do
	if have curl; then
		is "curl of $s" "$(get $s ca.pem)" "hello $s, nobody"
		case $(get $s other.pem) in hello*) fail "curl of $s trusts what it should not" ;; esac
		pass
	fi
	printf 'GET / HTTP/1.0\r\n\r\n' | timeout 8 openssl s_client -connect "127.0.0.1:$(port $s)" -CAfile ca.pem \
		-servername "$(host $s).acme.test" -verify_hostname "$(host $s).acme.test" -verify_return_error -ign_eof \
		>s_client.log 2>&1 || fail "openssl s_client of $s: $(tail -5 s_client.log)"
	is "openssl s_client of $s" "$(grep -o 'Verify return code: 0 (ok)\|^hello .*' s_client.log | sort -u)" \
		"$(printf 'Verify return code: 0 (ok)\nhello %s, nobody' $s)"
	if have gnutls-cli; then
		printf 'GET / HTTP/1.0\r\n\r\n' | timeout 8 gnutls-cli --x509cafile ca.pem --sni-hostname "$(host $s).acme.test" \
			--verify-hostname "$(host $s).acme.test" -p "$(port $s)" 127.0.0.1 >gnutls.log 2>&1 || :
		is "gnutls-cli of $s" "$(grep -o 'The certificate is trusted\|^hello .*' gnutls.log)" \
			"$(printf 'The certificate is trusted\nhello %s, nobody' $s)"
	fi
done
if have curl; then
	is 'curl, mutual' "$(get mutual ca.pem --cert api-chain.pem --key api-open.key)" 'hello mutual, CN=api.acme.test'
	case $(get mutual ca.pem) in hello*) fail 'a client without certificate was let in' ;; esac
	pass
fi

# --- Java as a client, with each truststore; then it shows who it is, to Java and to openssl
: > connect
client() { echo "$1 $(host "$2").acme.test $3 $4 $5" >> connect; }
for s in jks jceks p12; do
	client "jks-$s" $s "$(port $s)" JKS:ts.jks:secret-pass: -
	client "p12-$s" $s "$(port $s)" PKCS12:ts.p12:secret-pass: -
	client "cacerts-$s" $s "$(port $s)" JKS:cacerts.jks:changeit: -
	client "open-$s" $s "$(port $s)" PKCS12:open.p12:: -
	client "other-$s" $s "$(port $s)" JKS:other.jks:secret-pass: -
done
client mutual mutual "$(port mutual)" JKS:ts.jks:secret-pass: JCEKS:api.jceks:secret-pass:secret-pass
client nobody mutual "$(port mutual)" JKS:ts.jks:secret-pass: -
sport=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' s_server.log)
echo "openssl shop.acme.test $sport JKS:ts.jks:secret-pass: JCEKS:api.jceks:secret-pass:secret-pass" >> connect
timeout 30 java -XX:TieredStopAtLevel=1 -cp classes Tls connect connect > said 2>&1 || fail "the client: $(cat said)"
for s in jks jceks p12; do
	for t in jks p12 cacerts open; do
		is "Java, $t truststore, to $s" "$(grep "^$t-$s:" said)" "$t-$s: hello $s, nobody"
	done
	is "Java trusts nobody else: $s" "$(grep "^other-$s: failed: .*PKIX" said | cut -c1-60 | wc -l)" 1
done
is 'Java to Java, mutual' "$(grep ^mutual: said)" 'mutual: hello mutual, CN=api.acme.test'
is 'Java without certificate' "$(grep -c '^nobody: failed: ' said)" 1
is 'Java to openssl s_server, mutual' "$(grep -c '^openssl: failed' said)" 0
grep -q 'CN *= *api.acme.test' s_server.log || fail "s_server did not see the client: $(cat s_server.log)"
pass
done_ javatls
