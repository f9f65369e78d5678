"""An argument parser whose errors are one line, with the nearest right word where a wrong one was close."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import textwrap
from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["Commands", "Parser", "nearest"]

# Words that people try, and what they are called here.
_ELSEWHERE = {
    "check": "build --check",
    "test": "run --solutions",
    "execute": "run",
    "start": "lab",
    "notebook": "lab",
    "jupyter": "lab",
    "server": "serve",
    "zip": "release",
    "version": "--version",
    "help": "--help",
}
_WRONG_CHOICE = re.compile(r"argument (?P<what>[^:]+): invalid choice: '(?P<word>[^']*)'")
_WIDEST = 100
_UNKNOWN = "unrecognized arguments: "


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help that keeps the line breaks of descriptions and lists the commands without a heading of their own."""

    def _format_action(self, action: argparse.Action) -> str:
        text = super()._format_action(action)
        # The first line repeats the word "command", and the list is indented below it.
        return textwrap.indent(textwrap.dedent(text.partition("\n")[2]), "  ") if action.dest == "command" else text


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors, suggestions, no abbreviated options, and help that keeps its line breaks."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", _Help)
        options.setdefault("allow_abbrev", False)
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong and, where there is one, the word that was probably meant; exit with 2."""
        wrong = _WRONG_CHOICE.match(message)
        if wrong and wrong["what"] == "command":
            message = f"there is no command {wrong['word']!r}"
            found = nearest(wrong["word"], [*self._commands(), *_ELSEWHERE])
            hint = f"{self.prog} {_ELSEWHERE.get(found, found)}" if found else ""
        elif message.startswith(_UNKNOWN):
            word = message.removeprefix(_UNKNOWN).split()[0]
            message = f"it does not know {word!r}"
            hint = nearest(word, list(self._option_string_actions)) or ""
        else:
            hint = ""
        advice = f"did you mean `{hint}`?" if hint else f"`{self.prog} --help` shows what there is"
        print(f"{self.prog}: {message}; {advice}", file=sys.stderr)
        sys.exit(2)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does, but let the subcommand itself report the options that it does not know."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown and not self._commands():
            self.error(_UNKNOWN + " ".join(unknown))
        return known, unknown

    def _commands(self) -> list[str]:
        """Return the names of the subcommands; empty for a parser without any."""
        return [name for action in self._actions if isinstance(action.choices, dict) for name in action.choices]


class Commands:
    """The place where the modules of this package register their commands."""

    def __init__(self, parser: Parser) -> None:
        # Without a command main prints the help: argparse's own message would name no command.
        self._places = parser.add_subparsers(
            dest="command", metavar="command", title="commands", parser_class=Parser, required=False
        )

    def add(
        self, name: str, run: Callable[[argparse.Namespace], int], summary: str, details: str, examples: str
    ) -> Parser:
        """Add one command and return its parser, to which the options are added."""
        width = min(shutil.get_terminal_size().columns, _WIDEST) - 2
        description = f"{summary[0].upper()}{summary[1:]}.\n\n{textwrap.fill(' '.join(details.split()), width)}"
        parser: Parser = self._places.add_parser(
            name, help=summary, description=description, epilog=f"examples:\n{examples}"
        )
        parser.set_defaults(run=run)
        return parser


def nearest(word: str, known: list[str]) -> str | None:
    """Return the entry of `known` that `word` was probably meant to be, or None."""
    import difflib  # here, because most command lines are right

    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.6)), None)
