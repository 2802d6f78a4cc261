# SPDX-License-Identifier: ISC
"""revocation.py - CRLs and OCSP responses of one CA for tests/fuzz/fuzz_revocation.c, which holds that CA's
certificate and the one that is asked about.  Needs python3-cryptography; keys are hashes of their names
and Ed25519 signs without chance, so that the bytes are the same every time.

    /usr/bin/python3 tests/corpus/make/revocation.py tests/corpus/revocation tests/fuzz/revocation_certs.h"""
import datetime, hashlib, sys
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DER = serialization.Encoding.DER
FROM, TO = datetime.datetime(2024, 1, 1), datetime.datetime(2049, 1, 1)


def key(name):
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def name(cn):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def cert(cn, serial, by, *exts):
    b = (x509.CertificateBuilder().subject_name(name(cn)).issuer_name(name(by)).serial_number(serial)
         .not_valid_before(FROM).not_valid_after(TO).public_key(key(cn).public_key()))
    for e, critical in exts:
        b = b.add_extension(e, critical)
    return b.sign(key(by), None)


def uri(u):
    return x509.UniformResourceIdentifier(u)


POINT = 'http://127.0.0.1:1/ca.crl'
CA = cert('CA', 1, 'CA', (x509.BasicConstraints(True, None), True))
LEAF = cert('leaf', 0x1234, 'CA',
            (x509.CRLDistributionPoints([x509.DistributionPoint([uri(POINT)], None, None, None)]), False))
RESPONDER = cert('responder', 3, 'CA', (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False))


def entry(serial, *exts):
    b = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(FROM)
    for e, critical in exts:
        b = b.add_extension(e, critical)
    return b.build()


def crl(entries, *exts):
    b = x509.CertificateRevocationListBuilder().issuer_name(CA.subject).last_update(FROM).next_update(TO)
    for e, critical in ((x509.CRLNumber(5), False),) + exts:
        b = b.add_extension(e, critical)
    for e in entries:
        b = b.add_revoked_certificate(e)
    return b.sign(key('CA'), None).public_bytes(DER)


def scope(**how):
    all_ = dict(full_name=None, relative_name=None, only_contains_user_certs=False, only_contains_ca_certs=False,
                only_some_reasons=None, indirect_crl=False, only_contains_attribute_certs=False)
    return x509.IssuingDistributionPoint(**{**all_, **how}), True


def answer(status, signer='CA', certs=(), alg=hashes.SHA1()):
    good = status == ocsp.OCSPCertStatus.GOOD
    b = ocsp.OCSPResponseBuilder().add_response(
        LEAF, CA, alg, status, FROM, TO, None if good else FROM, None if good else x509.ReasonFlags.key_compromise)
    who = RESPONDER if signer == 'responder' else CA
    b = b.responder_id(ocsp.OCSPResponderEncoding.HASH if certs else ocsp.OCSPResponderEncoding.NAME, who)
    if certs:
        b = b.certificates(certs)
    return b.sign(key(signer), None).public_bytes(DER)


R = x509.ReasonFlags
reason = lambda r: (x509.CRLReason(r), False)
files = {
    'crl-empty': crl([]),
    'crl-entries': crl([entry(9, reason(R.superseded)), entry(0x1234, reason(R.key_compromise), (x509.InvalidityDate(FROM), False)),
                        entry(1 << 120), entry(10, reason(R.certificate_hold))]),
    'crl-scope': crl([entry(9)], scope(full_name=[uri(POINT)], only_contains_user_certs=True,
                                       only_some_reasons=frozenset([R.key_compromise, R.aa_compromise]))),
    'crl-indirect': crl([entry(0x1234, (x509.CertificateIssuer([x509.DirectoryName(name('other'))]), True)), entry(0x1234),
                         entry(0x1234, (x509.CertificateIssuer([x509.DirectoryName(CA.subject)]), True))],
                        scope(indirect_crl=True)),
    'crl-delta': crl([entry(0x1234, reason(R.remove_from_crl))], (x509.DeltaCRLIndicator(3), True)),
    'crl-key-id': crl([entry(9)], (x509.AuthorityKeyIdentifier(b'0123456789', [x509.DirectoryName(CA.subject)], 1), False)),
    'ocsp-good': answer(ocsp.OCSPCertStatus.GOOD),
    'ocsp-revoked': answer(ocsp.OCSPCertStatus.REVOKED, alg=hashes.SHA256()),
    'ocsp-responder': answer(ocsp.OCSPCertStatus.GOOD, 'responder', [RESPONDER]),
    'ocsp-try-later': ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(DER),
}
for n, data in files.items():
    with open(f'{sys.argv[1]}/{n}', 'wb') as f:
        f.write(data)
with open(sys.argv[2], 'w') as f:
    f.write('/* SPDX-License-Identifier: ISC */\n/* revocation_certs.h - made by tests/corpus/make/revocation.py */\n')
    f.write('#ifndef KST_TESTS_REVOCATION_CERTS_H\n#define KST_TESTS_REVOCATION_CERTS_H\n\n#include <stdint.h>\n')
    for n, c in (('ca_der', CA), ('leaf_der', LEAF)):
        data = c.public_bytes(DER)
        f.write(f'\nstatic const uint8_t {n}[] = {{\n')
        for i in range(0, len(data), 16):
            f.write('\t' + ' '.join(f'0x{b:02x},' for b in data[i:i + 16]) + '\n')
        f.write('};\n')
    f.write('\n#endif\n')
