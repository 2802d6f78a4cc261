# SPDX-License-Identifier: ISC
"""live.py - servers, @system and @java as sources: what is shown is what was sent; STARTTLS of each protocol"""
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.getcwd(), "tests", "lib"))
from command import *  # noqa: E402,F403
from server import *  # noqa: E402,F403


try:
    import schema
    STRICT = schema.validators(schema.load(os.path.join(os.getcwd(), "src", "schema")))
except ImportError:
    STRICT = None
    skipped("schemas of servers", "there is no python3-jsonschema that knows draft 2020-12")


def json_of(p, *args, status=0):
    """The document, which its schema must allow"""
    r = p.run(*args, "--json")
    check(r.code == status, lambda: "kstool %s: %s" % (" ".join(args), r))
    doc = json.loads(r.out)
    wrong = list(schema.faults(doc, STRICT)) if STRICT else []
    check(not wrong, lambda: "kstool %s: %s" % (" ".join(args), wrong))
    return doc


def fails(p, status, slug, *args, says=(), **how):
    r = p.run(*args, **how)
    check(r.code == status and b"[" + slug.encode() + b"]" in r.err, lambda: "kstool %s: %s" % (" ".join(args), r))
    for words in says:
        check(words.encode() in r.err, lambda: "kstool %s does not say %r: %s" % (" ".join(args), words, r))
    return r


def der(p, name):
    return ssl.PEM_cert_to_DER_cert(p.read(name).decode())


def hash_of(p, name):
    import hashlib
    return hashlib.sha256(der(p, name)).hexdigest()


# ---- what is shown ----

def shown(p):
    shop, ica, root = (hash_of(p, n) for n in ("shop.pem", "ica.pem", "root.pem"))
    p.write("odd.pem", p.read("shop.pem") + p.read("root.pem") + p.read("ica.pem") + p.read("api.pem"))
    key = p.path("shop.key")
    for version, words in ((ssl.TLSVersion.TLSv1_2, "TLS 1.2"), (ssl.TLSVersion.TLSv1_3, "TLS 1.3")):
        with Server(tls(context(p.path("two.pem"), key, version))) as s:
            store = json_of(p, "show", s.at)["stores"][0]
            is_("path", store["path"], s.at)
            is_("type", store["type"], "tls-server")
            server = store["server"]
            is_("version", server["tls_version"], words)
            is_("address", server["address"], s.at)
            is_("host and port", (server["host"], server["port"]), ("127.0.0.1", str(s.port)))
            is_("rest", (server["asks_client_certificate"], server["proved_key"], server["trouble"], server["staple"]),
                (False, True, None, None))
            is_("one entry", [e["type"] for e in store["entries"]], ["certificate"])
            is_("as sent", [c["sha256"] for c in store["entries"][0]["certs"]], [shop, ica])
            out = p.ok("show", s.at).out.decode()
            for word in (words, "sends     2 certificates", "Acme Root", "not sent",
                         "not verified - kstool verify %s\n" % s.at):
                check(word in out, lambda: "show lacks %r: %s" % (word, out))
            check(out.rstrip().endswith("kstool verify " + s.at), "the last line says that nothing was verified")
            is_("list", p.ok("list", s.at, "--plain").out.decode().split("\t")[:3], [s.at, "127.0.0.1", "cert"])
            out = p.ok("list", s.at, "--chain").out.decode()
            check("cert +1 " in out and "chain of 127.0.0.1:" in out and "  Acme Issuing CA  until " in out, lambda: "list: " + out)
            is_("a field", p.ok("show", s.at, "--field", "sha256").out.decode().strip(), shop)
            # Exactly what was sent, and nothing else.
            p.write("got.pem", p.ok("export", s.at, "--chain").out)
            is_("export --chain", p.read("got.pem"), p.read("two.pem"))
            is_("export", p.ok("export", s.at).out, p.read("shop.pem"))
            is_("export --ca", p.ok("export", s.at, "--ca").out, p.read("ica.pem"))
            fails(p, 3, "nothing-found", "export", s.at, "--key", "--plain-key")
        with Server(tls(context(p.path("odd.pem"), key, version))) as s:
            certs = json_of(p, "list", s.at)["stores"][0]["entries"][0]["certs"]
            is_("in the order sent", [c["sha256"] for c in certs], [shop, root, ica, hash_of(p, "api.pem")])
            out = p.ok("show", s.at).out.decode()
            check("not sent in order" in out and "1 shop.acme.test, 3 Acme Issuing CA, 2 " in out, lambda: "order: " + out)
            check("no part of the chain: 4 api.acme.test" in out, lambda: "rest: " + out)
        with Server(tls(context(p.path("shop.pem"), key, version))) as s:
            check("no issuer is sent" in p.ok("show", s.at).out.decode(), "a leaf alone")
        # It wants a certificate of ours, gets none, and its chain is shown all the same.
        with Server(tls(context(p.path("two.pem"), key, version, p.path("root.pem")))) as s:
            server = json_of(p, "show", s.at)["stores"][0]["server"]
            is_("asks", (server["asks_client_certificate"], server["proved_key"], server["trouble"]), (True, True, None))
            check("a client certificate" in p.ok("show", s.at).out.decode(), "it is said that it asks for one")


