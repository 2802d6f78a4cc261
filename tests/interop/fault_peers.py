# SPDX-License-Identifier: ISC
"""fault_peers.py - real servers and clients that judge the peers of tests/lib/pki.py

A client judges a faulty server: all of these are one nginx with a port for each.  A server judges
a faulty client: that is this program, which judges nobody and asks each server with TLS 1.2 and 1.3.
A judge gets the trusted CAs and CRLs of the case, so that all answer the same question.  Servers that
judge by the same files are one.
"""
import atexit
import concurrent.futures
import os
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DEPTH = "20"
TLS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
running = []


def stop():
    for p in running:
        if p.poll() is None:
            p.terminate()
    for p in running:
        try:
            p.wait(3)
        except subprocess.TimeoutExpired:
            p.kill()
    running.clear()


atexit.register(stop)
signal.signal(signal.SIGTERM, lambda *_: exit(143))


def free_ports(n):
    """Below those that the system gives to whoever connects: nobody takes one before its server does."""
    some, ports = [], []
    while len(ports) < n:
        s = socket.socket()
        try:
            s.bind(("127.0.0.1", random.randrange(10000, 32000)))
        except OSError:
            s.close()
            continue
        some.append(s)
        ports.append(s.getsockname()[1])
    for s in some:
        s.close()
    return ports


def start(args, log, **env):
    p = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=open(log, "wb"), stderr=subprocess.STDOUT,
                         env={**os.environ, **env})
    running.append(p)
    return p


def run(args, text="", timeout=10, **env):
    """(status, all it said)"""
    try:
        p = subprocess.run(args, input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=timeout, env={**os.environ, **env})
        return p.returncode, p.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as e:
        return 124, (e.stdout or b"").decode("utf-8", "replace")


def wait_for(ports, process, log, seconds=30):
    for port in ports:
        end = time.monotonic() + seconds
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise SystemExit("FAIL: a server does not start: " + open(log).read()[-2000:])
                time.sleep(0.02)


def first(pattern, text, otherwise="?"):
    m = re.search(pattern, text, re.M)
    return " ".join(m.group(m.lastindex or 0).split()) if m else otherwise


class Answer:
    """ok: it is accepted; words: its own; None: nobody was asked"""
    def __init__(self, ok, words=""):
        self.ok, self.words = ok, words


# ---- clients, which judge servers ----

class Curl:
    name, program = "curl", "curl"

    def ask(self, c, port):
        args = ["curl", "-sS", "-o", os.devnull, "--max-time", "8", "--cacert", c["dir"] + "/trust.pem",
                "--resolve", "%s:%d:127.0.0.1" % (c["host"], port)]
        if c["crl"]:
            args += ["--crlfile", c["crl"]]
        if c["revocation"] == "staple":
            args += ["--cert-status"]
        status, said = run(args + ["https://%s:%d/" % (c["host"], port)])
        return Answer(status == 0, said.split("\n")[0].replace("curl: ", ""))


class OpensslClient:
    name, program = "s_client", "openssl"

    def ask(self, c, port):
        is_ip = c["host"][0].isdigit()
        args = ["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-CAfile", c["both"],
                "-verify_return_error", "-verify_ip" if is_ip else "-verify_hostname", c["host"],
                *(["-noservername"] if is_ip else ["-servername", c["host"]]),
                *(["-crl_check_all"] if c["crl"] else [])]
        status, said = run(args)
        return Answer(status == 0, first(r"verify error:num=(.*)", said, first(r":error:.*?:SSL.*?::?(.*?):", said)))


class GnutlsClient:
    name, program = "gnutls-cli", "gnutls-cli"

    def ask(self, c, port):
        # It verifies the CRLs, and takes them only of CAs that it trusts.
        args = ["gnutls-cli", "--x509cafile", c["cas"] if c["crl"] else c["dir"] + "/trust.pem",
                "--verify-hostname", c["host"], "-p", str(port), "127.0.0.1"]
        if not c["host"][0].isdigit():
            args += ["--sni-hostname", c["host"]]
        if c["crl"]:
            args += ["--x509crlfile", c["crl"]]
        status, said = run(args, "GET / HTTP/1.0\r\n\r\n")
        return Answer(status == 0 and "The certificate is trusted" in said,
                      first(r"The certificate is NOT trusted\. (.*)", said, first(r"\*\*\* (.*)|Error setting.*: (.*)", said)))


