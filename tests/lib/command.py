# SPDX-License-Identifier: ISC
"""command.py - kstool as a script runs it, and as a person at a terminal does

    with Place() as p:              a directory of its own with the fixtures in it
        r = p.run("list", "a.p12")  without a terminal: r.code, r.out, r.err
        t = p.terminal("list", "a.p12")
        t.expect("Passphrase"); t.send("secret\\n"); t.end()

Every check is counted; the first one that does not hold ends the script.
"""
import atexit
import functools
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

KSTOOL = os.path.abspath(os.environ.get("KSTOOL", "build/kstool"))
FIXTURES = os.path.abspath(os.environ.get("FIXTURES", "build/fixtures"))
TREE = os.getcwd()
PATIENCE = float(os.environ.get("PATIENCE", 60))  # seconds; a busy machine is no failure, a hang is

checks = 0

# A job in the background, or one that nohup began, is started with these ignored, and so would be what it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def fail(what):
    print("FAIL: " + what, file=sys.stderr)
    sys.exit(1)


def check(true, what):
    global checks
    if not true:
        fail(what() if callable(what) else what)
    checks += 1


def is_(what, got, want):
    check(got == want, lambda: "%s: got %r, expected %r" % (what, got, want))


@functools.lru_cache(maxsize=None)
def reachable():
    """The program where every user finds it: the tree may lie below a home that is closed to others"""
    where = tempfile.mkdtemp(prefix="kstool-bin.")
    atexit.register(shutil.rmtree, where, ignore_errors=True)
    os.chmod(where, 0o755)
    return shutil.copy(KSTOOL, where)


def skipped(what, why):
    print("skipped: %s: %s" % (what, why))


def done(name, more=""):
    print("%s: %d checks passed%s" % (name, checks, more))


def have(program):
    return shutil.which(program) is not None


def can_inject():
    """Is there an strace that may send signals and delay calls?"""
    return have("strace") and not subprocess.run(
        ["strace", "-qq", "-o", "/dev/null", "-e", "inject=fsync:signal=INT", "true"],
        stderr=subprocess.DEVNULL).returncode


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return "exit %s\n--- stdout\n%s\n--- stderr\n%s" % (
            self.code, self.out.decode(errors="replace"), self.err.decode(errors="replace"))


class Place:
    """A directory that holds a copy of the fixtures, and what kstool sees of the world."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="kstool-test.")
        self.env = {
            "PATH": os.path.dirname(KSTOOL) + ":" + os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": self.dir + "/home", "KSTOOL_SIGNERS": self.dir + "/no-signers",
            "LC_ALL": "C.UTF-8", "TERM": "xterm", "TMPDIR": self.dir,
        }
        for name in os.environ:  # of the sanitizers
            if name.endswith("SAN_OPTIONS"):
                self.env[name] = os.environ[name]
        for name in os.listdir(FIXTURES):
            shutil.copy2(os.path.join(FIXTURES, name), self.dir)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def write(self, name, data, mode=0o600):
        with open(self.path(name), "wb") as f:
            f.write(data.encode() if isinstance(data, str) else data)
        os.chmod(self.path(name), mode)

    def files(self):
        """Every file below, with its bytes: what a failed command must leave as it was."""
        seen = {}
        for top, _, names in os.walk(self.dir):
            for name in names:
                path = os.path.join(top, name)
                if os.path.isfile(path):
                    with open(path, "rb") as f:
                        seen[os.path.relpath(path, self.dir)] = f.read()
        return seen

    def start(self, *args, program=KSTOOL, env=None, **how):
        how.setdefault("stdin", subprocess.DEVNULL)
        how.setdefault("stdout", subprocess.PIPE)
        how.setdefault("stderr", subprocess.PIPE)
        how.setdefault("cwd", self.dir)
        return subprocess.Popen([program, *args], env={**self.env, **(env or {})},
                                start_new_session=True, **how)  # no terminal

    def run(self, *args, input=None, **how):
        if input is not None:
            how["stdin"] = subprocess.PIPE
        p = self.start(*args, **how)
        try:
            out, err = p.communicate(input, PATIENCE)
        except subprocess.TimeoutExpired:
            p.kill()
            fail("kstool %s hangs" % " ".join(args))
        return Result(p.returncode, out or b"", err or b"")

    def ok(self, *args, **how):
        r = self.run(*args, **how)
        check(r.code == 0, lambda: "kstool %s: %s" % (" ".join(args), r))
        return r

    def terminal(self, *args, **how):
        return Terminal(self, [KSTOOL, *args], **how)

    def openssl(self, *args):
        return subprocess.run(["openssl", *args], cwd=self.dir, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Terminal:
    """A program on a terminal of its own; `stdin` and `stdout` may be somewhere else."""

    def __init__(self, place, argv, stdin=None, stdout=None, env=None):
        self.name = " ".join(os.path.basename(a) if i == 0 else a for i, a in enumerate(argv))
        self.seen = b""   # everything that the person saw
        self.at = 0       # how far expect() has looked
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(place.dir)
                if stdin is not None:
                    os.dup2(os.open(stdin, os.O_RDONLY), 0)
                if stdout is not None:
                    os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
                os.execvpe(argv[0], argv, {**place.env, **(env or {})})
            finally:
                os._exit(127)

    def _read(self, until):
        """More of what is shown; False at the end, or when `until` has passed."""
        ready, _, _ = select.select([self.fd], [], [], max(0, until - time.monotonic()))
        if not ready:
            return False
        try:
            more = os.read(self.fd, 65536)
        except OSError:  # EIO: the other side has gone
            return False
        self.seen += more
        return bool(more)

    def more(self):
        """Wait for something to be shown; False when the program has ended."""
        return self._read(time.monotonic() + PATIENCE)

    def expect(self, pattern):
        until = time.monotonic() + PATIENCE
        rx = re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
        while True:
            m = rx.search(self.seen, self.at)
            if m:
                self.at = m.end()
                check(True, "")
                return m
            if not self._read(until):
                fail("%s: no %r in what the terminal shows:\n%s" % (
                    self.name, pattern, self.seen.decode(errors="replace")))

    def send(self, text):
        os.write(self.fd, text.encode() if isinstance(text, str) else text)

    def echo(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def wait_echo(self, want):
        """The prompt is written before or after echo goes off; both in an instant."""
        until = time.monotonic() + PATIENCE
        while self.echo() != want:
            if time.monotonic() > until:
                fail("%s: echo is %s:\n%s" % (self.name, "on" if self.echo() else "off", self.seen.decode(errors="replace")))
            time.sleep(0.005)
        check(True, "")

    def kill(self, number):
        os.kill(self.pid, number)

    def end(self):
        """Read to the end; the exit status, negative for a signal."""
        if self.status is not None:
            return self.status
        until = time.monotonic() + PATIENCE
        while self._read(until):
            pass
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
                fail("%s: still there:\n%s" % (self.name, self.seen.decode(errors="replace")))
            time.sleep(0.005)
        self.status = (os.WEXITSTATUS(status) if os.WIFEXITED(status)
                       else -os.WTERMSIG(status))
        check(self.echo(), lambda: "%s: the terminal shows nothing any more" % self.name)
        os.close(self.fd)
        return self.status

    def ends(self, status):
        is_("%s: status (%s)" % (self.name, self.seen.decode(errors="replace")),
            self.end(), status)