def names(p):
    """SNI: the host, unless it is an address; --sni; --resolve"""
    asked = []

    def note(sock, name, ctx):
        asked.append(name)
    ctx = context(p.path("two.pem"), p.path("shop.key"))
    ctx.sni_callback = note
    with Server(tls(ctx)) as s:
        port = str(s.port)
        for args, want in ((("127.0.0.1:" + port,), None), (("localhost:" + port, "--resolve", "127.0.0.1"), "localhost"),
                           (("www.acme.test:" + port, "--resolve", "127.0.0.1"), "www.acme.test"),
                           (("www.acme.test.:" + port, "--resolve", "127.0.0.1"), "www.acme.test"),
                           (("tls://www.acme.test:" + port, "--resolve", "127.0.0.1"), "www.acme.test"),
                           (("127.0.0.1:" + port, "--sni", "a.acme.test"), "a.acme.test")):
            r = p.ok("show", *args)
            is_("SNI of %s" % " ".join(args), asked[-1], want)
        check(r.out.decode().rstrip().endswith("kstool verify 127.0.0.1:%s --sni a.acme.test" % port),
              lambda: "the command that verifies asks for the same name: %s" % r)
        fails(p, 2, "bad-value", "show", "a.test:" + port, "--resolve", "b.test")
        # A file of that name wins; tls:// says that it is none.
        p.write("127.0.0.1:" + port, p.read("root.pem"))
        is_("a file of that name", json_of(p, "show", s.at)["stores"][0]["type"], "pem")
        is_("by force", json_of(p, "show", "tls://" + s.at)["stores"][0]["type"], "tls-server")
        os.unlink(p.path("127.0.0.1:" + port))


def wrong(p):
    fails(p, 7, "unreachable", "show", "127.0.0.1:1", says=["127.0.0.1:1: ", "refused"])
    r = p.run("show", "no-such-host.invalid:443", "--timeout", "3s")
    check(r.code == 7 and (b"[no-such-host]" in r.err or b"[timed-out]" in r.err), lambda: "no such host: %s" % r)
    fails(p, 2, "bad-value", "show", "127.0.0.1:443", "--timeout", "0s")
    fails(p, 2, "bad-value", "show", "127.0.0.1:443", "--timeout", "5%")
    fails(p, 2, "bad-value", "show", "https://a.test/x", says=["a.test:443"])
    fails(p, 2, "usage", "show", "root.pem", "--sni", "a.test", says=["--sni"])
    fails(p, 2, "usage", "trust", "127.0.0.1:443", "root.pem", says=["127.0.0.1:443"])
    fails(p, 2, "usage", "lint", "127.0.0.1:443", says=["kstool export 127.0.0.1:443 --chain -o server.pem"])
    fails(p, 2, "usage", "verify", "shop.pem", "--trust", "127.0.0.1:443", says=["kstool trust trust.kst 127.0.0.1:443"])
    fails(p, 2, "usage", "diff", "root.pem", "shop.pem", "--wait", "3s", says=["--wait"])
    # Of several, each is tried; the first failure is the status.
    with Server(tls(context(p.path("two.pem"), p.path("shop.key")))) as s:
        doc = json_of(p, "list", s.at, "127.0.0.1:1", "root.pem", status=7)
        is_("list of three", [x["server"] and x["server"]["port"] for x in doc["stores"]], [str(s.port), None, None])
        is_("its error", doc["stores"][1]["error"]["code"], "unreachable")