class JavaClient:
    name, program = "Java", "javac"

    def __init__(self, classes):
        self.classes = classes

    def ask_all(self, cases, ports, spec):
        with open(spec, "w") as f:
            for c in cases:
                f.write("%s %s %d %s/trust.pem %s\n" % (c["name"], c["host"], ports[c["name"]], c["dir"],
                                                      "staple" if c["revocation"] == "staple" else c["crl"] or "-"))
        status, said = run(["java", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
                            "-Djdk.tls.client.enableStatusRequestExtension=true", "-cp", self.classes, "Faults",
                            "connect", spec], timeout=120)
        out = {}
        for line in said.splitlines():
            name, _, words = line.partition(" ")
            out[name] = Answer(words == "ok", words)
        if len(out) != len(cases):
            raise SystemExit("FAIL: Java: " + said[-2000:])
        return out


def openssl_of_old(where):
    """OpenSSL's configuration without its least strength: faulty peers are not to notice what they are."""
    os.makedirs(where, exist_ok=True)
    path = where + "/anything.cnf"
    with open(path, "w") as f:
        f.write("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nCipherString = ALL:@SECLEVEL=0\n"
                "MinProtocol = TLSv1.2\n")
    return path


NGINX = """daemon off; master_process off; pid %(where)s/nginx.pid; error_log %(where)s/nginx.log info;
%(user)s
events { worker_connections 512; }
http {
  access_log off; server_tokens off; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off;
  client_body_temp_path %(where)s; proxy_temp_path %(where)s; fastcgi_temp_path %(where)s;
  uwsgi_temp_path %(where)s; scgi_temp_path %(where)s; ssl_ecdh_curve X25519:P-256;
%(servers)s
}
"""


def nginx_conf(where, servers):
    """servers: [(port, text)].  Returns the log's path."""
    os.makedirs(where, exist_ok=True)
    blocks = "\n".join("  server { listen 127.0.0.1:%d ssl; %s }" % s for s in servers)
    with open(where + "/nginx.conf", "w") as f:
        f.write(NGINX % {"where": where, "servers": blocks, "user": "user root;" if os.geteuid() == 0 else ""})
    return where + "/nginx.log"


def nginx(where, servers, **env):
    log = nginx_conf(where, servers)
    p = start(["nginx", "-p", where, "-c", where + "/nginx.conf", "-e", where + "/nginx.log"],
              where + "/nginx.out", **env)
    wait_for([s[0] for s in servers], p, log)
    return log


def faulty_servers(where, cases):
    """{name of a case: port of the nginx that is faulty in this way}"""
    ports = dict(zip([c["name"] for c in cases], free_ports(len(cases))))
    nginx(where, [(ports[c["name"]], "ssl_certificate %s/chain.pem; ssl_certificate_key %s/key.pem; "
                   "%s location / { return 200 'ok\\n'; }" % (c["dir"], c["dir"], "ssl_stapling on; ssl_stapling_file "
                                                              "%s/staple.der;" % c["dir"] if c["revocation"] == "staple" else ""))
                  for c in cases],
          OPENSSL_CONF=openssl_of_old(where))
    return ports


# ---- servers, which judge clients ----

class Server:
    """One program with a server for each group of clients; `log` is what it says."""
    def chosen(self, groups, skipped):
        return [(i, g) for i, g in enumerate(groups) if (g["fault"], self.name) not in skipped]

    def words(self, group, text):
        return text

    def said(self, group):
        path = self.log(group)
        return os.path.getsize(path) if os.path.exists(path) else 0

    def ask(self, c, version):
        group = c["group"]
        before = self.said(group)
        ok, words = knock(self.ports[group], c, version)
        if ok is False:
            for _ in range(30):
                with open(self.log(group), "rb") as f:
                    f.seek(before)
                    more = self.words(group, f.read().decode("utf-8", "replace"))
                if more:
                    return Answer(ok, more)
                time.sleep(0.01)
        return Answer(ok, words)


def knock(port, c, version):
    """A client that judges nobody.  (accepted?, alert or answer)"""
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
    ctx.set_ciphers("ALL:@SECLEVEL=0")
    ctx.minimum_version = ctx.maximum_version = TLS[version]
    if c["sends"]:
        try:
            ctx.load_cert_chain(c["dir"] + "/chain.pem", c["dir"] + "/key.pem")
        except ssl.SSLError as e:
            return None, "no client sends it: " + e.reason.lower().replace("_", " ")
    text = b""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            plain.settimeout(8)
            with ctx.wrap_socket(plain, server_hostname="shop.acme.test") as s:
                s.sendall(b"GET / HTTP/1.0\r\nHost: shop.acme.test\r\n\r\n")
                while len(text) < 65536:
                    some = s.recv(8192)
                    if not some:
                        break
                    text += some
    except ssl.SSLError as e:
        if not re.match(rb"HTTP/1.\d 200", text):
            return False, "alert " + (e.reason or str(e)).lower().split("alert_")[-1].replace("_", " ")
    except OSError as e:
        if not re.match(rb"HTTP/1.\d 200", text):
            return False, str(e)
    return bool(re.match(rb"HTTP/1.\d 200", text)), text.decode("utf-8", "replace").strip().split("\n")[-1]


