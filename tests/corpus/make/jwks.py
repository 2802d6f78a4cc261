# SPDX-License-Identifier: ISC
"""jwks.py - JSON Web Keys, good and with one fault each, out of those that the RFCs print.

The good-rfc files are the RFCs' own (7517 A.1 to A.3, 8037 A.1) and are not made here."""
import base64
import copy
import json
import os

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "jwks")
count = 0


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def put(name, doc, *lines):
    global count
    text = doc if isinstance(doc, bytes) else (json.dumps(doc, indent=1) + "\n").encode()
    with open(os.path.join(HERE, name + ".jwks"), "wb") as f:
        f.write(text)
    with open(os.path.join(HERE, name + ".txt"), "w") as f:
        f.write("\n".join(lines) + "\n")
    count += 1


def sheet(name, *lines):
    with open(os.path.join(HERE, name + ".txt"), "w") as f:
        f.write("\n".join(lines) + "\n")


def without(key, *names):
    return {k: v for k, v in key.items() if k not in names}


def make():
    load = lambda n: json.load(open(os.path.join(HERE, n + ".jwks")))
    ec, rsa = load("good-rfc7517-a2")["keys"]
    oct_, mac = load("good-rfc7517-a3")["keys"]
    ed = load("good-rfc8037-a1")
    good = lambda n, *e: ("expect: success", "entries: %d" % n) + e
    sheet("good-rfc7517-a1", *good(2, "entry: opaque 0 1", "entry: opaque 0 2011-04-29",
          "comment: RFC 7517 A.1: two public keys"))
    sheet("good-rfc7517-a2", *good(2, "entry: key 0 1", "entry: key 0 2011-04-29",
          "comment: RFC 7517 A.2: the same, private"))
    sheet("good-rfc7517-a3", *good(2, "entry: secret 0 k1JnWRfC-5zzmL72vXIuBgTLfVROXBakS4OmGcrMCoc",
          "entry: secret 0 HMAC key used in JWS spec Appendix A.1 example",
          "comment: RFC 7517 A.3: symmetric keys; the first is named by its thumbprint"))
    sheet("good-rfc8037-a1", *good(1, "entry: key 0 kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
          "comment: RFC 8037 A.1, with the thumbprint of its A.3"))
    crt = ("p", "q", "dp", "dq", "qi")
    put("good-no-primes", {"keys": [without(rsa, *crt)]},
        *good(1, "entry: key 0 2011-04-29", "comment: n, e and d alone (RFC 7518 6.3.2)"))
    put("good-some-primes", {"keys": [without(rsa, "dp", "dq", "qi")]},
        *good(1, "entry: key 0 2011-04-29", "comment: the primes without what follows from them"))
    put("good-empty", {"keys": []}, *good(0, "comment: no key at all"))
    put("good-unknown", {"keys": [{"kty": "AKP", "alg": "ML-DSA-44", "kid": "pq", "pub": "AAAA"},
                                  {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"}, ed], "more": [1]},
        *good(3, "entry: opaque 0 pq", "entry: opaque 0 -",
              "entry: key 0 kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
              "comment: types and curves that are not known are kept"))
    put("good-bom-padding", b"\xef\xbb\xbf \r\n" + json.dumps(dict(ed, x=ed["x"] + "=")).encode(),
        *good(1, "entry: key 0 *", "comment: a byte order mark, and base64url with its padding"))
    put("good-short", {"keys": [dict(ec, d=ec["d"])]}, *good(1, "entry: key 0 1", "comment: one EC key"))
    put("good-same-kid", {"keys": [ec, dict(ed, kid="1")]},
        *good(2, "entry: key 0 1", "entry: key 0 1", "comment: two keys of one kid (RFC 7517 4.5 allows it)"))

    bad = lambda slug, why: ("expect: " + slug, "comment: " + why)
    put("bad-json", b'{"keys":[{"kty":"OKP",}]}', *bad("corrupt", "a comma too many"))
    put("bad-truncated", json.dumps({"keys": [ec]}).encode()[:-40], *bad("truncated", "cut off"))
    put("bad-twice", b'{"kty":"oct","k":"AAAA","k":"AAAB"}', *bad("corrupt", "a member twice"))
    put("bad-utf8", b'{"kty":"oct","k":"AAAA","kid":"\xff"}', *bad("corrupt", "not UTF-8"))
    put("bad-keys", {"keys": 1, "\"kty\"": 1, "kty ": {"kty": 0}}, *bad("corrupt", "keys is no array"))
    put("bad-key-no-object", {"keys": [1]}, *bad("corrupt", "a key that is a number"))
    put("bad-no-kty", {"keys": [without(ed, "kty")]}, *bad("corrupt", "no kty"))
    put("bad-base64", dict(ed, d=ed["d"][:-2] + "+/"), *bad("corrupt", "the other alphabet"))
    put("bad-base64-bits", dict(ed, d=ed["d"][:-1] + "B"), *bad("corrupt", "bits behind the last byte"))
    put("bad-number", dict(ed, d=17), *bad("corrupt", "d is a number"))
    put("bad-ec-no-y", without(ec, "y"), *bad("bad-key", "no y"))
    put("bad-ec-point", dict(ec, y=b64(bytes(31) + b"\x01")), *bad("bad-key", "a point off the curve"))
    put("bad-ec-long", dict(ec, x="AAAA" + ec["x"]), *bad("bad-key", "a coordinate of 35 bytes"))
    put("bad-ec-d", dict(ec, d="9" + ec["d"][1:]), *bad("bad-key", "d of another key"))
    put("bad-ec-zero", dict(ec, d=b64(bytes(32))), *bad("bad-key", "d is zero"))
    put("bad-okp-short", dict(ed, x=b64(bytes(31))), *bad("bad-key", "31 bytes"))
    put("bad-okp-other", dict(ed, x=b64(bytes(32))), *bad("bad-key", "x of another key"))
    put("bad-oct-empty", {"kty": "oct", "k": ""}, *bad("corrupt", "a secret of no bytes"))
    put("bad-rsa-even", dict(without(rsa, *crt), n=rsa["n"][:-1] + "A"), *bad("bad-key", "an even n"))
    put("bad-rsa-d", dict(without(rsa, *crt), d=rsa["d"][:-2] + "DQ"),
        *bad("bad-key", "d is not n's, and no primes: nothing is searched for long"))
    put("bad-rsa-prime", dict(rsa, p=rsa["q"]), *bad("bad-key", "p is q"))
    put("bad-rsa-dp", dict(rsa, dp=rsa["dq"]), *bad("bad-key", "dp is dq"))
    put("bad-rsa-half", without(rsa, "q"), *bad("bad-key", "p without q"))
    put("bad-rsa-square", {"kty": "RSA", "n": b64((2**1024 - 105).__pow__(2).to_bytes(256, "big")), "e": "AQAB",
                           "d": b64(b"\x05" * 256)}, *bad("bad-key", "n is a square"))
    put("bad-rsa-no-e", {"kty": "RSA", "n": rsa["n"]}, *bad("bad-key", "no e"))
    put("bad-x5c", dict(ed, x5c="AAAA"), *bad("corrupt", "x5c is no array"))
    put("bad-x5c-junk", dict(ed, x5c=["AAAA"]), *bad("bad-certificate", "x5c holds three zero bytes"))
    der = base64.b64encode(open(os.path.join(HERE, "..", "der", "good-certificate.der"), "rb").read()).decode()
    put("bad-x5c-other", dict(ed, x5c=[der]), *bad("key-mismatch", "the certificate is of another key"))
    put("unsupported-multi-prime", dict(rsa, oth=[{"r": "AQ", "d": "AQ", "t": "AQ"}]),
        *bad("unsupported-feature", "three primes"))
    return count