# ---- what is done with it ----

def trusted(p):
    ica, shop = hash_of(p, "ica.pem"), hash_of(p, "shop.pem")
    with Server(tls(context(p.path("two.pem"), p.path("shop.key")))) as s:
        args = ("trust", "ts.p12", s.at, "--create", "--new-pass", "file:pass")
        r = fails(p, 5, "fingerprint-mismatch", *args, says=[ica, shop, "--leaf"])
        check(not os.path.exists(p.path("ts.p12")), "nothing was written")
        hints = [h.split(":  ", 1)[1] for h in r.err.decode().splitlines() if "hint:" in h]
        is_("a hint for each", len(hints), 2)
        fails(p, 5, "fingerprint-mismatch", *args, "--fingerprint", "sha256:" + "0" * 64, says=[ica, shop])
        # The hints run as they stand: the CA, and the pin.
        for hint in hints:
            p.ok(*hint.split()[1:], "--pass", "file:pass")
        got = [e["certs"][0]["sha256"] for e in json_of(p, "list", "ts.p12", "--pass", "file:pass")["stores"][0]["entries"]]
        is_("trusted", sorted(got), sorted([ica, shop]))
        is_("again", json_of(p, *args, "--fingerprint", ica, "--pass", "file:pass")["changed"], False)
        # Nothing else makes an anchor of whoever answers.
        r = fails(p, 5, "cannot-hold", "convert", s.at, "-o", "x.jks", "--new-pass", "file:pass",
                  says=["kstool trust x.jks " + s.at])
        p.ok("convert", s.at, "-o", "x.pem")
        p.ok("convert", "shop.key", s.at, "-o", "x.p12", "--new-pass", "file:pass")
        entry = json_of(p, "list", "x.p12", "--pass", "file:pass")["stores"][0]["entries"]
        is_("its chain for our key", [(e["type"], len(e["certs"])) for e in entry], [("private-key", 2)])


def compared(p):
    """Did the server take up the new certificate?"""
    p.openssl("req", "-new", "-key", "shop.key", "-subj", "/CN=shop.acme.test", "-out", "n.csr")
    p.write("n.cnf", "subjectAltName=DNS:shop.acme.test,DNS:www.shop.acme.test\n")
    time.sleep(1.1)  # a later notBefore
    p.openssl("x509", "-req", "-in", "n.csr", "-CA", "ica.pem", "-CAkey", "ica.key", "-days", "200", "-extfile", "n.cnf",
              "-set_serial", "4711", "-out", "new.pem")
    p.write("new-chain.pem", p.read("new.pem") + p.read("ica.pem"))
    key = p.path("shop.key")
    old, new = context(p.path("two.pem"), key), context(p.path("new-chain.pem"), key)
    now = [old]
    with Server(lambda conn: now[0] and tls(now[0])(conn)) as s:
        for file in ("two.pem", "shop.p12"):
            is_("the same as " + file, json_of(p, "diff", file, s.at, "--pass", "file:pass")["identical"], True)
            is_("and back", json_of(p, "diff", s.at, file, "--pass", "file:pass")["identical"], True)
        is_("another chain", json_of(p, "diff", "shop.pem", s.at, status=1)["differences"][0]["kind"], "chain")
        is_("the leaf alone", json_of(p, "diff", "shop.pem", s.at, "--leaf")["identical"], True)
        r = p.run("diff", "new-chain.pem", s.at, "--leaf")
        check(r.code == 1 and b"The server still presents the older certificate." in r.out and
              b"hint: reload the service, then:  kstool diff new-chain.pem %s --leaf --wait 60s" % s.at.encode() in r.out,
              lambda: "older: %s" % r)
        start = time.monotonic()
        r = p.run("diff", "new-chain.pem", s.at, "--leaf", "--wait", "2s")
        check(r.code == 1 and 1.5 < time.monotonic() - start < 6 and b"still presents the older" in r.out, lambda: "waited: %s" % r)
        check(b"hint:" not in r.out, "who waits is not told to wait")
        # It reloads meanwhile, and does not answer for a while.
        def reload():
            now[0] = None
            time.sleep(1.2)
            now[0] = new
        threading.Timer(0.5, reload).start()
        doc = json_of(p, "diff", "new-chain.pem", s.at, "--leaf", "--wait", "30s")
        check(doc["identical"] and doc["looks"] > 1, lambda: "reloaded: %r" % doc)
        is_("its chain too", json_of(p, "diff", "new-chain.pem", s.at)["identical"], True)
        r = p.run("diff", s.at, "two.pem", "--leaf")
        check(r.code == 1 and b"presents a newer certificate" in r.out, lambda: "newer: %s" % r)
    fails(p, 7, "unreachable", "diff", "shop.pem", "127.0.0.1:1", "--wait", "1s")


