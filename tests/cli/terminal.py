# SPDX-License-Identifier: ISC
"""terminal.py - pipes that close and colours: what reaches a person or a script, stream by stream"""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.getcwd(), "tests", "lib"))
from command import *  # noqa: E402,F403

ESC = b"\x1b["


def closed_pipe(p):
    """`kstool list big.pem | head -1`: the end of the reader is nothing to talk about."""
    p.write("big.pem", p.read("root.pem") * 2000)
    r = p.start("list", "big.pem")
    r.stdout.readline()
    r.stdout.close()
    err = r.stderr.read()
    r.stderr.close()
    is_("status when the reader has gone", r.wait(PATIENCE), -signal.SIGPIPE)
    is_("standard error when the reader has gone", err, b"")


def closed_output(p):
    r = p.run("list", "root.pem", stdout=None, preexec_fn=lambda: os.close(1))
    is_("standard output closed: %s" % r, r.code, 8)
    check(r.err.startswith(b"kstool: error: "), "an answer that nobody gets is no error: %s" % r)


def coloured(p, args, env, options):
    """Which of the two streams of a command have colour: (standard output, standard error)."""
    r = p.run(*args, *options, env=env)
    return ESC in r.out, ESC in r.err


def no_terminal(p):
    """A flag beats the environment, NO_COLOR beats CLICOLOR_FORCE; nothing else colours a file."""
    no, force, dumb = {"NO_COLOR": "1"}, {"CLICOLOR_FORCE": "1"}, {"TERM": "dumb"}
    rows = (({}, (), False), (force, (), True), ({"CLICOLOR_FORCE": "0"}, (), False),
            ({**force, "NO_COLOR": ""}, (), True), ({**force, **no}, (), False),
            ({**force, **dumb}, (), True),
            (force, ("--color", "never"), False), (force, ("--color=never",), False),
            ({**no, **dumb}, ("--color", "always"), True), (force, ("--color", "auto"), True))
    for env, options, want in rows:
        name = "%s %s" % (env, " ".join(options))
        is_("an answer, " + name, coloured(p, ("list", "root.pem"), env, options), (want, False))
        # no such file; no such option, before and behind the flag; no such command
        is_("an error, " + name, coloured(p, ("list", "none.pem"), env, options), (False, want))
        for bad in (("list", "--nosuch"), ("nosuch",)):
            is_("%s, %s" % (bad[-1], name), coloured(p, bad, env, options), (False, want))
            is_("%s behind %s" % (bad[-1], name), coloured(p, (), env, (*options, *bad)),
                (False, want))
    for form in ("--json", "--plain"):
        is_(form + " with --color always",
            coloured(p, ("list", "root.pem"), force, (form, "--color", "always"))[0], False)
        is_(form + ", an error with --color always",
            coloured(p, ("list", "none.pem"), force, (form, "--color", "always")), (False, False))


def at_a_terminal(p):
    """Each stream is looked at alone."""
    for env, options, want in (({}, (), True), ({"NO_COLOR": "1"}, (), False),
                               ({"NO_COLOR": ""}, (), True), ({"TERM": "dumb"}, (), False),
                               ({}, ("--color", "never"), False)):
        for args in (("list", "root.pem"), ("list", "none.pem"), ("list", "--nosuch")):
            t = p.terminal(*options, *args, env=env)
            t.end()
            is_("%s %s at a terminal" % (env, t.name), ESC in t.seen, want)
    t = p.terminal("list", "root.pem", "none.pem", stdout=p.path("answer"))
    t.end()
    check(ESC in t.seen, "an error at a terminal has no colour because the answer is in a file")
    check(ESC not in p.read("answer"), "an answer in a file is coloured as its terminal is")
    for form in ("--json", "--plain"):
        t = p.terminal("list", "root.pem", form)
        t.ends(0)
        check(ESC not in t.seen, form + " is coloured")


def pager(p):
    """cli.md 4.2: for `help` and `show --full` alone, on a terminal that they do not fit."""
    paged, other = {"PAGER": "sed s/^/paged:/"}, {"PAGER": "sed s/^/paged:/", "KSTOOL_PAGER": "cat"}
    full = ("show", "--full", "shop-chain.pem")
    rows = ((("help", "keygen"), paged, True), (("keygen", "--help"), paged, True), (full, paged, True),
            (("help", "keygen"), {"KSTOOL_PAGER": "sed s/^/paged:/", "PAGER": "false"}, True),
            (("help", "keygen"), other, False), (("help", "keygen"), {"PAGER": ""}, False),
            (("help", "keygen"), {**paged, "TERM": "dumb"}, False),
            (("help", "keygen", "--no-pager"), paged, False), ((*full, "--no-pager"), paged, False),
            (("help", "keygen", "--json"), paged, False), ((*full, "--json"), paged, False),
            (("list", "many.pem"), paged, False), (("show", "many.pem"), paged, False),
            (("show", "--short", "shop-chain.pem"), paged, False), (("version",), paged, False))
    p.write("many.pem", p.read("root.pem") * 40)
    for args, env, want in rows:
        t = p.terminal(*args, env=env)
        t.ends(0)
        is_("%s with %s: paged" % (t.name, env), b"paged:" in t.seen, want)
        check(len(t.seen) > 40, lambda: "%s shows nothing: %r" % (t.name, t.seen))
    t = p.terminal("help", "keygen", env=paged, stdout=p.path("answer"))  # standard output elsewhere
    t.ends(0)
    check(b"paged:" not in t.seen + p.read("answer"), "a pager for a file")
    is_("a pager in a pipe", b"paged:" in p.ok("help", "keygen", env=paged).out, False)
    # A pager that is not there, one that is left at once, one that ends badly: no error of kstool's.
    whole = p.terminal("help", "keygen", "--no-pager")
    whole.ends(0)
    t = p.terminal("help", "keygen", env={"PAGER": "/nonexistent/pager 2>/dev/null"})
    t.ends(0)
    is_("without the pager", t.seen, whole.seen)
    for program in ("head -1", "sh -c 'read line; exit 3'"):
        t = p.terminal("help", "keygen", env={"PAGER": program})
        t.ends(0)
        check(b"error" not in t.seen, lambda: "%s: %s" % (program, t.seen))
    # Ctrl-C is the pager's: nobody else reads the terminal while it lives.
    t = p.terminal("help", "keygen", env={
        "PAGER": "trap 'echo interrupted' INT; echo reading; read line </dev/tty; echo got $line"})
    t.expect("reading")
    t.send("\x03")
    t.expect("interrupted|got")
    t.send("enough\n")
    t.expect("got")
    t.ends(0)


def main():
    for test in (closed_pipe, closed_output, no_terminal, at_a_terminal, pager):
        with Place() as p:
            test(p)
    done("terminal")


main()
