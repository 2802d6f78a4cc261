# SPDX-License-Identifier: ISC
"""faults.py - a table: each fault of tests/lib/pki.py, what kstool says, and what real peers do

Two halves: servers with a fault, judged by curl, openssl s_client, gnutls-cli and a Java client; clients
with a fault, judged by nginx, Apache, openssl s_server, gnutls-serv and a Java server, with TLS 1.2 and
1.3.  kstool must name the true cause, in `verify`, `tls pair`, `tls test` and `tls serve`; and where a real
peer accepts what kstool refuses, or the other way round, it must stand in DIFFERS below, with the reason.  The reasons are those of Debian 12; a later peer that needs none is noted.

    FAULTS_WORDS=1    prints what each of them says, in its own words
    FAULTS='a b'      only these faults
"""
import os
import shutil
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../lib")]
import fault_kstool as kstool
import fault_late as late
import fault_peers as peers
import pki

OPENSSL = "curl s_client nginx Apache s_server"
GNUTLS = "gnutls-cli gnutls-serv"

# (fault, who): why a peer answers differently from kstool.  A row that is not needed is an error, too.
DIFFERS = {
    ("expired-root", "Java"): "Java believes the trusted certificate whatever its dates (RFC 5280 6.1.1 d)",
    ("cn-only", "curl s_client gnutls-cli Java"): "they look at the CN where there is no SAN (RFC 9525 6.3 forbids it)",
    ("ip-in-cn", "curl"): "curl looks at the CN where there is no SAN",
    ("wildcard-partial", "s_client Java"): "they let a wildcard stand for a part of a label (RFC 9525 6.3 forbids it)",
    ("authority-key-id", "Java"): "Java tries the issuer although the key identifier is another's",
    ("any-purpose", "gnutls-cli gnutls-serv Java"): "they take \"any\" for every purpose, OpenSSL does not",
    ("issuer-wrong-purpose", "Java"): "Java does not look at the extended key usage of CAs",
    ("no-digital-signature", OPENSSL): "OpenSSL is content with keyAgreement, of old Diffie-Hellman",
    ("subject-not-permitted", GNUTLS): "GnuTLS does not know name constraints of directory names",
    ("weak-rsa", GNUTLS + " Java"): "their limit is 1024 bits",
    ("weak-issuer", GNUTLS + " Java"): "their limit is 1024 bits",
    ("weak-curve", GNUTLS): "GnuTLS takes 192 bits for enough",
    ("exponent-one", OPENSSL + " " + GNUTLS): "they do not look at the exponent: everybody can sign for this CA",
    ("sha1", "Java"): "Java refuses SHA-1 only below the CAs that come with it",
    ("wrong-purpose", "gnutls-serv"): "gnutls-serv does not look at the purpose of its clients",
    ("email-purpose", "gnutls-serv"): "gnutls-serv does not look at the purpose of its clients",
    ("issuer-wrong-purpose", "gnutls-serv"): "gnutls-serv does not look at the purpose of its clients",
    ("stale-crl", "gnutls-serv"): "gnutls-serv takes a CRL whatever its dates",
    ("crl-not-yet-valid", "gnutls-serv"): "gnutls-serv takes a CRL whatever its dates",
    ("crl-of-another", "gnutls-serv"): "gnutls-serv takes CRLs without looking at their signature",
    ("crl-of-cas-only", GNUTLS): "GnuTLS does not look at the scope of a CRL",
    ("no-crl", GNUTLS): "GnuTLS asks for no CRL where it has none",
    ("must-staple", "gnutls-cli"): "it insists on the staple; the others do not know the promise",
    ("leaf-last", OPENSSL + " " + GNUTLS + " Java"):
        "they take the first certificate of a file for their own; kstool puts it in order",
}

# (fault, who): why it is not asked.
NOT_ASKED = {
    ("distrusted-root", "nginx Apache " + GNUTLS + " Java"): "they have no list of whom not to trust",
    ("good-staple", "s_client"): "it prints the staple and does not judge by it",
    ("staple-revoked", "s_client"): "it prints the staple and does not judge by it",
    ("staple-stale", "s_client"): "it prints the staple and does not judge by it",
    ("staple-of-another", "s_client"): "it prints the staple and does not judge by it",
    ("issuer-revoked", "gnutls-cli"): "it takes a CRL only of a CA that it trusts itself",
}

