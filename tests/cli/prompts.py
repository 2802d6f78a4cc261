# SPDX-License-Identifier: ISC
"""prompts.py - what a person at a terminal meets: passphrases are never shown, wherever standard
input and output go; the terminal is as before after every signal; nothing waits where nobody is"""
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.getcwd(), "tests", "lib"))
from command import *  # noqa: E402,F403

SECRET, OTHER = "secret-pass", "another-pass"


def unseen(t, *words):
    for w in words or (SECRET, OTHER):
        check(w.encode() not in t.seen, lambda: "%s: the terminal showed %r:\n%s" % (
            t.name, w, t.seen.decode(errors="replace")))


def answer(t, prompt, text):
    """One passphrase: asked for with echo off, and back on when it was given."""
    t.expect(prompt)
    t.wait_echo(False)
    t.send(text + "\n")


def never_shown(p):
    """M4: keytool shows the passphrase as soon as its output goes into a pipe."""
    for stdin in (None, "/dev/null"):
        for stdout in (None, p.path("answer"), "/dev/null"):
            t = p.terminal("list", "shop.p12", stdin=stdin, stdout=stdout)
            answer(t, r"Passphrase for shop\.p12 \(PKCS#12, 1 private key\): ", SECRET)
            t.ends(0)
            unseen(t)
            if stdout == p.path("answer"):
                check(b"shop.acme.test" in p.read("answer"), "the answer is not in its file")
    os.remove(p.path("answer"))


def three_tries(p):
    t = p.terminal("list", "shop.p12")
    for word in ("wrong-one", "wrong-two", "wrong-three"):
        answer(t, r"Passphrase for shop\.p12", word)
    t.ends(4)
    t.expect("wrong-passphrase")
    is_("prompts after two wrong ones", t.seen.count(b"Passphrase for"), 3)
    unseen(t, "wrong-one", "wrong-two", "wrong-three")

    t = p.terminal("list", "shop.p12")
    answer(t, "Passphrase for", "wrong-one")
    answer(t, "That does not open it", SECRET)
    t.ends(0)
    unseen(t, "wrong-one", SECRET)
    for nothing in ("\x04", "\n"):  # no passphrase, and the empty one was tried already
        t = p.terminal("list", "shop.p12")
        t.expect("Passphrase for")
        t.wait_echo(False)
        t.send(nothing)
        t.ends(4)
        t.expect("passphrase-needed")


def new_passphrase(p):
    new = ("create", "new.kst", "--kdf-cost", "low")
    t = p.terminal(*new)
    answer(t, r"New passphrase for new\.kst", SECRET)
    answer(t, "The same again: ", OTHER)
    t.expect("These two differ")
    answer(t, r"New passphrase for new\.kst", OTHER)
    answer(t, "The same again: ", OTHER)
    t.ends(0)
    unseen(t)
    p.ok("passwd", "new.kst", "--pass", "file:pass2", "--new-pass", "file:pass",
         "--kdf-cost", "low")
    os.remove(p.path("new.kst"))

    t = p.terminal(*new)  # three pairs that differ: no store
    for i in range(3):
        answer(t, r"New passphrase for", SECRET)
        answer(t, "The same again: ", OTHER)
        t.expect("These two differ")
    t.ends(4)
    check(not os.path.exists(p.path("new.kst")), "a store without a passphrase was made")

    t = p.terminal(*new)  # an empty one: a random one is offered, and shown once
    answer(t, r"New passphrase for", "")
    t.expect(r"\[y/N\] ")
    t.wait_echo(True)
    t.send("y\n")
    made = t.expect(r"shown this once: (\S+)").group(1)
    t.ends(0)
    p.write("made", made + b"\n")
    p.ok("passwd", "new.kst", "--pass", "file:made", "--new-pass", "file:pass",
         "--kdf-cost", "low")
    os.remove(p.path("new.kst"))

    t = p.terminal(*new)
    answer(t, r"New passphrase for", "")
    t.expect(r"\[y/N\] ")
    t.send("n\n")
    t.ends(2)
    t.expect("empty-passphrase")
    check(not os.path.exists(p.path("new.kst")), "a store without a passphrase was made")


def signals(p):
    """Whatever ends or stops it, the shell behind it can be typed into."""
    for number, key in ((signal.SIGINT, "\x03"), (signal.SIGQUIT, "\x1c"),
                        (signal.SIGTERM, None), (signal.SIGHUP, None)):
        before = p.files()
        t = p.terminal("passwd", "shop.p12")
        t.expect("Passphrase for")
        t.wait_echo(False)
        if key:
            t.send(key)
        else:
            t.kill(number)
        t.wait_echo(True)
        t.ends(-number)
        check(b"error" not in t.seen, lambda: "an error after a signal: %s" % t.seen)
        is_("files after %s" % signal.Signals(number).name, p.files(), before)
        # Between the two questions as well, and at one that is answered in sight.
        t = p.terminal("passwd", "shop.p12")
        answer(t, "Passphrase for", SECRET)
        t.expect("New passphrase for")
        t.wait_echo(False)
        if key:
            t.send(key)
        else:
            t.kill(number)
        t.wait_echo(True)
        t.ends(-number)
        is_("files after %s" % signal.Signals(number).name, p.files(), before)


