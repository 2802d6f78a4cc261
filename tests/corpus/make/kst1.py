# SPDX-License-Identifier: ISC
"""Native stores: a writer made from formats/kst1.md alone, and one fault at a time.

A fault is put in before hashes and signature are made ("root-signed"), so that it is itself what a
reader meets; what is done to the finished file says so."""
import base64
import ctypes
import hashlib
import os
import struct

import kit
from kit import sodium

TIME = 1790000000
K = bytes(range(0x20, 0x40))
PASS = b"correct horse battery staple"
# the certificate and the key of kst1.md section 6
CERT = bytes.fromhex(
    "3081c23076020101300506032b6570300e310c300a06035504030c03776562301e170d3236303130313030303030305a170d33"
    "36303130313030303030305a300e310c300a06035504030c03776562302a300506032b657003210019bf44096984cdfe8541ba"
    "c167dc3b96c85086aa30b6b6cb0c5c38ad703166e1300506032b6570034100b62c0febd06535f738dd271256e9699b9a68e531"
    "21210f483fd22dd91df505ff34a539e1caca55cd2474c9613b8a59172a6bcc7dd0b71d6dafbe91ad38b3250e")
KEY = bytes.fromhex("302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097"
                    "a88f44755842")
SMALL = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")


def H(x):
    return hashlib.blake2b(x, digest_size=32).digest()


def MAC(k, x):
    return hashlib.blake2b(x, digest_size=32, key=k).digest()


def KDF(k, i, c):
    return hashlib.blake2b(b"", digest_size=32, key=k, salt=struct.pack("<Q8x", i),
                           person=c + bytes(8)).digest()


def aead(key, nonce, aad, plain):
    out = ctypes.create_string_buffer(len(plain) + 16)
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        out, None, plain, ctypes.c_ulonglong(len(plain)), aad, ctypes.c_ulonglong(len(aad)), None, nonce, key)
    return out.raw


def argon2id(secret, salt, t, kib):
    out = ctypes.create_string_buffer(32)
    assert sodium.crypto_pwhash(out, ctypes.c_ulonglong(32), secret, ctypes.c_ulonglong(len(secret)), salt,
                                ctypes.c_ulonglong(t), ctypes.c_size_t(kib * 1024), 2) == 0
    return out.raw


def x25519(secret, public=None):
    out = ctypes.create_string_buffer(32)
    if public is None:
        sodium.crypto_scalarmult_base(out, secret)
    else:
        sodium.crypto_scalarmult(out, secret, public)
    return out.raw


def b64(label, body):
    return label + base64.urlsafe_b64encode(body).decode().rstrip("=")


def key_file(k):
    return b64("kstool-key-1:", k + H(k)[:4])


def tlvs(fields):
    """A dict in the order of its tags, or a list as it stands."""
    items = sorted(fields.items()) if isinstance(fields, dict) else fields
    return b"".join(struct.pack("<HI", t, len(v)) + v for t, v in items)


def u64(v):
    return struct.pack("<Q", v)


class Slot:
    def __init__(self, kind=2, role=1, secret=K, t=0, m=0, label=b"main", salt=0xb0, hurt=None, raw=None):
        self.kind, self.role, self.secret, self.t, self.m = kind, role, secret, t, m
        self.label, self.salt, self.hurt, self.raw = label, bytes(range(salt, salt + 16)), hurt, raw

    def build(self, s):
        if self.raw is not None:
            return self.raw
        share = P = bytes(32)
        if self.kind == 1:
            P = argon2id(self.secret, self.salt, max(self.t, 1), max(self.m, 8)) if self.m < 1 << 17 else P
        elif self.kind == 2:
            P = MAC(self.secret, b"KST1keyf" + self.salt)
        elif self.kind == 3:
            ephemeral = bytes(range(0x60, 0x80))
            share = x25519(ephemeral)
            P = MAC(x25519(ephemeral, self.secret), b"KST1x255" + self.salt + share + self.secret)
        head = struct.pack("<BBHIII", self.kind, self.role, 0, self.t, self.m, 0) + self.salt + share
        context = b"KST1slot" + s.store_id + s.sign_pk + head
        wrapped = aead(MAC(P, context), bytes(24), context, s.R if self.role == 1 else s.D)
        slot = head + KDF(P, 2, b"KST1wrap") + wrapped + u64(TIME) + self.label.ljust(64, b"\0") + bytes(8)
        slot = bytearray(slot)
        if self.hurt:
            self.hurt(slot)
        return bytes(slot)


