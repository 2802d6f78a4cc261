# SPDX-License-Identifier: ISC
# muscle.sh - 28 things that other tools were seen to do, and that hurt (M1 to M28): kstool does each
# of them right.  Where the other tool is installed its own answer is shown beside; it is not judged.
. tests/lib/sh.sh
row() { echo "M$1  $2"; }
later() { echo "     waits: $*"; }
theirs() { # command...: what the other tool says, and the status it says it with
	command -v "$1" >/dev/null 2>&1 || return 0
	s=0
	"$@" > .theirs 2>&1 < /dev/null || s=$?
	echo "     $(basename "$1"): exit $s$(sed -n '/./{s/^/, "/;s/$/"/;p;q}' .theirs | cut -c1-90)"
}
code() { # status command...: ends with it; .out and .err hold the streams
	want=$1; shift
	got=0
	k "$@" > .out 2> .err < /dev/null || got=$?
	[ "$got" = "$want" ] || fail "kstool $*: exit $got, expected $want: $(cat .err)"
	pass
}
says() { grep -q -e "$2" "$1" || fail "no '$2' in: $(cat "$1")"; pass; }
silent() { [ ! -s .out ] || fail "something on standard output: $(head -3 .out)"; pass; }
untouched() { cmp -s "$1" "$2" || fail "$1 was changed"; pass; }
json() { "$py" -c "import json,sys; d=json.load(open('.out')); print($1)"; }
py=/usr/bin/python3
[ -x $py ] || py=python3
k import app.p12 shop.key shop-chain.pem --create --alias shop --new-pass file:pass --iterations 1000 -q >/dev/null
cp app.p12 app.was

row 1 'a request that did not happen never ends with 0, and nothing waits for an answer'
theirs keytool -importcert -alias ca -file root.pem -keystore kt1.p12 -storepass:file pass
code 0 trust m1.p12 root.pem --create --pass file:pass
says .out 'added'
cp m1.p12 m1.was
code 5 trust m1.p12 shop.pem --pass file:pass
silent
untouched m1.p12 m1.was

row 2 'an error is on standard error, and only there'
theirs keytool -list -keystore app.p12 -storepass:file pass2
code 4 list app.p12 --pass file:pass2
silent
says .err 'wrong-passphrase'

row 3 'a passphrase, a file, a name and an option fail with different status'
code 4 list app.p12 --pass file:pass2
code 3 list nothing.p12
code 6 show app.p12 nobody --pass file:pass
code 2 list app.p12 --bogus
code 5 import app.p12 api.pem --pass file:pass

row 4 'the prompt shows no passphrase when the output goes into a pipe (more in tests/cli/prompts.py)'
KSTOOL=$KSTOOL FIXTURES=$FX PYTHONPATH="$ROOT/tests/lib" $py - <<'P' || fail 'the prompt'
import command
with command.Place() as p:
    t = p.terminal("list", "shop.p12", stdout=p.path("out"))
    t.expect("Passphrase for")
    t.wait_echo(False)
    t.send("secret-pass\n")
    t.ends(0)
    assert b"secret-pass" not in t.seen and b"shop" in p.read("out")
P
pass

row 5 'of a file with several certificates all are taken, and counted'
cat root.pem ica.pem > two.pem
theirs keytool -importcert -noprompt -alias two -file two.pem -keystore kt5.p12 -storepass:file pass
code 0 trust m5.p12 two.pem --create --pass file:pass
says .out '2 added'
is 'entries' "$(k list m5.p12 --pass file:pass --plain | wc -l)" 2

row 6 'a certificate without its key under a mistyped name is refused: to import is not to trust'
code 5 import app.p12 ica.pem --alias typo --pass file:pass
silent
says .err 'no-private-key'
says .err 'kstool trust app.p12 ica.pem'
untouched app.p12 app.was

row 7 'a PKCS#12 truststore is not empty for Java'
openssl pkcs12 -export -nokeys -in root.pem -out openssl-ts.p12 -passout file:pass
theirs keytool -list -keystore openssl-ts.p12 -storepass:file pass
code 0 convert openssl-ts.p12 -o m7.p12 --as-trust --pass file:pass --new-pass file:pass
if have keytool; then
	is 'keytool counts' "$(keytool -list -keystore m7.p12 -storepass:file pass 2>/dev/null | grep -c trustedCertEntry)" 1
