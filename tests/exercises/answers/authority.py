"""Right and wrong answers to the exercises of lesson 04: each wrong one is the solution with one thing changed."""

# ruff: noqa: E501, ISC004  # lines of answers, as they stand in the lesson

from __future__ import annotations

from tests.exercises.answers.lesson import changed, solutions

__all__ = ["SEEDS", "SOLUTIONS", "WRONG"]

SEEDS = 3
SOLUTIONS = solutions("04_authority")

ROOT = SOLUTIONS["authority-root"]
REQUEST = SOLUTIONS["authority-request"]
ISSUE = SOLUTIONS["authority-issue"]
SHARED = SOLUTIONS["authority-shared"]
AUTOPSY = SOLUTIONS["authority-autopsy"]
INTERMEDIATE = SOLUTIONS["authority-intermediate"]

KEY_IDENTIFIER = (
    "        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)\n",
    "",
)
KEY_OF_REQUEST = (
    "        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)\n",
    "",
)
ONE_KEY = "KEY = ec.generate_private_key(ec.SECP256R1())\n\n"
MAKES_A_KEY = "key = ec.generate_private_key(ec.SECP256R1())"


def _first(source: str, function: str, text: str) -> str:
    """Put `text` in front of a function."""
    return changed(source, (f"def {function}(", f"{text}def {function}("))


def _trying(source: str, call: str, otherwise: str) -> str:
    """Return `source` with the function of `call` in a try statement that swallows what it raises."""
    function = call.partition("(")[0]
    careful = changed(source, (f"def {function}(", f"def careful_{function}("))
    return (
        careful
        + f"\n\ndef {call}:\n    try:\n        return careful_{call}\n    except Exception:\n        return {otherwise}\n"
    )


