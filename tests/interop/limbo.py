# SPDX-License-Identifier: ISC
"""limbo.py DIR - kstool verify, and openssl verify beside it, on the cases of x509-limbo (DIR/limbo.json)

Each case is asked four times: kstool with the default policy and with --policy strict, openssl without and
with -x509_strict.  A case on which kstool does not answer as its authors say must stand in EXPLAINED
with the reason; and

  * under --policy strict kstool accepts nothing that is to be refused;
  * what the default policy accepts nevertheless, it says (let_pass);
  * kstool accepts nothing that openssl, asked for the same, refuses;
  * a row of EXPLAINED that is not needed is an error.

DIR/online/ holds real chains of public servers; they are shown, and kstool must agree with openssl.

    LIMBO=GLOB     only these cases
    LIMBO_WORDS=1  prints what kstool says of each
"""
import concurrent.futures
import datetime
import fnmatch
import glob
import json
import os
import subprocess
import sys
import tempfile

KSTOOL = os.environ.get("KSTOOL", "build/kstool")
SUFFIXES = "/usr/share/publicsuffix/public_suffix_list.dat"

CA_MUST = "only its CA could have done better (\"conforming CAs MUST\"): let pass, and said; strict refuses it"
WEB_PKI = "a rule for the CAs of public servers, which a private CA need not keep: let pass, and said; strict refuses it"
KEY_USAGE = "its key usage is keyCertSign alone: neither OpenSSL nor browsers take that for a server"
CN = "strict wants the CN among the subjectAltNames, as webpki::cn::not-in-san does; this case has another one"
STRICTER = "RFC 5280 and the Web PKI disagree; strict takes the one that refuses"

# Default policy, then strict: case (a pattern) -> why kstool answers something else than its authors.
EXPLAINED = {
    "default": {
        # accepted here, to be refused there
        "crl::crlnumber-*": "what the list says is clear without its number: let pass, and said; strict refuses it",
        "rfc5280::aki::leaf-missing-aki": CA_MUST,
        "rfc5280::aki::intermediate-missing-aki": CA_MUST,
        "rfc5280::aki::cross-signed-root-missing-aki": CA_MUST,
        "rfc5280::ski::root-missing-ski": CA_MUST,
        "rfc5280::ski::intermediate-missing-ski": CA_MUST,
        "rfc5280::nc::permitted-dns-match-noncritical": "the Baseline Requirements allow it (webpki::nc::permitted-dns-match-noncritical)",
        "rfc5280::nc::invalid-dnsname-leading-period": "OpenSSL and NSS write it, for \"below, but not itself\", and that is applied",
        "rfc5280::nc::not-allowed-in-ee-*": CA_MUST,
        "rfc5280::pc::ica-noncritical-pc": CA_MUST,
        "rfc5280::san::noncritical-with-empty-subject": CA_MUST,
        "rfc5280::san::underscore-dns": "many private hosts have such names: let pass, and said",
        "rfc5280::serial::*": CA_MUST,
        "rfc5280::ca-empty-subject": CA_MUST,
        "rfc5280::root-missing-basic-constraints": "it is a CA because it is trusted (RFC 5280 6.1.1 d): let pass, and said",
        "rfc5280::root-non-critical-basic-constraints": CA_MUST,
        "rfc5280::leaf-ku-keycertsign": CA_MUST,
        "webpki::aki::root-with-aki-*": WEB_PKI,
        "webpki::cn::*": WEB_PKI,
        "webpki::eku::*": WEB_PKI,
        "webpki::san::public-suffix-multi-label-wildcard-san": WEB_PKI,
        "webpki::san::public-suffix-private-namespace-wildcard-san": WEB_PKI,
        "webpki::san::san-critical-with-nonempty-subject": WEB_PKI,
        "webpki::malformed-aia": "nothing of a path depends on that extension: let pass, and said",
        "webpki::forbidden-dsa-*": WEB_PKI,
        "webpki::forbidden-rsa-*": WEB_PKI,
        "webpki::ee-basicconstraints-ca": "the last certificate of a path counts as leaf (RFC 5280 4.2.1.9): let pass, and said",
        # refused here, to be accepted there
        "pathlen::validation-ignores-pathlen-in-leaf": KEY_USAGE,
        "rfc5280::ca-as-leaf": KEY_USAGE,
    },
    "strict": {
        "crl::issuer-no-keyusage-extension": "RFC 5280 4.2.1.3: \"conforming CAs MUST include this extension\"",
        "cve::cve-2024-0567": "the trusted certificate is no root and lacks the authorityKeyIdentifier (RFC 5280 4.2.1.1)",
        "pathlen::validation-ignores-pathlen-in-leaf": KEY_USAGE,
        "rfc5280::ca-as-leaf": KEY_USAGE,
        "rfc5280::eku::ee-without-eku": STRICTER + " (webpki::eku::ee-without-eku)",
        "rfc5280::nc::permitted-dns-match-more": CN,
        "rfc5280::nc::permitted-ipv4-match": CN,
        "rfc5280::nc::permitted-ipv6-match": CN,
        "rfc5280::nc::permitted-dn-match": CN,
        "webpki::nc::permitted-dns-match-noncritical": STRICTER + " (rfc5280::nc::permitted-dns-match-noncritical)",
        "webpki::nc::nc-permits-dns-san-pattern": CN,
        "webpki::san::exact-localhost-ip-san": CN,
        "webpki::san::leftmost-wildcard-san": CN,
        "webpki::cryptographydotio-chain": "strict wants RSA keys of 3072 bits",
    },
}

