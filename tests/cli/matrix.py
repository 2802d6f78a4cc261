# SPDX-License-Identifier: ISC
"""matrix.py - every command in every trouble, as text and as JSON

Exit status by its one table, nothing on standard output where there is no answer, one JSON document
always, a file that is as it was after every failure, and no file left behind.  A command without a
row fails the test.
"""
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.getcwd(), "tests", "lib"))
from command import *  # noqa: E402,F403

try:
    import schema
    validators = schema.validators(schema.load("src/schema"))
except (ImportError, AttributeError):
    schema = None

PASS = "--pass=file:pass"  # and few iterations, and key files: the derivations are not what is looked at
CHEAP = ("--iterations", "1000")


def words(text):
    return tuple(text.split())


class Row:
    """One command.  `ok` ends with 0 and `no` with 1; `input` gets a file name in the place of FILE;
    `locked` needs a passphrase that is not on the line; a string is the reason why there is none.
    `gone` names something that does not exist (6).  `writes`: `ok` makes or changes a file."""

    def __init__(self, ok, no, value, input, locked, gone=None, writes=False, missing=3, waits=False):
        self.missing = missing  # where FILE does not exist; 5: it could be made
        self.waits = waits      # `ok` ends when somebody has come
        self.ok, self.writes, self.no, self.value = words(ok), writes, no, value
        self.input, self.locked, self.gone = input, locked, gone


with socket.create_server(("127.0.0.1", 0)) as any_port:
    SERVER = "127.0.0.1:%d" % any_port.getsockname()[1]
