# SPDX-License-Identifier: ISC
"""pki.py - a whole PKI and a certificate chain for each fault that a peer may have

    /usr/bin/python3 tests/lib/pki.py DIR [FAULT...]

writes, in a second or two and with fresh keys,

    DIR/table.json            every case, as in case.json below
    DIR/root.pem  ica.pem     the PKI of the good ones, with root.key and ica.key
    DIR/NAME/leaf.pem         the certificate at issue
    DIR/NAME/key.pem          its private key, PKCS#8 in the clear, 0600 (key-mismatch: of another)
    DIR/NAME/chain.pem        what a peer sends: leaf first (but leaf-last), without the root
    DIR/NAME/trust.pem        whom the other side trusts
    DIR/NAME/crl.pem          the CRLs it has, where it is to look at them
    DIR/NAME/case.json

A fault that a server and a client may both have is there twice: NAME with the purpose "server", and
client-NAME.  case.json:

    name, fault, about    "client-expired-leaf", "expired-leaf", a sentence
    side                  "server" or "client": who has it
    host                  what the client asks for; null where the side is "client"
    purpose               "server" or "client"
    revocation            "off", "crl" (crl.pem is there) or "require" (and the CRLs do not say)
    reason, check         slugs of include/kstool/checks.def that are to be named; null: it is valid
    strict                the reason under --policy strict, where the default lets it pass; null
    sends                 false: no certificate is sent at all (no-client-certificate)

So a test that wants them all says

    for c in json.load(open(d + "/table.json")): ... kstool verify d/NAME/chain.pem
        --trust d/NAME/trust.pem [--host HOST] --purpose PURPOSE [--crl d/NAME/crl.pem]

and one that wants a few: `pki.py DIR good expired-leaf`.  In C or sh: the files are plain.

The certificates are DER made by hand, since a library refuses to make most of them.
"""
import datetime
import hashlib
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from forge import oid, pem, tlv

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
ROOT, CA, LEAF = (-1000, 3000), (-300, 1500), (-10, 80) # days from now
HOST = "shop.acme.test"
SERVER, CLIENT, ANY = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"

# ---- keys and signatures ----

def ec_key(curve=ec.SECP256R1):
    return ec.generate_private_key(curve())


def rsa_key(bits=2048, e=65537):
    return rsa.generate_private_key(e, bits)


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


def key_id(public):
    return hashlib.sha1(public).digest()


NULL = tlv(5)
RSA_OID = {"md5": "1.2.840.113549.1.1.4", "sha1": "1.2.840.113549.1.1.5",
           "sha256": "1.2.840.113549.1.1.11"}
EC_OID = {"sha1": "1.2.840.10045.4.1", "sha256": "1.2.840.10045.4.3.2"}
HASH = {"md5": hashes.MD5, "sha1": hashes.SHA1, "sha256": hashes.SHA256}


class ExponentOne:
    """An RSA key with e = 1: everybody can sign with it, since a signature is its own padding."""
    def __init__(self):
        self.n = rsa_key().public_key().public_numbers().n
        numbers = tlv(0x30, tlv(2, b"\0" + self.n.to_bytes(256, "big")), tlv(2, b"\1"))
        self.public = tlv(0x30, tlv(0x30, oid("1.2.840.113549.1.1.1"), NULL), tlv(3, b"\0" + numbers))

    def sign(self, data):
        info = tlv(0x30, tlv(0x30, oid("2.16.840.1.101.3.4.2.1"), NULL),
                   tlv(4, hashlib.sha256(data).digest()))
        return b"\0\1" + b"\xff" * (253 - len(info)) + b"\0" + info


def public_of(key):
    return key.public if isinstance(key, ExponentOne) else spki(key)


def algorithm(key, digest="sha256"):
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return tlv(0x30, oid("1.3.101.112"))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return tlv(0x30, oid(EC_OID[digest]))
    return tlv(0x30, oid(RSA_OID[digest]), NULL)


def sign(key, data, digest="sha256"):
    if isinstance(key, (ExponentOne, ed25519.Ed25519PrivateKey)):
        return key.sign(data)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(HASH[digest]()))
    return key.sign(data, padding.PKCS1v15(), HASH[digest]())


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())

# ---- DER ----

