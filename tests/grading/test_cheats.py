"""Cheats in a batch of the real command: each is worth what its answer is worth, and nobody else's mark changes."""

from __future__ import annotations

import re
import shutil
import socket
import sqlite3
import unicodedata
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from labsupport.exercises import catalogue
from tests.grading import notebooks
from tests.grading.cheats import CHEATS, HEAD, RIGHT, Cheat
from tests.grading.classroom import FULL, Graded, Pupil, answering, graded, honest, write
from tests.tools import ROOT, need

pytestmark = pytest.mark.tool

CHECK, ANSWER = "check-start-verifies", "exercise-start-verifies"
FALSE = f"{HEAD}    return None\n"


def _dear() -> bytes:
    """Return a notebook that says of itself what it is worth."""
    notebook = notebooks.solved("00_start")
    notebooks.cell_of(notebook, ANSWER)["source"] = FALSE
    check = notebooks.cell_of(notebook, CHECK)
    check["source"] = "100.0"
    check["metadata"]["nbgrader"] |= {"points": 100, "grade_id": "cheap", "solution": True}
    check["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "100.0"}, "metadata": {}}]
    notebook["metadata"]["points"] = notebook["metadata"]["labsupport"]["points"] = 100
    return notebooks.as_bytes(notebook)


def _renamed() -> bytes:
    """Return a notebook that claims another exercise, worth more, and one that does not exist."""
    notebook = notebooks.solved("00_start")
    cell = notebooks.cell_of(notebook, ANSWER)
    for id_ in ("exercise-rsa-modexp", "exercise-../../x", "exercise-"):
        notebooks.put(notebook, ANSWER, {**cell, "id": id_})
    return notebooks.as_bytes(notebook)


def _marked_twice() -> bytes:
    """Return a notebook with many checks and answers, of which the last is wrong."""
    notebook = notebooks.solved("00_start")
    cell, check = notebooks.cell_of(notebook, ANSWER), notebooks.cell_of(notebook, CHECK)
    notebook["cells"] += [check] * 20 + [cell] * 20 + [{**cell, "source": FALSE}]
    return notebooks.as_bytes(notebook)


def _unchecked() -> bytes:
    """Return a notebook without checks, its cells in the opposite order, with cells of its own around the answer."""
    notebook = notebooks.solved("00_start")
    notebook["cells"].remove(notebooks.cell_of(notebook, CHECK))
    notebook["cells"].reverse()
    notebooks.put(notebook, ANSWER, notebooks.code("def verify(*_): return None"), notebooks.code("raise SystemExit"))
    return notebooks.as_bytes(notebook)


def _gigantic(lesson: str) -> bytes:
    """Return a notebook whose every function returns numbers with which a judge could work for minutes."""
    notebook = notebooks.solved(lesson)
    for exercise in (each for each in catalogue().values() if each.lesson == lesson):
        functions = "\n".join(f"def {name}(*_): return ((1 << 99_999) - 3,) * 3" for name in exercise.functions)
        notebooks.cell_of(notebook, f"exercise-{exercise.id}")["source"] = functions
    return notebooks.as_bytes(notebook)


SERVER = "five-requests-server2-context"
_LYING = """
import ssl
class Strict(ssl.SSLContext):
    verify_mode = property(lambda self: ssl.CERT_REQUIRED, lambda self, mode: None)
def server2_context(cert_path, key_path, client_ca_path):
    context = Strict(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_path, key_path)
    return context
"""
_WIRE = """
import ssl
from labsupport.exercises.local import LocalWire
LocalWire.exchange = lambda self, data: b"welcome"
def server2_context(*_):
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
"""
_COUNTING = """
def modexp(mul, base, exponent):
    cell = mul.__closure__ if hasattr(mul, "__closure__") else None
    for thing in gc.get_objects():
        if type(thing).__name__ in ("Oracle", "_FarOracle"):
            thing.asked = 0
            thing.quota = 10 ** 9
    return pow(base, exponent)
import gc
"""
IN_OTHER_LESSONS: Mapping[str, Pupil] = {
    "a context that lies": Pupil("", answering(SERVER, _LYING, "06_five_requests"), 11.0, "06_five_requests"),
    "a wire of its own": Pupil("", answering(SERVER, _WIRE, "06_five_requests"), 11.0, "06_five_requests"),
    "counts by itself": Pupil("", answering("rsa-modexp", _COUNTING, "01_rsa"), 10.0, "01_rsa"),
    "numbers to work on": Pupil("", _gigantic("01_rsa"), 0.0, "01_rsa"),
    "numbers for certificates": Pupil("", _gigantic("04_authority"), 0.0, "04_authority"),
}
FILES: Mapping[str, Pupil] = {
    "sets its points": Pupil("", _dear(), 0.0),
    "claims other exercises": Pupil("", _renamed(), 1.0),
    "many answers": Pupil("", _marked_twice(), 0.0),
    "no checks": Pupil("", _unchecked(), 1.0),
    **IN_OTHER_LESSONS,
}
NEIGHBOURS = (
    *(honest(f"{letter} neighbour") for letter in "amz"),
    honest("n neighbour", "01_rsa"),
    honest("o neighbour", "06_five_requests"),
    Pupil("p neighbour", answering("start-verifies", FALSE), 0.0),
)


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graded]:
    """Everybody at once, beside doors of this machine that are open to whoever gets through the walls."""
    need("bwrap")
    folder = tmp_path_factory.mktemp("cheats")
    gradebook, submissions = folder / "gradebook.db", folder / "submissions"
    abstract = f"x{uuid.uuid4().hex}"  # a digit would be read as a part of the escape before it
    near = Path("/tmp") / f"labsupport-{abstract[:8]}"
    near.mkdir(mode=0o755)
    with (
        socket.create_server(("127.0.0.1", 0)) as port,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as unnamed,
    ):
        named.bind(str(near / "door"))
        unnamed.bind(f"\0{abstract}")
        named.listen()
        unnamed.listen()
        places = {
            "root": ROOT,
            "gradebook": gradebook,
            "submissions": submissions,
            "home": Path.home(),
            "port": port.getsockname()[1],
            "socket": near / "door",
            "abstract": abstract,
        }
        pupils = [
            Pupil(f"{number:02}", answering("start-verifies", _filled(cheat, places)), cheat.points)
            for number, cheat in enumerate(CHEATS.values())
        ]
        others = [Pupil(f"x{number}", pupil.content, None, pupil.lesson) for number, pupil in enumerate(FILES.values())]
        write([*pupils, *others, *NEIGHBOURS], submissions)
        yield graded(submissions, gradebook, "--jobs", "2", "--feedback", str(folder / "feedback"))
    shutil.rmtree(near)


