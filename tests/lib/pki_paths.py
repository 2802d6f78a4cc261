# SPDX-License-Identifier: ISC
"""pki_paths.py - the faults of a certificate and of its path; see pki.py"""
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from forge import oid, tlv
from pki_world import Case, below, fault, plain
from x509 import (ANY, CERT_SIGN, CLIENT, CRL_SIGN, DIGITAL_SIGNATURE, HOST, KEY_AGREEMENT, SERVER,
                  UNKNOWN, Cert, ExponentOne, alternative, authority, basic, constraints, crl, dn,
                  ec_key, extended, leaf, rsa_key, spki)


def constrained(w, role, permitted=(), excluded=(), **how):
    return below(w, role, authority("Acme Constrained CA", w.root,
                                    more=[constraints(permitted, excluded)]), **how)


# The good ones, so that no test is content with a tool that refuses everything.
@fault("good")
def _(w, role):
    """nothing is wrong"""
    return plain(w, role)


@fault("good-both")
def _(w, role):
    """one certificate for servers and clients"""
    return plain(w, role, eku=[SERVER, CLIENT])


@fault("good-no-eku", strict="web-pki")
def _(w, role):
    """no extended key usage: any purpose (RFC 5280 4.2.1.12)"""
    return plain(w, role, eku=())


@fault("good-wildcard", roles="server", strict="web-pki")
def _(w, role):
    """*.acme.test for shop.acme.test"""
    return plain(w, role, cn="acme.test", names=["dns:*.acme.test"])


@fault("good-ip", roles="server", strict="web-pki")
def _(w, role):
    """an IP address in the SAN"""
    return plain(w, role, names=["ip:127.0.0.1"], host="127.0.0.1")


@fault("good-rsa", strict="weak-key")
def _(w, role):
    """RSA of 2048 bits below an RSA CA"""
    return below(w, role, w.rsa(), key=rsa_key())


@fault("good-ed25519")
def _(w, role):
    """Ed25519"""
    return plain(w, role, key=ed25519.Ed25519PrivateKey.generate())


@fault("good-crl")
def _(w, role):
    """CRLs of both CAs, which revoke somebody else"""
    c = plain(w, role)
    c.crls = w.crls([leaf(role, w.ica)])
    return c


@fault("good-constraints")
def _(w, role):
    """name constraints that permit the name"""
    return constrained(w, role, ["dns:acme.test"], ["dns:secret.acme.test"])


@fault("good-long-chain")
def _(w, role):
    """eight CAs below the root"""
    chain = [authority("Acme CA 1", w.root)]
    for i in range(2, 9):
        chain.insert(0, authority("Acme CA %d" % i, chain[0]))
    return below(w, role, *chain)


@fault("good-cross-signed")
def _(w, role):
    """the root is sent too, signed by an older root that has expired; the new one is trusted"""
    old = authority("Acme Old Root CA", days=(-3000, -20))
    c = below(w, role, w.ica, authority("Acme Root CA", old, w.root.key, days=(-900, -20)))
    c.trust = [w.root, old]
    return c


@fault("good-wrong-order")
def _(w, role):
    """the two intermediates are sent in the wrong order (RFC 8446 4.4.2 bears it)"""
    sub = authority("Acme Sub CA", w.ica)
    c = below(w, role, sub, w.ica)
    c.chain.reverse()
    return c


@fault("leaf-last")
def _(w, role):
    """the file has the leaf behind its CA"""
    c = plain(w, role)
    c.first = False
    return c


@fault("good-ca-as-leaf", strict="web-pki")
def _(w, role):
    """the certificate is one of a CA too"""
    return plain(w, role, bits=(DIGITAL_SIGNATURE, CERT_SIGN), more=[basic(True)])


# Dates
@fault("expired-leaf", "expired")
def _(w, role):
    """the leaf has expired"""
    return plain(w, role, days=(-100, -3))


