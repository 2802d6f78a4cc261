# SPDX-License-Identifier: ISC
"""BKS from formats/bks.md alone.  The MAC is right wherever it is not itself the fault.  UBER needs Twofish,
which Python has not: its good files are Bouncy Castle's (tests/interop/Bc.java), cut and altered here."""
import hashlib
import hmac
import os
import struct

import kit
from jks import utf

PASS = "secret-pass"
MS = 1767225600123
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def kdf(passphrase, salt, iterations, n, id):
    """RFC 7292 B.2 with SHA-1; an empty passphrase is no bytes at all."""
    p = passphrase.encode("utf-16-be") + b"\0\0" if passphrase else b""
    fill = lambda x: (x * 64)[:-(-len(x) // 64) * 64] if x else b""
    i, out = fill(salt) + fill(p), b""
    while len(out) < n:
        a = bytes([id]) * 64 + i
        for _ in range(iterations):
            a = hashlib.sha1(a).digest()
        out += a
        b = int.from_bytes((a * 4)[:64], "big") + 1
        i = b"".join(((int.from_bytes(i[k:k + 64], "big") + b) % (1 << 512)).to_bytes(64, "big")
                     for k in range(0, len(i), 64))
    return out[:n]


def blob(b):
    return struct.pack(">I", len(b)) + b


def frame(kind, format, algorithm, encoded):
    return bytes([kind]) + utf(format) + utf(algorithm) + blob(encoded)


def sealed(what, plain, passphrase=PASS, iterations=64):
    salt = kit.seed("salt " + what, 20)
    ct = kit.cipher("des-ede3-cbc", kdf(passphrase, salt, iterations, 24, 1), kdf(passphrase, salt, iterations, 8, 2), plain)
    return blob(salt) + struct.pack(">I", iterations) + ct


def cert(der, type="X.509"):
    return utf(type) + blob(der)


def entry(type, alias, body, *chain, ms=MS, count=None):
    return (bytes([type]) + utf(alias) + struct.pack(">qI", ms, len(chain) if count is None else count) +
            b"".join(cert(c) for c in chain) + body)


def store(*entries, version=2, passphrase=PASS, iterations=64, salt=None, end=b"\0", mac=None, length=None):
    salt = kit.seed("salt bks", 20) if salt is None else salt
    body = b"".join(entries) + end
    key = kdf(passphrase, salt, iterations, 20 if version == 2 else 2, 3)
    mac = hmac.new(key, body, "sha1").digest() if mac is None else mac
    return struct.pack(">II", version, len(salt) if length is None else length) + salt + struct.pack(">I", iterations) + body + mac


def bks(w):
    c = kit.Corpus("bks", "bks")
    private = frame(0, "PKCS#8", "EC", w.web_key.pkcs8)
    web = entry(4, "web", blob(sealed("web", private)), w.web, w.root)
    root = entry(1, "Root", cert(w.root))
    aes = entry(4, "aes", blob(sealed("aes", frame(2, "RAW", "AES", bytes(range(16))))))

    def good(name, data, comment, *entries, **more):
        more.setdefault("passphrase", PASS)
        c.put("good-" + name, data, "success", comment, entries, **more)

    def bad(name, data, expect, comment, kind="bad", **more):
        c.put(kind + "-" + name, data, expect, comment, passphrase=PASS, **more)

    all3 = ("key 2 web", "trusted 1 Root", "secret 0 aes")
    good("three", store(web, root, aes), "a key with its chain, a trusted certificate, a secret key", *all3)
    good("version-1", store(web, root, aes, version=1), "version 1: the key of the MAC has 16 bits", *all3)
    good("version-0", store(root, version=0), "version 0", "trusted 1 Root")
    good("empty", store(), "no entry")
    good("no-passphrase", store(root, passphrase=""), "an empty passphrase is no bytes, not a zero", "trusted 1 Root",
         passphrase="")
    good("not-ascii", store(entry(4, "k", blob(sealed("k", private, passphrase="ლ\U0001f511")), w.web), passphrase="ლ\U0001f511"),
         "a passphrase beyond the BMP", "key 1 k", passphrase="ლ\U0001f511")
    good("aliases", store(entry(1, "a\0b", cert(w.root)), entry(1, "\U0001f511", cert(w.root)), entry(1, "A", cert(w.root)),
                          entry(1, "a", cert(w.root))), "a zero, a surrogate pair, two that differ in case",
         "trusted 1 a\ufffdb", "trusted 1 \U0001f511", "trusted 1 A", "trusted 1 a")
    good("plain", store(entry(2, "p", private, w.web), entry(2, "s", frame(2, "RAW", "HmacSHA1", b"secret")),
                        entry(2, "pub", frame(1, "X.509", "EC", w.web_key.spki)), entry(3, "o", blob(b"\1\2\3"))),
         "keys in the open, and bytes of nobody's", "key 1 p", "secret 0 s", "opaque 0 pub", "opaque 0 o")
    good("own-passphrase", store(entry(4, "k", blob(sealed("k", private, passphrase="other")), w.web),
                                 entry(4, "bare", blob(sealed("bare", private, passphrase="other")))),
         "keys with a passphrase of their own", "key 1 k", "key 0 bare", key_passphrase="other")
    good("x509-name", store(bytes(entry(1, "r", b"")) + cert(w.root, "X509")), "the type as other writers name it",
         "trusted 1 r")

    bad("mac", store(web, root, mac=bytes(20)), "wrong-passphrase", "a MAC of zeros")
    bad("bit", bytearray(store(web, root))[:-30] + bytes([store(web, root)[-30] ^ 1]) + store(web, root)[-29:],
        "wrong-passphrase", "one bit of a certificate changed")
    bad("passphrase", store(root, passphrase="another"), "wrong-passphrase", "another passphrase")
    bad("cut", store(web, root)[:-100], "wrong-passphrase", "without its last 100 bytes")
    bad("salt-length", store(root, length=0xffffffff), "corrupt", "a salt of -1 bytes")
    bad("salt-huge", store(root, length=0x7fffffff), "corrupt", "a salt of 2 GiB")
    bad("iterations", store(root, iterations=64)[:28] + struct.pack(">I", 0x7fffffff) + store(root)[32:], "limit-exceeded",
        "2^31 iterations")
    bad("type", store(root, entry(9, "x", b"")), "corrupt", "an entry of type 9")
    bad("no-end", store(root, end=b""), "truncated", "no end mark, and a right MAC")
    bad("behind", store(root, end=b"\0\0"), "corrupt", "a byte behind the end mark")
    bad("chain", store(root, entry(4, "x", b"", *[w.root] * 101)), "limit-exceeded", "a chain of 101")
    bad("chain-huge", store(root, entry(4, "x", b"", count=0xffffffff)), "truncated", "a chain of 2^32, of which nothing is there")
    bad("alias", store(root, entry(1, b"\xff\xfe", cert(w.root))), "corrupt", "an alias that is not UTF-8")
    bad("certificate", store(root, entry(1, "x", cert(w.root[:-1]))), "bad-certificate", "a certificate cut off")
    bad("certificate-length", store(root, entry(1, "x", utf("X.509") + struct.pack(">I", 0xffffffff))), "truncated",
        "a certificate of 4 GiB")
    bad("kind", store(root, entry(2, "x", frame(7, "PKCS#8", "EC", b""))), "corrupt", "a key of kind 7")
    bad("key", store(root, entry(2, "x", frame(0, "PKCS#8", "EC", b"\x30\0"))), "bad-key", "a private key that is none")
    bad("seal", store(root, entry(4, "x", blob(b"\0\0\0\x14"))), "corrupt", "a seal of four bytes")
    bad("seal-iterations", store(root, entry(4, "x", blob(blob(bytes(20)) + b"\x7f\xff\xff\xff" + bytes(8)))), "limit-exceeded",
        "2^31 iterations for one key")
    bad("seal-block", store(root, entry(4, "x", blob(blob(bytes(20)) + b"\0\0\0\x10" + bytes(9)), w.web)), "corrupt",
        "a ciphertext of nine bytes")
    bad("key-other", store(entry(4, "x", blob(sealed("x", private)), w.root)), "key-mismatch", "the certificate of another key")
    bad("type-pgp", store(root, entry(1, "x", cert(w.root, "PGP!"))), "unsupported-feature", "a certificate of another sort",
        kind="unsupported")
    return c.nr


def sheet(folder, name, comment, *entries):
    with open(os.path.join(HERE, folder, name + ".txt"), "w") as f:
        f.write("\n".join(["expect: success", "passphrase: " + PASS, "key-passphrase: " + PASS,
                           "key-passphrase: other-pass", "entries: %d" % len(entries)] +
                          ["entry: " + e for e in entries] + ["comment: " + comment]) + "\n")


def theirs():
    made = ("key 2 Other-api", "key 2 api", "secret 0 aes", "trusted 1 ca é中", "secret 0 mac")
    sheet("bks", "good-bouncy-castle", "Bouncy Castle 1.72: Bc.java make BKS", *made)
    sheet("bks", "good-bouncy-castle-v1", "Bouncy Castle 1.72: Bc.java make BKS-V1", *made)
    sheet("uber", "good-bouncy-castle", "Bouncy Castle 1.72: Bc.java make UBER", *made)


def uber(w):
    """The good- files are made by Bc.java once; what is broken is made of them."""
    c = kit.Corpus("uber", "uber")
    path = os.path.join(HERE, "uber", "good-bouncy-castle.uber")
    if not os.path.exists(path):
        return 0
    data = open(path, "rb").read()

    def bad(name, data, expect, comment):
        c.put("bad-" + name, data, expect, comment, passphrase=PASS)

    bad("cut", data[:-16], "wrong-passphrase", "without its last block")
    bad("odd", data[:-3], "unknown-format", "no whole number of blocks")
    bad("bit", data[:100] + bytes([data[100] ^ 1]) + data[101:], "wrong-passphrase", "one bit changed")
    return c.nr


def make():
    w = kit.World()
    theirs()
    return bks(w) + uber(w)
