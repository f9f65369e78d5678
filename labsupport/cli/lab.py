"""``labsupport lab``: the course in JupyterLab, on the learner's own working copy.

JupyterLab runs in this process, with a few settings for its sessions here: no news, no update checks, a layout of their
own.  What the person has set up for JupyterLab elsewhere stays in force and is not written to.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from labsupport.cli.parser import Commands

__all__ = ["add", "has_screen", "options"]

_FIRST = "00_start.ipynb"
_HIDDEN = ".jupyterlab"
# Defaults for the course's sessions.  A choice that the person made in JupyterLab's own settings still wins.
_OVERRIDES = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


def add(commands: Commands) -> None:
    """Register the command."""
    parser = commands.add(
        "lab",
        _run,
        "open the course in JupyterLab, on your own working copy",
        "Copies the lessons into the working copy, or upgrades it: your answers and the cells you added stay, and the "
        "file as it was is kept beside the new one.  Then JupyterLab opens on the first lesson.",
        "  labsupport lab\n  labsupport lab --dir ~/mtls\n  labsupport lab --no-browser --port 9000",
    )
    parser.add_argument("--dir", type=Path, default=Path("work"), help="the working copy (./work)")
    parser.add_argument("--port", type=int, help="port of JupyterLab (8888, or the next one that is free)")
    parser.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")


def _run(arguments: argparse.Namespace) -> int:
    from labsupport.authoring.places import masters_dir
    from labsupport.authoring.working_copy import refresh

    work = arguments.dir.expanduser().resolve()
    happened = refresh(masters_dir(), work)
    new = [line for line in happened if line.endswith(": new")]
    print(f"Your working copy: {work}" + (f" ({len(new)} new lessons)" if new else ""))
    for line in happened:
        if line not in new:
            print(f"  {line}")
    _start(work, port=arguments.port, browser=not arguments.no_browser and has_screen(os.environ))
    return 0


def has_screen(environment: Mapping[str, str]) -> bool:
    """Tell whether a browser that is opened here would be seen by anybody."""
    if environment.get("BROWSER"):
        return True
    if environment.get("SSH_CONNECTION") and not environment.get("DISPLAY"):
        return False
    return sys.platform in ("win32", "darwin") or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def _start(work: Path, *, port: int | None, browser: bool) -> None:
    from jupyterlab.labapp import LabApp

    server = LabApp.initialize_server(argv=options(work, port=port, browser=browser))
    address = f"http://localhost:{server.port}{server.base_url}lab/tree/{_FIRST}?token={server.identity_provider.token}"

    def announce() -> None:
        print("JupyterLab runs until Ctrl-C." if browser else "Open this address in a browser; Ctrl-C ends JupyterLab:")
        print(f"  {address}", flush=True)

    # It binds its port in a callback of its own, and nobody should follow the address before.
    server.io_loop.add_callback(announce)
    server.start()


def _can_encrypt() -> bool:
    """Tell whether the connections between JupyterLab and its kernels can be encrypted; kernels complain if not."""
    import zmq
    from jupyter_client.manager import KernelManager

    return hasattr(KernelManager, "transport_encryption") and bool(zmq.has("curve"))


def _settings(work: Path) -> Path:
    """Write this session's defaults into a hidden folder of the working copy and return the folder."""
    folder = work / _HIDDEN / "settings"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "overrides.json").write_text(json.dumps(_OVERRIDES, indent=2), encoding="utf-8")
    return folder


def options(work: Path, *, port: int | None, browser: bool) -> list[str]:
    """Return what JupyterLab is told for this session: inside this process, so the token is on no command line."""
    import secrets  # here, because it brings half of the standard library's cryptography

    told = [
        f"--ServerApp.root_dir={work}",
        f"--ServerApp.open_browser={browser}",
        f"--IdentityProvider.token={secrets.token_hex(24)}",
        f"--LabApp.default_url=/lab/tree/{_FIRST}",
        # The layout of other sessions names files that are not here, and this one's is of no use elsewhere.
        f"--LabApp.workspaces_dir={work / _HIDDEN / 'workspaces'}",
        f"--LabApp.app_settings_dir={_settings(work)}",
        "--Application.log_level=ERROR",
    ]
    if _can_encrypt():
        told.append("--KernelManager.transport_encryption=auto")
    if port is not None:
        told.append(f"--ServerApp.port={port}")
    if getattr(os, "geteuid", lambda: 1)() == 0:
        # A container or a lab machine, where there is no other user; JupyterLab would refuse.
        told.append("--ServerApp.allow_root=True")
    return told