@fault("expired-issuer", "expired")
def _(w, role):
    """the issuing CA has expired"""
    return below(w, role, authority("Acme Expired CA", w.root, days=(-400, -3)))


@fault("expired-root", "expired")
def _(w, role):
    """the trusted root has expired"""
    root = authority("Acme Gone Root CA", days=(-4000, -3))
    ica = authority("Acme Issuing CA 3", root)
    return Case(leaf(role, ica), [ica], [root])


@fault("not-yet-valid", "not-yet-valid")
def _(w, role):
    """the leaf is valid from next week on"""
    return plain(w, role, days=(7, 80))


@fault("issuer-not-yet-valid", "not-yet-valid")
def _(w, role):
    """the issuing CA is valid from next week on"""
    return below(w, role, authority("Acme Early CA", w.root, days=(7, 900)))


@fault("dates-inverted", "expired")
def _(w, role):
    """it ends before it begins"""
    return plain(w, role, days=(-3, -10))


# Names
@fault("wrong-host", "host-mismatch", "server")
def _(w, role):
    """the certificate of another host"""
    return plain(w, role, cn="mail.acme.test")


@fault("cn-only", "cn-only", "server")
def _(w, role):
    """the host is in the CN, and there is no SAN"""
    return plain(w, role, names=())


@fault("cn-beside-san", "host-mismatch", "server")
def _(w, role):
    """the host is in the CN, and another one in the SAN"""
    return plain(w, role, names=["dns:mail.acme.test"])


@fault("ip-in-cn", "host-mismatch", "server")
def _(w, role):
    """an IP address in the CN alone"""
    return plain(w, role, cn="127.0.0.1", names=(), host="127.0.0.1")


@fault("ip-as-dns", "host-mismatch", "server")
def _(w, role):
    """an IP address as a DNS name"""
    return plain(w, role, names=["dns:127.0.0.1"], host="127.0.0.1")


@fault("wildcard-too-deep", "host-mismatch", "server")
def _(w, role):
    """*.acme.test for a.shop.acme.test"""
    return plain(w, role, cn="acme.test", names=["dns:*.acme.test"], host="a.shop.acme.test")


@fault("wildcard-bare", "host-mismatch", "server")
def _(w, role):
    """*.acme.test for acme.test"""
    return plain(w, role, cn="Acme", names=["dns:*.acme.test"], host="acme.test")


@fault("wildcard-partial", "host-mismatch", "server")
def _(w, role):
    """sh*.acme.test (RFC 9525 6.3: the whole label or nothing)"""
    return plain(w, role, cn="Acme", names=["dns:sh*.acme.test"])


@fault("nul-in-name", "host-mismatch", "server")
def _(w, role):
    """a NUL byte in the SAN, behind the host"""
    return plain(w, role, cn="Acme", names=["dns:" + HOST + "\0.evil.test"])


# The path
@fault("missing-intermediate", "incomplete-chain")
def _(w, role):
    """the issuing CA is not sent"""
    c = plain(w, role)
    c.chain = []
    return c


@fault("unknown-ca", "untrusted")
def _(w, role):
    """the root is not among the trusted ones"""
    ica = authority("Other Issuing CA", w.other)
    return Case(leaf(role, ica), [ica, w.other], [w.root])


@fault("self-signed", "self-signed")
def _(w, role):
    """signed by itself, and not trusted"""
    return Case(leaf(role, None), [], [w.root])


@fault("same-name-ca", "incomplete-chain")
def _(w, role):
    """the trusted root has the name of the true one, but another key and key identifier"""
    return Case(leaf(role, w.ica), [w.ica], [authority("Acme Root CA")])


@fault("bad-signature", "bad-signature")
def _(w, role):
    """the signature of the leaf was altered"""
    return plain(w, role, spoil=True)


@fault("issuer-bad-signature", "bad-signature")
def _(w, role):
    """the signature of the issuing CA was altered"""
    return below(w, role, authority("Acme Altered CA", w.root, spoil=True))


