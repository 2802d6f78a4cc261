# SPDX-License-Identifier: ISC
# bundle.sh - the system's CA bundle: one command takes all of it, and keytool, openssl and certtool
# read our PKCS#12 with the same count and the same fingerprints
. tests/lib/sh.sh
bundle=/etc/ssl/certs/ca-certificates.crt
[ -r $bundle ] || { echo "skipped: no $bundle on this machine"; exit 0; }
want=$(grep -c BEGIN $bundle)

k trust all.kst $bundle --expired --create --new-key-file ops.key -q >/dev/null
k trust all.p12 $bundle --expired --create --new-pass file:pass -q >/dev/null
is 'entries of the native store' "$(k list all.kst --plain | wc -l)" "$want"
is 'entries of the PKCS#12' "$(k list all.p12 --pass file:pass --plain | wc -l)" "$want"
k list all.kst --plain | cut -f9 | sort > kst.sha
k list all.p12 --pass file:pass --plain | cut -f9 | sort > p12.sha
openssl storeutl -noout -certs $bundle >/dev/null 2>&1 || :
# FILE: the fingerprints of the certificates in it, whatever stands between them, sorted.
prints() {
	rm -f one.*
	awk '/BEGIN CERT/{n++; on = 1} on{f = sprintf("one.%03d", n); print > f} /END CERT/{on = 0; close(f)}' "$1"
	for f in one.*; do openssl x509 -in "$f" -outform DER | sha256sum | cut -d' ' -f1; done | sort
}
prints $bundle > pem.sha
same 'fingerprints of the native store' kst.sha pem.sha
same 'fingerprints of the PKCS#12' p12.sha pem.sha
if have keytool; then
	keytool -list -keystore all.p12 -storepass:file pass > kt 2>&1 || fail "keytool: $(cat kt)"
	is 'keytool -list counts' "$(grep -c trustedCertEntry kt)" "$want"
	grep 'SHA-256' kt | sed 's/.*: //; s/://g' | tr A-F a-f | sort > kt.sha
	same "keytool's fingerprints" kt.sha pem.sha
fi
openssl pkcs12 -in all.p12 -passin file:pass -nokeys 2>/dev/null > out.pem || fail 'openssl pkcs12 refuses it'
is 'openssl pkcs12 counts' "$(grep -c BEGIN out.pem)" "$want"
prints out.pem > o.sha
same "openssl's fingerprints" o.sha pem.sha
if have certtool; then
	certtool --p12-info --inder --infile all.p12 --password secret-pass > ct 2>&1 || fail "certtool: $(tail -3 ct)"
	is 'certtool counts' "$(grep -c 'BEGIN CERTIFICATE' ct)" "$want"
	prints ct > ct.sha
	same "certtool's fingerprints" ct.sha pem.sha
fi
k trust all.kst $bundle --expired --key-file ops.key > again
is 'a second run' "$(tail -1 again)" "all.kst: $want unchanged."
k export all.kst > back.pem
is 'back to PEM' "$(grep -c BEGIN back.pem)" "$want"
done_ bundle
