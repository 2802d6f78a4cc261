# SPDX-License-Identifier: ISC
"""BCFKS from formats/bcfks.md alone.  The MAC is right wherever it is not itself the fault."""
import hashlib
import hmac
import os

import kit
from kit import integer, octets, oid, seq, tlv, utf8

PASS = "secret-pass"
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bcfks")
HMAC_SHA512 = seq(oid("1.2.840.113549.2.11"), kit.NULL)
HMAC_SHA3_512 = seq(oid("2.16.840.1.101.3.4.2.16"), kit.NULL)
SCRYPT = oid("1.3.6.1.4.1.11591.4.11")
CCM, KWP = oid("2.16.840.1.101.3.4.1.47"), oid("2.16.840.1.101.3.4.1.48")
AES, HMAC = "2.16.840.1.101.3.4.1", "1.2.840.113549.2.9"


def password(passphrase, purpose):
    z = lambda t: t.encode("utf-16-be") + b"\0\0"
    return (z(passphrase) if passphrase else b"") + z(purpose)


def pbkdf2(what, iterations=64, size=32, prf=HMAC_SHA512):
    """(AlgorithmIdentifier, passphrase -> key)"""
    salt = kit.seed("salt " + what, 64)
    return (seq(kit.PBKDF2, seq(octets(salt), integer(iterations), integer(size), prf)),
            lambda p: hashlib.pbkdf2_hmac("sha512", p, salt, iterations, size))


def scrypt(what, n=64, r=2, p=1, size=32):
    """Bouncy Castle's: r in the place of p, whatever stands in the file."""
    salt = kit.seed("salt " + what, 64)
    return (seq(SCRYPT, seq(octets(salt), integer(n), integer(r), integer(p), integer(size))),
            lambda pw: hashlib.scrypt(pw, salt=salt, n=n, r=r, p=r, dklen=size))


