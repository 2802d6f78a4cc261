# SPDX-License-Identifier: ISC
"""x509.py - certificates and CRLs in which everything may be wrong, made by hand

Libraries refuse to make most of them.  The signatures are true ones, unless spoil= is asked for.
"""
import datetime
import hashlib
import os
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


def ocsp(issuer, cert, revoked=None, days=(-1, 5), key=None):
    """DER of what a responder says of one certificate (RFC 6960 4.2.1), signed by its CA itself (an EC key)."""
    key = key or issuer.key
    point = issuer.key.public_key().public_bytes(serialization.Encoding.X962,
                                                 serialization.PublicFormat.UncompressedPoint)
    time = lambda d: tlv(0x18, (NOW + datetime.timedelta(days=d)).strftime("%Y%m%d%H%M%SZ").encode())
    name = tlv(0x30, tlv(0x30, oid("1.3.14.3.2.26"), NULL), tlv(4, hashlib.sha1(issuer.subject).digest()),
               tlv(4, hashlib.sha1(point).digest()), integer(cert.serial))
    state = tlv(0x80) if revoked is None else tlv(0xa1, time(-2), tlv(0xa0, tlv(10, bytes([revoked]))))
    body = tlv(0x30, tlv(0xa1, issuer.subject), time(days[0]),
               tlv(0x30, tlv(0x30, name, state, time(days[0]), tlv(0xa0, time(days[1])))))
    basic_response = tlv(0x30, body, algorithm(key), tlv(3, b"\0" + sign(key, body)))
    return tlv(0x30, tlv(10, b"\0"), tlv(0xa0, tlv(0x30, oid("1.3.6.1.5.5.7.48.1.1"), tlv(4, basic_response))))


# How OpenSSL's tools write that a root is not to be trusted for servers and clients.
def distrust(cert):
    reject = tlv(0xa0, oid(SERVER), oid(CLIENT))
    return pem(cert.der + tlv(0x30, reject), "TRUSTED CERTIFICATE")