LOOKS = "looking has no other answer"
PLAN = "--check"
NO_FILE = "it reads no file"
OPEN = "it needs no secret"
NO_VALUE = "it has no option with a value of its own"
ROWS = {
    "list": Row("list app.p12 " + PASS, "list app.p12 --match zzz " + PASS, "--sort colour",
                "list FILE", "list app.p12"),
    "show": Row("show app.p12 " + PASS, LOOKS, "--field colour", "show FILE", "show app.p12",
                "show app.p12 nobody " + PASS),
    "verify": Row("verify app.p12 --trust root.pem " + PASS, "verify app.p12 --trust api.pem " + PASS, "--policy lax",
                  "verify FILE --trust root.pem", "verify app.p12 --trust root.pem", "verify app.p12 nobody --trust root.pem " + PASS),
    "diff": Row("diff app.p12 app.p12 " + PASS, "diff app.p12 api.pem " + PASS, "--starttls gopher", "diff FILE app.kst",
                "diff app.p12 app.kst"),
    "lint": Row("lint app.p12 " + PASS, "lint app.p12 --fail-on info " + PASS, "--for abacus",
                "lint FILE", "lint app.p12"),
    "keygen": Row("keygen new.p12 --create --host a.test --new-pass=file:pass --iterations 1000",
                  PLAN, "--days 0", "keygen FILE --host a.test", "keygen app.p12 --host a.test",
                  writes=True, missing=5),
    "csr": Row("csr app.p12 shop -o new.csr " + PASS, PLAN, "--mac none", "csr FILE",
               "csr app.p12 shop", "csr app.p12 nobody " + PASS, writes=True),
    "convert": Row("convert app.p12 -o new.pem --plain-key " + PASS, PLAN, "--root both",
                   "convert FILE -o new.pem", "convert app.p12 -o new.pem --plain-key",
                   writes=True),
    "export": Row("export app.p12 shop -o new.pem " + PASS, "what it writes is the answer",
                  "--starttls gopher", "export FILE", "export app.p12", "export app.p12 nobody " + PASS,
                  writes=True),
    "import": Row("import app.p12 api.key api.pem --iterations 1000 " + PASS, PLAN, "--kdf-cost free",
                  "import app.p12 FILE " + PASS, "import app.p12 api.key api.pem", writes=True),
    "trust": Row("trust app.p12 root.pem --iterations 1000 " + PASS, PLAN, "--backup maybe",
                 "trust app.p12 FILE " + PASS, "trust app.p12 root.pem", writes=True),
    "remove": Row("remove app.p12 shop --iterations 1000 --yes " + PASS, PLAN, "--backup maybe", "remove FILE shop",
                  "remove app.p12 shop --yes", "remove app.p12 nobody --yes " + PASS, writes=True),
    "rename": Row("rename app.p12 shop store --iterations 1000 " + PASS, PLAN, "--mac none", "rename FILE shop store",
                  "rename app.p12 shop store", "rename app.p12 nobody store " + PASS, writes=True),
    "passwd": Row("passwd app.p12 --new-pass=file:pass2 --iterations 1000 " + PASS, PLAN,
                  "--iterations 5", "passwd FILE", "passwd app.p12 --new-pass=file:pass2",
                  writes=True),
    "undo": Row("undo app.kst --key-file ops.key", PLAN, NO_VALUE, "undo FILE", "undo app.kst",
                "undo app.p12", writes=True),
    "create": Row("create new.kst --new-key-file new.key", PLAN, "--kdf-cost free",
                  NO_FILE, "create new.kst", writes=True),
    "check": Row("check app.kst", "check bad.kst", NO_VALUE, "check FILE", OPEN),
    "repair": Row("repair app.kst -o new.kst --key-file ops.key",
                  "repair bad.kst -o new.kst --key-file ops.key", NO_VALUE,
                  "repair FILE -o new.kst", "repair app.kst -o new.kst", writes=True),
    "slot list": Row("slot list app.kst", LOOKS, NO_VALUE, "slot list FILE", OPEN),
    "slot add": Row("slot add app.kst --new-key-file ci.key --label ci --key-file ops.key", PLAN,
                    "--role king", "slot add FILE --new-key-file ci.key",
                    "slot add app.kst --new-key-file ci.key", writes=True),
    "slot remove": Row("slot remove app.kst 0 --yes --key-file ops.key", PLAN, NO_VALUE,
                       "slot remove FILE 0", "slot remove app.kst 0 --yes",
                       "slot remove app.kst nobody --yes --key-file ops.key", writes=True),
    "rekey": Row("rekey app.kst --key-file ops.key --pass none --yes", PLAN,
                 NO_VALUE, "rekey FILE --yes", "rekey app.kst --yes", writes=True),
    "pin": Row("pin app.kst", PLAN, NO_VALUE, "pin FILE", OPEN, writes=True),
    "scan": Row("scan clean", "scan old.pem", NO_VALUE, "what is no certificate is passed over", "nobody is asked: what is locked is named"),
    "ca init": Row("ca init --ca new --name Acme --new-pass=file:pass --kdf-cost low", PLAN, "--days 0",
                   "ca init --ca new --name Acme --root FILE --new-pass=file:pass", "ca init --ca new --name Acme",
                   writes=True),
    "ca issue": Row("ca issue two --server --host two.test --new-pass=file:pass2 --iterations 1000 " + PASS, PLAN,
                    "--to paper", "ca issue --batch FILE --client --new-pass=file:pass2 " + PASS,
                    "ca issue two --server --host two.test --new-pass=file:pass2", writes=True),
    "ca sign": Row("ca sign asked.csr --server -o new.pem " + PASS, PLAN, "--copy-san perhaps",
                   "ca sign FILE --server -o new.pem " + PASS, "ca sign asked.csr --server -o new.pem", writes=True),
    "ca renew": Row("ca renew web --to pem " + PASS, PLAN, "--days 0", NO_FILE, "ca renew web --to pem",
                    "ca renew nobody " + PASS, writes=True),
    "ca revoke": Row("ca revoke web " + PASS, PLAN, "--reason mood", "ca revoke --batch FILE " + PASS, "ca revoke web",
                     "ca revoke nobody " + PASS, writes=True),
    "ca crl": Row("ca crl -o new.crl " + PASS, PLAN, "--days 0", NO_FILE, "ca crl -o new.crl", writes=True),
    "ca list": Row("ca list", "ca list --match zzz", "--state sad", NO_FILE, OPEN, "ca list --ca nowhere"),
    "ca status": Row("ca status", "ca status --at 2090-01-01", NO_VALUE, NO_FILE, OPEN, "ca status --ca nowhere"),
    "ca import-index": Row("ca import-index old --ca new --new-pass=file:pass --kdf-cost low", PLAN, "--kdf-cost free",
                           "ca import-index FILE --ca new --new-pass=file:pass", "ca import-index old --ca new",
                           writes=True),
    "tls test": Row("tls test %s --no-host --trust root.pem" % SERVER, "tls test %s --no-host --trust api.pem" % SERVER, "--tls 0.9",
                    "tls test %s --trust FILE" % SERVER,
                    "tls test %s --no-host --trust root.pem --identity app.p12" % SERVER),
    "tls pair": Row("tls pair --server app.p12 --client-trust root.pem " + PASS,
                    "tls pair --server app.p12 --client-trust api.pem " + PASS, "--tls 0.9",
                    "tls pair --server FILE --client-trust root.pem", "tls pair --server app.p12 --client-trust root.pem"),
    "tls serve": Row("tls serve --identity app.p12 --once " + PASS, LOOKS, "--tls 0.9",
                     "tls serve --identity FILE --once", "tls serve --identity app.p12 --once", waits=True),
    "help": Row("help list", LOOKS, NO_VALUE, NO_FILE, OPEN, "help nonsense"),
    "completion": Row("completion bash", LOOKS, NO_VALUE, NO_FILE, OPEN),
    "version": Row("version", LOOKS, NO_VALUE, NO_FILE, OPEN),
}
NEEDS_NOTHING = ("help", "version", "ca crl", "ca list", "ca status")
COUNTED = ("ca init", "ca crl", "ca list", "ca status", "ca import-index", "tls test", "tls pair", "tls serve",
           "diff", "undo", "keygen", "rename", "passwd", "create", "repair", "slot list", "slot add", "slot remove",
           "rekey", "pin", "help", "completion", "version")  # the others take any number of words
