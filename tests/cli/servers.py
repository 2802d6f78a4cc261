# SPDX-License-Identifier: ISC
"""servers.py - hostile and broken servers: each is a clear error before the time is over, in bounded memory

Silent at each stage, endless, slow, garbage, other protocols, too many or too large certificates, gone at
each byte of a handshake.  EVERY=1 goes through each byte of TLS 1.3 too, which takes a minute."""
import json
import os
import random
import resource
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.getcwd(), "tests", "lib"))
from command import *  # noqa: E402,F403
from server import *  # noqa: E402,F403

# A sanitizer maps terabytes; without one, all that kstool may have for such a server.
MEMORY = None if any(n.endswith("SAN_OPTIONS") for n in os.environ) else 96 << 20
SLACK = 3.0  # seconds that a busy machine may be late
EVERY = os.environ.get("EVERY")

# Every command that talks to a server: with a word for each that is there.
COMMANDS = [["show"], ["verify"], ["tls", "test"]]


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def known(p, words):
    return p.run("help", *words).code == 0 and p.run(*words).code == 2 and b"unknown-command" not in p.run(*words).err


def look(p, words, at, *more, seconds=2):
    """Run it against a server; its result, and that it kept to its time"""
    start = time.monotonic()
    r = p.run(*words, at, "--timeout", "%ds" % seconds, *more, **({"preexec_fn": limit} if MEMORY else {}))
    took = time.monotonic() - start
    check(took < seconds + SLACK, lambda: "kstool %s %s took %.1f s: %s" % (" ".join(words), at, took, r))
    return r


def error(r):
    """The slug of what went wrong"""
    m = re.search(rb"\[([a-z-]+)\]", r.err)
    return m.group(1).decode() if m else None


cases = []


def refused(*args, **how):
    """One server that every command refuses; most of them wait, so they are run side by side at the end"""
    cases.append((args, how))


