# SPDX-License-Identifier: ISC
# ca_peers.sh - a CA made here, as others see it: OpenSSL (by the book), Java, GnuTLS, NSS, and curl against
# nginx take what it issued, for what it was issued, and nothing else; and they see what it took back
. tests/lib/sh.sh
PY=/usr/bin/python3
[ -x $PY ] || PY=python3
pids=
stop() { for p in $pids; do kill "$p" 2>/dev/null || :; done; rm -rf "$W"; }
trap stop EXIT
# At a free port of 127.0.0.1.
port() { $PY -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
q() { k "$@" -q >out.txt 2>&1 || fail "kstool $*: $(cat out.txt)"; }
refuses() { # what pattern command...: fails, and says so
	what=$1 pattern=$2
	shift 2
	"$@" > refused.txt 2>&1 && fail "$what was taken: $(cat refused.txt)"
	grep -qiE "$pattern" refused.txt || fail "$what: $(cat refused.txt)"
	pass
}
takes() { what=$1; shift; "$@" > taken.txt 2>&1 || fail "$what: $(cat taken.txt)"; pass; }
umask 077
printf 'of-the-private-ca\n' > capass
if have javac && have java; then
	javac -d classes "$ROOT/tests/interop/Pkix.java" 2>javac.log || fail "javac: $(cat javac.log)"
	java=yes
else
	java=
fi

# A CA of one kind of key, four certificates, one of them revoked; and one that the CA would not make.
make_ca() { # alg
	q ca init --name "Acme $1 CA" --alg "$1" --name-constraint DNS:acme.test --name-constraint IP:127.0.0.0/8 \
		--name-constraint URI:acme.test --name-constraint email:acme.test --crl-url "http://127.0.0.1:9/ca.crl" \
		--kdf-cost low --new-pass file:../capass
	set -- --to pem --plain-key --pass file:../capass
	q ca issue web --server --host web.acme.test --host 127.0.0.1 "$@"
	q ca issue client --client --san uri:spiffe://acme.test/client --san email:ops@acme.test --san dns:client.acme.test "$@"
	q ca issue nameless --client "$@"
	q ca issue both --both --host both.acme.test "$@"
	q ca issue gone --both --host gone.acme.test "$@"
	q ca revoke gone --reason keyCompromise --pass file:../capass
	q ca crl --root --pass file:../capass -o root.crl.pem
	refuses 'a name that the CA may not sign for' ca-forbids k ca issue evil --server --host evil.test "$@"
	q export pki/ca.kst --key --plain-key --pass file:../capass -o ca.key
	openssl req -new -key web.key -subj /CN=evil.test -out evil.csr 2>/dev/null
	printf 'subjectAltName=DNS:evil.test\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n' > evil.ext
	openssl x509 -req -in evil.csr -CA pki/ca.pem -CAkey ca.key -set_serial 0x7777 -days 10 -extfile evil.ext -out evil.pem 2>evil.log ||
		fail "evil: $(cat evil.log)"
	cat pki/ca.pem >> evil.pem
	cat pki/crl.pem root.crl.pem > crls.pem
	openssl crl -in pki/crl.pem -noout -text | grep -q 'CRL Number' || fail 'a list without number'
}

by_openssl() {
	v() { openssl verify -x509_strict -CAfile trust.pem -untrusted pki/ca.pem "$@"; }
	takes 'openssl: root' openssl verify -x509_strict -CAfile trust.pem trust.pem
	takes 'openssl: CA' v -purpose any pki/ca.pem
	takes 'openssl: CA, on the list of the root' v -crl_check -CRLfile root.crl.pem pki/ca.pem
	takes 'openssl: server' v -purpose sslserver -verify_hostname web.acme.test web.pem
	takes 'openssl: server, by address' v -purpose sslserver -verify_ip 127.0.0.1 web.pem
	takes 'openssl: client' v -purpose sslclient client.pem
	takes 'openssl: client without names' v -purpose sslclient nameless.pem
	takes 'openssl: both, server' v -purpose sslserver both.pem
	takes 'openssl: both, client' v -purpose sslclient both.pem
	refuses 'openssl: a server as client' 'purpose' v -purpose sslclient web.pem
	refuses 'openssl: a client as server' 'purpose' v -purpose sslserver client.pem
	refuses 'openssl: another host' 'hostname' v -verify_hostname other.acme.test web.pem
	refuses 'openssl: a name outside of the constraints' 'permitted subtree' v evil.pem
	for n in web client both; do takes "openssl: $n, lists" v -crl_check_all -CRLfile crls.pem $n.pem; done
	refuses 'openssl: revoked' 'certificate revoked' v -crl_check_all -CRLfile crls.pem gone.pem
	takes 'openssl: revoked, and nobody asks' v gone.pem
}

by_java() {
	printf '%s\n' 'web server web.pem' 'client client client.pem' 'both server both.pem' 'both client both.pem' \
		'web client web.pem' 'client server client.pem' 'evil server evil.pem' 'gone server gone.pem' \
		'nameless client nameless.pem' > spec
	java -XX:TieredStopAtLevel=1 -Xshare:auto -cp ../classes Pkix trust.pem spec pki/crl.der root.crl.pem > java.txt 2>&1 ||
		fail "java: $(cat java.txt)"
	while read -r line; do
		case $line in
		'web server ok' | 'client client ok' | 'both server ok' | 'both client ok') pass ;;
		'web client '*'not permit use for TLS client'* | 'client server '*'not permit use for TLS server'*) pass ;;
		'evil server '*'ame constraints'* | 'evil server '*'permitted'*) pass ;;
		# Java takes a CN for a host name where there is no other, and holds it against the constraints.
		'nameless client '*'ame constraints'*) pass ;;
		'gone server '*evoked*KEY_COMPROMISE*) pass ;;
		*) fail "java: $line" ;;
		esac
	done < java.txt
	is 'java: lines' "$(grep -c . java.txt)" 9
}