def when(days):
    t = NOW + datetime.timedelta(days=days)
    if t.year < 2050:
        return tlv(0x17, t.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(0x18, t.strftime("%Y%m%d%H%M%SZ").encode())


def dn(cn, org="Acme"):
    rdn = lambda kind, text: tlv(0x31, tlv(0x30, oid(kind), tlv(12, text.encode())))
    return tlv(0x30, rdn("2.5.4.10", org), rdn("2.5.4.3", cn))


def integer(n):
    return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))


def serial():
    return int.from_bytes(b"\x40" + os.urandom(15), "big")


def ext(kind, value, critical=False):
    return tlv(0x30, oid(kind), *([tlv(1, b"\xff")] if critical else []), tlv(4, value))


def basic(ca, length=None):
    return ext("2.5.29.19", tlv(0x30, *([tlv(1, b"\xff")] if ca else []),
                                *([integer(length)] if length is not None else [])), True)


DIGITAL_SIGNATURE, KEY_AGREEMENT, CERT_SIGN, CRL_SIGN = 0, 4, 5, 6


def usage(*bits):
    value = sum(0x80 >> b for b in bits)
    unused = 7 - max(bits)
    return ext("2.5.29.15", tlv(3, bytes([unused, value])), True)


def extended(*oids):
    return ext("2.5.29.37", tlv(0x30, *map(oid, oids)))


def general(name):
    """'dns:a.test', 'ip:127.0.0.1', 'ip:10.0.0.0/255.0.0.0', 'email:...', 'uri:...', or DER of a DN."""
    if isinstance(name, bytes):
        return tlv(0xa4, name)
    kind, value = name.split(":", 1)
    if kind == "ip":
        return tlv(0x87, bytes(int(x) for part in value.split("/") for x in part.split(".")))
    return tlv({"dns": 0x82, "email": 0x81, "uri": 0x86}[kind], value.encode())


def alternative(*names):
    return ext("2.5.29.17", tlv(0x30, *map(general, names)))


def constraints(permitted=(), excluded=()):
    part = lambda tag, names: [tlv(tag, *(tlv(0x30, general(n)) for n in names))] if names else []
    return ext("2.5.29.30", tlv(0x30, *part(0xa0, permitted), *part(0xa1, excluded)), True)


def subject_id(public):
    return ext("2.5.29.14", tlv(4, key_id(public)))


def authority_id(public):
    return ext("2.5.29.35", tlv(0x30, tlv(0x80, key_id(public))))


MUST_STAPLE = ext("1.3.6.1.5.5.7.1.24", tlv(0x30, integer(5)))
UNKNOWN = ext("1.3.6.1.4.1.55555.1", tlv(4, b"?"), True)

# ---- certificates and CRLs ----

class Cert:
    def __init__(self, der, subject, key, number):
        self.der, self.subject, self.key, self.serial = der, subject, key, number

    @property
    def pem(self):
        return pem(self.der)


def certificate(subject, key, issuer, extensions, days, digest="sha256", number=None, version=3,
                outer=None, spoil=False):
    """issuer: a Cert, or None where it signs itself."""
    signer = issuer.key if issuer else key
    number = serial() if number is None else number
    alg = algorithm(signer, digest)
    body = tlv(0x30, *([tlv(0xa0, integer(version - 1))] if version > 1 else []), integer(number),
               alg, issuer.subject if issuer else subject, tlv(0x30, when(days[0]), when(days[1])),
               subject, public_of(key), *([tlv(0xa3, tlv(0x30, *extensions))] if extensions else []))
    value = bytearray(sign(signer, body, digest))
    if spoil:
        value[-1] ^= 1
    return Cert(tlv(0x30, body, outer or alg, tlv(3, b"\0" + bytes(value))), subject, key, number)


def authority(cn, issuer=None, key=None, days=None, length=None, ca=True,
              bits=(CERT_SIGN, CRL_SIGN), more=(), replace=None, **how):
    """A root or an issuing CA.  replace: all its extensions; more: some on top."""
    key = key or ec_key()
    extensions = [basic(ca, length), usage(*bits), subject_id(public_of(key))]
    if issuer:
        extensions.append(authority_id(public_of(issuer.key)))
    return certificate(dn(cn), key, issuer, extensions + list(more) if replace is None else replace,
                       days or (CA if issuer else ROOT), **how)


