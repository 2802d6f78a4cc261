# SPDX-License-Identifier: ISC
"""completion.py - what TAB offers: asked of the binary, and typed into bash, zsh and fish

Names of a real store without a passphrase; never a prompt, a terminal, a network, another program
or a file of secrets; and fast.
"""
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.getcwd(), "tests", "lib"))
from command import *  # noqa: E402,F403

AWKWARD = ["my ca (prod)", "a=b", "c:d", 'say "hi"', "it's", "$HOME", "back\\slash", "k\u00e4se"]


def offered(p, *words):
    """What the binary offers: {value: description}, and the last line."""
    lines = p.ok("__complete", "--", *words).out.decode().splitlines()
    check(lines and lines[-1] in (":none", ":file", ":dir") or lines[-1].startswith(":file="),
          "%s: no last line: %s" % (words, lines))
    return dict((line + "\t").split("\t")[:2] for line in lines[:-1]), lines[-1]


def values(p, *words):
    return sorted(offered(p, *words)[0])


# ---- the binary ----

def words_(p):
    doc = json.loads(p.ok("help", "--json").out)
    verbs = sorted({c["name"].split()[0] for c in doc["commands"]})
    is_("commands", values(p, ""), verbs)
    is_("verbs of a noun", values(p, "slot", ""), ["add", "list", "remove"])
    is_("one verb", values(p, "li")[:1], [v for v in verbs if v.startswith("li")][:1])
    is_("an unknown command", offered(p, "frobnicate", ""), ({}, ":none"))
    is_("an option that does not exist", offered(p, "list", "--bogus", "")[1], ":file")
    for c in doc["commands"]:
        name = c["name"].split()
        help_ = json.loads(p.ok("help", *name, "--json").out)
        want = {"--" + o["name"] for o in help_["options"]}
        got = set(values(p, *name, "--"))
        check(want <= got, lambda: "%s: %s is not offered" % (c["name"], want - got))
        check("--json" in got, "%s: no --json" % c["name"])
        plan = {"--dry-run", "--check"} & got
        check(plan in (set(), {"--dry-run", "--check"}), "%s offers %s" % (c["name"], plan))
        r = p.run(*name, "x", "x", "--check")  # what is offered is taken, what is not is refused
        refused = b"changes nothing that could be left undone" in r.err
        check(refused == (not plan), lambda: "%s --check: offered %s, %s" % (c["name"], plan, r))
        for o in help_["options"]:
            choices = set(o.get("choices") or [])
            if choices:
                flag = "--" + o["name"]
                check(choices <= set(values(p, *name, flag, "")), "%s %s" % (c["name"], flag))
                check({flag + "=" + v for v in choices} <= set(values(p, *name, flag + "=")),
                      "%s %s=" % (c["name"], flag))
    check("rsa:3072" in values(p, "keygen", "a.p12", "--alg", "rsa"), "--alg rsa: nothing")
    is_("a list", values(p, "list", "a.p12", "--state", "ok,e"), ["ok,expired"])
    is_("of the passphrase", values(p, "list", "a.p12", "--pass", ""),
        ["env:", "fd:", "file:", "none", "prompt", "stdin"])
    check("gen:" in values(p, "passwd", "a.p12", "--new-pass", ""), "--new-pass: no gen:")
    is_("files behind file:", values(p, "list", "a.p12", "--pass", "file:pas"),
        ["file:pass", "file:pass2"])
    is_("variables behind env:", values(p, "list", "a.p12", "--pass", "env:KSTOOL_S"),
        ["env:KSTOOL_SIGNERS"])
    check("wrong-passphrase" in values(p, "help", "wrong"), "no errors behind help")
    check("exit-codes" in values(p, "help", "exit"), "no topics behind help")
    is_("sources are files", offered(p, "list", "")[1], ":file")
    is_("the shells", values(p, "completion", ""), ["bash", "fish", "zsh"])
    is_("behind -- no options", offered(p, "list", "--", "--j"), ({}, ":file"))


