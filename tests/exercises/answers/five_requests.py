"""Right and wrong answers to the exercises of lesson 06: what the checks are tested with."""

from __future__ import annotations

__all__ = ["SOLUTIONS", "WRONG"]

SERVER2_CONTEXT = """
import ssl

def server2_context(cert_path, key_path, client_ca_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_path, key_path)
    context.load_verify_locations(client_ca_path)
    context.verify_mode = ssl.CERT_REQUIRED
    return context
"""

OUTCOME = """
import ssl
import warnings

import requests


def outcome(url, verify, cert_path, key_path):
    cert = (cert_path, key_path) if cert_path else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            response = requests.get(url, verify=verify, cert=cert, timeout=5)
    except requests.exceptions.SSLError as error:
        inner = error.args[0].reason.args[0]
        return ("client", "tls") if isinstance(inner, ssl.SSLCertVerificationError) else ("server", "tls")
    return ("server", "http") if response.status_code >= 400 else (None, None)
"""

TRANSCRIPT = """
def read_transcript(events):
    finished = set()
    for event in events:
        if event["name"] == "Finished":
            finished.add(event["from"])
        if event["kind"] == "alert" and event["name"] != "close_notify":
            return event["from"], "tls", "first read" if len(finished) == 2 else "handshake"
        if event["kind"] == "http" and int(event["name"]) >= 400:
            return "server", "http", "response"
    return None, None, None
"""

CLIENT = """
import ssl

import requests
from requests.adapters import HTTPAdapter


class OwnContext(HTTPAdapter):
    def __init__(self, context):
        self.context = context
        super().__init__()

    def init_poolmanager(self, *args, **options):
        super().init_poolmanager(*args, ssl_context=self.context, **options)


def fetch(url, ca_path, cert_path, key_path):
    context = ssl.create_default_context(cafile=ca_path)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.hostname_checks_common_name = False
    context.load_cert_chain(cert_path, key_path)
    with requests.Session() as session:
        session.mount("https://", OwnContext(context))
        response = session.get(url, verify=ca_path, timeout=5)
    return response.status_code, response.text
"""

PROXY = """
import requests

ALLOWED = {"/", "/whoami"}
CLAIMS = ("client-cert", "forwarded", "x-forwarded-", "x-client-")


def forward(path, headers, server2_url, ca_path, cert_path, key_path):
    if path not in ALLOWED:
        return 403, "not for the outside"
    kept = {name: value for name, value in headers.items() if not name.lower().startswith(CLAIMS)}
    try:
        answer = requests.get(
            server2_url + path, headers=kept, verify=ca_path, cert=(cert_path, key_path), timeout=5, allow_redirects=False
        )
    except requests.RequestException:
        return 502, "server2 cannot be reached"
    return answer.status_code, answer.text
"""

WHY = """
from cryptography import x509


def why(leaf_pem, ca_pem, host, refused_by):
    if not refused_by:
        return None
    leaf, ca = (x509.load_pem_x509_certificate(pem.encode()) for pem in (leaf_pem, ca_pem))

    def extension(certificate, kind):
        try:
            return certificate.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    if leaf.version is x509.Version.v1:
        return "version-1"
    names = extension(leaf, x509.SubjectAlternativeName)
    if names is None:
        return "no-san"
    if host not in names.get_values_for_type(x509.DNSName):
        return "wrong-name"
    purposes = extension(leaf, x509.ExtendedKeyUsage)
    if purposes is not None and x509.ExtendedKeyUsageOID.SERVER_AUTH not in purposes:
        return "wrong-purpose"
    if extension(leaf, x509.AuthorityKeyIdentifier) is None:
        return "no-authority-key-identifier"
    if extension(ca, x509.KeyUsage) is None:
        return "ca-without-key-usage"
    return None
"""

SOLUTIONS = {
    "five-requests-server2-context": SERVER2_CONTEXT,
    "five-requests-outcome": OUTCOME,
    "five-requests-transcript": TRANSCRIPT,
    "five-requests-client": CLIENT,
    "five-requests-proxy": PROXY,
    "five-requests-why": WHY,
}