def leaf(role, issuer, cn=None, names=None, key=None, days=LEAF, eku=None, bits=(DIGITAL_SIGNATURE,),
         more=(), authority=None, **how):
    """eku: OIDs, () for none; names: of the SAN, () for none."""
    key = key or ec_key()
    cn = cn or (HOST if role == "server" else "device-1.acme.test")
    names = ["dns:" + cn] if names is None else names
    eku = ({"server": [SERVER], "client": [CLIENT]}[role] if eku is None else eku)
    extensions = [usage(*bits), subject_id(public_of(key))]
    if issuer:
        extensions.append(authority_id(authority or public_of(issuer.key)))
    if eku:
        extensions.append(extended(*eku))
    if names:
        extensions.append(alternative(*names))
    return certificate(dn(cn), key, issuer, extensions + list(more), days, **how)


def crl(issuer, revoked=(), days=(-1, 20), key=None, more=(), number=7):
    """DER.  revoked: Certs, or (Cert, reason)."""
    key = key or issuer.key
    rows = [r if isinstance(r, tuple) else (r, 1) for r in revoked]
    rows = [tlv(0x30, integer(c.serial), when(-2),
                tlv(0x30, ext("2.5.29.21", tlv(10, bytes([reason]))))) for c, reason in rows]
    body = tlv(0x30, integer(1), algorithm(key), issuer.subject, when(days[0]), when(days[1]),
               *([tlv(0x30, *rows)] if rows else []),
               tlv(0xa0, tlv(0x30, authority_id(public_of(key)), ext("2.5.29.20", integer(number)),
                             *more)))
    return tlv(0x30, body, algorithm(key), tlv(3, b"\0" + sign(key, body)))

# ---- the cases ----

class World:
    """What the good ones share: a root, an issuing CA, and a CA that nobody here trusts."""
    def __init__(self):
        self.root = authority("Acme Root CA")
        self.ica = authority("Acme Issuing CA", self.root)
        self.other = authority("Other Root CA")
        self._rsa = None

    def rsa(self):
        """An issuing CA with an RSA key: made when the first asks for it, since that takes time."""
        if not self._rsa:
            self._rsa = authority("Acme RSA CA", self.root, rsa_key())
        return self._rsa

    def crls(self, revoked=(), root=(), **how):
        return [crl(self.ica, revoked, **how), crl(self.root, root)]


class Case:
    def __init__(self, cert, chain, trust, host=HOST, crls=None, key=None, require=False, first=True,
                 sends=True):
        self.cert, self.chain, self.trust, self.crls = cert, chain, trust, crls
        self.host, self.key, self.require, self.first, self.sends = host, key, require, first, sends


FAULTS = [] # (fault, roles, reason, strict, function)


def fault(name, reason=None, roles="server client", strict=None):
    def put(f):
        FAULTS.append((name, roles.split(), reason, strict, f))
        return f
    return put


def plain(w, role, **how):
    """A leaf below the issuing CA, everything else as it should be."""
    host = how.pop("host", HOST)
    return Case(leaf(role, w.ica, **how), [w.ica], [w.root], host)


def below(w, role, ca, *more, **how):
    """A leaf below another CA."""
    host = how.pop("host", HOST)
    return Case(leaf(role, ca, **how), [ca, *more], [w.root], host)


# The good ones, so that no test is content with a tool that refuses everything.
@fault("good")
def _(w, role):
    """nothing is wrong"""
    return plain(w, role)


@fault("good-both")
def _(w, role):
    """one certificate for servers and clients"""
    return plain(w, role, eku=[SERVER, CLIENT])


@fault("good-no-eku")
def _(w, role):
    """no extended key usage: any purpose (RFC 5280 4.2.1.12)"""
    return plain(w, role, eku=())


@fault("good-wildcard", roles="server")
def _(w, role):
    """*.acme.test for shop.acme.test"""
    return plain(w, role, cn="acme.test", names=["dns:*.acme.test"])


@fault("good-ip", roles="server")
def _(w, role):
    """an IP address in the SAN"""
    return plain(w, role, names=["ip:127.0.0.1"], host="127.0.0.1")


@fault("good-rsa")
def _(w, role):
    """RSA of 2048 bits below an RSA CA"""
    return below(w, role, w.rsa(), key=rsa_key())


@fault("good-ed25519")
def _(w, role):
    """Ed25519"""
    return plain(w, role, key=ed25519.Ed25519PrivateKey.generate())


@fault("good-crl")
def _(w, role):
    """CRLs of both CAs, which revoke somebody else"""
    c = plain(w, role)
    c.crls = w.crls([leaf(role, w.ica)])
    return c


