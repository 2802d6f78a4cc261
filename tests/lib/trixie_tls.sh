# SPDX-License-Identifier: ISC
# trixie_tls.sh - sourced by trixie.sh: post-quantum certificates verify, are taken back, and shake hands,
# with OpenSSL 3.5 as CA, as second opinion and as the other side
no() { # what pattern command: it fails there, and says so
	there "$3" > "$root/w/no.txt" 2>&1 && fail "$1: taken"
	grep -qE "$2" "$root/w/no.txt" || fail "$1: $(cat "$root/w/no.txt")"
	say
}
yes() { there "$2" > "$root/w/yes.txt" 2>&1 || fail "$1: $(cat "$root/w/yes.txt")"; say; }

# --- chains of openssl: algorithm of the root, of the CA, of the leaf
cat > "$root/w/pq.cnf" <<'T'
[req]
distinguished_name = dn
[dn]
[ca]
default_ca = d
[d]
dir = $ENV::CADIR
database = $dir/index.txt
serial = $dir/serial
crlnumber = $dir/crlnumber
new_certs_dir = $dir
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = default
default_days = 90
default_crl_days = 7
policy = p
unique_subject = no
[p]
commonName = supplied
[top]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[sub]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:pq.acme.test
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[crl]
authorityKeyIdentifier = keyid
T
cat > "$root/w/chain.sh" <<'T'
set -e
export CADIR=.
d=$1
mkdir -p $d/root $d/ca
cd $d
key() { case $1 in EC) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $2 ;; *) openssl genpkey -algorithm $1 -out $2 ;; esac; }
key $2 root/ca.key; key $3 ca/ca.key; key $4 leaf.key
for c in root ca; do : > $c/index.txt; echo 1000 > $c/serial; echo 01 > $c/crlnumber; done
openssl req -x509 -new -key root/ca.key -subj "/CN=PQ Root" -days 100 -config ../pq.cnf -extensions top -out root/ca.pem
openssl req -new -key ca/ca.key -subj "/CN=PQ CA" -config ../pq.cnf -out ca.csr
CADIR=root openssl ca -config ../pq.cnf -batch -notext -extensions sub -in ca.csr -out ca/ca.pem
for n in leaf gone; do
	openssl req -new -key leaf.key -subj /CN=pq.acme.test -config ../pq.cnf -out $n.csr
	CADIR=ca openssl ca -config ../pq.cnf -batch -notext -extensions leaf -in $n.csr -out $n.pem
done
CADIR=ca openssl ca -config ../pq.cnf -revoke gone.pem -crl_reason keyCompromise
CADIR=ca openssl ca -config ../pq.cnf -gencrl -crlexts crl -out ca.crl
cat leaf.pem ca/ca.pem > chain.pem
# The same names, other keys.
key $2 other.key
openssl req -x509 -new -key other.key -subj "/CN=PQ Root" -days 100 -config ../pq.cnf -extensions top -out other.pem
T
for c in 'ML-DSA-65 ML-DSA-65 ML-DSA-44' 'ML-DSA-87 EC ML-DSA-65' 'SLH-DSA-SHA2-128f ML-DSA-44 EC' 'EC ML-DSA-87 SLH-DSA-SHAKE-128f'; do
	d=c-$(echo "$c" | tr 'A-Z ' a-z_)
	yes "chain $c" "sh chain.sh $d $c"
	v="kstool verify $d/chain.pem --host pq.acme.test --purpose server"
	yes "$c: openssl" "openssl verify -x509_strict -crl_check -CRLfile $d/ca.crl -CAfile $d/root/ca.pem -untrusted $d/ca/ca.pem $d/leaf.pem"
	yes "$c: verify" "$v --trust $d/root/ca.pem --crl $d/ca.crl"
	yes "$c: strict" "$v --trust $d/root/ca.pem --crl $d/ca.crl --policy strict"
	no "$c: revoked" 'revoked.*keyCompromise|keyCompromise' "kstool verify $d/gone.pem --extra $d/ca/ca.pem --trust $d/root/ca.pem --crl $d/ca.crl --plain"
	no "$c: another root" 'bad-signature|untrusted|incomplete-chain' "$v --trust $d/other.pem --plain"
	no "$c: a list of another" 'crl-bad|revocation-unknown' "openssl crl -in $d/ca.crl -outform DER -out $d/x.crl && printf x | dd of=$d/x.crl bs=1 seek=\$((\$(stat -c %s $d/x.crl) - 9)) conv=notrunc 2>/dev/null; $v --trust $d/root/ca.pem --crl $d/x.crl --plain"