fi

row 8 'every entry has a name, made from what it is, and printed'
code 0 convert shop.key shop-chain.pem -o m8.p12 --new-pass file:pass
says .out 'shop.acme.test'
is 'the alias' "$(k list m8.p12 --pass file:pass --plain | cut -f2)" shop.acme.test

row 9 'a key is for a host, not for a first and last name; the host is in the SAN'
code 2 keygen m9.p12 --create --new-pass file:pass
says .err '--host'
code 0 keygen m9.p12 --create --new-pass file:pass --host a.acme.test,10.0.0.1
is 'its names' "$(k show m9.p12 --pass file:pass --field sans)" 'a.acme.test, 10.0.0.1'

row 10 'a request keeps the names of its certificate'
code 0 csr app.p12 shop -o m10.csr --pass file:pass
openssl req -in m10.csr -noout -text > csr.txt
says csr.txt 'DNS:shop.acme.test, DNS:www.shop.acme.test'
printf 'basicConstraints=CA:FALSE\n' > empty.ext
theirs openssl x509 -req -in m10.csr -CA ica.pem -CAkey ica.key -days 2 -out dropped.pem
later 'what a CA makes of it, for "ca sign"'

row 11 '1 is the answer no; a file that is not there is no answer'
theirs openssl x509 -checkend 99999999 -noout -in shop.pem
theirs openssl x509 -checkend 1 -noout -in nothing.pem
code 1 list root.pem --state expired
code 0 list old.pem --state expired
code 3 list nothing.pem --state expired
silent
later 'the same question for a fleet, for "scan"'

row 12 'the status carries the answer'
theirs openssl x509 -in shop.pem -noout -checkhost other.test
code 1 list shop.pem --match other.test
code 0 list shop.pem --match www.shop.acme.test
code 1 verify shop-chain.pem --trust root.pem --host other.test
says .out 'not for other.test: it is for shop.acme.test, www.shop.acme.test'
code 0 verify shop-chain.pem --trust root.pem --host www.shop.acme.test

row 13 'an option that does not exist stops everything, and the nearest is named'
theirs openssl x509 -in shop.pem -noout -bogus
code 2 show shop.pem --bogus
silent
code 2 show shop.pem --shrt
says .err '--short'

row 14 'what is wrong with a chain is said in words, with what to do'
theirs openssl verify shop.pem
code 1 lint shop.p12 --pass file:pass --fail-on warn --at 2040-01-01
says .out 'expired'
code 0 show shop.key shop.pem root.pem
says .out 'the chain has a hole: Acme Issuing CA is missing'
! grep -q 'error [0-9]' .out || fail 'a number for an error'
code 1 verify shop.pem --trust root.pem --host nowhere.test --at 2040-01-01 --ascii
says .out 'FAIL trusted       Acme Issuing CA, which signed shop.acme.test, is missing'
says .out 'FAIL dates         shop.acme.test: expired on'
says .out 'FAIL host          not for nowhere.test'
says .out 'hint: '
! grep -q 'error [0-9]' .out || fail 'a number for an error'

row 15 'a handshake is not done before the other side had its say'
later 'a server that wants a certificate of the client, for "tls test"'

row 16 'a format is recognised, whatever the file is called; no queue of library errors'
theirs openssl x509 -inform DER -in root.pem -noout
cp root.pem root-pem.der
cp root.der root-der.pem
for f in root.pem root.der root-pem.der root-der.pem; do
	code 0 show $f --field sha256
	cp .out sha.$f
	same "sha256 of $f" sha.$f sha.root.pem
done
head -c 300 root.der > broken.der
code 3 show broken.der
silent
! grep -q ':error:\|routines' .err || fail "raw: $(cat .err)"

row 17 'what a key is need not be known to ask what it is'
theirs openssl rsa -in api.key -check -noout
for f in api.key:P-256 shop.key:RSA-2048 ed.key:Ed25519; do
	code 0 show "${f%:*}"
	says .out "${f#*:}"
done

row 18 'plain words for what is not there'
code 3 list nothing
says .err 'nothing: .*no such file'
code 6 remove app.p12 zz --yes --pass file:pass
says .err 'has no entry "zz"'