class Entry:
    def __init__(self, kind, alias, certs=(), key=None, secret=None, number=0, id=None):
        self.kind, self.alias, self.certs = kind, alias.encode(), list(certs)
        self.id = id or bytes(range(0xe0 - 16 * number, 0xf0 - 16 * number))
        self.public = {2: bytes([kind]), 3: self.alias, 5: u64(TIME), 6: u64(TIME)}
        self.sealed = {}
        self.record = {1: self.id, 2: bytes([kind]), 3: self.alias, 5: u64(TIME), 6: u64(TIME)}
        if self.certs:
            self.public[17] = b"".join(struct.pack("<I", len(c)) + c for c in self.certs)
            self.record[0x8001] = hashlib.sha256(self.certs[0]).digest()
            self.record[0x8006] = bytes([len(self.certs)])
            self.record[0x8007] = b"web"
        if key:
            self.sealed[16] = key
        if secret:
            self.sealed[18] = secret
            self.public[0x8016] = b"AES"
        self.box_id = self.id
        self.after = None       # changes the finished box, before it is hashed
        self.late = None        # ... after
        self.ref = None         # (length, hash) in the record
        self.number = number


class Store:
    def __init__(self, kind=b"K", sealed=False, entries=(), slots=None, generation=1, root=0x00):
        self.kind, self.flags, self.entries = kind, int(sealed), list(entries)
        self.R = bytes(range(root, root + 32))
        self.store_id = bytes(range(0xa0, 0xb0))
        self.D = KDF(self.R, 1, b"KST1read")
        self.seed = KDF(self.R, 1, b"KST1sign")
        pk, self.sk = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        sodium.crypto_sign_seed_keypair(pk, self.sk, self.seed)
        self.sign_pk = pk.raw
        self.slots = [Slot()] if slots is None else slots
        self.generation = generation
        self.count = None       # what the index claims
        self.tail = b""         # behind its records
        self.pad = None
        self.header = lambda h: None   # changes the header before it is signed
        self.root_of = lambda r: r
        self.index_hash_of = lambda h: h
        self.records = lambda recs: recs

    def sign(self, header):
        sig = ctypes.create_string_buffer(64)
        message = b"KST1 header sig\0" + bytes(header[:4032])
        sodium.crypto_sign_detached(sig, None, message, ctypes.c_ulonglong(len(message)), self.sk)
        header[4032:] = sig.raw

    def box(self, e, sealed):
        public, secret = tlvs(e.public), tlvs(e.sealed)
        if sealed and isinstance(e.public, dict):
            public, secret = b"", tlvs({**e.public, **e.sealed})
        head = struct.pack("<II", len(public), len(secret)) + e.box_id
        body = b""
        if secret:
            aad = b"KST1entr" + self.store_id + self.sign_pk + e.box_id + H(public)
            nonce = bytes(range(0x80 - e.number, 0x98 - e.number))
            body = nonce + aead(KDF(self.D, 1, b"KST1entr"), nonce, aad, secret)
        box = head + public + body
        return e.after(box) if e.after else box

    def build(self):
        sealed = bool(self.flags & 1)
        boxes, records, hashes = [], [], b"KST1data"
        for e in sorted(self.entries, key=lambda e: e.alias):
            box = self.box(e, sealed)
            record = e.record
            if isinstance(record, dict):
                record = dict(record)
                if 4 not in record:
                    n, h = e.ref or (len(box), H(box))
                    record[4] = struct.pack("<I", n) + h
                record = {t: v for t, v in record.items() if v is not None}
            hashes += H(box)
            boxes.append(e.late(box) if e.late else box)
            records.append(tlvs(record))
        index = struct.pack("<I", len(records) if self.count is None else self.count)
        index += b"".join(struct.pack("<I", len(r)) + r for r in self.records(records)) + self.tail
        if sealed:
            index += bytes(-len(index) % 1024) if self.pad is None else self.pad
            nonce = bytes(range(0x98, 0xb0))
            index = nonce + aead(KDF(self.D, 1, b"KST1indx"), nonce,
                                 b"KST1indx" + self.store_id + self.sign_pk, index)
        data = b"".join(boxes)
        h = bytearray(4096)
        h[0:8] = b"\x89KST1\r\n\x1a"
        struct.pack_into("<c3xI16sQQ32sQQ32s32s", h, 8, self.kind, self.flags, self.store_id, self.generation,
                         TIME, self.sign_pk, len(index), len(data), self.index_hash_of(H(index)),
                         self.root_of(H(hashes)))
        for i, s in enumerate(self.slots):
            h[256 + 224 * i:480 + 224 * i] = s.build(self)
        self.header(h)
        self.sign(h)
        return bytes(h) + index + data + bytes(h)


