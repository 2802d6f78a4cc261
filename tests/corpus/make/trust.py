# SPDX-License-Identifier: ISC
"""Trust lists: Mozilla's certdata.txt, p11-kit's files, and directories as OpenSSL reads them."""
import hashlib

import kit
from kit import integer, octets, oid, pem, seq, tlv

SERVER, EMAIL = oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.4")


def octal(data):
    text = "".join("\\%03o" % b for b in data)
    return "".join(text[i:i + 64] + "\n" for i in range(0, len(text), 64)) + "END\n"


def multi(name, data):
    return name + " MULTILINE_OCTAL\n" + octal(data)


def parts(der):
    """(issuer, serial INTEGER) of a certificate that kit made."""
    def item(b):
        n, at = b[1], 2
        if n & 0x80:
            at = 2 + (n & 0x7f)
            n = int.from_bytes(b[2:at], "big")
        return b[:at + n], b[at:at + n], b[at + n:]
    _, body, _ = item(der)
    _, tbs, _ = item(body)
    _, _, rest = item(tbs)           # version
    serial, _, rest = item(rest)
    _, _, rest = item(rest)          # algorithm
    issuer, _, _ = item(rest)
    return issuer, serial


HEAD = "# a licence\n\nBEGINDATA\nCKA_CLASS CK_OBJECT_CLASS CKO_NSS_BUILTIN_ROOT_LIST\nCKA_LABEL UTF8 \"Mozilla Builtin Roots\"\n\n"


def cert(label, der, server_after=None, extra=""):
    issuer, serial = parts(der)
    after = "CK_BBOOL CK_FALSE\n" if server_after is None else "MULTILINE_OCTAL\n" + octal(server_after)
    return ("# Certificate \"%s\"\nCKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE\nCKA_TOKEN CK_BBOOL CK_TRUE\n"
            "CKA_LABEL UTF8 \"%s\"\nCKA_CERTIFICATE_TYPE CK_CERTIFICATE_TYPE CKC_X_509\n" % (label, label)
            + multi("CKA_ISSUER", issuer) + multi("CKA_SERIAL_NUMBER", serial) + multi("CKA_VALUE", der)
            + "CKA_NSS_SERVER_DISTRUST_AFTER " + after + "CKA_NSS_EMAIL_DISTRUST_AFTER CK_BBOOL CK_FALSE\n" + extra + "\n")


def trust(der, server, email, code="MUST_VERIFY_TRUST", prefix="NSS", sha1=None):
    issuer, serial = parts(der)
    return ("CKA_CLASS CK_OBJECT_CLASS CKO_%s_TRUST\nCKA_LABEL UTF8 \"x\"\n" % prefix
            + multi("CKA_CERT_SHA1_HASH", sha1 or hashlib.sha1(der).digest())
            + multi("CKA_ISSUER", issuer) + multi("CKA_SERIAL_NUMBER", serial)
            + "".join("CKA_TRUST_%s CK_TRUST CKT_%s_%s\n" % (use, prefix, word)
                      for use, word in (("SERVER_AUTH", server), ("EMAIL_PROTECTION", email), ("CODE_SIGNING", code)))
            + "CKA_TRUST_STEP_UP_APPROVED CK_BBOOL CK_FALSE\n\n")


YES, NO, NOT = "TRUSTED_DELEGATOR", "NOT_TRUSTED", "MUST_VERIFY_TRUST"