NEW = ("create", "ca init", "ca import-index")  # what is locked is made
MODES = ((), ("--json",))
SLUGS = {}
with open("include/kstool/errors.def") as f:
    for code, slug in re.findall(r'KST_ERROR\(\w+,\s*(\d+),\s*"([a-z-]+)"', f.read()):
        SLUGS[slug] = int(code)


KEEP = ("app.p12 app.kst app.kst.kstool-bak bad.kst page.p12 empty cut.p12 ops.key pass pass2 api.key api.pem "
        "root.pem old.pem asked.csr").split()

# ---- the stores that every case starts from ----

def template():
    p = Place()
    p.ok("import", "app.p12", "shop.key", "shop-chain.pem", "--create", "--alias", "shop",
         "--new-pass=file:pass", *CHEAP)
    p.ok("create", "app.kst", "--new-pass=file:pass", "--new-key-file", "ops.key", "--kdf-cost",
         "low")
    for name in ("shop", "api"):
        p.ok("import", "app.kst", name + ".key", name + ".pem", "--alias", name,
             "--key-file", "ops.key")
    p.write("app.kst.kstool-bak", p.read("app.kst"))
    os.chmod(p.path("app.kst.kstool-bak"), 0o600)
    whole = bytearray(p.read("app.kst"))
    whole[-4096 - 100] ^= 1  # the last box, before the copy of the header
    p.write("bad.kst", whole)
    p.write("page.p12", "<html>not a store</html>\n" * 20)
    p.write("empty", b"")
    p.write("cut.p12", p.read("shop.p12")[:700])
    p.ok("ca", "init", "--name", "Acme", "--new-pass=file:pass", "--kdf-cost", "low")
    p.ok("ca", "issue", "web", "--server", "--host", "web.test", PASS, "--new-pass=file:pass2", *CHEAP)
    p.ok("csr", "api.key", "--host", "asked.test", "-o", "asked.csr")
    os.makedirs(p.path("old"))
    os.makedirs(p.path("clean"))
    p.write("old/cacert.pem", p.read("root.pem"))
    p.write("old/cakey.pem", p.read("root.key"))
    os.chmod(p.path("old/cakey.pem"), 0o600)
    p.write("old/index.txt", "V\t400101000000Z\t\t1000\tunknown\t/CN=one\n")
    p.write("clean/pass.txt", "no certificate\n")
    for name in os.listdir(p.dir):  # copied for each case: no more than it takes
        if name not in KEEP and os.path.isfile(p.path(name)):
            os.remove(p.path(name))
    return p