class Nginx(Server):
    name, program = "nginx", "nginx"

    def start(self, where, good, groups, skipped):
        groups = self.chosen(groups, skipped)
        self.ports = dict(zip([i for i, _ in groups], free_ports(len(groups))))
        self.logfile = nginx(where, [(self.ports[i], (
            "ssl_certificate %s/chain.pem; ssl_certificate_key %s/key.pem; ssl_client_certificate %s; %s"
            "ssl_verify_client on; ssl_verify_depth %s; location / { return 200 'ok\\n'; }") % (
            good, good, g["trust"], "ssl_crl %s; " % g["crl"] if g["crl"] else "", DEPTH))
            for i, g in groups])

    def log(self, group):
        return self.logfile

    def words(self, group, text):
        # A client without certificate meets nothing but the page.
        return first(r"verify error: \((.*?)\) while", text, first(r"(client sent no required SSL certificate)", text, ""))


def apache_head(where):
    modules = next((d for d in ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules") if os.path.isdir(d)), "")
    text = "ServerRoot %s\nServerName localhost\nPidFile %s/pid\nErrorLog %s/log\nDocumentRoot %s/www\n" % (
        (where,) * 4)
    for m in ("mpm_event", "authz_core", "dir", "ssl"):
        text += "LoadModule %s_module %s/mod_%s.so\n" % (m, modules, m)
    if os.geteuid() == 0:
        text += "User www-data\nGroup www-data\n"
    return text + ("DirectoryIndex index.html\nLogLevel warn ssl:info\nSSLSessionCache none\nMutex posixsem\n"
                   "StartServers 1\nMinSpareThreads 4\nMaxSpareThreads 8\nThreadsPerChild 8\nMaxRequestWorkers 16\n")


class Apache(Server):
    name, program = "Apache", "apache2"

    def start(self, where, good, groups, skipped):
        groups = self.chosen(groups, skipped)
        os.makedirs(where + "/www", exist_ok=True)
        os.chmod(where, 0o755)
        self.ports, self.where = dict(zip([i for i, _ in groups], free_ports(len(groups)))), where
        with open(where + "/www/index.html", "w") as f:
            f.write("ok\n")
        text = apache_head(where)
        for i, g in groups:
            port = self.ports[i]
            text += ("Listen 127.0.0.1:%d\n<VirtualHost 127.0.0.1:%d>\nSSLEngine on\nSSLCertificateFile %s/chain.pem\n"
                     "SSLCertificateKeyFile %s/key.pem\nSSLCACertificateFile %s\nSSLVerifyClient require\n"
                     "SSLVerifyDepth %s\n" % (port, port, good, good, g["trust"], DEPTH))
            if g["crl"]:
                text += "SSLCARevocationFile %s\nSSLCARevocationCheck chain\n" % g["crl"]
            text += "</VirtualHost>\n"
        with open(where + "/conf", "w") as f:
            f.write(text)
        p = start(["apache2", "-f", where + "/conf", "-D", "FOREGROUND"], where + "/out")
        wait_for(self.ports.values(), p, where + "/out")

    def log(self, group):
        return self.where + "/log"

    def words(self, group, text):
        return first(r"Certificate Verification: Error \((.*?)(?: \[subject|$)", text, first(
            r"error:\w+:SSL routines:.*?:(.*?)(?: \(| --|$)", text, "")).replace("): ", ": ", 1)


class OpensslServer(Server):
    name, program = "s_server", "openssl"

    def start(self, where, good, groups, skipped):
        groups = self.chosen(groups, skipped)
        os.makedirs(where, exist_ok=True)
        self.where, self.ports = where, {}
        for i, g in groups:
            start(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", good + "/leaf.pem", "-cert_chain",
                   good + "/chain.pem", "-key", good + "/key.pem", "-CAfile", g["both"], "-Verify", DEPTH,
                   "-verify_return_error", "-www", *(["-crl_check_all"] if g["crl"] else [])], self.log(i))
        for i, _ in groups:
            end = time.monotonic() + 20
            while True:
                port = first(r"^ACCEPT .*:(\d+)$", open(self.log(i)).read(), "")
                if port:
                    break
                if time.monotonic() > end:
                    raise SystemExit("FAIL: s_server: " + open(self.log(i)).read())
                time.sleep(0.02)
            self.ports[i] = int(port)

    def log(self, group):
        return "%s/%d.log" % (self.where, group)

    def words(self, group, text):
        return first(r"verify error:num=(.*)", text, first(r":error:.*?:SSL.*?:(peer did not.*?|[a-z ]+):", text, ""))


class GnutlsServer(Server):
    """It listens on all addresses: it has no option for that."""
    name, program = "gnutls-serv", "gnutls-serv"

    def start(self, where, good, groups, skipped):
        groups = self.chosen(groups, skipped)
        os.makedirs(where, exist_ok=True)
        self.where, self.ports = where, dict(zip([i for i, _ in groups], free_ports(len(groups))))
        for i, g in groups:
            p = start(["gnutls-serv", "--http", "-p", str(self.ports[i]), "--x509certfile", good + "/chain.pem",
                       "--x509keyfile", good + "/key.pem", "--x509cafile", g["trust"], "--require-client-cert",
                       "--verify-client-cert", *(["--x509crlfile", g["crl"]] if g["crl"] else [])], self.log(i))
        for i, port in self.ports.items():
            wait_for([port], p, self.log(i))

    def log(self, group):
        return "%s/%d.log" % (self.where, group)

    def words(self, group, text):
        return first(r"The certificate is NOT trusted\. (.*)", text, first(r"Error in handshake: (.*)", text, ""))


class JavaServer(Server):
    name, program = "Java", "javac"

    def __init__(self, classes, own):
        self.classes, self.mine = classes, own

    def start(self, where, good, groups, skipped):
        groups = self.chosen(groups, skipped)
        os.makedirs(where, exist_ok=True)
        self.where = where
        with open(where + "/spec", "w") as f:
            for i, g in groups:
                f.write("%d %s/chain.pem %s/key.pem %s %s\n" % (i, good, good, g["trust"], g["crl"] or "-"))
            for c in self.mine:
                f.write("%s %s/chain.pem %s/key.pem %s/trust.pem -\n" % (c["name"], c["dir"], c["dir"], c["dir"]))
        p = start(["java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", self.classes, "Faults", "serve",
                   where + "/spec", where + "/ports"], where + "/log")
        end = time.monotonic() + 60
        while not os.path.exists(where + "/ports"):
            if p.poll() is not None or time.monotonic() > end:
                raise SystemExit("FAIL: Java does not serve: " + open(where + "/log").read())
            time.sleep(0.05)
        with open(where + "/ports") as f:
            ports = {a: int(b) for a, b in (line.split() for line in f)}
        self.ports = {int(a): b for a, b in ports.items() if a.isdigit()}
        self.own = {a: b for a, b in ports.items() if not a.isdigit()}

    def log(self, group):
        return self.where + "/log"

    def words(self, group, text):
        return first(r"^%d (.*)" % group, text, "")

# ---- what they say of a key of their own ----

def starts(args, log, port=None):
    """Does a server start with this key?"""
    p = start(args, log)
    end = time.monotonic() + 10
    while p.poll() is None and time.monotonic() < end:
        if port:
            try: # Apache listens before it looks at its keys
                with socket.create_connection(("127.0.0.1", port), 1) as plain:
                    ssl._create_unverified_context().wrap_socket(plain).close()
                return Answer(True)
            except OSError:
                pass
        elif "ACCEPT" in open(log).read():
            return Answer(True)
        time.sleep(0.02)
    words = open(log).read()
    return Answer(False, first(r"(?:AH02565: )(.*)|(key values mismatch)|Error setting.*: (.*)|Error(?:\[\d+\])?: (.*)",
                               words, words.strip()[-100:]))


def own_nginx(where, c, good_port):
    log = nginx_conf(where, [(free_ports(1)[0], "ssl_certificate %s/chain.pem; ssl_certificate_key %s/key.pem;" % (
        c["dir"], c["dir"]))])
    status, said = run(["nginx", "-t", "-p", where, "-c", where + "/nginx.conf", "-e", log])
    return Answer(status == 0, first(r"emerg.*?failed \(SSL: error:\w+:(.*)\)", said))


def own_apache(where, c, good_port):
    port = free_ports(1)[0]
    with open(where + "/conf", "w") as f:
        f.write(apache_head(where) + "Listen 127.0.0.1:%d\nSSLEngine on\nSSLCertificateFile %s/chain.pem\n"
                "SSLCertificateKeyFile %s/key.pem\n" % (port, c["dir"], c["dir"]))
    a = starts(["apache2", "-f", where + "/conf", "-D", "FOREGROUND"], where + "/log", port)
    return a


def own_s_server(where, c, good_port):
    return starts(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", c["dir"] + "/chain.pem", "-key",
                   c["dir"] + "/key.pem"], where + "/log")


