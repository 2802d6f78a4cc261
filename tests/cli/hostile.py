# SPDX-License-Identifier: ISC
"""hostile.py - 2,000 hostile texts through every command that prints: what reaches the terminal is
printable, in text, --plain and JSON, on a terminal, through a pipe and in the error texts"""
import json
import os
import random
import re
import sys
import unicodedata

sys.path.insert(0, os.path.join(os.getcwd(), "tests", "lib"))
from command import *  # noqa: E402,F403
from forge import certificate, pem  # noqa: E402

TEXTS = 2000


def generate():
    """C0, C1, CSI, OSC 8 and 52, bidi, zero width, overlong, lone surrogates, formats, lines."""
    rng = random.Random(20261124)
    seeds = [b"\x1b[2J", b"\x1b[31m", b"\x1b]52;c;b3duZWQ=\x07", b"\x1b]8;;http://x\x1b\\", b"\x1bP",
             b"\xc2\x9b31m", b"\x9b31m", b"\xc2\x85", b"\x7f", b"\x08\x08\x08", b"\r", b"\n", b"\t",
             b"\nkstool: error: owned", b"\nadded      owned", b"\n  hint: owned", b"\r\nowned",
             "\u202eevil".encode(), "\u2066x\u2069".encode(), "\u061c".encode(), "\u200b".encode(),
             "\u200d".encode(), "\ufeff".encode(), "\u2028owned".encode(), "\u2029".encode(),
             "\u3164".encode(), "\U000e0001".encode(), "\U000e0041".encode(), "\ufe0f".encode(),
             "\u00ad".encode(), "\u115f".encode(), "\u2800".encode(), "\ue000".encode(),
             b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
             b"\xf4\x90\x80\x80", b"\xff\xfe", b"\xc3", b"%n%s%x", b"%1$s", b"\\x1b[2J", b"$(owned)",
             b"`owned`", b"'", b'"', b"&<script>", "\u4e9b".encode(), "e\u0301".encode()]
    out = list(seeds)
    while len(out) < TEXTS:
        parts = [rng.choice(seeds) if rng.random() < 0.6 else
                 bytes(rng.randrange(1, 256) for _ in range(rng.randrange(1, 6))) if rng.random() < 0.4 else
                 chr(rng.choice([rng.randrange(0x20, 0xd800), rng.randrange(0xe000, 0x110000)])).encode()
                 for _ in range(rng.randrange(1, 4))]
        text = b"".join(parts)[:60]
        out.append(text if rng.random() < 0.5 else b"n" + text)
    return out


def printable(text, tab):
    """No character that is not seen, or that moves something else."""
    for c in set(text):
        kind = unicodedata.category(c)
        bad = kind in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") or (kind == "Zs" and c not in " \u3000")
        if bad and not (c == "\n" or (c == "\t" and tab)):
            return "U+%04X" % ord(c)
    return None


def judge(what, data, tab=False, ascii_only=False, wrapped=False):
    try:
        text = data.decode("utf-8", "strict")
    except UnicodeDecodeError as e:
        fail("%s: invalid UTF-8: %r" % (what, data[max(0, e.start - 40):e.start + 10]))
    bad = printable(text, tab)
    at = text.find(chr(int(bad[2:], 16))) if bad else 0
    check(not bad, lambda: "%s: %s reached the output: %r" % (what, bad, text[max(0, at - 60):at + 20]))
    check(not ascii_only or all(ord(c) < 0x7f for c in text), "%s: not ASCII" % what)
    # Where lines wrap, a word of a name may stand first in the rest of its line, which is indented.
    owned = re.search(r"^(added +owned|kstool: error: owned%s)" % ("" if wrapped else "|  hint: owned"), text, re.M)
    check(not owned, lambda: "%s: a name began a line: %r" % (what, text[max(0, owned.start() - 40):owned.end() + 20]))


def everywhere(p, *args):
    """A command in each mode; its terminals are the C locale's and UTF-8's."""
    for more in ((), ("--plain",), ("--json",)):
        r = p.run(*args, *more)
        what = "kstool %s" % " ".join(a if a.isprintable() else repr(a) for a in args + more)
        check(r.code in (0, 1, 2, 3, 4, 5, 6), lambda: "%s: %s" % (what, r))
        judge(what, r.out, tab=more == ("--plain",))
        judge(what + " (stderr)", r.err)
        if more == ("--json",):
            json.loads(r.out)
    for locale in ("C", "C.UTF-8"):
        t = p.terminal(*args, "--no-input", "--no-pager", env={"LC_ALL": locale, "COLUMNS": "80", "NO_COLOR": "1"})
        t.end()
        seen = re.sub(rb"\r[^\n]*\r", b"", t.seen.replace(b"\r\n", b"\n"))  # without progress
        judge("kstool %s on a terminal, %s" % (" ".join(map(repr, args)), locale), seen, ascii_only=locale == "C", wrapped=True)