def make_certdata(w):
    c = kit.Corpus("certdata", "certdata")
    one = HEAD + cert("Root", w.root) + trust(w.root, YES, NOT)

    def good(name, text, entries, comment):
        c.put("good-" + name, text.encode(), "success", comment, entries)

    def bad(name, text, expect, comment):
        c.put("bad-" + name, text.encode(), expect, comment)

    good("server", one, ["trusted 1 Root"], "trusted for servers only")
    good("crlf", one.replace("\n", "\r\n"), ["trusted 1 Root"], "line ends of Windows")
    good("trust-first", HEAD + trust(w.root, YES, YES) + cert("Root", w.root), ["trusted 1 Root"],
         "the trust object comes before its certificate")
    good("none", HEAD + cert("Root", w.root) + trust(w.root, NOT, NOT), ["cert 1 Root"], "an anchor for nothing")
    good("alone", HEAD + cert("Root", w.root), ["cert 1 Root"], "no trust object: an anchor for nothing")
    good("distrusted", HEAD + cert("Root", w.root) + trust(w.root, NO, NO, NO), ["cert 1 Root"], "distrusted")
    good("contradiction", HEAD + cert("Root", w.root) + trust(w.root, YES, NOT) + trust(w.root, NO, NOT),
         ["cert 1 Root"], "trusted by one object and distrusted by the next: distrusted")
    good("other-hash", HEAD + cert("Root", w.root) + trust(w.root, YES, YES, sha1=bytes(20)), ["cert 1 Root"],
         "issuer and number are right, the hash is another's")
    good("netscape", HEAD + cert("Root", w.root) + trust(w.root, YES, YES, "MUST_VERIFY", prefix="NETSCAPE"),
         ["trusted 1 Root"], "the words of old files")
    good("escapes", HEAD + cert("F\\xC5\\x91 CA", w.root) + trust(w.root, YES, NOT), ["trusted 1 F\u0151 CA"],
         "a label with escapes")
    good("after", HEAD + cert("Root", w.root, b"241130235959Z") + trust(w.root, YES, YES), ["trusted 1 Root"],
         "distrusted for servers after a date")
    good("after-bad", HEAD + cert("Root", w.root, b"never") + trust(w.root, YES, NOT), ["cert 1 Root"],
         "a date that is none: not trusted at all")
    good("names-twice", HEAD + cert("CA", w.root) + cert("CA", w.web) + trust(w.root, YES, NOT),
         ["trusted 1 CA", "cert 1 CA-2"], "two of one label")
    good("elsewhere", HEAD + cert("Root", w.root) + trust(w.root, YES, NOT) + trust(w.web, NO, NO), ["trusted 1 Root"],
         "distrust of a certificate that is not in the file")
    bad("word", one.replace("CKT_NSS_TRUSTED_DELEGATOR", "CKT_NSS_ADORED"), "unsupported-feature", "an unknown word of trust")
    bad("octal", one.replace("\\060", "\\999", 1), "corrupt", "no octal digit")
    bad("no-end", one[:one.rindex("END")], "truncated", "the last END is missing")
    bad("certificate", HEAD + cert("Root", w.root).replace(octal(w.root), octal(w.root[:-1])), "bad-certificate",
        "a byte of the certificate is missing")
    bad("no-serial", one.replace(multi("CKA_SERIAL_NUMBER", parts(w.root)[1]), ""), "corrupt", "a trust object of nothing")
    bad("quotes", one.replace("\"Root\"\nCKA_CERT", "Root\nCKA_CERT", 1), "corrupt", "a label without quotes")
    bad("line", one + "and more\n", "corrupt", "a line that is no attribute")
    return c.nr


def percent(data):
    return "\"" + "".join("%%%02x" % b for b in data) + "\""


OBJ = "[p11-kit-object-v1]\n"


def extension(key, id, value, label="x"):
    return (OBJ + "class: x-certificate-extension\nlabel: \"%s\"\nobject-id: %s\nvalue: %s\n" % (label, id, percent(value))
            + pem("PUBLIC KEY", key.spki).decode() + "\n")


