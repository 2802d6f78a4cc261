# SPDX-License-Identifier: ISC
# revocation.sh - lists and answers of other people's CAs: openssl ca, certtool, openssl ocsp, a web server;
# where openssl verify can check the same it must agree
. tests/lib/sh.sh
PY=/usr/bin/python3
[ -x $PY ] || PY=python3
pids=
trap 'kill $pids 2>/dev/null || :; rm -rf "$W"' EXIT

port() { $PY -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listens() { # port: wait until somebody does
	i=0
	until $PY -c "import socket; socket.create_connection(('127.0.0.1', $1), 1).close()" 2>/dev/null; do
		i=$((i + 1)); [ $i -lt 100 ] || fail "nobody listens on port $1"; sleep 0.1
	done
}
# The result and reason of the check of the certificate at a depth, as --plain has it.
said() { k verify "$@" --plain 2>err.txt | awk -F'\t' '$3 == "revocation" && $6 + 0 == 0 { print $4, $5 }'; }
text() { k verify "$@" --plain 2>/dev/null | awk -F'\t' '$3 == "revocation" && $6 == 0 { print $8 }'; }
is_said() { # what want args of verify
	what=$1 want=$2
	shift 2
	is "$what" "$(said "$@")" "$want"
}

# --- a CA of openssl ca: a root and one below it
web=$(port) ocsp=$(port)
cat > ca.cnf <<T
[ca]
default_ca = d
[d]
dir = \$ENV::CADIR
database = \$dir/index.txt
serial = \$dir/serial
crlnumber = \$dir/crlnumber
new_certs_dir = \$dir
certificate = \$dir/ca.pem
private_key = \$dir/ca.key
default_md = sha256
default_days = 90
default_crl_days = 7
policy = p
unique_subject = no
copy_extensions = none
[p]
commonName = supplied
[sub]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
subjectAltName = DNS:leaf.test
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:http://127.0.0.1:$web/issuing.crl
authorityInfoAccess = OCSP;URI:http://127.0.0.1:$ocsp/
[bare]
subjectAltName = DNS:leaf.test
extendedKeyUsage = serverAuth
[responder]
extendedKeyUsage = OCSPSigning
keyUsage = critical,digitalSignature
[crl]
authorityKeyIdentifier = keyid
T
for d in root issuing; do
	mkdir $d
	: > $d/index.txt
	echo 1000 > $d/serial
	echo 01 > $d/crlnumber
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $d/ca.key 2>/dev/null
done
ca() { d=$1; shift; CADIR=$d openssl ca -config ca.cnf -batch -notext "$@" 2>>ca.log || fail "openssl ca $*: $(tail -5 ca.log)"; }
openssl req -x509 -new -key root/ca.key -subj '/CN=Root' -days 3650 -out root/ca.pem -config ca.cnf -extensions sub 2>/dev/null ||
	openssl req -x509 -new -key root/ca.key -subj '/CN=Root' -days 3650 -out root/ca.pem
openssl req -new -key issuing/ca.key -subj '/CN=Issuing' -out issuing.csr
ca root -extensions sub -in issuing.csr -out issuing/ca.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out leaf.key 2>/dev/null
leaf() { # name extensions
	openssl req -new -key leaf.key -subj "/CN=$1" -out "$1.csr"
	ca issuing -extensions "$2" -in "$1.csr" -out "$1.pem"
}
for n in good compromised replaced held future; do leaf $n leaf; done
leaf bare bare
leaf responder responder
revoke() { ca issuing -revoke "$1.pem" -crl_reason "$2"; }
revoke compromised keyCompromise
revoke replaced superseded
ca issuing -revoke held.pem -crl_hold holdInstructionReject
ca issuing -gencrl -crlexts crl -out issuing.crl
ca root -gencrl -crlexts crl -out root.crl
cat root/ca.pem > trust.pem
V="--trust trust.pem --extra issuing/ca.pem"

agree() { # name want-of-kstool want-of-openssl(ok|revoked|...) crl...
	n=$1 want=$2 their=$3
	shift 3
	files= crls=
	for c; do files="$files --crl $c" crls="$crls $c"; done
	# shellcheck disable=SC2086
	is_said "$n" "$want" "$n.pem" $V $files
	cat $crls > crls.pem
	openssl verify -CAfile trust.pem -untrusted issuing/ca.pem -crl_check -CRLfile crls.pem "$n.pem" > o.txt 2>&1 || :
	grep -q "$their" o.txt || fail "$n: openssl says $(cat o.txt)"
	pass
}
agree good 'pass ' ': OK' issuing.crl
agree good 'pass ' ': OK' issuing.crl root.crl
agree compromised 'fail revoked' 'certificate revoked' issuing.crl
agree replaced 'fail revoked' 'certificate revoked' issuing.crl
agree held 'fail revoked' 'certificate revoked' issuing.crl
agree good 'not-checked revocation-unknown' 'unable to get certificate CRL' root.crl
text compromised.pem $V --crl issuing.crl | grep -q 'keyCompromise.*issuing.crl' || fail "reason: $(text compromised.pem $V --crl issuing.crl)"
text held.pem $V --crl issuing.crl | grep -q certificateHold || fail 'hold'
pass
k verify compromised.pem $V --crl issuing.crl >/dev/null && fail 'revoked, and exit status 0'
k verify good.pem $V --crl issuing.crl >/dev/null || fail 'good, and exit status 1'
pass

# The intermediate: on the list of the root.
is 'the CA of the chain' "$(k verify good.pem $V --crl issuing.crl --crl root.crl --plain | awk -F'\t' '$3 == "revocation" { print $4, $6 }' | tr '\n' ' ')" \
	'pass 0 pass 1 '

# Forms of a list: DER, several in one file, a directory, a hashed directory.
openssl crl -in issuing.crl -outform DER -out issuing.der.crl
is_said DER 'pass ' good.pem $V --crl issuing.der.crl
cat root.crl issuing.crl > both.pem
is_said 'two in one file' 'fail revoked' replaced.pem $V --crl both.pem
mkdir crls
cp issuing.crl crls/issuing.crl
cp root.crl crls/root.crl
openssl rehash crls
is_said 'a directory' 'fail revoked' replaced.pem $V --crl crls
is_said 'a directory, good' 'pass ' good.pem $V --crl crls

# The newest counts: the hold is lifted by an entry that is gone.
sed -i '/CN=held/d' issuing/index.txt
ca issuing -gencrl -crlexts crl -out newer.crl
agree held 'pass ' ': OK' newer.crl
is_said 'old and new' 'pass ' held.pem $V --crl issuing.crl --crl newer.crl
is_said 'new and old' 'pass ' held.pem $V --crl newer.crl --crl issuing.crl

# Out of date; not yet valid; another CA of the same name; altered.
ca issuing -gencrl -crlexts crl -crl_lastupdate 20240101000000Z -crl_nextupdate 20240102000000Z -out old.crl
agree good 'fail crl-expired' 'CRL has expired' old.crl
text good.pem $V --crl old.crl | grep -q 'old.crl is out of date: the next one was due 2024-01-02 00:00Z' || fail "text: $(text good.pem $V --crl old.crl)"
is_said 'old, but listed' 'fail revoked' replaced.pem $V --crl old.crl
ca issuing -gencrl -crlexts crl -crl_lastupdate 20980101000000Z -crl_nextupdate 20980102000000Z -out early.crl
agree good 'fail crl-expired' 'CRL is not yet valid' early.crl
cp -r issuing impostor
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out impostor/ca.key 2>/dev/null
openssl req -x509 -new -key impostor/ca.key -subj '/CN=Issuing' -days 10 -out impostor/ca.pem 2>/dev/null
ca impostor -gencrl -out impostor.crl
is_said 'of an impostor' 'fail crl-bad' good.pem $V --crl impostor.crl
is_said 'of both' 'pass ' good.pem $V --crl impostor.crl --crl issuing.crl
openssl crl -in issuing.crl -outform DER | $PY -c 'import sys; d = bytearray(sys.stdin.buffer.read()); d[-5] ^= 1; sys.stdout.buffer.write(d)' > altered.crl
is_said altered 'fail crl-bad' good.pem $V --crl altered.crl

# What RFC 5280 demands and others let pass is let pass, and said; strict refuses it.
sed '/^crlnumber/d' ca.cnf > bare.cnf
CADIR=issuing openssl ca -config bare.cnf -batch -gencrl -out bare.crl 2>/dev/null
openssl crl -in bare.crl -noout -text | grep -q 'CRL Number' && fail 'this list has a number'
is_said 'no number' 'let-pass crl-bad
pass ' good.pem $V --crl bare.crl
k verify good.pem $V --crl bare.crl --policy strict --plain | grep -q 'revocation	fail	crl-bad' || fail 'no number, strict'
pass

# --- GnuTLS
if have certtool; then
	printf 'crl_next_update = 7\ncrl_number = 77\n' > crl.tmpl
	certtool --generate-crl --load-ca-privkey issuing/ca.key --load-ca-certificate issuing/ca.pem \
		--load-certificate replaced.pem --template crl.tmpl --outfile gnutls.crl 2>certtool.txt || fail "certtool: $(cat certtool.txt)"
	is_said 'certtool, revoked' 'fail revoked' replaced.pem $V --crl gnutls.crl
	is_said 'certtool, good' 'pass ' good.pem $V --crl gnutls.crl
fi

# --- a web server with the list; nobody is asked unless the user says so
mkdir www
cp issuing.der.crl www/issuing.crl
(cd www && exec $PY -m http.server --bind 127.0.0.1 "$web" > ../web.log 2>&1) &
pids="$pids $!"
listens "$web"
: > web.log
is_said 'not asked' 'not-checked off' good.pem $V
k verify good.pem $V --crl root.crl >/dev/null
[ ! -s web.log ] || fail "the network was touched: $(cat web.log)"
pass
# No responder yet: the list answers, and what it was is said.
is_said 'list of the web, revoked' 'fail revoked' replaced.pem $V --revocation online
is_said 'list of the web, good' 'pass ' good.pem $V --revocation online
is 'its freshness' "$(k verify good.pem $V --revocation online --json | tr -d ' \n' | grep -o '"revocation":{"state":[^}]*' | head -1 | grep -c "http://127.0.0.1:$web/issuing.crl")" 1
grep -q 'GET /issuing.crl' web.log || fail 'nobody asked'
pass
rm www/issuing.crl
is_said 'gone' 'not-checked revocation-unknown' good.pem $V --revocation online
text good.pem $V --revocation online | grep -q "OCSP http://127.0.0.1:$ocsp/ cannot be had: .*Connection refused; http://127.0.0.1:$web/issuing.crl cannot be had: answers \"404 File not found\"" ||
	fail "text: $(text good.pem $V --revocation online)"
is_said 'gone, required' 'fail revocation-unknown' good.pem $V --revocation require
is_said 'bare' 'not-checked revocation-unknown' bare.pem $V --revocation online
openssl crl -in old.crl -outform DER -out www/issuing.crl
is_said 'old on the web' 'fail crl-expired' good.pem $V --revocation online

# --- openssl ocsp (which cannot be told to listen on 127.0.0.1 alone): signed by the CA, by a responder
# that it appointed, by somebody else
start() {
	: > ocsp.log
	openssl ocsp -port "$ocsp" -index issuing/index.txt -CA issuing/ca.pem "$@" > ocsp.log 2>&1 &
	ocsp_pid=$!
	pids="$pids $ocsp_pid"
	i=0 # one who connects and goes away keeps it busy: its own word is waited for
	until grep -q 'waiting for' ocsp.log; do i=$((i + 1)); [ $i -lt 100 ] || fail "openssl ocsp: $(cat ocsp.log)"; sleep 0.1; done
}
stop() { kill $ocsp_pid 2>/dev/null || :; wait $ocsp_pid 2>/dev/null || :; }
start -rsigner issuing/ca.pem -rkey issuing/ca.key -ndays 1
is_said 'OCSP of the CA, good' 'pass ' good.pem $V --revocation online
text good.pem $V --revocation online | grep -qx "OCSP http://127.0.0.1:$ocsp/" || fail "source: $(text good.pem $V --revocation online)"
is_said 'OCSP of the CA, revoked' 'fail revoked' replaced.pem $V --revocation online
is_said 'OCSP, required' 'pass ' good.pem $V --revocation require
sed -i '/CN=future/d' issuing/index.txt
stop
start -rsigner responder.pem -rkey leaf.key
is_said 'OCSP of a responder, good' 'pass ' good.pem $V --revocation online
is_said 'OCSP of a responder, revoked' 'fail revoked' compromised.pem $V --revocation online
is_said 'OCSP, not known there' 'fail crl-expired' future.pem $V --revocation online
text future.pem $V --revocation online | grep -q 'does not know the certificate' || fail 'unknown'
pass
openssl ocsp -issuer issuing/ca.pem -cert good.pem -url "http://127.0.0.1:$ocsp/" -CAfile trust.pem -verify_other issuing/ca.pem -respout staple.der > o.txt 2>&1
stop
start -rsigner good.pem -rkey leaf.key # has no OCSPSigning
is_said 'OCSP of nobody' 'fail crl-bad' good.pem $V --revocation online
text good.pem $V --revocation online | grep -q 'no OCSPSigning' || fail "text: $(text good.pem $V --revocation online)"
stop

# --- stapled by a live server
if k help verify | grep -q HOST:PORT; then
	tls=$(port)
	openssl s_server -accept "127.0.0.1:$tls" -key leaf.key -cert good.pem -cert_chain issuing/ca.pem -status_file staple.der \
		-quiet > s_server.log 2>&1 &
	pids="$pids $!"
	listens "$tls"
	V2="--trust trust.pem --no-host"
	# shellcheck disable=SC2086
	k verify "127.0.0.1:$tls" $V2 --plain > v.txt 2>&1 || :
	grep -q 'revocation	pass		0	.*stapled by the server' v.txt || fail "staple: $(cat v.txt)"
	pass
fi

# --- a list of a hundred thousand
if $PY -c 'import cryptography' 2>/dev/null; then
	$PY - <<'T'
import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
ca = x509.load_pem_x509_certificate(open('issuing/ca.pem', 'rb').read())
key = serialization.load_pem_private_key(open('issuing/ca.key', 'rb').read(), None)
serial = x509.load_pem_x509_certificate(open('compromised.pem', 'rb').read()).serial_number
now = datetime.datetime.utcnow()
rows = [x509.RevokedCertificateBuilder().serial_number((1 << 127) + i * 977).revocation_date(now).build() for i in range(100000)]
rows.insert(77777, x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build())
b = x509.CertificateRevocationListBuilder(ca.subject, now, now + datetime.timedelta(7), [], rows)
open('big.crl', 'wb').write(b.add_extension(x509.CRLNumber(99), False).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))
T
	is_said 'a hundred thousand, listed' 'fail revoked' compromised.pem $V --crl big.crl
	is_said 'a hundred thousand, not listed' 'pass ' good.pem $V --crl big.crl
fi
done_ revocation
