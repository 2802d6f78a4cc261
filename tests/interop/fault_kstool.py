# SPDX-License-Identifier: ISC
"""fault_kstool.py - what kstool says of the peers of tests/lib/pki.py, in each of its ways to look

Each answer is the cause in kstool's word (a reason of include/kstool/checks.def), "valid", or
"?" and what went wrong.
"""
import json
import os

import fault_peers as peers

HOST = "shop.acme.test"
KSTOOL = os.path.abspath(os.environ.get("KSTOOL", "build/kstool"))
NONE_SENT = "no-client-certificate"


def kstool(*args):
    """(exit status, the JSON document)"""
    status, said = peers.run([KSTOOL, *args, "--json", "--no-input"], timeout=20, KSTOOL_SIGNERS="")
    try:
        return status, json.loads(said)
    except ValueError:
        return status, {"error": {"message": said[-200:]}}


def trouble(status, doc):
    return "? exit %d: %s" % (status, (doc.get("error") or {}).get("message"))


def revocation(c):
    if c["revocation"] in ("off", "staple"):
        return []
    return ["--crl", c["crl"], "--revocation", c["revocation"]]


def cause(c, t):
    """What a verdict names, and whether it names all that it is to."""
    if (t["cause"] is None) != t["valid"]:
        return "? valid %s, cause %s" % (t["valid"], t["cause"])
    named = {f["reason"] for f in t["checks"] + [f for x in t["chain"] for f in x["checks"]] if f["result"] == "fail"}
    if not set(c["also"]) <= named:
        return "? %s alone" % " ".join(sorted(named))
    return t["cause"] or "valid"


def verify(c, *more, source=None):
    """kstool verify, of the file, or of the server that is `source`"""
    if not c["sends"] or (c["revocation"] == "staple" and not source):
        return None
    own = [] if source else ["--key", c["dir"] + "/key.pem"]
    status, doc = kstool("verify", source or c["dir"] + "/chain.pem", "--trust", c["dir"] + "/trust.pem", "--purpose",
                         c["purpose"], *(["--host", c["host"]] if c["host"] else ["--no-host"]), *own, *revocation(c),
                         *more)
    if status not in (0, 1) or len(doc.get("targets", [])) != 1:
        return trouble(status, doc)
    if doc["targets"][0]["valid"] != (status == 0):
        return "? exit %d" % status
    return cause(c, doc["targets"][0])


def shaken(c, status, doc):
    """What a handshake came to: the fault of the key or of none, else the verdict on the faulty side."""
    if status not in (0, 1) or "fault" not in doc:
        return trouble(status, doc)
    if (doc["fault"] is None) != (status == 0) or doc["done"] != (status == 0):
        return "? exit %d, done %s, fault %s" % (status, doc["done"], doc["fault"])
    if doc["fault"] in ("key-mismatch", NONE_SENT):
        return doc["fault"]
    verdict = doc[c["side"]]["verdict"]
    return cause(c, verdict) if verdict else "? %s without a verdict" % doc["fault"]


def pair(c, good):
    """kstool tls pair: the faulty one with a good one; of clients, with TLS 1.2 as well"""
    mine = c["dir"] + "/id.pem"
    if c["revocation"] == "staple":
        return None
    if c["side"] == "server":
        args = ["--server", mine, "--client-trust", c["dir"] + "/trust.pem", "--host", c["host"]]
    else:
        args = ["--server", good + "/id.pem", "--server-trust", c["dir"] + "/trust.pem",
                *(["--client", mine] if c["sends"] else []), "--client-trust", good + "/trust.pem", "--host", HOST]
    said = {v: shaken(c, *kstool("tls", "pair", "--tls", v, *args, *revocation(c))) for v in peers.TLS
            if v == "1.3" or c["side"] == "client"}
    return said["1.3"] if len(set(said.values())) == 1 else "? %s" % said


def test(c, port):
    """kstool tls test, of a faulty server"""
    return shaken(c, *kstool("tls", "test", "127.0.0.1:%d" % port, "--trust", c["dir"] + "/trust.pem", "--host",
                             c["host"], *revocation(c)))


WAYS = ("verify", "live", "pair", "test", "serve")


def ask(cases, ports, good):
    """{(case, way or "strict"): answer}"""
    out = {}
    for c, a in zip(cases, peers.pool(verify, cases)):
        out[c["name"], "verify"] = a
    live = [c for c in cases if c["name"] in ports]
    for c, a in zip(live, peers.pool(lambda c: verify(c, source="127.0.0.1:%d" % ports[c["name"]]), live)):
        out[c["name"], "live"] = a
    for c, a in zip(cases, peers.pool(lambda c: pair(c, good), cases)):
        out[c["name"], "pair"] = a
    easy = [c for c in cases if c["sends"] and not c["reason"] and c["revocation"] != "staple"]
    for c, a in zip(easy, peers.pool(lambda c: verify(c, "--policy", "strict"), easy)):
        out[c["name"], "strict"] = a
    return out