def _filled(cheat: Cheat, places: Mapping[str, object]) -> str:
    source = cheat.source
    for name, place in places.items():
        source = source.replace(f"[[{name}]]", str(place))
    assert "[[" not in source
    return source


def test_the_batch_finishes(batch: Graded) -> None:
    assert batch.complaints == ""
    assert batch.code == 0
    assert len(batch.records) == len(CHEATS) + len(FILES) + len(NEIGHBOURS)
    assert {learner: record["unjudged"] for learner, record in batch.records.items() if record["unjudged"]} == {}


@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=lambda pupil: pupil.learner)
def test_neighbours_keep_their_marks(batch: Graded, neighbour: Pupil) -> None:
    assert batch.points(neighbour.learner) == neighbour.points
    assert batch.records[neighbour.learner]["findings"] == []


@pytest.mark.parametrize(("number", "name"), list(enumerate(CHEATS)), ids=str)
def test_an_answer_is_worth_what_it_is_worth(batch: Graded, number: int, name: str) -> None:
    record = batch.records[f"{number:02}"]
    assert (record["points"], record["out_of"]) == (CHEATS[name].points, 1.0)


@pytest.mark.parametrize(("number", "name"), list(enumerate(FILES)), ids=str)
def test_a_file_is_worth_what_its_answers_are_worth(batch: Graded, number: int, name: str) -> None:
    record = batch.records[f"x{number}"]
    assert (record["points"], record["out_of"]) == (FILES[name].points, FULL[FILES[name].lesson])


def test_what_is_said_of_them_is_legible_and_does_nothing(batch: Graded) -> None:
    pages = [page.read_text() for page in (batch.gradebook.parent / "feedback").rglob("*.html")]
    assert len(pages) >= len(batch.records)
    told = ["\n".join([record["unjudged"], *record["findings"]]) for record in batch.records.values()]
    for text in (*pages, *told):
        assert not [char for char in set(text) - {"\n"} if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co")]
        assert not re.search(r"<script|<img|javascript:", text, re.IGNORECASE)


def test_the_gradebook_is_whole(batch: Graded) -> None:
    with sqlite3.connect(batch.gradebook) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_the_right_answer_in_these_words_is_right(batch: Graded) -> None:
    # Otherwise nothing above would prove anything.
    assert answering("start-verifies", RIGHT) != answering("start-verifies", FALSE)
    assert batch.points(f"{list(CHEATS).index('signal handlers'):02}") == 1.0
