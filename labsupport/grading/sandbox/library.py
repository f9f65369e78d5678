"""The library as the sandbox may see it: a list of what is shown, so that whatever is new is hidden until it is listed.

Specs, authorities, servers and verifiers answer exercises and stay outside; a test holds the list against what each
spec says it is answered by.
"""

from __future__ import annotations

from pathlib import Path

import labsupport

__all__ = ["SHOWN", "write_library"]

SHOWN = (
    "errors",
    "exercises.callee",
    "exercises.guard",
    "exercises.local",
    "exercises.messages",
    "exercises.plain",
    "exercises.room",
    "exercises.scratch",
    "exercises.waiting",
    "grading.inside.cells",
    "grading.inside.child",
    "grading.inside.kernel",
    "grading.inside.limits",
    "grading.inside.template",
    "pki.folders",
    "tls.names",
)
_FRONT_DOOR = "grading/inside/front_door.py"

# Without these not even `localhost` is found in there, nor does anybody know who they are.
_MACHINE = {
    "hosts": "127.0.0.1 localhost\n",
    "nsswitch.conf": "hosts: files\npasswd: files\ngroup: files\n",
    "passwd": "learner:x:1000:1000:learner:/tmp:/bin/sh\n",
    "group": "learner:x:1000:\n",
}


def write_library(folder: Path) -> None:
    """Write ``lib/labsupport`` with what is shown, ``etc`` that a machine needs, and an empty ``stage``."""
    own = Path(labsupport.__file__).parent
    shown = folder / "lib" / "labsupport"
    for module in SHOWN:
        path = Path(*module.split(".")).with_suffix(".py")
        (shown / path).parent.mkdir(parents=True, exist_ok=True)
        (shown / path).write_bytes((own / path).read_bytes())
        for parent in path.parents:
            (shown / parent / "__init__.py").touch()
    (shown / "__init__.py").write_bytes((own / _FRONT_DOOR).read_bytes())
    (folder / "etc").mkdir(exist_ok=True)
    (folder / "stage").mkdir(exist_ok=True)
    for name, content in _MACHINE.items():
        (folder / "etc" / name).write_text(content)
