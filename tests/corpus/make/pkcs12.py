# SPDX-License-Identifier: ISC
"""PKCS#12 (RFC 7292) piece by piece, each broken in one place.  The MAC is right wherever it is not
itself the fault, so that what stands behind it is reached."""
import hashlib
import hmac

import kit
from kit import NULL, bmp, ctx, integer, octets, oid, seq, set_, tlv

PASS = "secret-pass"
DATA, SIGNED, ENVELOPED, ENCRYPTED = ["1.2.840.113549.1.7." + n for n in "1236"]
BAG = "1.2.840.113549.1.12.10.1."
KEY, SHROUDED, CERT, CRL, SECRET, NESTED = [BAG + n for n in "123456"]
X509 = oid("1.2.840.113549.1.9.22.1")
SHA256 = seq(oid("2.16.840.1.101.3.4.2.1"), NULL)


def bmp_pass(text):
    return text.encode("utf-16-be") + b"\0\0"


def kdf(passphrase, salt, iterations, n, id=3):
    """RFC 7292 B.2 with SHA-256, one block at most."""
    def fill(x):
        return (x * (-(-64 // len(x)) * 64))[:-(-len(x) // 64) * 64] if x else b""
    a = bytes([id]) * 64 + fill(salt) + fill(passphrase)
    for _ in range(iterations):
        a = hashlib.sha256(a).digest()
    return a[:n]


# ---- MACs ----

def mac_data(digest, algorithm=SHA256, salt=b"saltsalt", iterations=None):
    return seq(seq(algorithm, octets(digest)), octets(salt), integer(iterations) if iterations is not None else b"")


def mac(content, passphrase=PASS, iterations=64, **more):
    key = kdf(bmp_pass(passphrase), b"saltsalt", iterations, 32)
    return mac_data(hmac.new(key, content, "sha256").digest(), iterations=iterations, **more)


def pbmac1(content, passphrase=PASS, key_length=32, iterations=64):
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), b"saltsalt", iterations, key_length)
    params = seq(kit.PBKDF2, seq(octets(b"saltsalt"), integer(iterations), integer(key_length), kit.HMAC_SHA256))
    return mac_data(hmac.new(key, content, "sha256").digest(),
                    seq(oid("1.2.840.113549.1.5.14"), seq(params, kit.HMAC_SHA256)), b"unused", 1)


# ---- bags ----

def friendly(name):
    return seq(oid("1.2.840.113549.1.9.20"), set_(bmp(name)))


def local_id(n):
    return seq(oid("1.2.840.113549.1.9.21"), set_(octets(bytes([n]))))


TRUST = seq(oid("2.16.840.1.113894.746875.1.1"), set_(oid("2.5.29.37.0")))


def bag(type, value, *attrs):
    return seq(oid(type), ctx(0, value), set_(*attrs) if attrs else b"")


def cert_bag(der, *attrs):
    return bag(CERT, seq(X509, ctx(0, octets(der))), *attrs)


def key_bag(what, pkcs8, *attrs, passphrase=PASS, **more):
    return bag(SHROUDED, kit.sealed_key(what, passphrase.encode(), pkcs8, **more), *attrs)


# ---- files ----

def plain(*bags):
    return seq(oid(DATA), ctx(0, octets(seq(*bags))))


def encrypted(what, *bags, passphrase=PASS, **more):
    alg, ct = kit.pbes2(what, passphrase.encode(), seq(*bags), **more)
    return enveloped(alg, tlv(0x80, ct))


def enveloped(alg, content):
    return seq(oid(ENCRYPTED), ctx(0, seq(integer(0), seq(oid(DATA), alg, content))))


def pfx(*safes, make=mac, version=3, passphrase=PASS):
    content = seq(*safes)
    return seq(integer(version), seq(oid(DATA), ctx(0, octets(content))), make(content, passphrase) if make else b"")


def make():
    w = kit.World()
    c = kit.Corpus("pkcs12", "p12")
    key = key_bag("web", w.web_key.pkcs8, friendly("web"), local_id(1))
    certs = [cert_bag(w.web, friendly("web"), local_id(1)), cert_bag(w.root)]
    WEB = "key 2 web"
    base = pfx(encrypted("certs", *certs), plain(key))

    def good(name, data, entries, comment, **more):
        more.setdefault("passphrase", PASS)
        c.put("good-" + name, data, "success", comment, entries, **more)

    def bad(name, data, expect, comment, kind="bad", **more):
        more.setdefault("passphrase", PASS)
        c.put(kind + "-" + name, data, expect, comment, **more)

    # ---- good ----
    good("pbes2", base, [WEB], "certificates encrypted, key shrouded, HMAC-SHA256")
    good("pbmac1", pfx(encrypted("certs", *certs), plain(key), make=pbmac1), [WEB], "PBMAC1 (RFC 9579)")
    good("one-part", pfx(encrypted("all", *certs, key)), [WEB], "the shrouded key in the encrypted part")
    api = key_bag("api", w.api_key.pkcs8, friendly("api"), local_id(2))
    good("two-keys", pfx(encrypted("certs", *certs, cert_bag(w.api, local_id(2))), plain(key, api)),
         [WEB, "key 2 api"], "two keys, told apart by localKeyID")
    good("plain-key", pfx(plain(bag(KEY, w.web_key.pkcs8, friendly("web"), local_id(1)), *certs)), [WEB],
         "nothing encrypted, with a MAC")
    good("trust", pfx(encrypted("certs", cert_bag(w.root, friendly("root"), TRUST))), ["trusted 1 root"],
         "Java's trust mark")
    good("no-entries", pfx(plain()), [], "a part without bags")
    good("no-parts", pfx(), [], "no parts at all")
    good("empty-passphrase", pfx(encrypted("certs", *certs, passphrase=""), plain(
        key_bag("web", w.web_key.pkcs8, friendly("web"), local_id(1), passphrase="")), passphrase=""), [WEB],
        "everything under the empty passphrase", passphrase="")
    umlaut = "p\u00e4ssw\u00f6rd \u20ac"
    good("unicode", pfx(encrypted("certs", cert_bag(w.web, friendly("\u043a\u043b\u044e\u0447"), local_id(1)),
                                  passphrase=umlaut),
                        plain(key_bag("web", w.web_key.pkcs8, friendly("\u043a\u043b\u044e\u0447"), local_id(1),
                                      passphrase=umlaut)), passphrase=umlaut),
         ["key 1 \u043a\u043b\u044e\u0447"], "passphrase and name beyond ASCII", passphrase=umlaut)
    good("scrypt", pfx(encrypted("certs", *certs), plain(key_bag(
        "web", w.web_key.pkcs8, friendly("web"), local_id(1), make=kit.scrypt))), [WEB], "a key under scrypt")
    good("key-passphrase", pfx(encrypted("certs", *certs), plain(key_bag(
        "web", w.web_key.pkcs8, friendly("web"), local_id(1), passphrase="its own"))), [WEB],
        "the key has a passphrase of its own", key_passphrase="its own")
    good("nested", pfx(encrypted("certs", bag(NESTED, seq(*certs))), plain(key)), [WEB], "bags in a bag")
    good("trailing", base + b"\0\0", [WEB], "two bytes behind the end, which others ignore too")
    good("no-mac-allowed", pfx(encrypted("certs", *certs), plain(key), make=None), [WEB],
         "no MAC, and that is allowed", allow_unauthenticated="yes")
    alg, ct = kit.pbes2("ber", PASS.encode(), seq(*certs))
    half = len(ct) // 32 * 16
    pieces = b"\xa0\x80" + octets(ct[:half]) + octets(ct[half:]) + b"\0\0"
    good("ber-pieces", pfx(enveloped(alg, pieces), plain(key)), [WEB],
         "the encrypted part in two pieces of indefinite length")
    good("odd-bag", pfx(plain(bag(BAG + "9", octets(b"?"), friendly("odd"))), plain(key, *certs)),
         [WEB, "opaque 0 odd"], "a type of bag that nobody knows is kept")

    # ---- cut off, and lengths ----
    bad("truncated-1", base[:1], "unknown-format", "one byte")
    bad("truncated-20", base[:20], "truncated", "20 bytes")
    bad("truncated-half", base[:len(base) // 2], "truncated", "the first half")
    bad("truncated-one", base[:-1], "truncated", "the last byte is missing")
    bad("empty-file", b"", "empty-file", "no bytes at all")
    inner = bytearray(base)
    at = inner.index(b"\x04\x82", 20)
    inner[at + 2:at + 4] = b"\xff\xff"
    bad("length-overrun", bytes(inner), "corrupt", "contents longer than what they are in")
    inner[at:at + 4] = b"\x04\x84\xff\xff"
    bad("length-4-bytes", bytes(inner), "corrupt", "a length of 4 GiB")
    deep = b"\0\0" * 200
    for _ in range(200):
        deep = b"\x24\x80" + deep
    bad("ber-depth", seq(integer(3), seq(oid(DATA), ctx(0, deep))), "corrupt", "strings of strings, 200 deep")
    bad("ber-no-end", b"\x30\x80" + base[4:], "truncated", "indefinite length without its end")

    # ---- the outer structure ----
    bad("version-4", pfx(plain(key, *certs), version=4), "unknown-format", "version 4", kind="unsupported")
    bad("version-octets", seq(octets(b"\3"), seq(oid(DATA), ctx(0, octets(seq())))), "unknown-format",
        "the version is no INTEGER")
    bad("signed-data", seq(integer(3), seq(oid(SIGNED), ctx(0, seq()))), "unsupported-feature",
        "public-key integrity mode", kind="unsupported")
    bad("content-type", seq(integer(3), seq(oid("1.2.3"), ctx(0, octets(seq())))), "corrupt",
        "contents of a type that nobody knows")
    bad("content-utf8", seq(integer(3), seq(oid(DATA), ctx(0, kit.utf8("x")))), "corrupt",
        "contents that are no OCTET STRING")
    bad("content-empty", seq(integer(3), seq(oid(DATA), ctx(0))), "corrupt", "[0] with nothing inside")
    bad("no-mac-plain-key", pfx(plain(key), *[plain(x) for x in certs], make=None), "no-mac",
        "a shrouded key without MAC")
    bad("mac-octets", seq(integer(3), seq(oid(DATA), ctx(0, octets(seq()))), octets(b"mac")), "corrupt",
        "the MAC is no SEQUENCE")
    bad("after-mac", seq(*[p for p in (integer(3), seq(oid(DATA), ctx(0, octets(seq()))), mac(seq()), NULL)]),
        "corrupt", "something behind the MAC")

    # ---- the MAC ----
    content = seq(plain(*certs, key))

    def with_mac(m):
        return seq(integer(3), seq(oid(DATA), ctx(0, octets(content))), m)
    zero = bytes(32)
    bad("mac-wrong", with_mac(mac_data(zero, iterations=64)), "wrong-passphrase", "a MAC of zeros")
    bad("mac-iterations-0", with_mac(mac_data(zero, iterations=0)), "corrupt", "no iterations")
    bad("mac-iterations-negative", with_mac(mac_data(zero, iterations=-5)), "corrupt", "-5 iterations")
    bad("mac-iterations-bomb", with_mac(mac_data(zero, iterations=2**31 - 1)), "limit-exceeded", "2^31 - 1 iterations")
    bad("mac-iterations-2-80", with_mac(mac_data(zero, iterations=2**80)), "limit-exceeded", "2^80 iterations")
    bad("mac-short", with_mac(mac_data(zero[:8], iterations=64)), "corrupt", "a MAC of eight bytes")
    bad("mac-salt-null", with_mac(seq(seq(SHA256, octets(zero)), NULL)), "corrupt", "the salt is NULL")
    bad("mac-whirlpool", with_mac(mac_data(bytes(64), seq(oid("1.0.10118.3.0.55"), NULL), iterations=64)),
        "unsupported-algorithm", "a digest that is not offered", kind="unsupported")
    bad("mac-digest-unknown", with_mac(mac_data(zero, seq(oid("1.2.3.4"), NULL), iterations=64)),
        "unsupported-algorithm", "a digest that nobody knows", kind="unsupported")
    bad("pbmac1-key-length", with_mac(pbmac1(content, key_length=1)), "unsupported-algorithm",
        "a MAC key of one byte: one passphrase of 256 fits", kind="unsupported")
    bad("pbmac1-bomb", with_mac(mac_data(zero, seq(oid("1.2.840.113549.1.5.14"), seq(
        seq(kit.PBKDF2, seq(octets(b"salt"), integer(2**40), integer(32), kit.HMAC_SHA256)), kit.HMAC_SHA256)), b"x", 1)),
        "limit-exceeded", "2^40 iterations of PBKDF2")
    bad("pbmac1-no-parameters", with_mac(mac_data(zero, seq(oid("1.2.840.113549.1.5.14")), b"x", 1)), "corrupt",
        "PBMAC1 without parameters")
    bad("other-passphrase", base, "wrong-passphrase", "nobody's passphrase", passphrase="wrong")
    c.put("bad-no-answer", base, "passphrase-needed", "nobody answers")

    # ---- parts ----
    alg, ct = kit.pbes2("certs", PASS.encode(), seq(*certs))
    bad("encrypted-absent", pfx(enveloped(alg, b"")), "corrupt", "an encrypted part without contents")
    bad("encrypted-empty", pfx(enveloped(alg, tlv(0x80))), "corrupt", "encrypted contents of no bytes")
    bad("encrypted-odd", pfx(enveloped(alg, tlv(0x80, ct[:-1]))), "corrupt",
        "encrypted contents that are no whole blocks")
    bad("encrypted-bomb", pfx(enveloped(kit.pbes2_id(b"salt", 2**31, bytes(16)), tlv(0x80, ct))), "limit-exceeded",
        "2^31 iterations for a part")
    bad("encrypted-cipher", pfx(enveloped(kit.pbes2_id(b"salt", 2048, bytes(16), "1.2.3.4"), tlv(0x80, ct))),
        "unsupported-algorithm", "a cipher that nobody knows", kind="unsupported")
    bad("encrypted-scheme", pfx(enveloped(seq(oid("1.2.3.4"), seq()), tlv(0x80, ct))), "unsupported-algorithm",
        "a scheme that nobody knows", kind="unsupported")
    bad("part-not-a-sequence", pfx(octets(b"?")), "corrupt", "a part that is a string")
    bad("part-null", pfx(seq(oid(DATA), ctx(0, NULL))), "corrupt", "the contents of a part are NULL")
    bad("bags-null", pfx(seq(oid(DATA), ctx(0, octets(NULL)))), "corrupt", "a list of bags that is NULL")

    # ---- bags ----
    def bags(name, expect, comment, *list, **more):
        bad(name, pfx(plain(*list)), expect, comment, **more)

    bags("bag-no-value", "corrupt", "a bag without value", seq(oid(CERT)))
    bags("bag-no-type", "corrupt", "a bag that does not say what it is", seq(ctx(0, NULL)))
    bags("cert-junk", "bad-certificate", "a certificate that is none", cert_bag(b"junk"))
    bags("cert-empty", "bad-certificate", "a certificate of no bytes", cert_bag(b""))
    bags("cert-boolean", "corrupt", "a certificate that is a BOOLEAN", bag(CERT, seq(X509, ctx(0, kit.TRUE))))
    bags("name-odd", "corrupt", "half a character", cert_bag(w.root, seq(oid("1.2.840.113549.1.9.20"),
                                                                         set_(tlv(30, b"\0a\0")))))
    bags("name-none", "corrupt", "a friendlyName without value",
         cert_bag(w.root, seq(oid("1.2.840.113549.1.9.20"), set_())))
    bags("id-boolean", "corrupt", "a localKeyID that is a BOOLEAN",
         cert_bag(w.root, seq(oid("1.2.840.113549.1.9.21"), set_(kit.TRUE))))
    bags("trust-octets", "corrupt", "a trust mark that is no OID",
         cert_bag(w.root, seq(oid("2.16.840.1.113894.746875.1.1"), set_(octets(b"x")))))
    bags("attribute-octets", "corrupt", "an attribute that is a string", cert_bag(w.root, octets(b"x")))
    bags("key-bomb", "limit-exceeded", "2^31 iterations for a key", bag(SHROUDED, seq(kit.pbes2_id(
        b"salt", 2**31, bytes(16)), octets(bytes(64)))))
    bags("key-octets", "corrupt", "a key that is a string", bag(SHROUDED, octets(b"x")))
    bags("plain-key-junk", "bad-key", "a key that is none", bag(KEY, seq(integer(0), octets(b"x"))))
    nest = seq(*certs)
    for _ in range(100):
        nest = seq(bag(NESTED, nest))
    bags("nested-100", "limit-exceeded", "bags in bags, 100 deep", bag(NESTED, nest))
    bad("key-altered", pfx(encrypted("certs", *certs), plain(bag(SHROUDED, kit.sealed_key(
        "web", PASS.encode(), w.web_key.pkcs8)[:-16] + bytes(16), friendly("web"), local_id(1)))),
        "wrong-key-passphrase", "the last block of the key is zero")
    return c.nr
