# SPDX-License-Identifier: ISC
# stories.sh - the first five minutes, with real servers in the end: a PKCS#12 for a Java service, a JKS that is renewed
# under a running one, and a private CA of many devices.  Debian has neither Spring Boot nor Kafka: a plain
# Java program with the same key manager stands in for each (Tls.java, Reload.java), and nginx is reloaded as
# well.  STORY_DEVICES=10000 makes the third as large as it is told.
. tests/lib/sh.sh
PATH=$PATH:/usr/sbin:/sbin
pids=
stop() { for p in $pids; do kill "$p" 2>/dev/null || :; done; rm -rf "$W"; }
trap stop EXIT
java=
if have java && have javac; then
	javac -d classes "$ROOT/tests/interop/Tls.java" "$ROOT/tests/interop/Reload.java" 2>javac.log ||
		fail "javac: $(cat javac.log)"
	java=yes
fi
started() { # file, log: until the server has written its ports
	i=0
	while [ ! -e "$1" ]; do
		i=$((i + 1))
		[ $i -lt 300 ] || fail "a server does not start: $(cat "$2")"
		sleep 0.1
	done
}
says() { # what, text: is it in the file `said`?
	grep -q -- "$2" said || fail "$1: no '$2' in: $(cat said)"
	pass
}
no() { # what, command...: the answer is no (1), in `said`
	what=$1; shift
	code=0; "$@" >said 2>&1 || code=$?
	is "$what" $code 1
}
yes_() {
	what=$1; shift
	code=0; "$@" >said 2>&1 || code=$?
	[ $code = 0 ] || fail "$what: exit $code: $(cat said)"
	pass
}

# --- (a) key, certificate and CA from operations; a p12 for a Java service
mkdir a; cd a
cp ../shop.key tls.key; cp ../shop.pem tls.crt; cp ../ica.pem chain.crt; cp ../root.pem ca.crt
yes_ 'a: convert' k convert tls.key tls.crt chain.crt ca.crt -o shop.p12 --alias shop --new-pass gen:shop.pass
yes_ 'a: does it work?' k tls pair --server shop.p12 --pass file:shop.pass --client-trust ca.crt --host shop.acme.test
no 'a: not for another host' k tls pair --server shop.p12 --pass file:shop.pass --client-trust ca.crt --host mail.acme.test
k convert tls.key tls.crt -o hole.p12 --alias shop --new-pass gen:hole.pass >/dev/null 2>&1
no 'a: with the hole' k tls pair --server hole.p12 --pass file:hole.pass --client-trust ca.crt --host shop.acme.test
if [ $java ]; then
	cat >spec <<-S
		shop PKCS12:shop.p12:$(cat shop.pass):$(cat shop.pass) -
		hole PKCS12:hole.p12:$(cat hole.pass):$(cat hole.pass) -
	S
	java -XX:TieredStopAtLevel=1 -Xshare:auto -cp ../classes Tls serve spec ports 2>serve.log &
	pids="$pids $!"
	started ports serve.log
	port() { sed -n "s/^$1 //p" ports; }
	yes_ 'a: the running service' k tls test "127.0.0.1:$(port shop)" --host shop.acme.test --trust ca.crt
	no 'a: the one with the hole' k tls test "127.0.0.1:$(port hole)" --host shop.acme.test --trust ca.crt
	says 'a: and why' 'Acme Issuing CA'
	yes_ 'a: the running service' k verify "127.0.0.1:$(port shop)" --host shop.acme.test --trust ca.crt
	no 'a: the one with the hole' k verify "127.0.0.1:$(port hole)" --host shop.acme.test --trust ca.crt
	says 'a: and why' 'Acme Issuing CA'
	if have curl; then
		for s in shop hole; do
			curl -sS --max-time 8 --cacert ca.crt --resolve "shop.acme.test:$(port $s):127.0.0.1" \
				"https://shop.acme.test:$(port $s)/" >curl.$s 2>&1 || :
		done
		is 'a: curl' "$(cat curl.shop)" 'hello shop, nobody'
		grep -q 'unable to get local issuer' curl.hole || fail "a: curl and the hole: $(cat curl.hole)"
		pass
	fi
fi
cd ..

# --- (c) a certificate in a JKS is renewed, the service goes on
mkdir c; cd c
cp ../pass ../ica.pem ../ica.key ../root.pem .
k import kafka.jks ../api.key ../api.pem ica.pem --alias kafka-1 --create --new-pass file:pass -q >/dev/null 2>&1
k trust clients.jks root.pem --create --new-pass file:pass -q >/dev/null 2>&1
yes_ 'c: csr' k csr kafka.jks kafka-1 -o kafka-1.csr --pass file:pass
printf 'subjectAltName=DNS:api.acme.test\nextendedKeyUsage=serverAuth\n' >ext
openssl x509 -req -in kafka-1.csr -CA ica.pem -CAkey ica.key -days 300 -extfile ext -out kafka-1.pem 2>/dev/null
cat kafka-1.pem ica.pem >reply.pem
yes_ 'c: what clients will say' k verify reply.pem --trust clients.jks --host api.acme.test
no 'c: of the wrong name' k verify reply.pem --trust clients.jks --host shop.acme.test
# A server keeps what it began with until somebody tells it; `diff --wait` sees when.
k export kafka.jks kafka-1 --chain --pass file:pass -o served.pem -q >/dev/null 2>&1
k export kafka.jks kafka-1 --key --plain-key --pass file:pass -o served.key -q >/dev/null 2>&1
if [ $java ]; then
	java -XX:TieredStopAtLevel=1 -Xshare:auto -cp ../classes Reload JKS kafka.jks pass java.port again 2>java.log &
	pids="$pids $!"
