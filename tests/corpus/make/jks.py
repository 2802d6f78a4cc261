# SPDX-License-Identifier: ISC
"""JKS and JCEKS from their specification alone: frame, digests, the two seals, the objects of java.io.
The digest is right wherever it is not itself the fault."""
import hashlib
import struct

import kit
from kit import NULL, integer, octets, oid, seq

PASS = "secret-pass"
JKS, JCEKS = 0xfeedfeed, 0xcececece
JKS_OID, JCEKS_OID = "1.3.6.1.4.1.42.2.17.1.1", "1.3.6.1.4.1.42.2.19.1"
MS = 1767225600123


# ---- seals ----

def jks_sealed(what, plain, passphrase=PASS):
    p, salt = passphrase.encode("utf-16-be"), kit.seed("salt " + what, 20)
    stream, w = b"", salt
    while len(stream) < len(plain):
        w = hashlib.sha1(p + w).digest()
        stream += w
    body = bytes(a ^ b for a, b in zip(plain, stream))
    return seq(seq(oid(JKS_OID), NULL), octets(salt + body + hashlib.sha1(p + plain).digest()))


def jceks_key(passphrase, salt, iterations, shuffled=False):
    a, b = salt[:4], salt[4:]
    if a == b:
        a = bytes([a[3], a[0], a[1], a[3]]) if shuffled else a[::-1]
    out = b""
    for half in (a, b):
        for _ in range(iterations):
            half = hashlib.md5(half + passphrase.encode()).digest()
        out += half
    return out


def jceks_encrypted(what, plain, passphrase=PASS, iterations=64, salt=None, **more):
    """(parameters, ciphertext)"""
    salt = salt or kit.seed("salt " + what, 8)
    k = jceks_key(passphrase, salt, iterations, **more)
    return seq(octets(salt), integer(iterations)), kit.cipher("des-ede3-cbc", k[:24], k[24:], plain)


def jceks_sealed(what, plain, **more):
    params, ct = jceks_encrypted(what, plain, **more)
    return seq(seq(oid(JCEKS_OID), params), octets(ct))


# ---- java.io ----

def utf(s):
    raw = s if isinstance(s, bytes) else b"".join(
        b"\xc0\x80" if c == "\0" else
        c.encode() if c < "\U00010000" else
        "".join(map(chr, struct.unpack(">2H", c.encode("utf-16-be")))).encode("utf-8", "surrogatepass") for c in s)
    return struct.pack(">H", len(raw)) + raw


def class_desc(name, version, fields=b"", count=0, flags=2):
    return b"\x72" + utf(name) + struct.pack(">QBH", version, flags, count) + fields + b"\x78"


def ref(n):
    return b"\x71" + struct.pack(">I", 0x7e0000 + n)


def string(s):
    return b"\x74" + utf(s)


def array(data, known=None):
    desc = ref(known) if known is not None else class_desc("[B", 0xacf317f8060854e0) + b"\x70"
    return b"\x75" + desc + struct.pack(">I", len(data)) + data


STREAM = b"\xac\xed\0\5\x73"
SEALED = "com.sun.crypto.provider.SealedObjectForKeyProtector"


def sealed_object(params, content, seal="PBEWithMD5AndTripleDES", name=SEALED):
    fields = (b"[" + utf("encodedParams") + string("[B") + b"[" + utf("encryptedContent") + ref(2) +
              b"L" + utf("paramsAlg") + string("Ljava/lang/String;") + b"L" + utf("sealAlg") + ref(3))
    return (STREAM + class_desc(name, 0xcd57ca59e730bb53) +
            class_desc("javax.crypto.SealedObject", 0x3e363da6c3b75470, fields, 4) + b"\x70" +
            array(params) + array(content, 5) + string("PBEWithMD5AndTripleDES") + string(seal))


def secret_key_spec(alg, key):
    fields = b"L" + utf("algorithm") + string("Ljava/lang/String;") + b"[" + utf("key") + string("[B")
    return (STREAM + class_desc("javax.crypto.spec.SecretKeySpec", 0x5b470b66e230614d, fields, 2) + b"\x70" +
            string(alg) + array(key))


def key_rep(alg, key, type="SECRET"):
    fields = (b"L" + utf("algorithm") + string("Ljava/lang/String;") + b"[" + utf("encoded") + string("[B") +
              b"L" + utf("format") + ref(1) + b"L" + utf("type") + string("Ljava/security/KeyRep$Type;"))
    enum = (b"\x7e" + class_desc("java.security.KeyRep$Type", 0, flags=0x12) +
            class_desc("java.lang.Enum", 0, flags=0x12) + b"\x70" + string(type))
    return (STREAM + class_desc("java.security.KeyRep", 0xbdf9f9b38f25b1d3 ^ 0, fields, 4) + b"\x70" +
            string(alg) + array(key) + string("RAW") + enum)


