# SPDX-License-Identifier: ISC
"""fault_kstool.py - what kstool says of the peers of tests/lib/pki.py, in each of its ways to look

Each answer is the cause in kstool's word (a reason of include/kstool/checks.def), "valid", or
"?" and what went wrong.
"""
import json
import os
import select
import subprocess

import fault_peers as peers

HOST = "shop.acme.test"
KSTOOL = os.path.abspath(os.environ.get("KSTOOL", "build/kstool"))
NONE_SENT = "no-client-certificate"


def kstool(*args):
    """(exit status, the JSON document)"""
    try:
        p = subprocess.run([KSTOOL, *args, "--json", "--no-input"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60, env={**os.environ, "KSTOOL_SIGNERS": ""})
        return p.returncode, json.loads(p.stdout)
    except subprocess.TimeoutExpired:
        return 124, {"error": {"code": "?", "message": "it takes longer than a minute"}}
    except ValueError:
        return p.returncode, {"error": {"code": "?", "message": (p.stdout + p.stderr)[-200:].decode("utf-8", "replace")}}


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


def identity(c, port, version, good):
    """kstool tls test, as a faulty client of a good server.  An Answer: was it let in?"""
    status, doc = kstool("tls", "test", "127.0.0.1:%d" % port, "--trust", good + "/trust.pem", "--host", HOST, "--http",
                         "--tls", version, *(["--identity", c["dir"] + "/id.pem"] if c["sends"] else []))
    if status not in (0, 1) or "fault" not in doc:
        return peers.Answer(None, trouble(status, doc))
    refusals = ("certificate-refused", "refused-by-application") if c["sends"] else (NONE_SENT,)
    # The alert decrypt_error is for a wrong signature of the handshake, and of a certificate (RFC 8446 6.2).
    if doc["fault"] == "bad-proof" and doc["alert"] and doc["alert"]["name"] == "decrypt_error":
        refusals += ("bad-proof",)
    if status and doc["fault"] not in refusals:
        return peers.Answer(False, "? " + doc["fault"])
    return peers.Answer(status == 0, doc["summary"])


def refused(c, servers, answers, good, want):
    """Does it notice what the real servers did?  One with TLS 1.2, another with 1.3; a server says no cause."""
    mine = [s for s in servers if c["group"] in s.ports and (c["name"], s.name) in answers]
    for i, (v, n) in enumerate((("1.2", 0), ("1.3", 1))):
        if len(mine) <= n:
            continue
        s = mine[(c["group"] + n) % len(mine)]
        theirs, ours = answers[c["name"], s.name][i], identity(c, s.ports[c["group"]], v, good)
        if theirs.ok is not None and (theirs.ok != ours.ok or ours.words.startswith("?")):
            return "? TLS %s, %s: %s, and kstool: %s" % (v, s.name, theirs.words, ours.words)
    return want


def serve(cases, good, conf):
    """kstool tls serve, judging clients that come with curl.  {name: answer}; these are judged by the same files."""
    p = subprocess.Popen([KSTOOL, "tls", "serve", "--identity", good + "/id.pem", "--trust", cases[0]["dir"] + "/trust.pem",
                          "--require-client-cert", "--json", "--no-input", *revocation(cases[0])],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         env={**os.environ, "KSTOOL_SIGNERS": ""})
    peers.running.append(p)
    ready = select.select([p.stderr], [], [], 20)[0]
    port = peers.first(r"127\.0\.0\.1:(\d+)", p.stderr.readline().decode(), "") if ready else ""
    if not port:
        return {c["name"]: "? it does not listen" for c in cases}
    came = []
    for c in cases:
        status, said = peers.run(["curl", "-sSk", "--max-time", "8", "https://127.0.0.1:%s/" % port,
                                  *(["--cert", c["dir"] + "/chain.pem", "--key", c["dir"] + "/key.pem"] if c["sends"] else [])],
                                 OPENSSL_CONF=conf)
        if status != 58: # "problem with the local certificate": nobody sends that
            came.append((c, status, said))
    p.terminate()
    try:
        seen = json.loads(p.communicate(timeout=20)[0])["clients"]
    except (ValueError, KeyError, subprocess.TimeoutExpired) as e:
        return {c["name"]: "? %r" % e for c in cases}
    if len(seen) != len(came):
        return {c["name"]: "? %d clients came, and %d were seen" % (len(came), len(seen)) for c in cases}
    out = {}
    for (c, status, said), doc in zip(came, seen):
        out[c["name"]] = shaken(c, 0 if doc["done"] else 1, doc)
        if doc["done"] != (status == 0):
            out[c["name"]] = "? curl: %s" % said
    return out


def own(c, good, port):
    """kstool itself with a key that does not fit: as a client of the server at `port`, or as a server."""
    if c["side"] == "client":
        status, doc = kstool("tls", "test", "127.0.0.1:%d" % port, "--trust", good + "/trust.pem", "--host", HOST,
                             "--identity", c["dir"] + "/id.pem")
    else:
        p = subprocess.Popen([KSTOOL, "tls", "serve", "--identity", c["dir"] + "/id.pem", "--json", "--no-input"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        peers.running.append(p)
        if not select.select([p.stderr], [], [], 20)[0] or b"listening" in p.stderr.readline():
            p.terminate()
        doc = json.loads(p.communicate(timeout=20)[0])
        status = p.returncode
    return doc["error"]["code"] if doc["error"] else "valid" if status == 0 else trouble(status, doc)


WAYS = ("verify", "live", "pair", "test", "serve")


def ask(cases, ports, servers, answers, good, wants):
    """{(case, way or "strict"): answer}.  wants: port of a server that wants a certificate."""
    out = {}
    alone = [c for c in cases if c["fault"] in ("key-mismatch", "leaf-last")]
    for c, a in zip(alone, peers.pool(lambda c: own(c, good, wants), alone)):
        out[c["name"], "serve" if c["side"] == "server" else "test"] = a
    live = [c for c in cases if c["name"] in ports]
    easy = [c for c in cases if c["sends"] and not c["reason"] and c["revocation"] != "staple"]
    for way, some, look in (
            ("verify", cases, verify), ("strict", easy, lambda c: verify(c, "--policy", "strict")),
            ("live", live, lambda c: verify(c, source="127.0.0.1:%d" % ports[c["name"]])),
            ("pair", cases, lambda c: pair(c, good)), ("test", live, lambda c: test(c, ports[c["name"]])),
            ("test", [c for c in cases if c["side"] == "client" and "group" in c],
             lambda c: refused(c, servers, answers, good, wanted(c)))):
        for c, a in zip(some, peers.pool(look, some)):
            out[c["name"], way] = a
    groups = {}
    for c in cases:
        if "group" in c:
            groups.setdefault((c["group"], c["revocation"]), []).append(c)
    conf = peers.openssl_of_old(os.path.dirname(good))
    for some in peers.pool(lambda g: serve(g, good, conf), groups.values()) if peers.here("curl") else []:
        out.update({(name, "serve"): a for name, a in some.items()})
    return out


def wanted(c):
    return (c["reason"] or "valid") if c["sends"] else NONE_SENT