CLIENTS = ("curl", "s_client", "gnutls-cli", "Java")
SERVERS = ("nginx", "Apache", "s_server", "gnutls-serv", "Java")
# Who owns such a key does not get as far as to show it: it is asked itself.
OWN = ("key-mismatch", "leaf-last")


def spread(table):
    return {(fault, who): why for (fault, names), why in table.items() for who in names.split()}


def prepare(where, wanted):
    cases = pki.main(where, wanted)
    for c in cases:
        c["dir"] = os.path.join(where, c["name"])
        c["crl"] = c["dir"] + "/crl.pem" if os.path.exists(c["dir"] + "/crl.pem") else ""
        c["both"] = c["dir"] + "/both.pem" # for those who take CRLs from the file of the CAs alone
        c["cas"] = c["dir"] + "/cas.pem"   # for those who take CRLs of trusted CAs alone
        read = lambda p: open(p).read()
        trust, sent = read(c["dir"] + "/trust.pem"), read(c["dir"] + "/chain.pem")
        pki.put(c["both"], trust + (read(c["crl"]) if c["crl"] else ""))
        pki.put(c["dir"] + "/id.pem", sent + read(c["dir"] + "/key.pem"), 0o600)
        pki.put(c["cas"], trust + sent[len(read(c["dir"] + "/leaf.pem")):])
    return cases


def ask_clients(cases, ports, where, classes, out):
    for p in (peers.Curl(), peers.OpensslClient(), peers.GnutlsClient()):
        if not peers.installed(p.program):
            continue
        mine = [c for c in cases if (c["fault"], p.name) not in skipped]
        for c, a in zip(mine, peers.pool(lambda c: p.ask(c, ports[c["name"]]), mine)):
            out[c["name"], p.name] = [a]
    if classes:
        mine = [c for c in cases if (c["fault"], "Java") not in skipped]
        for name, a in peers.JavaClient(classes).ask_all(mine, ports, where + "/connect").items():
            out[name, "Java"] = [a]


def ask_servers(cases, servers, out):
    def one(p):
        for c in cases:
            if (c["fault"], p.name) not in skipped and c["group"] in p.ports:
                out[c["name"], p.name] = [p.ask(c, v) for v in peers.TLS]

    peers.pool(one, servers, len(servers))


def main():
    global skipped
    skipped = spread(NOT_ASKED)
    began = time.monotonic()
    where = os.path.realpath(tempfile.mkdtemp(prefix="kstool-faults."))
    try:
        os.chmod(where, 0o755) # for the user that Apache becomes
        table(where)
    finally:
        peers.stop()
        shutil.rmtree(where, ignore_errors=True)
    print("faults: %.0f s" % (time.monotonic() - began))


def table(where):
    for program in ("openssl", "nginx"):
        if not peers.installed(program):
            print("faults: nothing is tried without " + program)
            return
    print(peers.versions())
    cases = prepare(where + "/pki", os.environ.get("FAULTS", "").split())
    classes = where + "/classes" if peers.installed("javac") else None
    if classes:
        status, said = peers.run(["javac", "-d", classes, HERE + "/Faults.java"], timeout=120)
        if status:
            raise SystemExit("FAIL: javac: " + said)
    good = where + "/pki/good"
    if not os.path.exists(good):
        good = prepare(where + "/good", ["good"])[0]["dir"]
    faulty = [c for c in cases if c["side"] == "server" and c["fault"] not in OWN]
    clients = [c for c in cases if c["side"] == "client" and c["fault"] not in OWN]
    own = [c for c in cases if c["fault"] in OWN]
    answers = {}
    ports = peers.faulty_servers(where + "/faulty", faulty)
    servers = [p for p in (peers.Nginx(), peers.Apache(), peers.OpensslServer(), peers.GnutlsServer())
               if peers.installed(p.program)] + ([peers.JavaServer(classes, [c for c in own if c["side"] == "server"])] if classes else [])
    groups = peers.groups_of(clients)
    for p in servers:
        p.start(where + "/" + p.name, good, groups, skipped)
    wants = servers[0].ports[next(c["group"] for c in clients)]
    java = next((p for p in servers if p.name == "Java"), None)
    peers.pool(lambda work: work(), [
        lambda: ask_servers(clients, servers, answers),
        lambda: ask_clients(faulty, ports, where, classes, answers),
        lambda: peers.ask_owners(where + "/own", own, wants, java, answers)])
    mine = kstool.ask(cases, ports, servers, answers, good, wants)
    wrong = show(cases, answers, mine)
    refused = [c for c in clients if c["fault"] in ("unknown-ca", "expired-leaf", "no-client-certificate")]
    wrong += late.show(late.ask(refused, servers, {
        "kstool": lambda c, port, v: kstool.identity(c, port, v, good)}), servers)
    if wrong:
        print("FAIL: faults:\n  " + "\n  ".join(wrong), file=sys.stderr)
        raise SystemExit(1)
    print("faults: %d faults in %d cases, %d answers of real peers" % (
        len({c["fault"] for c in cases}), len(cases), sum(len(a) for a in answers.values())))