# Of the same two questions: cases that openssl refuses for what is kstool's to accept, with the reason.
OPENSSL_ALONE = {
    "rfc5280::validity::notafter-exact": "to OpenSSL a certificate is over in its last second (RFC 5280 4.1.2.5: not yet)",
    "crl::crlnumber-critical": "OpenSSL does not know a critical cRLNumber; kstool does, and nothing hangs on it",
    "pathlen::max-chain-depth-1-self-issued": "OpenSSL counts self-issued CAs, too (RFC 5280 4.2.1.9 does not)",
    "rfc5280::nc::nc-forbids-alternate-chain-ica": "OpenSSL takes the first issuer that fits, and looks for no other",
    "rfc5280::nc::nc-forbids-same-chain-ica": "OpenSSL takes the first issuer that fits, and looks for no other",
    "rfc5280::validity::notafter-fractional": "to OpenSSL a certificate is over in its last second",
}


def not_applicable(case):
    if "public-suffix" in case["id"] and not os.path.exists(SUFFIXES) and \
            case["id"] != "webpki::san::public-suffix-wildcard-san":
        return "this system has no list of public suffixes"
    return None


class Case:
    def __init__(self, case, directory):
        self.id, self.features, self.expected = case["id"], case["features"], case["expected_result"] == "SUCCESS"
        self.client = case["validation_kind"] == "CLIENT"
        self.depth = case["max_chain_depth"]
        self.names = [case["expected_peer_name"]] if case["expected_peer_name"] else case["expected_peer_names"] or [None]
        self.why_not = not_applicable(case)
        # RFC 5280 knows whole seconds: a part of one is no time of its own (rfc5280::validity::*-fractional).
        at = case["validation_time"]
        self.at = int(datetime.datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()) if at else None
        self.path = os.path.join(directory, self.id.replace(":", "_"))
        self.crls = bool(case["crls"])
        self.write("leaf", [case["peer_certificate"]])
        self.write("chain", [case["peer_certificate"]] + case["untrusted_intermediates"])
        self.write("extra", case["untrusted_intermediates"])
        self.write("trust", case["trusted_certs"])
        self.write("crl", case["crls"])

    def write(self, what, blocks):
        with open(self.path + "." + what, "w", encoding="ascii") as f:
            f.write("\n".join(blocks) + "\n")

    def kstool(self, policy):
        """(accepted, what it said, let_pass)"""
        texts, lax = [], []
        for name in self.names:
            command = [KSTOOL, "verify", self.path + ".chain", "--trust", self.path + ".trust", "--json", "--policy", policy,
                       "--purpose", "client" if self.client else "server"]
            command += ["--host", name["value"]] if name else []
            command += ["--at", "@%d" % self.at] if self.at is not None else []
            command += ["--crl", self.path + ".crl"] if self.crls else []
            command += ["--max-depth", str(self.depth)] if self.depth is not None else []
            p = subprocess.run(command, capture_output=True, text=True, timeout=60)
            doc = json.loads(p.stdout)
            if p.returncode not in (0, 1, 3):
                sys.exit("%s: %s: exit %d: %s" % (self.id, " ".join(command), p.returncode, p.stderr))
            if p.returncode == 3: # it cannot even be read
                return False, doc["error"]["code"], lax
            found = [c for cert in doc["targets"][0]["chain"] for c in cert["checks"]]
            lax += [c["text"] for c in found if c["let_pass"]]
            texts += ["%s: %s" % (c["reason"], c["text"]) for c in found if c["result"] == "fail"]
            if p.returncode:
                return False, "; ".join(texts) or doc["targets"][0]["cause"], lax
        return True, "; ".join(lax), lax

    def openssl(self, strict):
        for name in self.names:
            command = ["openssl", "verify", "-partial_chain", "-no-CApath", "-no-CAstore", "-CAfile", self.path + ".trust",
                       "-purpose", "sslclient" if self.client else "sslserver"]
            command += ["-untrusted", self.path + ".extra"] if os.path.getsize(self.path + ".extra") > 1 else []
            command += ["-x509_strict"] if strict else []
            command += ["-attime", str(self.at)] if self.at is not None else []
            command += ["-crl_check", "-CRLfile", self.path + ".crl"] if self.crls else []
            command += ["-verify_depth", str(self.depth)] if self.depth is not None else []
            if name:
                kind = {"DNS": "-verify_hostname", "IP": "-verify_ip", "RFC822": "-verify_email"}[name["kind"]]
                command += [kind, name["value"]]
            p = subprocess.run(command + [self.path + ".leaf"], capture_output=True, text=True, timeout=60)
            if p.returncode:
                return False
        return True

    def ask(self):
        self.default, self.words, self.lax = self.kstool("default")
        self.strict, self.strict_words, _ = self.kstool("strict")
        self.theirs, self.theirs_strict = self.openssl(False), self.openssl(True)
        return self