class Case(Place):
    """A copy of the template: what a case does to it is nobody else's business."""

    def __init__(self, from_):
        self.dir = from_.dir + "-case"
        shutil.copytree(from_.dir, self.dir)
        self.env = {**from_.env, "TMPDIR": self.dir, "KSTOOL_SIGNERS": self.dir + "/signers"}


# ---- what must hold of every run ----

def valid(doc, what):
    if schema:
        faults = schema.faults(doc, validators)
        check(not faults, lambda: "%s: %s" % (what, faults[0]))


def one_document(r, what):
    try:
        return json.loads(r.out.decode())
    except ValueError:
        fail("%s: not one JSON document: %s" % (what, r))


def proper(r, code, mode, what):
    """Streams and document of a run that ended by itself."""
    is_("%s: %s" % (what, r), r.code, code)
    slug = re.search(rb"\[([a-z-]+)\]", r.err)
    if code >= 2:
        check(re.search(rb"^kstool: error: ", r.err, re.M), lambda: "%s: no error: %s" % (what, r))
        check(slug and SLUGS.get(slug.group(1).decode()) == code,
              lambda: "%s: the slug does not belong to the status: %s" % (what, r))
    else:
        check(b"kstool: error:" not in r.err, lambda: "%s: %s" % (what, r))
    if not mode:
        check(code < 2 or not r.out, lambda: "%s: an answer and an error: %s" % (what, r))
        return None
    doc = one_document(r, what)
    check(doc["ok"] is (code < 2) and doc["exit"] == code and isinstance(doc["warnings"], list)
          and isinstance(doc["changed"], bool) and "error" in doc, lambda: "%s: %s" % (what, r))
    check((doc["error"] is None) == (code < 2), lambda: "%s: %s" % (what, r))
    if code >= 2:
        check(doc["error"]["code"].encode() == slug.group(1), lambda: "%s: %s" % (what, r))
    valid(doc, what)
    return doc


def fails(case, args, code, mode, what, **how):
    before = case.files()
    r = case.run(*args, *mode, **how)
    doc = proper(r, code, mode, what)
    check(doc is None or doc["changed"] is False, lambda: "%s: changed: %s" % (what, r))
    is_("%s: files" % what, sorted(case.files()), sorted(before))
    is_("%s: bytes" % what, case.files() == before, True)
    return r


# ---- the columns ----

def ok(case, row, mode, name):
    if row.waits:
        return "it waits for somebody"
    before = case.files()
    r = case.run(*row.ok, *mode)
    doc = proper(r, 0, mode, name)
    changed = case.files() != before
    is_("%s: a file changed" % name, changed, row.writes)
    check(doc is None or doc["changed"] is changed, lambda: "%s: changed: %s" % (name, r))
    check(mode or r.out, lambda: "%s says nothing: %s" % (name, r))
    return None


def no(case, row, mode, name):
    if row.no == PLAN:
        fails(case, (*row.ok, "--check"), 1, mode, name + " --check")
        fails(case, (*row.ok, "--dry-run"), 0, mode, name + " --dry-run")
        return None
    if " " not in row.no or not row.no.startswith(row.ok[0]):
        return row.no
    r = case.run(*words(row.no), *mode)
    doc = proper(r, 1, mode, name + ", no")
    check(doc is None or doc["ok"], lambda: "%s: %s" % (name, r))
    return None