def verdict(some):
    """"x" refused, "." accepted, "-" not asked, "?" it depends on the version of TLS"""
    oks = {a.ok for a in some} - {None}
    return "-" if not oks else "?" if len(oks) > 1 else "." if oks.pop() else "x"


def show(cases, answers, mine):
    """Prints the table.  Returns what is wrong."""
    differs, needed, wrong = spread(DIFFERS), set(), []
    some = lambda side: [c for c in cases if c["side"] == side and c["fault"] not in OWN]
    for title, rows, names in (
            ("server with a fault", some("server"), CLIENTS), ("client with a fault", some("client"), SERVERS),
            ("the server itself", [c for c in cases if c["fault"] in OWN and c["side"] == "server"], SERVERS),
            ("the client itself", [c for c in cases if c["fault"] in OWN and c["side"] == "client"], CLIENTS[:3])):
        if rows:
            print("\n%-28s %-20s %s   %s" % (title, "kstool verify", "  ".join(kstool.WAYS[1:]), "  ".join(names)))
        for c in rows:
            cells, want = [], kstool.wanted(c)
            said = {way: mine.get((c["name"], way)) for way in kstool.WAYS}
            for way, a in said.items():
                if a is not None and a != want:
                    wrong.append("%s: %s: %s, expected %s" % (c["name"], way, a, want))
            if (c["name"], "strict") in mine:
                strict = mine[c["name"], "strict"]
                if strict != (c["strict"] or "valid"):
                    wrong.append("%s: verify --policy strict: %s, expected %s" % (
                        c["name"], strict, c["strict"] or "valid"))
            for who in names:
                some_answers = answers.get((c["name"], who), [])
                v = verdict(some_answers)
                expected = "." if want == "valid" else "x"
                mark = " "
                if v == "?":
                    wrong.append("%s, %s: %s" % (c["name"], who, "; ".join(a.words for a in some_answers)))
                elif v != "-" and v != expected:
                    mark = "*"
                    needed.add((c["fault"], who))
                    if (c["fault"], who) not in differs:
                        wrong.append("%s: kstool %s, %s does not: %s" % (
                            c["name"], "refuses" if expected == "x" else "accepts", who, some_answers[0].words))
                cells.append((v + mark).ljust(len(who)))
            ways = "  ".join(("-" if said[w] is None else "=" if said[w] == want else "!").ljust(len(w))
                             for w in kstool.WAYS[1:])
            print(("%-28s %-20s %s   %s" % (c["fault"], said["verify"] or said["live"] or "(none sent)", ways,
                                            "  ".join(cells))).rstrip())
            if os.environ.get("FAULTS_WORDS"):
                for who in names:
                    for words in dict.fromkeys(a.words for a in answers.get((c["name"], who), [])):
                        print("    %-12s %s" % (who, words[:160]))
    print("\n= kstool names the same cause  x refused  . accepted  - not asked  * differs from kstool:")
    faults = {c["fault"] for c in cases}
    for (fault, names), why in DIFFERS.items():
        if fault in faults:
            print("  %-24s %s: %s" % (fault, names.replace(" ", ", "), why))
    for (fault, names), why in NOT_ASKED.items():
        if fault in faults:
            print("  %-24s %s not asked: %s" % (fault, names.replace(" ", ", "), why))
    asked = {(c["fault"], who) for c in cases for who in CLIENTS + SERVERS
             if verdict(answers.get((c["name"], who), [])) != "-"}
    for row in sorted(differs):
        if row in asked and row not in needed:
            words = "%s: %s does as kstool does, and DIFFERS says otherwise" % row
            if peers.known_versions():
                wrong.append(words)
            else:
                print("note: " + words)
    return wrong


if __name__ == "__main__":
    main()
