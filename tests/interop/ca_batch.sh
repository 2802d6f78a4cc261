#!/bin/sh
# SPDX-License-Identifier: ISC
# ca_batch.sh - a batch that is killed again and again is brought to its end: as many certificates as rows,
# no serial twice, no gap in the ledger, no half file, keys and certificates that belong together.
# 300 rows; with KST_LONG=1 it is 10,000.
set -eu
rows=300 kills=4 some=15
[ -z "${KST_LONG:-}" ] || { rows=10000 kills=12 some=700; }
w=$(mktemp -d)
pid=
trap 'kill -9 $pid 2>/dev/null || :; rm -rf "$w"' EXIT
cd "$w"
fail() { echo "ca_batch: $*"; exit 1; }
printf 'a passphrase of the CA\n' > pass
chmod 600 pass
"$KSTOOL" ca init --name 'Devices CA' --pass file:pass --kdf-cost low -q --no-input > /dev/null
awk -v n=$rows 'BEGIN { print "name,san"; for (i = 1; i <= n; i++) printf "dev-%05d,uri:urn:acme:dev:%05d\n", i, i }' > devices.csv
issue() { # in a process of its own, which is what is killed
	exec "$KSTOOL" ca issue --batch devices.csv --client --days 365 --new-pass 'gen:out/{name}.pass' --iterations 1000 \
		--out-dir out --pass file:pass --no-input "$@"
}
files() { find out -name 'dev-*.p12' 2>/dev/null | wc -l; }

# Killed while files are written, as soon as there are some more; and every second time wherever it is.
i=0 killed=0
while [ $i -lt $kills ]; do
	i=$((i + 1))
	want=$(($(files) + some))
	issue > log 2>&1 &
	pid=$!
	if [ $((i % 2)) = 1 ]; then
		until [ "$(files)" -ge $want ] || ! kill -0 $pid 2>/dev/null; do sleep 0.02; done
	else
		sleep 0.$((i * 7 % 30 + 20))
	fi
	kill -9 $pid 2>/dev/null && killed=$((killed + 1))
	wait $pid 2>/dev/null || :
	pid=
done
[ $killed = $kills ] || fail "only $killed of $kills runs could be killed: $(cat log)"
before=$(files)
[ "$before" -gt 0 ] && [ "$before" -lt $rows ] || fail "killed with $before files of $rows: that is no middle"

(issue) > log 2>&1 || fail "the run that was left alone failed: $(cat log)"
(issue) > again 2>&1 || fail "the run after that failed: $(cat again)"
grep -q "^0 issued, $rows unchanged, 0 failed\." again || fail "run again: $(cat again)"

/usr/bin/python3 - $rows <<'PY' || fail 'the ledger or the files are wrong'
import glob, json, os, sqlite3, sys
n = int(sys.argv[1])
db = sqlite3.connect("file:pki/ledger.db?mode=ro", uri=True)
one = lambda sql: db.execute(sql).fetchone()[0]
bad = []
def want(what, got, meant):
	if got != meant:
		bad.append(f"{what}: {got}, not {meant}")
want("integrity", one("PRAGMA integrity_check"), "ok")
want("rows of devices", one("SELECT count(*) FROM certificate WHERE profile = 'client'"), n)
want("rows of CAs", one("SELECT count(*) FROM certificate WHERE profile <> 'client'"), 2)
want("different serials", one("SELECT count(DISTINCT serial) FROM certificate"), n + 2)
want("different names", one("SELECT count(DISTINCT name) FROM certificate"), n + 2)
want("different keys", one("SELECT count(DISTINCT spki) FROM certificate"), n + 2)
want("last id", one("SELECT max(id) FROM certificate"), n + 2)
want("valid and delivered", one("SELECT count(*) FROM certificate WHERE state = 'valid' AND delivered = 1"), n + 2)
want("certificates", one("SELECT count(cert) FROM certificate"), n + 2)
want("unsigned", one("SELECT count(tbs) FROM certificate"), 0)
want("certs/", len(glob.glob("pki/certs/*.pem")), n + 2)
want("pending keys", os.listdir("pki/pending"), [])
want("unfinished files", [f for f in os.listdir("out") if f.startswith(".")], [])
want("stores", len(glob.glob("out/dev-*.p12")), n)
want("passphrases", len(glob.glob("out/dev-*.pass")), n)
lines = [json.loads(l) for l in open("out/manifest.jsonl")]
want("lines of the manifest", len(lines), n)
ledger = {name: serial for name, serial in db.execute("SELECT name, lower(hex(serial)) FROM certificate WHERE profile = 'client'")}
want("serials of the manifest", {l["name"]: l["serial"] for l in lines}, ledger)
for b in bad:
	print("ca_batch:", b[:300])