def ecb(key, blocks):
    return kit.cipher("aes-256-ecb", key, b"", blocks)[:len(blocks)]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def ccm(key, nonce, plain, tag):
    """RFC 3610, without additional data."""
    width = 15 - len(nonce)
    pad = lambda b: b + bytes(-len(b) % 16)
    first = bytes([(tag - 2) // 2 << 3 | width - 1]) + nonce + len(plain).to_bytes(width, "big")
    mac = kit.cipher("aes-256-cbc", key, bytes(16), first + pad(plain))[-32:-16] # behind it stands the padding's block
    counters = b"".join(bytes([width - 1]) + nonce + i.to_bytes(width, "big") for i in range(len(plain) // 16 + 2))
    stream = ecb(key, counters)
    return xor(plain, stream[16:]) + xor(mac[:tag], stream)


def kwp(key, plain):
    """RFC 5649."""
    a = b"\xa6\x59\x59\xa6" + len(plain).to_bytes(4, "big")
    r = [(plain + bytes(-len(plain) % 8))[i:i + 8] for i in range(0, len(plain), 8)]
    for t in range(6 * len(r)):
        b = ecb(key, a + r[t % len(r)])
        a, r[t % len(r)] = xor(b[:8], (t + 1).to_bytes(8, "big")), b[8:]
    return a + b"".join(r)


def sealed(what, purpose, plain, passphrase=PASS, kdf=pbkdf2, wrap=False, tag=8, nonce=12, **more):
    """SEQUENCE { AlgorithmIdentifier, OCTET STRING }"""
    alg, derive = kdf(what, **more)
    key, n = derive(password(passphrase, purpose)), kit.seed("nonce " + what, nonce)
    enc = seq(KWP) if wrap else seq(CCM, seq(octets(n), integer(tag)))
    return seq(seq(kit.PBES2, seq(alg, enc)), octets(kwp(key, plain) if wrap else ccm(key, n, plain, tag)))


def date(text):
    return tlv(24, text.encode())


MADE, CHANGED = date("20260101000000Z"), date("20260102030405Z")


def entry(type, name, data, *rest, made=MADE):
    return seq(integer(type), utf8(name), made, CHANGED, octets(data), *rest)


def cert(name, der, *rest, **more):
    return entry(0, name, der, *rest, **more)


def key(name, pkcs8, *chain, type=1, rest=(), **how):
    return entry(type, name, seq(sealed("key " + name, "PRIVATE_KEY_ENCRYPTION", pkcs8, **how), seq(*chain)), *rest)


def secret(name, alg, value, type=2, **how):
    return entry(type, name, sealed("secret " + name, "SECRET_KEY_ENCRYPTION", seq(oid(alg), octets(value)), **how))


def data(*entries, version=1, alg=HMAC_SHA512, rest=()):
    return seq(integer(version), alg, MADE, CHANGED, seq(*entries), *rest)


def store(*entries, passphrase=PASS, plain=None, alg=HMAC_SHA512, mac=None, open=False, mac_kdf=pbkdf2, **how):
    inner = data(*entries, alg=alg) if plain is None else plain
    enc = inner if open else sealed("store", "STORE_ENCRYPTION", inner, passphrase, **how)
    kdf, derive = mac_kdf("mac", size=64)
    if mac is None:
        digest = "sha512" if alg == HMAC_SHA512 else "sha3_512"
        mac = hmac.new(derive(password(passphrase, "INTEGRITY_CHECK")), enc, digest).digest()
    return seq(enc, seq(alg, kdf, octets(mac)))


def good_files(c, w):
    def good(name, data, comment, *entries, **more):
        more.setdefault("passphrase", PASS)
        c.put("good-" + name, data, "success", comment, entries, **more)

    p8, root = w.web_key.pkcs8, cert("Root", w.root)
    web, aes = key("web", p8, w.web, w.root), secret("aes", AES, bytes(range(16)))
    all3 = ("key 2 web", "trusted 1 Root", "secret 0 aes")
    good("three", store(web, root, aes), "a key with its chain, a trusted certificate, a secret key", *all3)
    good("scrypt", store(key("web", p8, w.web, w.root, kdf=scrypt), root, aes, kdf=scrypt, mac_kdf=scrypt),
         "scrypt whose p is not its r", *all3)
    good("key-wrap", store(secret("aes", AES, bytes(16), wrap=True), key("ed", w.ed_key.pkcs8, wrap=True), wrap=True),
         "AES key wrap with padding", "secret 0 aes", "key 0 ed")
    good("sha3", store(root, alg=HMAC_SHA3_512), "HMAC-SHA3-512", "trusted 1 Root")
    good("empty", store(), "no object")
    good("not-encrypted", store(web, root, aes, open=True), "ObjectStoreData as it is, which no program is known to write", *all3)
    good("no-passphrase", store(root, passphrase=""), "an empty passphrase: what is derived from begins with the purpose",
         "trusted 1 Root", passphrase="")
    good("not-ascii", store(key("k", p8, w.web, passphrase="ლ\U0001f511"), passphrase="ლ\U0001f511"),
         "a passphrase beyond the BMP", "key 1 k", passphrase="ლ\U0001f511")
    good("own-passphrase", store(key("k", p8, w.web, passphrase="other"), secret("s", HMAC, b"value", passphrase="other")),
         "keys with a passphrase of their own", "key 1 k", "secret 0 s", key_passphrase="other")
    good("sealed-types", store(key("k", p8, w.web, type=3), secret("s", HMAC, b"value", type=4)),
         "types 3 and 4: keys that were handed over encrypted", "key 1 k", "secret 0 s")
    good("key-types", store(key("rsa", w.api_key.pkcs8, w.api), key("ed", w.ed_key.pkcs8, w.ed), key("bare", p8)),
         "RSA, Ed25519, and a key without certificate", "key 1 rsa", "key 1 ed", "key 0 bare")
    good("comments", store(plain=data(cert("Root", w.root, utf8("bought in May"), kit.ctx(5, integer(7)), made=date("20260101000000.5Z")),
                                      rest=(utf8("of the store"),))),
         "comments, a field nobody knows, a date with a fraction", "trusted 1 Root")
    good("names", store(cert("ca é中", w.root), cert("CA É中", w.root), cert("a\nb", w.root)),
         "names that differ in case, and one with a line break", "trusted 1 ca é中", "trusted 1 CA É中", "trusted 1 a%0Ab")
    good("no-algorithm", store(secret("s", "1.2.840.113549.1.7.1", b"value")), "a secret key whose algorithm is \"data\"", "secret 0 s")


def bad_files(c, w):
    def bad(name, data, expect, comment, kind="bad"):
        c.put(kind + "-" + name, data, expect, comment, passphrase=PASS)

    p8, root = w.web_key.pkcs8, cert("Root", w.root)
    whole = store(root)
    bad("mac", store(root, mac=bytes(64)), "wrong-passphrase", "a MAC of zeros")
    bad("mac-length", store(root, mac=bytes(63)), "corrupt", "a MAC of 63 bytes")
    bad("bit", whole[:300] + bytes([whole[300] ^ 1]) + whole[301:], "wrong-passphrase", "one bit of the encrypted store")
    bad("cut", whole[:-9], "truncated", "without its last nine bytes")
    bad("behind", whole + b"\0", "truncated", "a byte behind the end")
    costly = lambda n: lambda what, size=32: (seq(kit.PBKDF2, seq(octets(bytes(64)), integer(n), integer(size), HMAC_SHA512)),
                                              lambda p: bytes(size)) # never derived
    bad("iterations", store(root, kdf=costly(10000001)), "limit-exceeded", "10,000,001 iterations for the store")
    bad("mac-iterations", store(root, mac_kdf=costly(1 << 62), mac=bytes(64)), "limit-exceeded", "2^62 iterations for the MAC")
    scrypt_of = lambda n, r: lambda what, size=32: (seq(SCRYPT, seq(octets(bytes(64)), integer(n), integer(r), integer(1), integer(size))), lambda p: bytes(size))
    bad("scrypt-memory", store(root, kdf=scrypt_of(1 << 24, 1), mac_kdf=scrypt_of(1 << 24, 1)), "limit-exceeded", "scrypt with 2 GiB")
    bad("scrypt-huge", store(root, kdf=scrypt_of(1 << 62, 1 << 30)), "limit-exceeded", "scrypt whose memory no number holds")
    bad("key-iterations", store(key("web", p8, w.web, kdf=costly(1 << 40))), "limit-exceeded",
        "2^40 iterations for one key")
    other = data(root, alg=HMAC_SHA3_512)
    bad("other-mac", store(plain=other), "corrupt", "the store names another MAC than the one that it has")
    bad("type", store(entry(9, "x", b"")), "corrupt", "an object of type 9")
    bad("key", store(entry(1, "x", b"\x30\0")), "corrupt", "a private key that is none")
    bad("key-inside", store(key("x", b"\x30\0")), "bad-key", "a private key that is none, sealed well")
    bad("key-other", store(key("x", p8, w.root)), "key-mismatch", "the certificate of another key")
    bad("key-purpose", store(entry(1, "x", seq(sealed("x", "SECRET_KEY_ENCRYPTION", p8), seq()))), "wrong-key-passphrase",
        "a key that was sealed for something else")
    bad("secret", store(entry(2, "x", sealed("x", "SECRET_KEY_ENCRYPTION", b"\5\0"))), "corrupt", "a secret key that is none")
    bad("certificate", store(cert("x", w.root[:-1])), "bad-certificate", "a certificate cut off")
    bad("name", store(seq(integer(0), tlv(12, b"\xff\xfe"), MADE, CHANGED, octets(w.root))), "corrupt", "a name that is not UTF-8")
    bad("chain", store(key("x", p8, *[w.root] * 101)), "limit-exceeded", "a chain of 101")
    bad("inside", store(plain=seq(integer(1), HMAC_SHA512)), "corrupt", "a store without objects and dates")
    bad("plain", store(plain=b"\x04\1\0"), "corrupt", "no store inside")
    bad("comment", store(cert("x", w.root, b"\x0c\x7f")), "corrupt", "a comment longer than its object")
    bad("not-encrypted", store(root, open=True, mac=bytes(64)), "wrong-passphrase", "not encrypted, and the MAC is wrong")
    bad("version", store(plain=data(root, version=2)), "unsupported-feature", "version 2", kind="unsupported")
    sha256 = seq(oid("1.2.840.113549.2.9"), kit.NULL)
    bad("mac", store(root, alg=sha256, mac=bytes(64)), "unsupported-algorithm", "HMAC-SHA256", kind="unsupported")
    check = kit.ctx(0, seq(seq(oid("1.2.840.10045.4.3.2")), tlv(3, bytes(9))))
    bad("signed", seq(sealed("store", "STORE_ENCRYPTION", data(root)), check), "unsupported-feature", "a signature in the place of a MAC",
        kind="unsupported")
    cbc = seq(oid(kit.AES256), octets(bytes(16)))
    bad("cipher", seq(seq(seq(kit.PBES2, seq(pbkdf2("x")[0], cbc)), octets(bytes(32))), seq(HMAC_SHA512, pbkdf2("mac", 64, 64)[0], octets(bytes(64)))),
        "wrong-passphrase", "AES-CBC, which has no tag; its MAC is wrong as well")


def theirs():
    """The files of Bouncy Castle 1.72, made by Bc.java once."""
    names = ("trusted 1 ca é中", "secret 0 s-HmacSHA1", "secret 0 s-DESede", "secret 0 s-HmacSHA224", "secret 0 s-HmacSHA256",
             "secret 0 s-SEED", "secret 0 s-ARIA", "secret 0 s-HmacSHA512", "key 1 Other-api", "secret 0 s-HmacSHA384",
             "secret 0 s-Camellia", "key 1 api", "secret 0 s-AES")
    for name, comment in (("", "PBKDF2, AES-256-CCM"), ("-scrypt", "scrypt whose p is not its r, AES key wrap"), ("-sha3", "HMAC-SHA3-512")):
        with open(os.path.join(HERE, "good-bouncy-castle%s.txt" % name), "w") as f:
            f.write("\n".join(["expect: success", "passphrase: " + PASS, "key-passphrase: " + PASS, "key-passphrase: other-pass",
                               "entries: %d" % len(names)] + ["entry: " + n for n in names] +
                              ["comment: Bouncy Castle 1.72: " + comment]) + "\n")


def make():
    c = kit.Corpus("bcfks", "bcfks")
    theirs()
    good_files(c, w := kit.World())
    bad_files(c, w)
    return c.nr
