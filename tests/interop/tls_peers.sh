# SPDX-License-Identifier: ISC
# tls_peers.sh - tls test against servers of openssl, GnuTLS and nginx, with the refusal that TLS 1.3 sends when the
# client is through; tls serve with clients of openssl, curl, GnuTLS and Java; servers that are none
. tests/lib/sh.sh
have jq || { done_ tls_peers; exit 0; }
pids=
stop() { for p in $pids; do kill "$p" 2>/dev/null || :; done; rm -rf "$W"; }
trap stop EXIT
cat api.pem ica.pem > api-chain.pem
cat shop.pem ica.pem > shop-sent.pem
trust='--trust root.pem --host shop.acme.test'
me='--identity api-chain.pem --identity api.key'
stranger='--identity ed.pem --identity ed.key'
# A client whose CA nobody here trusts.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout self.key -out self.pem -days 30 -subj /CN=stranger 2>/dev/null
stranger='--identity self.pem --identity self.key'

until_said() { # file, pattern
	i=0
	until grep -q "$2" "$1" 2>/dev/null; do
		i=$((i + 1))
		[ $i -lt 200 ] || fail "nobody says \"$2\": $(cat "$1")"
		sleep 0.05
	done
}
# What tls test says: exit status, fault, who, alert, late or not, does it want a certificate.
said() {
	k tls test "$@" --json > said 2>err || :
	jq -r 'if .error then "\(.exit) \(.error.code)" else "\(.exit) \(.fault // "-") \(.fault_side // "-") \(.alert.name // "-") \(
		if .alert.ms_after_handshake != null then "late" else "-" end) \(.client_auth)" end' said
}

# --- openssl s_server -Verify: with TLS 1.3 it refuses when the client is through (and s_client says DONE)
# Its input stays open: at its end s_server says goodbye to everybody.
mkfifo hold
exec 8<>hold
sserver() { # options...; sets port
	: > s.log
	openssl s_server -accept 127.0.0.1:0 -cert shop.pem -cert_chain ica.pem -key shop.key \
		-CAfile root.pem "$@" > s.log 2>&1 <&8 &
	server=$!
	pids="$pids $server"
	until_said s.log ACCEPT
	port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' s.log | head -1)
}
gone() { kill "$server" 2>/dev/null || :; wait "$server" 2>/dev/null || :; }
for v in 1.3 1.2; do
	late=late required=certificate_required
	[ $v = 1.3 ] || late=- required=handshake_failure
	sserver -Verify 3 -verify_return_error
	is "$v: none, and one is wanted" "$(said localhost:$port $trust --tls $v)" "1 no-client-certificate server $required $late required"
	is "$v: of an unknown CA" "$(said localhost:$port $trust --tls $v $stranger)" "1 certificate-refused server unknown_ca $late unknown"
	is "$v: ours" "$(said localhost:$port $trust --tls $v $me)" "0 - - - - unknown"
	is "$v: ours, and one is required" "$(said localhost:$port $trust --tls $v $me --expect-client-auth required)" "0 - - - - required"
	is "$v: that it is required is what was expected" "$(said localhost:$port $trust --tls $v --expect-client-auth required)" \
		"0 no-client-certificate server $required $late required"
	is "$v: it is required, and not optional" "$(said localhost:$port $trust --tls $v $me --expect-client-auth optional)" "1 - - - - required"
	is "$v: its name is another one" "$(said localhost:$port --trust root.pem --host pay.acme.test --tls $v $me | cut -d' ' -f1-3)" \
		"1 certificate-refused client"
	is "$v: and the client says so" "$(jq -r '[.server.verdict.cause, .alert.from, .alert.name] | join(" ")' said)" "host-mismatch client bad_certificate"
	k tls test localhost:$port $trust --tls $v $stranger > out || :
	grep -q "server refused it  *alert: unknown_ca" out || fail "no alert in $(cat out)"
	grep -q 'Why: our certificate was issued by "stranger", and the server accepts only: Acme Root CA' out || fail "no reason in $(cat out)"
	pass
	gone