@fault("good-constraints")
def _(w, role):
    """name constraints that permit the name"""
    return below(w, role, authority("Acme Constrained CA", w.root, more=[
        constraints(["dns:acme.test"], ["dns:secret.acme.test"])]))


@fault("good-long-chain")
def _(w, role):
    """eight CAs below the root"""
    chain = [authority("Acme CA 1", w.root)]
    for i in range(2, 9):
        chain.insert(0, authority("Acme CA %d" % i, chain[0]))
    return below(w, role, *chain)


@fault("good-cross-signed")
def _(w, role):
    """the root is sent too, signed by an older root that has expired; the new one is trusted"""
    old = authority("Acme Old Root CA", days=(-3000, -20))
    crossed = authority("Acme Root CA", old, w.root.key, days=(-900, -20))
    c = below(w, role, w.ica, crossed)
    c.trust = [w.root, old]
    return c


@fault("good-wrong-order")
def _(w, role):
    """the two intermediates are sent in the wrong order (RFC 8446 4.4.2 bears it)"""
    sub = authority("Acme Sub CA", w.ica)
    c = below(w, role, sub, w.ica)
    c.chain.reverse()
    return c


@fault("leaf-last")
def _(w, role):
    """the file has the leaf behind its CA"""
    c = plain(w, role)
    c.first = False
    return c


@fault("good-ca-as-leaf")
def _(w, role):
    """the certificate is one of a CA too"""
    return plain(w, role, bits=(DIGITAL_SIGNATURE, CERT_SIGN), more=[basic(True)])


# Dates
@fault("expired-leaf", "expired")
def _(w, role):
    """the leaf has expired"""
    return plain(w, role, days=(-100, -3))


@fault("expired-issuer", "expired")
def _(w, role):
    """the issuing CA has expired"""
    return below(w, role, authority("Acme Expired CA", w.root, days=(-400, -3)))


@fault("expired-root", "expired")
def _(w, role):
    """the trusted root has expired"""
    root = authority("Acme Gone Root CA", days=(-4000, -3))
    ica = authority("Acme Issuing CA 3", root)
    return Case(leaf(role, ica), [ica], [root])


@fault("not-yet-valid", "not-yet-valid")
def _(w, role):
    """the leaf is valid from next week on"""
    return plain(w, role, days=(7, 80))


@fault("issuer-not-yet-valid", "not-yet-valid")
def _(w, role):
    """the issuing CA is valid from next week on"""
    return below(w, role, authority("Acme Early CA", w.root, days=(7, 900)))


@fault("dates-inverted", "expired")
def _(w, role):
    """it ends before it begins"""
    return plain(w, role, days=(-3, -10))


# Names
@fault("wrong-host", "host-mismatch", "server")
def _(w, role):
    """the certificate of another host"""
    return plain(w, role, cn="mail.acme.test")


@fault("cn-only", "cn-only", "server")
def _(w, role):
    """the host is in the CN, and there is no SAN"""
    return plain(w, role, names=())


@fault("cn-beside-san", "host-mismatch", "server")
def _(w, role):
    """the host is in the CN, and another one in the SAN"""
    return plain(w, role, names=["dns:mail.acme.test"])


@fault("ip-in-cn", "cn-only", "server")
def _(w, role):
    """an IP address in the CN alone"""
    return plain(w, role, cn="127.0.0.1", names=(), host="127.0.0.1")


@fault("ip-as-dns", "host-mismatch", "server")
def _(w, role):
    """an IP address as a DNS name"""
    return plain(w, role, names=["dns:127.0.0.1"], host="127.0.0.1")


@fault("wildcard-too-deep", "host-mismatch", "server")
def _(w, role):
    """*.acme.test for a.shop.acme.test"""
    return plain(w, role, cn="acme.test", names=["dns:*.acme.test"], host="a.shop.acme.test")


@fault("wildcard-bare", "host-mismatch", "server")
def _(w, role):
    """*.acme.test for acme.test"""
    return plain(w, role, cn="Acme", names=["dns:*.acme.test"], host="acme.test")


@fault("wildcard-partial", "host-mismatch", "server")
def _(w, role):
    """sh*.acme.test (RFC 9525 6.3: the whole label or nothing)"""
    return plain(w, role, cn="Acme", names=["dns:sh*.acme.test"])


