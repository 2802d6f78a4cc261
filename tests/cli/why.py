# SPDX-License-Identifier: ISC
"""why.py - each fault of tests/lib/pki.py: `verify` says why in a sentence, and offers a command that kstool knows,
with the user's own files in it; what the command needs that is not there yet is a file of his CA, or his key"""
import json
import os
import shlex
import subprocess
import sys
import tempfile

TREE = os.getcwd()
sys.path.insert(0, os.path.join(TREE, "tests", "lib"))
try:
    import cryptography  # noqa: F401
except ImportError as e:
    print("skipped: %s (python3-cryptography)" % e)
    sys.exit(0)
from command import KSTOOL, check, is_  # noqa: E402
import command  # noqa: E402

# What is not there yet, and nobody but he or his CA has.
TO_COME = {"KEYFILE", "new-ca.pem", "new-chain.pem", "new.crl"}
# The fault lies on the way, or in what a CA did: nothing can be run but a look.
LOOKS = "to see what they say of themselves"


def kstool(words, cwd):
    p = subprocess.run([KSTOOL] + words, capture_output=True, text=True, cwd=cwd, stdin=subprocess.DEVNULL, timeout=60)
    return p.returncode, p.stdout, p.stderr


def one(c, cwd):
    name, mends = c["name"], 0
    words = ["verify", name + "/chain.pem", "--trust", name + "/trust.pem", "--purpose", c["purpose"]]
    words += ["--host", c["host"]] if c["host"] else []
    words += ["--crl", name + "/crl.pem"] if c["revocation"] != "off" else []
    words += ["--revocation", "require"] if c["revocation"] == "require" else []
    words += ["--key", name + "/key.pem"] if c["reason"] == "key-mismatch" else []
    status, out, err = kstool(words, cwd)
    is_(name + ": status", status, 1)
    lines = out.splitlines()
    why = [line for line in lines if line.startswith("Why: ")]
    is_(name + ": one explanation", len(why), 1)
    check(len(why[0]) > 40 and why[0].endswith((".", "cer", "crt")), "%s: %s" % (name, why[0]))
    at = [i for i, line in enumerate(lines) if line.startswith("hint: ")]
    is_(name + ": one hint", len(at), 1)
    fix = shlex.split(lines[at[0] + 1])
    is_(name + ": a command", fix[0], "kstool")
    check(lines[at[0]].startswith("hint: " + LOOKS) or fix[1] != "show" or c["reason"] == "key-mismatch", "%s: %s" % (name, fix))
    # The same in JSON.
    doc = json.loads(kstool(words + ["--json"], cwd)[1])["targets"][0]
    is_(name + ": fix", [w for w in doc["fix"] if w != "--json"], fix)
    is_(name + ": cause", doc["cause"], c["reason"])
    is_(name + ": why", "Why: " + doc["why"], why[0])
    # It can be run: every word is understood, and what is missing is named above.
    status, _, err = kstool(fix[1:] + (["--dry-run"] if fix[1] in ("trust", "import", "keygen") else []), cwd)
    check(status != 2, "%s: %s: %s" % (name, " ".join(fix), err))
    if status == 3:
        check(any(w in TO_COME or w.endswith(("-ca.pem", "-b.pem", ".cer")) for w in fix), "%s: %s: %s" % (name, " ".join(fix), err))
    else:
        mends = status == 0
    return mends


with tempfile.TemporaryDirectory(prefix="kstool-why.") as d:
    subprocess.run([sys.executable, os.path.join(TREE, "tests/lib/pki.py"), d], check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(d, "table.json"), encoding="utf-8") as f:
        faults = [c for c in json.load(f) if c["reason"] and c["sends"] and c["side"] == "server" and c["revocation"] != "staple"]
    ran = sum(one(c, d) for c in faults)
check(len(faults) >= 50, "%d faults" % len(faults))
print("why: %d faults explained, %d of the commands could be run at once, %d checks" % (len(faults), ran, command.checks))
