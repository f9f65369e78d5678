"""The commands of ``labsupport``, in the order in which the help lists them."""

from __future__ import annotations

import labsupport
from labsupport.cli import authoring, demo, doctor, grading, lab, marks, report, serve
from labsupport.cli.parser import Commands, Parser

__all__ = ["build_parser"]

_DESCRIPTION = "The tools of the mutual-TLS course."
_EPILOG = """\
examples:
  labsupport lab                open the course in JupyterLab, on your own working copy
  labsupport demo               see the whole story in one table
  labsupport serve --tls 1.2    attack the two servers with your own tools
  labsupport doctor             find out what is missing on this machine

exit codes: 0 good, 1 the thing checked failed, 2 wrong usage
`labsupport COMMAND --help` says more about each."""


def build_parser() -> Parser:
    """Return the parser with every command registered."""
    parser = Parser(prog="labsupport", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"labsupport {labsupport.__version__}")
    commands = Commands(parser)
    for module in (lab, demo, serve, doctor, authoring, grading, marks, report):
        module.add(commands)
    return parser