def own_gnutls_serv(where, c, good_port):
    port = free_ports(1)[0]
    return starts(["gnutls-serv", "-p", str(port), "--x509certfile", c["dir"] + "/chain.pem", "--x509keyfile",
                   c["dir"] + "/key.pem"], where + "/log", port)


def own_curl(where, c, good_port):
    status, said = run(["curl", "-sSk", "--max-time", "8", "--cert", c["dir"] + "/chain.pem", "--key",
                        c["dir"] + "/key.pem", "https://127.0.0.1:%d/" % good_port])
    return Answer(status == 0, said.strip())


def own_s_client(where, c, good_port):
    status, said = run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % good_port, "-cert", c["dir"] + "/chain.pem",
                        "-key", c["dir"] + "/key.pem"])
    return Answer(status == 0, first(r":(key values mismatch)", said))


def own_gnutls_cli(where, c, good_port):
    status, said = run(["gnutls-cli", "--insecure", "--x509certfile", c["dir"] + "/chain.pem", "--x509keyfile",
                        c["dir"] + "/key.pem", "-p", str(good_port), "127.0.0.1"],
                       "GET / HTTP/1.0\r\nHost: shop.acme.test\r\n\r\n")
    return Answer("200 OK" in said, first(r"\*\*\* (.*)|Error.*: (.*)", said, said.strip()[-100:]))


