# SPDX-License-Identifier: ISC
"""longwork.py - work that takes its time: who is told how far it is, and what an end in the middle
of it leaves: the old store, no other file, a terminal as it was"""
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.getcwd(), "tests", "lib"))
from command import *  # noqa: E402,F403

MOST = 10000000  # iterations that a PKCS#12 may have here
SECONDS = 1.0    # processor time that one derivation is to take; opening takes two, a line one
LINE = rb"\r(opening|writing|sealing|verifying)( \d+/\d+  \d+ %|, \d+ s)"


def iterations(p):
    """How many make a derivation last: measured, since machines differ."""
    probe = 400000
    p.ok("trust", "probe.p12", "root.pem", "--create", "--new-pass", "file:pass", "--iterations", str(probe))
    before = os.times()
    p.ok("list", "probe.p12", "--pass", "file:pass")
    after = os.times()
    os.remove(p.path("probe.p12"))
    took = after.children_user - before.children_user  # two derivations: the key and the MAC
    return min(MOST, max(probe, int(probe * SECONDS * 2 / max(took, 0.01))))


def screen(seen):
    """What stands on the screen after all that was written to it."""
    lines = []
    for line in seen.decode().split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part):]
        lines.append(shown.rstrip())
    return "\n".join(lines)


def told(p, count):
    """cli.md 4.2: on a terminal only, and gone at the end."""
    p.ok("trust", "slow.p12", "root.pem", "--create", "--new-pass", "file:pass", "--iterations", str(count))
    ask = ("list", "slow.p12", "--pass", "file:pass")
    want = p.ok(*ask)
    is_("standard error without a terminal", want.err, b"")
    t = p.terminal(*ask, env={"NO_COLOR": "1"})
    t.ends(0)
    check(re.search(LINE, t.seen), lambda: "nothing is told of long work: %r" % t.seen)
    is_("the screen at the end", screen(t.seen), want.out.decode())
    for width in (40, 20):  # as narrow as it may be, it is one line
        t = p.terminal(*ask, env={"COLUMNS": str(width), "NO_COLOR": "1"}, stdout=p.path("answer"))
        t.ends(0)
        check(re.search(LINE, t.seen), lambda: "nothing is told on %d cells: %r" % (width, t.seen))
        is_("the screen of %d cells" % width, screen(t.seen), "")
        check(all(len(part) < width for part in t.seen.split(b"\r")),
              lambda: "a line of more than %d cells: %r" % (width, t.seen))
    for options, env in ((("--quiet",), {}), (("--json",), {}), (("--plain",), {}), ((), {"TERM": "dumb"})):
        t = p.terminal(*ask, *options, env=env)
        t.ends(0)
        check(not re.search(rb"\r[^\n]", t.seen),
              lambda: "%s %s is told: %r" % (options, env, t.seen))
    t = p.terminal("list", "slow.p12")  # while a person thinks, nothing is drawn and nothing counted
    t.expect("Passphrase for")
    t.wait_echo(False)
    time.sleep(1.5)
    t.send("secret-pass\n")
    t.expect(r"\n")
    first = t.expect(LINE)
    is_("told while it waits", re.search(LINE, t.seen[t.seen.find(b"Passphrase"):first.start()]), None)
    t.ends(0)


def interrupted(p, _):
    """A signal while the new store is checked, minutes before it is renamed over the old one."""
    p.ok("keygen", "app.p12", "--host", "app.test", "--create", "--new-pass", "file:pass", "--iterations", "1000")
    slow = ("--pass", "file:pass", "--iterations", str(MOST))
    jobs = (("trust", "app.p12", "root.pem", *slow),
            ("convert", "shop.key", "shop-chain.pem", "-o", "new.p12", "--new-pass", "file:pass",
             "--iterations", str(MOST)))
    before = p.files()
    for args in jobs:
        for number, key in ((signal.SIGINT, "\x03"), (signal.SIGQUIT, "\x1c"), (signal.SIGTERM, None),
                            (signal.SIGHUP, None)):
            t = p.terminal(*args)
            until = time.monotonic() + PATIENCE
            while not [n for n in os.listdir(p.dir) if n.endswith(".tmp")] and time.monotonic() < until:
                time.sleep(0.01)
            if number == signal.SIGINT:
                t.expect(LINE)  # a line that stands is wiped away
            is_("files while it is written", len(p.files()), len(before) + 1)
            if key:
                t.send(key)
            else:
                t.kill(number)
            t.ends(-number)
            name = "%s, %s" % (args[0], signal.Signals(number).name)
            is_("files after " + name, p.files(), before)
            check(b"error" not in t.seen, lambda: "an error after %s: %r" % (name, t.seen))
            is_("the screen after " + name, screen(t.seen).replace("^C", "").replace("^\\", "").strip(), "")
    is_("files at the end", p.files(), before)


def at_every_call(p, _):
    """A signal at every system call of a write: the old store or the new one, and nothing else."""
    if not can_inject():
        skipped("a signal at every system call of a write", "strace is not installed or may not trace")
        return
    p.ok("create", "app.kst", "--new-key-file", "app.kst.key")
    p.ok("trust", "app.kst", "root.pem", "--key-file", "app.kst.key")
    before = p.files()
    job = [KSTOOL, "trust", "app.kst", "ica.pem", "--key-file", "app.kst.key", "-q"]
    strace = ["-f", "-qq", "-o", "trace", "-e"]
    calls = "openat,fstat,flock,pread64,read,write,fchmod,fsync,close,renameat,fchown,newfstatat"
    p.ok(*strace, "trace=" + calls + ",rt_sigaction", *job, program="strace")
    lines = p.read("trace").decode(errors="replace").split("\n")
    os.remove(p.path("trace"))
    # From where its handlers stand: before, nothing was begun.
    start = max(i for i, line in enumerate(lines) if "rt_sigaction(SIGXFSZ" in line)
    kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    old = new = 0
    for name in calls.split(","):
        here = [i for i, line in enumerate(lines) if re.match(r"(\d+ +)?%s\(" % name, line)]
        for n, i in enumerate(here):
            if i < start:
                continue
            p.write("app.kst", before["app.kst"])
            number = kinds[(old + new) % 3]
            r = p.run("-f", "-qq", "-o", "/dev/null", "-e", "trace=" + name, "-e",
                      "inject=%s:signal=%d:when=%d" % (name, number, n + 1), *job, program="strace")
            where = "%s at %s %d" % (signal.Signals(number).name, name, n + 1)
            is_("status, %s: %s" % (where, r), r.code, -number)
            after = p.files()
            is_("files, " + where, sorted(after), sorted(before))
            if after == before:
                old += 1
                continue
            p.ok("check", "app.kst")
            is_("entries, " + where, p.ok("list", "app.kst", "--plain").out.count(b"\n"), 2)
            new += 1
    print("a signal at %d system calls of a write: %d times the old store, %d times the new one, "
          "no other file" % (old + new, old, new))
    check(old >= 20 and new >= 1, "only %d and %d points" % (old, new))


def main():
    count = 0
    for test in (told, interrupted, at_every_call):
        with Place() as p:
            count = count or iterations(p)
            test(p, count)
    done("longwork")


main()
