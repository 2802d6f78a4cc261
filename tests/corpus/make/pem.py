# SPDX-License-Identifier: ISC
"""PEM files (RFC 7468), and the same objects as single DER files."""
import base64
import hashlib

import kit
from kit import ctx, ext, integer, octets, oid, pem, seq, tlv

PASS = "secret-pass"


def traditional(label, der, passphrase, cipher="AES-256-CBC", iv=None):
    """OpenSSL's old encryption of a whole block (RFC 1421 header fields)."""
    iv = iv or kit.seed("dek " + label, 16)
    key = d = b""
    while len(key) < 32:
        d = hashlib.md5(d + passphrase.encode() + iv[:8]).digest()
        key += d
    ct = kit.cipher("aes-256-cbc", key[:32], iv, der)
    head = "Proc-Type: 4,ENCRYPTED\nDEK-Info: %s,%s\n\n" % (cipher, iv.hex().upper())
    text = pem(label, ct).decode()
    first, rest = text.split("\n", 1)
    return (first + "\n" + head + rest).encode()


def make_pem(w):
    c = kit.Corpus("pem", "pem")
    cert, root, api = (pem("CERTIFICATE", d) for d in (w.web, w.root, w.api))
    key = pem("PRIVATE KEY", w.web_key.pkcs8)
    sealed = pem("ENCRYPTED PRIVATE KEY", kit.sealed_key("pem", PASS.encode(), w.web_key.pkcs8))

    def good(name, data, entries, comment, **more):
        c.put("good-" + name, data, "success", comment, entries, **more)

    def bad(name, data, expect, comment, kind="bad", **more):
        c.put(kind + "-" + name, data, expect, comment, **more)

    # ---- good ----
    good("bundle", root + cert + api, ["trusted 1 corpus-root", "cert 1 web.test", "cert 1 api.test"],
         "three certificates")
    good("server", cert + root + key, ["key 2 web.test"], "certificate, issuer, key, as servers take them")
    good("key-first", b"for the web server\n" + key + b"\n" + cert, ["key 1 web.test"], "text between the blocks")
    good("encrypted", sealed + cert, ["key 1 web.test"], "PKCS#8 under PBES2", passphrase=PASS)
    good("rsa-traditional", pem("RSA PRIVATE KEY", w.api_key.pkcs1) + api, ["key 1 api.test"], "PKCS#1")
    good("rsa-dek", traditional("RSA PRIVATE KEY", w.api_key.pkcs1, PASS) + api, ["key 1 api.test"],
         "PKCS#1 under OpenSSL's old encryption", passphrase=PASS)
    good("ec-traditional", pem("EC PRIVATE KEY", w.web_key.sec1) + cert, ["key 1 web.test"], "SEC 1")
    good("ec-parameters", pem("EC PARAMETERS", kit.P256.CURVE) + pem("EC PRIVATE KEY", w.web_key.sec1_bare) + cert,
         ["key 1 web.test"], "SEC 1 whose curve stands in a block of its own")
    good("crlf", (cert + key).replace(b"\n", b"\r\n"), ["key 1 web.test"], "line ends of Windows")
    good("cr", (cert + key).replace(b"\n", b"\r"), ["key 1 web.test"], "line ends of the old Mac")
    good("bom", b"\xef\xbb\xbf" + root, ["trusted 1 corpus-root"], "a byte order mark first")
    good("no-last-newline", root[:-1], ["trusted 1 corpus-root"], "the file ends in the END line")
    good("one-line", pem("CERTIFICATE", w.root, 100000), ["trusted 1 corpus-root"], "the whole base64 in one line")
    good("narrow", pem("CERTIFICATE", w.root, 20), ["trusted 1 corpus-root"], "20 characters a line")
    good("indented", root.replace(b"\n", b"\n    ")[:-4].replace(b"-----BEGIN", b"    -----BEGIN", 1),
         ["trusted 1 corpus-root"], "as it is cut out of YAML")
    good("friendly-name", b"Bag Attributes\n    friendlyName: Front Door\nKey Attributes: <No Attributes>\n" + key
         + b"Bag Attributes\n    friendlyName: Front Door\n" + cert, ["key 1 Front Door"],
         "names as openssl pkcs12 writes them")
    server_auth, client_auth = oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2")
    aux = w.root + seq(seq(server_auth), ctx(0, client_auth), kit.utf8("Trusted Root"))
    good("trusted", pem("TRUSTED CERTIFICATE", aux), ["trusted 1 Trusted Root"], "with OpenSSL's trust settings")
    good("request-and-list", pem("CERTIFICATE REQUEST", w.csr()) + pem("X509 CRL", w.crl()), ["csr 0 *", "crl 0 *"],
         "a request and a revocation list")
    good("opaque", pem("DH PARAMETERS", seq(integer(23), integer(5))) + root, ["opaque 0 *", "trusted 1 corpus-root"],
         "a block that kstool keeps and does not read")
    good("glued", root[:-1] + cert, ["trusted 1 corpus-root", "cert 1 web.test"],
         "two files glued together without a line end")

    good("rsa-nonsense", pem("RSA PRIVATE KEY", seq(*[integer(i) for i in range(9)])), ["key 0 *"],
         "the form of an RSA key: that its numbers are none, who computes with them finds")

    # ---- broken frame ----
    lines = root.split(b"\n")

    def edit(change):
        copy = list(lines)
        change(copy)
        return b"\n".join(copy)

    corrupt = "corrupt"
    bad("empty-file", b"", "empty-file", "no bytes at all")
    bad("truncated-begin", root[:20], "truncated", "the file ends inside BEGIN")
    bad("truncated-begin-2", root + cert[:20], "truncated", "the file ends inside the second BEGIN")
    bad("begin-newline", root.replace(b"CERTIFICATE-----", b"CERTIFICATE\n-----", 1), corrupt, "BEGIN over two lines")
    bad("truncated-half", root[:len(root) // 2], "truncated", "the file ends in the base64")
    bad("truncated-end", root[:-8], corrupt, "the file ends inside the END line")
    bad("no-end", edit(lambda l: l.pop(-2)), "truncated", "BEGIN without END")
    bad("begin-begin", edit(lambda l: l.pop(-2)) + cert, corrupt, "BEGIN, and BEGIN again")
    bad("end-only", edit(lambda l: l.pop(0)), "corrupt", "END without BEGIN")
    bad("labels-differ", root.replace(b"END CERTIFICATE", b"END PRIVATE KEY"), corrupt, "ends as something else")
    bad("begin-four-dashes", root.replace(b"-----BEGIN", b"----BEGIN"), "unknown-format", "four dashes")
    bad("text-behind-end", root[:-1] + b" and more\n", corrupt, "text behind END")
    # ---- broken base64 ----
    middle = len(lines) // 2
    bad("junk", edit(lambda l: l.__setitem__(middle, l[middle][:10] + b"*" + l[middle][11:])), corrupt,
        "a character that is not base64")
    bad("url-alphabet", pem("CERTIFICATE", w.web + b"\xff\xff\xff").replace(b"/", b"_"), corrupt, "base64url")
    bad("nul", edit(lambda l: l.__setitem__(middle, l[middle][:10] + b"\0" + l[middle][11:])), corrupt,
        "a zero byte in the base64")
    bad("padding-early", edit(lambda l: l.__setitem__(middle, l[middle][:-2] + b"==")), corrupt,
        "padding in the middle")
    bad("half-quantum", edit(lambda l: l.__setitem__(-3, l[-3][:-1])), corrupt, "one character is missing")
    bad("empty-line", edit(lambda l: l.insert(middle, b"")), corrupt, "an empty line in the base64")
    bad("line-missing", edit(lambda l: l.pop(middle)), "bad-certificate", "one line is missing")
    bad("empty-block", pem("CERTIFICATE", b""), "bad-certificate", "nothing between BEGIN and END")
    # ---- broken contents ----
    bad("not-a-certificate", pem("CERTIFICATE", b"\x30\x03\x02\x01\x01"), "bad-certificate", "a SEQUENCE, no certificate")
    bad("key-as-certificate", pem("CERTIFICATE", w.web_key.pkcs8), "bad-certificate", "a key under a wrong label")
    bad("trailing-der", pem("CERTIFICATE", w.root + b"\0"), "bad-certificate", "one byte behind the certificate")
    bad("certificate-cut", pem("CERTIFICATE", w.root[:-1]), "bad-certificate", "a certificate without its last byte")
    bad("key-junk", pem("PRIVATE KEY", seq(integer(0), octets(b"junk"))), "bad-key", "a key that is none")
    bad("encrypted-junk", pem("ENCRYPTED PRIVATE KEY", seq(integer(0))), "bad-key", "an encrypted key that is none")
    bad("encrypted-bomb", pem("ENCRYPTED PRIVATE KEY", seq(kit.pbes2_id(b"saltsalt", 2**31, bytes(16)),
                                                           octets(bytes(64)))),
        "limit-exceeded", "2^31 iterations", passphrase=PASS)
    bad("scrypt-bomb", pem("ENCRYPTED PRIVATE KEY", seq(seq(kit.PBES2, seq(seq(oid("1.3.6.1.4.1.11591.4.11"), seq(
        octets(b"salt"), integer(2**40), integer(8), integer(1))), seq(oid(kit.AES256), octets(bytes(16))))),
        octets(bytes(64)))), "limit-exceeded", "scrypt with N = 2^40", passphrase=PASS)
    bad("wrong-passphrase", sealed, "wrong-key-passphrase", "nobody's passphrase", passphrase="wrong")
    bad("no-answer", sealed, "passphrase-needed", "nobody answers")
    dek = traditional("RSA PRIVATE KEY", w.api_key.pkcs1, PASS)
    bad("dek-missing", dek.replace(b"DEK-Info", b"DEK-Mist"), corrupt, "encrypted without DEK-Info")
    bad("dek-iv-short", dek.replace(b"AES-256-CBC,", b"AES-256-CBC,0", 1), corrupt, "an IV of half bytes",
        passphrase=PASS)
    bad("dek-no-iv", dek.replace(b"AES-256-CBC,", b"AES-256-CBC ", 1), corrupt, "a cipher without IV")
    bad("header-no-gap", dek.replace(b"\n\n", b"\n", 1), corrupt, "no blank line behind the header")
    bad("proc-type", dek.replace(b"4,ENCRYPTED", b"4,MIC-ONLY"), corrupt, "a Proc-Type that nobody uses")
    bad("csr-junk", pem("CERTIFICATE REQUEST", seq(integer(0))), corrupt, "a request that is none")
    bad("crl-junk", pem("X509 CRL", b"junk"), corrupt, "a list that is none")
    bad("aux-junk", pem("TRUSTED CERTIFICATE", w.root + seq(integer(0))), corrupt, "trust settings that are none")
    # ---- other people's ----
    bad("cipher", traditional("RSA PRIVATE KEY", w.api_key.pkcs1, PASS, "ROT13-CBC"), "unsupported-algorithm",
        "a cipher that nobody knows", kind="unsupported", passphrase=PASS)
    bad("openssh", pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0"), "unknown-format", "OpenSSH", kind="unsupported")
    bad("pgp", pem("PGP PUBLIC KEY BLOCK", b"x"), "unknown-format", "OpenPGP", kind="unsupported")
    bad("key-algorithm", pem("ENCRYPTED PRIVATE KEY", seq(seq(oid("1.2.3.4"), seq()), octets(bytes(64)))),
        "unsupported-algorithm", "a scheme that nobody knows", kind="unsupported", passphrase=PASS)
    return c.nr


def make_der(w):
    c = kit.Corpus("der", "der")
    sealed = kit.sealed_key("der", PASS.encode(), w.web_key.pkcs8)

    def good(name, data, entry, comment, **more):
        c.put("good-" + name, data, "success", comment, [entry], **more)

    def bad(name, data, expect, comment, kind="bad", **more):
        c.put(kind + "-" + name, data, expect, comment, **more)

    good("certificate", w.web, "cert 1 -", "a leaf")
    good("ca", w.root, "trusted 1 -", "a CA")
    v1 = seq(seq(integer(1), kit.ED25519, kit.name("old"), kit.VALID, kit.name("old"), w.ed_key.spki), kit.ED25519,
             kit.bits(bytes(64)))
    good("certificate-v1", v1, "trusted 1 -", "version 1: no [0] in front; self-signed, so an anchor")
    good("no-subject", kit.certificate("", w.ed_key.spki, "Corpus Root", w.root_key, kit.san("a.test")), "cert 1 -",
         "an empty subject")
    good("pkcs8-ec", w.web_key.pkcs8, "key 0 -", "PKCS#8, P-256")
    good("pkcs8-rsa", w.api_key.pkcs8, "key 0 -", "PKCS#8, RSA")
    good("pkcs8-ed25519", w.ed_key.pkcs8, "key 0 -", "PKCS#8, Ed25519")
    good("pkcs1", w.api_key.pkcs1, "key 0 -", "PKCS#1")
    good("sec1", w.web_key.sec1, "key 0 -", "SEC 1")
    good("encrypted", sealed, "key 0 -", "EncryptedPrivateKeyInfo", passphrase=PASS)
    good("csr", w.csr(), "csr 0 -", "a request")
    good("crl", w.crl(), "crl 0 -", "a revocation list")

    bad("empty-file", b"", "empty-file", "no bytes at all")
    bad("truncated-3", w.root[:3], "unknown-format", "three bytes")
    bad("truncated-half", w.root[:len(w.root) // 2], "truncated", "the first half of a certificate")
    bad("truncated-last", w.root[:-1], "truncated", "the last byte is missing")
    bad("truncated-key", w.api_key.pkcs8[:-1], "truncated", "a key without its last byte")
    bad("trailing", w.root + b"\0", "corrupt", "one byte behind the end")
    bad("two", w.root + w.web, "corrupt", "two certificates in a row")

    def hurt(der, find, new, at=0):
        i = der.index(find) + at
        return der[:i] + new + der[i + len(new):]
    body = w.root[-(len(w.root) - 1 - len(kit.length(len(w.root) - 3))):]
    assert seq(body) == w.root
    bad("length-overrun", hurt(w.root, kit.ED25519, b"\x30\x7f"), "bad-certificate",
        "an element longer than what it is in")
    bad("length-huge", b"\x30\x88" + b"\xff" * 8 + body, "unknown-format", "a length of 2^64 - 1")
    bad("length-4-gib", b"\x30\x84\xff\xff\xff\xff" + body, "truncated", "a length of 4 GiB")
    bad("date", hurt(w.root, b"260101000000Z", b"269901000000Z"), "bad-certificate", "month 99")
    deep = b""
    for _ in range(1000):
        deep = seq(deep)
    good("deep-name", seq(seq(ctx(0, integer(2)), integer(1), kit.ED25519, deep, kit.VALID, kit.name("x"), w.ed_key.spki),
                     kit.ED25519, kit.bits(bytes(64))), "cert 1 -", "a name 1,000 SEQUENCEs deep: kept, and shown as far as that goes")
    bad("indefinite", b"\x30\x80" + body + b"\0\0", "bad-certificate", "a certificate in BER")
    good("version-9", hurt(w.root, b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09"), "trusted 1 -",
         "version 9 of X.509: kept")
    bad("key-version", hurt(w.web_key.pkcs8, b"\x02\x01\x00", b"\x02\x01\x07"), "unknown-format", "version 7 of PKCS#8")
    bad("key-point", hurt(w.web_key.sec1, w.web_key.pub, b"\4" + b"\xff" * 64), "bad-key", "a point off the curve")
    bad("key-octets", seq(integer(0), seq(oid("1.2.840.10045.2.1"), kit.P256.CURVE), octets(b"junk")), "bad-key",
        "PKCS#8 with junk for a key")
    bad("ed25519-short", seq(integer(0), kit.ED25519, octets(octets(bytes(31)))), "bad-key", "a seed of 31 bytes")
    bad("encrypted-bomb", seq(kit.pbes2_id(b"saltsalt", 2**31, bytes(16)), octets(bytes(64))), "limit-exceeded",
        "2^31 iterations", passphrase=PASS)
    bad("encrypted-altered", sealed[:-16] + bytes(16), "wrong-key-passphrase", "the last block is zero", passphrase=PASS)
    bad("encrypted-odd", seq(kit.pbes2_id(b"saltsalt", 2048, bytes(16)), octets(bytes(17))), "corrupt",
        "contents that are no whole blocks", passphrase=PASS)
    bad("text", b"certificate\n", "unknown-format", "text")
    bad("public-key", w.web_key.spki, "unknown-format", "a public key", kind="unsupported")
    good("bare-base64", base64.b64encode(w.web), "cert 1 -", "a certificate in base64 without armour")
    b64 = base64.b64encode(w.api_key.pkcs8)
    good("bare-base64-key", b"".join(b64[i:i + 76] + b"\n" for i in range(0, len(b64), 76)), "key 0 -",
         "a key in base64, 76 characters a line, as MIME has them")
    bad("bare-base64-cut", base64.b64encode(w.web[:-3]), "truncated", "base64 of a certificate that is cut off")
    bad("bare-base64-text", base64.b64encode(w.web) + b"\n# end\n", "corrupt", "text behind the base64")
    good("key-algorithm", seq(integer(0), seq(oid("1.2.3.4")), octets(bytes(32))), "key 0 -",
         "a key of an algorithm that nobody knows: kept")
    bad("encrypted-scheme", seq(seq(oid("1.2.3.4"), seq()), octets(bytes(64))), "unsupported-algorithm",
        "a scheme that nobody knows", kind="unsupported", passphrase=PASS)
    return c.nr


def make():
    w = kit.World()
    return make_pem(w) + make_der(w)