def run_case(p, name, answer, slug, *more, says=None, seconds=2, status=7):
    with Server(answer) as s:
        for words in p.commands:
            r = look(p, words, s.at, *more, seconds=seconds)
            what = "%s, %s" % (name, " ".join(words))
            check(not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", r.err + r.out), lambda: "%s: raw bytes: %r" % (what, r.err))
            if words[0] == "tls":  # a handshake that is refused is its answer
                check(r.code in (1, 7) and (r.code == 1 or s.at.encode() in r.err), lambda: "%s: %s" % (what, r))
                check(slug != "timed-out" or error(r) == slug, lambda: "%s: %s" % (what, r))
                continue
            check(r.code == status, lambda: "%s: %s" % (what, r))
            check(error(r) in (slug if isinstance(slug, tuple) else (slug,)), lambda: "%s: %s" % (what, r))
            check(s.at.encode() in r.err, lambda: "%s does not name the server: %s" % (what, r))
            check(not says or says.encode() in r.err, lambda: "%s does not say %r: %s" % (what, says, r))
            check(not r.out, lambda: "%s: something on standard output: %s" % (what, r))


# ---- servers ----

def silent(conn):
    linger(conn)


def gone(conn):
    pass


def endless(data, first=b""):
    def answer(conn):
        conn.sendall(first)
        while True:
            conn.sendall(data)
    return answer


def says(data, then=linger):
    def answer(conn):
        conn.sendall(data)
        then(conn)
    return answer


def after_hello(data, then=linger):
    def answer(conn):
        hello_of(conn)
        conn.sendall(data)
        then(conn)
    return answer


def drip(data, pause):
    def answer(conn):
        for i in range(len(data)):
            conn.sendall(data[i:i + 1])
            time.sleep(pause)
        linger(conn)
    return answer


def stages(p, ctx):
    """Silent after each part of a good handshake's first flight; its certificates are not there yet"""
    def answer_at(part):
        def answer(conn):
            data = flight(ctx, hello_of(conn))
            conn.sendall(data[:int(len(data) * part)])
            linger(conn)
        return answer

    for part in (0, 0.01, 0.1, 0.3):
        refused(p, "silent after %d %%" % (part * 100), answer_at(part), "timed-out", seconds=1)


def parallel(work, items, threads):
    """In so many threads; the first that fails ends the script"""
    todo, lock, wrong = list(items), threading.Lock(), []

    def one():
        while not wrong:
            with lock:
                if not todo:
                    return
                item = todo.pop()
            try:
                work(item)
            except SystemExit:
                wrong.append(item)
    pool = [threading.Thread(target=one) for _ in range(threads)]
    for t in pool:
        t.start()
    for t in pool:
        t.join()
    if wrong:
        sys.exit(1)


def cut(p, name, ctx, step):
    """Closed after each byte: no certificates and an error, or certificates and what broke off"""
    size = []

    def answer_at(n):
        def answer(conn):
            data = flight(ctx, hello_of(conn))
            size.append(len(data))
            conn.sendall(data[:n])
        return answer

    with Server(answer_at(1)) as s:
        look(p, ["show"], s.at)
    total, shown = max(size), []

    def one(n):
        with Server(answer_at(n)) as s:
            r = look(p, ["show"], s.at, "--json")
            doc = json.loads(r.out)
            if r.code == 0:
                server = doc["stores"][0]["server"]
                check(server["trouble"], lambda: "%s, cut at %d: no word of it: %s" % (name, n, r))
                shown.append((n, server["proved_key"]))
            else:
                check(r.code == 7 and doc["error"]["code"] == "connection-closed",
                      lambda: "%s, cut at %d: %s" % (name, n, r))
                check(s.at.encode() in r.err, "names the server")

    parallel(one, range(0, total, step), 3)
    check(total > 500 and shown, "%s: a flight of %d bytes, %d with certificates" % (name, total, len(shown)))
    first = min(n for n, _ in shown)
    check(first > total // 4, "%s: certificates at byte %d of %d" % (name, first, total))
    # Whoever did not show that the certificate is his own is not judged by it.
    for n in [n for n, proved in sorted(shown) if not proved][:3]:
        with Server(answer_at(n)) as s:
            r = look(p, ["verify"], s.at, "--trust", "root.pem", "--host", "api.acme.test")
            check(r.code == 7 and error(r) == "handshake-failed", lambda: "%s, cut at %d: %s" % (name, n, r))
    return total


def starttls(p):
    """Before TLS, in the clear"""
    for protocol in ("smtp", "imap", "pop3", "ldap", "postgres", "mysql", "xmpp", "ftp"):
        refused(p, protocol + ", silent", silent, "timed-out", "--starttls", protocol, seconds=1, says="before TLS")
        refused(p, protocol + ", gone", gone, "connection-closed", "--starttls", protocol)
        refused(p, protocol + ", garbage", endless(bytes(range(1, 256)) * 64),
                ("starttls-refused", "peer-limit"), "--starttls", protocol)
    refused(p, "endless lines", endless(b"220-on and on\r\n"), "peer-limit", "--starttls", "smtp")
    refused(p, "an endless line", endless(b"220" + b"x" * 4096), "peer-limit", "--starttls", "smtp")
    refused(p, "endless XML", endless(b"<a>"), "peer-limit", "--starttls", "xmpp")
    refused(p, "a huge LDAP message", says(b"\x30\x84\x7f\xff\xff\xff"), "peer-limit", "--starttls", "ldap")
    refused(p, "one byte in a while", drip(b"220-on and on\r\n" * 100, 0.2), "timed-out", "--starttls", "smtp", seconds=1)
    refused(p, "a hostile greeting", says(b"554 \x1b[2Jgo \xe2\x80\xaeaway\r\n"), "starttls-refused", "--starttls", "smtp",
            says="\\x1b[2J")


def main(p):
    p.commands = [words for words in COMMANDS if known(p, words)]
    chain, key = p.path("shop-chain.pem"), p.path("shop.key")
    tls12, tls13 = (context(chain, key, v) for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
    der = ssl.PEM_cert_to_DER_cert(p.read("shop.pem").decode())

    # The honest ones, so that the rest fails for its own reason.
    for ctx in (tls12, tls13):
        with Server(tls(ctx)) as s:
            r = look(p, ["show"], s.at)
            check(r.code == 0 and b"shop.acme.test" in r.out, lambda: "an honest server: %s" % r)

    refused(p, "silent", silent, "timed-out", seconds=1, says="no answer within 1 s")
    refused(p, "gone at once", gone, "connection-closed")
    stages(p, tls12)
    stages(p, tls13)

    refused(p, "HTTP", says(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n"), "not-tls", says="speaks HTTP, not TLS")
    refused(p, "SSH", says(b"SSH-2.0-OpenSSH_9.2\r\n"), "not-tls", says="SSH")
    refused(p, "a mail server", says(b"220 mx.acme.test ESMTP\r\n"), "not-tls",
            says='it says "220 mx.acme.test ESMTP"')
    refused(p, "a hostile greeting", says(b"\x1b]0;x\x07\x1b[2J\xe2\x80\xae\r\n"), "not-tls")
    rng = random.Random(5)
    for i in range(12):
        data = bytes(rng.randrange(256) for _ in range(4096))
        refused(p, "garbage %d" % i, says(b"\x99" + data, gone), ("not-tls", "connection-closed"))
        refused(p, "garbage in records %d" % i, after_hello(record(22, data), gone),
                ("handshake-failed", "peer-limit", "connection-closed"))
        refused(p, "garbage for a certificate %d" % i, after_hello(server_hello() + record(22, certificates([data])), gone),
                "handshake-failed", says="certificate 1")
    refused(p, "no certificate", after_hello(server_hello() + record(22, certificates([]))), "handshake-failed")
    refused(p, "an alert", after_hello(record(21, b"\x02\x28"), gone), "handshake-failed", says="alert handshake_failure")
    refused(p, "an alert of a name", after_hello(record(21, b"\x02\x70"), gone), "handshake-failed", says="--sni NAME")

    # Without an end.
    refused(p, "endless garbage", endless(b"\x99" * 65536), "not-tls")
    refused(p, "endless warnings", endless(record(21, b"\x01\x5a") * 1000), ("handshake-failed", "peer-limit"))
    refused(p, "endless requests for a hello", endless(record(22, message(0, b"")) * 1000),
            ("handshake-failed", "peer-limit", "timed-out"))
    refused(p, "endless empty records", endless(record(22, b"") * 1000), ("handshake-failed", "peer-limit"))
    refused(p, "endless records after a hello", endless(record(22, b"\x0b\x03\xff\xff") * 1000, server_hello()),
            ("handshake-failed", "peer-limit"))

    # Too much.
    many = p.path("many.pem")
    with open(many, "wb") as f:
        f.write(p.read("shop.pem") + p.read("ica.pem") * 99)
    for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        refused(p, "100 certificates", tls(context(many, key, v)), "peer-limit", says="certificates")
    big = der[:4] + b"\x00" * (10 << 20)
    refused(p, "a certificate of 10 MB", after_hello(server_hello() + record(22, certificates([big]))),
            "peer-limit", says="certificates")
    refused(p, "a certificate of 16 MB, announced alone",
            after_hello(server_hello() + record(22, message(11, b"\x00", 0xffffff))), "peer-limit")
    refused(p, "many bytes in 30 certificates", after_hello(server_hello() + record(22, certificates([der + b"x" * 20000] * 30))),
            "peer-limit")

    # Too slow.
    def slowly(conn):
        drip(flight(tls12, hello_of(conn)), 0.1)(conn)
    refused(p, "a byte in a while", slowly, "timed-out", seconds=1)
    refused(p, "a byte in a while, of nothing", drip(b"\x16\x03\x03\x40\x00" + b"x" * 1000, 0.1), "timed-out", seconds=1)

    starttls(p)
    parallel(lambda case: run_case(*case[0], **case[1]), cases, 8)
    # A small flight, to be cut at each of its bytes.
    small12, small13 = (context(p.path("api.pem"), p.path("api.key"), v)
                        for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
    sizes = [cut(p, "TLS 1.2", small12, 1), cut(p, "TLS 1.3", small13, 1 if EVERY else 7)]
    done("servers", " (%s; closed at each of %d bytes, and along %d)" % (
        ", ".join(" ".join(w) for w in p.commands), sizes[0], sizes[1]))


with Place() as place:
    main(place)