# ---- STARTTLS ----

def smtp(conn, offer=b"250-PIPELINING\r\n250-STARTTLS\r\n250 HELP\r\n", yes=b"220 go ahead\r\n"):
    conn.sendall(b"220-mx.acme.test\r\n220 ESMTP\r\n")
    check(line(conn).startswith(b"EHLO "), "EHLO")
    conn.sendall(b"250-mx.acme.test\r\n" + offer)
    if line(conn) != b"STARTTLS":
        return False
    conn.sendall(yes)
    return yes.startswith(b"220")


def ftp(conn, yes=b"234 AUTH TLS successful\r\n"):
    conn.sendall(b"220-welcome\r\nto all\r\n220 ready\r\n")
    is_("ftp", line(conn), b"AUTH TLS")
    conn.sendall(yes)
    return yes[0:1] in b"23"


def imap(conn, yes=b"OK begin\r\n"):
    conn.sendall(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n")
    tag, word = line(conn).split()
    is_("imap", word, b"STARTTLS")
    conn.sendall(b"* NOTE x\r\n" + tag + b" " + yes)
    return yes.startswith(b"OK")


def pop3(conn, yes=b"+OK begin\r\n"):
    conn.sendall(b"+OK ready <x@y>\r\n")
    is_("pop3", line(conn), b"STLS")
    conn.sendall(yes)
    return yes.startswith(b"+OK")


def ldap(conn, code=0, text=b""):
    head = take(conn, 2)
    body = take(conn, head[1])
    check(head[0] == 0x30 and b"\x80\x161.3.6.1.4.1.1466.20037" in body, "ldap: %r" % body)
    op = b"\x0a\x01" + bytes([code]) + b"\x04\x00\x04" + bytes([len(text)]) + text + b"\x8a\x161.3.6.1.4.1.1466.20037"
    op = b"\x02\x01\x01\x78" + bytes([len(op)]) + op
    conn.sendall(b"\x30\x84\x00\x00\x00" + bytes([len(op)]) + op)  # long form, as Active Directory has it
    return code == 0


def postgres(conn, yes=b"S"):
    is_("postgres", take(conn, 8), struct.pack(">II", 8, 80877103))
    conn.sendall(yes)
    return yes == b"S"


def mysql(conn, caps=0xf7ff | 0x0800, greeting=None):
    body = greeting or (b"\x0a8.0.36\x00" + b"\x01\x00\x00\x00" + b"saltsalt\x00" + struct.pack("<H", caps & 0xffff) +
                        b"\x21\x02\x00" + b"\xff\xc1" + b"\x15" + b"\x00" * 10 + b"saltsaltsalt\x00mysql_native_password\x00")
    conn.sendall(len(body).to_bytes(3, "little") + b"\x00" + body)
    head = take(conn, 4)
    request = take(conn, int.from_bytes(head[:3], "little"))
    is_("mysql's request", (head[3], len(request), struct.unpack("<I", request[:4])[0] & 0xa00), (1, 32, 0xa00))
    return True


def xmpp(conn, features=b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>",
         yes=b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"):
    data = b""
    while not data.endswith(b"'>"):
        data += take(conn, 1)
    check(b"to='127.0.0.1'" in data and b"jabber:client" in data, "xmpp: %r" % data)
    conn.sendall(b"<?xml version='1.0'?><stream:stream from='x' id='1' version='1.0' xmlns='jabber:client' "
                 b"xmlns:stream='http://etherx.jabber.org/streams'><stream:features>" + features)
    conn.sendall(b"</stream:features>")
    data = b""
    while not data.endswith(b"/>"):
        data += take(conn, 1)
    check(b"<starttls" in data, "xmpp: %r" % data)
    conn.sendall(yes)
    return b"proceed" in yes


PROTOCOLS = {"smtp": smtp, "imap": imap, "pop3": pop3, "ldap": ldap, "postgres": postgres, "mysql": mysql, "xmpp": xmpp,
             "ftp": ftp}
REFUSALS = (
    ("smtp", lambda c: smtp(c, offer=b"250 HELP\r\n"), "does not offer STARTTLS"),
    ("smtp", lambda c: smtp(c, yes=b"454 TLS not available\r\n"), "454 TLS not available"),
    ("smtp", lambda c: c.sendall(b"554 no\r\n"), "554 no"),
    ("ftp", lambda c: ftp(c, yes=b"502 what\r\n"), "502 what"),
    ("imap", lambda c: imap(c, yes=b"NO \x1b[31mnever\r\n"), "\\x1b[31mnever"),
    ("imap", lambda c: c.sendall(b"* BYE full\r\n"), "* BYE full"),
    ("pop3", lambda c: pop3(c, yes=b"-ERR no\r\n"), "-ERR no"),
    ("ldap", lambda c: ldap(c, 2, b"unsupported extended operation"), "unsupported extended operation"),
    ("ldap", lambda c: ldap(c, 52), "unavailable"),
    ("postgres", lambda c: postgres(c, b"N"), "ssl is off"),
    ("postgres", lambda c: postgres(c, b"EFATAL: sorry"), "FATAL: sorry"),
    ("mysql", lambda c: mysql(c, caps=0xf7ff & ~0x0800), "does not offer TLS"),
    ("mysql", lambda c: mysql(c, greeting=b"\xff\x6a\x04Host 'x' is not allowed"), "Host 'x' is not allowed"),
    ("xmpp", lambda c: xmpp(c, features=b"<bind/>"), "does not offer STARTTLS"),
    ("xmpp", lambda c: xmpp(c, features=b"</stream:features><stream:error><host-unknown/></stream:error>"), "--sni NAME"),
    ("xmpp", lambda c: xmpp(c, yes=b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), "refuses STARTTLS"),
    # Bytes behind the yes were put there by somebody on the way (CVE-2011-0411, CVE-2021-23222).
    ("smtp", lambda c: smtp(c, yes=b"220 go\r\n250 injected\r\n"), "injected"),
    ("postgres", lambda c: postgres(c, b"Sinjected"), "injected"),
)


def starttls(p):
    ctx = context(p.path("two.pem"), p.path("shop.key"))
    shop = hash_of(p, "shop.pem")
    for name, talk in PROTOCOLS.items():
        with Server(tls(ctx, talk)) as s:
            r = p.ok("show", s.at, "--starttls", name, "--field", "sha256")
            is_("--starttls " + name, r.out.decode().strip(), shop)
            out = p.ok("show", s.at, "--starttls", name).out.decode()
            check(out.rstrip().endswith("kstool verify %s --starttls %s" % (s.at, name)), out)
    with Server(tls(ctx, lambda c: xmpp(c, yes=b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>"))) as s:
        p.ok("show", s.at, "--starttls", "xmpp")
    for name, talk, says in REFUSALS:
        with Server(tls(ctx, talk)) as s:
            fails(p, 7, "starttls-refused", "show", s.at, "--starttls", name, says=[s.at, says])
    # Not asked for, but the server greets: the hint is the right command.
    for name, greeting in (("smtp", b"220 mx ESMTP\r\n"), ("imap", b"* OK ready\r\n"), ("pop3", b"+OK ready\r\n"),
                           ("ftp", b"220 FTP server\r\n")):
        with Server(lambda c, g=greeting: (c.sendall(g), linger(c))) as s:
            fails(p, 7, "not-tls", "show", s.at, says=["kstool show %s --starttls=%s" % (s.at, name)])


# ---- @system and @java ----

def places(p):
    p.write("bundle.pem", p.read("root.pem") + p.read("ica.pem"))
    env = {"SSL_CERT_FILE": p.path("bundle.pem"), "SSL_CERT_DIR": "/nonexistent"}
    doc = json.loads(p.ok("list", "@system", "--json", env=env).out)
    is_("SSL_CERT_FILE", (doc["stores"][0]["path"], len(doc["stores"][0]["entries"])), (p.path("bundle.pem"), 2))
    p.ok("convert", "root.pem", "-o", "hashed/", "--to", "hashdir")
    doc = json.loads(p.ok("list", "@system", "--json", env={"SSL_CERT_DIR": "/nonexistent:" + p.path("hashed")}).out)
    is_("SSL_CERT_DIR", (doc["stores"][0]["path"], len(doc["stores"][0]["entries"])), (p.path("hashed"), 1))
    fails(p, 3, "no-such-file", "list", "@system", env={"SSL_CERT_FILE": "/nonexistent"}, says=["SSL_CERT_FILE", "/nonexistent"])
    fails(p, 3, "no-such-file", "list", "@system", env={"SSL_CERT_DIR": "/nonexistent"}, says=["SSL_CERT_DIR"])
    fails(p, 3, "no-such-file", "list", "@java", env={"JAVA_HOME": "/nonexistent"}, says=["/nonexistent/lib/security/cacerts"])
    fails(p, 3, "no-such-file", "list", "@nothing")
    # A Java as it lies on the disk, found by JAVA_HOME and by a link on PATH.
    home = p.path("jvm")
    for sub in ("lib/security", "bin"):
        os.makedirs(os.path.join(home, sub))
    p.write("jvm/bin/java", "#!/bin/sh\nexit 1\n", 0o755)
    os.mkdir(p.path("path"))
    os.symlink("../jvm/bin/java", p.path("path/java"))
    cacerts = os.path.join(home, "lib/security/cacerts")
    p.ok("convert", "root.pem", "-o", "cacerts.jks", "--as-trust", "--new-pass", "file:pass")
    os.rename(p.path("cacerts.jks"), cacerts)
    by_path = {"PATH": p.path("path") + ":/usr/bin:/bin"}
    for env in ({"JAVA_HOME": home}, by_path):
        doc = json.loads(p.ok("list", "@java", "--json", env=env).out)
        is_("@java", doc["stores"][0]["path"], os.path.realpath(cacerts))
    # As a STORE: changed in place, and found changed.
    p.ok("trust", "@java", "ica.pem", "--pass", "file:pass", env=by_path)
    r = p.ok("trust", "@system", "shop.pem", "--leaf", "--dry-run", env={"SSL_CERT_FILE": p.path("bundle.pem")})
    check(b"kstool trust --under / FILE" in r.err and b"would-add" in r.out, lambda: "trust @system: %s" % r)
    doc = json.loads(p.ok("list", "@java", "--json", env=by_path).out)
    is_("trust @java", len(doc["stores"][0]["entries"]), 2)
    is_("and again", json.loads(p.ok("trust", "@java", "ica.pem", "--pass", "file:pass", "--json", env=by_path).out)["changed"], False)
    is_("diff of two places", p.run("diff", "@system", "@java", "--only-certs",
                                    env={**by_path, "SSL_CERT_FILE": p.path("bundle.pem")}).code, 0)
    # jssecacerts hides cacerts, as in Java.
    p.ok("convert", "root.pem", "-o", "j.jks", "--as-trust", "--new-pass", "file:pass")
    os.rename(p.path("j.jks"), os.path.join(home, "lib/security/jssecacerts"))
    doc = json.loads(p.ok("list", "@java", "--json", env=by_path).out)
    is_("jssecacerts", doc["stores"][0]["path"], os.path.realpath(os.path.join(home, "lib/security/jssecacerts")))
    # A file of that name is no way to be trusted: ./@system is.
    p.write("@system", p.read("shop.pem"))
    doc = json.loads(p.ok("list", "@system", "--json", env={"SSL_CERT_FILE": p.path("bundle.pem")}).out)
    is_("@system is no file here", doc["stores"][0]["path"], p.path("bundle.pem"))
    p.ok("list", "./@system")
    for words in (["list", "@"], ["trust", "@"]):
        out = p.ok("__complete", "--", *words).out.decode()
        check("@system\t" in out and "@java\t" in out, lambda: "completion: " + out)


# ---- verify: judged by whom one trusts, for the host that was named ----

def verified(p):
    key = p.path("shop.key")
    with Server(tls(context(p.path("two.pem"), key))) as s:
        t = json_of(p, "verify", s.at, "--trust", "root.pem", "--host", "shop.acme.test")["targets"][0]
        is_("valid", (t["valid"], t["source"], t["host"], t["purpose"]), (True, s.at, "shop.acme.test", "server"))
        is_("from", [c["from"] for c in t["chain"]], ["server", "server", "trust"])
        t = json_of(p, "verify", s.at, "--trust", "root.pem", status=1)["targets"][0]
        is_("the host is that of the endpoint", (t["host"], t["cause"]), ("127.0.0.1", "host-mismatch"))
        t = json_of(p, "verify", s.at, "--trust", "root.pem", "--no-host")["targets"][0]
        is_("no host", t["host"], None)
        out = p.run("verify", s.at, "--trust", "ed.pem", "--no-host").out.decode()
        for words in ("NOT VALID", "missing", "sent by the server", "Of the path there are 2 certificates that the server sent"):
            check(words in out, lambda: "verify does not say %r: %s" % (words, out))
    with Server(tls(context(p.path("shop.pem"), key))) as s:
        t = json_of(p, "verify", s.at, "--trust", "root.pem", "--no-host", status=1)["targets"][0]
        is_("missing", t["cause"], "incomplete-chain")
        json_of(p, "verify", s.at, "--trust", "root.pem", "--no-host", "--extra", "ica.pem")
        at = s.at
    fails(p, 7, "unreachable", "verify", at, "--trust", "root.pem")


def answer(p, state):
    """an OCSP response of the issuing CA about shop.pem, by openssl"""
    serial = subprocess.run(["openssl", "x509", "-in", p.path("shop.pem"), "-noout", "-serial"], capture_output=True, text=True,
                            check=True).stdout.strip().split("=")[1]
    p.write("ocsp.index", ("%s\t400101000000Z\t%s\t%s\tunknown\t/CN=shop.acme.test\n" % (
        state, "250101000000Z,keyCompromise" if state == "R" else "", serial)).encode())
    subprocess.run(["openssl", "ocsp", "-index", p.path("ocsp.index"), "-CA", p.path("ica.pem"), "-rsigner", p.path("ica.pem"), "-rkey",
                    p.path("ica.key"), "-issuer", p.path("ica.pem"), "-cert", p.path("shop.pem"), "-ndays", "2", "-respout",
                    p.path("ocsp.der")], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stapled(p):
    """what the server staples counts, though nobody asked for revocation, unless it is turned off"""
    for state, cause in (("V", None), ("R", "revoked")):
        answer(p, state)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        peer = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:%d" % port, "-cert", p.path("shop.pem"), "-key",
                                 p.path("shop.key"), "-cert_chain", p.path("ica.pem"), "-status_file", p.path("ocsp.der"), "-quiet"],
                                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            at, end = "127.0.0.1:%d" % port, time.time() + PATIENCE
            while p.run("show", at).code == 7 and time.time() < end:
                time.sleep(0.05)
            ask = ["verify", at, "--trust", "root.pem", "--host", "shop.acme.test"]
            t = json_of(p, *ask, status=1 if cause else 0)["targets"][0]
            is_("cause", t["cause"], cause)
            is_("state", t["chain"][0]["revocation"]["state"], "revoked" if cause else "good")
            check("stapled" in t["chain"][0]["revocation"]["source"], lambda: str(t["chain"][0]))
            is_("off", json_of(p, *ask, "--revocation", "off")["targets"][0]["chain"][0]["revocation"], None)
        finally:
            peer.kill()
            peer.wait()


with Place() as place:
    place.write("two.pem", place.read("shop.pem") + place.read("ica.pem"))  # as servers send it: without the root
    for part in (shown, names, wrong, trusted, compared, verified, stapled, starttls, places):
        part(place)
done("live", " (%d protocols, %d refusals)" % (len(PROTOCOLS), len(REFUSALS)))
