"""``labsupport serve``: the pair in a terminal, command lines to attack it with, and a live log of verdicts."""

from __future__ import annotations

import argparse
import shlex
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from labsupport.cli.parser import Commands

if TYPE_CHECKING:
    from labsupport.tls.experiments import Cast
    from labsupport.tls.servers.log import Verdict
    from labsupport.tls.servers.pair import Pair

__all__ = ["add"]

_NARROWEST, _WIDEST = 60, 120
_TICK_SECONDS = 0.5


def add(commands: Commands) -> None:
    """Register the command."""
    parser = commands.add(
        "serve",
        _run,
        "run the two servers here, to be attacked with your own tools",
        "Starts server1 and server2 on loopback with fresh certificates, prints ready curl and openssl lines for "
        "every experiment, then one line for each verdict of either server, until Ctrl-C. "
        "The key files lie in a private folder that is removed at the end.",
        "  labsupport serve\n  labsupport serve --tls 1.2 --manner http\n  labsupport serve --ports 8443 9443",
    )
    parser.add_argument("--tls", choices=("1.2", "1.3"), help="the only version server2 speaks (default: both)")
    parser.add_argument(
        "--manner",
        choices=("alert", "http"),
        default="alert",
        help="how server2 turns away a client without a certificate: inside TLS (alert, the default) or with HTTP 400",
    )
    parser.add_argument(
        "--ports",
        type=_port,
        nargs=2,
        default=(0, 0),
        metavar=("A", "B"),
        help="ports of server1 and server2 (default: any that are free)",
    )


def _run(arguments: argparse.Namespace) -> int:
    from labsupport.tls.experiments import Cast
    from labsupport.tls.servers.pair import Pair

    cast = Cast.make()
    pair = Pair(cast.authority, tls=arguments.tls, manner=arguments.manner, ports=tuple(arguments.ports))
    with _stopped_by_signals() as stop, pair:
        say = _log_printer()
        pair.server1.log.subscribe(lambda verdict: say("server1", verdict))
        pair.server2.log.subscribe(lambda verdict: say("server2", verdict))
        print(_instructions(pair, cast, _width()), flush=True)
        # A wait without end would hold Ctrl-C back on Windows.
        while not stop.wait(_TICK_SECONDS):
            pass
    print("\nBoth servers are closed; the key files go now.", flush=True)
    return 0


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"{port} is not a port: use 1024 to 65535, or 0 for any")
    return port


def _width() -> int:
    return min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)


def _instructions(pair: Pair, cast: Cast, width: int) -> str:
    from labsupport.cli.attack_lines import curl_line, joined, openssl_line
    from labsupport.pki.folders import private_folder
    from labsupport.tls.experiments import EXPERIMENTS, expected

    versions = f"TLS {pair.tls}" if pair.tls else "TLS 1.2 and 1.3"
    lines = [
        f"server1  {pair.server1.url}  exposed; forwards / and /whoami",
        f"server2  {pair.server2.url}  protected; {versions}",
        "",
        "In another terminal, first go to where the key files are, past any proxy:",
        "",
        f"cd {shlex.quote(str(private_folder()))}",
        f"export no_proxy={pair.server1.name},{pair.server2.name}",
        "",
    ]
    for number, experiment in enumerate(EXPERIMENTS, start=1):
        must = expected(experiment, pair.tls, pair.server2.manner)
        lines += [f"{number}. {experiment.name}: {experiment.title}", f"   → {must.words}", ""]
        lines += [joined(parts(experiment, pair, cast), width) for parts in (curl_line, openssl_line)]
        lines.append("")
    return "\n".join([*lines, "Verdicts, as they are made (Ctrl-C ends the servers):"])


def _log_printer() -> Callable[[str, Verdict], None]:
    lock = threading.Lock()

    def say(server: str, verdict: Verdict) -> None:
        line = f"{time.strftime('%H:%M:%S')} {server} {'✓' if verdict.admitted else '✗'} {_words(verdict)}"
        with lock:
            print(line, flush=True)

    return say


def _words(verdict: Verdict) -> str:
    *_, layer, reason = verdict.row()
    if verdict.request is None:
        return f"{verdict.words} ({layer.upper()}): {reason}"
    facts = ", ".join([verdict.words, verdict.version or "no TLS", *verdict.peer])
    # Who was let in under a name needs no reason beside it.
    return facts if verdict.admitted and verdict.peer else f"{facts}: {reason}"


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C, SIGTERM and a closed terminal set, until the block ends."""
    stop = threading.Event()
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