def entries(p):
    """Names without a passphrase, as far as anybody can see them."""
    for store in ("app.p12", "sealed-certs.p12", "app.kst", "app.pem"):
        is_("keys of " + store, [v for v in values(p, "export", store, "") if v == "shop"], ["shop"])
    check("acme-root-ca" in values(p, "show", "app.kst", ""), "no CA of a native store")
    check("acme-root-ca" in values(p, "show", "open.p12", ""), "no CA of a PKCS#12 in the clear")
    check("acme-root-ca" in values(p, "show", "changeit.p12", ""), "changeit is not tried")
    is_("CAs of a locked PKCS#12", values(p, "show", "locked-ts.p12", ""), [])
    is_("names of a sealed store", values(p, "show", "sealed.kst", ""), [])
    got, _ = offered(p, "remove", "app.kst", "")
    check("private-key" in got["shop"] and "Acme Root CA" in got["acme-root-ca"],
          "descriptions: %s" % got)
    for alias in AWKWARD:
        check(alias in values(p, "show", "odd.kst", alias[:2]), "%r is not offered" % alias)
    is_("a name that a terminal would obey", [v for v in values(p, "show", "evil.kst", "")
                                            if "\x1b" in v], [])
    is_("slots", values(p, "slot", "remove", "app.kst", ""), ["0", "1", "ops"])
    is_("no store", offered(p, "show", "nothing.p12", ""), ({}, ":none"))
    is_("a directory", offered(p, "show", ".", ""), ({}, ":none"))
    is_("standard input", offered(p, "show", "-", "")[0], {})
    is_("of two files the second", offered(p, "show", "shop.pem", "")[1], ":file")
    is_("of a loose file the one to export", values(p, "export", "app.pem", "sh"), ["shop"])
    is_("of the source", values(p, "import", "new.kst", "app.kst", "--entry", "a"),
        ["acme-root-ca", "api"])
    is_("a new name", values(p, "rename", "app.kst", "shop", ""), [])
    os.mkfifo(p.path("fifo"))
    is_("a pipe", offered(p, "show", "fifo", "")[0], {})
    if have("keytool"):
        subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "root", "-file",
                        "root.pem", "-keystore", "j.jks", "-storetype", "JKS", "-storepass:file",
                        "pass"], cwd=p.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if b"JKS" in p.ok("version").out:
            is_("names of a JKS", values(p, "show", "j.jks", ""), ["root"])
        else:
            print("waits: aliases of a JKS, for the format")


def only_looks(p):
    """No terminal, no network, no other program, no secret; and within its time."""
    lines = [("",), ("list", "--"), ("show", "app.p12", ""), ("show", "app.kst", ""),
             ("show", "locked-ts.p12", "", ), ("list", "app.p12", "--pass", "file:"),
             ("list", "app.p12", "--pass", "file:pass", "--match", ""),
             ("show", "app.p12", "--pass", "file:pass", ""), ("help", ""),
             ("slot", "remove", "app.kst", "--key-file", "ops.key", "")]
    if not have("strace") or subprocess.run(["strace", "-o", "/dev/null", "true"],
                                            stderr=subprocess.DEVNULL).returncode:
        skipped("what it opens", "strace is not installed or may not trace")
    else:
        for line in lines:
            p.ok("-f", "-o", "trace", "-e", "trace=%file,%network,%process", KSTOOL,
                 "__complete", "--", *line, program="strace")
            trace = p.read("trace").decode()
            check("execve" in trace, "nothing was traced")
            check(len(re.findall(r"\bexecve(at)?\(", trace)) == 1, "%s: another program" % (line,))
            trace = re.sub(r".*\bexecve\(.*", "", trace)  # its own words
            for no in ("/dev/tty", "socket(", "connect(", "fork(", '"pass"', '"pass2"', "ops.key",
                       "no-signers"):
                check(no not in trace, lambda: "%s: %s:\n%s" % (line, no, trace))
        # A machine that is slow by the clock, and not by the work: the names come all the same.
        slow = p.ok("-qq", "-o", "/dev/null", "-e", "inject=newfstatat,fstat,read,pread64:delay_enter=30000",
                    KSTOOL, "__complete", "--", "show", "app.p12", "", program="strace")
        is_("on a busy machine", slow.out, p.ok("__complete", "--", "show", "app.p12", "").out)
        check(slow.out.count(b"\n") > 1, "nothing to compare: %s" % slow)
    # With an answer for nobody on standard input, and without a terminal: it never waits.
    r = p.run("__complete", "--", "show", "locked-ts.p12", "", input=b"secret-pass\n")
    is_("it does not ask: %s" % r, (r.code, r.out), (0, b":none\n"))
    cost, wall = [], []
    for line in lines:
        before, start = os.times(), time.monotonic()
        for _ in range(4):
            p.ok("__complete", "--", *line)
        now = os.times()
        wall.append((time.monotonic() - start) / 4)
        cost.append((now.children_user + now.children_system - before.children_user
                     - before.children_system) / 4)
        check(cost[-1] < 0.05, "%s costs %.0f ms" % (line, cost[-1] * 1000))
    # A file that costs too much: the alarm ends it.
    p.write("big.pem", p.read("bundle.pem") * 1400)
    start = time.monotonic()
    r = p.ok("__complete", "--", "show", "big.pem", "")
    check(r.out.endswith(b":none\n") or r.out.endswith(b":file\n"), lambda: "the alarm: %s" % r)
    print("completion: %.1f ms of work on average and %.1f at most, %.1f ms by the clock; a PEM of "
          "%.1f MiB ended after %.0f ms" % (
              1000 * sum(cost) / len(cost), 1000 * max(cost), 1000 * sum(wall) / len(wall),
              os.path.getsize(p.path("big.pem")) / 1048576, 1000 * (time.monotonic() - start)))