def bad_option(case, row, mode, name):
    for extra, slug in ((("--bogus",), b"unknown-option"), (("--pass=Secret123",), b"secret-in-argv"),
                        (("--pass", "pass:Secret123"), b"secret-in-argv"),
                        (("--color", "mauve"), b"bad-value"), (("--json", "--plain"), b"usage")):
        if "--plain" in extra and not mode:
            continue  # what asks for JSON gets it
        r = fails(case, (*row.ok, *extra), 2, mode, "%s %s" % (name, extra[0]))
        check(slug in r.err, lambda: "%s %s: %s" % (name, extra, r))
    if row.value != NO_VALUE:
        fails(case, (*row.ok, *words(row.value)), 2, mode, "%s %s" % (name, row.value))
    if name not in NEEDS_NOTHING:
        proper(case.run(*words(name), *mode), 2, mode, name + " without operands")
    if name in COUNTED:
        fails(case, (*row.ok, "one-more", "two-more"), 2, mode, name + " with a word too many")


def bad_file(case, row, mode, name):
    if "FILE" not in row.input:
        return row.input
    for file in ("nothing.p12", "page.p12", "empty", "cut.p12"):
        args = [a.replace("FILE", file) for a in words(row.input)]
        if name == "undo":  # else it is the backup that is missed
            case.write(file + ".kstool-bak", case.read("app.p12"))
            if file != "nothing.p12":  # what a backup is for
                r = case.run(*args, *mode)
                is_("undo of %s: %s" % (file, r), r.code, 0)
                continue
        code = row.missing if file == "nothing.p12" else 3
        fails(case, args, code, mode, "%s of %s" % (name, file))
    return None


def bad_passphrase(case, row, mode, name):
    if not row.locked.startswith(name):
        return row.locked
    if name in NEW:
        return "nothing is opened"
    r = fails(case, (*words(row.locked), "--pass=file:pass2"), 4, mode, name + ", wrong")
    check(b"wrong-passphrase" in r.err, lambda: "%s: %s" % (name, r))
    return None


def no_terminal(case, row, mode, name):
    if not row.locked.startswith(name):
        return row.locked
    r = fails(case, words(row.locked), 4, mode, name + ", nobody to ask")
    check(b"pass file:PATH" in r.err, lambda: "%s does not say what to add: %s" % (name, r))
    fails(case, words(row.locked) + ("--no-input",), 4, mode, name + " --no-input")
    return None


def not_found(case, row, mode, name):
    if row.gone is None:
        return "it takes no name"
    fails(case, words(row.gone), 6, mode, name + " of something else")
    return None


def read_only(case, row, mode, name):
    if not row.writes:
        return "it writes nothing"
    how = {}
    if name == "pin":
        os.mkdir(case.path("d"))
        case.env["KSTOOL_SIGNERS"] = case.path("d/signers")
    where = case.path("d") if name == "pin" else case.dir
    if os.getuid() == 0:
        for top, dirs, files in os.walk(case.dir):
            for f in [top] + [os.path.join(top, n) for n in files]:
                os.chown(f, 65534, 65534)
        how = {"user": 65534, "group": 65534, "extra_groups": [], "program": reachable()}
    closed = [where] + [top for top, _, _ in os.walk(case.path("pki"))]
    for d in closed:
        os.chmod(d, 0o555)
    try:
        fails(case, row.ok, 8, mode, name + " where it may not write", **how)
    finally:
        for d in closed:
            os.chmod(d, 0o755)
    return None


