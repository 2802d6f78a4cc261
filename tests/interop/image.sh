# SPDX-License-Identifier: ISC
# image.sh - a corporate CA into a whole image: one of Debian's layout, made of this system's own files; then
# update-ca-certificates, keytool, openssl, curl, Python, Java and certutil say what they make of it
. tests/lib/sh.sh
have keytool && have curl || { done_ image; exit 0; }
pids=
stop() { for p in $pids; do kill "$p" 2>/dev/null || :; done; rm -rf "$W"; }
trap stop EXIT
SYSTEM=/etc/ssl/certs/ca-certificates.crt
HOME_OF_JAVA=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.home = //p')

# --- the image
I=$W/image
mkdir -p "$I"/etc/ssl/certs/java "$I"/usr/local/share "$I"/usr/sbin "$I"/usr/share/ca-certificates/mozilla \
	"$I"/opt/jdk-21/lib/security "$I"/usr/lib/jvm/java-17/lib/security "$I"/usr/lib/python3/dist-packages/certifi \
	"$I"/home/user/.pki/nssdb "$I"/opt/app "$I"/proc/1 "$I"/var/lib/docker/overlay2
# The packages' own certificates, as ca-certificates has them: some of this system's, so that it is quick.
awk -v d="$I/usr/share/ca-certificates/mozilla" '/BEGIN CERT/ { n++ } n > 40 { exit } { print > (d "/ca" n ".crt") }' "$SYSTEM"
rm -f "$I"/usr/share/ca-certificates/mozilla/ca.crt
(cd "$I/usr/share/ca-certificates" && ls mozilla/*.crt) > "$I/etc/ca-certificates.conf"
cat "$I"/usr/share/ca-certificates/mozilla/*.crt > "$I$SYSTEM"
: > "$I/usr/sbin/update-ca-certificates"
cp -L "$HOME_OF_JAVA/lib/security/cacerts" "$I/opt/jdk-21/lib/security/cacerts"
chmod 644 "$I/opt/jdk-21/lib/security/cacerts"
keytool -importcert -noprompt -trustcacerts -file ica.pem -alias debian:ica.pem -keystore "$I/etc/ssl/certs/java/cacerts" \
	-storetype JKS -storepass changeit >/dev/null 2>&1 || fail 'keytool makes no cacerts'
ln -s /etc/ssl/certs/java/cacerts "$I/usr/lib/jvm/java-17/lib/security/cacerts"
certifi=$(python3 -c 'import certifi; print(certifi.where())' 2>/dev/null || :)
cp "${certifi:-$SYSTEM}" "$I/usr/lib/python3/dist-packages/certifi/cacert.pem"
cp "$SYSTEM" "$I/opt/app/cacerts.txt"
cp "$SYSTEM" "$I/var/lib/docker/overlay2/ca-certificates.crt"
cp "$SYSTEM" "$I/proc/1/ca-certificates.crt"
if have certutil; then
	certutil -N -d "sql:$I/home/user/.pki/nssdb" --empty-password || fail 'certutil makes no database'
fi
cp root.pem corp-root.pem
before=$(k list "$I/opt/jdk-21/lib/security/cacerts" --plain 2>/dev/null | wc -l)

# --- what is in it
k scan --stores "$I" --plain > stores 2>/dev/null || fail "scan: $(cat stores)"
for f in "$SYSTEM" /etc/ssl/certs/java/cacerts /opt/jdk-21/lib/security/cacerts /opt/app/cacerts.txt \
	/usr/lib/python3/dist-packages/certifi/cacert.pem; do
	grep -q "$I$f\$" stores || fail "scan --stores does not list $f: $(cat stores)"
done
is 'what was scanned' "$(grep -c 'docker\|/proc/' stores)" 0

# --- a dry run changes nothing; then once, then unchanged, as a Dockerfile that is built twice
sum() { (cd "$I" && find . -type f | sort | xargs -d "\n" sha256sum && find . -type l -printf "%p %l\n" | sort); }
sum > sum0
k trust --under "$I" corp-root.pem --dry-run > plan 2>err || fail "dry run: $(cat plan)"
sum > sum1
same 'after a dry run' sum0 sum1
is 'planned' "$(grep -c '^would-add ' plan)" 6
k trust --under "$I" corp-root.pem > said 2>err || fail "trust --under: $(cat said err)"
is 'added' "$(grep -c '^added ' said)" 6
sum > sum1
k trust --under "$I" corp-root.pem > said 2>err || fail "again: $(cat said err)"
is 'the second time' "$(grep -c '^unchanged ' said) $(grep -c '^added ' said)" '6 0'
sum > sum2
same 'the second time' sum1 sum2
k trust --under "$I" corp-root.pem --check >/dev/null 2>&1 || fail 'check mode would change what is there'
pass
is 'nothing left lying about' "$(find "$I" -name '*.tmp' -o -name '*.kstool-bak' | wc -l)" 0

# --- NSS: the line that was said
if have certutil; then
	line=$(sed -n 's/^  \(certutil .*\)/\1/p' said)
	sh -c "$line" || fail "the line for NSS does not run: $line"
	certutil -L -d "sql:$I/home/user/.pki/nssdb" | grep -q 'acme-root-ca *C,,' || fail 'NSS does not have it'
	pass
fi

# --- each store by its own reader
finger=$(openssl x509 -in root.pem -noout -fingerprint -sha256 | sed 's/.*=//')
for f in /etc/ssl/certs/java/cacerts /opt/jdk-21/lib/security/cacerts; do
	keytool -list -keystore "$I$f" -storepass changeit 2>/dev/null > list || fail "keytool -list $f"
	is "keytool sees it in $f" "$(grep -c "$finger" list)" 1
done
is 'no other entry is gone' "$(keytool -list -keystore "$I/opt/jdk-21/lib/security/cacerts" -storepass changeit 2>/dev/null |
	grep -c trustedCertEntry)" $((before + 1))
for f in "$SYSTEM" /usr/lib/python3/dist-packages/certifi/cacert.pem /opt/app/cacerts.txt; do
	is "openssl with $f" "$(openssl verify -CAfile "$I$f" -untrusted ica.pem shop.pem 2>&1)" 'shop.pem: OK'
	case $(tail -c 1 "$I$f" | od -An -c) in *'\n'*) ;; *) fail "$f does not end in a line feed" ;; esac
done

# --- a server, and clients that trust the image's stores
cat ica.pem > chain.pem
openssl s_server -accept 127.0.0.1:0 -cert shop.pem -cert_chain chain.pem -key shop.key -www >server.log 2>&1 &
pids="$pids $!"
i=0
until grep -q ACCEPT server.log; do i=$((i + 1)); [ $i -lt 100 ] || fail "no server: $(cat server.log)"; sleep 0.1; done
port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' server.log)
for f in "$SYSTEM" /usr/lib/python3/dist-packages/certifi/cacert.pem; do
	curl -sS --max-time 8 --cacert "$I$f" --resolve "shop.acme.test:$port:127.0.0.1" -o /dev/null \
		"https://shop.acme.test:$port/" 2>err || fail "curl with $f: $(cat err)"
	pass
	python3 - "$I$f" "$port" <<'P' || fail "Python with $f"
import socket, ssl, sys
c = ssl.create_default_context(cafile=sys.argv[1])
with c.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[2])), 8), server_hostname="shop.acme.test") as s:
	assert s.version()
P
	pass
done
curl -sS --max-time 8 --cacert "$SYSTEM" --resolve "shop.acme.test:$port:127.0.0.1" -o /dev/null \
	"https://shop.acme.test:$port/" 2>/dev/null && fail 'curl trusts the server without the CA: the test proves nothing'
if have javac; then
	javac -d classes "$ROOT/tests/interop/Tls.java" 2>javac.log || fail "javac: $(cat javac.log)"
	echo "jdk shop.acme.test $port JKS:$I/opt/jdk-21/lib/security/cacerts:changeit: -" > connect
	echo "debian shop.acme.test $port JKS:$I/etc/ssl/certs/java/cacerts:changeit: -" >> connect
	timeout 30 java -XX:TieredStopAtLevel=1 -cp classes Tls connect connect > java.log 2>&1 || fail "java: $(cat java.log)"
	is 'Java trusts it' "$(grep -c 'failed' java.log) $(wc -l < java.log)" '0 2'
fi

# --- update-ca-certificates makes everything anew: the CA is still there, and the links are its own
if [ -x /usr/sbin/update-ca-certificates ]; then
	cat > update <<U
set -e
mount --bind "$I/etc/ssl/certs" /etc/ssl/certs
mount --bind "$I/usr/share/ca-certificates" /usr/share/ca-certificates
mkdir -p /usr/local/share/ca-certificates
mount --bind "$I/usr/local/share/ca-certificates" /usr/local/share/ca-certificates
mount --bind "$I/etc/ca-certificates.conf" /etc/ca-certificates.conf
openssl verify -CApath /etc/ssl/certs -no-CAfile -untrusted ica.pem shop.pem
/usr/sbin/update-ca-certificates --hooksdir /nonexistent
cp -P /etc/ssl/certs/acme-root-ca.pem link1
/usr/sbin/update-ca-certificates --fresh --hooksdir /nonexistent
openssl verify -CApath /etc/ssl/certs -no-CAfile -untrusted ica.pem shop.pem
U
	if unshare -rm true 2>/dev/null; then
		unshare -rm sh update > update.log 2>&1 || fail "update-ca-certificates: $(cat update.log)"
		is 'openssl finds it by its hash, before and after' "$(grep -c '^shop.pem: OK' update.log)" 2
	else
		echo 'skipped: no namespaces here; update-ca-certificates runs on the directories by their names'
		/usr/sbin/update-ca-certificates --fresh --hooksdir /nonexistent --certsconf "$I/etc/ca-certificates.conf" \
			--certsdir "$I/usr/share/ca-certificates" --localcertsdir "$I/usr/local/share/ca-certificates" \
			--etccertsdir "$I/etc/ssl/certs" >update.log 2>&1 || fail "update-ca-certificates: $(cat update.log)"
	fi
	is 'the bundle that was made anew' "$(openssl verify -CAfile "$I$SYSTEM" -untrusted ica.pem shop.pem)" 'shop.pem: OK'
	is 'its size' "$(grep -c 'BEGIN CERT' "$I$SYSTEM")" 41
	k trust --under "$I" corp-root.pem > said 2>err || fail "after it: $(cat said err)"
	is 'nothing to do after it' "$(grep -c '^unchanged ' said)" 6
fi

# --- what cannot be written is named, and the others are done
cp old.pem "$I/opt/app/only.pem"
printf 'geheim-genug\n' > geheim; chmod 600 geheim
k trust locked.p12 ica.pem --create --new-pass file:geheim -q
cp locked.p12 "$I/opt/jdk-21/lib/security/jssecacerts"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k2 -out second.pem -days 99 -subj '/CN=Second CA' \
	-addext basicConstraints=critical,CA:TRUE 2>/dev/null
k trust --under "$I" second.pem > said 2>err && rc=0 || rc=$?
is 'locked' $rc 4
is 'the others' "$(grep -c '^added ' said) $(grep -c '^locked ' said)" '6 1'
k trust --under "$I" second.pem --pass "$I/opt/jdk-21/lib/security/jssecacerts=file:geheim" > said 2>err || fail "with its passphrase: $(cat said)"
is 'with its passphrase' "$(grep -c '^added ' said) $(grep -c '^unchanged ' said)" '1 6'

# --- what an orchestrator reads: changed, or would change
mkdir corp; cp root.pem ica.pem corp
changed() { # exit status, and what Ansible makes of the document
	"$@" > doc 2>err && rc=0 || rc=$?
	echo "$rc $(python3 -c 'import json; d = json.load(open("doc")); print(d["changed"] or d["would_change"] is True, d["schema"])')"
}
is 'Ansible, check mode' "$(changed k trust app.p12 corp --create --pass file:pass --json --check)" '1 True kstool.change/1'
[ ! -e app.p12 ] || fail 'check mode wrote'
is 'Ansible' "$(changed k trust app.p12 corp --create --pass file:pass --json)" '0 True kstool.change/1'
is 'Ansible, again' "$(changed k trust app.p12 corp --create --pass file:pass --json)" '0 False kstool.change/1'
is 'Ansible, check mode again' "$(changed k trust app.p12 corp --create --pass file:pass --json --check)" '0 False kstool.change/1'
is 'Ansible, whole image' "$(changed k trust --under "$I" second.pem --pass file:geheim --json)" '0 False kstool.trust/1'

# --- where the image cannot be written: Java's CAs and those of a directory, in a file of their own
rm "$I/opt/jdk-21/lib/security/jssecacerts" # which Java would take instead
JAVA_HOME=$I/opt/jdk-21 k convert @java corp -o ts.p12 --as-trust --new-pass none -q 2>err || fail "convert @java: $(cat err)"
k list ts.p12 --plain 2>/dev/null | cut -f 9 | sort -u > got
{ k list "$I/opt/jdk-21/lib/security/cacerts" --plain; k list corp --plain; } 2>/dev/null | cut -f 9 | sort -u > want
same 'all of them' want got
if have javac; then
	echo "own shop.acme.test $port PKCS12:ts.p12:: -" > connect
	timeout 30 java -XX:TieredStopAtLevel=1 -cp classes Tls connect connect > java.log 2>&1 || fail "java: $(cat java.log)"
	is 'Java trusts it with that' "$(grep -c failed java.log) $(wc -l < java.log)" '0 1'
fi
# --- exactly these
k trust ts.p12 corp --sync --replace -q 2>err || fail "sync: $(cat err)"
k list ts.p12 --plain 2>/dev/null | cut -f 9 | sort -u > got
k list corp --plain 2>/dev/null | cut -f 9 | sort -u > want
same 'exactly those' want got
done_ image