SERVER=1.3.6.1.5.5.7.3.1 CLIENT=1.3.6.1.5.5.7.3.2
by_gnutls() {
	v() { f=$1; shift; certtool --verify --load-ca-certificate trust.pem "$@" < "$f"; }
	takes 'gnutls: server' v web.pem --verify-purpose=$SERVER --verify-hostname=web.acme.test
	takes 'gnutls: client' v client.pem --verify-purpose=$CLIENT
	takes 'gnutls: both, server' v both.pem --verify-purpose=$SERVER
	takes 'gnutls: both, client' v both.pem --verify-purpose=$CLIENT
	refuses 'gnutls: a server as client' 'purpose' v web.pem --verify-purpose=$CLIENT
	refuses 'gnutls: another host' 'name|not trusted' v web.pem --verify-hostname=other.acme.test
	refuses 'gnutls: a name outside of the constraints' 'constraints' v evil.pem
	takes 'gnutls: lists' v web.pem --load-crl crls.pem
	refuses 'gnutls: revoked' 'revoked' v gone.pem --load-crl crls.pem
	certtool --verify-crl --load-ca-certificate pki/ca.pem < pki/crl.pem > taken.txt 2>&1 || fail "gnutls: list: $(cat taken.txt)"
	grep -q 'Verified' taken.txt || fail "gnutls: list: $(cat taken.txt)"
	pass
}

by_nss() {
	mkdir nss
	certutil -N -d sql:nss --empty-password
	certutil -A -d sql:nss -n root -t CT,C, -i trust.pem
	certutil -A -d sql:nss -n ca -t ,, -i pki/ca.pem
	for n in web client both gone evil; do
		openssl x509 -in $n.pem -out one.pem
		certutil -A -d sql:nss -n $n -t ,, -i one.pem
	done
	v() { certutil -V -d sql:nss -e -n "$1" -u "$2" 2>&1; } # V a server, C a client, L an SSL CA
	is 'nss: CA' "$(v ca L)" 'certutil: certificate is valid'
	is 'nss: root' "$(v root L)" 'certutil: certificate is valid'
	for n in 'web V' 'client C' 'both V' 'both C' 'gone V'; do
		# shellcheck disable=SC2086
		is "nss: $n" "$(v $n)" 'certutil: certificate is valid'
	done
	case $(v web C) in *'not approved'* | *invalid*) pass ;; *) fail "nss: a server as client: $(v web C)" ;; esac
	case $(v client V) in *'not approved'* | *invalid*) pass ;; *) fail "nss: a client as server: $(v client V)" ;; esac
	case $(v evil V) in *'name constraints'* | *'not permitted'*) pass ;; *) fail "nss: evil: $(v evil V)" ;; esac
	openssl crl -in root.crl.pem -outform DER -out root.crl.der
	for c in pki/crl.der root.crl.der; do
		crlutil -I -i $c -d sql:nss > crlutil.txt 2>&1 || fail "nss: list: $(cat crlutil.txt)"
	done
	for n in 'web V' 'client C' 'both V'; do
		# shellcheck disable=SC2086
		is "nss: $n, lists" "$(v $n)" 'certutil: certificate is valid'
	done
	case $(v gone V) in *revoked*) pass ;; *) fail "nss: revoked: $(v gone V)" ;; esac
	# The newer verifier of NSS, with the lists.
	p() { vfychain -pp -d sql:nss -g leaf -m crl -s requireInfo -u "$1" -a "$2.pem" -a pki/ca.pem 2>&1; }
	for n in web both gone; do openssl x509 -in $n.pem -out one.$n.pem; done
	case $(p 1 one.web) in *'Chain is good!'*) pass ;; *) fail "nss, vfychain: $(p 1 one.web)" ;; esac
	case $(p 0 one.both) in *'Chain is good!'*) pass ;; *) fail "nss, vfychain: $(p 0 one.both)" ;; esac
	case $(p 1 one.gone) in *evoked*) pass ;; *) fail "nss, vfychain: revoked: $(p 1 one.gone)" ;; esac
}