done
sserver -verify 3
is "asked, and not required" "$(said localhost:$port $trust)" "0 - - - - optional"
gone
sserver
is "not asked" "$(said localhost:$port $trust $me --expect-client-auth none)" "0 - - - - none"
is "not asked, but expected" "$(said localhost:$port $trust --expect-client-auth required)" "1 - - - - none"
is "by a CA that is not trusted" "$(said localhost:$port --trust old.pem --host shop.acme.test | cut -d' ' -f1-4)" "1 certificate-refused client unknown_ca"
is "without a name" "$(said localhost:$port --trust root.pem --no-host)" "0 - - - - none"
is "another name than the one in the certificate" "$(said localhost:$port --trust root.pem | cut -d' ' -f1-4)" "1 certificate-refused client bad_certificate"
gone
sserver -tls1_2
is "only TLS 1.2" "$(said localhost:$port $trust --tls 1.3 | cut -d' ' -f1-4)" "1 no-common-version server protocol_version"
is "TLS 1.2 is what it has" "$(said localhost:$port $trust; jq -r .version said)" "0 - - - - none
TLS 1.2"
gone
sserver -alpn http/1.1
is "a protocol in common" "$(said localhost:$port $trust --alpn h2,http/1.1 >/dev/null; jq -r .alpn said)" "http/1.1"
gone