sys.exit(bool(bad))
PY

# Every file opens with its passphrase, and holds the key and the certificate of its row.
/usr/bin/python3 - <<'PY' || fail 'a file is not what the ledger says'
import glob, sqlite3, sys
try:
	from cryptography.hazmat.primitives.serialization import pkcs12, Encoding, PublicFormat
except ImportError:
	print("ca_batch: the stores are not opened: there is no python3-cryptography")
	sys.exit(0)
db = sqlite3.connect("file:pki/ledger.db?mode=ro", uri=True)
cert = dict(db.execute("SELECT name, cert FROM certificate"))
spki = lambda k: k.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
for f in sorted(glob.glob("out/dev-*.p12")):
	name = f[4:-4]
	key, leaf, more = pkcs12.load_key_and_certificates(open(f, "rb").read(), open(f"out/{name}.pass", "rb").readline().strip())
	if leaf.public_bytes(Encoding.DER) != cert[name] or spki(key.public_key()) != spki(leaf.public_key()) or len(more) != 1:
		sys.exit(f"{f} is wrong")
PY
cat pki/certs/*.pem > /dev/null
openssl verify -x509_strict -CAfile out/trust.pem -untrusted pki/ca.pem pki/certs/*.pem > verified 2>&1 || fail "openssl: $(tail -3 verified)"
[ "$(grep -c ': OK$' verified)" = $((rows + 2)) ] || fail 'openssl has not verified all of them'

echo "ca_batch: $rows certificates, $killed runs killed ($before files then), none lost, none twice"

# The revocation list has what was taken back, and nothing else.
printf 'name\ndev-00003\ndev-00005\ndev-00300\n' > stolen.csv
"$KSTOOL" ca revoke --batch stolen.csv --reason keyCompromise --pass file:pass --no-input > /dev/null || fail revoke
openssl crl -in pki/crl.pem -CAfile pki/ca.pem -noout > verified 2>&1 && grep -q 'verify OK' verified || fail 'the CRL is not signed by the CA'
openssl crl -in pki/crl.pem -noout -text | sed -n 's/ *Serial Number: //p' | sort > listed
/usr/bin/python3 -c 'import sqlite3
for s, in sqlite3.connect("file:pki/ledger.db?mode=ro", uri=True).execute("SELECT hex(serial) FROM certificate WHERE name IN (\"dev-00003\", \"dev-00005\", \"dev-00300\")"): print(s)' | sort > meant
[ "$(wc -l < meant)" = 3 ] && cmp -s listed meant || fail "the CRL lists $(cat listed), and not $(cat meant)"
# What was taken back is not made again by the batch.
(issue) > again 2>&1 && grep -q "^0 issued, $rows unchanged, 0 failed\." again || fail "after the revocation: $(cat again)"
echo 'ca_batch: the revocation list is right, and what was revoked stays so'

# Ten commands at once, each with a name of its own, and all with one more: that is made once.
for i in 0 1 2 3 4 5 6 7 8 9; do
	{ "$KSTOOL" ca issue "one-$i.test" --server --out-dir many --pass file:pass --new-pass file:pass --iterations 1000 \
		--no-input && "$KSTOOL" ca issue all.test --server --if-missing --out-dir many --pass file:pass \
		--new-pass file:pass --iterations 1000 --no-input; } > many.$i 2>&1 &
done
wait
for i in 0 1 2 3 4 5 6 7 8 9; do [ -s "many/one-$i.test.p12" ] || fail "of ten at once, one: $(cat many.$i)"; done
/usr/bin/python3 - <<'PY' || fail 'ten at once'
import sqlite3, sys
db = sqlite3.connect("file:pki/ledger.db?mode=ro", uri=True)
one = lambda sql: db.execute(sql).fetchone()[0]
got = (one("SELECT count(*) FROM certificate WHERE name LIKE 'one-_.test' AND state = 'valid'"),
	one("SELECT count(*) FROM certificate WHERE name = 'all.test'"),
	one("SELECT count(*) - count(DISTINCT serial) FROM certificate"), one("SELECT count(*) FROM certificate WHERE delivered = 0"))
if got != (10, 1, 0, 0):
	sys.exit(f"names of their own, the same name, serials twice, not delivered: {got}")
PY
echo 'ca_batch: ten commands at once: ten certificates, and one of the name that all had'