def mounted(case, row, mode, name, script, slug):
    """`ok` in a file system that is made for it and goes with the process."""
    os.mkdir(case.path("m"))
    before = case.files()
    r = case.run("-m", "sh", "-c",
                 'mount -t tmpfs -o size=256k none m && cp -rp *.p12 *.kst *.kstool-bak *.key *.pem *.csr pass* pki old m && '
                 'cd m && export TMPDIR=$PWD KSTOOL_SIGNERS=$PWD/signers && ' + script +
                 ' ls > ../.before; "$0" "$@"; s=$?; ls | cmp -s - ../.before || echo LITTER >&2; '
                 'for f in *.p12 *.kst; do cmp -s $f ../$f || echo "ALTERED $f" >&2; done; '
                 'diff -r pki ../pki >&2 || echo "ALTERED pki" >&2; exit $s',
                 KSTOOL, *row.ok, *mode, program="unshare")
    proper(r, 8, mode, "%s: %s" % (name, slug))
    check(slug.encode() in r.err, lambda: "%s: %s" % (name, r))
    check(b"LITTER" not in r.err and b"ALTERED" not in r.err, lambda: "%s: %s" % (name, r))
    os.remove(case.path(".before"))
    is_("%s: files" % name, case.files() == before, True)


def read_only_mount(case, row, mode, name):
    if not row.writes:
        return "it writes nothing"
    mounted(case, row, mode, name, "mount -o remount,ro . &&", "read-only")
    return None


def disk_full(case, row, mode, name):
    if row.waits:
        return "it waits for somebody"
    with open("/dev/full", "wb") as full:
        r = case.run(*row.ok, *mode, stdout=full)
    is_("%s > /dev/full: %s" % (name, r), r.code, 8)
    check(b"disk-full" in r.err, lambda: "%s > /dev/full: %s" % (name, r))
    return None


def disk_full_mount(case, row, mode, name):
    if not row.writes:
        return "it writes nothing"
    mounted(case, row, mode, name, "{ cat /dev/zero > .fill 2>/dev/null || :; };", "disk-full")
    return None


def closed_pipe(case, row, mode, name):
    if row.waits:
        return "it waits for somebody"
    names = sorted(case.files())
    r_end, w_end = os.pipe()
    os.close(r_end)
    r = case.run(*row.ok, *mode, stdout=w_end)
    os.close(w_end)
    is_("%s | true: %s" % (name, r), r.code, -signal.SIGPIPE)
    check(b"error" not in r.err, lambda: "%s complains of a closed pipe: %s" % (name, r))
    litter(case, names, name)
    return None


def litter(case, names, what):
    """Only files that have a name of their own; never a neighbour that was on its way."""
    more = set(case.files()) - set(names)
    check(not [n for n in more if n.startswith(".") or "tmp" in n], lambda: "%s left %s" % (what, more))


def interrupted_asking(case, row, mode, name):
    """SIGINT while it waits for the line of a descriptor."""
    if not row.locked.startswith(name):
        return row.locked
    before = case.files()
    r_end, w_end = os.pipe()
    option = "--new-pass" if name in NEW else "--pass"
    p = case.start(*words(row.locked), option, "fd:%d" % r_end, *mode, pass_fds=(r_end,))
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and p.poll() is None:
        with open("/proc/%d/wchan" % p.pid) as f:
            if "pipe" in f.read():
                break
        time.sleep(0.002)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=PATIENCE)
    os.close(r_end)
    os.close(w_end)
    is_("%s, interrupted: %r" % (name, err), p.returncode, -signal.SIGINT)
    is_("%s, interrupted: standard output" % name, out, b"")
    check(b"error" not in err, lambda: "%s, interrupted: %s" % (name, err))
    is_("%s, interrupted: files" % name, case.files() == before, True)
    return None