# ---- the shells, typed into ----

class Shell:
    """A shell at a terminal, with our adapter; type() gives the command line that TAB made of it."""

    def __init__(self, p):
        self.p = p
        self.t = Terminal(p, self.argv, env=self.env)
        for line in self.setup:
            self.t.send(line + "\n")
        self.t.send("echo rea''dy\n")
        self.t.expect("\nready")

    def type(self, text, key="\t"):
        out = self.p.path("line")
        if os.path.exists(out):
            os.remove(out)
        self.t.send(text)
        self.t.send(key)
        self.t.send("\x1d")  # Ctrl-]: writes the line as it is now
        until = time.monotonic() + PATIENCE
        while not (os.path.exists(out) and self.p.read("line").endswith(b"\n.\n")):
            self.t._read(time.monotonic() + 0.05)
            if time.monotonic() > until:
                fail("%s: no line for %r:\n%s" % (self.name, text,
                                                  self.t.seen.decode(errors="replace")[-2000:]))
        self.t.send("\x15")  # Ctrl-U
        return self.p.read("line")[:-3].decode()

    def again(self, text, key="\t"):
        """As type(), but what the alarm left as it was on a busy machine is typed again."""
        for _ in range(10):
            line = self.type(text, key)
            if line != text:
                break
        return line

    def gives(self, text, want):
        is_("%s: %r TAB" % (self.name, text),
            self.type(text) if text == want else self.again(text), want)

    def round(self, store, alias, start):
        """What was completed is, for the shell, that very alias."""
        line = self.again("kstool show %s %s" % (store, start))
        self.t.send(line.replace("kstool show", "printf '<%s>\\n'", 1) + " > said\n")
        self.t.send("echo writ''ten\n")
        self.t.expect("\nwritten")
        self.t.expect("> ")
        is_("%s: %r" % (self.name, line), self.p.read("said").decode().splitlines()[-1],
            "<%s>" % alias)

    def end(self):
        self.t.send("\x15exit\n")
        self.t.end()
        check(b"Passphrase" not in self.t.seen, "%s: TAB asked for a passphrase" % self.name)


class Bash(Shell):
    name = "bash"
    argv = ["bash", "--norc", "--noprofile", "-i"]
    env = {"PS1": "> ", "INPUTRC": "/dev/null", "HISTFILE": ""}
    setup = ["bind 'set bell-style none'; bind 'set enable-bracketed-paste off'",
             "bind 'set show-all-if-ambiguous off'",
             "dump() { printf '%s\\n.\\n' \"$READLINE_LINE\" > line; }",
             "bind -x '\"\\C-]\": dump'", "bind '\"\\C-t\": insert-completions'",
             "source <(kstool completion bash)"]

    def all(self, text):
        return self.again(text, "\x14")


class Zsh(Shell):
    name = "zsh"
    argv = ["zsh", "-f", "-i"]
    env = {"PS1": "> ", "ZDOTDIR": "."}
    setup = ["unsetopt beep prompt_sp prompt_cr; PS1='> '; bindkey -e",
             "autoload -Uz compinit; compinit -D -u",
             "dump() { print -rn -- \"$BUFFER\"$'\\n.\\n' > line }; zle -N dump",
             "bindkey '^]' dump",
             "zle -C all complete-word _generic; bindkey '^T' all",
             "zstyle ':completion:all:*' insert yes",
             "zstyle ':completion:all::::' completer _all_matches _complete",
             "eval \"$(kstool completion zsh)\""]

    def all(self, text):
        return self.again(text, "\x14")


