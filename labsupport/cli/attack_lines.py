"""The experiments as command lines for curl and openssl, ready to paste: same names, same trust, same certificates.

Key files are named relative to the private folder, so the reader goes there first; lines that are too long for the
terminal are continued with a backslash.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from labsupport.tls.experiments import Cast, Experiment
from labsupport.tls.names import LOOPBACK
from labsupport.tls.servers.pair import Pair

__all__ = ["curl_line", "joined", "openssl_line"]

_INDENT = "      "


def curl_line(experiment: Experiment, pair: Pair, cast: Cast) -> list[str]:
    """Return the parts of a curl command, each of which stays on one line."""
    server = pair.server1 if experiment.to == "server1" else pair.server2
    parts = ["curl", f"--resolve {server.name}:{server.port}:{LOOPBACK}"]
    if experiment.trusts == "course":
        parts.append(f"--cacert {_name(cast.authority.ca_path)}")
    elif experiment.trusts == "anybody":
        parts.append("--insecure")
    identity = cast.identity(experiment)
    if identity is not None:
        parts += [f"--cert {_name(identity.cert_path)}", f"--key {_name(identity.key_path)}"]
    return [*parts, server.url.rstrip("/") + experiment.path]


def openssl_line(experiment: Experiment, pair: Pair, cast: Cast) -> list[str]:
    """Return the parts of an ``openssl s_client`` command that asks for the same page.

    s_client goes on after a failed verification, and compares no names, unless it is told otherwise.
    """
    server = pair.server1 if experiment.to == "server1" else pair.server2
    parts = [f"printf 'GET {experiment.path} HTTP/1.0\\r\\n\\r\\n' |", "openssl s_client -quiet"]
    parts += [f"-connect {LOOPBACK}:{server.port}", f"-servername {server.name}"]
    if experiment.trusts == "course":
        parts += [f"-CAfile {_name(cast.authority.ca_path)}", f"-verify_hostname {server.name}"]
    if experiment.trusts != "anybody":
        parts.append("-verify_return_error")
    identity = cast.identity(experiment)
    if identity is not None:
        parts += [f"-cert {_name(identity.cert_path)}", f"-key {_name(identity.key_path)}"]
    return parts


def joined(parts: Sequence[str], width: int) -> str:
    """Join `parts` into one shell command whose lines are at most `width` columns, as far as its parts allow."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]} {part}"
        # Two columns are kept for the backslash that the line may need.
        if len(longer) + 2 <= width:
            lines[-1] = longer
        else:
            lines.append(_INDENT + part)
    return " \\\n".join(lines)


def _name(path: str) -> str:
    return shlex.quote(Path(path).name)