# --- GnuTLS
if have gnutls-serv; then
	for v in 1.3 1.2; do
		port=$((20000 + $$ % 20000 + ${v#1.}))
		: > g.log
		gnutls-serv --echo -p $port --x509certfile shop-sent.pem --x509keyfile shop.key --x509cafile root.pem \
			--require-client-cert --verify-client-cert --priority "NORMAL:-VERS-ALL:+VERS-TLS$v" > g.log 2>&1 &
		server=$!
		pids="$pids $server"
		until_said g.log 'Echo Server listening on IPv4'
		is "GnuTLS $v: ours" "$(said 127.0.0.1:$port $trust $me | cut -d' ' -f1-3)" "0 - -"
		is "GnuTLS $v: none" "$(said 127.0.0.1:$port $trust | cut -d' ' -f1-3)" "1 no-client-certificate server"
		is "GnuTLS $v: of an unknown CA" "$(said 127.0.0.1:$port $trust $stranger | cut -d' ' -f1-3)" "1 certificate-refused server"
		gone
	done
fi

# --- nginx shakes hands with everybody, and refuses with the page
if have nginx; then
	port=$((20000 + $$ % 20000 + 10))
	mkdir ng
	cat > ng/conf <<N
daemon off; master_process off; pid ng/pid; error_log ng/err;
events {}
http { access_log off; client_body_temp_path ng/1; proxy_temp_path ng/2; fastcgi_temp_path ng/3; uwsgi_temp_path ng/4; scgi_temp_path ng/5;
	server { listen 127.0.0.1:$port ssl; ssl_certificate $W/shop-sent.pem; ssl_certificate_key $W/shop.key;
		ssl_client_certificate $W/root.pem; ssl_verify_depth 3; ssl_verify_client on; root /nonexistent; } }
N
	nginx -p "$W" -c ng/conf -e ng/err >ng/out 2>&1 &
	server=$!
	pids="$pids $server"
	i=0
	until k tls test 127.0.0.1:$port $trust -q >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 50 ] || fail "nginx does not start: $(cat ng/err ng/out)"
		sleep 0.1
	done
	is "nginx: none" "$(said 127.0.0.1:$port $trust --http; jq -r .http_status said)" "1 no-client-certificate server - - required
400"
	is "nginx: of an unknown CA" "$(said 127.0.0.1:$port $trust --http $stranger | cut -d' ' -f1-3)" "1 refused-by-application server"
	is "nginx: ours" "$(said 127.0.0.1:$port $trust --alpn http/1.1 $me; jq -r .http_status said)" "0 - - - - unknown
404"
	gone
fi

# --- tls serve, and who comes
serve() { # options...; sets port, server
	: > v.log
	"$KSTOOL" tls serve --identity shop.p12 --pass file:pass "$@" > v.log 2> v.err &
	server=$!
	pids="$pids $server"
	until_said v.log listening
	port=$(sed -n 's/^listening .*:\([0-9]*\)$/\1/p' v.log)
}
ended() { # status
	st=0
	wait "$server" || st=$?
	is "tls serve ends" $st "$1"
}
serve --trust root.pem --require-client-cert --count 3
echo | openssl s_client -connect 127.0.0.1:$port -CAfile root.pem -cert api.pem -cert_chain ica.pem -key api.key >c.log 2>&1 || fail "s_client: $(cat c.log)"
echo | openssl s_client -connect 127.0.0.1:$port -CAfile root.pem >c.log 2>&1 || :
echo | openssl s_client -connect 127.0.0.1:$port -CAfile root.pem -cert self.pem -key self.key >c.log 2>&1 || :
ended 1
grep -q 'api.acme.test, .* trusted by root.pem' v.log || fail "not trusted: $(cat v.log)"
grep -q 'the server wants a certificate of the client' v.log || fail "not wanted: $(cat v.log)"
grep -q 'NOT VALID' v.log || fail "not refused: $(cat v.log)"
grep -q '^3 clients, 2 without a handshake' v.log || fail "no sum: $(cat v.log)"
pass
if have curl; then
	serve --trust root.pem --count 2 --alpn http/1.1
	is "curl gets a page" "$(curl -sS --max-time 8 --cacert root.pem --cert api-chain.pem --key api.key \
		--resolve shop.acme.test:$port:127.0.0.1 https://shop.acme.test:$port/ | sed -n 2p)" "your certificate: CN=api.acme.test, which is trusted here"
	curl -sS --max-time 8 --cacert old.pem --resolve shop.acme.test:$port:127.0.0.1 https://shop.acme.test:$port/ >/dev/null 2>&1 &&
		fail 'curl trusts what it should not'
	ended 1
	grep -q 'GET / HTTP/1.1' v.log || fail "no request: $(cat v.log)"
	grep -q 'the client refuses the certificate of the server' v.log || fail "it is not told: $(cat v.log)"
	pass
fi
if have gnutls-cli; then
	serve --once --trust root.pem --require-client-cert
	echo | gnutls-cli --x509cafile root.pem --x509certfile api-chain.pem --x509keyfile api.key --verify-hostname shop.acme.test \
		--sni-hostname shop.acme.test -p $port 127.0.0.1 >c.log 2>&1 || fail "gnutls-cli: $(cat c.log)"
	ended 0
	grep -q 'for shop.acme.test' v.log || fail "no SNI: $(cat v.log)"
	pass
fi
if have java && have javac && javac -d classes "$ROOT/tests/interop/Tls.java" 2>javac.log; then
	k trust ts.p12 root.pem --create --new-pass file:pass -q
	k convert api.key api.pem ica.pem -o api.p12 --alias api --new-pass file:pass -q
	serve --once --trust root.pem --require-client-cert
	printf 'a shop.acme.test %s PKCS12:ts.p12:secret-pass: PKCS12:api.p12:secret-pass:secret-pass\n' $port > spec
	java -XX:TieredStopAtLevel=1 -Xshare:auto -cp classes Tls connect spec >c.log 2>&1 || :
	ended 0
	grep -q 'api.acme.test, .* trusted by root.pem' v.log || fail "Java's is not shown: $(cat v.log c.log)"
	pass
fi
# --- told to stop, it has its say
: > v.err
"$KSTOOL" tls serve --identity shop.p12 --pass file:pass --json > v.json 2> v.err &
server=$!
pids="$pids $server"
until_said v.err 'listening on'
port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' v.err)
is "ours at ours" "$(said 127.0.0.1:$port $trust $me)" "0 - - - - unknown"
kill -TERM "$server"
ended 0
is "one document" "$(jq -r '[.exit, .seen, .refused, .clients[0].client.certificates[0].subject, .clients[0].client.verdict == null] | map(tostring) | join(" ")' v.json)" \
	"0 1 0 CN=api.acme.test true"
serve
st=0
k tls serve --identity shop.p12 --pass file:pass --listen 127.0.0.1:$port >out 2>&1 || st=$?
is "a port that is taken" $st 7
kill -TERM "$server"
ended 0

# --- what is no TLS server
st() { st=0; k tls test "$@" >out 2>&1 || st=$?; echo $st $(sed -n 's/.*\[\([a-z-]*\)\].*/\1/p' out); }
is "nobody there" "$(st 127.0.0.1:1 --trust root.pem)" "7 unreachable"
/usr/bin/python3 "$ROOT/tests/interop/no_tls.py" > n.log 2>&1 &
pids="$pids $!"
until_said n.log ready
np() { sed -n "s/^$1 //p" n.log; }
is "a greeting" "$(st 127.0.0.1:"$(np greeting)" --trust root.pem)" "7 not-tls"
is "an answer of HTTP" "$(st 127.0.0.1:"$(np http)" --trust root.pem)" "7 not-tls"
is "silence" "$(st 127.0.0.1:"$(np silent)" --trust root.pem --timeout 1s)" "7 timed-out"
is "goodbye" "$(st 127.0.0.1:"$(np bye)" --trust root.pem)" "7 connection-closed"
is "a flood" "$(st 127.0.0.1:"$(np flood)" --trust root.pem --timeout 5s | cut -d' ' -f1)" 7
is "a file is no server" "$(st root.pem --trust root.pem)" "2 usage"
done_ tls_peers
