"""What stays of an answer when names, layout and ornament are taken away: a set of fingerprints.

Code is parsed, freed of what says nothing (comments, docstrings, annotations, imports, debug prints, names that nobody
reads), written out in one form and cut into tokens. Fingerprints are hashes of runs of tokens, thinned out by
winnowing (Schleimer, Wilkerson and Aiken, "Winnowing: Local Algorithms for Document Fingerprinting", 2003). Nothing
is ever run, and code that does not parse is cut into tokens as it stands.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import keyword
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["GRAM", "WINDOW", "fingerprints", "plain_code", "tokens"]

GRAM = 10  # tokens in a fingerprint: about one line and a half
WINDOW = 4  # of so many neighbours one is kept, so that every run of GRAM + WINDOW - 1 tokens leaves a fingerprint

_PARSED = 20_000  # characters; longer answers are no honest ones, and a parser can be made to suffer
_READ = 100_000

_TOKEN = re.compile(
    r"""
    (?P<skipped>\s+|\#[^\n]*|\\\n)
    |(?P<string>[rbufRBUF]{0,2}(?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))
    |(?P<number>\.?\d[\w.]*)
    |(?P<name>[^\W\d]\w*)
    |(?P<other>\*\*=?|//=?|<<=?|>>=?|[-+*/%@&|^=!<>:]=|->|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DEFINED = re.compile(r"\b(?:def|class)\s+(\w+)")
_UNIT = re.compile(r"\n(?=[^\s#)\]}])")  # a line that begins at the margin begins a new unit
_BUILTINS = frozenset(dir(builtins))


def fingerprints(code: str) -> frozenset[int]:
    """Return the fingerprints of `code`; the order of its functions and other statements at the margin is no matter."""
    code = plain_code(code)
    own = frozenset(_DEFINED.findall(code))
    return frozenset(mark for unit in _UNIT.split(code) for mark in _winnowed(_grams(tokens(unit, own))))


def plain_code(code: str) -> str:
    """Return `code` in one form, without what says nothing; code that cannot be parsed comes back as it is."""
    if len(code) > _PARSED:
        return code[:_READ]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a "\d" in somebody's answer is not our business
            tree = ast.parse(code)
        read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        return ast.unparse(ast.fix_missing_locations(_Plain(read).visit(tree)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return code


class _Plain(ast.NodeTransformer):
    """Takes away what a copy can be dressed up with; `read` are the names whose values are used anywhere.

    The tree need not stay a program: it is only written out.
    """

    def __init__(self, read: set[str]) -> None:
        self._read = read

    def visit(self, node: ast.AST) -> Any:
        """Return what becomes of `node`; None where nothing does."""
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Pass():
                return None
            case ast.Expr(value=ast.Constant() | ast.Name() | ast.Call(func=ast.Name(id="print"))):
                return None
            case ast.Assign(targets=[ast.Name(id=name)]) if name not in self._read:
                return None
            case ast.If(test=ast.Constant(value=False | 0 | None | ""), orelse=[]):
                return None
            case ast.AnnAssign(target=target, value=value):
                return self.visit(ast.Assign([target], value)) if value else None
            case ast.AugAssign(target=target, op=op, value=value):
                return self.visit(ast.Assign([target], ast.BinOp(target, op, value)))
            case ast.arg(arg=name):
                return ast.arg(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                node.returns = None
            case ast.JoinedStr():
                return ast.Constant("")
        return self.generic_visit(node)


def tokens(code: str, own: frozenset[str] = frozenset()) -> list[str]:
    """Return the tokens of `code`: constants as their kind, names that the learner may choose behind a tilde.

    What is looked up elsewhere keeps its name: keywords, built-in functions, and attributes but for the `own` ones.
    """
    found: list[str] = []
    for match in _TOKEN.finditer(code):
        word = match[0]
        match match.lastgroup:
            case "skipped":
                continue
            case "string":
                word = "'"
            case "number":
                word = "0"
            case "name" if not (keyword.iskeyword(word) or word in _BUILTINS):
                attribute = found[-1:] == ["."] and word not in own
                word = word if attribute else f"~{word}"
        found.append(word)
    return found


def _grams(words: Sequence[str]) -> Iterator[int]:
    """Yield a hash for each run of GRAM tokens, in which names are known by where they were met in that run."""
    met: dict[str, int] = {}
    back: list[int] = []  # for a chosen name, how far back it was met the last time; 0 for all others
    for place, word in enumerate(words):
        back.append(place - met.get(word, place) if word[0] == "~" else 0)
        met[word] = place
    shown = ["~" if word[0] == "~" else word for word in words]
    for start in range(len(words) - GRAM + 1):
        run = [
            f"{shown[start + step]}{back[start + step] if back[start + step] <= step else 0}" for step in range(GRAM)
        ]
        digest = hashlib.blake2b(" ".join(run).encode(errors="surrogatepass"), digest_size=8).digest()
        yield int.from_bytes(digest, "big")


def _winnowed(hashes: Iterator[int]) -> Iterator[int]:
    """Yield the least of every WINDOW neighbours, or of all where there are fewer."""
    every = list(hashes)
    for start in range(max(len(every) - WINDOW + 1, min(len(every), 1))):
        yield min(every[start : start + WINDOW])