@fault("nul-in-name", "host-mismatch", "server")
def _(w, role):
    """a NUL byte in the SAN, behind the host"""
    return plain(w, role, cn="Acme", names=["dns:" + HOST + "\0.evil.test"])


# The path
@fault("missing-intermediate", "incomplete-chain")
def _(w, role):
    """the issuing CA is not sent"""
    c = plain(w, role)
    c.chain = []
    return c


@fault("unknown-ca", "untrusted")
def _(w, role):
    """the root is not among the trusted ones"""
    ica = authority("Other Issuing CA", w.other)
    return Case(leaf(role, ica), [ica, w.other], [w.root])


@fault("self-signed", "self-signed")
def _(w, role):
    """signed by itself, and not trusted"""
    return Case(leaf(role, None), [], [w.root])


@fault("same-name-ca", "untrusted")
def _(w, role):
    """the trusted root has the name of the true one, but another key and key identifier"""
    c = plain(w, role)
    c.trust = [authority("Acme Root CA")]
    return c


@fault("bad-signature", "bad-signature")
def _(w, role):
    """the signature of the leaf was altered"""
    return plain(w, role, spoil=True)


@fault("issuer-bad-signature", "bad-signature")
def _(w, role):
    """the signature of the issuing CA was altered"""
    return below(w, role, authority("Acme Altered CA", w.root, spoil=True))


@fault("circle", "untrusted")
def _(w, role):
    """two CAs that signed each other"""
    ka, kb = ec_key(), ec_key()
    a0 = Cert(b"", dn("Acme Circle A"), ka, 1)
    b = authority("Acme Circle B", a0, kb)
    a = authority("Acme Circle A", b, ka)
    return Case(leaf(role, b), [b, a], [w.root])


@fault("authority-key-id", "untrusted")
def _(w, role):
    """the authority key identifier is of another key of the CA"""
    return plain(w, role, authority=spki(ec_key()))


@fault("distrusted-root", "distrusted")
def _(w, role):
    """the root is on the list with the word not to trust it"""
    return plain(w, role)


# Purposes
@fault("wrong-purpose", "wrong-purpose")
def _(w, role):
    """a client's certificate at a server, a server's at a client"""
    return plain(w, role, eku=[CLIENT if role == "server" else SERVER])


@fault("email-purpose", "wrong-purpose")
def _(w, role):
    """a certificate for e-mail"""
    return plain(w, role, eku=["1.3.6.1.5.5.7.3.4"])


@fault("any-purpose")
def _(w, role):
    """extended key usage "any" alone"""
    return plain(w, role, eku=[ANY])


@fault("issuer-wrong-purpose", "wrong-purpose")
def _(w, role):
    """the issuing CA is for the other purpose"""
    return below(w, role, authority("Acme Narrow CA", w.root, more=[
        extended(CLIENT if role == "server" else SERVER)]))


@fault("no-digital-signature", "wrong-key-usage")
def _(w, role):
    """a key usage without digitalSignature"""
    return plain(w, role, bits=(KEY_AGREEMENT,))


@fault("issuer-not-ca", "not-a-ca")
def _(w, role):
    """signed by somebody's leaf certificate"""
    return below(w, role, leaf(role, w.ica, cn="mallory.acme.test"), w.ica)


@fault("issuer-ca-false", "not-a-ca")
def _(w, role):
    """the issuer says CA:FALSE, but may sign certificates"""
    return below(w, role, authority("Acme No CA", w.root, ca=False))


@fault("issuer-v1", "not-a-ca")
def _(w, role):
    """the issuer is an X.509 v1 certificate"""
    return below(w, role, authority("Acme V1 CA", w.root, replace=[], version=1))


@fault("issuer-no-cert-sign", "wrong-key-usage")
def _(w, role):
    """the key usage of the CA does not allow to sign certificates"""
    return below(w, role, authority("Acme CRL CA", w.root, bits=(CRL_SIGN,)))


# Constraints
@fault("path-length", "path-length")
def _(w, role):
    """a CA with path length 0 has a CA below it"""
    upper = authority("Acme Zero CA", w.root, length=0)
    return below(w, role, authority("Acme Sub CA 2", upper), upper)


def constrained(w, role, permitted=(), excluded=(), **how):
    return below(w, role, authority("Acme Constrained CA", w.root,
                                    more=[constraints(permitted, excluded)]), **how)