# curl and nginx, each with a certificate, each with the lists.
by_nginx() {
	at=$(port) revoked=$(port)
	here=$PWD user=
	[ "$(id -u)" != 0 ] || user='user root;'
	cat > nginx.conf <<T
$user
daemon off;
pid $here/nginx.pid;
error_log $here/nginx.log;
events {}
http {
	access_log off;
	client_body_temp_path $here; proxy_temp_path $here; fastcgi_temp_path $here; uwsgi_temp_path $here; scgi_temp_path $here;
	ssl_client_certificate $here/trust.pem;
	ssl_verify_client on;
	ssl_verify_depth 3;
	ssl_crl $here/crls.pem;
	server {
		listen 127.0.0.1:$at ssl;
		ssl_certificate $here/web.pem;
		ssl_certificate_key $here/web.key;
		location / { return 200 "hello \$ssl_client_s_dn"; }
	}
	server {
		listen 127.0.0.1:$revoked ssl;
		ssl_certificate $here/gone.pem;
		ssl_certificate_key $here/gone.key;
		ssl_verify_client off;
		location / { return 200 hello; }
	}
}
T
	nginx -p "$here" -c "$here/nginx.conf" -e "$here/nginx.log" 2>nginx.err &
	nginx_pid=$!
	pids="$pids $nginx_pid"
	i=0
	until curl -sk --max-time 2 -o /dev/null "https://127.0.0.1:$at/"; do
		i=$((i + 1))
		[ $i -lt 100 ] || fail "nginx: $(cat nginx.log nginx.err)"
		sleep 0.1
	done
	get() { host=$1 p=$2; shift 2; curl -sS --max-time 8 --cacert trust.pem --resolve "$host:$p:127.0.0.1" "$@" "https://$host:$p/" 2>&1 || :; }
	is 'curl: client' "$(get web.acme.test $at --cert client.pem --key client.key)" 'hello CN=client'
	is 'curl: both' "$(get web.acme.test $at --cert both.pem --key both.key --crlfile crls.pem)" 'hello CN=both.acme.test'
	is 'curl: by address' "$(get 127.0.0.1 $at --cert client.pem --key client.key)" 'hello CN=client'
	for n in web gone; do # no client; revoked
		case $(get web.acme.test $at --cert $n.pem --key $n.key) in
		*'SSL certificate error'*) pass ;;
		*) fail "nginx: $n: $(get web.acme.test $at --cert $n.pem --key $n.key)" ;;
		esac
	done
	case $(get web.acme.test $at) in *'No required SSL certificate'*) pass ;; *) fail 'nginx: nobody' ;; esac
	is 'curl: revoked, and nobody asks' "$(get gone.acme.test $revoked)" hello
	case $(get gone.acme.test $revoked --crlfile crls.pem) in *'certificate revoked'*) pass ;; *) fail 'curl: revoked' ;; esac
	case $(get other.acme.test $at) in *'does not match'* | *'no alternative'*) pass ;; *) fail "curl: another host: $(get other.acme.test $at)" ;; esac
	kill $nginx_pid
	wait $nginx_pid 2>/dev/null || :
}

# kstool itself sees what they see.
by_kstool() {
	v() { k verify "$@" --trust trust.pem --crl crls.pem --policy strict; }
	takes 'kstool: server' v web.pem --purpose server --host web.acme.test
	takes 'kstool: client' v client.pem --purpose client
	refuses 'kstool: a server as client' wrong-purpose v web.pem --purpose client
	refuses 'kstool: revoked' revoked v gone.pem
	refuses 'kstool: a name outside of the constraints' name-constraint v evil.pem
}

# All kinds: CA_ALGS="p384 rsa:3072 ed25519 p256 rsa-pss:3072".
for alg in ${CA_ALGS:-p384 rsa:3072}; do
	d=$(echo $alg | tr -d :)
	mkdir "$d"
	cd "$d"
	make_ca $alg
	by_openssl
	by_kstool
	[ -z "$java" ] || by_java
	! have certtool || by_gnutls
	# NSS of Debian 12 has no Ed25519.
	[ $alg = ed25519 ] || ! have certutil || by_nss
	! have nginx || ! have curl || by_nginx
	cd ..
done
done_ ca_peers