# ---- entries ----

def head(tag, alias, ms=MS):
    return struct.pack(">I", tag) + utf(alias) + struct.pack(">Q", ms & 2**64 - 1)


def blob(b):
    return struct.pack(">I", len(b)) + b


def cert(der, type="X.509"):
    return (utf(type) if type is not None else b"") + blob(der)


def key(alias, sealed, *chain, **more):
    return head(1, alias) + blob(sealed) + struct.pack(">I", len(chain)) + b"".join(cert(c, **more) for c in chain)


def trusted(alias, der, ms=MS, **more):
    return head(2, alias, ms) + cert(der, **more)


def secret(alias, object):
    return head(3, alias) + object


def store(magic, *entries, passphrase=PASS, version=2, count=None, digest=None):
    body = struct.pack(">3I", magic, version, len(entries) if count is None else count) + b"".join(entries)
    mine = hashlib.sha1(passphrase.encode("utf-16-be") + b"Mighty Aphrodite" + body).digest()
    return body + (mine if digest is None else digest)


def frame(c, magic, sealed, w):
    """What both formats have."""
    web = key("web", sealed("web", w.web_key.pkcs8), w.web, w.root)
    root = trusted("root", w.root)

    def good(name, data, comment, *entries, **more):
        more.setdefault("passphrase", PASS)
        c.put("good-" + name, data, "success", comment, entries, **more)

    def bad(name, data, expect, comment, kind="bad", **more):
        c.put(kind + "-" + name, data, expect, comment, passphrase=PASS, **more)

    base = store(magic, web, root)
    ENTRIES = ("key 2 web", "trusted 1 root")
    good("two", base, "a key with its chain, a trusted certificate", *ENTRIES)
    good("empty", store(magic), "no entries")
    good("trust", store(magic, root), "read without a passphrase", "trusted 1 root", passphrase=[])
    good("changeit", store(magic, root, passphrase="changeit"), "Java's public default", "trusted 1 root",
         passphrase="changeit")
    good("keys", store(magic, web, key("api", sealed("api", w.api_key.pkcs8), w.api, w.root),
                       key("ed", sealed("ed", w.ed_key.pkcs8), w.ed)), "P-256, RSA, Ed25519",
         "key 2 web", "key 2 api", "key 1 ed")
    good("key-pass", store(magic, key("web", sealed("web", w.web_key.pkcs8, passphrase="of-the-key"), w.web), root),
         "the key has a passphrase of its own", "key 1 web", "trusted 1 root", key_passphrase="of-the-key")
    good("bare", store(magic, key("web", sealed("web", w.web_key.pkcs8))), "a key without certificates", "key 0 web")
    good("x509", store(magic, trusted("root", w.root, type="X509")), "the type is X509, as keystore-go writes it",
         "trusted 1 root")
    good("names", store(magic, trusted("käse", w.root), trusted("\U0001f600", w.root), trusted("a\0b", w.root),
                        trusted(b"\xf0\x9f\x98\x81", w.root)),
         "modified UTF-8: a zero, a pair of surrogates, and plain UTF-8",
         "trusted 1 käse", "trusted 1 \U0001f600", "trusted 1 a�b", "trusted 1 \U0001f601")
    good("upper", store(magic, trusted("Root", w.root)), "an alias that Java lists and does not find", "trusted 1 Root")
    good("twice", store(magic, trusted("root", w.root), trusted("ROOT", w.root)), "one name for Java",
         "trusted 1 root", "trusted 1 *")
    good("no-alias", store(magic, trusted("", w.root)), "an alias of no bytes", "trusted 1 -")
    good("dates", store(magic, trusted("a", w.root, -1), trusted("b", w.root, 2**63 - 1), trusted("c", w.root, 0)),
         "dates that no calendar has", "trusted 1 a", "trusted 1 b", "trusted 1 c")
    good("trailing", base + b"more", "bytes after the end, which Java ignores", *ENTRIES)

    v1 = [key("web", sealed("web", w.web_key.pkcs8), w.web, w.root, type=None), trusted("root", w.root, type=None)]
    good("version-1", store(magic, *v1, version=1), "version 1: no types of certificates", *ENTRIES)
    bad("version-3", store(magic, web, version=3), "unsupported-feature", "a version that nobody writes", "unsupported")
    bad("type", store(magic, trusted("root", w.root, type="PGP")), "unsupported-feature",
        "a certificate of another type", "unsupported")

    bad("digest", base[:-1] + bytes([base[-1] ^ 1]), "wrong-passphrase", "one bit of the digest")
    c.put("bad-altered", base[:25] + bytes([base[25] ^ 1]) + base[26:], "wrong-passphrase",
          "one bit of a date: the passphrase opens the key, which is said", passphrase=PASS)
    c.put("bad-passphrase", base, "wrong-passphrase", "nobody's passphrase", passphrase="wrong")
    c.put("bad-public", store(magic, root, passphrase="changeit"), "wrong-passphrase",
          "it is changeit, and that is said", passphrase="wrong")
    bad("key-passphrase", store(magic, key("web", sealed("web", w.web_key.pkcs8, passphrase="other-one"), w.web)),
        "wrong-key-passphrase", "the key has a passphrase that nobody gave")
    bad("mismatch", store(magic, key("web", sealed("api", w.api_key.pkcs8), w.web)), "key-mismatch",
        "the key is another's")
    bad("key-junk", store(magic, key("web", b"junk", w.web)), "corrupt", "a key that is none: found when it is opened")
    bad("key-nothing", store(magic, key("web", b"", w.web)), "corrupt", "a key of no bytes")
    bad("key-no-pkcs8", store(magic, key("web", sealed("web", b"0123456789abcdef"), w.web)),
        "bad-key" if magic == JKS else "wrong-key-passphrase", "what the seal protects is no private key")
    bad("key-scheme", store(magic, key("web", seq(seq(oid("1.2.3.4"), NULL), octets(bytes(64))), w.web)),
        "unsupported-algorithm", "a seal that nobody knows", "unsupported")
    bad("cert-junk", store(magic, trusted("root", b"junk")), "bad-certificate", "a certificate that is none")
    bad("alias", store(magic, trusted(b"a\xff", w.root)), "corrupt", "an alias that is no text")
    bad("tag", store(magic, head(7, "x") + blob(w.root)), "corrupt", "a kind of entry that is none")
    bad("count", store(magic, web, root, count=3), "corrupt", "one entry more than there is: the digest is read as one")
    bad("count-max", store(magic, web, root, count=2**32 - 1), "limit-exceeded", "2^32 - 1 entries")
    bad("count-many", store(magic, web, root, count=90000), "truncated", "more entries than bytes can hold")
    bad("chain-max", store(magic, head(1, "x") + blob(b"k") + b"\xff" * 4), "truncated", "2^32 - 1 certificates")
    bad("chain-101", store(magic, key("x", b"k", *[w.root] * 101)), "limit-exceeded", "a chain of 101")
    bad("cert-length", store(magic, head(2, "x") + utf("X.509") + b"\xff\xff\xff\xf0" + w.root), "truncated",
        "a certificate of 4 GiB")
    bad("key-length", store(magic, head(1, "x") + b"\x7f\xff\xff\xff"), "truncated", "a key of 2 GiB")
    bad("alias-length", store(magic, struct.pack(">IH", 2, 65535) + b"abc"), "truncated", "an alias of 64 KiB")
    for name, n in (("header", 10), ("half", len(base) // 2), ("digest", len(base) - 1), ("no-digest", len(base) - 20)):
        bad("truncated-" + name, base[:n], "truncated", "cut off: %d of %d bytes" % (n, len(base)))
    return good, bad, web, root


def jks(w):
    c = kit.Corpus("jks", "jks")
    good, bad, web, root = frame(c, JKS, jks_sealed, w)
    other = "ლ(ಠ益ಠლ)"
    good("not-ascii", store(JKS, key("web", jks_sealed("web", w.web_key.pkcs8, passphrase=other), w.web),
                            passphrase=other), "a passphrase that is not ASCII", "key 1 web", passphrase=other)
    bad("key-short", store(JKS, key("web", seq(seq(oid(JKS_OID), NULL), octets(bytes(39))), w.web)), "corrupt",
        "a seal without room for salt and digest")
    bad("secret", store(JKS, secret("s", sealed_object(b"", b""))), "corrupt", "a secret key, which JKS has not")
    return c.nr


def jceks(w):
    c = kit.Corpus("jceks", "jceks")
    good, bad, web, root = frame(c, JCEKS, jceks_sealed, w)
    aes = secret_key_spec("AES", bytes(range(16)))

    def object(plain, what="s", **more):
        return sealed_object(*jceks_encrypted(what, plain), **more)

    good("secret", store(JCEKS, secret("aes", object(aes)), root), "SecretKeySpec", "secret 0 aes", "trusted 1 root")
    good("key-rep", store(JCEKS, secret("des", object(key_rep("DESede", bytes(24))))), "KeyRep, as keys of Java's own",
         "secret 0 des")
    good("secret-pass", store(JCEKS, secret("aes", sealed_object(*jceks_encrypted("s", aes, passphrase="of-the-key")))),
         "a secret key with a passphrase of its own", "secret 0 aes", key_passphrase="of-the-key")
    good("jks-seal", store(JCEKS, key("web", jks_sealed("web", w.web_key.pkcs8), w.web)), "the seal of JKS", "key 1 web")
    salt = b"\1\2\3\4\1\2\3\4"
    good("halves", store(JCEKS, key("web", jceks_sealed("web", w.web_key.pkcs8, salt=salt), w.web)),
         "equal halves of the salt, reversed as JDK 9 and later do", "key 1 web")
    good("halves-old", store(JCEKS, key("web", jceks_sealed("web", w.web_key.pkcs8, salt=salt, shuffled=True), w.web)),
         "equal halves of the salt, shuffled as old JDKs do", "key 1 web")
    c.put("good-other-object", store(JCEKS, secret("s", object(aes, name="org.example.Thing")), root), "success",
          "an object of another class is kept as it is", ["opaque 0 s", "trusted 1 root"], passphrase=PASS)

    bad("seal", store(JCEKS, secret("s", object(aes, seal="Other"))), "unsupported-algorithm",
        "a secret key sealed in a way that nobody knows", "unsupported")
    bad("inner-class", store(JCEKS, secret("s", object(secret_key_spec("AES", b"k" * 16).replace(
        b"SecretKeySpec", b"SecretKeySpeX")))), "unsupported-feature", "the class of a key that is none", "unsupported")
    bad("key-rep-private", store(JCEKS, secret("s", object(key_rep("RSA", b"k", type="PRIVATE")))), "unsupported-feature",
        "KeyRep of a private key", "unsupported")
    bad("inner-junk", store(JCEKS, secret("s", object(b"junk"))), "wrong-key-passphrase", "no object in the seal")
    bad("inner-trailing", store(JCEKS, secret("s", object(aes + b"x"))), "wrong-key-passphrase", "more than one object")
    bad("secret-empty", store(JCEKS, secret("s", object(secret_key_spec("AES", b"")))), "corrupt", "a key of no bytes")
    bad("salt", store(JCEKS, key("web", seq(seq(oid(JCEKS_OID), seq(octets(b"1234567"), integer(9))), octets(bytes(64))),
                                 w.web)), "corrupt", "a salt of 7 bytes")
    bad("iterations", store(JCEKS, key("web", seq(seq(oid(JCEKS_OID), seq(octets(bytes(8)), integer(2**31))),
                                                  octets(bytes(64))), w.web)), "limit-exceeded", "2^31 iterations")
    bad("iterations-0", store(JCEKS, key("web", seq(seq(oid(JCEKS_OID), seq(octets(bytes(8)), integer(0))),
                                                    octets(bytes(64))), w.web)), "corrupt", "no iterations")

    # Streams that Java's grammar has, and this reader has not; and some that nobody has.
    def stream(name, object, comment, expect="corrupt"):
        bad("object-" + name, store(JCEKS, secret("s", object)), expect, comment)

    whole = object(aes)
    stream("magic", b"\xac\xee" + whole[2:], "not the beginning of a stream")
    stream("null", b"\xac\xed\0\5\x70", "null")
    stream("string", b"\xac\xed\0\5" + string("x"), "a string")
    stream("write-method", STREAM + class_desc("a.B", 0, flags=3) + b"\x70", "a class that writes itself")
    stream("externalizable", STREAM + class_desc("a.B", 0, flags=4) + b"\x70", "Externalizable")
    stream("proxy", STREAM + b"\x7d\0\0\0\0\x78\x70", "a proxy")
    stream("fields", STREAM + class_desc("a.B", 0, count=65535), "65,535 fields")
    stream("handle", STREAM + ref(0), "a reference to nothing")
    stream("handle-max", STREAM + b"\x71\xff\xff\xff\xff", "a reference to the end of the world")
    stream("self", STREAM + class_desc("a.B", 0) + ref(0), "a class that extends itself")
    stream("deep", STREAM + b"".join(class_desc("a.C%d" % i, 0) for i in range(100)) + b"\x70", "100 classes deep")
    f = b"L" + utf("f") + string("La/B;")
    stream("nested", STREAM + class_desc("a.B", 0, f, 1) + b"\x70" + b"\x73" + ref(0), "an object in an object")
    g = b"[" + utf("f") + string("[B")
    stream("array-length", STREAM + class_desc("a.B", 0, g, 1) + b"\x70\x75" + class_desc("[B", 0) +
           b"\x70\x7f\xff\xff\xff", "an array of 2 GiB", "truncated")
    stream("array-of-objects", STREAM + class_desc("a.B", 0, g, 1) + b"\x70\x75" + class_desc("[La.B;", 0) +
           b"\x70\0\0\0\0", "an array of objects")
    stream("cut", whole[:100], "cut off in the middle")
    return c.nr


def make():
    w = kit.World()
    return jks(w) + jceks(w)
