# SPDX-License-Identifier: ISC
"""forge.py - certificates with any text in them, quickly: the signature is not one

Nothing that only looks at a certificate verifies it; so a bundle of many thousands, or of names
that no CA would sign, needs no key.
"""
import base64


def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 0x80:
        return bytes([tag, n]) + body
    size = (n.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + n.to_bytes(size, "big") + body


def oid(text):
    first, second, *rest = (int(x) for x in text.split("."))
    out = bytearray([first * 40 + second])
    for n in rest:
        some = [n & 0x7f]
        while n > 0x7f:
            n >>= 7
            some.append(n & 0x7f | 0x80)
        out += bytes(reversed(some))
    return tlv(6, bytes(out))


ECDSA = tlv(0x30, oid("1.2.840.10045.4.3.2"))
# The generator of P-256: a public key that every reader accepts.
POINT = bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
SPKI = tlv(0x30, tlv(0x30, oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")),
           tlv(3, b"\0" + POINT))


def name(*pairs):
    return tlv(0x30, *(tlv(0x31, tlv(0x30, oid(kind), tlv(12, value))) for kind, value in pairs))


def certificate(serial, cn, org=None, dns=None, ca=True):
    """DER; the texts are bytes, of any kind."""
    subject = name(*([("2.5.4.10", org)] if org is not None else []), ("2.5.4.3", cn))
    extensions = []
    if ca:
        extensions.append(tlv(0x30, oid("2.5.29.19"), tlv(1, b"\xff"),
                              tlv(4, tlv(0x30, tlv(1, b"\xff")))))
    if dns is not None:
        extensions.append(tlv(0x30, oid("2.5.29.17"), tlv(4, tlv(0x30, tlv(0x82, dns)))))
    body = tlv(0x30, tlv(0xa0, tlv(2, b"\2")), tlv(2, b"\1" + serial.to_bytes(8, "big")), ECDSA,
               subject, tlv(0x30, tlv(23, b"200101000000Z"), tlv(23, b"450101000000Z")), subject,
               SPKI, *([tlv(0xa3, tlv(0x30, *extensions))] if extensions else []))
    return tlv(0x30, body, ECDSA, tlv(3, b"\0", tlv(0x30, tlv(2, b"\1"), tlv(2, b"\1"))))


def pem(der, label="CERTIFICATE"):
    text = base64.b64encode(der).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n" % (label, "\n".join(lines), label)
