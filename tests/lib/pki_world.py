# SPDX-License-Identifier: ISC
"""pki_world.py - what the good peers of pki.py share, and how a fault gets onto its list"""
from x509 import HOST, authority, crl, leaf, rsa_key


class World:
    """What the good ones share: a root, an issuing CA, and a CA that nobody here trusts."""
    def __init__(self):
        self.root = authority("Acme Root CA")
        self.ica = authority("Acme Issuing CA", self.root)
        self.other = authority("Other Root CA")
        self._rsa = None

    def rsa(self):
        """An issuing CA with an RSA key: made when the first asks for it, since that takes time."""
        if not self._rsa:
            self._rsa = authority("Acme RSA CA", self.root, rsa_key())
        return self._rsa

    def crls(self, revoked=(), root=(), **how):
        return [crl(self.ica, revoked, **how), crl(self.root, root)]


class Case:
    def __init__(self, cert, chain, trust, host=HOST, crls=None, key=None, require=False, first=True,
                 sends=True):
        self.cert, self.chain, self.trust, self.crls = cert, chain, trust, crls
        self.host, self.key, self.require, self.first, self.sends = host, key, require, first, sends
        self.also, self.staple = [], None


FAULTS = [] # (fault, roles, reason, strict, function)


def fault(name, reason=None, roles="server client", strict=None):
    def put(f):
        FAULTS.append((name, roles.split(), reason, strict, f))
        return f
    return put


def plain(w, role, **how):
    """A leaf below the issuing CA, everything else as it should be."""
    host = how.pop("host", HOST)
    return Case(leaf(role, w.ica, **how), [w.ica], [w.root], host)


def below(w, role, ca, *more, **how):
    """A leaf below another CA."""
    host = how.pop("host", HOST)
    return Case(leaf(role, ca, **how), [ca, *more], [w.root], host)