def word(accepted):
    return "accepts" if accepted else "refuses"


def explain(policy, id, used):
    for pattern, why in EXPLAINED[policy].items():
        if fnmatch.fnmatchcase(id, pattern):
            used.add((policy, pattern))
            return why
    return None


def judge(cases):
    used, bad, alone = set(), [], {}
    for policy in ("default", "strict"):
        agree = disagree = skipped = 0
        rows = []
        for c in cases:
            ours, theirs = (c.default, c.theirs) if policy == "default" else (c.strict, c.theirs_strict)
            if ours and not theirs and c.id not in OPENSSL_ALONE:
                bad.append("%s (%s): kstool accepts what openssl refuses" % (c.id, policy))
            if ours and not theirs and c.id in OPENSSL_ALONE:
                alone[c.id] = OPENSSL_ALONE[c.id]
            if c.why_not:
                skipped += 1
                rows.append((c.id, "not applicable", "", "", c.why_not))
                continue
            if ours == c.expected:
                agree += 1
                continue
            disagree += 1
            why = explain(policy, c.id, used)
            if not why:
                bad.append("%s (%s): kstool %s it, and nobody says why: %s" % (
                    c.id, policy, word(ours), c.words if policy == "default" else c.strict_words))
            if ours and policy == "strict":
                bad.append("%s: --policy strict accepts what must be refused" % c.id)
            if ours and policy == "default" and not c.lax:
                bad.append("%s: accepted, and not a word of what was let pass" % c.id)
            rows.append((c.id, word(c.expected), word(ours), word(theirs), why or "?"))
        print("\npolicy %s: %d cases, agree %d, disagree %d (each explained), not applicable %d; openssl%s agrees on %d" % (
            policy, len(cases), agree, disagree, skipped, " -x509_strict" if policy == "strict" else "",
            sum((c.theirs if policy == "default" else c.theirs_strict) == c.expected for c in cases)))
        print("  %-58s %-8s %-8s %-8s %s" % ("case", "limbo", "kstool", "openssl", "why"))
        for row in rows:
            print("  %-58s %-8s %-8s %-8s %s" % row)
    print("\nrefused by openssl, accepted by kstool and limbo (or said what was let pass):")
    for row in sorted(alone.items()):
        print("  %-58s %s" % row)
    if not os.environ.get("LIMBO"):
        bad += ["OPENSSL_ALONE has no use for %s" % i for i in OPENSSL_ALONE if i not in alone]
        for policy, table in EXPLAINED.items():
            bad += ["EXPLAINED has no use for %s (%s)" % (p, policy) for p in table if (policy, p) not in used]
    return bad


def online(cases):
    bad = []
    print("\nchains of public servers, as they were sent")
    print("  %-34s %-8s %-8s %-8s %s" % ("server", "default", "strict", "openssl", "what --policy strict finds"))
    for c in cases:
        print("  %-34s %-8s %-8s %-8s %s" % (c.id.replace("online::", ""), word(c.default), word(c.strict), word(c.theirs),
                                             c.strict_words if not c.strict else ""))
        if c.default != c.expected:
            bad.append("%s: kstool %s it: %s" % (c.id, word(c.default), c.words))
    return bad


def main():
    wanted = os.environ.get("LIMBO", "*")
    with open(os.path.join(sys.argv[1], "limbo.json"), encoding="utf-8") as f:
        cases = [c for c in json.load(f)["testcases"] if fnmatch.fnmatchcase(c["id"], wanted)]
    real = []
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "online", "*.json"))):
        with open(path, encoding="utf-8") as f:
            real.append(json.load(f))
    with tempfile.TemporaryDirectory(prefix="limbo.") as d, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(lambda c: Case(c, d).ask(), cases + real))
    cases, real = done[:len(cases)], done[len(cases):]
    if os.environ.get("LIMBO_WORDS"):
        for c in cases:
            print("%s: %s (%s), strict %s (%s)" % (c.id, word(c.default), c.words, word(c.strict), c.strict_words))
    bad = judge(cases) + online(real)
    for line in bad:
        print("FAILED: " + line)
    print("\n%d cases and %d real chains, %s" % (len(cases), len(real), "%d faults" % len(bad) if bad else
                                                 "none accepted that must be refused under --policy strict"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
