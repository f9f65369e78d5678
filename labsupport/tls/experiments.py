"""The course's seven experiments: what each client trusts and shows, where it goes, and what must come of it.

Five requests straight to server2, one through server1, one that tries to go round it.  All of it is data, so that a
table, a figure and the command lines of ``labsupport serve`` speak of the same thing.

Outcomes are compared by layer, side and status.  Reasons are compared as sets: OpenSSL's names for an alert carry the
protocol version that first had it, and a server that sends its root along turns verify code 20 into 19.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Tls
from labsupport.tls.refusal import Layer
from labsupport.tls.servers.pair import TRUST_DOMAIN
from labsupport.tls.servers.protected import Manner
from labsupport.tls.trace import Side

__all__ = ["EXPERIMENTS", "Cast", "Expected", "Experiment", "expected"]

Name = Literal[
    "no-ca",
    "ca-no-certificate",
    "insecure-no-certificate",
    "self-signed-certificate",
    "ca-signed-certificate",
    "through-server1",
    "around-server1",
]
# X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT; …_SELF_SIGNED_CERT_IN_CHAIN or …_UNABLE_TO_GET_ISSUER_CERT_LOCALLY.
_SELF_SIGNED = frozenset({18})
_UNKNOWN_ISSUER = frozenset({19, 20})


@dataclass(frozen=True)
class Experiment:
    """One request: what the client trusts, which certificate it shows, and where it goes."""

    name: Name
    title: str
    trusts: Literal["strangers", "course", "anybody"]
    shows: Literal["nothing", "self-signed", "ca-signed"] = "nothing"
    to: Literal["server1", "server2"] = "server2"
    path: str = "/"


EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment("no-ca", "a client that does not know the CA", trusts="strangers"),
    Experiment("ca-no-certificate", "it knows the CA, and shows no certificate", trusts="course"),
    Experiment("insecure-no-certificate", "it checks nothing, and shows no certificate", trusts="anybody"),
    Experiment("self-signed-certificate", "it shows a certificate that it signed itself", "course", "self-signed"),
    Experiment("ca-signed-certificate", "it shows a certificate of the CA", "course", "ca-signed"),
    Experiment("through-server1", "from outside through server1, which shows its own", "course", to="server1"),
    Experiment("around-server1", "round server1, straight to server2's ledger", "course", path="/ledger"),
)


@dataclass(frozen=True)
class Expected:
    """What must come of an experiment, for the client and in server2's log.

    `refused_by` is None where the request is answered; `status` is None where TLS refused.  The client's reason must be
    among `reasons` and its verify code among `codes`, server2's among `server_reasons` and `server_codes`; an empty set
    of codes means that there is none.
    """

    layer: Layer
    refused_by: Side | None
    status: int | None
    words: str
    reasons: frozenset[str] = frozenset()
    codes: frozenset[int] = frozenset()
    server_reasons: frozenset[str] = frozenset()
    server_codes: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Cast:
    """The authority and the two clients' certificates that the experiments need."""

    authority: Authority
    ca_signed: Identity
    self_signed: Identity

    @classmethod
    def make(cls, authority: Authority | None = None) -> Cast:
        """Make a fresh cast; without `authority` a root of its own."""
        authority = authority or Authority.root()
        client1 = authority.issue("client1", role="client", dns=["client1"], uri=[f"{TRUST_DOMAIN}/client1"])
        return cls(authority, client1, Authority.self_signed("self-signed"))

    def identity(self, experiment: Experiment) -> Identity | None:
        """Return what the client of `experiment` shows, or None."""
        return {"nothing": None, "self-signed": self.self_signed, "ca-signed": self.ca_signed}[experiment.shows]


def expected(experiment: Experiment, tls: Tls | None = None, manner: Manner = "alert") -> Expected:
    """Return what must come of `experiment` at a server2 limited to `tls` that turns away strangers in `manner`."""
    if experiment.trusts == "strangers":
        return Expected(
            "tls",
            "client",
            None,
            "the client refuses: it does not know who signed server2's certificate",
            frozenset({"CERTIFICATE_VERIFY_FAILED"}),
            _UNKNOWN_ISSUER,
            _alert("UNKNOWN_CA"),
        )
    if experiment.to == "server1" or experiment.shows == "ca-signed":
        return Expected("http", None, 200, "answered with 200", server_reasons=frozenset({"certificate trusted"}))
    if experiment.shows == "self-signed":
        return Expected(
            "tls",
            "server",
            None,
            "server2 refuses: alert unknown_ca",
            _alert("UNKNOWN_CA"),
            server_reasons=frozenset({"CERTIFICATE_VERIFY_FAILED"}),
            server_codes=_SELF_SIGNED,
        )
    if manner == "http":
        nothing = "no client certificate was presented"
        return Expected(
            "http",
            "server",
            400,
            "server2 refuses: HTTP 400",
            frozenset({f"400: {nothing}."}),
            server_reasons=frozenset({nothing}),
        )
    name = "handshake_failure" if tls == "1.2" else "certificate_required"
    return Expected(
        "tls",
        "server",
        None,
        f"server2 refuses: alert {name}",
        _alert(name.upper()),
        server_reasons=frozenset({"PEER_DID_NOT_RETURN_A_CERTIFICATE"}),
    )


def _alert(name: str) -> frozenset[str]:
    """Return the reasons under which one alert can reach a program: OpenSSL's, and the alert's own name."""
    return frozenset({f"SSLV3_ALERT_{name}", f"TLSV1_ALERT_{name}", f"TLSV13_ALERT_{name}", name.lower()})
