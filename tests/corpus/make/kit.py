# SPDX-License-Identifier: ISC
"""What the makers of the corpus share: DER piece by piece, keys and certificates that come out the
same every time, and the file beside each file that says what has to come of it.

Nothing here is random: a key is the hash of its name.  The keys are for tests and protect nothing."""
import base64
import ctypes
import ctypes.util
import hashlib
import os
import subprocess

sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
sodium.sodium_init()
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


# ---- files ----

class Corpus:
    """One folder; put() writes a file and its .txt."""

    def __init__(self, name, ext):
        self.dir = os.path.join(HERE, name)
        self.ext = ext
        self.nr = 0
        os.makedirs(self.dir, exist_ok=True)

    def put(self, name, data, expect, comment, entries=None, **more):
        lines = ["expect: " + expect]
        for key, value in more.items():
            for v in value if isinstance(value, (list, tuple)) else [value]:
                lines.append("%s: %s" % (key.replace("_", "-"), v))
        if expect == "success":
            lines.append("entries: %d" % len(entries))
            lines += ["entry: " + e for e in entries]
        lines.append("comment: " + comment)
        with open(os.path.join(self.dir, name + "." + self.ext), "wb") as f:
            f.write(data)
        with open(os.path.join(self.dir, name + ".txt"), "w") as f:
            f.write("\n".join(lines) + "\n")
        self.nr += 1


def seed(name, n=32):
    return hashlib.shake_256(("kstool corpus " + name).encode()).digest(n)


# ---- DER ----

def length(n):
    if n < 0x80:
        return bytes([n])
    b = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(b)]) + b


def tlv(tag, *parts):
    body = b"".join(parts)
    return bytes([tag]) + length(len(body)) + body


def seq(*p):
    return tlv(0x30, *p)


def set_(*p):
    return tlv(0x31, *p)


def ctx(n, *p):
    return tlv(0xa0 | n, *p)


def octets(b):
    return tlv(4, b)


def bits(b, unused=0):
    return tlv(3, bytes([unused]), b)


def utf8(s):
    return tlv(12, s.encode())


def bmp(s):
    return tlv(30, s.encode("utf-16-be"))


NULL = tlv(5)
TRUE = tlv(1, b"\xff")


def integer(v):
    return tlv(2, v.to_bytes(v.bit_length() // 8 + 1, "big", signed=True))


def oid(text):
    arcs = [int(a) for a in text.split(".")]
    out = b""
    for a in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        piece = [a & 0x7f]
        while a > 0x7f:
            a >>= 7
            piece.insert(0, a & 0x7f | 0x80)
        out += bytes(piece)
    return tlv(6, out)


# ---- keys: (PKCS#8, SubjectPublicKeyInfo, traditional form or None) ----

ED25519 = seq(oid("1.3.101.112"))


class Ed25519:
    def __init__(self, name):
        self.seed = seed("ed25519 " + name)
        pk, self.sk = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        sodium.crypto_sign_seed_keypair(pk, self.sk, self.seed)
        self.pk = pk.raw
        self.pkcs8 = seq(integer(0), ED25519, octets(octets(self.seed)))
        self.spki = seq(ED25519, bits(self.pk))

    def sign(self, message):
        sig = ctypes.create_string_buffer(64)
        sodium.crypto_sign_detached(sig, None, message, ctypes.c_ulonglong(len(message)), self.sk)
        return sig.raw


class P256:
    P = 2**256 - 2**224 + 2**192 + 2**96 - 1
    N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
    G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
         0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)
    CURVE = oid("1.2.840.10045.3.1.7")

    def add(self, a, b):
        if a is None or b is None:
            return a or b
        if a[0] == b[0]:
            if a != b:
                return None
            m = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, self.P)
        else:
            m = (b[1] - a[1]) * pow(b[0] - a[0], -1, self.P)
        x = (m * m - a[0] - b[0]) % self.P
        return x, (m * (a[0] - x) - a[1]) % self.P

    def __init__(self, name):
        d = int.from_bytes(seed("p256 " + name), "big") % (self.N - 1) + 1
        point, g, k = None, self.G, d
        while k:
            if k & 1:
                point = self.add(point, g)
            g, k = self.add(g, g), k >> 1
        self.pub = b"\4" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")
        alg = seq(oid("1.2.840.10045.2.1"), self.CURVE)
        private = octets(d.to_bytes(32, "big"))
        self.sec1 = seq(integer(1), private, ctx(0, self.CURVE), ctx(1, bits(self.pub)))
        self.sec1_bare = seq(integer(1), private)
        self.pkcs8 = seq(integer(0), alg, octets(seq(integer(1), private, ctx(1, bits(self.pub)))))
        self.spki = seq(alg, bits(self.pub))


