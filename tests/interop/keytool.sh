# SPDX-License-Identifier: ISC
# keytool.sh - JKS and JCEKS both ways: what keytool and Java write is read and edited here in every way, and
# after each edit Java sees exactly what it should
. tests/lib/sh.sh
have keytool && have java && have javac || { done_ keytool; exit 0; }
javac -d classes "$ROOT/tests/interop/Stores.java" 2>javac.log || fail "javac: $(cat javac.log)"
sees() { java -XX:TieredStopAtLevel=1 -cp classes Stores "$@"; } # TYPE FILE STOREPASS KEYPASS
kt() { keytool -J-XX:TieredStopAtLevel=1 "$@" >kt.log 2>&1 || fail "keytool $*: $(cat kt.log)"; }
q() { k "$@" -q >out 2>&1 || fail "kstool $*: $(cat out)"; }
hash() { sha256sum | cut -c1-64; }
derkey() { openssl pkcs8 -topk8 -nocrypt -in "$1" -outform DER | hash; }
dercert() { openssl x509 -in "$1" -outform DER | hash; }
printf 'of-the-key\n' > keypass; printf 'changeit\n' > changeit; chmod 600 keypass changeit
T=$(printf '\t')
shop="RSA $(derkey shop.key)$T$(dercert shop.pem)$T$(dercert ica.pem)$T$(dercert root.pem)"
api="EC $(derkey api.key)$T$(dercert api.pem)$T$(dercert ica.pem)"
root=$(dercert root.pem) ica=$(dercert ica.pem)
alone() { java_sees="$(sees "$@")" || fail "Java: $java_sees"; }

for type in JKS JCEKS; do
	s=s.$(echo $type | tr A-Z a-z)
	rm -f ./s.*
	# --- ours, read by keytool and Java; every verb that edits
	q convert shop.key shop-chain.pem -o $s --alias Shop --new-pass file:pass
	q trust $s root.pem --alias ca --pass file:pass
	alone $type $s pass pass
	is "$type: a key and a trusted certificate" "$java_sees" "ca${T}cert$T-$T$root
shop${T}key$T$shop"
	kt -list -keystore $s -storepass:file pass -v
	is "$type: keytool names the type" "$(grep -c "^Keystore type: $type" kt.log)" 1
	cp $s before
	q import $s api.key api.pem ica.pem --alias api --pass file:pass
	q rename $s ca 'wurzel-äß' --pass file:pass
	q trust $s ica.pem --alias ica --pass file:pass
	q remove $s ica --pass file:pass
	q passwd $s api --pass file:pass --new-pass file:keypass
	java_sees=$(sees $type $s pass pass) && fail "$type: the key has a passphrase of its own"
	is "$type: only that key" "$(echo "$java_sees" | grep -c "${T}failed")" 1
	java_sees=$(sees $type $s pass keypass) || :
	is "$type: import, rename, trust, remove, passwd ENTRY" "$(echo "$java_sees" | grep -v ^shop)" "api${T}key$T$api
wurzel-äß${T}cert$T-$T$root"
	# bytes of the entry that nobody touched: tag, alias, date, seal, chain
	n=$(($(wc -c < before) - 12 - 20))
	head -c $((12 + 1700)) before | tail -c 1700 > a.bin
	head -c $((12 + 1700)) $s | tail -c 1700 > b.bin
	same "$type: the untouched entry ($n bytes of entries before)" a.bin b.bin
	q export $s api --key --plain-key -o e.key --pass file:pass --key-pass file:keypass
	is "$type: export of a key with its own passphrase" "$(derkey e.key)" "$(derkey api.key)"
	rm -f e.key
	k export $s api --key --plain-key -o e.key --pass file:pass >out 2>&1 && fail 'it opened without its passphrase'
	is "$type: which of the two failed" "$(grep -c 'wrong-key-passphrase' out)" 1
	k list $s --pass file:keypass >out 2>&1 && fail 'the store has another passphrase'
	is "$type: which of the two failed" "$(grep -c '\[wrong-passphrase' out)" 1
	q passwd $s --pass file:pass --key-pass file:keypass --new-pass file:pass2
	alone $type $s pass2 pass2
	is "$type: passwd for all" "$(echo "$java_sees" | cut -f1,2)" "api${T}key
