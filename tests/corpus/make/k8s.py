# SPDX-License-Identifier: ISC
"""Kubernetes Secrets, as kubectl prints them, and broken."""
import base64
import json

import kit

B = lambda b: base64.b64encode(b if isinstance(b, bytes) else b.encode()).decode()


def secret(data=None, name="web", type="kubernetes.io/tls", **more):
    d = {"apiVersion": "v1", "kind": "Secret", "type": type, "metadata": {"name": name, "namespace": "prod", "uid": "1"}}
    if data is not None:
        d["data"] = {k: B(v) for k, v in data.items()}
    if "raw" in more:
        more["data"] = more.pop("raw")
    d.update(more)
    return d


def make():
    w = kit.World()
    c = kit.Corpus("k8s", "json")
    pem = lambda label, der: kit.pem(label, der).decode()
    crt = pem("CERTIFICATE", w.web) + pem("CERTIFICATE", w.root)
    key, ca = pem("PRIVATE KEY", w.web_key.pkcs8), pem("CERTIFICATE", w.root)
    tls = {"tls.crt": crt, "tls.key": key}
    store = open(kit.HERE + "/jks/good-two.jks", "rb").read()

    def put(name, doc, expect, comment, *entries):
        data = doc if isinstance(doc, bytes) else (json.dumps(doc, indent=4) + "\n").encode()
        c.put(name, data, expect, comment, entries)

    put("good-tls", secret(tls), "success", "a pair", "key 2 web")
    put("good-tls-ca", secret(dict(tls, **{"ca.crt": ca})), "success", "with the CA", "key 2 web", "trusted 1 web/ca.crt")
    put("good-string-data", secret({"tls.crt": "old", "tls.key": "old"}, stringData={"tls.crt": crt, "tls.key": key}), "success",
        "stringData goes before data", "key 2 web")
    put("good-opaque", secret({"keystore.jks": store, "password": "changeit", "empty": ""}, type="Opaque"), "success",
        "a whole store and what is no store", "opaque 0 web/keystore.jks", "opaque 0 web/password", "opaque 0 web/empty")
    put("good-list", {"apiVersion": "v1", "kind": "List", "items": [secret(tls, "a"), {"kind": "ConfigMap", "data": {"x": "y"}},
        secret(dict(tls), "b"), secret({}, "c"), secret(None, "d")]}, "success", "a List", "key 2 a", "key 2 b")
    put("good-empty-pair", secret({"tls.crt": "", "tls.key": ""}), "success", "both are there, and nothing is in them")
    put("good-null", secret(None, raw={"tls.crt": None, "tls.key": None, "x": None}), "success", "values that are null",
        "opaque 0 web/x")
    bad = lambda name, doc, expect, comment: put("bad-" + name, doc, expect, comment)
    bad("base64", secret(None, raw={"tls.crt": "!!!", "tls.key": B(key)}), "corrupt", "no base64")
    bad("number", secret(None, raw={"x": 5}), "corrupt", "a number for a value")
    bad("data", secret(None, raw=[1]), "corrupt", "data is an array")
    bad("json", json.dumps(secret(tls)).encode()[:-1] + b",}", "corrupt", "a comma too many")
    bad("cut", json.dumps(secret(tls)).encode()[:-300], "truncated", "cut off")
    bad("twice", b'{"apiVersion":"v1","kind":"Secret","data":{"a":"","a":""}}', "corrupt", "a key twice")
    bad("key", secret(dict(tls, **{"tls.key": pem("PRIVATE KEY", b"\x30\0")})), "bad-key", "a key that is none")
    bad("certificate", secret(dict(tls, **{"tls.crt": pem("CERTIFICATE", w.web[:-1])})), "bad-certificate", "cut off")
    bad("items", {"apiVersion": "v1", "kind": "List", "items": {}}, "corrupt", "items is no array")
    bad("config-map", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"\"Secret\"": "x", "kind": "\"Secret\""},
        "metadata": {"kind": "Secret"}}, "unknown-format", "something else")
    return c.nr
