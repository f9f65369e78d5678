"""``labsupport demo``: the seven experiments for real, as a table or as JSON."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from labsupport.cli.parser import Commands
from labsupport.cli.tables import render, terminal_width

if TYPE_CHECKING:
    from labsupport.tls.outcomes import Outcome

__all__ = ["add"]

_HEADINGS = ("", "experiment", "expected", "what happened", "who refused", "at which layer")
_SIDES = {"client": "client", "server": "server2", None: "nobody"}


def add(commands: Commands) -> None:
    """Register the command."""
    parser = commands.add(
        "demo",
        _run,
        "run the course's seven experiments and show who refuses whom",
        "Makes the certificates, starts server1 and server2 on loopback, sends seven real requests, and compares "
        "what the clients met with what must come of it and with server2's own log. "
        "Exit code 0 only when everything came out as it must.",
        "  labsupport demo\n  labsupport demo --tls 1.2\n  labsupport demo --json",
    )
    parser.add_argument("--tls", choices=("1.2", "1.3"), default="1.3", help="the only version server2 speaks (1.3)")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")


def _run(arguments: argparse.Namespace) -> int:
    from labsupport.tls.outcomes import run

    outcomes = list(run(arguments.tls))
    ok = all(outcome.ok for outcome in outcomes)
    if arguments.json:
        experiments = [_record(outcome) for outcome in outcomes]
        print(json.dumps({"ok": ok, "tls": arguments.tls, "experiments": experiments}, indent=2))
    else:
        _print_table(outcomes, arguments.tls)
    return 0 if ok else 1


def _record(outcome: Outcome) -> dict[str, str | int | bool | None]:
    return {
        "name": outcome.experiment.name,
        "ok": outcome.ok,
        "layer": outcome.layer,
        "refused_by": outcome.refused_by,
        "status": outcome.status,
        "reason": outcome.reason,
    }


def _print_table(outcomes: list[Outcome], tls: str) -> None:
    print(f"Seven requests to a live pair, TLS {tls}\n")
    print(render(_HEADINGS, [_row(outcome) for outcome in outcomes], terminal_width()))
    wrong = [outcome for outcome in outcomes if not outcome.ok]
    if not wrong:
        print("\nAll seven came out as they must, and server2's log agrees.")
        return
    print(f"\n{len(wrong)} of {len(outcomes)} did not come out as they must:")
    for outcome in wrong:
        print("\n".join(f"  {outcome.experiment.name}: {fault}" for fault in outcome.faults))


def _row(outcome: Outcome) -> tuple[str, ...]:
    return (
        "✓" if outcome.ok else "✗",
        outcome.experiment.name,
        "refusal" if outcome.expected.refused_by else "answer",
        _words(outcome),
        _SIDES[outcome.refused_by],
        outcome.layer.upper(),
    )


def _words(outcome: Outcome) -> str:
    refusal = outcome.refusal
    if refusal is None:
        return f"answer {outcome.status}"
    if refusal.verify_code is not None:
        return f"not trusted (code {refusal.verify_code})"
    _, alert, name = refusal.reason.rpartition("_ALERT_")
    return f"alert {name.lower()}" if alert else refusal.reason