@fault("circle", "incomplete-chain")
def _(w, role):
    """two CAs that signed each other"""
    key = ec_key()
    b = authority("Acme Circle B", Cert(b"", dn("Acme Circle A"), key, 1))
    a = authority("Acme Circle A", b, key)
    return Case(leaf(role, b), [b, a], [w.root])


@fault("authority-key-id", "malformed")
def _(w, role):
    """the authority key identifier is of another key of the CA"""
    return plain(w, role, authority=spki(ec_key()))


@fault("distrusted-root", "distrusted")
def _(w, role):
    """the root is on the list with the word not to trust it"""
    return plain(w, role)


# Purposes
@fault("wrong-purpose", "wrong-purpose")
def _(w, role):
    """a client's certificate at a server, a server's at a client"""
    return plain(w, role, eku=[CLIENT if role == "server" else SERVER])


@fault("email-purpose", "wrong-purpose")
def _(w, role):
    """a certificate for e-mail"""
    return plain(w, role, eku=["1.3.6.1.5.5.7.3.4"])


@fault("any-purpose", "wrong-purpose")
def _(w, role):
    """extended key usage "any" alone"""
    return plain(w, role, eku=[ANY])


@fault("issuer-wrong-purpose", "wrong-purpose")
def _(w, role):
    """the issuing CA is for the other purpose"""
    narrow = extended(CLIENT if role == "server" else SERVER)
    return below(w, role, authority("Acme Narrow CA", w.root, more=[narrow]))


@fault("no-digital-signature", "wrong-key-usage")
def _(w, role):
    """a key usage without digitalSignature"""
    return plain(w, role, bits=(KEY_AGREEMENT,))


@fault("issuer-not-ca", "not-a-ca")
def _(w, role):
    """signed by somebody's leaf certificate"""
    return below(w, role, leaf(role, w.ica, cn="mallory.acme.test"), w.ica)


@fault("issuer-ca-false", "not-a-ca")
def _(w, role):
    """the issuer says CA:FALSE, but may sign certificates"""
    return below(w, role, authority("Acme No CA", w.root, ca=False))


@fault("issuer-v1", "not-a-ca")
def _(w, role):
    """the issuer is an X.509 v1 certificate"""
    return below(w, role, authority("Acme V1 CA", w.root, replace=[], version=1))


@fault("issuer-no-cert-sign", "wrong-key-usage")
def _(w, role):
    """the key usage of the CA does not allow to sign certificates"""
    return below(w, role, authority("Acme CRL CA", w.root, bits=(CRL_SIGN,)))


# Constraints
@fault("path-length", "path-length")
def _(w, role):
    """a CA with path length 0 has a CA below it"""
    upper = authority("Acme Zero CA", w.root, length=0)
    return below(w, role, authority("Acme Sub CA 2", upper), upper)


@fault("name-not-permitted", "name-constraint")
def _(w, role):
    """the CA may issue for other.test"""
    return constrained(w, role, ["dns:other.test"])


@fault("name-excluded", "name-constraint")
def _(w, role):
    """the CA may not issue for acme.test"""
    return constrained(w, role, (), ["dns:acme.test"])


@fault("ip-not-permitted", "name-constraint")
def _(w, role):
    """the CA may issue for 10.0.0.0/8"""
    return constrained(w, role, ["ip:10.0.0.0/255.0.0.0"], names=["ip:127.0.0.1"], host="127.0.0.1")


@fault("ip-excluded", "name-constraint")
def _(w, role):
    """the CA may not issue for 127.0.0.0/8"""
    return constrained(w, role, (), ["ip:127.0.0.0/255.0.0.0"], names=["ip:127.0.0.1"], host="127.0.0.1")


@fault("subject-not-permitted", "name-constraint")
def _(w, role):
    """the CA may issue below O=Elsewhere"""
    elsewhere = tlv(0x30, tlv(0x31, tlv(0x30, oid("2.5.4.10"), tlv(12, b"Elsewhere"))))
    return constrained(w, role, [elsewhere])


