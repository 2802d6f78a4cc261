# SPDX-License-Identifier: ISC
# jwk.sh - JSON Web Keys and OpenSSH lines against node, Python's cryptography and ssh-keygen
. tests/lib/sh.sh
pub() { openssl pkey -in "$1" -pubout -outform DER 2>/dev/null | sha256sum | cut -c1-16; }
for c in P-384 P-521 secp256k1; do openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:$c -out "key-$c.pem" 2>/dev/null; done
for a in ed25519 ed448 x25519 x448; do openssl genpkey -algorithm $a -out "key-$a.pem" 2>/dev/null; done
cp shop.key key-rsa.pem
cp api.key key-P-256.pem
for f in key-*.pem; do k convert "$f" -o "${f%.pem}.jwks" --alias "${f%.pem}" --plain-key -q >/dev/null || fail "$f"; done
if have node; then
	cat > jwk.js <<'J'
const fs = require('fs'), c = require('crypto');
for (const f of fs.readdirSync('.').filter(f => /^key-.*\.jwks$/.test(f))) {
	const jwk = JSON.parse(fs.readFileSync(f)).keys[0];
	if (jwk.kid !== f.slice(0, -5)) throw f + ': kid ' + jwk.kid;
	const key = c.createPrivateKey({ key: jwk, format: 'jwk' });
	fs.writeFileSync('node-' + f.slice(4, -5) + '.pem', key.export({ type: 'pkcs8', format: 'pem' }));
	// and back: node's own text of the same key
	fs.writeFileSync('back-' + f.slice(4, -5) + '.jwk', JSON.stringify(key.export({ format: 'jwk' })), { mode: 0o600 });
	const pub = c.createPublicKey({ key: c.createPublicKey(key).export({ format: 'jwk' }), format: 'jwk' });
	fs.writeFileSync('pub-' + f.slice(4, -5) + '.jwk', JSON.stringify(pub.export({ format: 'jwk' })));
}
J
	node jwk.js || fail 'node refuses a key'
	for f in key-*.pem; do
		n=${f#key-}
		n=${n%.pem}
		is "node reads $n" "$(pub "node-$n.pem")" "$(pub "$f")"
		k convert "back-$n.jwk" -o "ours-$n.pem" --plain-key -q >/dev/null 2>&1 || fail "kstool refuses node's $n"
		openssl pkey -in "ours-$n.pem" -outform DER -out a.der
		openssl pkey -in "$f" -outform DER -out b.der
		same "node's $n" a.der b.der
		k export "pub-$n.jwk" --public-key --der -o p.der >/dev/null || fail "public key of $n"
		openssl pkey -in "$f" -pubout -outform DER -out q.der
		same "public half of node's $n" p.der q.der
		rm -f p.der
	done
fi
PY=/usr/bin/python3
if $PY -c 'import cryptography' 2>/dev/null; then
	k convert shop.key shop-chain.pem -o chain.jwks --alias shop --plain-key -q >/dev/null
	k export shop.pem --jwk -o public.jwks >/dev/null
	$PY - <<'P' || fail 'pyca cryptography'
import base64, glob, json
from cryptography import x509
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa, ec, ed25519, ed448, x25519, x448
num = lambda t: int.from_bytes(raw(t), "big")
raw = lambda t: base64.urlsafe_b64decode(t + "=" * (-len(t) % 4))
curve = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1, "secp256k1": ec.SECP256K1}
okp = {"Ed25519": ed25519.Ed25519PrivateKey, "Ed448": ed448.Ed448PrivateKey,
       "X25519": x25519.X25519PrivateKey, "X448": x448.X448PrivateKey}
def private(j):
    if j["kty"] == "RSA":
        n = {k: num(j[k]) for k in ("n", "e", "d", "p", "q", "dp", "dq", "qi")}
        return rsa.RSAPrivateNumbers(n["p"], n["q"], n["d"], n["dp"], n["dq"], n["qi"],
                                     rsa.RSAPublicNumbers(n["e"], n["n"])).private_key()
    if j["kty"] == "EC":
        c = curve[j["crv"]]()
        assert len(raw(j["x"])) == len(raw(j["y"])) == len(raw(j["d"])) == (c.key_size + 7) // 8
        return ec.EllipticCurvePrivateNumbers(num(j["d"]),
            ec.EllipticCurvePublicNumbers(num(j["x"]), num(j["y"]), c)).private_key()
    return okp[j["crv"]].from_private_bytes(raw(j["d"]))
der = lambda k: k.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)
n = 0
for f in sorted(glob.glob("key-*.pem")):
    want = s.load_pem_private_key(open(f, "rb").read(), None)
    assert der(private(json.load(open(f[:-4] + ".jwks"))["keys"][0])) == der(want), f
    n += 1
assert n == 9
x5c = json.load(open("chain.jwks"))["keys"][0]["x5c"]
pem = open("shop-chain.pem").read().split("-----END CERTIFICATE-----")[:3]
for got, want in zip(x5c, pem):
    assert x509.load_der_x509_certificate(base64.b64decode(got)) == x509.load_pem_x509_certificate(
        (want + "-----END CERTIFICATE-----\n").encode())
j = json.load(open("public.jwks"))["keys"][0]
assert "d" not in j and "p" not in j and len(j["x5c"]) == 1
P
	pass
else
	echo 'skipped: python3-cryptography is not installed'
fi
if have ssh-keygen; then
	# Its reader of PKCS#8 knows no Ed25519: there the key itself is compared.
	k export key-ed25519.pem --ssh > ed.pub
	ssh-keygen -l -f ed.pub >/dev/null || fail 'ssh-keygen refuses our Ed25519'
	is 'Ed25519' "$(cut -d' ' -f2 ed.pub | base64 -d | tail -c 32 | sha256sum)" \
		"$(openssl pkey -in key-ed25519.pem -pubout -outform DER | tail -c 32 | sha256sum)"
	for n in rsa P-256 P-384 P-521; do
		k export "key-$n.pem" --ssh > "$n.pub"
		is "ssh-keygen's fingerprint of $n" "$(ssh-keygen -l -f "$n.pub" | cut -d' ' -f2)" \
			"$(ssh-keygen -y -f "key-$n.pem" 2>/dev/null | ssh-keygen -l -f - | cut -d' ' -f2)"
		ssh-keygen -e -m PKCS8 -f "$n.pub" > "$n.spki" || fail "ssh-keygen -e $n"
		is "the key of $n" "$(openssl pkey -pubin -in "$n.spki" -outform DER | sha256sum | cut -c1-16)" "$(pub "key-$n.pem")"
	done
fi
done_ jwk
