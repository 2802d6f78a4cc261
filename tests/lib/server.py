# SPDX-License-Identifier: ISC
"""server.py - servers of one process, for kstool to look at: honest ones, and others

    with Server(tls(p, "shop")) as s:     a thread that answers on a free port of 127.0.0.1
        p.run("show", s.at)

What answers is a function of the connection; a server ends with its `with`.
"""
import os
import socket
import ssl
import struct
import threading


class Server:
    def __init__(self, answer, limit=None):
        self.answer, self.seen = answer, []
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.sock.getsockname()[1]
        self.at = "127.0.0.1:%d" % self.port
        self.over = False
        self.open = set()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        while not self.over:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            self.open.add(conn)
            threading.Thread(target=self._one, args=(conn,), daemon=True).start()

    def _one(self, conn):
        try:
            conn.settimeout(30)
            self.answer(conn)
        except (OSError, ssl.SSLError, ValueError):
            pass  # whoever is talked to may hang up
        finally:
            self.open.discard(conn)
            try:
                conn.close()
            except OSError:
                pass

    def __exit__(self, *unused):
        self.over = True
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        for conn in list(self.open):
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def context(chain, key, version=None, client_ca=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(chain, key)
    if version:
        c.minimum_version = c.maximum_version = version
    if client_ca:
        c.verify_mode = ssl.CERT_REQUIRED
        c.load_verify_locations(client_ca)
    return c


def tls(ctx, before=None):
    """A server that shakes hands, after `before` has talked in the clear"""
    def answer(conn):
        if before and not before(conn):
            return
        with ctx.wrap_socket(conn, server_side=True) as s:
            s.recv(1)
    return answer


def flight(ctx, hello):
    """What this server says to that ClientHello: its whole first flight"""
    inbio, outbio = ssl.MemoryBIO(), ssl.MemoryBIO()
    s = ctx.wrap_bio(inbio, outbio, server_side=True)
    inbio.write(hello)
    try:
        s.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outbio.read()


def hello_of(conn):
    """The ClientHello: one record"""
    head = take(conn, 5)
    return head + take(conn, struct.unpack(">H", head[3:])[0])


def take(conn, n):
    data = b""
    while len(data) < n:
        more = conn.recv(n - len(data))
        if not more:
            raise OSError("closed")
        data += more
    return data


def line(conn):
    data = b""
    while not data.endswith(b"\n"):
        more = conn.recv(1)
        if not more:
            raise OSError("closed")
        data += more
    return data.strip()


def linger(conn):
    """Say nothing more, until the other side goes"""
    while conn.recv(65536):
        pass


# ---- records and messages of TLS 1.2, made by hand ----

def record(kind, data):
    out = b""
    while True:
        part, data = data[:16384], data[16384:]
        out += struct.pack(">BHH", kind, 0x0303, len(part)) + part
        if not data:
            return out


def message(kind, body, claimed=None):
    return struct.pack(">I", (kind << 24) | (len(body) if claimed is None else claimed)) + body


def server_hello(cipher=0xc02f):
    body = b"\x03\x03" + os.urandom(32) + b"\x00" + struct.pack(">H", cipher) + b"\x00"
    return record(22, message(2, body + b"\x00\x05\xff\x01\x00\x01\x00"))


def certificates(ders):
    inner = b"".join(len(d).to_bytes(3, "big") + d for d in ders)
    return message(11, len(inner).to_bytes(3, "big") + inner)