@fault("name-not-permitted", "name-constraint")
def _(w, role):
    """the CA may issue for other.test"""
    return constrained(w, role, ["dns:other.test"])


@fault("name-excluded", "name-constraint")
def _(w, role):
    """the CA may not issue for acme.test"""
    return constrained(w, role, (), ["dns:acme.test"])


@fault("ip-not-permitted", "name-constraint")
def _(w, role):
    """the CA may issue for 10.0.0.0/8"""
    return constrained(w, role, ["ip:10.0.0.0/255.0.0.0"], names=["ip:127.0.0.1"], host="127.0.0.1")


@fault("ip-excluded", "name-constraint")
def _(w, role):
    """the CA may not issue for 127.0.0.0/8"""
    return constrained(w, role, (), ["ip:127.0.0.0/255.0.0.0"], names=["ip:127.0.0.1"],
                       host="127.0.0.1")


@fault("subject-not-permitted", "name-constraint")
def _(w, role):
    """the CA may issue below O=Elsewhere"""
    elsewhere = tlv(0x30, tlv(0x31, tlv(0x30, oid("2.5.4.10"), tlv(12, b"Elsewhere"))))
    return constrained(w, role, [elsewhere])


@fault("critical-extension", "critical-extension")
def _(w, role):
    """a critical extension that nobody knows"""
    return plain(w, role, more=[UNKNOWN])


@fault("issuer-critical-extension", "critical-extension")
def _(w, role):
    """one in the CA"""
    return below(w, role, authority("Acme Odd CA", w.root, more=[UNKNOWN]))


# Form
@fault("duplicate-extension", "malformed")
def _(w, role):
    """an extension twice (RFC 5280 4.2)"""
    cn = HOST if role == "server" else "device-1.acme.test"
    return plain(w, role, more=[alternative("dns:other." + cn)])


@fault("signature-algorithms-differ", "malformed")
def _(w, role):
    """the algorithm outside is not the one that was signed (RFC 5280 4.1.1.2)"""
    return plain(w, role, outer=tlv(0x30, oid("1.2.840.10045.4.3.3")))


@fault("negative-serial", strict="malformed")
def _(w, role):
    """a negative serial number"""
    return plain(w, role, number=-5)


@fault("zero-serial", strict="malformed")
def _(w, role):
    """the serial number 0"""
    return plain(w, role, number=0)


# Strength
@fault("weak-rsa", "weak-key")
def _(w, role):
    """RSA of 1024 bits"""
    return plain(w, role, key=rsa_key(1024))


@fault("weak-issuer", "weak-key")
def _(w, role):
    """a CA with RSA of 1024 bits"""
    return below(w, role, authority("Acme Weak CA", w.root, rsa_key(1024)))


@fault("weak-curve", "weak-key")
def _(w, role):
    """a CA on a curve of 192 bits"""
    return below(w, role, authority("Acme Small CA", w.root, ec_key(ec.SECP192R1)))


@fault("exponent-one", "weak-key")
def _(w, role):
    """a CA with the RSA exponent 1: everybody can sign for it"""
    return below(w, role, authority("Acme One CA", w.root, ExponentOne()))


@fault("exponent-three")
def _(w, role):
    """the RSA exponent 3: allowed, if not liked"""
    return below(w, role, authority("Acme Three CA", w.root, rsa_key(2048, 3)))


@fault("sha1", "weak-digest")
def _(w, role):
    """signed with SHA-1"""
    return below(w, role, w.rsa(), digest="sha1")


@fault("md5", "weak-digest")
def _(w, role):
    """signed with MD5"""
    return below(w, role, w.rsa(), digest="md5")


# Revocation
def with_crl(w, role, revoked=True, **how):
    c = plain(w, role)
    c.crls = w.crls([c.cert] if revoked else [], **how)
    return c


@fault("revoked", "revoked")
def _(w, role):
    """its CA has revoked it"""
    return with_crl(w, role)


@fault("issuer-revoked", "revoked")
def _(w, role):
    """the root has revoked the issuing CA"""
    ca = authority("Acme Revoked CA", w.root)
    c = below(w, role, ca)
    c.crls = [crl(ca), crl(w.root, [(ca, 2)])]
    return c


@fault("stale-crl", "crl-expired")
def _(w, role):
    """the CRL is out of date"""
    return with_crl(w, role, False, days=(-60, -30))


@fault("revoked-stale-crl", "revoked")
def _(w, role):
    """the CRL is out of date, and revokes it"""
    return with_crl(w, role, days=(-60, -30))


