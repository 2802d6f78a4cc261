# SPDX-License-Identifier: ISC
"""PKCS#7 bundles (RFC 2315, RFC 5652): binary, armoured, and base64 alone; BER as some writers leave it."""
import base64

import kit
from kit import ctx, integer, octets, oid, pem, seq, set_, tlv

SIGNED, DATA = oid("1.2.840.113549.1.7.2"), oid("1.2.840.113549.1.7.1")


def endless(tag, *parts):
    """An element of indefinite length."""
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"


def bundle(certs, crls=(), content=seq(DATA), digests=set_(), signers=set_(), version=1, order=sorted):
    sets = [ctx(0, *order(certs))] if certs else []
    sets += [ctx(1, *order(crls))] if crls else []
    return seq(SIGNED, ctx(0, seq(integer(version), digests, content, *sets, signers)))


def make():
    w = kit.World()
    c = kit.Corpus("pkcs7", "p7b")
    all_three = bundle([w.root, w.web, w.api])
    # In the order of a SET OF: by their bytes, so by length first.
    by_octets = [n for _, n in sorted([(w.root, "trusted 1 corpus-root"), (w.web, "cert 1 web.test"),
                                       (w.api, "cert 1 api.test")])]

    def good(name, data, entries, comment, **more):
        c.put("good-" + name, data, "success", comment, entries, **more)

    def bad(name, data, expect, comment, kind="bad", **more):
        c.put(kind + "-" + name, data, expect, comment, **more)

    good("bundle", all_three, by_octets, "three certificates, DER")
    good("unsorted", bundle([w.web, w.root], order=list), ["cert 1 web.test", "trusted 1 corpus-root"],
         "leaf first, as openssl crl2pkcs7 writes them: no DER, and read by everybody")
    good("crl", bundle([w.root], [w.crl()]), ["trusted 1 corpus-root", "crl 0 crl"], "a certificate and a list")
    good("crl-alone", bundle([], [w.crl()]), ["crl 0 crl"], "a list and nothing else")
    good("empty", bundle([]), [], "no certificate at all")
    good("no-signers", seq(SIGNED, ctx(0, seq(integer(1), set_(), seq(DATA), ctx(0, w.root)))),
         ["trusted 1 corpus-root"], "without the set of signers")
    inner = endless(0x30, integer(1), set_(), endless(0x30, DATA), endless(0xa0, w.root, w.web), set_())
    ber = endless(0x30, SIGNED, endless(0xa0, inner))
    good("ber", ber, ["trusted 1 corpus-root", "cert 1 web.test"], "indefinite lengths all the way down")
    text = b"text that somebody signed"
    signer = seq(integer(1), seq(kit.name("Corpus Root"), integer(1)), seq(oid("2.16.840.1.101.3.4.2.1")),
                 kit.ED25519, octets(bytes(64)))
    signed = bundle([w.web, w.root], content=seq(DATA, ctx(0, octets(text))),
                    digests=set_(seq(oid("2.16.840.1.101.3.4.2.1"))), signers=set_(signer))
    good("signed", signed, [n for n in by_octets if "api" not in n], "a content and a signature, which nobody looks at")
    good("attribute-certificate", bundle([w.root, ctx(2, seq(integer(1)))], version=3),
         ["trusted 1 corpus-root", "opaque 0 attribute certificate"],
         "what is no certificate of X.509 is kept as it is")
    good("pem", pem("PKCS7", all_three), by_octets, "a PEM block")
    good("pem-cms", b"from the CA\n" + pem("CMS", all_three) + b"and good bye\n", by_octets,
         "the label of RFC 5652, with text around it")
    good("pem-signed-data", pem("PKCS #7 SIGNED DATA", all_three), by_octets, "the label of old programs")
    good("pem-chain", pem("CERTIFICATE CHAIN", all_three), by_octets, "a label of older ones")
    b64 = base64.b64encode(all_three)
    good("bare", b"".join(b64[i:i + 64] + b"\r\n" for i in range(0, len(b64), 64)), by_octets,
         "base64 without armour, as Windows exports it")
    good("bare-line", b64, by_octets, "the same in one line")

    bad("truncated", all_three[:-1], "truncated", "the last byte is missing")
    bad("truncated-half", all_three[:len(all_three) // 2], "truncated", "the first half")
    good("trailing", all_three + b"\n", by_octets, "a line end behind the end")
    bad("ber-open", ber[:-2], "corrupt", "the end of an indefinite length is missing")
    bad("no-version", seq(SIGNED, ctx(0, seq(set_(), seq(DATA), ctx(0, w.root), set_()))), "corrupt",
        "the version is missing")
    bad("short", seq(SIGNED, ctx(0, seq(integer(1)))), "corrupt", "a version and nothing else")
    bad("certificate", bundle([seq(integer(1))]), "bad-certificate", "a certificate that is none")
    bad("list", bundle([w.root], [seq(integer(1))]), "corrupt", "a list that is none")
    bad("set-cut", seq(SIGNED, ctx(0, seq(integer(1), set_(), seq(DATA), tlv(0xa0, w.root[:-1]), set_()))), "corrupt",
        "the set ends inside a certificate")
    bad("pem-damaged", pem("PKCS7", all_three).replace(b"MI", b"M-", 1), "corrupt", "a '-' in the base64")
    bad("bare-damaged", b64[:200] + b"!" + b64[201:], "corrupt", "a '!' in the base64")
    bad("bare-cut", b64[:-3], "corrupt", "the base64 ends in the middle of three bytes")
    bad("enveloped", seq(oid("1.2.840.113549.1.7.3"), ctx(0, seq(integer(0)))), "unsupported-feature",
        "encrypted: no certificates in the open", kind="unsupported")
    bad("data", seq(DATA, ctx(0, octets(b"x"))), "unsupported-feature", "mere data", kind="unsupported")
    return c.nr