@fault("critical-extension", "critical-extension")
def _(w, role):
    """a critical extension that nobody knows"""
    return plain(w, role, more=[UNKNOWN])


@fault("issuer-critical-extension", "critical-extension")
def _(w, role):
    """one in the CA"""
    return below(w, role, authority("Acme Odd CA", w.root, more=[UNKNOWN]))


# Form
@fault("duplicate-extension", "malformed")
def _(w, role):
    """an extension twice (RFC 5280 4.2)"""
    return plain(w, role, more=[alternative("dns:other.acme.test")])


@fault("signature-algorithms-differ", "bad-signature")
def _(w, role):
    """the algorithm outside is not the one that was signed (RFC 5280 4.1.1.2)"""
    return plain(w, role, outer=tlv(0x30, oid("1.2.840.10045.4.3.3")))


@fault("negative-serial", strict="malformed")
def _(w, role):
    """a negative serial number"""
    return plain(w, role, number=-5)


@fault("zero-serial", strict="malformed")
def _(w, role):
    """the serial number 0"""
    return plain(w, role, number=0)


# Strength
@fault("weak-rsa", "weak-key")
def _(w, role):
    """RSA of 1024 bits"""
    return plain(w, role, key=rsa_key(1024))


@fault("weak-issuer", "weak-key")
def _(w, role):
    """a CA with RSA of 1024 bits"""
    return below(w, role, authority("Acme Weak CA", w.root, rsa_key(1024)))


@fault("weak-curve", "weak-key")
def _(w, role):
    """a CA on a curve of 192 bits"""
    return below(w, role, authority("Acme Small CA", w.root, ec_key(ec.SECP192R1)))


@fault("exponent-one", "weak-key")
def _(w, role):
    """a CA with the RSA exponent 1: everybody can sign for it"""
    return below(w, role, authority("Acme One CA", w.root, ExponentOne()))


@fault("exponent-three", strict="weak-key")
def _(w, role):
    """the RSA exponent 3: allowed, if not liked"""
    return below(w, role, authority("Acme Three CA", w.root, rsa_key(2048, 3)))


@fault("sha1", "weak-digest")
def _(w, role):
    """signed with SHA-1"""
    return below(w, role, w.rsa(), digest="sha1")


@fault("md5", "weak-digest")
def _(w, role):
    """signed with MD5"""
    return below(w, role, w.rsa(), digest="md5")


# The key, and none
@fault("key-mismatch", "key-mismatch")
def _(w, role):
    """the private key is of another certificate"""
    c = plain(w, role)
    c.key = ec_key()
    return c


@fault("no-client-certificate", roles="client")
def _(w, role):
    """the client has no certificate"""
    c = plain(w, role)
    c.sends = False
    return c

# Several at once: all are named, not only the first.
@fault("six-at-once", "revoked", "server")
def _(w, role):
    """the leaf is over, of another host, for clients, with a weak key, revoked, and its CA is no CA"""
    ca = authority("Acme Six CA", w.root, ca=False)
    c = below(w, role, ca, cn="mail.acme.test", key=rsa_key(1024), eku=[CLIENT], days=(-100, -3))
    c.crls = [crl(ca, [c.cert]), crl(w.root)]
    c.also = ["expired", "host-mismatch", "wrong-purpose", "weak-key", "not-a-ca"]
    return c


@fault("four-at-once", "not-yet-valid", "client")
def _(w, role):
    """a leaf that may not sign, by a leaf that has not begun, critical and unknown extensions"""
    ca = leaf(role, w.ica, cn="mallory.acme.test", days=(5, 80))
    c = below(w, role, ca, w.ica, bits=(KEY_AGREEMENT,), more=[UNKNOWN])
    c.also = ["not-a-ca", "wrong-key-usage", "critical-extension"]
    return c
