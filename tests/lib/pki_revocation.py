# SPDX-License-Identifier: ISC
"""pki_revocation.py - what is wrong with CRLs and with what a server staples; see pki.py"""
from forge import tlv
from pki_world import Case, below, fault, plain
from x509 import MUST_STAPLE, authority, crl, ec_key, ext, leaf, ocsp


def with_crl(w, role, revoked=True, **how):
    c = plain(w, role)
    c.crls = w.crls([c.cert] if revoked else [], **how)
    return c


@fault("revoked", "revoked")
def _(w, role):
    """its CA has revoked it"""
    return with_crl(w, role)


@fault("issuer-revoked", "revoked")
def _(w, role):
    """the root has revoked the issuing CA"""
    ca = authority("Acme Revoked CA", w.root)
    c = below(w, role, ca)
    c.crls = [crl(ca), crl(w.root, [(ca, 2)])]
    return c


@fault("stale-crl", "crl-expired")
def _(w, role):
    """the CRL is out of date"""
    return with_crl(w, role, False, days=(-60, -30))


@fault("revoked-stale-crl", "revoked")
def _(w, role):
    """the CRL is out of date, and revokes it"""
    return with_crl(w, role, days=(-60, -30))


@fault("crl-not-yet-valid", "crl-expired")
def _(w, role):
    """the CRL is of next week"""
    return with_crl(w, role, False, days=(7, 30))


@fault("crl-of-another", "crl-bad")
def _(w, role):
    """the CRL has the CA's name and is signed by another key"""
    return with_crl(w, role, False, key=ec_key())


@fault("no-crl", "revocation-unknown")
def _(w, role):
    """there is no CRL of its CA, and one is wanted"""
    return Case(leaf(role, w.ica), [w.ica], [w.root], crls=[crl(w.root)], require=True)


@fault("crl-of-cas-only", "revocation-unknown")
def _(w, role):
    """the CRL of its CA is for CA certificates alone (RFC 5280 5.2.5)"""
    c = with_crl(w, role, False, more=[ext("2.5.29.28", tlv(0x30, tlv(0x82, b"\xff")), True)])
    c.require = True
    return c


@fault("must-staple", strict="revocation-unknown", roles="server")
def _(w, role):
    """it promises an OCSP response, and the server sends none (RFC 7633)"""
    return plain(w, role, more=[MUST_STAPLE])


# What comes with the handshake (RFC 6066 8): files do not show it.
def stapled(w, role, **how):
    # The root is sent, since curl looks for the signer of the response there.
    c = Case(leaf(role, w.root, more=[MUST_STAPLE]), [w.root], [w.root])
    c.staple = ocsp(w.root, c.cert, **how)
    return c


@fault("good-staple", roles="server")
def _(w, role):
    """it promises an OCSP response and has one: good"""
    return stapled(w, role)


@fault("staple-revoked", "revoked", roles="server")
def _(w, role):
    """the OCSP response says that it is revoked"""
    return stapled(w, role, revoked=1)


@fault("staple-stale", "crl-expired", roles="server")
def _(w, role):
    """the OCSP response is out of date"""
    return stapled(w, role, days=(-20, -10))


@fault("staple-of-another", "crl-bad", roles="server")
def _(w, role):
    """the OCSP response is not signed by the CA"""
    return stapled(w, role, key=ec_key())
