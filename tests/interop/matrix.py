# SPDX-License-Identifier: ISC
"""matrix.py [--write README] - who reads what kstool writes, and what kstool reads of whom.

Every format that kstool writes, with RSA, EC and Ed25519 keys, chains of 1 and 3, a plain and a
non-ASCII alias, an ASCII and a non-ASCII passphrase, is opened by every reader that is installed; and what
those programs write is opened by kstool. A private key counts only if it is the one that went in. What
does not open must stand in EXPECTED below, with its reason. --write puts the table into formats/README.md.
"""
import base64
import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

KSTOOL = os.environ.get("KSTOOL", os.path.abspath("build/kstool"))
HERE = os.path.dirname(os.path.abspath(__file__))
ALIASES = {"plain": "server", "unicode": "größe-ключ"}
PASSES = {"ascii": "secret-pass", "unicode": "pässwörd-ключ"}
KEYS = ("rsa", "ec", "ed25519")
CHAINS = (1, 3)

# (who, what, property) -> why.  A property is a key type, "pass-unicode" or "alias-unicode".
EXPECTED = {
    ("pk12util", "p12", "ed25519"): "NSS before 3.101 knows no Ed25519 keys",
    ("pk12util", "p12 of pk12util", "ed25519"): "NSS before 3.101 knows no Ed25519 keys",
    ("kstool", "jceks", "pass-unicode"): "Java takes only ASCII passphrases for the keys of a JCEKS: refused",
    ("Java", "jceks of Java", "pass-unicode"): "Java takes only ASCII passphrases for the keys of a JCEKS",
    ("Java", "p12", "pass-unicode"): "Java takes only ASCII passphrases for a PKCS#12",
    ("Java", "p12 of Java", "pass-unicode"): "Java takes only ASCII passphrases for a PKCS#12",
    ("certtool", "p12 of certtool", "alias-unicode"): "certtool writes no name beyond ASCII",
}


def run(args, check=True, **kw):
    p = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=kw.pop("stdin", subprocess.DEVNULL), **kw)
    if check and p.returncode:
        raise RuntimeError("%s: %s" % (" ".join(args[:4]), p.stderr.decode("utf-8", "replace").strip()[:300]))
    return p


def pem_certs(text):
    """SHA-256 of each certificate of a PEM text."""
    out = []
    for body in re.findall(r"-----BEGIN CERTIFICATE-----(.*?)-----END", text, re.S):
        out.append(hashlib.sha256(base64.b64decode("".join(body.split()))).hexdigest())
    return out


def public_of(pem_key):
    return run(["openssl", "pkey", "-in", pem_key, "-pubout", "-outform", "DER"]).stdout


class Case:
    """One key with its chain, alias and passphrase."""

    def __init__(self, key, chain, alias, pw):
        self.key, self.chain, self.alias_kind, self.pw_kind = key, chain, alias, pw
        self.alias = ALIASES[alias]
        self.name = "%s-%d-%s-%s" % (key, chain, alias, pw)
        self.key_file, self.cert_file = "%s.key" % key, "%s-%d.pem" % (key, chain)
        self.passfile = "pass-" + pw
        self.certs = pem_certs(open(self.cert_file).read())
        self.public = public_of(self.key_file)

    def properties(self):
        return (self.key, "alias-" + self.alias_kind, "pass-" + self.pw_kind)


