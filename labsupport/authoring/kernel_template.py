"""A process that has imported what every lesson imports, and forks a kernel whenever it is asked for one.

Run as ``python -m labsupport.authoring.kernel_template FOLDER``. Each line on its standard input is a request (JSON:
the kernel's arguments, its environment, its folder, its log file), each line on its standard output the process id of
the kernel that came of it. When its input ends, because the run is over or its starter has died, it ends every kernel
and removes FOLDER, where the kernels' sockets are.

A forked kernel differs from a started one in two ways: these modules are imported already, and it has no debugger.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from labsupport.authoring.imports import without

__all__ = ["main"]

# Not pyplot and not the inline backend: they look for IPython when they are imported, and must find it.
_WARM = (
    "cryptography.x509",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "requests",
)


def main() -> None:
    """Answer requests until the input ends."""
    if not sys.flags.safe_path:
        # What `python -m` puts in front: a kernel's first folder is the notebook's.
        del sys.path[0]
    # A kernel ends by itself when the process with this id, its parent, is gone.
    os.environ["JPY_PARENT_PID"] = str(os.getpid())
    # Matplotlib reads this once, on import; a kernel sets it at its start.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    # Threads do not survive a fork; numpy's linear algebra would start some on import.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with without("debugpy"):
        importlib.import_module("ipykernel.debugger")
    for module in _WARM:
        with suppress(ImportError):
            importlib.import_module(module)
    kernels = []
    for line in sys.stdin:
        request = json.loads(line)
        kernel = os.fork()
        if not kernel:
            _become_kernel(request)
            return
        # The kernel does this too: whoever comes first.
        with suppress(OSError):
            os.setpgid(kernel, kernel)
        kernels.append(kernel)
        print(kernel, flush=True)
    for kernel in kernels:
        with suppress(ProcessLookupError):
            os.killpg(kernel, signal.SIGKILL)
        os.waitpid(kernel, 0)
    # If the starter is dead, nobody else would.
    shutil.rmtree(sys.argv[1], ignore_errors=True)


def _become_kernel(request: Mapping[str, Any]) -> None:
    """Run a kernel in this process, a fork of the template, until it is told to shut down."""
    from ipykernel.kernelapp import IPKernelApp

    # A group of its own: signals reach what the lesson starts, and nothing else.
    os.setpgid(0, 0)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)
    os.environ.clear()
    os.environ.update(request["environment"], JPY_PARENT_PID=str(os.getppid()))
    os.chdir(request["folder"])
    # Or every fork would draw the same numbers.
    random.seed()
    if "numpy.random" in sys.modules:
        importlib.import_module("numpy.random").seed()
    # This library is not the notebook's: that may be another, beside the notebook.
    for module in [name for name in sys.modules if name.partition(".")[0] == "labsupport"]:
        del sys.modules[module]
    launcher = importlib.util.find_spec("ipykernel_launcher")
    sys.argv = [str(launcher and launcher.origin), *request["arguments"]]
    IPKernelApp.launch_instance(request["arguments"])


if __name__ == "__main__":
    main()