class Fish(Shell):
    name = "fish"
    argv = ["fish", "--no-config", "-i"]
    env = {"TERM": "dumb", "HOME": ".", "XDG_CONFIG_HOME": "xdg", "XDG_DATA_HOME": "xdg"}
    setup = ["function fish_prompt; echo -n '> '; end; set -g fish_autosuggestion_enabled 0",
             "function dump; begin; commandline; echo .; end > line; end; bind \\c] dump",
             "kstool completion fish | source"]
    all = None  # it shows a menu; fish_tells() asks for what would be in it


def typed(p, shell):
    if not have(shell.argv[0]):
        skipped(shell.name, "not installed")
        return
    s = shell(p)
    s.gives("kstool chec", "kstool check ")
    s.gives("kstool list app.p12 --js", "kstool list app.p12 --json ")
    s.gives("kstool slot re", "kstool slot remove ")
    s.gives("kstool show app.p12 sh", "kstool show app.p12 shop ")
    s.gives("kstool show sealed-certs.p12 ", "kstool show sealed-certs.p12 shop ")
    s.gives("kstool show app.kst acme-r", "kstool show app.kst acme-root-ca ")
    s.gives("kstool list app.p12 --state exp", "kstool list app.p12 --state expired ")
    s.gives("kstool list app.p12 --state=exp", "kstool list app.p12 --state=expired ")
    s.gives("kstool list app.p12 --pass fi", "kstool list app.p12 --pass file:")
    s.gives("kstool list app.p12 --pass=fi", "kstool list app.p12 --pass=file:")
    s.gives("kstool list app.p12 --pass file:pass2", "kstool list app.p12 --pass file:pass2 ")
    s.gives("kstool list app.p12 --pass file:only-o", "kstool list app.p12 --pass file:only-one ")
    s.gives("kstool list app.p12 --pass=file:only-o", "kstool list app.p12 --pass=file:only-one ")
    s.gives("kstool list app.p12 --pass env:KSTOOL_S",
            "kstool list app.p12 --pass env:KSTOOL_SIGNERS ")
    s.gives("kstool keygen a.p12 --alg rsa-", "kstool keygen a.p12 --alg rsa-pss:3072 ")
    s.gives("kstool keygen a.p12 --alg rsa:4", "kstool keygen a.p12 --alg rsa:4096 ")
    s.gives("kstool help wrong-pa", "kstool help wrong-passphrase ")
    s.gives("kstool list only-o", "kstool list only-one ")
    s.gives("kstool show 'with bl", "kstool show 'with blank.p12' ")
    s.gives("kstool frobnicate ", "kstool frobnicate ")
    s.gives("kstool show locked-ts.p12 ", "kstool show locked-ts.p12 ")
    for alias in AWKWARD:
        s.round("odd.kst", alias, {"my ca (prod)": "my", "k\u00e4se": "k", "back\\slash": "ba",
                                   "$HOME": "'$H" if shell is Zsh else "\\$H", "it's": "it",
                                   'say "hi"': "say"}.get(alias, alias[:2]))
    if s.all is None:
        s.end()
        return
    line = s.all("kstool show app.kst ")
    for alias in ("shop", "api", "acme-root-ca"):
        check(alias in line.split(), "%s: all of a store: %r" % (s.name, line))
    line = s.all("kstool list app.p12 --pass ")
    for word in ("file:", "fd:", "stdin", "env:", "none", "prompt"):
        check(word in line.split(), "%s: all of --pass: %r" % (s.name, line))
    s.end()