def at_every_call(p):
    """A signal that comes between the prompt and its read is not lost, nor any other."""
    if not can_inject():
        skipped("a signal at every system call of a prompt", "strace is not installed or may not trace")
        return
    calls = "ioctl,rt_sigprocmask,rt_sigaction,signalfd4,poll,write,read,close"
    strace = ["strace", "-qq", "-o", "trace", "-e"]
    ask = [KSTOOL, "list", "shop.p12"]

    def talk(argv):
        t = Terminal(p, argv)
        while t.status is None and b"Passphrase for" not in t.seen and t.more():
            pass
        if t.status is None and b"Passphrase for" in t.seen:
            t.send(SECRET + "\n")
        return t

    t = talk(strace + ["trace=openat," + calls] + ask)
    t.ends(0)
    lines = p.read("trace").decode(errors="replace").split("\n")
    opened = [i for i, line in enumerate(lines) if '"/dev/tty"' in line][-1]
    last = [i for i, line in enumerate(lines) if line.startswith("close(")
            and i > opened and line.split("(")[1] == lines[opened].split("= ")[1] + ")"
            + line.partition(")")[2]][0]
    points = 0
    for name in calls.split(","):
        first, times = 1, 0
        for i, line in enumerate(lines):
            if line.startswith(name + "("):
                first += i <= opened
                times += opened < i <= last
        for n in range(first, first + times):
            for number in (signal.SIGINT, signal.SIGTERM):
                t = talk(strace + ["inject=%s:signal=%d:when=%d" % (name, number, n)] + ask)
                t.ends(-number)  # which looks whether echo is on
                points += 1
    check(points >= 20, "only %d points between the prompt and its end" % points)


def small_terminal(p):
    """A terminal that does not read UTF-8 gets ASCII, in questions as well."""
    os.rename(p.path("shop.p12"), p.path("l\u00e4den-\u5e97.p12"))
    store = r"l\\u\{e4\}den-\\u\{5e97\}\.p12"
    for name in ("\u5e97.p12", "\u5e97.jks"):
        p.ok("import", name, "shop.key", "shop-chain.pem", "--alias", "laden-\u00e4\u202e",
             "--create", "--pass", "file:pass")
    for env, want in (({"LC_ALL": "C"}, store), ({"LC_ALL": "C.UTF-8"}, "l\u00e4den-\u5e97\\.p12")):
        t = p.terminal("list", "l\u00e4den-\u5e97.p12", env=env)
        answer(t, "Passphrase for " + want, SECRET)
        t.ends(0)
        t = p.terminal("remove", "\u5e97.p12", "@1", "--pass", "file:pass", env=env)
        t.expect(r"Continue\? \[y/N\] ")
        t.send("n\n")
        t.ends(5)
        e = p.terminal("passwd", "\u5e97.jks", "@1", "--pass", "file:pass", env=env)
        e.expect('New passphrase for "laden-')
        e.wait_echo(False)
        e.send("\x03")
        e.ends(-signal.SIGINT)
        for seen in (t.seen, e.seen):
            check(b"\xe2\x80\xae" not in seen, "a question turns the writing around")
            if env["LC_ALL"] == "C":
                check(all(c < 0x80 for c in seen), lambda: "not ASCII in the C locale: %r" % seen)


def stopped(p):
    """Ctrl-Z at the prompt, then fg: it asks again, and still shows nothing."""
    shell = Terminal(p, ["sh", "-i"], env={"PS1": "ready> ", "ENV": ""})
    shell.expect("ready> ")
    shell.send("kstool list shop.p12; echo status=$?\n")
    shell.expect("Passphrase for")
    shell.wait_echo(False)
    shell.send("\x1a")
    shell.expect("ready> ")
    shell.wait_echo(True)
    shell.send("fg\n")
    shell.expect("Passphrase for")
    shell.wait_echo(False)
    shell.send(SECRET + "\n")
    shell.expect("shop.acme.test")
    shell.expect("ready> ")
    shell.send("stty -a | grep -ow -e -echo -e echo; exit\n")
    shell.expect(r"[^-]echo\r\n")
    shell.end()
    unseen(shell)


