# SPDX-License-Identifier: ISC
"""pki.py - a whole PKI and a certificate chain for each fault that a peer may have

    /usr/bin/python3 tests/lib/pki.py DIR [FAULT...]

writes, in a second or two and with fresh keys,

    DIR/table.json            every case, as in case.json below
    DIR/root.pem  ica.pem     the PKI of the good ones, with root.key and ica.key
    DIR/NAME/leaf.pem         the certificate at issue
    DIR/NAME/key.pem          its private key, PKCS#8 in the clear, 0600 (key-mismatch: of another)
    DIR/NAME/chain.pem        what a peer sends: leaf first (but leaf-last), without the root
    DIR/NAME/trust.pem        whom the other side trusts
    DIR/NAME/crl.pem          the CRLs it has, where it is to look at them
    DIR/NAME/staple.der       what a server sends with it: an OCSP response
    DIR/NAME/case.json

A fault that a server and a client may both have is there twice: NAME with the purpose "server", and
client-NAME.  case.json:

    name, fault, about    "client-expired-leaf", "expired-leaf", a sentence
    side                  "server" or "client": who has it
    host                  what the client asks for; null where the side is "client"
    purpose               "server" or "client"
    revocation            "off", "crl" (crl.pem is there), "require" (and the CRLs do not say), or
                          "staple": the reason is seen in a handshake alone (staple.der)
    reason, check         slugs of include/kstool/checks.def that are to be named; null: it is valid
    strict                the reason under --policy strict, where the default lets it pass; null: none
    also                  further reasons that are to be named
    sends                 false: no certificate is sent at all (no-client-certificate)

So a test that wants them all says

    for c in json.load(open(d + "/table.json")): ... kstool verify d/NAME/chain.pem
        --trust d/NAME/trust.pem [--host HOST] --purpose PURPOSE [--crl d/NAME/crl.pem]

and one that wants a few: `pki.py DIR good expired-leaf`.  In C or sh: the files are plain.

The certificates are made by x509.py, since a library refuses to make most of them.
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pki_paths
import pki_revocation
from forge import pem
from pki_world import FAULTS, World
from x509 import distrust, key_pem


def checks():
    """{reason: check} of the program's own list."""
    here = os.path.dirname(os.path.abspath(__file__))
    text = open(os.path.join(here, "../../include/kstool/checks.def")).read()
    slug = dict(re.findall(r'KST_CHECK\((\w+),\s*"([^"]+)"', text))
    return {reason: slug[check] for reason, check in
            re.findall(r'KST_REASON\(\w+,\s*"([^"]+)",\s*(\w+),', text)}


def put(path, text, mode=0o644):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())


def write(top, name, role, fault_name, about, reason, strict, c, check):
    d = os.path.join(top, name)
    os.makedirs(d, exist_ok=True)
    put(d + "/leaf.pem", c.cert.pem)
    put(d + "/key.pem", key_pem(c.key or c.cert.key), 0o600)
    sent = [x.pem for x in ([c.cert] + c.chain if c.first else c.chain + [c.cert])]
    put(d + "/chain.pem", "".join(sent))
    put(d + "/trust.pem", "".join(distrust(x) if reason == "distrusted" else x.pem for x in c.trust))
    if c.crls:
        put(d + "/crl.pem", "".join(pem(x, "X509 CRL") for x in c.crls))
    if c.staple:
        put(d + "/staple.der", c.staple)
    row = {"name": name, "fault": fault_name, "about": about, "side": role, "purpose": role,
           "host": c.host if role == "server" else None,
           "revocation": "require" if c.require else "crl" if c.crls else "staple" if c.staple else "off",
           "reason": reason, "check": check[reason] if reason else None, "strict": strict,
           "also": c.also, "sends": c.sends}
    put(d + "/case.json", json.dumps(row, indent=1) + "\n")
    return row


def main(top, wanted=()):
    os.makedirs(top, exist_ok=True)
    check = checks()
    w = World()
    for name, cert in (("root", w.root), ("ica", w.ica), ("other", w.other)):
        put("%s/%s.pem" % (top, name), cert.pem)
        put("%s/%s.key" % (top, name), key_pem(cert.key), 0o600)
    unknown = set(wanted) - {f[0] for f in FAULTS}
    if unknown:
        sys.exit("pki.py: no such fault: " + " ".join(sorted(unknown)))
    table = []
    for name, roles, reason, strict, make in FAULTS:
        if wanted and name not in wanted:
            continue
        for role in roles:
            full = name if role == "server" or roles == ["client"] else "client-" + name
            # The rules of the Web PKI are for servers.
            lax = None if role == "client" and strict == "web-pki" else strict
            table.append(write(top, full, role, name, make.__doc__, reason, lax, make(w, role), check))
    put(top + "/table.json", json.dumps(table, indent=1) + "\n")
    return table


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("pki.py DIR [FAULT...]")
    main(sys.argv[1], sys.argv[2:])
