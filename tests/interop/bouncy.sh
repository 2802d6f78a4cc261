# SPDX-License-Identifier: ISC
# bouncy.sh - Bouncy Castle's keystores, both ways
. tests/lib/sh.sh
JAR=/usr/share/java/bcprov.jar
[ -e $JAR ] || { echo 'skipped: libbcprov-java is not installed'; exit 0; }
have javac || exit 0
javac -cp $JAR -d . "$ROOT/tests/interop/Bc.java" 2>javac.log || { cat javac.log; fail 'Bc.java does not compile'; }
bc() { java -Dorg.bouncycastle.bks.enable_v1=true -cp "$JAR:." Bc "$@"; }
pub() { openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -c1-16; }
crt() { openssl x509 -in "$1" -outform DER | sha256sum | cut -c1-16; }
how() { openssl asn1parse -inform DER -in "$1" | sed -n 's/.*OBJECT *://p' | tr '\n' ' '; }
aes() { printf '\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7' | sha256sum | cut -c1-16; }
printf 'other-pass\n' > other
chmod 600 other
k convert shop.key shop-chain.pem -o in.p12 --alias shop --new-pass file:pass -q >/dev/null
k import in.p12 api.key api.pem ica.pem --alias api --pass file:pass -q >/dev/null
k import in.p12 ed.key ed.pem ica.pem --alias ed --pass file:pass -q >/dev/null
types='BKS UBER BCFKS BCFKS-SCRYPT'
for t in $types; do
	f=theirs.$t
	umask 077
	bc make $t $f secret-pass in.p12 secret-pass other-pass || fail "Bouncy Castle makes no $t"
	k list $f --pass file:pass --key-pass file:other --plain | cut -f2,3 | sort > got
	printf 'Other-api\tkey\nOther-ed\tkey\nOther-shop\tkey\naes\tsecret\napi\tkey\nca é中\tca\ned\tkey\nmac\tsecret\nshop\tkey\n' | sort > want
	same "entries of Bouncy Castle's $t" got want
	for a in shop api ed; do
		for n in $a Other-$a; do
			rm -f out.key
			k export $f $n --key --plain-key -o out.key --pass file:pass --key-pass file:other >/dev/null || fail "$t: $n"
			openssl pkey -in out.key -outform DER > a.der
			openssl pkey -in $a.key -outform DER > b.der
			same "$t: the key $n" a.der b.der
		done
	done
	k export $f 'ca é中' --pass file:pass > ca.out
	is "$t: the CA" "$(crt ca.out)" "$(crt root.pem)"
	! k list $f --pass file:other >/dev/null 2>&1 || fail "$t opens with a wrong passphrase"
	# Through stores of ours back to Bouncy Castle.
	for to in BKS BCFKS; do
		ours=ours-$t-$to.$(echo $to | tr A-Z a-z)
		k convert $f -o $ours --pass file:pass --key-pass file:other --new-pass file:pass2 -q >/dev/null || fail "$t to $to"
		bc list $to $ours another-pass > got || fail "Bouncy Castle refuses our $to of a $t"
		{
			for n in api ed shop; do
				echo "private $n 3 $(pub $n.pem)" # the root was there: chains are completed
				echo "private Other-$n 3 $(pub $n.pem)"
			done
			echo "secret aes AES 0 $(aes)"
			case $to in
			BCFKS) echo 'secret mac unknown' ;; # of its own as well, below
			*) echo "secret mac HmacSHA256 0 $(aes)" ;;
			esac
			echo "cert ca é中 $(crt root.pem)"
		} | sort > want
		LC_ALL=C sort got > got.s
		LC_ALL=C sort want > want.s
		same "our $to of a $t, by Bouncy Castle" got.s want.s
	done
done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout fresh.key -out fresh.pem -subj /CN=fresh -days 9 2>/dev/null
# Stores of theirs, edited in place: what was not touched stays, the other passphrase and the way of protection too.
for t in BKS BCFKS BCFKS-SCRYPT; do
	type=${t%-SCRYPT}
	cp theirs.$t edit
	k rename edit Other-shop renamed --pass file:pass >/dev/null || fail "$t: rename"
	k remove edit mac --yes --pass file:pass >/dev/null || fail "$t: remove"
	k import edit fresh.key fresh.pem --alias added --pass file:pass -q >/dev/null || fail "$t: import"
	bc list $type edit secret-pass renamed=other-pass Other-api=other-pass Other-ed=other-pass > got || fail "Bouncy Castle refuses the edited $t"
	is "entries of the edited $t" "$(cut -d' ' -f2 got | LC_ALL=C sort | tr '\n' ' ')" 'Other-api Other-ed added aes api ca ed renamed shop '
	case $t in
	BCFKS) is 'still PBKDF2' "$(how edit)" 'PBES2 PBKDF2 hmacWithSHA512 aes-256-ccm hmacWithSHA512 PBKDF2 hmacWithSHA512 ' ;;
	BCFKS-SCRYPT) is 'still scrypt' "$(how edit)" 'PBES2 scrypt id-aes256-wrap-pad hmacWithSHA512 scrypt ' ;;
	esac
done
bc list BCFKS theirs.BCFKS secret-pass Other-shop=other-pass Other-api=other-pass Other-ed=other-pass > got || fail 'Bouncy Castle refuses its own BCFKS'
is 'an HMAC key of its own' "$(grep ' mac ' got)" 'secret mac unknown'
# Version 1, which newer releases call BKS-V1: read with a warning, written as version 2.
if bc make BKS-V1 v1.bks secret-pass in.p12 secret-pass other-pass 2>/dev/null; then
	is 'version 1' "$(od -An -tx1 -N4 v1.bks | tr -d ' ')" 00000001
	k list v1.bks --pass file:pass --key-pass file:other >/dev/null 2>warn || fail 'BKS-V1'
	grep -q CVE-2018-5382 warn || fail 'no warning about version 1'
	k rename v1.bks shop shop2 --pass file:pass >/dev/null 2>&1 || fail 'BKS-V1 rename'
	is 'saved as version 2' "$(od -An -tx1 -N4 v1.bks | tr -d ' ')" 00000002
	bc list BKS v1.bks secret-pass Other-shop=other-pass Other-api=other-pass Other-ed=other-pass > got || fail 'the BKS that was of version 1'
else
	echo 'skipped: this Bouncy Castle makes no BKS-V1'
fi
done_ bouncy