def questions(p):
    p.ok("import", "app.p12", "shop.key", "shop-chain.pem", "--create", "--pass", "file:pass")
    before = p.files()
    for said in ("n\n", "\n", "\x04", "yellow\n", "Y es\n"):
        t = p.terminal("remove", "app.p12", "shop.acme.test", "--pass", "file:pass")
        t.expect(r"Continue\? \[y/N\] ")
        t.wait_echo(True)
        t.send(said)
        t.ends(5)
        t.expect("declined")
        is_("files after %r" % said, p.files(), before)
    t = p.terminal("remove", "app.p12", "shop.acme.test", "--pass", "file:pass")
    t.expect(r"Continue\? \[y/N\] ")
    t.send("\x03")
    t.ends(-signal.SIGINT)
    is_("files after Ctrl-C", p.files(), before)
    for said in ("y\n", "Y\n", "yes\n"):
        t = p.terminal("remove", "app.p12", "shop.acme.test", "--pass", "file:pass")
        t.expect(r"Continue\? \[y/N\] ")
        t.send(said)
        t.ends(0)
        check(p.read("app.p12") != before["app.p12"], "yes, and nothing happened")
        p.write("app.p12", before["app.p12"])
    p.ok("remove", "app.p12", "shop.acme.test", "--pass", "file:pass", "--yes")
    p.write("app.p12", before["app.p12"])
    os.remove(p.path("app.p12.kstool-bak"))
    before = p.files()
    # A person may be there, and --no-input says that nobody is to be asked.
    t = p.terminal("remove", "app.p12", "shop.acme.test", "--pass", "file:pass", "--no-input")
    t.ends(5)
    t.expect("needs-replace")
    t = p.terminal("list", "shop.p12", "--no-input")
    t.ends(4)
    t.expect("passphrase-needed")
    is_("files after --no-input", p.files(), before)

    t = p.terminal("keygen", "dev.p12", "--create", "--new-pass", "file:pass")  # M9
    t.expect("Host name")
    t.send("dev.acme.test,127.0.0.1\n")
    t.ends(0)
    is_("names of the new key", p.ok("show", "dev.p12", "--pass", "file:pass", "--field", "sans").out,
        b"dev.acme.test, 127.0.0.1\n")
    t = p.terminal("keygen", "dev2.p12", "--create", "--new-pass", "file:pass")
    t.expect("Host name")
    t.send("\x04")
    t.ends(5)
    check(not os.path.exists(p.path("dev2.p12")), "a key without a name was made")


def typed_name(p):
    """What takes much back wants the name of the CA, not a y that fingers know by heart."""
    p.ok("ca", "init", "--name", "Acme CA", "--new-pass", "file:pass", "--kdf-cost", "low")
    for said in ("y\n", "yes\n", "Acme\n", "acme ca\n", "\n", "\x04"):
        t = p.terminal("ca", "revoke", "pki/ca.pem", "--pass", "file:pass")
        t.expect("Type the name of the CA to go on: ")
        t.wait_echo(True)
        t.send(said)
        t.ends(5)
        t.expect("declined")
        is_("rows after %r" % said, p.run("ca", "list", "--root", "--state", "revoked", "--plain").out, b"")
    t = p.terminal("ca", "revoke", "pki/ca.pem", "--pass", "file:pass")
    t.expect("Type the name of the CA to go on: ")
    t.send("Acme CA\n")
    t.ends(0)
    check(b"Acme CA" in p.ok("ca", "list", "--root", "--state", "revoked", "--plain").out, "the CA is not revoked")


def nobody(p):
    """Without a terminal nothing waits: status 4, and the option to add is named."""
    before = p.files()
    asks = (("list", "shop.p12"), ("show", "shop.p12"), ("export", "shop.p12", "--key"),
            ("convert", "shop.p12", "-o", "x.pem", "--plain-key"), ("passwd", "shop.p12"),
            ("import", "shop.p12", "api.key", "api.pem"), ("trust", "shop.p12", "root.pem"),
            ("create", "x.kst"), ("keygen", "x.key"))
    for args in asks:
        for how in ({}, {"stdin": None, "preexec_fn": lambda: os.close(0)}):
            r = p.run(*args, **how)
            is_("%s without a terminal: %s" % (args[0], r), r.code, 4)
            check(b"no terminal" in r.err and b"pass file:PATH" in r.err,
                  lambda: "%s does not name the option: %s" % (args[0], r))
            is_("%s: standard output" % args[0], r.out, b"")
        is_("%s: files" % args[0], p.files(), before)
    r = p.run("keygen", "x.p12", "--create", "--new-pass", "file:pass")
    is_("keygen without a host or a terminal: %s" % r, r.code, 2)
    check(b"--host" in r.err, "keygen does not name --host")
    r = p.run("list", "shop.p12", input=SECRET.encode() + b"\n")
    is_("a passphrase that was not asked for, on standard input: %s" % r, r.code, 4)
    p.ok("list", "shop.p12", "--pass", "stdin", input=SECRET.encode() + b"\n")


def main():
    for test in (never_shown, three_tries, new_passphrase, signals, at_every_call, stopped,
                 small_terminal, questions, typed_name, nobody):
        with Place() as p:
            test(p)
    done("prompts")


main()
