# SPDX-License-Identifier: ISC
"""fault_late.py - a server refuses the client's certificate: does the client notice?

With TLS 1.2 the handshake fails.  With TLS 1.3 the client is done before the server has looked (RFC 8446 4.4.4), and
learns of it with the first bytes that it reads, if it reads.  nginx refuses in HTTP, with both versions.
"""
import os

import fault_peers as peers

GET = "GET / HTTP/1.0\r\nHost: shop.acme.test\r\n\r\n"


def curl(c, port, version):
    status, said = peers.run(["curl", "-sSkf", "--max-time", "8", "--tls-max", version, "--tlsv" + version,
                              *(["--cert", c["dir"] + "/chain.pem", "--key", c["dir"] + "/key.pem"] if c["sends"] else []),
                              "https://127.0.0.1:%d/" % port])
    return peers.Answer(status == 0, said.split("\n")[0].replace("curl: ", ""))


def s_client(c, port, version):
    status, said = peers.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-ign_eof",
                              "-tls" + version.replace(".", "_"),
                              *(["-cert", c["dir"] + "/chain.pem", "-cert_chain", c["dir"] + "/chain.pem", "-key",
                                 c["dir"] + "/key.pem"] if c["sends"] else [])], GET)
    return peers.Answer("200 O" in said or "200 o" in said, peers.first(
        r"(alert [a-z ]+?)(?::|$)", said, peers.first(r"HTTP/1.1 (4.*)|errno=(.*)", said)))


def gnutls_cli(c, port, version):
    status, said = peers.run(["gnutls-cli", "--insecure", "-p", str(port), "--priority",
                              "NORMAL:-VERS-ALL:+VERS-TLS" + version,
                              *(["--x509certfile", c["dir"] + "/chain.pem", "--x509keyfile", c["dir"] + "/key.pem"]
                                if c["sends"] else []), "127.0.0.1"], GET)
    return peers.Answer("200 OK" in said, peers.first(r"(alert.*)|HTTP/1.1 (4.*)", said))


PROGRAMS = {"curl": curl, "s_client": s_client, "gnutls-cli": gnutls_cli}


def ask(cases, servers, more):
    """[(client, version, case, {server: Answer})].  more: clients beside PROGRAMS."""
    work = [(who, f, v, c) for who, f in {**PROGRAMS, **more}.items()
            if who in more or peers.here(peers.PROGRAM.get(who, who)) for v in peers.TLS for c in cases]

    def one(job):
        who, f, v, c = job
        return who, v, c, {s.name: f(c, s.ports[c["group"]], v) for s in servers if c["group"] in s.ports}

    return peers.pool(one, work, 8)


def show(rows, servers):
    """Prints the table; returns what is wrong: whoever takes a refusal for a success."""
    wrong = []
    print("\n%-49s %s" % ("who notices that its client certificate was refused", "  ".join(s.name for s in servers)))
    for who, v, c, answers in rows:
        cells = []
        for s in servers:
            a = answers.get(s.name)
            cells.append(("-" if a is None or a.ok is None else "x" if not a.ok else "!").ljust(len(s.name)))
            if a is not None and a.ok:
                wrong.append("%s, TLS %s, %s: %s refuses it and %s does not notice: %s" % (
                    c["name"], v, who, s.name, who, a.words))
        print(("  %-12s TLS %s  %-30s %s" % (who, v, c["name"], "  ".join(cells))).rstrip())
        if os.environ.get("FAULTS_WORDS"):
            for s in servers:
                if s.name in answers:
                    print("    %-12s %s" % (s.name, answers[s.name].words[:120]))
    return wrong