def interrupted_writing(case, row, mode, name):
    """SIGINT as the neighbour file is synced: the old store, and nothing beside it."""
    if not row.writes:
        return "it writes nothing"
    before = case.files()
    r = case.run("-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e",
                 "inject=fsync:signal=INT:when=1", KSTOOL, *row.ok, *mode, program="strace")
    is_("%s, interrupted at its file: %s" % (name, r), r.code, -signal.SIGINT)
    is_("%s, interrupted at its file: standard output" % name, r.out, b"")
    after = case.files()
    # A key file that was made for the store stands; it may lie there before the store needs it.  What a CA
    # has begun stands in its ledger, and is brought to an end by whoever comes next.
    begun = name.startswith("ca ") and name not in NEW
    for extra in set(after) - set(before):
        check(extra in ("ci.key", "new.key") or (begun and extra.startswith("pki/")),
              lambda: "%s, interrupted, left %s" % (name, extra))
        del after[extra]
    if begun:
        after["pki/ledger.db"] = before["pki/ledger.db"]
        proper(case.run(*row.ok, *mode), 0, mode, name + " once more")
    is_("%s, interrupted: files" % name, [n for n in before if after.get(n) != before[n]], [])
    return None


COLUMNS = [ok, no, bad_option, bad_file, bad_passphrase, no_terminal, not_found, read_only,
           read_only_mount, disk_full, disk_full_mount, closed_pipe, interrupted_asking,
           interrupted_writing]


def possible():
    """Columns that this machine can show; the others are named with the reason."""
    can = list(COLUMNS)
    if subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"],
                      stderr=subprocess.DEVNULL).returncode:
        for c in (read_only_mount, disk_full_mount):
            skipped(c.__name__, "no file system can be mounted here (needs root)")
            can.remove(c)
    if not can_inject():
        skipped("interrupted_writing", "strace is not installed or may not trace")
        can.remove(interrupted_writing)
    if not os.path.exists("/proc/self/wchan"):
        skipped("interrupted_asking", "no /proc/PID/wchan here")
        can.remove(interrupted_asking)
    return can


def rows():
    p = Place()
    doc = json.loads(p.ok("help", "--json").out)
    names = [c["name"] for c in doc["commands"]]
    hidden = 0  # __complete, __man: of shells and of make
    for path in glob.glob("src/cmd/*.c"):
        with open(path) as f:
            hidden += f.read().count(".group = GROUP_HIDDEN")
    with open("src/cmd/cmds.def") as f:
        defined = re.findall(r"^CMD\((\w+)\)", f.read(), re.M)
    is_("commands that help lists, and hidden ones", len(names) + hidden, len(defined))
    for n in names:
        check(n in ROWS, "the command \"%s\" has no row in %s" % (n, __file__))
    for n in ROWS:
        check(n in names, "%s has a row for \"%s\", which is no command" % (__file__, n))
    p.__exit__()
    return names


@contextlib.contextmanager
def server(p):
    """A live one, with the key of app.p12."""
    export = p.ok("export", "app.p12", "--key", "--plain-key", PASS).out + p.ok("export", "app.p12", "--chain", PASS).out
    with tempfile.NamedTemporaryFile(suffix=".pem") as f:
        f.write(export)
        f.flush()
        s = subprocess.Popen(["openssl", "s_server", "-accept", SERVER, "-cert", f.name, "-key", f.name, "-cert_chain",
                              f.name, "-quiet", "-www"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + PATIENCE
            while p.run("show", SERVER).code:
                check(time.monotonic() < until and s.poll() is None, "openssl s_server does not come up")
                time.sleep(0.02)
            yield
        finally:
            s.kill()
            s.wait()


def main():
    if schema is None:
        skipped("schemas", "there is no python3-jsonschema that knows draft 2020-12")
    names = rows()
    only = set(sys.argv[1:])
    reasons = {}
    columns = possible()
    with template() as t, server(t):
        for name in names:
            for column in columns:
                if only and name not in only and column.__name__ not in only:
                    continue
                for mode in MODES:
                    with Case(t) as case:
                        why = column(case, ROWS[name], mode, name)
                if why:
                    reasons.setdefault((column.__name__, why), []).append(name)
    for (column, why), of in sorted(reasons.items()):
        print("  %s: not for %s: %s" % (column, ", ".join(of), why))
    done("matrix", ": %d commands x %d columns x text and JSON" % (len(names), len(columns)))


main()