class RSA:
    def prime(self, name, size):
        for i in range(100000):
            p = int.from_bytes(seed("%s %d" % (name, i), size // 8), "big")
            p |= 3 << (size - 2) | 1
            if any(p % s == 0 for s in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31)) or p % 65537 == 1:
                continue
            if pow(2, p - 1, p) == 1 and pow(3, p - 1, p) == 1 and pow(5, p - 1, p) == 1:
                return p

    def __init__(self, name, size=2048):
        p, q = self.prime("rsa p " + name, size // 2), self.prime("rsa q " + name, size // 2)
        p, q = max(p, q), min(p, q)
        n, e = p * q, 65537
        d = pow(e, -1, (p - 1) * (q - 1))
        alg = seq(oid("1.2.840.113549.1.1.1"), NULL)
        self.pkcs1 = seq(*map(integer, (0, n, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))))
        self.pkcs8 = seq(integer(0), alg, octets(self.pkcs1))
        self.spki = seq(alg, bits(seq(integer(n), integer(e))))


# ---- certificates, all signed with Ed25519 ----

def name(cn):
    return seq(set_(seq(oid("2.5.4.3"), utf8(cn)))) if cn else seq()


def ext(id, body, critical=False):
    return seq(oid(id), TRUE if critical else b"", octets(body))


CA = ext("2.5.29.19", seq(TRUE), True)
VALID = seq(tlv(23, b"260101000000Z"), tlv(23, b"360101000000Z"))


def san(*dns):
    return ext("2.5.29.17", seq(*[tlv(0x82, d.encode()) for d in dns]))


def certificate(cn, spki, issuer, by, *exts):
    serial = int.from_bytes(seed("serial " + cn, 8), "big") >> 1
    tbs = seq(ctx(0, integer(2)), integer(serial), ED25519, name(issuer), VALID, name(cn), spki,
              ctx(3, seq(*exts)) if exts else b"")
    return seq(tbs, ED25519, bits(by.sign(tbs)))


class World:
    """A root, what it issued, and who holds which key."""

    def __init__(self):
        self.root_key, self.web_key = Ed25519("root"), P256("web")
        self.api_key, self.ed_key = RSA("api"), Ed25519("ed")
        self.root = certificate("Corpus Root", self.root_key.spki, "Corpus Root", self.root_key, CA)
        self.web = certificate("web.test", self.web_key.spki, "Corpus Root", self.root_key,
                               san("web.test", "www.web.test"))
        self.api = certificate("api.test", self.api_key.spki, "Corpus Root", self.root_key,
                               san("api.test"))
        self.ed = certificate("ed.test", self.ed_key.spki, "Corpus Root", self.root_key, san("ed.test"))

    def csr(self):
        info = seq(integer(0), name("new.test"), self.ed_key.spki, ctx(0))
        return seq(info, ED25519, bits(self.ed_key.sign(info)))

    def crl(self):
        tbs = seq(integer(1), ED25519, name("Corpus Root"), tlv(23, b"260101000000Z"),
                  tlv(23, b"360101000000Z"), seq(seq(integer(77), tlv(23, b"260201000000Z"))))
        return seq(tbs, ED25519, bits(self.root_key.sign(tbs)))


# ---- passphrases ----

def cipher(algorithm, key, iv, plain):
    return subprocess.run(["openssl", "enc", "-" + algorithm, "-K", key.hex(), "-iv", iv.hex()],
                          input=plain, capture_output=True, check=True).stdout


PBKDF2, PBES2 = oid("1.2.840.113549.1.5.12"), oid("1.2.840.113549.1.5.13")
HMAC_SHA256 = seq(oid("1.2.840.113549.2.9"), NULL)
AES256 = "2.16.840.1.101.3.4.1.42"


def pbes2_id(salt, iterations, iv, cipher_oid=AES256, prf=HMAC_SHA256):
    return seq(PBES2, seq(seq(PBKDF2, seq(octets(salt), integer(iterations), prf)),
                          seq(oid(cipher_oid), octets(iv))))


def pbes2(what, passphrase, plain, iterations=64):
    """(AlgorithmIdentifier, ciphertext): PBES2, PBKDF2-HMAC-SHA256, AES-256-CBC."""
    salt, iv = seed("salt " + what, 16), seed("iv " + what, 16)
    key = hashlib.pbkdf2_hmac("sha256", passphrase, salt, iterations, 32)
    return pbes2_id(salt, iterations, iv), cipher("aes-256-cbc", key, iv, plain)


def scrypt(what, passphrase, plain, n=1024, r=8, p=1):
    salt, iv = seed("salt " + what, 16), seed("iv " + what, 16)
    key = hashlib.scrypt(passphrase, salt=salt, n=n, r=r, p=p, dklen=32)
    kdf = seq(oid("1.3.6.1.4.1.11591.4.11"), seq(octets(salt), integer(n), integer(r), integer(p)))
    return seq(PBES2, seq(kdf, seq(oid(AES256), octets(iv)))), cipher("aes-256-cbc", key, iv, plain)


def sealed_key(what, passphrase, pkcs8, make=pbes2, **more):
    alg, ct = make(what, passphrase, pkcs8, **more)
    return seq(alg, octets(ct))


# ---- PEM ----

def pem(label, der, width=64):
    text = base64.b64encode(der).decode()
    lines = [text[i:i + width] for i in range(0, len(text), width)]
    return ("-----BEGIN %s-----\n%s-----END %s-----\n"
            % (label, "".join(line + "\n" for line in lines), label)).encode()
