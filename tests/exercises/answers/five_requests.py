"""Right and wrong answers to the exercises of lesson 06: what the checks are tested with.

Each wrong answer is the lesson's solution with one thing changed.
"""

from __future__ import annotations

from tests.exercises.answers.lesson import changed, solutions

__all__ = ["SOLUTIONS", "WARNS", "WRONG"]

SOLUTIONS = solutions("06_five_requests")

# The judge asks for requests without verification too; what urllib3 says to that is right and proper.
WARNS = {"five-requests-outcome": "InsecureRequestWarning"}

TRANSCRIPT = SOLUTIONS["five-requests-transcript"]
OUTCOME = SOLUTIONS["five-requests-outcome"]
SERVER_CONTEXT = SOLUTIONS["five-requests-server2-context"]
CLIENT = SOLUTIONS["five-requests-client"]
PROXY = SOLUTIONS["five-requests-proxy"]
WHY = SOLUTIONS["five-requests-why"]

NAME_UNCHECKED = ("    context.load_cert", "    context.check_hostname = False\n    context.load_cert")

WRONG = {
    "five-requests-transcript": {
        "own-finished-is-enough": changed(TRANSCRIPT, ("len(finished) == 2", '"client" in finished')),
        "alerts-only-in-the-handshake": changed(TRANSCRIPT, ('"first read" if len(finished) == 2 else ', "")),
        "receiver-blamed": changed(
            TRANSCRIPT, ('event["from"], "tls"', '{"client": "server", "server": "client"}[event["from"]], "tls"')
        ),
        "close-notify-is-a-refusal": changed(TRANSCRIPT, (' and event["name"] != "close_notify"', "")),
        "status-not-read": changed(TRANSCRIPT, (">= 400", ">= 4000")),
        "status-called-tls": changed(TRANSCRIPT, ('"server", "http"', '"server", "tls"')),
        "lists instead of tuples": changed(TRANSCRIPT, ("return None, None, None", "return [None, None, None]")),
    },
    "five-requests-outcome": {
        "every-error-is-the-servers": changed(OUTCOME, ('return ("client", "tls") if', 'return ("server", "tls") if')),
        "every-error-is-the-clients": changed(OUTCOME, ('else ("server", "tls")', 'else ("client", "tls")')),
        "status-not-read": changed(OUTCOME, ('("server", "http") if', "(None, None) if")),
        "status-called-tls": changed(OUTCOME, ('("server", "http") if', '("server", "tls") if')),
        "verification-off": changed(OUTCOME, ("verify=verify", "verify=False")),
        "certificate-not-sent": changed(OUTCOME, ("cert=cert", "cert=None")),
        "layer before side": changed(OUTCOME, ('return ("server", "http")', 'return ("http", "server")')),
    },
    "five-requests-server2-context": {
        "nobody-verified": changed(SERVER_CONTEXT, ("    context.verify_mode = ssl.CERT_REQUIRED\n", "")),
        "optional": changed(SERVER_CONTEXT, ("CERT_REQUIRED", "CERT_OPTIONAL")),
        "trusts-nobody": changed(SERVER_CONTEXT, ("    context.load_verify_locations(client_ca_path)\n", "")),
        "no-certificate-of-its-own": changed(
            SERVER_CONTEXT, ("    context.load_cert_chain(cert_path, key_path)\n", "")
        ),
        "client-side": changed(SERVER_CONTEXT, ("PROTOCOL_TLS_SERVER", "PROTOCOL_TLS_CLIENT")),
        "paths instead of a context": changed(SERVER_CONTEXT, ("return context", "return cert_path")),
    },
    "five-requests-client": {
        "not-verified": changed(CLIENT, ("verify=ca_path", "verify=False"), NAME_UNCHECKED),
        "name-not-checked": changed(
            CLIENT,
            ("ssl_context=self.own_context", "assert_hostname=False, ssl_context=self.own_context"),
            NAME_UNCHECKED,
        ),
        "certificate-not-shown": changed(CLIENT, ("    context.load_cert_chain(cert_path, key_path)\n", "")),
        "not-strict": changed(CLIENT, ("|= ssl", "&= ~ssl")),
        "asks for another page": changed(CLIENT, ("session.get(url,", 'session.get(url + "x",')),
    },
    "five-requests-proxy": {
        "forwards-everything": changed(PROXY, ('path not in ("/", "/whoami")', "False")),
        "prefix-compared": changed(
            PROXY, ('path not in ("/", "/whoami")', 'path != "/" and not path.startswith("/whoami")')
        ),
        "identity-passed-on": changed(PROXY, (" if not name.lower().startswith(claimed)", "")),
        "case-sensitive": changed(
            PROXY,
            (
                "name.lower().startswith(claimed)",
                'name.startswith(("Client-Cert", "Forwarded", "X-Forwarded-", "X-Client-"))',
            ),
        ),
        "drops-everything": changed(PROXY, ("if not name.lower().startswith(claimed)", "if False")),
        "lets-the-exception-out": changed(PROXY, ("except requests.RequestException", "except ZeroDivisionError")),
        "server2-not-verified": changed(PROXY, ("verify=ca_path", "verify=False")),
        "certificate-not-shown": changed(PROXY, ("cert=shown, ", "")),
        "answers 404 for 403": changed(PROXY, ("return 403", "return 404")),
    },
    "five-requests-why": {
        "common-name-read": changed(
            WHY,
            ("    if not refused_by:\n        return None\n", ""),
            (
                "if host not in names",
                'if leaf.subject.rfc4514_string() != f"CN={host}" and not refused_by or host not in names',
            ),
        ),
        "version-overlooked": changed(WHY, ('return "version-1"', 'return "no-san"')),
        "authority-not-read": changed(WHY, ('else "ca-without-key-usage"', "else None")),
        "purpose-not-read": changed(WHY, ('return "wrong-purpose"', "pass")),
        "never-a-reason": changed(WHY, ("    if not refused_by", "    if True")),
        "the verdicts alone": (
            "def why(leaf_pem, ca_pem, host, refused_by):\n"
            '    return "no-san" if "requests" in refused_by else "ca-without-key-usage" if refused_by else None\n'
        ),
    },
}