@fault("crl-not-yet-valid", "crl-expired")
def _(w, role):
    """the CRL is of next week"""
    return with_crl(w, role, False, days=(7, 30))


@fault("crl-of-another", "crl-bad")
def _(w, role):
    """the CRL has the CA's name and is signed by another key"""
    return with_crl(w, role, False, key=ec_key())


@fault("no-crl", "revocation-unknown")
def _(w, role):
    """there is no CRL of its CA, and one is wanted"""
    c = plain(w, role)
    c.crls, c.require = [crl(w.root)], True
    return c


@fault("crl-of-cas-only", "revocation-unknown")
def _(w, role):
    """the CRL of its CA is for CA certificates alone (RFC 5280 5.2.5)"""
    c = with_crl(w, role, False, more=[ext("2.5.29.28", tlv(0x30, tlv(0x82, b"\xff")), True)])
    c.require = True
    return c


@fault("must-staple", strict="revocation-unknown", roles="server")
def _(w, role):
    """it promises an OCSP response, and the server sends none (RFC 7633)"""
    return plain(w, role, more=[MUST_STAPLE])


# The key, and none
@fault("key-mismatch", "key-mismatch")
def _(w, role):
    """the private key is of another certificate"""
    c = plain(w, role)
    c.key = ec_key()
    return c


@fault("no-client-certificate", roles="client")
def _(w, role):
    """the client has no certificate"""
    c = plain(w, role)
    c.sends = False
    return c

# ---- writing ----

def checks():
    """{reason: check} of the program's own list."""
    here = os.path.dirname(os.path.abspath(__file__))
    text = open(os.path.join(here, "../../include/kstool/checks.def")).read()
    slug = dict(re.findall(r'KST_CHECK\((\w+),\s*"([^"]+)"', text))
    return {reason: slug[check] for reason, check in
            re.findall(r'KST_REASON\(\w+,\s*"([^"]+)",\s*(\w+),', text)}


def put(path, text, mode=0o644):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())


# How OpenSSL's tools write that a root is not to be trusted for servers and clients.
def distrust(cert):
    reject = tlv(0xa0, oid(SERVER), oid(CLIENT))
    return pem(cert.der + tlv(0x30, reject), "TRUSTED CERTIFICATE")


def write(top, name, role, fault_name, about, reason, strict, c, check):
    d = os.path.join(top, name)
    os.makedirs(d, exist_ok=True)
    put(d + "/leaf.pem", c.cert.pem)
    put(d + "/key.pem", key_pem(c.key or c.cert.key), 0o600)
    sent = [x.pem for x in ([c.cert] + c.chain if c.first else c.chain + [c.cert])]
    put(d + "/chain.pem", "".join(sent))
    put(d + "/trust.pem", "".join(distrust(x) if reason == "distrusted" else x.pem for x in c.trust))
    if c.crls:
        put(d + "/crl.pem", "".join(pem(x, "X509 CRL") for x in c.crls))
    row = {"name": name, "fault": fault_name, "about": about, "side": role, "purpose": role,
           "host": c.host if role == "server" else None,
           "revocation": "require" if c.require else "crl" if c.crls else "off",
           "reason": reason, "check": check[reason] if reason else None, "strict": strict,
           "sends": c.sends}
    put(d + "/case.json", json.dumps(row, indent=1) + "\n")
    return row


def main(top, wanted=()):
    os.makedirs(top, exist_ok=True)
    check = checks()
    w = World()
    for name, cert in (("root", w.root), ("ica", w.ica), ("other", w.other)):
        put("%s/%s.pem" % (top, name), cert.pem)
        put("%s/%s.key" % (top, name), key_pem(cert.key), 0o600)
    unknown = set(wanted) - {f[0] for f in FAULTS}
    if unknown:
        sys.exit("pki.py: no such fault: " + " ".join(sorted(unknown)))
    table = []
    for name, roles, reason, strict, make in FAULTS:
        if wanted and name not in wanted:
            continue
        for role in roles:
            full = name if role == "server" or roles == ["client"] else "client-" + name
            table.append(write(top, full, role, name, make.__doc__, reason, strict, make(w, role),
                               check))
    put(top + "/table.json", json.dumps(table, indent=1) + "\n")
    return table


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("pki.py DIR [FAULT...]")
    main(sys.argv[1], sys.argv[2:])
