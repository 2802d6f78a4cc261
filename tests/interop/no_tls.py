# SPDX-License-Identifier: ISC
"""no_tls.py - servers that do not speak TLS: prints "NAME PORT" of each, then "ready"; ends when it is killed"""
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import server


def greeting(conn):
    conn.sendall(b"220 mail.acme.test ESMTP\r\n")
    conn.recv(4096)


def http(conn):
    conn.recv(4096)
    conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port")


def silent(conn):
    conn.recv(4096)
    time.sleep(20)


def bye(conn):
    conn.recv(4096)


def flood(conn):
    # A handshake record that begins like a ServerHello of 16 MB, and never ends.
    conn.recv(4096)
    while True:
        conn.sendall(b"\x16\x03\x03\x40\x00" + b"\x02\xff\xff\xff" + b"x" * (0x4000 - 4))


for answer in (greeting, http, silent, bye, flood):
    s = server.Server(answer)
    s.__enter__()
    print(answer.__name__, s.port, flush=True)
print("ready", flush=True)
threading.Event().wait(120)