# Each wrong answer is the right one with one thing changed; its key is the name under which the card knows it.
WRONG = {
    "five-requests-server2-context": {
        "nobody-verified": SERVER2_CONTEXT.replace("    context.verify_mode = ssl.CERT_REQUIRED\n", ""),
        "optional": SERVER2_CONTEXT.replace("CERT_REQUIRED", "CERT_OPTIONAL"),
        "trusts-nobody": SERVER2_CONTEXT.replace("    context.load_verify_locations(client_ca_path)\n", ""),
        "no-certificate-of-its-own": SERVER2_CONTEXT.replace("    context.load_cert_chain(cert_path, key_path)\n", ""),
        "client-side": SERVER2_CONTEXT.replace("PROTOCOL_TLS_SERVER", "PROTOCOL_TLS_CLIENT"),
    },
    "five-requests-outcome": {
        "every-error-is-the-servers": OUTCOME.replace('return ("client", "tls") if', 'return ("server", "tls") if'),
        "every-error-is-the-clients": OUTCOME.replace('else ("server", "tls")', 'else ("client", "tls")'),
        "status-not-read": OUTCOME.replace('("server", "http") if', "(None, None) if"),
        "status-called-tls": OUTCOME.replace('("server", "http") if', '("server", "tls") if'),
        "verification-off": OUTCOME.replace("verify=verify", "verify=False"),
        "certificate-not-sent": OUTCOME.replace("cert=cert", "cert=None"),
    },
    "five-requests-transcript": {
        "own-finished-is-enough": TRANSCRIPT.replace("len(finished) == 2", '"client" in finished'),
        "alerts-only-in-the-handshake": TRANSCRIPT.replace('"first read" if len(finished) == 2 else ', ""),
        "receiver-blamed": TRANSCRIPT.replace(
            'event["from"], "tls"', '"client" if event["from"] == "server" else "server", "tls"'
        ),
        "close-notify-is-a-refusal": TRANSCRIPT.replace(' and event["name"] != "close_notify"', ""),
        "status-not-read": TRANSCRIPT.replace(">= 400", ">= 4000"),
        "status-called-tls": TRANSCRIPT.replace('"server", "http"', '"server", "tls"'),
    },
    "five-requests-client": {
        "not-verified": CLIENT.replace("verify=ca_path", "verify=False").replace(
            "    context.load_cert", "    context.check_hostname = False\n    context.load_cert"
        ),
        "name-not-checked": CLIENT.replace("ssl_context=", "assert_hostname=False, ssl_context=").replace(
            "    context.load_cert", "    context.check_hostname = False\n    context.load_cert"
        ),
        "certificate-not-shown": CLIENT.replace("    context.load_cert_chain(cert_path, key_path)\n", ""),
        "not-strict": CLIENT.replace("|= ssl", "&= ~ssl"),
    },
    "five-requests-proxy": {
        "forwards-everything": PROXY.replace("path not in ALLOWED", "False"),
        "prefix-compared": PROXY.replace("path not in ALLOWED", 'path != "/" and not path.startswith("/whoami")'),
        "identity-passed-on": PROXY.replace(" if not name.lower().startswith(CLAIMS)", ""),
        "case-sensitive": PROXY.replace(
            "if not name.lower().startswith(CLAIMS)",
            'if not name.startswith(("Client-Cert", "Forwarded", "X-Forwarded-", "X-Client-"))',
        ),
        "drops-everything": PROXY.replace(" if not name.lower().startswith(CLAIMS)", " if False"),
        "lets-the-exception-out": PROXY.replace("except requests.RequestException", "except ZeroDivisionError"),
        "server2-not-verified": PROXY.replace("verify=ca_path", "verify=False"),
        "certificate-not-shown": PROXY.replace("cert=(cert_path, key_path), ", ""),
    },
    "five-requests-why": {
        "common-name-read": WHY.replace("    if not refused_by:\n        return None\n", "").replace(
            "    if names is None:",
            "    if leaf.subject.rfc4514_string() != f'CN={host}' and names and "
            "host in names.get_values_for_type(x509.DNSName) and not refused_by:\n"
            "        return 'wrong-name'\n    if names is None:",
        ),
        "version-overlooked": WHY.replace('        return "version-1"', '        return "no-san"'),
        "authority-not-read": WHY.replace('        return "ca-without-key-usage"', "        return None"),
        "purpose-not-read": WHY.replace('        return "wrong-purpose"', "        pass"),
        "never-a-reason": "def why(leaf_pem, ca_pem, host, refused_by):\n    return None\n",
    },
}