fi
nginx=
if have nginx; then
	nginx=$(/usr/bin/python3 -c 'import random; print(random.randrange(10000, 32000))')
	[ "$(id -u)" = 0 ] && user='user root;' || user=
	cat >nginx.conf <<-N
		$user daemon off; pid $PWD/nginx.pid; error_log $PWD/nginx.log;
		events { }
		http { access_log off; client_body_temp_path $PWD; proxy_temp_path $PWD; fastcgi_temp_path $PWD;
		uwsgi_temp_path $PWD; scgi_temp_path $PWD;
		server { listen 127.0.0.1:$nginx ssl; ssl_certificate $PWD/served.pem; ssl_certificate_key $PWD/served.key; } }
	N
	nginx -p "$PWD" -c "$PWD/nginx.conf" -e "$PWD/nginx.log" 2>/dev/null &
	pids="$pids $!"
	started nginx.pid nginx.log
fi
[ $java ] && { started java.port java.log; jport=$(cat java.port); }
for p in $nginx ${jport:-}; do yes_ "c: served on $p" k diff kafka.jks "127.0.0.1:$p" --leaf; done
yes_ 'c: import' k import kafka.jks kafka-1.pem --replace --pass file:pass
k export kafka.jks kafka-1 --chain --pass file:pass -o served.pem --replace -q >/dev/null 2>&1 || fail 'c: export'
for p in $nginx ${jport:-}; do no "c: not served yet on $p" k diff kafka.jks "127.0.0.1:$p" --leaf; done
no 'c: and not for a second' k diff kafka.jks "127.0.0.1:${nginx:-$jport}" --leaf --wait 1s
if [ $java ]; then
	(sleep 1; : >again) &
	yes_ 'c: Java looks again' k diff kafka.jks "127.0.0.1:$jport" --leaf --wait 30s
fi
if [ $nginx ]; then
	(sleep 1; nginx -p "$PWD" -c "$PWD/nginx.conf" -e "$PWD/nginx.log" -s reload 2>/dev/null) &
	yes_ 'c: nginx -s reload' k diff kafka.jks "127.0.0.1:$nginx" --leaf --wait 30s
fi
for p in $nginx ${jport:-}; do
	yes_ "c: clients of $p" k tls test "127.0.0.1:$p" --host api.acme.test --trust clients.jks
done
cd ..
# --- (d) a private CA, many devices, three of them stolen
mkdir d; cd d
n=${STORY_DEVICES:-12}
yes_ 'd: init' k ca init --name 'Acme Devices CA' --self-root --crl-url http://pki.acme.test/devices.crl --new-pass gen:ca.pass
awk -v n="$n" 'BEGIN { print "name,san"; for (i = 1; i <= n; i++) printf "dev-%05d,uri:urn:acme:dev:%05d\n", i, i }' >devices.csv
batch() {
	yes_ 'd: batch' k ca issue --batch devices.csv --client --days 365 --to p12 --new-pass 'gen:out/{name}.pass' \
		--iterations 2048 --out-dir out -j 0 --pass file:ca.pass
}
batch; says 'd: issued' "$n issued, 0 unchanged, 0 failed"
batch; says 'd: again' "0 issued, $n unchanged, 0 failed"
is 'd: files' "$(ls out/*.p12 | wc -l)" "$n"
yes_ 'd: the gateway' k ca issue gw --server --host gw.acme.test --to p12 --new-pass gen:gw.pass --pass file:ca.pass
pair() { # device, more options
	k tls pair ${2:+"$2" "$3"} --server gw.p12 --server-trust pki/trust.pem --client "out/$1.p12" --client-trust pki/trust.pem \
		--host gw.acme.test --pass gw.p12=file:gw.pass --pass "out/$1.p12=file:out/$1.pass"
}
yes_ 'd: gateway and device' pair dev-00001
no 'd: a device is no gateway' k tls pair --server out/dev-00001.p12 --pass file:out/dev-00001.pass --client-trust pki/trust.pem
printf 'name\ndev-00002\ndev-00005\ndev-00007\n' >stolen.csv
yes_ 'd: revoke' k ca revoke --batch stolen.csv --reason keyCompromise --pass file:ca.pass
code=0; k ca status >said 2>&1 || code=$?
says 'd: status' "$((n - 2)) live, 3 revoked, 0 expired"
says 'd: status' 'CRL .* 3 revoked'
yes_ 'd: the list' k ca crl -o devices.crl --pass file:ca.pass
yes_ 'd: one that is kept' pair dev-00001 --crl devices.crl
no 'd: one that was stolen' pair dev-00002 --crl devices.crl
says 'd: one that was stolen' 'keyCompromise'
k export out/dev-00001.p12 --chain --pass file:out/dev-00001.pass -o kept.pem -q >/dev/null 2>&1
k export out/dev-00002.p12 --chain --pass file:out/dev-00002.pass -o stolen.pem -q >/dev/null 2>&1
yes_ 'd: one that is kept' k verify kept.pem --trust pki/trust.pem --purpose client --crl devices.crl
no 'd: one that was stolen' k verify stolen.pem --trust pki/trust.pem --purpose client --crl devices.crl
says 'd: and why' 'revoked'
says 'd: with its reason' 'keyCompromise'
cd ..
done_ stories