def stores(p, texts):
    """A PEM bundle in which every name and alias is one of the texts, and stores made of it."""
    with open(p.path("evil.pem"), "wb") as f:
        for i, t in enumerate(texts):
            f.write(b"    friendlyName: " + t.replace(b"\n", b"_") + b"\n")
            f.write(pem(certificate(i, t, org=texts[-i], dns=texts[i // 2] if i % 3 == 0 else None,
                                    ca=i % 5 != 0)).encode())
    p.ok("trust", "evil.kst", "evil.pem", "--create", "--new-key-file", "k", "--leaf")
    p.ok("trust", "evil.p12", "evil.pem", "--create", "--new-pass", "file:pass", "--leaf", "--iterations", "1000")
    p.ok("import", "keys.p12", "shop.key", "shop.pem", "--create", "--new-pass", "file:pass", "--iterations", "1000", "--alias", "x\x1b[31my")


def look(p):
    key, word = ("--key-file", "k"), ("--pass", "file:pass")
    everywhere(p, "list", "evil.pem")
    everywhere(p, "list", "evil.pem", "--fields", "alias,name,sans,issuer,sig,usage,serial,file")
    everywhere(p, "list", "evil.kst", "--layout", "block")
    everywhere(p, "list", "evil.p12", *word)
    everywhere(p, "show", "evil.pem")
    everywhere(p, "show", "evil.kst", "--short")
    everywhere(p, "show", "evil.pem", "shop.key", "shop.pem")
    for i in range(1, 8):
        everywhere(p, "show", "evil.kst", "@%d" % (i * 237), "--full")
    everywhere(p, "verify", "evil.pem", "--trust", "root.pem", "--host", "a\x1b[31m\u202eb.test")
    for i in range(1, 12):
        everywhere(p, "verify", "evil.kst", "@%d" % (i * 151), "--trust", "evil.pem" if i % 2 else "root.pem", "--extra", "evil.pem")
    everywhere(p, "diff", "evil.pem", "bundle.pem")
    everywhere(p, "lint", "evil.pem")
    everywhere(p, "lint", "evil.p12", *word)
    everywhere(p, "check", "evil.kst")
    everywhere(p, "trust", "new.p12", "evil.pem", "--create", "--new-pass", "file:pass", "--dry-run", "--leaf")
    everywhere(p, "trust", "evil.kst", "evil.pem", "--leaf", "--check", *key)
    everywhere(p, "remove", "evil.kst", "--match", "owned", "--check", *key)
    everywhere(p, "convert", "evil.pem", "-o", "new.kst", "--dry-run", "--new-pass", "file:pass")
    everywhere(p, "import", "keys.p12", "evil.pem", *word)


def name_files(p, texts):
    """Operands: files, entries, options and commands of that name."""
    for i, t in enumerate(texts):
        if b"/" in t or b"\0" in t or not t or t in (b".", b".."):
            continue
        word = os.fsdecode(t)
        for args in (("list", "./" + word), ("show", "evil.kst", word), ("list", "--" + word), (word, "x"),
                     ("trust", "evil.kst", "./" + word, "--key-file", "k"), ("list", "x", "--fields", word),
                     ("help", word), ("list", "evil.kst", "--pass", "file:./" + word))[i % 4::4]:
            for more in ((), ("--json",)):
                r = p.run(*args, *more)
                what = "kstool %r" % (args + more,)
                judge(what, r.out)
                judge(what + " (stderr)", r.err)
    for t in texts[:40]:  # files that there are
        if b"/" in t or b"\0" in t:
            continue
        path = os.fsdecode(b"z" + t + b".pem")
        p.write(path, p.read("root.pem"))
        r = p.run("show", path, "root.pem")
        judge("show %r" % path, r.out)
        judge("show %r (stderr)" % path, r.err)
        r = p.run("list", path, "--json")
        judge("list %r" % path, r.out)
        os.remove(p.path(path))


def main():
    texts = generate()
    with Place() as p:
        stores(p, texts)
        look(p)
        name_files(p, texts[:160])
    done("hostile", "; %d texts" % len(texts))


main()