def web(number=0, alias="web"):
    return Entry(1, alias, [CERT], KEY, number=number)


def root(number=1, alias="root"):
    return Entry(2, alias, [CERT], number=number)


def aes(number=2):
    return Entry(3, "aes", secret=b"0123456789abcdef", number=number)


THREE = ["secret 0 aes", "trusted 1 root", "key 1 web"]


def three(**more):
    return Store(entries=[web(), root(), aes()], **more)


def trust(**more):
    return Store(kind=b"T", entries=[root(), root(3, "root 2")], **more)


def changed(make, change):
    s = make()
    change(s)
    return s.build()


def of(s, alias):
    return next(e for e in s.entries if e.alias == alias.encode())


def patch(data, at, new):
    at %= len(data)
    return data[:at] + new + data[at + len(new):]


def both(data, at, new):
    """The same change in both copies of the header, which is not signed again."""
    return patch(patch(data, at, new), len(data) - 4096 + at, new)


def make():
    c = kit.Corpus("kst1", "kst")
    key = key_file(K)
    signer = "ed25519:" + base64.urlsafe_b64encode(three().sign_pk).decode().rstrip("=")

    def good(name, s, entries, comment, **more):
        data = s if isinstance(s, bytes) else s.build()
        more.setdefault("key_file", key)
        c.put("good-" + name, data, "success", comment, entries, **more)

    def bad(name, data, expect, comment, kind="bad", **more):
        c.put(kind + "-" + name, data, expect, comment, **more)

    ROOT = "data-damaged"   # check looks at all boxes together first

    # ---- good ----
    example = Store(entries=[web()], slots=[
        Slot(1, 1, PASS, 2, 19456, b"main", 0xb0), Slot(2, 2, K, label=b"ci", salt=0xc0),
        Slot(3, 2, x25519(bytes(range(0x40, 0x60))), label=b"", salt=0xd0)])
    for e in example.entries:
        e.record.update({0x8002: u64(1767225600), 0x8003: u64(2082758400), 0x8004: b"Ed25519",
                         0x8005: b"CN=web", 0x8008: bytes(4)})
    good("keystore", example, ["key 1 web"], "kst1.md 6.1, made anew by this writer; with its passphrase",
         passphrase=PASS.decode(), key_file=[])
    good("keystore-reader", example, ["key 1 web"], "kst1.md 6.1 with the key file of a reader")
    plain = example.build()
    assert hashlib.sha256(plain).hexdigest().startswith("512d711284a3161d"), "not the file of kst1.md 6.1"
    good("empty", Store(), [], "no entries")
    good("empty-sealed", Store(sealed=True), [], "no entries, sealed")
    good("three", three(), THREE, "one of each kind")
    good("sealed", three(sealed=True), THREE, "one of each kind, sealed")
    good("truststore", trust(), ["trusted 1 root", "trusted 1 root 2"], "nothing is asked for", key_file=[])
    good("truststore-sealed", trust(sealed=True, slots=[Slot(2, 2)]), ["trusted 1 root", "trusted 1 root 2"],
         "a sealed truststore with a reader alone")
    good("truststore-no-slot", trust(slots=[]), ["trusted 1 root", "trusted 1 root 2"],
         "a truststore without slots: signed by whoever", key_file=[])
    good("pinned", three(), THREE, "read with the right signer pinned", signer=signer)
    s = three()
    of(s, "web").record[0xf000] = b"of a later version"
    of(s, "web").public[0xf001] = b"public"
    of(s, "web").sealed[0xf002] = b"sealed"
    good("optional-tags", s, THREE, "unknown optional tags in record, public and sealed part")
    long = "a" * 253 + "\u00e4"
    good("long-alias", Store(entries=[web(0, long)], slots=[Slot(label=b"l" * 64)]), ["key 1 " + long],
         "alias and label of full length")
    good("alias-order", Store(entries=[root(0, "a"), root(1, "aa"), root(2, "b"), root(3, "\u00e4")]),
         ["trusted 1 a", "trusted 1 aa", "trusted 1 b", "trusted 1 \u00e4"], "a prefix first, bytes unsigned",
         key_file=[])
    chain = Entry(1, "chain", [CERT] * 100, KEY)
    good("chain-100", Store(entries=[chain]), ["key 100 chain"], "the longest chain")
    s = three(slots=[Slot(9, raw=bytes([9]) + bytes(range(1, 224))), Slot()])
    good("unknown-slot", s, THREE, "a slot of a later version is skipped")
    good("pending", Store(entries=[Entry(4, "new", key=KEY)]), ["key 0 new"], "a key without certificates")

    # ---- the file ----
    good_three = three().build()
    bad("empty-file", b"", "empty-file", "no bytes at all")
    bad("magic-only", good_three[:8], "store-size", "the magic and nothing else")
    bad("truncated-header", good_three[:4095], "store-size", "one byte less than a header")
    bad("truncated-8195", good_three[:8195], "store-size", "one byte less than the smallest store")
    bad("truncated-last", good_three[:-1], "store-size", "the last byte is missing")
    bad("extended", good_three + b"\0", "store-size", "one byte more")
    bad("crlf", good_three.replace(b"\r\n", b"\n", 1), "unknown-format", "sent as text: the magic says so",
        check="not-a-native-store")
    bad("header-copy", patch(good_three, -4096 + 40, b"\1"), "header-copy", "one byte of the copy")
    bad("header-copy-older", three(generation=2).build()[:4096] + good_three[4096:], "header-copy",
        "two good headers that differ")
    bad("header-bit", both(good_three, 40, b"\1"), "bad-signature", "the same byte in both copies")
    bad("index-bit", patch(good_three, 4096 + 40, b"\xff"), "index-damaged", "one byte of the index")
    s = three()
    of(s, "web").late = lambda b: patch(b, -1, bytes([b[-1] ^ 1]))
    bad("box-bit", s.build(), "entry-damaged", "the last bit of the sealed key", key_file=key, check=ROOT)
    data = changed(three, lambda s: setattr(s, "root_of", lambda r: bytes(32)))
    c.put("good-wrong-data-root", data, "success", "only check looks at it", THREE, key_file=key,
          check="data-damaged")

    # ---- header, signed ----
    def header(name, expect, comment, change, make=three, **more):
        bad(name, changed(make, lambda s: setattr(s, "header", change)), expect, comment, **more)

    def put(at, new):
        def change(h):
            h[at:at + len(new)] = new
        return change

    feature = "unsupported-feature"
    header("kind-x", feature, "neither K nor T", put(8, b"X"), kind="unsupported")
    header("flag-1", feature, "a critical flag of a later version", put(12, b"\2"), kind="unsupported")
    header("zero-160", feature, "a byte that must be zero", put(160, b"\1"), kind="unsupported")
    header("generation-0", feature, "generation 0", put(32, bytes(8)), kind="unsupported")
    header("sealed-flag", "index-damaged", "sealed bit set on an open index", put(12, b"\1"))
    header("index-len-cap", "store-size", "an index of 2^29 + 1", put(80, u64((1 << 29) + 1)))
    header("data-len-max", "store-size", "boxes of 2^64 - 1", put(88, u64(2**64 - 1)))

    def wrap(h):
        n, = struct.unpack_from("<Q", h, 80)
        d, = struct.unpack_from("<Q", h, 88)
        struct.pack_into("<QQ", h, 80, (n - 8192) % 2**64, d + 8192)
    header("lengths-wrap", "store-size", "lengths whose sum is right in 64 bits", wrap)
    bad("index-hash", changed(three, lambda s: setattr(s, "index_hash_of", lambda h: bytes(32))), "index-damaged",
        "another index was signed")
    data = bytearray(good_three)
    S = (int.from_bytes(data[4064:4096], "little") + 2**252 + 27742317777372353535851937790883648493)
    bad("s-above-l", both(good_three, 4064, S.to_bytes(32, "little")), "bad-signature", "S + L, which signs too")
    bad("signer-small-order", both(good_three, 48, SMALL), "bad-signature", "a signer of small order")
    bad("signer-neutral", both(good_three, 48, b"\1" + bytes(31)), "bad-signature", "the neutral point signs all")

    # ---- slots ----
    def slots(name, expect, comment, *slot, **more):
        bad(name, three(slots=list(slot)).build(), expect, comment, **more)

    def hurt(at, new):
        def change(s):
            s[at:at + len(new)] = new
        return change

    slots("slot-role-3", feature, "a role that does not exist", Slot(hurt=hurt(1, b"\3")), kind="unsupported")
    slots("slot-t-1", feature, "one pass is below the floor", Slot(1, 1, PASS, 1, 19456), kind="unsupported")
    slots("slot-m-low", feature, "19,455 KiB are below the floor", Slot(1, 1, PASS, 2, 19455), kind="unsupported")
    slots("slot-empty-dirty", feature, "an empty slot with a byte in it", Slot(),
          Slot(raw=bytes(100) + b"\1" + bytes(123)), kind="unsupported")
    slots("slot-label-control", feature, "a label that moves the cursor", Slot(label=b"a\x1b[2J"),
          kind="unsupported")
    slots("slot-label-gap", feature, "a label that goes on behind its end", Slot(label=b"a\0b"), kind="unsupported")
    slots("slot-t-bomb", "limit-exceeded", "t = 2^32 - 1: a passphrase is not even tried",
          Slot(1, 1, PASS, 2**32 - 1, 1 << 20), passphrase=PASS.decode(), check="limit-exceeded")
    slots("slot-m-bomb", "limit-exceeded", "m = 4 TiB", Slot(1, 1, PASS, 2, 2**32 - 1), passphrase=PASS.decode(),
          check="limit-exceeded")
    slots("slot-budget", "limit-exceeded", "16 slots, each within its caps, all of them together not",
          *[Slot(1, 1, PASS, 4, 1 << 20, salt=i) for i in range(16)], passphrase=PASS.decode(),
          check="limit-exceeded")
    slots("slot-wrong-passphrase", "wrong-passphrase", "nobody's passphrase", Slot(1, 1, PASS, 2, 19456),
          passphrase="wrong horse")
    slots("slot-wrong-key-file", "wrong-key-file", "somebody else's key file", Slot(secret=bytes(32)), key_file=key)
    slots("slot-no-answer", "passphrase-needed", "nobody answers", Slot(), check="whole")
    slots("slot-wrapped", "re-signed", "the right secret, and a wrapped root that is another",
          Slot(hurt=lambda s: s.__setitem__(96, s[96] ^ 1)), key_file=key)
    slots("slot-role-flipped", "re-signed", "a reader made an admin, root-signed",
          Slot(role=2, hurt=hurt(1, b"\1")), key_file=key)
    stolen = Slot().build(Store(root=0x40))
    slots("slot-transplanted", "re-signed", "the slot of another store", Slot(raw=stolen), key_file=key)
    bad("pin", good_three, "signer-not-pinned", "signed by another than the one that is pinned",
        signer="ed25519:3rNu0EHNAlP4eJBcT3PD1PpIeZgQZUXD7FpUe-8nyOs" if "3rNu" not in signer else
        "ed25519:ESt_jRZTw6vLnFDiwyxiDKrfycPU85vHhUivhENsQ_4", check="signer-not-pinned")

    # ---- index, signed ----
    def record(name, comment, tag, value, alias="web", expect="index-damaged", **more):
        def change(s):
            e = of(s, alias)
            if value is None:
                e.record[tag] = None
            else:
                e.record[tag] = value
        bad("record-" + name, changed(three, change), expect, comment, **more)

    bad("count-up", changed(three, lambda s: setattr(s, "count", 4)), "index-damaged", "one entry more than there is")
    bad("count-max", changed(three, lambda s: setattr(s, "count", 2**32 - 1)), "index-damaged", "2^32 - 1 entries")
    record("no-id", "no id", 1, None)
    record("no-box", "no hash", 4, None)
    record("id-15", "an id of 15 bytes", 1, bytes(15))
    record("alias-control", "an alias with a line end", 3, b"we\nb")
    record("alias-bidi", "an alias that turns the line round", 3, b"web\xe2\x80\xae")
    record("alias-overlong", "NUL in two bytes", 3, b"we\xc0\x80")
    record("subject-utf8", "a subject that is not UTF-8", 0x8005, b"CN=\xff")
    record("critical-7", "a critical tag of a later version", 7, b"x", expect=feature, kind="unsupported")
    record("box-len-up", "box one byte longer", 4, struct.pack("<I", 2**32 - 1) + bytes(32))
    s = three()
    of(s, "root").record[3] = b"web"
    bad("alias-twice", s.build(), "index-damaged", "the same alias twice")
    s = three()
    s.records = lambda r: [r[1], r[0], r[2]]
    bad("alias-order", s.build(), "index-damaged", "records out of order")
    s = three()
    of(s, "web").record = [(2, b"\1"), (1, bytes(16))]
    bad("tags-swapped", s.build(), "index-damaged", "tags out of order")
    s = three()
    s.records = lambda r: [r[0], r[1], r[2] + b"\xff\xff\1"]
    bad("tlv-cut", s.build(), "index-damaged", "a field ends in its length")
    s = three()
    s.records = lambda r: [r[0], r[1], r[2] + struct.pack("<HI", 0xfff0, 2**32 - 1) + b"x"]
    bad("tlv-oversize", s.build(), "index-damaged", "a field of 2^32 - 1")
    bad("index-trailing", changed(three, lambda s: setattr(s, "tail", b"\0")), "index-damaged", "one byte left over")
    bad("padding-dirty", changed(lambda: three(sealed=True), lambda s: setattr(s, "tail", b"\1")), "index-damaged",
        "padding that is not zero", key_file=key)
    bad("padding-1024", changed(lambda: three(sealed=True), lambda s: setattr(s, "tail", bytes(1024))),
        "index-damaged", "more padding than is needed", key_file=key)
    s = trust()
    of(s, "root").record[2] = b"\1"
    bad("key-in-truststore", s.build(), "index-damaged", "a key in a truststore")

    # ---- boxes, signed ----
    def box(name, comment, change, expect="entry-damaged", alias="web", make=three, **more):
        s = make()
        change(of(s, alias))
        more.setdefault("key_file", key)
        bad("box-" + name, s.build(), expect, comment, **more)

    box("key-public", "a private key in the open", lambda e: (e.public.update({16: KEY}),
                                                               setattr(e, "sealed", {0xf000: b"x"})))
    box("note-sealed", "a note where only keys are", lambda e: e.sealed.update({0x8015: b"n"}))
    box("tag-twice", "one tag in both parts", lambda e: (e.public.update({0xf000: b"x"}),
                                                         e.sealed.update({0xf000: b"x"})))
    box("critical", "a critical tag of a later version", lambda e: e.public.update({20: b"x"}), feature,
        kind="unsupported", check="whole")
    box("kind-9", "a kind of a later version", lambda e: (e.public.update({2: b"\11"}),
                                                           e.record.update({2: b"\11"})), feature,
        kind="unsupported", check="whole")
    box("no-key", "no key", lambda e: setattr(e, "sealed", {0xf000: b"x"}))
    box("no-chain", "no certificates", lambda e: e.public.pop(17))
    box("chain-101", "101 certificates", lambda e: e.public.update({17: b"\1\0\0\0x" * 101}))
    box("cert-length-0", "a certificate of no bytes", lambda e: e.public.update({17: b"\0\0\0\0\1"}))
    box("cert-oversize", "a certificate longer than its field",
        lambda e: e.public.update({17: b"\xff\xff\xff\xffxxxx"}))
    box("two-trusted", "two certificates in one anchor", lambda e: e.public.update({17: b"\1\0\0\0x" * 2}),
        alias="root")
    box("alias-unlike", "another alias than in the index", lambda e: e.public.update({3: b"wex"}))
    box("id-unlike", "another id than in the index", lambda e: setattr(e, "box_id", bytes(16)))
    box("lengths-wrap", "lengths whose sum is right in 32 bits",
        lambda e: setattr(e, "after", lambda b: struct.pack("<II", 2**32 - 1, 0x30) + b[8:]), check=ROOT)
    box("short", "ten bytes", lambda e: setattr(e, "after", lambda b: b[:10]), check=ROOT)
    box("old-seal", "the open part changed and signed, the sealed part not made anew",
        lambda e: setattr(e, "after", lambda b: patch(b, 24 + len(tlvs(e.public)) - 1, b"\0")))
    box("sealed-in-truststore", "something sealed in an open truststore",
        lambda e: e.sealed.update({0xf000: b"x"}), alias="root", make=trust, key_file=[])
    box("junk-certificate", "a certificate that is none", lambda e: (
        e.public.update({17: b"\4\0\0\0junk"}),
        e.record.update({0x8001: hashlib.sha256(b"junk").digest()})), "bad-certificate", check="whole")
    s = three()
    of(s, "web").record[1] = of(s, "web").box_id = of(s, "root").id
    c.put("good-same-id", s.build(), "success", "only check looks at it", THREE, key_file=key, check="index-damaged")
    s = three()
    of(s, "web").record[0x8001] = bytes(32)
    c.put("good-wrong-fingerprint", s.build(), "success", "only check compares it", THREE, key_file=key,
          check="entry-damaged")
    make_text()
    return c.nr


def crockford(b):
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    n = int.from_bytes(b, "big") << 2
    text = "".join(digits[n >> 5 * i & 31] for i in reversed(range(58)))
    return "-".join(text[i:i + 5] for i in range(0, 58, 5))


def make_text():
    """The texts of kst1.md: seeds for fuzz_text.c, which tells by itself what must hold."""
    where = os.path.join(kit.HERE, "text")
    os.makedirs(where, exist_ok=True)
    signer = "ed25519:" + base64.urlsafe_b64encode(three().sign_pk).decode().rstrip("=")
    for name, text in {
        "key-file": key_file(K) + "\n", "key-file-bad-check": key_file(K)[:-1] + "A\n",
        "sheet": crockford(K + H(K)[:4]) + "\n", "sheet-lower": crockford(K + H(K)[:4]).lower().replace("0", "o"),
        "identity": b64("kstool-identity-1:", K + H(K)[:4]), "signer": signer,
        "signers": "# ours\ninfra %s\nweb %s %s min-generation=7\n" % (signer, signer, "a0" * 16),
        "signers-bad": "infra %s %s min-generation=99999999999999999999\n" % (signer, "A0" * 16),
    }.items():
        with open(os.path.join(where, name), "w") as f:
            f.write(text)