def make_p11kit(w):
    c = kit.Corpus("p11kit", "p11-kit")
    root = pem("CERTIFICATE", w.root).decode()

    def good(name, text, entries, comment):
        c.put("good-" + name, text.encode(), "success", comment, entries)

    def bad(name, text, expect, comment):
        c.put("bad-" + name, text.encode(), expect, comment)

    anchor = OBJ + "label: \"My Root\"\ntrusted: true\n" + root + "\n"
    good("anchor", "# made by hand\n" + anchor, ["trusted 1 My Root"], "a trusted certificate")
    good("value", OBJ + "class: certificate\ntrusted: true\nvalue: " + percent(w.root) + "\n", ["trusted 1 corpus-root"],
         "the certificate as an attribute")
    good("untrusted", OBJ + root, ["cert 1 corpus-root"], "nobody says that it is trusted")
    good("distrusted", OBJ + "trusted: true\nx-distrusted: true\n" + root, ["cert 1 corpus-root"], "distrust wins")
    good("purposes", anchor + extension(w.root_key, "2.5.29.37", seq(oid("2.5.29.37"), kit.TRUE, octets(seq(EMAIL, SERVER)))),
         ["trusted 1 My Root"], "key purposes attached, as a whole extension")
    good("purposes-bare", anchor + extension(w.root_key, "2.5.29.37", seq(SERVER)), ["trusted 1 My Root"],
         "the same, its value alone")
    good("constraints", anchor + extension(w.root_key, "2.5.29.30", seq(kit.ctx(0, seq(tlv(0x82, b"a.test"))))),
         ["trusted 1 My Root"], "name constraints attached")
    good("extension-alone", extension(w.web_key, "2.5.29.30", seq(), "For nobody here"), ["opaque 0 For nobody here"],
         "an extension of a certificate that is elsewhere")
    good("after", OBJ + "trusted: true\nnss-server-distrust-after: \"241130235959Z\"\n" + root, ["trusted 1 corpus-root"],
         "distrusted for servers after a date")
    good("other-class", OBJ + "class: nss-trust\nlabel: \"x\"\n" + anchor, ["trusted 1 My Root"], "an object of another class")
    bad("attribute", "trusted: true\n" + anchor, "corrupt", "an attribute before the first object")
    bad("version", anchor + "[p11-kit-object-v2]\n", "corrupt", "a version that nobody knows")
    bad("boolean", OBJ + "trusted: yes\n" + root, "corrupt", "neither true nor false")
    bad("quotes", OBJ + "label: x\n" + root, "corrupt", "a label without quotes")
    bad("percent", OBJ + "label: \"%4\"\n" + root, "corrupt", "half a byte")
    bad("two", OBJ + root + root, "corrupt", "two certificates in one object")
    bad("cut", anchor[:-30], "truncated", "the file ends inside the block")
    bad("block", OBJ + pem("PRIVATE KEY", w.web_key.pkcs8).decode(), "corrupt", "a private key in it")
    bad("certificate", OBJ + pem("CERTIFICATE", w.root[:-1]).decode(), "bad-certificate", "a byte is missing")
    bad("key-missing", OBJ + "class: x-certificate-extension\nobject-id: 2.5.29.37\nvalue: \"x\"\n", "corrupt",
        "an extension of nothing")
    bad("purposes", anchor + extension(w.root_key, "2.5.29.37", b"\x30\x05"), "corrupt", "purposes that are none")
    return c.nr


def pack(*members):
    """(name, data) or (name, target, data), as src/store/dir.c hands a directory to the format."""
    out = b"\x89kstdir\n"
    for name, *rest in members:
        target, data = rest if len(rest) == 2 else ("", rest[0])
        parts = name.encode(), target.encode(), data
        out += b"".join(len(p).to_bytes(4, "little") for p in parts) + b"".join(parts)
    return out


def make_hashdir(w):
    c = kit.Corpus("hashdir", "pack")
    root, web, crl = pem("CERTIFICATE", w.root), pem("CERTIFICATE", w.web), pem("X509 CRL", w.crl())

    def good(name, data, entries, comment):
        c.put("good-" + name, data, "success", comment, entries)

    def bad(name, data, expect, comment):
        c.put("bad-" + name, data, expect, comment)

    good("links", pack(("1a2b3c4d.0", "My%20Root.pem", root), ("My%20Root.pem", root), ("README", b"text")),
         ["trusted 1 My Root"], "a link to a file")
    good("files", pack(("1a2b3c4d.0", root), ("1a2b3c4d.1", web), ("1a2b3c4d.r0", crl)),
         ["trusted 1 corpus-root", "cert 1 web.test", "crl 0 x509-crl"], "files that are called HASH.N themselves")
    good("der", pack(("1a2b3c4d.0", w.root)), ["trusted 1 corpus-root"], "DER in it")
    good("gap", pack(("1a2b3c4d.0", root), ("1a2b3c4d.2", web)), ["trusted 1 corpus-root", "cert 1 web.test"],
         "a number is missing")
    good("bundle-beside", pack(("1a2b3c4d.0", root), ("all.pem", root + web)), ["trusted 1 corpus-root"],
         "what has no hash for a name does not count")
    good("loose", pack(("a.pem", root), ("b.crt", web), ("bundle.pem", root + web), ("notes.txt", b"text")),
         ["trusted 1 a", "cert 1 b"], "loose files, each certificate once")
    good("empty", pack(), [], "nothing in it")
    good("damaged-member", pack(("1a2b3c4d.0", root), ("1a2b3c4d.1", b"x")), ["trusted 1 corpus-root"],
         "a member that is nothing")
    bad("cut", pack(("a.pem", root))[:-1], "corrupt", "a member breaks off")
    bad("length", pack()+ b"\xff\xff\xff\xff" * 3, "corrupt", "lengths of 4 GiB")
    bad("slash", pack(("../a.pem", root)), "corrupt", "a name that leads out of the directory")
    bad("dot", pack((".a.pem", root)), "corrupt", "a name that begins with a dot")
    return c.nr


def make():
    w = kit.World()
    return make_certdata(w) + make_p11kit(w) + make_hashdir(w)