def fixtures():
    for kind, pw in PASSES.items():
        with open(os.open("pass-" + kind, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as f:
            f.write(pw + "\n")
    with open("ca.cnf", "w") as f:
        f.write("basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n")
    with open("leaf.cnf", "w") as f:
        f.write("subjectAltName=DNS:server.test\nkeyUsage=digitalSignature\n")

    def key(name, *how):
        run(["openssl", "genpkey", "-out", name + ".key", *how])
        os.chmod(name + ".key", 0o600)

    def sign(name, subject, issuer, cnf):
        run(["openssl", "req", "-new", "-key", name + ".key", "-subj", subject, "-out", name + ".csr"])
        by = ["-CA", issuer + ".pem", "-CAkey", issuer + ".key"] if issuer else ["-signkey", name + ".key"]
        run(["openssl", "x509", "-req", "-in", name + ".csr", "-days", "90", "-extfile", cnf, "-out",
             name + ".pem", *by])

    ec = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    how = {"rsa": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"), "ec": ec, "ed25519": ("-algorithm", "ED25519")}
    key("root", *ec)
    key("ica", *ec)
    sign("root", "/CN=Matrix Root", None, "ca.cnf")
    sign("ica", "/CN=Matrix Issuing CA", "root", "ca.cnf")
    for k in KEYS:
        key(k, *how[k])
        sign(k, "/CN=server.test", "ica", "leaf.cnf")
        shutil.copy(k + ".pem", k + "-signed.pem")
        with open(k + "-3.pem", "w") as f:
            f.write("".join(open(x + ".pem").read() for x in (k, "ica", "root")))
        sign(k, "/CN=server.test", None, "leaf.cnf")
        shutil.copy(k + ".pem", k + "-1.pem")
        for n, leaf in ((1, k), (3, k + "-signed")):
            shutil.copy(leaf + ".pem", "%s-%d-leaf.pem" % (k, n))
    return [Case(*c) for c in itertools.product(KEYS, CHAINS, ALIASES, PASSES)]


class Java:
    """One Java for all stores."""

    def __init__(self, bc):
        os.mkdir("classes")
        run(["javac", "-d", "classes", HERE + "/Stores.java", HERE + "/Matrix.java"])
        cp = "classes" + (":" + bc if bc else "")
        more = ["org.bouncycastle.jce.provider.BouncyCastleProvider"] if bc else []
        self.p = subprocess.Popen(["java", "-cp", cp, "Matrix", *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *words):
        self.p.stdin.write(("\t".join(words) + "\n").encode())
        self.p.stdin.flush()
        answer = self.p.stdout.readline().decode().rstrip("\n")
        if not answer.startswith("ok"):
            raise RuntimeError(answer)
        return answer.split("\t")[1:]

    def close(self):
        self.p.stdin.close()
        self.p.wait()


# ---- readers: each raises, or returns (public key DER or None, certificates leaf first) ----

def openssl_reads(fmt, path, case):
    pw = "file:" + case.passfile
    if fmt == "p12":
        run(["openssl", "pkcs12", "-in", path, "-passin", pw, "-nodes", "-out", "o.pem"])
    elif fmt == "pem":
        run(["openssl", "pkey", "-in", path, "-passin", pw, "-out", "o.pem"])
        return public_of("o.pem"), pem_certs(open(path, errors="replace").read())
    else:
        run(["openssl", "pkcs7", "-in", path, "-inform", "DER", "-print_certs", "-out", "o.pem"])
        return None, pem_certs(open("o.pem").read())
    return public_of("o.pem"), pem_certs(open("o.pem", errors="replace").read())


def openssl_der_reads(fmt, path, case):
    """One object a file: the key at PATH, sealed, and its certificate beside it."""
    run(["openssl", "pkey", "-in", path, "-inform", "DER", "-passin", "file:" + case.passfile, "-out", "o.pem"])
    text = run(["openssl", "x509", "-in", path + ".crt", "-inform", "DER"]).stdout.decode()
    return public_of("o.pem"), pem_certs(text)


def openssl_hashdir_reads(fmt, path, case):
    """A verifier that finds each certificate by its hash; the directory has no keys and no order."""
    certs = []
    for name in sorted(os.listdir(path)):
        if re.fullmatch(r"[0-9a-f]{8}\.\d+", name):
            certs += pem_certs(open(os.path.join(path, name)).read())
    run(["openssl", "verify", "-no-CAfile", "-CApath", path, case.key + "-%d-leaf.pem" % case.chain])
    return None, certs


def secret_reads(fmt, path, case):
    """What a container finds of a kubernetes.io/tls Secret."""
    data = json.load(open(path))["data"]
    with open("s.key", "wb") as f:
        f.write(base64.b64decode(data["tls.key"]))
    certs = pem_certs(base64.b64decode(data["tls.crt"]).decode())
    return public_of("s.key"), certs + pem_certs(base64.b64decode(data.get("ca.crt", "")).decode())


def pyca_jwk_reads(fmt, path, case):
    """The private numbers of RFC 7517 and 8037, and x5c."""
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    jwk = next(k for k in json.load(open(path))["keys"] if "d" in k)
    raw = lambda n: base64.urlsafe_b64decode(jwk[n] + "=" * (-len(jwk[n]) % 4))
    number = lambda n: int.from_bytes(raw(n), "big")
    if jwk["kty"] == "RSA":
        public = rsa.RSAPublicNumbers(number("e"), number("n"))
        key = rsa.RSAPrivateNumbers(*(number(n) for n in ("p", "q", "d", "dp", "dq", "qi")), public).private_key()
    elif jwk["kty"] == "EC":
        key = ec.derive_private_key(number("d"), ec.SECP256R1())
    else:
        key = ed25519.Ed25519PrivateKey.from_private_bytes(raw("d"))
    public = key.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)
    return public, [hashlib.sha256(base64.b64decode(c)).hexdigest() for c in jwk["x5c"]]


def certtool_reads(fmt, path, case):
    pw = PASSES[case.pw_kind]
    if fmt == "p7b":
        text = run(["certtool", "--p7-info", "--inder", "--infile", path]).stdout.decode("utf-8", "replace")
        return None, pem_certs(text)
    text = run(["certtool", "--p12-info", "--inder", "--infile", path, "--password", pw]).stdout.decode("utf-8", "replace")
    with open("c.key", "w") as f:
        f.write(re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----\n", text, re.S).group(0))
    run(["openssl", "pkey", "-in", "c.key", "-passin", "file:" + case.passfile, "-out", "o.pem"])
    return public_of("o.pem"), pem_certs(text)


def nss_reads(fmt, path, case):
    shutil.rmtree("nss", ignore_errors=True)
    os.mkdir("nss")
    run(["certutil", "-N", "-d", "sql:nss", "--empty-password"])
    run(["pk12util", "-i", path, "-d", "sql:nss", "-w", case.passfile, "-K", ""])
    run(["pk12util", "-o", "n.p12", "-n", nickname(), "-d", "sql:nss", "-w", "pass-ascii", "-K", ""])
    run(["openssl", "pkcs12", "-in", "n.p12", "-passin", "file:pass-ascii", "-nodes", "-out", "o.pem"])
    return public_of("o.pem"), pem_certs(open("o.pem", errors="replace").read())


def nickname():
    text = run(["certutil", "-L", "-d", "sql:nss"]).stdout.decode("utf-8", "replace")
    return next(l for l in text.splitlines() if l.rstrip().endswith("u,u,u")).rsplit(None, 1)[0]


def pyca_reads(fmt, path, case):
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
    data, pw = open(path, "rb").read(), PASSES[case.pw_kind].encode()
    der = lambda c: hashlib.sha256(c.public_bytes(s.Encoding.DER)).hexdigest()
    if fmt == "p7b":
        return None, [der(c) for c in pkcs7.load_der_pkcs7_certificates(data)]
    if fmt == "p12":
        key, cert, more = pkcs12.load_key_and_certificates(data, pw)
        certs = [der(c) for c in [cert] + more]
    else:
        key, certs = s.load_pem_private_key(data, pw), pem_certs(data.decode())
    public = key.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)
    return public, certs


def kstool_reads(path, case):
    run([KSTOOL, "convert", path, "-o", "k.pem", "--plain-key", "--replace", "-q", "--pass", "file:" + case.passfile, "--yes"])
    text = open("k.pem").read()
    return public_of("k.pem"), pem_certs(text)


# ---- the two tables ----

class Table:
    def __init__(self):
        self.cell, self.why, self.bad = {}, {}, []

    def count(self, who, what, case, action):
        good, all_ = self.cell.get((what, who), (0, 0))
        try:
            action()
            good += 1
        except Exception as e:  # whatever goes wrong is the finding
            known = [EXPECTED[(who, what, p)] for p in case.properties() if (who, what, p) in EXPECTED]
            if known:
                self.why.setdefault((what, who), set()).add(known[0])
            else:
                self.bad.append("%s, %s, %s: %s" % (what, who, case.name, e))
        self.cell[(what, who)] = (good, all_ + 1)


def same(case, got, ordered=True):
    public, certs = got
    if public is not None and public != case.public:
        raise RuntimeError("another key")
    want = case.certs if ordered else sorted(case.certs)
    if (certs if ordered else sorted(certs)) != want:
        raise RuntimeError("%d certificates, %d expected, or another order" % (len(certs), len(want)))


def java_same(case, got):
    for line in got:
        alias, *certs = line.split(" ")
        if certs == case.certs and alias.lower() == case.alias.lower():
            return
    raise RuntimeError("entries: %s" % got)


def ours(table, cases, readers, java, bc):
    written = json.loads(run([KSTOOL, "version", "--json"]).stdout)
    formats = {f["to"]: f for f in written["formats"]}
    for fmt in ("p12", "jks", "jceks", "bks", "bcfks", "pem", "p7b"):
        if fmt not in formats:
            continue
        for case in cases:
            path = "ours-%s.%s" % (case.name, fmt)
            args = [KSTOOL, "convert", case.key_file, case.cert_file, "-o", path, "--alias", case.alias, "-q",
                    "--new-pass", "file:" + case.passfile]
            if fmt == "p7b":
                if case.alias_kind != "plain" or case.pw_kind != "ascii":
                    continue
                args = [KSTOOL, "convert", case.cert_file, "-o", path, "-q"]
            made = []

            def make():
                run(args)
                made.append(path)

            table.count("kstool", fmt, case, make)
            if not made:
                continue
            for who, kinds, read in readers:
                if fmt in kinds:
                    table.count(who, fmt, case, lambda: same(case, read(fmt, path, case), fmt not in ("p7b",) and who not in ("certtool", "pk12util")))
            for who, types, provider in (("Java", ("p12", "jks", "jceks"), "-"),
                                         ("Bouncy Castle", ("p12", "bks", "bcfks"), "BC")):
                if java and fmt in types and (provider == "-" or bc):
                    kind = {"p12": "PKCS12"}.get(fmt, fmt.upper())
                    table.count(who, fmt, case, lambda: java_same(case, java.ask("open", kind, provider, path, case.passfile)))


def ours_without_store(table, cases, readers):
    """Formats without passphrase or alias of their own: what they hold of the same cases."""
    for case in cases:
        plain = case.alias_kind == "plain" and case.pw_kind == "ascii"
        named = ["--alias", case.alias, "-q", "--plain-key"]
        one = [KSTOOL, "convert", case.cert_file.replace(".pem", "-leaf.pem"), "-o"]
        for fmt, wanted, commands in (
                ("der", case.chain == 1 and case.alias_kind == "plain",
                 ([KSTOOL, "convert", case.key_file, "-o", "PATH", "-q", "--new-pass", "file:" + case.passfile],
                  one + ["PATH.crt", "--to", "der", "-q"])),
                ("jwks", case.pw_kind == "ascii",
                 ([KSTOOL, "convert", case.key_file, case.cert_file, "-o", "PATH", *named],)),
                ("k8s", plain, ([KSTOOL, "convert", case.key_file, case.cert_file, "-o", "PATH", "--to", "k8s", *named],)),
                ("hashdir", plain, ([KSTOOL, "convert", case.cert_file, "-o", "PATH", "--to", "hashdir", "-q"],))):
            if not wanted:
                continue
            path = "ours-%s.%s" % (case.name, fmt)
            table.count("kstool", fmt, case, lambda: [run([w.replace("PATH", path) for w in c]) for c in commands])
            if os.path.exists(path):
                for who, kind, read in readers:
                    if kind == fmt:
                        table.count(who, fmt, case, lambda: same(case, read(fmt, path, case), fmt != "hashdir"))


def theirs(table, cases, have, java, bc):
    formats = json.loads(run([KSTOOL, "version", "--json"]).stdout)["formats"]
    known = {f["name"] for f in formats} | {f["to"] for f in formats}
    for case in cases:
        pw = "file:" + case.passfile
        made = {}

        def openssl_p12(path, *more):
            run(["openssl", "pkcs12", "-export", "-inkey", case.key_file, "-in", case.cert_file, "-name", case.alias,
                 "-out", path, "-passout", pw, *more])

        def pyca(path):
            from cryptography import x509
            from cryptography.hazmat.primitives import serialization as s
            from cryptography.hazmat.primitives.serialization import pkcs12
            pems = re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----\n", open(case.cert_file).read(), re.S)
            certs = [x509.load_pem_x509_certificate(p.encode()) for p in pems]
            key = s.load_pem_private_key(open(case.key_file, "rb").read(), None)
            with open(path, "wb") as f:
                f.write(pkcs12.serialize_key_and_certificates(
                    case.alias.encode(), key, certs[0], certs[1:],
                    s.BestAvailableEncryption(PASSES[case.pw_kind].encode())))

        def certtool(path):
            run(["certtool", "--to-p12", "--load-privkey", case.key_file, "--load-certificate", case.cert_file,
                 "--p12-name", case.alias, "--password", PASSES[case.pw_kind], "--outder", "--outfile", path])

        def nss(path):
            shutil.rmtree("nss", ignore_errors=True)
            os.mkdir("nss")
            run(["certutil", "-N", "-d", "sql:nss", "--empty-password"])
            run(["pk12util", "-i", "t-openssl.p12", "-d", "sql:nss", "-w", case.passfile, "-K", ""])
            run(["pk12util", "-o", path, "-n", nickname(), "-d", "sql:nss", "-w", case.passfile, "-K", ""])

        def by_java(kind, provider):
            return lambda path: java.ask("copy", "from.p12", "pass-ascii", kind, provider, path, case.passfile)

        # What Java copies: it does not open every passphrase of others.
        run(["openssl", "pkcs12", "-export", "-inkey", case.key_file, "-in", case.cert_file, "-name", case.alias,
             "-out", "from.p12", "-passout", "file:pass-ascii"])
        writers = [("openssl", "p12", openssl_p12), ("openssl -legacy", "p12", lambda p: openssl_p12(p, "-legacy"))]
        if "pyca" in have:
            writers.append(("cryptography", "p12", pyca))
        if "certtool" in have:
            writers.append(("certtool", "p12", certtool))
        if "pk12util" in have:
            writers.append(("pk12util", "p12", nss))
        if java:
            writers += [("Java", t.lower().replace("pkcs12", "p12"), by_java(t, "-")) for t in ("PKCS12", "JKS", "JCEKS")]
        if java and bc:
            writers += [("Bouncy Castle", t.lower(), by_java(t, "BC")) for t in ("BKS", "UBER", "BCFKS")]
        for who, ext, make in writers:
            if ext not in known:
                continue
            path = "t-%s.%s" % (who.split()[0] if who == "openssl" else who.replace(" ", ""), ext)
            if os.path.exists(path):
                os.unlink(path)

            def both():
                make(path)
                os.chmod(path, 0o600)
                same(case, kstool_reads(path, case))

            table.count(who, "%s of %s" % (ext, who), case, both)


def versions(have, java, bc):
    def first(args, pattern):
        p = run(args, check=False)
        m = re.search(pattern, (p.stdout + p.stderr).decode("utf-8", "replace"))
        return m.group(1) if m else "?"

    v = {"openssl": "OpenSSL " + first(["openssl", "version"], r"OpenSSL (\S+)")}
    if "certtool" in have:
        v["certtool"] = "GnuTLS " + first(["certtool", "--version"], r"(\d+\.\d+\.\d+)")
    if "pk12util" in have:
        v["pk12util"] = "NSS " + first(["dpkg-query", "-W", "-f", "${Version}", "libnss3-tools"], r"(?:\d+:)?([\d.]+)")
    if "pyca" in have:
        import cryptography
        v["cryptography"] = "Python's cryptography " + cryptography.__version__
    if java:
        v["Java"] = "OpenJDK " + first(["java", "-version"], r'version "([^"]+)"')
    if bc:
        v["Bouncy Castle"] = "Bouncy Castle " + first(["dpkg-query", "-W", "-f", "${Version}", "libbcprov-java"], r"([\d.]+)")
    return v


def markdown(table, v):
    out = ["Readers and writers: " + ", ".join(v[k] for k in v) + ". Each cell: how many of how many files.", ""]
    mine = [k for k in table.cell if " of " not in k[0]]
    whos = [w for w in ("kstool", "openssl", "certtool", "pk12util", "cryptography", "Java", "Bouncy Castle") if any(k[1] == w for k in mine)]
    out.append("| kstool writes | " + " | ".join("makes" if w == "kstool" else w for w in whos) + " |")
    out.append("|---|" + "---|" * len(whos))
    for what in dict.fromkeys(k[0] for k in mine):
        cells = ["%d/%d" % table.cell[(what, w)] if (what, w) in table.cell else "-" for w in whos]
        out.append("| %s | %s |" % (what, " | ".join(cells)))
    out += ["", "| kstool reads | |", "|---|---|"]
    for (what, who), n in table.cell.items():
        if " of " in what:
            out.append("| %s | %d/%d |" % (what, *n))
    whys = sorted({"%s, %s: %s." % (what, who, w) for (what, who), ws in table.why.items() for w in ws})
    return "\n".join(out + [""] + ["* " + w for w in whys]) + "\n"


def main():
    have = [t for t in ("certtool", "pk12util", "javac") if shutil.which(t)]
    try:
        import cryptography  # noqa: F401
        have.append("pyca")
    except ImportError:
        pass
    for t in ("certtool", "pk12util", "javac", "pyca"):
        if t not in have:
            print("skipped: %s is not installed" % t)
    bc = "/usr/share/java/bcprov.jar"
    if not os.path.exists(bc):
        print("skipped: Bouncy Castle is not installed")
        bc = None
    readme = os.path.abspath(sys.argv[2]) if sys.argv[1:2] == ["--write"] else None
    os.environ.update(KSTOOL_SIGNERS="", LC_ALL="C.UTF-8")
    with tempfile.TemporaryDirectory(prefix="kstool-matrix.") as work:
        os.chdir(work)
        cases = fixtures()
        java = Java(bc) if "javac" in have else None
        readers = [("openssl", ("p12", "pem", "p7b"), openssl_reads)]
        if "certtool" in have:
            readers.append(("certtool", ("p12", "p7b"), certtool_reads))
        if "pk12util" in have:
            readers.append(("pk12util", ("p12",), nss_reads))
        if "pyca" in have:
            readers.append(("cryptography", ("p12", "pem", "p7b"), pyca_reads))
        table = Table()
        ours(table, cases, readers, java, bc and java)
        singles = [("openssl", "der", openssl_der_reads), ("openssl", "hashdir", openssl_hashdir_reads),
                   ("openssl", "k8s", secret_reads)]
        if "pyca" in have:
            singles.append(("cryptography", "jwks", pyca_jwk_reads))
        ours_without_store(table, cases, singles)
        theirs(table, cases, have, java, bc and java)
        if java:
            java.close()
        text = markdown(table, versions(have, java, bc))
        os.chdir("/")
    print(text, end="")
    if readme:
        old = open(readme).read()
        begin, end = "<!-- matrix -->\n", "<!-- /matrix -->\n"
        with open(readme, "w") as f:
            f.write(old[:old.index(begin) + len(begin)] + text + old[old.index(end):])
    for b in table.bad:
        print("FAIL: " + b)
    n = sum(c[0] for c in table.cell.values())
    print("matrix: %d files opened as they should, %d failed" % (n, len(table.bad)))
    return 1 if table.bad else 0


sys.exit(main())
