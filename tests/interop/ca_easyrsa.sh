# SPDX-License-Identifier: ISC
# ca_easyrsa.sh - a CA that easy-rsa has kept goes on with kstool: nothing is lost, nothing is given twice, and
# what was signed before and after is good below the same CA, and taken back in one list
. tests/lib/sh.sh
E=/usr/share/easy-rsa/easyrsa
[ -x $E ] || { echo 'skipped: easy-rsa is not installed'; done_ ca_easyrsa; exit 0; }
export EASYRSA=/usr/share/easy-rsa EASYRSA_PKI="$W/pki-easy" EASYRSA_BATCH=1 EASYRSA_ALGO=ec EASYRSA_CURVE=prime256v1
e() { $E "$@" >easy.log 2>&1 || fail "easyrsa $*: $(cat easy.log)"; }
# Of one file openssl would read two lines.
for f in easy.pass easy.out; do printf 'easy-passphrase\n' > $f; chmod 600 $f; done
e init-pki
EASYRSA_REQ_CN='Easy CA' EASYRSA_PASSOUT=file:$W/easy.out EASYRSA_PASSIN=file:$W/easy.pass e build-ca
export EASYRSA_PASSIN=file:$W/easy.pass
e build-server-full srv nopass
e build-client-full cli nopass
e build-client-full bad nopass
e revoke bad superseded
e gen-crl
k ca import-index pki-easy --ca ca --pass file:easy.pass --new-pass file:pass --kdf-cost low -q 2>log || fail "$(cat log)"
is 'every row, with its certificate' "$(k ca list --ca ca --plain | cut -f2-4,8 | tr '\t' ' ')" "srv server valid 
cli client valid 
bad client revoked superseded"
k ca list --ca ca --index > index.txt
same 'the index that easy-rsa has' index.txt pki-easy/index.txt
is 'certificates as files' "$(ls ca/certs | wc -l)" 3
k ca issue new --client --ca ca --to pem --plain-key --out-dir out --pass file:pass -q 2>log || fail "$(cat log)"
k ca revoke cli --ca ca --reason keyCompromise --pass file:pass -q 2>log || fail "$(cat log)"
cat ca/crl.pem ca/ca.pem > all.pem
for c in pki-easy/issued/srv.crt out/new.pem; do
	openssl verify -x509_strict -crl_check -CAfile all.pem $c >log 2>&1 || case $(cat log) in
	# The CA that easy-rsa 3.1 makes has basicConstraints that are not critical (RFC 5280 4.2.1.9).
	*'Basic Constraints of CA cert not marked critical'*) openssl verify -crl_check -CAfile all.pem $c >log 2>&1 || fail "$(cat log)" ;;
	*) fail "$(cat log)" ;;
	esac
	pass
done
for c in pki-easy/issued/cli.crt pki-easy/revoked/certs_by_serial/*.crt; do
	openssl verify -crl_check -CAfile all.pem $c >log 2>&1 && fail "$c was revoked"
	case $(cat log) in *'certificate revoked'*) pass ;; *) fail "$(cat log)" ;; esac
done
done_ ca_easyrsa
