"""The verdicts that a figure of lesson 04 is drawn from: certificates with one defect each, shown to each verifier."""

from __future__ import annotations

import shutil
import subprocess
from typing import get_args

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from labsupport.pki.defects import Defect, afflicted_identity
from labsupport.pki.folders import write_private
from labsupport.pki.identity import Identity
from labsupport.tls.verifiers import verdicts

__all__ = ["STRICT", "verdicts_by_defect"]

STRICT = "openssl -x509_strict"
_SECONDS = 10.0


def verdicts_by_defect(host: str) -> dict[str, dict[str, bool | None]]:
    """Return, for a sound certificate of the server `host` and for one with each single defect, who accepts it.

    None stands for openssl where it is not installed.
    """
    found = {}
    for defect in ("", *get_args(Defect)):
        identity, ca = afflicted_identity([defect] if defect else [], host, "server")
        found[defect or "nothing wrong"] = {**verdicts(identity, ca, host), STRICT: _strict(identity, ca, host)}
    return found


def _strict(identity: Identity, ca: x509.Certificate, host: str) -> bool | None:
    program = shutil.which("openssl")
    if program is None:
        return None
    trusted = str(write_private("strictly-asked-ca.pem", ca.public_bytes(Encoding.PEM)))
    command = [program, "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", host]
    command += ["-CAfile", trusted, identity.cert_path]
    done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603  # no shell
    return done.returncode == 0