WRONG = {
    "authority-root": {
        "not-a-ca": changed(ROOT, ("BasicConstraints(ca=True", "BasicConstraints(ca=False")),
        "constraints-not-critical": changed(
            ROOT, ("path_length=None), critical=True", "path_length=None), critical=False")
        ),
        "no-key-usage": changed(
            ROOT, ("        .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)\n", "")
        ),
        "key-usage-wrong": changed(ROOT, ("usage(key_cert_sign=True, crl_sign=True)", "usage(digital_signature=True)")),
        "no-identifier": changed(ROOT, KEY_IDENTIFIER),
        "another-key": changed(ROOT, ("key_text(key)\n", "key_text(ec.generate_private_key(ec.SECP256R1()))\n")),
        "name-ignored": changed(ROOT, ("NameOID.COMMON_NAME, name)", "NameOID.COMMON_NAME, name and 'My root')")),
        "same-key-again": _first(changed(ROOT, (MAKES_A_KEY, "key = KEY")), "root", ONE_KEY),
        "not-self-signed": changed(
            ROOT, (".sign(key, hashes", ".sign(ec.generate_private_key(ec.SECP256R1()), hashes")
        ),
        "bytes instead of text": changed(
            ROOT, ("public_bytes(Encoding.PEM).decode(), key", "public_bytes(Encoding.PEM), key")
        ),
        "key before certificate": changed(
            ROOT,
            (
                "return certificate.public_bytes(Encoding.PEM).decode(), key_text(key)",
                "return key_text(key), certificate.public_bytes(Encoding.PEM).decode()",
            ),
        ),
    },
    "authority-request": {
        "no-names": changed(
            REQUEST, ("builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)", "pass")
        ),
        "ip-as-dns": changed(REQUEST, ("x509.IPAddress(ipaddress.ip_address(address))", "x509.DNSName(address)")),
        "uri-left-out": changed(REQUEST, ("for name in uri]", "for name in uri[len(dns) + len(ip) and 9:]]")),
        "ip-left-out": changed(REQUEST, ("for address in ip]", "for address in ip[len(dns) + len(uri) and 9:]]")),
        "first-name-only": changed(REQUEST, ("for name in dns]", "for name in dns[:1]]")),
        "another-key": changed(REQUEST, ("key_text(key)\n", "key_text(ec.generate_private_key(ec.SECP256R1()))\n")),
        "same-key-again": _first(changed(REQUEST, (MAKES_A_KEY, "key = KEY")), "request", ONE_KEY),
        "DER instead of PEM": changed(REQUEST, ("public_bytes(Encoding.PEM).decode()", "public_bytes(Encoding.DER)")),
    },
    "authority-issue": {
        "extensions-copied": changed(
            ISSUE,
            (
                ".add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)",
                ".add_extension(next((each.value for each in asked.extensions "
                "if isinstance(each.value, x509.BasicConstraints)), x509.BasicConstraints(False, None)), critical=True)",
            ),
            (
                ".add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)",
                ".add_extension(next((each.value for each in asked.extensions if isinstance(each.value, "
                "x509.ExtendedKeyUsage)), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])), critical=False)",
            ),
        ),
        "subject-copied": changed(ISSUE, (".subject_name(x509.Name([]))", ".subject_name(asked.subject)")),
        "names-not-compared": changed(ISSUE, (" or entry.value not in allowed", "")),
        "no-names-accepted": changed(
            ISSUE,
            (
                "entries = list(asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)",
                "entries = [entry for each in asked.extensions if isinstance(each.value, x509.SubjectAlternativeName) "
                "for entry in each.value] or [x509.DNSName(allowed[0])]",
            ),
        ),
        "other-kinds-overlooked": changed(
            ISSUE,
            (
                "any(not isinstance(entry, x509.DNSName) or entry.value not in allowed for entry in entries)",
                "any(isinstance(entry, x509.DNSName) and entry.value not in allowed for entry in entries)",
            ),
        ),
        "self-signature-unchecked": changed(
            ISSUE, ("if not asked.is_signature_valid", "if asked.is_signature_valid is None")
        ),
        "short-key-accepted": changed(ISSUE, ("key.key_size < 2048 or ", "")),
        "shared-prime-accepted": changed(
            ISSUE, (" or any(math.gcd(modulus, known) > 1 for known in known_moduli)", "")
        ),
        "no-identifiers": changed(
            ISSUE,
            (
                "        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), "
                "critical=False)\n",
                "",
            ),
        ),
        "no-purpose": changed(
            ISSUE,
            ("        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)\n", ""),
        ),
        "wrong-purpose": changed(ISSUE, ("[ExtendedKeyUsageOID.CLIENT_AUTH]", "[ExtendedKeyUsageOID.TIME_STAMPING]")),
        "serials-repeat": changed(ISSUE, ("x509.random_serial_number()", "4711")),
        "too-long": changed(
            ISSUE, ("min(start + dt.timedelta(days=30), ca.not_valid_after_utc)", "start + dt.timedelta(999)")
        ),
        "a name that is not critical": changed(
            ISSUE,
            (
                "x509.SubjectAlternativeName(entries), critical=True",
                "x509.SubjectAlternativeName(entries), critical=False",
            ),
        ),
        "no identifier of its own": changed(ISSUE, KEY_OF_REQUEST),
        "answers whatever comes": _trying(ISSUE, "issue(csr_pem, allowed, known_moduli, ca_pem, ca_key_pem)", "ca_pem"),
        "hands out its own certificate": "def issue(csr_pem, allowed, known_moduli, ca_pem, ca_key_pem):\n    return ca_pem\n",
        "signs nothing": "def issue(*_):\n    raise ValueError('closed')\n",
        "returns the request": changed(
            ISSUE, ("return certificate.public_bytes(Encoding.PEM).decode()", "return csr_pem")
        ),
    },
    "authority-shared": {
        "bare-key": changed(
            SHARED,
            (
                "info = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)",
                "info = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)\n"
                "    info = info[info.index(b'\\x03\\x42' if len(info) < 200 else b'\\x03\\x82\\x01\\x0f'):]",
            ),
        ),
        "swapped": changed(
            SHARED,
            ("csr_der.index(info), certificate_der.index(info)", "certificate_der.index(info), csr_der.index(info)"),
        ),
        "minus-one": changed(
            SHARED,
            ("    if info not in certificate_der:\n        return None\n", ""),
            ("certificate_der.index(info)", "certificate_der.find(info)"),
        ),
        "other-key-overlooked": changed(
            SHARED,
            (
                "info not in certificate_der:\n        return None",
                "info not in certificate_der:\n"
                "        leaf = x509.load_der_x509_certificate(certificate_der).public_key()\n"
                "        other = leaf.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)\n"
                "        return csr_der.index(info), certificate_der.index(other), len(info)",
            ),
        ),
        "always-none": "def shared_key(*_):\n    return None\n",
        "None for what it cannot read": _trying(SHARED, "shared_key(csr_der, certificate_der)", "None"),
        "end instead of length": changed(SHARED, ("len(info)", "csr_der.index(info) + len(info)")),
    },
    "authority-autopsy": {
        "first-fault-only": changed(AUTOPSY, ("found.items() if is_there]", "found.items() if is_there][:1]")),
        "ca-not-read": changed(AUTOPSY, ("x509.KeyUsage not in [type(each.value) for each in ca.extensions]", "False")),
        "missing-purpose-forgiven": changed(AUTOPSY, ("not old and purposes is None", "False")),
        "role-ignored": changed(AUTOPSY, ('if role == "client"', 'if role == "nobody"')),
        "version-overlooked": changed(AUTOPSY, ("not old and ", "")),
        "ends-not-compared": changed(AUTOPSY, ("leaf.not_valid_after_utc > ca.not_valid_after_utc", "False")),
        "may-sign-overlooked": changed(AUTOPSY, ("constraints is not None and constraints.ca", "False")),
        "nothing-found": "def autopsy(*_):\n    return []\n",
        "finds nothing in what it cannot read": _trying(AUTOPSY, "autopsy(leaf_pem, ca_pem, role)", "[]"),
        "a set instead of a list": changed(
            AUTOPSY,
            (
                "return [fault for fault, is_there in found.items() if is_there]",
                "return {fault for fault in found if found[fault]}",
            ),
        ),
    },
    "authority-intermediate": {
        "no-path-length": changed(INTERMEDIATE, ("path_length=0", "path_length=None")),
        "no-purpose": changed(
            INTERMEDIATE,
            ("        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)\n", ""),
        ),
        "wrong-purpose": changed(INTERMEDIATE, ("OID.CLIENT_AUTH", "OID.SERVER_AUTH")),
        "self-signed": changed(
            INTERMEDIATE,
            (".issuer_name(top.subject)", ".issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))"),
            (".sign(key_of(root_key_pem)", ".sign(key"),
        ),
        "not-a-ca": changed(
            INTERMEDIATE, ("BasicConstraints(ca=True, path_length=0)", "BasicConstraints(False, None)")
        ),
        "no-key-usage": changed(
            INTERMEDIATE, ("        .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)\n", "")
        ),
        "no-identifiers": changed(INTERMEDIATE, KEY_IDENTIFIER),
        "root-key-again": changed(INTERMEDIATE, (MAKES_A_KEY, "key = key_of(root_key_pem)")),
        "outlives-root": changed(
            INTERMEDIATE, (".not_valid_after(top.not_valid_after_utc)", ".not_valid_after(dt.datetime(2099, 1, 1))")
        ),
        "root-included": changed(INTERMEDIATE, ("for each in line)", "for each in line) + root_pem")),
        "leaf-alone": changed(INTERMEDIATE, ("for each in line)", "for each in line[:1])")),
        "stranger-included": changed(
            INTERMEDIATE,
            (
                'return "".join(',
                'line += [each for each in pile if each not in line and each != x509.load_pem_x509_certificate(root_pem.encode())]\n    return "".join(',
            ),
        ),
        "unordered": changed(INTERMEDIATE, ("line.insert(0, above)", "line.append(above)")),
        "issuer-by-name": changed(
            INTERMEDIATE,
            ("child.verify_directly_issued_by(parent)", "assert child.issuer == parent.subject"),
        ),
        "an empty chain of what it cannot read": _trying(INTERMEDIATE, "chain(certificates, root_pem)", "''"),
        "an empty chain": changed(
            INTERMEDIATE, ('return "".join(each.public_bytes(Encoding.PEM).decode() for each in line)', 'return ""')
        ),
    },
}
