"""``predict``: say what will happen before it does; the outcome figure later lays the two side by side."""

from __future__ import annotations

from dataclasses import dataclass
from types import EllipsisType
from typing import TYPE_CHECKING, Any, get_args

from labsupport.notebook import look
from labsupport.notebook.spelling import value_of
from labsupport.tls.refusal import Layer, Phase
from labsupport.tls.trace import Side

if TYPE_CHECKING:
    from labsupport.notebook.attempt import Attempt

__all__ = ["MOMENTS", "NOBODY", "Prediction", "predict", "predictions"]

NOBODY = "nobody"
_WORDS: dict[str, tuple[str, ...]] = {
    "by": (*get_args(Side), NOBODY),
    "layer": tuple(name for name in get_args(Layer) if name != "tcp"),
    "when": tuple(name for name in get_args(Phase) if name != "connect"),
}

MOMENTS: dict[str, str] = {
    "connect": "while connecting",
    "handshake": "in the handshake",
    "first read": "at the first read",
    "response": "in the response",
}

_made: dict[str, Prediction] = {}


@dataclass(frozen=True)
class Prediction:
    """What a learner expects of experiment `id`; a field is None where it was left open.

    `fault` is one line about a word that is not known; such a prediction is not kept.
    """

    id: str
    by: str | None = None
    layer: str | None = None
    when: str | None = None
    fault: str | None = None

    @property
    def answered(self) -> bool:
        """Whether it says at least who."""
        return self.by is not None

    def agrees(self, outcome: Attempt) -> bool:
        """Whether everything that was predicted came out that way; what failed for another reason agrees with nothing.

        What was left open agrees with everything, as long as `by` was told.
        """
        if self.by == NOBODY:
            return outcome.ok
        told = ((self.layer, outcome.layer), (self.when, outcome.phase))
        return self.answered and self.by == outcome.by and all(said in (None, came) for said, came in told)

    @property
    def words(self) -> str:
        """What was predicted, as the outcome map words it: ``server, TLS, at the first read``."""
        if self.by == NOBODY:
            return "let in"
        parts = [self.by, self.layer and self.layer.upper(), self.when and MOMENTS[self.when]]
        return ", ".join(filter(None, parts))

    def __str__(self) -> str:
        return look.plain(self._sentence())

    def _sentence(self) -> str:
        if self.fault:
            return self.fault
        if not self.answered:
            return f"{self.id}: no prediction yet. Replace the dots, then run the cell."
        if self.by == NOBODY:
            return f"{self.id}: you expect that nobody refuses."
        parts = [f"the {self.by} refuses", self.layer and f"in {self.layer.upper()}", self.when and MOMENTS[self.when]]
        return f"{self.id}: you expect that {', '.join(filter(None, parts))}."

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        word, kind = ("prediction", "info") if self.answered else ("no prediction yet", "note")
        if self.fault:
            word, kind = "not understood", "bad"
        line = look.headline(look.badge(word, kind), look.escape(self))
        choices = ""
        if not self.answered:
            rows = [[look.mono(name), look.mono(" · ".join(map(repr, words)))] for name, words in _WORDS.items()]
            choices = look.folded("the words to choose from", look.table(("", ""), rows))
        return {"text/plain": str(self), "text/html": look.card([line, choices])}


def predict(
    id: str,  # noqa: A002  # the lesson's word for it
    by: str | EllipsisType = ...,
    layer: str | EllipsisType | None = ...,
    when: str | EllipsisType | None = ...,
) -> Prediction:
    """Keep a prediction: who refuses (`by`), in which `layer`, and `when`; dots mean not answered yet.

    `by` is ``"client"``, ``"server"`` or ``"nobody"``; `layer` ``"tls"`` or ``"http"``; `when` ``"handshake"``,
    ``"first read"`` or ``"response"``.  Anything else gives one line that lists the known words.
    """
    known = id if isinstance(id, str) else f"<{type(id).__name__}>"
    # What is said anew, dots included, takes back what was said before.
    _made.pop(known, None)
    told: dict[str, str] = {}
    for name, value in (("by", by), ("layer", layer), ("when", when)):
        if isinstance(value, EllipsisType) or (value is None and name != "by"):
            continue
        word = " ".join(value.split()).lower() if isinstance(value, str) else ""
        if word not in _WORDS[name]:
            said = " ".join(value_of(value).split())
            choices = ", ".join(map(repr, _WORDS[name]))
            return Prediction(known, fault=f"{known}: {name}={said} is not one of {choices}.")
        told[name] = word
    made = Prediction(known, **told)
    if made.answered:
        _made[known] = made
    return made


def predictions() -> dict[str, Prediction]:
    """Return the predictions of this kernel's session by experiment."""
    return dict(_made)
