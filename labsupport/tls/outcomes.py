"""What came of the experiments: each one sent for real, read on both sides, compared with what must be.

The client's story alone is not believed: server2's own log is the witness, and where it tells another story the
experiment failed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from labsupport.tls.contexts import Tls
from labsupport.tls.experiments import EXPERIMENTS, Cast, Expected, Experiment, expected
from labsupport.tls.refusal import Layer, Refusal, refusal_of
from labsupport.tls.servers.log import AccessLog, Verdict
from labsupport.tls.servers.pair import Pair
from labsupport.tls.servers.protected import Manner
from labsupport.tls.trace import Side, Trace, observed

__all__ = ["Outcome", "conduct", "run"]

_REQUEST_SECONDS = 10.0


@dataclass(frozen=True)
class Outcome:
    """What came of an experiment: as the client met it, and as server2 wrote it down.

    `faults` says in words where this differs from what must be; an experiment without faults came out right.
    """

    experiment: Experiment
    expected: Expected
    status: int | None = None
    text: str = ""
    refusal: Refusal | None = None
    trace: Trace | None = field(default=None, repr=False)
    witness: tuple[Verdict, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything came out as it must, on both sides."""
        return not self.faults

    @property
    def layer(self) -> Layer:
        """The layer at which it was decided: of the refusal, or HTTP for an answer."""
        return self.refusal.layer if self.refusal else "http"

    @property
    def refused_by(self) -> Side | None:
        """The side that refused; None where nobody did."""
        return self.refusal.by if self.refusal else None

    @property
    def reason(self) -> str | None:
        """OpenSSL's reason, or the first line of a refusing HTTP answer; None where nobody refused."""
        return self.refusal.reason if self.refusal else None


def run(tls: Tls = "1.3", manner: Manner = "alert", *, cast: Cast | None = None) -> Iterator[Outcome]:
    """Start a fresh pair limited to `tls` and yield the seven outcomes one by one."""
    cast = cast or Cast.make()
    with Pair(cast.authority, tls=tls, manner=manner) as pair:
        for experiment in EXPERIMENTS:
            yield conduct(experiment, pair, cast)


def conduct(experiment: Experiment, pair: Pair, cast: Cast) -> Outcome:
    """Send one experiment's request to a running `pair` and compare both sides' stories with what must be."""
    before = _last(pair.server1.log), _last(pair.server2.log)
    status, text, refusal, trace = _request(experiment, pair, cast)
    # server2 first: what server1 does comes to an end after server2's answer.
    at_server2 = _since(pair.server2.log, before[1])
    at_server1 = _since(pair.server1.log, before[0])
    must = expected(experiment, pair.tls, pair.server2.manner)
    outcome = Outcome(experiment, must, status, text, refusal, trace, at_server2)
    faults = (*_client_faults(outcome), *_version_faults(outcome, pair.tls), *_server_faults(outcome, at_server1))
    return replace(outcome, faults=faults)


def _last(log: AccessLog) -> int:
    entries = log.entries()
    return entries[-1].number if entries else 0


def _since(log: AccessLog, number: int) -> tuple[Verdict, ...]:
    return tuple(entry for entry in log.entries() if entry.number > number)


def _request(experiment: Experiment, pair: Pair, cast: Cast) -> tuple[int | None, str, Refusal | None, Trace | None]:
    import requests  # here, because it costs 60 ms to import
    from urllib3.exceptions import InsecureRequestWarning

    server = pair.server1 if experiment.to == "server1" else pair.server2
    identity = cast.identity(experiment)
    trust: bool | str = cast.authority.ca_path if experiment.trusts == "course" else experiment.trusts == "strangers"
    with observed() as recorders, warnings.catch_warnings():
        # That nothing is checked is the experiment; the warning has nothing to add.
        warnings.simplefilter("ignore", InsecureRequestWarning)
        try:
            response = requests.get(
                server.url.rstrip("/") + experiment.path,
                verify=trust,
                cert=identity.files if identity else None,
                timeout=_REQUEST_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            trace = recorders[0].trace if recorders else None
            return None, "", refusal_of(error, trace), trace
    refusal = None
    if response.status_code >= 400:
        line = response.text.partition("\n")[0] or f"status {response.status_code}"
        refusal = Refusal("server", "http", "response", line)
    return response.status_code, response.text.strip(), refusal, recorders[0].trace if recorders else None


def _client_faults(outcome: Outcome) -> Iterator[str]:
    must, refusal = outcome.expected, outcome.refusal
    for what, wanted, came in (
        ("layer", must.layer, outcome.layer),
        ("refused by", must.refused_by, outcome.refused_by),
        ("status", must.status, outcome.status),
    ):
        if wanted != came:
            yield f"the client met {what} {_word(came)}, expected {_word(wanted)}"
    if refusal is not None and must.reasons and refusal.reason not in must.reasons:
        yield f"the client met {refusal.reason}, expected {_any(must.reasons)}"
    if refusal is not None and must.codes and refusal.verify_code not in must.codes:
        yield f"the client met verify code {refusal.verify_code}, expected {_any(must.codes)}"


def _version_faults(outcome: Outcome, tls: Tls | None) -> Iterator[str]:
    """Check that the TLS version asked for was really spoken; through server1 only server2's log can tell."""
    if tls is None:
        return
    wanted = f"TLSv{tls}"
    if outcome.experiment.to == "server2" and outcome.trace is not None and outcome.trace.version != wanted:
        yield f"the client spoke {outcome.trace.version}, expected {wanted}"
    for entry in outcome.witness:
        if entry.version not in (None, wanted):
            yield f"server2's log has {entry.version}, expected {wanted}"


def _server_faults(outcome: Outcome, at_server1: tuple[Verdict, ...]) -> Iterator[str]:
    """Compare the servers' logs with what must be; their silence is a fault too."""
    must, passed = outcome.expected, [entry.status for entry in at_server1]
    if passed != ([must.status] if outcome.experiment.to == "server1" else []):
        yield f"server1's log has {len(passed)} requests, with status {passed}"
    if len(outcome.witness) != 1:
        yield f"server2's log has {len(outcome.witness)} verdicts on this, expected 1"
        return
    entry = outcome.witness[0]
    if entry.admitted != (must.refused_by is None) or (entry.layer, entry.status) != (must.layer, must.status):
        yield f"server2's log has: {entry.words}, layer {entry.layer}"
    if entry.reason not in must.server_reasons or (must.server_codes and entry.verify_code not in must.server_codes):
        yield f"server2's log has the reason {entry.row()[-1]}, expected {_any(must.server_reasons)}"
    shown = {"ca-signed": "client1"}.get(outcome.experiment.shows)
    caller = "server1.test" if outcome.experiment.to == "server1" else shown
    if must.refused_by is None and caller not in entry.peer:
        yield f"server2's log has the client {', '.join(entry.peer) or 'nobody'}, expected {caller}"


def _any(values: frozenset[str] | frozenset[int]) -> str:
    return " or ".join(sorted(map(str, values)))


def _word(value: str | int | None) -> str:
    return "none" if value is None else str(value)