done

# --- a CA made here
ca="--pass file:pass"
yes 'ca init' "kstool ca init --name 'PQ Acme CA' --alg ml-dsa-65 --kdf-cost low --new-pass file:pass"
yes 'ca issue' "kstool ca issue web --server --host web.acme.test --alg ml-dsa-44 $ca --new-pass file:pass && kstool ca issue client --client --alg ml-dsa-65 $ca --new-pass file:pass"
yes 'ca issue, PEM' "kstool ca issue both --both --host both.acme.test --alg ml-dsa-87 --to pem --plain-key $ca"
yes 'ca: openssl by the book' "openssl verify -x509_strict -purpose sslserver -crl_check -CRLfile pki/crl.pem -CAfile trust.pem -untrusted pki/ca.pem both.pem"
yes 'ca: openssl, the CA itself' "openssl verify -x509_strict -CAfile trust.pem pki/ca.pem"
yes 'ca: verify' "kstool verify web.p12 --trust trust.pem --host web.acme.test --crl pki/crl.pem $ca"
yes 'tls pair, one way' "kstool tls pair --server web.p12 --client-trust trust.pem --host web.acme.test $ca -v"
yes 'tls pair, mutual' "kstool tls pair --server web.p12 --server-trust trust.pem --client client.p12 --client-trust trust.pem --host web.acme.test $ca -v"
grep -qi 'mlkem768' "$root/w/yes.txt" || fail "tls pair: no hybrid group: $(cat "$root/w/yes.txt")"
say
no 'tls pair, TLS 1.2' . "kstool tls pair --server web.p12 --client-trust trust.pem --host web.acme.test --tls 1.2 $ca"
no 'tls pair, another root' unknown_ca "kstool tls pair --server web.p12 --client-trust c-ml-dsa-65_ml-dsa-65_ml-dsa-44/root/ca.pem --host web.acme.test $ca --plain"

# --- a live server, with a staple
port=$((20000 + $$ % 10000))
d=c-ml-dsa-65_ml-dsa-65_ml-dsa-44
yes 'an OCSP answer' "cd $d && openssl ocsp -issuer ca/ca.pem -cert leaf.pem -reqout req.der -no_nonce && openssl ocsp -index ca/index.txt -CA ca/ca.pem -rsigner ca/ca.pem -rkey ca/ca.key -reqin req.der -respout staple.der -ndays 1"
(exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" sh -c "cd /w/$d && exec openssl s_server -accept 127.0.0.1:$port -cert leaf.pem \
	-key leaf.key -cert_chain ca/ca.pem -status_file staple.der -quiet") > "$root/w/s_server.txt" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || :' EXIT
i=0
until there "kstool verify 127.0.0.1:$port --trust $d/root/ca.pem --host pq.acme.test --plain" > "$root/w/live.txt" 2>&1; do
	i=$((i + 1))
	[ $i -lt 30 ] || fail "a live server: $(cat "$root/w/live.txt" "$root/w/s_server.txt")"
	sleep 0.2
done
grep -q 'stapled by the server' "$root/w/live.txt" || fail "no staple: $(cat "$root/w/live.txt")"
say
kill $server 2>/dev/null || :

# --- here, where OpenSSL may not know them: said, and never taken for good
if ! "$here" version -v 2>/dev/null | grep -qE 'OpenSSL (3\.[5-9]|3\.[1-9][0-9]|[4-9])'; then
	d=$root/w/c-ml-dsa-65_ml-dsa-65_ml-dsa-44
	"$here" verify "$d/chain.pem" --trust "$d/root/ca.pem" --plain > "$root/w/here.txt" 2>&1 && fail 'verified here, without ML-DSA'
	grep -q unknown-signature "$root/w/here.txt" || fail "here: $(cat "$root/w/here.txt")"
	say
	"$here" verify "$root/w/c-ec_ml-dsa-87_slh-dsa-shake-128f/chain.pem" --trust "$root/w/c-ec_ml-dsa-87_slh-dsa-shake-128f/root/ca.pem" \
		--crl "$root/w/c-ec_ml-dsa-87_slh-dsa-shake-128f/ca.crl" --plain > "$root/w/here.txt" 2>&1 && fail 'verified here, without SLH-DSA'
	grep -q unknown-signature "$root/w/here.txt" || fail "here: $(cat "$root/w/here.txt")"
	say
fi