OWNERS = {"nginx": own_nginx, "Apache": own_apache, "s_server": own_s_server, "gnutls-serv": own_gnutls_serv,
          "curl": own_curl, "s_client": own_s_client, "gnutls-cli": own_gnutls_cli}
PROGRAM = {"Apache": "apache2", "s_server": "openssl", "s_client": "openssl"}


def ask_owners(where, cases, good_port, java, out):
    """Whose key and certificate do not fit is told at the start, or by the other side.

    good_port: of a server that wants a certificate of its client."""
    work = [(c, who) for c in cases for who in OWNERS
            if here(PROGRAM.get(who, who)) and (who in ("curl", "s_client", "gnutls-cli")) == (c["side"] == "client")]

    def one(job):
        c, who = job
        d = "%s/%s-%s" % (where, who, c["name"])
        os.makedirs(d + "/www")
        return OWNERS[who](d, c, good_port)

    for (c, who), a in zip(work, pool(one, work)):
        out[c["name"], who] = [a]
    if java:
        for c in cases:
            if c["side"] == "server" and c["name"] in java.own:
                ok, words = knock(java.own[c["name"]], {"sends": False}, "1.3")
                out[c["name"], "Java"] = [Answer(ok, words)]
            elif c["side"] == "server":
                with open(java.log(0)) as f:
                    out[c["name"], "Java"] = [Answer(False, first("^%s (.*)" % c["name"], f.read()))]


# ---- all of them ----

os.environ["PATH"] += ":/usr/sbin:/sbin" # where Debian has its servers


def here(program):
    return shutil.which(program) is not None


def installed(program):
    if not here(program):
        print("skipped: %s is not installed" % program)
    return here(program)


def versions():
    asked = (("curl", "-V", r"curl [\d.]+"), ("openssl", "version", r"OpenSSL [\w.]+"),
             ("gnutls-cli", "--version", r"gnutls-cli [\d.]+"), ("java", "-version", r"openjdk version \S+"),
             ("nginx", "-v", r"nginx/[\d.]+"), ("apache2", "-v", r"Apache/[\d.]+"))
    return ", ".join(first("(%s)" % pattern, run([p, option])[1], p) for p, option, pattern in asked if here(p))


def known_versions():
    try:
        with open("/etc/os-release") as f:
            return re.search(r'^ID=debian$.*^VERSION_ID="12"$|^VERSION_ID="12"$.*^ID=debian$', f.read(), re.M | re.S)
    except OSError:
        return None


def groups_of(cases):
    """Clients that are judged by the same files.  Gives each case its "group"."""
    known, out = {}, []
    for c in cases:
        key = tuple(open(p).read() if p else "" for p in (c["dir"] + "/trust.pem", c["crl"]))
        if key not in known:
            known[key] = len(out)
            out.append({"trust": c["dir"] + "/trust.pem", "crl": c["crl"], "both": c["both"],
                        "fault": c["fault"]})
        c["group"] = known[key]
    return out


def pool(work, items, workers=4):
    with concurrent.futures.ThreadPoolExecutor(workers) as some:
        return list(some.map(work, items))