shop${T}key
wurzel-äß${T}cert"
	q keygen $s --alias api --host new.acme.test --pass file:pass2 --replace
	kt -list -keystore $s -storepass:file pass2 -alias api -v
	is "$type: keygen --replace" "$(grep -c '^Owner: CN=new.acme.test' kt.log)" 1
	kt -importkeystore -srckeystore $s -srcstorepass:file pass2 -destkeystore s.$type.p12 -deststoretype PKCS12 \
		-deststorepass:file pass2
	is "$type: keytool -importkeystore" "$(grep -c 'Import command completed:  3 entries' kt.log)" 1
	# --- keytool edits what we wrote, and we go on
	kt -changealias -keystore $s -storepass:file pass2 -alias api -destalias renamed
	kt -importcert -noprompt -keystore $s -storepass:file pass2 -alias more -file ica.pem
	is "$type: after keytool" "$(k list $s --pass file:pass2 --plain | cut -f2,3 | sort | tr '\n' ' ')" \
		"more${T}ca renamed${T}key shop${T}key wurzel-äß${T}ca "
	q convert $s -o other.p12 --pass file:pass2 --keep-pass
	is "$type: to PKCS#12" "$(k list other.p12 --pass file:pass2 --plain | wc -l)" 4
	rm -f other.p12
	# --- theirs: a key with its own passphrase, a chain, a name in upper case
	kt -genkeypair -keystore s.theirs -storetype $type -storepass:file pass -keypass:file keypass -alias MyKey \
		-keyalg RSA -keysize 2048 -dname CN=theirs
	kt -importcert -noprompt -keystore s.theirs -storetype $type -storepass:file pass -alias Root -file root.pem
	is "$type of keytool: listed without passphrase" "$(k list s.theirs 2>/dev/null | grep -c "integrity not checked")" 1
	is "$type of keytool" "$(k list s.theirs --pass file:pass --plain 2>/dev/null | cut -f2,3 | sort | tr '\n' ' ')" "mykey${T}key root${T}ca "
	q export s.theirs mykey --key --plain-key -o e.key --pass file:pass --key-pass file:keypass
	want=$(sees $type s.theirs pass keypass | sed -n "s/^mykey${T}key${T}RSA \([0-9a-f]*\).*/\1/p")
	is "$type of keytool: the key" "$(derkey e.key)" "$want"
	rm -f e.key
	q rename s.theirs mykey other --pass file:pass
	is "$type of keytool: renamed without the key's passphrase" \
		"$(sees $type s.theirs pass keypass | sed -n "s/^other${T}key${T}RSA \([0-9a-f]*\).*/\1/p")" "$want"
	# --- damage, and what is said of it
	cp s.theirs cut; truncate -s -100 cut
	k list cut >out 2>&1 && fail 'a truncated store was listed'
	is "$type truncated" "$(grep -c 'ends inside entry 2 of 2.*\[truncated' out)" 1
done

# --- secret keys: JCEKS, and a PKCS#12 as their target and source
kt -genseckey -keystore sk.jceks -storetype JCEKS -storepass:file pass -keypass:file pass -alias aes -keyalg AES -keysize 256
kt -genseckey -keystore sk.jceks -storetype JCEKS -storepass:file pass -keypass:file pass -alias des -keyalg DESede
kt -genseckey -keystore sk.jceks -storetype JCEKS -storepass:file pass -keypass:file keypass -alias own -keyalg AES -keysize 128
want=$(sees JCEKS sk.jceks pass pass | grep -v ^own) || :
q rename sk.jceks own mine --pass file:pass
is 'a secret key with its own passphrase, renamed without it' "$(sees JCEKS sk.jceks pass keypass | grep -c "^mine${T}secret${T}AES")" 1
q remove sk.jceks mine --pass file:pass --yes
is 'the others stay' "$(sees JCEKS sk.jceks pass pass)" "$want"
q convert sk.jceks -o sk.p12 --pass file:pass --new-pass file:pass
# (Java's own name for the number of DESede in a PKCS#12 is longer, in its own files too)
is 'secret keys in PKCS#12' "$(sees PKCS12 sk.p12 pass pass | sed 's,/CBC/NoPadding,,')" "$want"
q convert sk.p12 -o sk2.jceks --pass file:pass --new-pass file:pass2
is 'and back in JCEKS' "$(sees JCEKS sk2.jceks pass2 pass2)" "$want"
q passwd sk2.jceks --pass file:pass2 --new-pass file:pass
is 'under a new passphrase' "$(sees JCEKS sk2.jceks pass pass)" "$want"
k convert sk.jceks -o sk.jks --pass file:pass --new-pass file:pass >out 2>&1 && fail 'JKS took a secret key'
is 'JKS has no secret keys' "$(grep -c 'JKS cannot hold a secret key: .*\[cannot-hold' out)" 1

# --- cacerts, in the form that Java had until 17, and the same bytes twice
SOURCE_DATE_EPOCH=1700000000 k trust one.jks bundle.pem --create --new-pass file:changeit --expired --leaf -q >out 2>&1 || fail "$(cat out)"
SOURCE_DATE_EPOCH=1700000000 k trust two.jks bundle.pem --create --new-pass file:changeit --expired --leaf -q >/dev/null 2>&1
same 'a truststore twice' one.jks two.jks
alone JKS one.jks changeit -
is 'cacerts' "$(echo "$java_sees" | grep -c "${T}cert${T}-${T}")" 4
q trust one.jks api.pem --leaf --alias more
is "edited with Java's public default" "$(sees JKS one.jks changeit - | wc -l)" 5
system=/etc/ssl/certs/java/cacerts
[ -e $system ] || system=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")/lib/security/cacerts
if [ -e "$system" ]; then
	cp -L "$system" sys.store; chmod 600 sys.store
	n=$(keytool -list -keystore sys.store -storepass changeit 2>/dev/null | grep -c 'trustedCertEntry')
	is "the system's cacerts: as many as keytool lists" "$(k list sys.store --plain | wc -l)" "$n"
	rm -f sys.jks
	q convert sys.store -o sys.jks --new-pass file:changeit
	is 'and as a JKS, for Java' "$(sees JKS sys.jks changeit - | wc -l)" "$n"
else
	echo 'skipped: no cacerts on this machine'
fi
done_ keytool
