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
        "not-valid-now": changed(ROOT, ("dt.timedelta(minutes=5)", "dt.timedelta(hours=-2)")),
        "begins-now": changed(ROOT, (" - dt.timedelta(minutes=5)", "")),
        "another-life": changed(ROOT, ("days=365", "days=3650")),
        "another-life (a day)": changed(ROOT, ("days=365", "days=1")),
        "no-name-accepted": changed(ROOT, ("subject = x509.Name", "name = name or 'root'\n    subject = x509.Name")),
        "a critical identifier": changed(
            ROOT,
            ("from_public_key(key.public_key()), critical=False", "from_public_key(key.public_key()), critical=True"),
        ),
        "a curve that is too small": changed(ROOT, ("SECP256R1", "SECP192R1")),
        "one number for all": changed(ROOT, ("x509.random_serial_number()", "1")),
        "nothing returned": changed(ROOT, ("return certificate.public_bytes", "certificate.public_bytes")),
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
        "uri-as-dns": changed(REQUEST, ("x509.UniformResourceIdentifier(name)", "x509.DNSName(name)")),
        "an-extension-each": changed(
            REQUEST,
            (
                "builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)",
                "for name in names:\n"
                "        builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)",
            ),
        ),
        "no-names-accepted": changed(REQUEST, ("if not names", "if names is None")),
        "no-names-accepted (but not made)": changed(
            REQUEST, ('raise ValueError("a request needs a name")', 'return "", ""')
        ),
        "another-key (that signs)": changed(
            REQUEST, ("builder.sign(key,", "builder.sign(ec.generate_private_key(ec.SECP256R1()),")
        ),
        "an address that is a network": changed(REQUEST, ("ipaddress.ip_address(", "ipaddress.ip_network(")),
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
        "too-long (90 days)": changed(ISSUE, ("days=30", "days=90")),
        "too-long (beyond the CA)": changed(
            ISSUE,
            ("min(start + dt.timedelta(days=30), ca.not_valid_after_utc)", "start + dt.timedelta(days=30)"),
        ),
        "too-short": changed(ISSUE, ("dt.timedelta(days=30)", "dt.timedelta(minutes=30)")),
        "not-valid-now": changed(ISSUE, ("- dt.timedelta(minutes=5)", "+ dt.timedelta(hours=2)")),
        "begins-now": changed(ISSUE, (" - dt.timedelta(minutes=5)", "")),
        "returns-none": _trying(ISSUE, "issue(csr_pem, allowed, known_moduli, ca_pem, ca_key_pem)", "None"),
        "names-not-compared (but as a text)": changed(ISSUE, ("not in allowed", "not in ' '.join(allowed)")),
        "names-not-compared (but at the end)": changed(
            ISSUE, ("entry.value not in allowed", "not entry.value.endswith(tuple(allowed))")
        ),
        "names-left-out": changed(
            ISSUE,
            (
                "    if not entries or any(not isinstance(entry, x509.DNSName) or entry.value not in allowed for entry in entries):\n",
                "    if any(not isinstance(entry, x509.DNSName) for entry in entries):\n        raise ValueError\n"
                "    entries = [entry for entry in entries if entry.value in allowed]\n    if not entries:\n",
            ),
        ),
        "names-left-out (addresses too)": changed(
            ISSUE,
            (
                "    if not entries or any(not isinstance(entry, x509.DNSName) or entry.value not in allowed for entry in entries):\n",
                "    entries = [entry for entry in entries if entry.value in allowed]\n    if not entries:\n",
            ),
        ),
        "names-not-compared (but one)": changed(ISSUE, ("or any(not isinstance", "or all(not isinstance")),
        "extensions-copied (and added again)": changed(
            ISSUE,
            (
                "    certificate = (\n        x509.CertificateBuilder()\n",
                "    builder = x509.CertificateBuilder()\n    for each in asked.extensions:\n"
                "        if not isinstance(each.value, x509.SubjectAlternativeName):\n"
                "            builder = builder.add_extension(each.value, each.critical)\n    certificate = (\n        builder\n",
            ),
        ),
        "other-names": changed(ISSUE, ("(entries), critical", "([x509.DNSName(name) for name in allowed]), critical")),
        "other-names (the first alone)": changed(ISSUE, ("(entries), critical", "(entries[:1]), critical")),
        "extensions-copied (but two)": changed(
            ISSUE,
            (
                "    certificate = (\n        x509.CertificateBuilder()\n",
                "    builder = x509.CertificateBuilder()\n    for each in asked.extensions:\n"
                "        if type(each.value) not in (x509.SubjectAlternativeName, x509.BasicConstraints, x509.ExtendedKeyUsage, x509.KeyUsage):\n"
                "            builder = builder.add_extension(each.value, critical=False)\n    certificate = (\n        builder\n",
            ),
        ),
        "shared-prime-accepted (but for the first)": changed(ISSUE, ("in known_moduli)", "in known_moduli[:1])")),
        "shared-prime-accepted (but for the same key)": changed(
            ISSUE, ("any(math.gcd(modulus, known) > 1 for known in known_moduli)", "modulus in known_moduli")
        ),
        "wrong-identifiers": changed(
            ISSUE,
            (
                "AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)",
                "AuthorityKeyIdentifier.from_issuer_public_key(key)",
            ),
        ),
        "wrong-identifiers (its own)": changed(
            ISSUE,
            ("SubjectKeyIdentifier.from_public_key(key)", "SubjectKeyIdentifier.from_public_key(ca.public_key())"),
        ),
        "names-not-critical": changed(ISSUE, ("(entries), critical=True", "(entries), critical=False")),
        "subject-not-empty": changed(
            ISSUE,
            (
                ".subject_name(x509.Name([]))",
                ".subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, entries[0].value)]))",
            ),
        ),
        "may-sign": changed(
            ISSUE, ("usage(digital_signature=True)", "usage(digital_signature=True, key_cert_sign=True)")
        ),
        "critical-purpose": changed(
            ISSUE,
            ("[ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False", "[ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True"),
        ),
        "wrong-purpose (one more)": changed(
            ISSUE,
            ("[ExtendedKeyUsageOID.CLIENT_AUTH]", "[ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]"),
        ),
        "no RSA keys": changed(ISSUE, ("key.key_size < 2048", "key.key_size <= 2048")),
        "wishes-refused": changed(
            ISSUE,
            (
                "    key = asked.public_key()\n",
                "    if len(asked.extensions) > 1:\n        raise ValueError\n    key = asked.public_key()\n",
            ),
        ),
        "signed by nobody known": changed(ISSUE, ("key_of(ca_key_pem)", "ec.generate_private_key(ec.SECP256R1())")),
        "reads DER as well": changed(
            ISSUE,
            (
                "asked = x509.load_pem_x509_csr(csr_pem.encode())",
                "asked = x509.load_der_x509_csr(csr_pem) if isinstance(csr_pem, bytes) else x509.load_pem_x509_csr(csr_pem.encode())",
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
        "hex-digits": changed(
            SHARED,
            (
                "return csr_der.index(info), certificate_der.index(info), len(info)",
                "info = info.hex()\n    return csr_der.hex().index(info), certificate_der.hex().index(info), len(info)",
            ),
        ),
        "a list": changed(
            SHARED,
            (
                "return csr_der.index(info), certificate_der.index(info), len(info)",
                "return [csr_der.index(info), certificate_der.index(info), len(info)]",
            ),
        ),
        "the point alone": changed(
            SHARED, ("Encoding.DER, PublicFormat.SubjectPublicKeyInfo", "Encoding.X962, PublicFormat.UncompressedPoint")
        ),
        "False for None": changed(SHARED, ("return None", "return False")),
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
        "another-order": changed(
            AUTOPSY,
            (
                "return [fault for fault, is_there in found.items() if is_there]",
                "return sorted(fault for fault in found if found[fault])",
            ),
        ),
        "version-1-alone": changed(
            AUTOPSY, ("    return [fault", "    if old:\n        return ['version-1']\n    return [fault")
        ),
        "version-unseen": changed(AUTOPSY, ("leaf.version is x509.Version.v1", "leaf.version == 1")),
        "purposes-compared-whole": changed(AUTOPSY, ("wanted not in list(purposes)", "list(purposes) != [wanted]")),
        "same-end-minded": changed(AUTOPSY, ("leaf.not_valid_after_utc > ca", "leaf.not_valid_after_utc >= ca")),
        "missing-purpose-twice": changed(
            AUTOPSY,
            ("purposes is not None and wanted", "not old and (purposes is None or wanted"),
            ("in list(purposes)", "in list(purposes))"),
        ),
        "ends-not-compared (but their dates)": changed(
            AUTOPSY,
            (
                "leaf.not_valid_after_utc > ca.not_valid_after_utc",
                "leaf.not_valid_after_utc.date() > ca.not_valid_after_utc.date() + dt.timedelta(1)",
            ),
        ),
        "asks for extensions that are not there": changed(
            AUTOPSY,
            (
                "x509.SubjectAlternativeName not in there",
                "not leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)",
            ),
        ),
        "a tuple": changed(
            AUTOPSY,
            (
                "return [fault for fault, is_there in found.items() if is_there]",
                "return tuple(fault for fault in found if found[fault])",
            ),
        ),
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
        "no-path-length (but 1)": changed(INTERMEDIATE, ("path_length=0", "path_length=1")),
        "no-identifiers": changed(INTERMEDIATE, KEY_IDENTIFIER),
        "wrong-identifiers": changed(
            INTERMEDIATE,
            ("from_issuer_subject_key_identifier(identifier)", "from_issuer_public_key(key.public_key())"),
        ),
        "wrong-identifiers (its own)": changed(
            INTERMEDIATE, ("x509.SubjectKeyIdentifier.from_public_key(key.public_key())", "identifier")
        ),
        "another-key": changed(INTERMEDIATE, ("key_text(key)\n", "root_key_pem\n")),
        "not-valid-now": changed(INTERMEDIATE, ("- dt.timedelta(minutes=5)", "+ dt.timedelta(hours=2)")),
        "lists may not be signed": changed(INTERMEDIATE, (", crl_sign=True", "")),
        "constraints that are not critical": changed(
            INTERMEDIATE, ("path_length=0), critical=True", "path_length=0), critical=False")
        ),
        "signed with its own key": changed(INTERMEDIATE, (".sign(key_of(root_key_pem)", ".sign(key")),
        "a list": changed(
            INTERMEDIATE,
            (
                'return "".join(each.public_bytes(Encoding.PEM).decode() for each in line)',
                "return [each.public_bytes(Encoding.PEM).decode() for each in line]",
            ),
        ),
        "as they came": changed(
            INTERMEDIATE,
            (
                'return "".join(each.public_bytes(Encoding.PEM).decode() for each in line)',
                'return "".join(certificates)',
            ),
        ),
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