def fish_tells(p):
    """What fish would offer: a value and its description."""
    if not have("fish"):
        skipped("fish", "not installed")
        return
    p.write("kstool.fish", p.ok("completion", "fish").out)
    env = {"HOME": p.dir, "XDG_CONFIG_HOME": p.dir, "XDG_DATA_HOME": p.dir}

    def offers(line):
        r = p.run("--no-config", "-c", "source kstool.fish; complete -C \"$argv\"", "--", line,
                  program="fish", env=env)
        check(r.code == 0 and not r.err, lambda: "fish: %s: %s" % (line, r))
        return dict((x + "\t").split("\t")[:2] for x in r.out.decode().splitlines())

    check(set(offers("kstool chec")) == {"check"}, "fish: check")
    check(offers("kstool chec")["check"], "fish: no description")
    check("--json" in offers("kstool list app.p12 --js"), "fish: --json")
    is_("fish: keys of a locked store", list(offers("kstool show sealed-certs.p12 ")), ["shop"])
    check("acme-root-ca" in offers("kstool show app.kst ac"), "fish: a CA")
    check("Acme Root CA" in offers("kstool show app.kst ac")["acme-root-ca"], "fish: its name")
    is_("fish: file:", list(offers("kstool list app.p12 --pass fi")), ["file:"])
    is_("fish: behind file:", list(offers("kstool list app.p12 --pass file:only-o")),
        ["file:only-one"])
    is_("fish: behind =file:", list(offers("kstool list app.p12 --pass=file:only-o")),
        ["--pass=file:only-one"])
    is_("fish: a value", list(offers("kstool keygen a.p12 --alg rsa:4")), ["rsa:4096"])
    is_("fish: an error", list(offers("kstool help wrong-pa")), ["wrong-passphrase"])
    is_("fish: a file", list(offers("kstool list only-o")), ["only-one"])
    is_("fish: a locked truststore", offers("kstool show locked-ts.p12 "), {})
    for alias in AWKWARD:
        check(alias in offers("kstool show odd.kst "), "fish: %r is not offered" % alias)


def stores(p):
    key = ("--new-key-file", "ops.key")
    new = ("--new-pass=file:pass", "--iterations", "1000")
    p.ok("import", "app.p12", "shop.key", "shop-chain.pem", "--create", "--alias", "shop", *new)
    p.openssl("pkcs12", "-export", "-inkey", "shop.key", "-in", "shop.pem", "-name", "shop", "-out",
              "sealed-certs.p12", "-passout", "file:pass")
    p.ok("create", "app.kst", "--new-pass=file:pass", "--kdf-cost", "low")
    p.ok("slot", "add", "app.kst", "--pass=file:pass", "--label", "ops", "--role", "admin", *key)
    for name in ("shop", "api"):
        p.ok("import", "app.kst", name + ".key", name + ".pem", "--alias", name, "--key-file",
             "ops.key")
    p.ok("trust", "app.kst", "root.pem", "--key-file", "ops.key")
    p.ok("convert", "shop.key", "shop-chain.pem", "-o", "app.pem", "--alias", "shop", "--plain-key")
    p.ok("trust", "locked-ts.p12", "root.pem", "--create", *new)
    p.ok("trust", "open.p12", "root.pem", "--create", "--new-pass", "none")
    p.write("changeit", "changeit\n")
    p.ok("trust", "changeit.p12", "root.pem", "--create", "--new-pass=file:changeit",
         "--iterations", "1000")
    p.ok("create", "sealed.kst", "--sealed", "--new-key-file", "sealed.key")
    p.ok("trust", "sealed.kst", "root.pem", "--key-file", "sealed.key")
    p.ok("create", "odd.kst", "--new-key-file", "odd.key")
    for i, alias in enumerate(AWKWARD):
        p.ok("keygen", "odd.kst", "--alias", alias, "--host", "h%d.test" % i, "--key-file",
             "odd.key")
    p.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
              "-keyout", "evil.key", "-out", "evil.pem", "-utf8", "-subj", "/CN=e\x1b[31mvil")
    p.ok("create", "evil.kst", "--new-key-file", "evil.kf")
    p.ok("import", "evil.kst", "evil.key", "evil.pem", "--alias", "plain", "--key-file", "evil.kf")
    p.write("only-one", "x\n")
    p.write("with blank.p12", p.read("app.p12"))


def main():
    with Place() as p:
        stores(p)
        words_(p)
        entries(p)
        only_looks(p)
        typed(p, Bash)
        typed(p, Zsh)
        typed(p, Fish)
        fish_tells(p)
    for name in ("kstool.bash", "_kstool", "kstool.fish"):
        with open("completions/" + name) as f:
            check(len(f.read().splitlines()) <= 25, "completions/%s has more than 25 lines" % name)
    done("completion")


main()
