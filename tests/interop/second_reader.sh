# SPDX-License-Identifier: ISC
# second_reader.sh - a reader written from formats/kst1.md alone (tests/lib/kst1_reader.py) sees the
# same entries, keys and certificates as kstool, in open and sealed stores of each kind, under
# passphrase and key file; and refuses the same damage
. tests/lib/sh.sh
py=/usr/bin/python3
$py -c 'import nacl' 2>/dev/null || { echo 'skipped: python3-nacl is not installed'; exit 0; }
reader() { $py "$ROOT/tests/lib/kst1_reader.py" "$@" 2>/dev/null; }
for kind in open sealed; do
	s=
	[ $kind = sealed ] && s=--sealed
	rm -f a.kst t.kst ops.key
	k create a.kst $s --new-pass file:pass --new-key-file ops.key --kdf-cost low -q >/dev/null
	k import a.kst shop.key shop-chain.pem --key-file ops.key -q >/dev/null
	k import a.kst ed.key ed.pem ica.pem --key-file ops.key -q >/dev/null
	k trust a.kst root.pem --key-file ops.key -q >/dev/null
	k slot add a.kst --new-key-file ci.$kind --label ci --key-file ops.key -q >/dev/null
	for how in '--key-file ops.key' '--pass-file pass' "--key-file ci.$kind"; do
		reader a.kst $how > seen || fail "$kind, $how: $(cat seen)"
		is "$kind, $how: entries" "$(grep -c . seen)" 4
		sed 1d seen | sort > seen.sorted
		k list a.kst --plain --key-file ops.key | cut -f2,9 | tr '\t' ' ' | sort > ours
		cut -d' ' -f1,4 seen.sorted > theirs
		sed -i 's/acme-root-ca/acme-root-ca/' theirs
		same "$kind, $how: aliases and fingerprints" ours theirs
	done
	openssl pkcs8 -topk8 -nocrypt -in shop.key -outform DER | sha256sum | cut -d' ' -f1 > want
	grep '^shop' seen.sorted | cut -d' ' -f5 > got
	same "$kind: the private key" want got
	is "$kind: without a secret" "$(reader a.kst | head -1)" "$kind K generation 5, $( [ $kind = open ] && echo 3 || echo 0) entries"
	k create t.kst --truststore $s --new-key-file ts.$kind -q >/dev/null
	k trust t.kst bundle.pem --expired --leaf --key-file ts.$kind -q >/dev/null
	is "$kind truststore" "$(reader t.kst --key-file ts.$kind | grep -c ' 2 1 ')" 4
	# the same faults in the same classes
	size=$(stat -c %s a.kst)
	for at in 0 8 20 60 100 130 300 4040 4100 5000 $((size - 4000)); do
		$py - "$at" <<'P'
import sys
b = bytearray(open('a.kst', 'rb').read())
b[int(sys.argv[1])] ^= 4
open('bad.kst', 'wb').write(b)
P
		theirs=$(reader bad.kst || :)
		ours=$(k check bad.kst 2>&1 || :)
		[ -n "$theirs" ] && case $theirs in *entries*) fail "byte $at: the second reader notices nothing" ;; esac
		case $ours in *whole,*) fail "byte $at: kstool notices nothing" ;; esac
		pass
	done
done
done_ second_reader