row 19 'the cause of an error has a name'
theirs trust anchor nothing.pem
code 3 trust m1.p12 nothing.pem --pass file:pass
says .err 'no-such-file'
code 3 list root.pem/x
says .err 'no such file'
! grep -qi 'unknown error' .err || fail 'unknown'

row 20 'no colour where nobody sees it, or nobody wants it'
for o in '--help' 'help list' 'list root.pem' 'lint old.pem'; do
	# shellcheck disable=SC2086
	code 0 $o
	! grep -q "$(printf '\033')" .out .err || fail "escape sequences in: kstool $o"
done
code 0 list root.pem --color always
says .out "$(printf '\033')"

row 21 'short where nobody asked for more, and UTC'
theirs keytool -printcert -file shop.pem
TZ=EST5EDT
export TZ
code 0 show shop.pem
lines=$(wc -l < .out)
[ "$lines" -le 20 ] || fail "show prints $lines lines for one certificate"
says .out '[0-9][0-9]:[0-9][0-9]Z'
! grep -q 'E[SD]T' .out || fail 'local time'
bundle=/etc/ssl/certs/ca-certificates.crt
if [ -r $bundle ]; then
	code 0 list $bundle
	[ "$(wc -l < .out)" -le $(($(grep -c BEGIN $bundle) + 5)) ] || fail 'more than a line for an entry'
	pass
fi
unset TZ

row 22 'a file with a key is 0600 whatever the umask, and a mistyped path makes none'
(umask 0; k import m22k.p12 api.key api.pem --create --pass file:pass -q >/dev/null)
is 'mode' "$(stat -c %a m22k.p12)" 600
code 5 trust mistyped.p12 root.pem --pass file:pass
says .err '--create'
[ ! -e mistyped.p12 ] || fail 'it was made'
(umask 0; k trust m22.p12 root.pem --create --pass file:pass -q >/dev/null)
is 'mode of certificates alone' "$(stat -c %a m22.p12)" 644

row 23 'the same CA again, under whatever name, is unchanged'
theirs keytool -importcert -noprompt -alias other -file root.pem -keystore m22.p12 -storepass:file pass
cp m1.p12 m1.was
code 0 trust m1.p12 root.pem --pass file:pass
says .out 'unchanged'
code 0 trust m1.p12 root.pem --alias another --pass file:pass
says .out 'unchanged'
untouched m1.p12 m1.was

row 24 'where something could be lost there is a backup, and it is said'
code 0 remove app.p12 shop --yes --pass file:pass
says .out 'app.p12.kstool-bak'
untouched app.p12.kstool-bak app.was
code 0 undo app.p12 --pass file:pass
untouched app.p12 app.was

row 25 'names that anybody can read need no passphrase'
code 0 __complete -- show shop.p12 ''
says .out '^shop'
if have keytool; then
	keytool -importcert -noprompt -alias jroot -file root.pem -keystore j.jks -storetype JKS -storepass:file pass >/dev/null 2>&1
	code 0 list j.jks
	says .out 'jroot'
fi

row 26 'a serial number is a string'
openssl req -x509 -key api.key -subj /CN=serial -set_serial 600447850187114949 -days 9 -out serial.pem
code 0 list serial.pem --json
is 'the serial number' "$(json 'd["stores"][0]["entries"][0]["certs"][0]["serial"]')" "$(printf %x 600447850187114949 | sed 's/^\(.\(..\)*\)$/0\1/')"

row 27 'a time has no fraction'
is 'not_after' "$(json 'd["stores"][0]["entries"][0]["certs"][0]["not_after"]' | sed 's/[0-9]/0/g')" 0000-00-00T00:00:00Z
if command -v jq >/dev/null 2>&1; then
	is 'jq reads it' "$(jq -r '.stores[0].entries[0].certs[0] | (.not_after | fromdateiso8601) == .not_after_unix' .out)" true
fi

row 28 'it answers at once'
ms=$($py - "$KSTOOL" <<'P'
import os, subprocess, sys
for _ in range(10):
    subprocess.run([sys.argv[1], "list", "/etc/ssl/certs/ca-certificates.crt"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
t = os.times()
print(int(100 * (t.children_user + t.children_system)))
P
)
echo "     $ms ms of work to list the system's CAs"
[ "$ms" -le 100 ] || [ -n "${ASAN_OPTIONS:-}" ] || fail "$ms ms"
pass
done_ muscle
