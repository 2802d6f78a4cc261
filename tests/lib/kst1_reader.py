#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A second reader of KST1, written from formats/kst1.md alone: it shares no code and no parser
with kstool.  It prints one line for each entry, or the class of the first fault.

  kst1_reader.py FILE [--key-file FILE | --pass-file FILE] [--signer ed25519:...]
"""
import base64
import hashlib
import struct
import sys
import unicodedata

from nacl import bindings as na
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

MAGIC = b"\x89KST1\r\n\x1a"
ZERO_NONCE = bytes(24)


class Fault(Exception):
    pass


def H(x):
    return hashlib.blake2b(x, digest_size=32).digest()


def MAC(k, x):
    return hashlib.blake2b(x, digest_size=32, key=k).digest()


def KDF(k, i, c):
    return hashlib.blake2b(b"", digest_size=32, key=k, salt=struct.pack("<Q8x", i),
                           person=c + bytes(8)).digest()


def opened(key, nonce, aad, ct):
    try:
        return na.crypto_aead_xchacha20poly1305_ietf_decrypt(ct, aad, nonce, key)
    except CryptoError:
        return None


def need(ok, what):
    if not ok:
        raise Fault(what)


def valid_point(p):
    # libsodium: canonical, on the curve, in the prime-order subgroup, not of small order
    return bool(na.crypto_core_ed25519_is_valid_point(p))


def text_ok(b, limit):
    try:
        s = b.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return 1 <= len(b) <= limit and "\0" not in s


def alias_ok(b, limit=255):
    if not text_ok(b, limit) or b[:1] == b" " or b[-1:] == b" ":
        return False
    for ch in b.decode():
        c = ord(ch)
        if (c < 0x20 or 0x7f <= c <= 0x9f or c == 0x61c or 0x200b <= c <= 0x200f or 0x2028 <= c <= 0x202e
                or c == 0x2060 or 0x2066 <= c <= 0x2069 or c == 0xfeff or 0xfdd0 <= c <= 0xfdef
                or c & 0xfffe == 0xfffe):
            return False
    return True


# ---- header, 4.1 ----

class Header:
    def __init__(self, b):
        self.raw = b
        self.kind = b[8:9]
        self.flags, = struct.unpack_from("<I", b, 12)
        self.store_id = b[16:32]
        self.generation, self.modified = struct.unpack_from("<QQ", b, 32)
        self.sign_pk = b[48:80]
        self.index_len, self.data_len = struct.unpack_from("<QQ", b, 80)
        self.index_hash, self.data_root = b[96:128], b[128:160]
        self.slots = [b[256 + 224 * i:480 + 224 * i] for i in range(16)]
        self.signature = b[4032:]

    @property
    def sealed(self):
        return bool(self.flags & 1)

    def verify(self):
        L = 2**252 + 27742317777372353535851937790883648493
        sig = self.signature
        ok = (int.from_bytes(sig[32:], "little") < L and valid_point(self.sign_pk)
              and valid_point(sig[:32]))
        if ok:
            try:
                na.crypto_sign_open(sig + b"KST1 header sig\0" + self.raw[:4032], self.sign_pk)
            except Exception:
                ok = False
        need(ok, "signature")

    def fields(self):
        b = self.raw
        need(self.kind in b"KT" and not any(b[9:12]) and self.flags & ~1 == 0 and self.generation >= 1
             and not any(b[160:256]) and not any(b[3840:4032]), "unsupported")
        for s in self.slots:
            self.slot_fields(s)

    def slot_fields(self, s):
        kind, role = s[0], s[1]
        if kind == 0:
            need(not any(s), "unsupported")
        if kind not in (1, 2, 3):
            return
        t, m = struct.unpack_from("<II", s, 4)
        label = s[152:216].split(b"\0", 1)[0]
        ok = role in (1, 2) and not any(s[2:4]) and not any(s[12:16]) and not any(s[216:224])
        ok = ok and not any(s[152 + len(label):216]) and (not label or alias_ok(label, 64))
        ok = ok and ((t >= 2 and m >= 19456) if kind == 1 else t == m == 0)
        ok = ok and (kind == 3 or not any(s[32:64]))
        # a reader slot makes no sense where nothing is sealed
        ok = ok and not (role == 2 and self.kind == b"T" and not self.sealed)
        need(ok, "unsupported")


# ---- slots, 4.2 ----

def unlock(h, kind, secret):
    for s in h.slots:
        if s[0] != kind:
            continue
        t, m = struct.unpack_from("<II", s, 4)
        salt = s[16:32]
        P = (argon2id.kdf(32, secret, salt, opslimit=t, memlimit=m * 1024) if kind == 1
             else MAC(secret, b"KST1keyf" + salt))
        if KDF(P, 2, b"KST1wrap") != s[64:96]:
            continue
        ctx = b"KST1slot" + h.store_id + h.sign_pk + s[:64]
        payload = opened(MAC(P, ctx), ZERO_NONCE, ctx, s[96:144])
        need(payload is not None and len(payload) == 32, "re-signed")
        if s[1] == 1:
            pk, _ = na.crypto_sign_seed_keypair(KDF(payload, 1, b"KST1sign"))
            need(pk == h.sign_pk, "re-signed")
            return KDF(payload, 1, b"KST1read")
        return payload
    raise Fault("no slot")


# ---- TLVs, 4.5 ----

def tlvs(b, known, fault):
    out, last, p = {}, -1, 0
    while p < len(b):
        need(len(b) - p >= 6, fault)
        tag, n = struct.unpack_from("<HI", b, p)
        p += 6
        need(n <= len(b) - p and tag > last, fault)
        value, last = b[p:p + n], tag
        p += n
        if tag in known:
            need(known[tag](value), fault)
        elif not tag & 0x8000:
            raise Fault("unsupported")
        out[tag] = value
    return out


def size(lo, hi=None):
    return lambda v: lo <= len(v) <= (lo if hi is None else hi)


def text(lo, hi):
    return lambda v: (lo == 0 and not v) or text_ok(v, hi)


RECORD = {1: size(16), 2: size(1), 3: alias_ok, 4: size(36), 5: size(8), 6: size(8), 0x8001: size(32),
          0x8002: size(8), 0x8003: size(8), 0x8004: text(1, 32), 0x8005: text(0, 512), 0x8006: size(1),
          0x8007: text(1, 255), 0x8008: size(4)}
BOX = {2: size(1), 3: alias_ok, 5: size(8), 6: size(8), 16: size(1, 1 << 24), 17: size(5, 1 << 24),
       18: size(1, 1 << 24), 19: size(3, 1024), 0x8010: size(0, 1024), 0x8011: size(1, 255),
       0x8012: text(1, 32), 0x8013: size(3, 1024), 0x8014: size(2, 65536), 0x8015: text(1, 4096),
       0x8016: text(1, 64)}


def index(h, plain):
    f = "index failure"
    need(len(plain) >= 4, f)
    count, = struct.unpack_from("<I", plain)
    need(count <= 1000000 and count <= (len(plain) - 4) // 110, f)
    p, records, last, total = 4, [], None, 0
    for _ in range(count):
        need(len(plain) - p >= 4, f)
        n, = struct.unpack_from("<I", plain, p)
        p += 4
        need(n <= len(plain) - p, f)
        r = tlvs(plain[p:p + n], RECORD, f)
        p += n
        need(all(t in r for t in (1, 2, 3, 4, 5, 6)), f)
        need(h.kind == b"K" or r[2] == b"\2", f)
        need(last is None or r[3] > last, f)
        last = r[3]
        r["len"], = struct.unpack_from("<I", r[4])
        total += r["len"]
        need(total <= h.data_len, f)
        records.append(r)
    pad = plain[p:]
    need(not any(pad) and len(pad) <= (1023 if h.sealed else 0), f)
    need(total == h.data_len, f)
    return records


# ---- boxes, 4.4 ----

def box(h, rec, b, Ke):
    f = "entry failure"
    need(H(b) == rec[4][4:], f)
    need(len(b) >= 24, f)
    pub_len, seal_len = struct.unpack_from("<II", b)
    need(pub_len + seal_len <= 1 << 24, f)
    need(len(b) == 24 + pub_len + (seal_len + 40 if seal_len else 0) and b[8:24] == rec[1], f)
    kind = rec[2][0]
    need(pub_len == 0 and seal_len > 0 if h.sealed else not (h.kind == b"T" and seal_len), f)
    if kind not in (1, 2, 3, 4):
        return {}
    need(h.sealed or (seal_len > 0) == (kind != 2), f)
    public = b[24:24 + pub_len]
    p = tlvs(public, BOX, f)
    s = {}
    if seal_len and Ke:
        aad = b"KST1entr" + h.store_id + h.sign_pk + b[8:24] + H(public)
        plain = opened(Ke, b[24 + pub_len:48 + pub_len], aad, b[48 + pub_len:])
        need(plain is not None, f)
        s = tlvs(plain, BOX, f)
        need(not set(p) & set(s), f)
        if not h.sealed:
            need(not any(t in BOX and t not in (16, 18) for t in s), f)
    need(h.sealed or not (16 in p or 18 in p), f)
    e = {**p, **s}
    if h.sealed and not Ke:
        return e
    need(all(e.get(t) == rec[t] for t in (2, 3, 5, 6)), f)
    secrets = bool(Ke) or h.sealed
    need((17 in e) == (kind in (1, 2)), f)
    if secrets:
        need((16 in e) == (kind in (1, 4)) and (18 in e) == (kind == 3), f)
    need(19 not in e or kind == 2, f)
    if 17 in e:
        certs, v = [], e[17]
        while v:
            need(len(v) >= 4, f)
            n, = struct.unpack_from("<I", v)
            need(1 <= n <= len(v) - 4, f)
            certs.append(v[4:4 + n])
            v = v[4 + n:]
        need(1 <= len(certs) <= (1 if kind == 2 else 100), f)
        need(rec.get(0x8001) == hashlib.sha256(certs[0]).digest(), f)
        need(rec.get(0x8006) == bytes([len(certs)]), f)
        e["certs"] = certs
    return e


def read(data, secret=None, kind=None, signers=None):
    need(data[:8] == MAGIC, "not a store")
    need(len(data) >= 8196, "size")
    h = Header(data[:4096])
    need(h.index_len <= 1 << 29 and h.data_len <= 1 << 40 and len(data) == 8192 + h.index_len + h.data_len,
         "size")
    need(data[-4096:] == data[:4096], "header copy")
    h.verify()
    h.fields()
    need(signers is None or h.sign_pk in signers, "pin")
    stored = data[4096:4096 + h.index_len]
    if h.sealed:
        need(h.index_len >= 1064 and (h.index_len - 40) % 1024 == 0, "index failure")
    need(h.index_len >= 4 and H(stored) == h.index_hash, "index failure")
    D = unlock(h, kind, secret) if secret is not None else None
    Ke = KDF(D, 1, b"KST1entr") if D else None
    boxes = data[4096 + h.index_len:-4096]
    if h.sealed and not D:
        hashes, p = b"", 0
        while p < len(boxes):
            need(len(boxes) - p >= 24, "data root")
            a, b = struct.unpack_from("<II", boxes, p)
            n = 24 + a + (b + 40 if b else 0)
            need(n <= len(boxes) - p, "data root")
            hashes += H(boxes[p:p + n])
            p += n
        need(H(b"KST1data" + hashes) == h.data_root, "data root")
        return h, [], []
    plain = stored
    if h.sealed:
        plain = opened(KDF(D, 1, b"KST1indx"), stored[:24], b"KST1indx" + h.store_id + h.sign_pk,
                       stored[24:])
        need(plain is not None, "index failure")
    records = index(h, plain)
    entries, p, hashes = [], 0, b""
    for r in records:
        b = boxes[p:p + r["len"]]
        p += r["len"]
        hashes += H(b)
        entries.append(box(h, r, b, Ke))
    need(H(b"KST1data" + hashes) == h.data_root, "data root")
    need(len({r[1] for r in records}) == len(records), "entry failure")
    return h, records, entries


def key_file(line):
    line = line.rstrip(b"\r\n")
    need(line.startswith(b"kstool-key-1:"), "key file")
    raw = base64.urlsafe_b64decode(line[13:] + b"=" * (-len(line[13:]) % 4))
    need(len(raw) == 36 and H(raw[:32])[:4] == raw[32:], "key file")
    return raw[:32]


def main(argv):
    secret = kind = signers = None
    if "--key-file" in argv:
        secret, kind = key_file(open(argv[argv.index("--key-file") + 1], "rb").read()), 2
    if "--pass-file" in argv:
        s = open(argv[argv.index("--pass-file") + 1], "rb").readline().rstrip(b"\r\n").decode()
        s = "".join(" " if unicodedata.category(c) == "Zs" else c for c in s)
        secret, kind = unicodedata.normalize("NFC", s).encode(), 1
    try:
        h, records, entries = read(open(argv[1], "rb").read(), secret, kind, signers)
    except Fault as f:
        print(f)
        return 1
    print("%s %s generation %d, %d entries" % ("sealed" if h.sealed else "open", h.kind.decode(),
                                               h.generation, len(records)))
    for r, e in zip(records, entries):
        sha = hashlib.sha256(e["certs"][0]).hexdigest() if "certs" in e else "-"
        key = hashlib.sha256(e[16]).hexdigest() if 16 in e else "-"
        print(r[3].decode(), r[2][0], len(e.get("certs", [])), sha, key)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
