"""``labsupport …`` at the command line: instant help, one-line errors, exit codes that mean something.

0 is good, 1 says that the thing that was checked or tried failed, 2 that the command was called in a way it does not
know.  Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from labsupport.cli.commands import build_parser
from labsupport.errors import LabError, LessonError, UsageError

__all__ = ["main"]

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors that a person can mend are one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that knows no check mark shows a question mark; that is no reason to stop.
            stream.reconfigure(errors="replace")
    parser = build_parser()
    try:
        arguments = parser.parse_args(argv)
        if arguments.command is None:
            parser.print_help()
            return 2
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except SystemExit as done:
        # argparse ends this way after --help, --version and wrong usage.
        return int(done.code or 0)
    except BrokenPipeError:
        # `labsupport demo | head -1`: nobody listens any more, and the interpreter would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except UsageError as error:
        return _say(arguments.command, str(error), 2)
    except LessonError as error:
        # One line for each fault, each with its file and line in front, where editors look for them.
        print(error, file=sys.stderr)
        return 1
    except LabError as error:
        return _say(arguments.command, str(error), 1)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "labsupport":
            raise
        return _say(arguments.command, f"{error.name} is not installed; `labsupport doctor` says what to do", 1)
    except OSError as error:
        if error.filename is None:
            raise
        return _say(arguments.command, f"{error.filename}: {error.strerror}", 1)
    return code


def _say(command: str, line: str, code: int) -> int:
    print(f"labsupport {command}: {line}", file=sys.stderr)
    return code
