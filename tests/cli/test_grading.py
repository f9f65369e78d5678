"""``labsupport grade`` as an instructor types it: the real command, in a process of its own, in the real sandbox."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import signal
import subprocess
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from labsupport.cli import grading_display, main
from labsupport.cli.grading_display import Display
from labsupport.exercises import catalogue
from labsupport.grading.batch import Summary
from labsupport.grading.gradebook import Gradebook
from tests.cli.grading_command import LESSON, Desk, answered
from tests.grading.notebooks import as_bytes, master
from tests.tools import need

Completed = subprocess.CompletedProcess[str]

# A worker in which bubblewrap is not to be found.
WITHOUT_BUBBLEWRAP = """
import sys
from labsupport.grading import pool
worker = '''
from labsupport.grading.sandbox import launch, remedies
launch.find_bubblewrap = remedies.find_bubblewrap = lambda: {found!r}
from labsupport.grading import worker
worker.main()
'''
pool._JUDGE = (sys.executable, "-c", worker)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    need("bwrap")
    return Desk(tmp_path)


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 30, 12, 0, 0)), content)
    return path


@pytest.fixture(scope="module")
def seminar(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    need("bwrap")
    desk = Desk(tmp_path_factory.mktemp("class"))
    # Right too, and another file: the same file would be known as soon as it was judged once.
    eves = answered("def verifies(m, s, e, n):\n    return pow(s, e, n) == m\n")
    dying = answered("import os\ndef verifies(*_): os._exit(0)\n")
    desk.hand_in({"ada": desk.right, "bob": desk.stub, "cyd": b"no notebook", "dan": dying, "eve": eves})
    (desk.folder / "roster.csv").write_text(
        "id,name\nada,Ada Lovelace\nbob,Bob\ncyd,Cyd\ndan,Dan\neve,Eve\nfay,Fay Wray\ngus,Gus\n"
    )
    return desk


@pytest.fixture(scope="module")
def first(seminar: Desk) -> Completed:
    return seminar.grade("submissions", "--roster", "roster.csv", "--feedback", "pages")


@pytest.fixture(scope="module")
def again(seminar: Desk, first: Completed) -> Completed:
    assert first.returncode == 1
    return seminar.grade("submissions", "--json")


class TestABatch:
    """One class, graded once: right, wrong, broken and hostile."""

    def test_ends_with_1_as_one_could_not_be_judged(self, first: Completed) -> None:
        assert first.returncode == 1
        assert "Not judged:\n  cyd, 00_start: not a notebook: the file is not JSON in UTF-8\n" in first.stdout

    def test_gives_everybody_the_right_mark(self, seminar: Desk, first: Completed) -> None:
        assert first.returncode == 1
        assert seminar.marks() == {"ada": 1, "bob": 0, "cyd": 0, "dan": 0, "eve": 1}

    def test_ends_with_a_table_and_says_where_everything_is(self, first: Completed) -> None:
        lines = first.stdout.splitlines()
        assert lines[0].split() == ["lesson", "learners", "mean", "full", "marks"]
        assert lines[2].split() == ["00_start", "4", "50", "%", "2"]
        assert re.fullmatch(r"Judged 4 in \d+\.\d s\.", lines[4])
        assert "Gradebook: gradebook.db" in lines
        assert lines[-2:] == ["pages/class/00_start.html", "Feedback, a folder for each learner: pages/feedback"]
        assert max(map(len, lines)) <= 80

    def test_says_who_of_the_roster_handed_in_nothing(self, first: Completed) -> None:
        assert "Nothing for 00_start from 2 in the roster: Fay Wray, Gus.\n" in first.stdout

    def test_names_those_who_needed_attention_while_it_works(self, first: Completed) -> None:
        assert [line.partition(":")[0] for line in first.stderr.splitlines()] == ["cyd, 00_start"]

    def test_counts_findings(self, first: Completed) -> None:
        assert "Findings: process 1.\n" in first.stdout

    def test_draws_no_bar_where_nobody_looks(self, first: Completed) -> None:
        assert not set("█·\r") & set(first.stdout + first.stderr)

    def test_writes_pages_where_asked(self, seminar: Desk, first: Completed) -> None:
        assert first.returncode == 1
        assert list((seminar.folder / "pages").rglob("*.html"))

    def test_leaves_nothing_behind(self, seminar: Desk, first: Completed) -> None:
        assert first.returncode == 1
        assert (seminar.left(), seminar.processes()) == ([], [])

    def test_once_more_judges_what_could_not_be_judged_and_nothing_else(self, seminar: Desk, again: Completed) -> None:
        lines = [json.loads(line) for line in again.stdout.splitlines()]
        assert {line["learner"]: line["known"] for line in lines} == {
            "ada": True, "bob": True, "cyd": False, "dan": True, "eve": True
        }  # fmt: skip
        assert (again.returncode, again.stderr) == (1, "")

    def test_tells_programs_a_line_for_each(self, again: Completed) -> None:
        lines = {line["learner"]: line for line in map(json.loads, again.stdout.splitlines())}
        assert lines["dan"]["findings"] == ["start-verifies: The function ended its process."]
        assert lines["cyd"]["unjudged"].startswith("not a notebook")
        ada = lines["ada"]
        assert list(ada) == [
            "learner", "lesson", "source", "counts", "known", "result", "points", "out_of", "unjudged", "findings",
            "seconds",
        ]  # fmt: skip
        assert (ada["lesson"], ada["points"], ada["out_of"], ada["counts"]) == (LESSON, 1.0, 1.0, True)
        assert ada["source"] == "submissions/ada/00_start.ipynb"

    def test_is_judged_again_where_that_is_asked_for(self, seminar: Desk, again: Completed) -> None:
        assert again.returncode == 1
        assert seminar.attempts("ada") == [1]
        assert not any(line["known"] for line in seminar.lines("--regrade"))
        assert seminar.attempts("ada") == [2]
        assert seminar.marks()["ada"] == 1

    def test_counts_with_what_a_person_corrected(self, desk: Desk) -> None:
        desk.hand_in({"ada": desk.stub, "bob": desk.stub})
        assert desk.grade().returncode == 0
        with Gradebook.open(desk.folder / "gradebook.db") as book:
            book.adjust("bob", LESSON, "start-verifies", 1.0, "Shown in class.", out_of=1.0)
        lines = desk.grade().stdout.splitlines()
        assert lines[2].split() == ["00_start", "2", "50", "%", "1"]
        assert "Of these, 1 with a person's corrections." in lines

    def test_can_be_replayed(self, seminar: Desk, again: Completed) -> None:
        results = {line["learner"]: str(line["result"]) for line in map(json.loads, again.stdout.splitlines())}
        for learner in ("ada", "bob", "dan"):
            shown = seminar.grade("--replay", results[learner])
            assert (shown.returncode, shown.stderr) == (0, "")
            assert shown.stdout.endswith("The verdicts are the same as then.\n")
            assert "start-verifies" in shown.stdout

    def test_whose_verdicts_are_others_today_is_found_out(self, seminar: Desk, again: Completed) -> None:
        results = {line["learner"]: str(line["result"]) for line in map(json.loads, again.stdout.splitlines())}
        forged = """
from dataclasses import replace
from labsupport.grading import transcript
judged = transcript.replay
transcript.replay = lambda text: replace(again := judged(text), then=replace(again.then, points=0.5))
"""
        shown = seminar.grade("--replay", results["ada"], before=forged)
        assert shown.returncode == 1
        assert shown.stdout.endswith("Not every verdict is the same as then.\n")

    def test_without_a_transcript_says_why(self, seminar: Desk, again: Completed) -> None:
        results = {line["learner"]: str(line["result"]) for line in map(json.loads, again.stdout.splitlines())}
        for number, words in ((results["cyd"], "has no transcript: not a notebook"), ("9999", "9999")):
            shown = seminar.grade("--replay", number)
            assert (shown.returncode, shown.stdout, len(shown.stderr.splitlines())) == (1, "", 1)
            assert words in shown.stderr


def test_a_replay_is_in_the_order_of_the_lesson_or_of_one_exercise(desk: Desk) -> None:
    desk.hand_in({"ada": as_bytes(master("01_rsa"))}, "01_rsa")
    assert desk.grade().returncode == 0
    exercises = [exercise.id for exercise in catalogue().values() if exercise.lesson == "01_rsa"]
    whole = desk.grade("--replay", "1").stdout
    assert re.findall(r"^(rsa-\w+):", whole, re.MULTILINE) == exercises
    one = desk.grade("--replay", "1", "--exercise", "rsa-sign")
    assert (one.returncode, re.findall(r"^(rsa-\w+):", one.stdout, re.MULTILINE)) == (0, ["rsa-sign"])
    assert one.stdout.partition("\n\n")[0] in whole
    other = desk.grade("--replay", "1", "--exercise", "start-verifies")
    assert (other.returncode, other.stdout) == (2, "")
    assert f"result 1 is not about start-verifies, but {', '.join(exercises)}" in other.stderr


def test_one_name_under_two_ids_is_told(desk: Desk) -> None:
    desk.hand_in({"ada": desk.stub, "7": desk.stub})
    (desk.folder / "roster.csv").write_text("id,name\nada,Ada Lovelace\n7,Ada Lovelace\n")
    found = desk.grade("submissions", "--roster", "roster.csv")
    assert "one name under several ids: Ada Lovelace (7 and ada); if each is one person" in found.stderr


class TestOptions:
    def test_a_lesson_leaves_the_others_alone(self, desk: Desk) -> None:
        desk.hand_in({"ada": desk.right})
        desk.hand_in({"ada": as_bytes(master("01_rsa"))}, "01_rsa")
        assert [line["lesson"] for line in desk.lines("--lesson", LESSON)] == [LESSON]

    def test_a_due_date_makes_a_finding_and_changes_no_mark(self, desk: Desk) -> None:
        zipped(
            desk.folder / "bulk.zip",
            {"doejane_123_456_00_start.ipynb": desk.right, "smithjohn_LATE_124_457_00_start.ipynb": desk.right},
        )
        found = desk.grade("bulk.zip", "--json", "--due", "2026-12-24T12:00", "--lesson", LESSON)
        lines = [json.loads(line) for line in found.stdout.splitlines()]
        late = {line["learner"]: (line["points"], len(line["findings"])) for line in lines}
        assert (found.returncode, late) == (0, {"123": (1.0, 0), "124": (1.0, 1)})

    def test_a_due_date_is_remembered_until_it_is_taken_back(self, desk: Desk) -> None:
        desk.hand_in({"ada": desk.right})
        os.utime(desk.submissions / "ada" / "00_start.ipynb", (1_796_169_600, 1_796_169_600))  # 2026-12-02 00:00 UTC
        due, batch = "2026-12-01T12:00Z", ("submissions", "--json")
        runs = [desk.grade(*batch, *options) for options in (["--due", due], [], ["--regrade"], ["--due", "none"], [])]
        found = [json.loads(run.stdout)["findings"] for run in runs]
        [late] = found[0]
        assert late.startswith("Handed in 12 hours after it was due")
        assert found == [[late], [late], [late], [], []]
        said = "00_start: due 2026-12-01 12:00 UTC, as --due said before\n"
        assert [run.stderr for run in runs] == ["", said, said, "", ""]

    @pytest.mark.parametrize("jobs", [1, 3])
    def test_jobs_are_so_many_judges(self, desk: Desk, jobs: int) -> None:
        desk.hand_in({"ada": desk.right, **{f"endless {number}": desk.endless for number in range(4)}})
        process = desk.start("--json", "--jobs", str(jobs), "--isolation", "none", stdout=subprocess.PIPE)
        assert process.stdout is not None
        with process, process.stdout:
            process.stdout.readline()
            judges = [line for line in desk.processes() if "labsupport.grading.worker" in line]
            process.send_signal(signal.SIGINT)
            process.stdout.read()
        assert len(judges) == jobs

    def test_no_isolation_judges_the_same_and_leaves_nothing_behind(self, desk: Desk) -> None:
        desk.hand_in({"ada": desk.right, "bob": desk.stub})
        found = desk.grade("submissions", "--isolation", "none")
        assert (found.returncode, desk.marks()) == (0, {"ada": 1, "bob": 0})
        assert (desk.left(), desk.processes()) == ([], [])


@pytest.mark.tool
def test_a_user_without_any_right_grades_as_root_does(desk: Desk) -> None:
    outside = need("bwrap")
    desk.hand_in({"ada": desk.right, "bob": desk.stub})
    # Nobody in particular, whoever runs the tests; the files are still this user's.
    ordinary = [
        outside,
        "--dev-bind",
        "/",
        "/",
        "--unshare-user",
        "--uid",
        "12345",
        "--gid",
        "12345",
        "--cap-drop",
        "ALL",
    ]
    found = subprocess.run(
        [*ordinary, "--", *desk.command("submissions", "--json")],
        cwd=desk.folder,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.stderr, found.returncode, desk.marks()) == ("", 0, {"ada": 1, "bob": 0})
    assert (desk.left(), desk.processes()) == ([], [])


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ([], "name a folder or a zip of submissions, or --replay RESULT"),
            (["nowhere"], "nowhere: there is no such folder, zip or notebook"),
            (["submissions"], "submissions: there are no notebooks here"),
            (["submissions", "--lesson", "99_none"], "99_none: not a lesson; there are 00_start, "),
            (["submissions", "--due", "tomorrow"], "tomorrow"),
            (["submissions", "--roster", "none.csv"], "none.csv: the roster cannot be read"),
            (["submissions", "--jobs", "0"], "'0' is not a number from 1"),
            (["submissions", "--jobs", "²"], "'²' is not a number from 1"),
            (["submissions", "--time", "-1"], "--time"),
            (["submissions", "--isolation", "hope"], "hope"),
            (["--replay", "x"], "'x' is not a number from 1"),
            (["submissions", "--exercise", "rsa-sign"], "--exercise belongs to --replay"),
            (["submissions", "--feedback", __file__], "is no folder; give --feedback a folder"),
        ],
    )
    def test_is_one_line_and_exit_code_2(
        self,
        options: list[str],
        words: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        (tmp_path / "submissions").mkdir()
        monkeypatch.chdir(tmp_path)
        assert main(["grade", *options]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert words in err.splitlines()[-1]
        assert not (tmp_path / "gradebook.db").exists()

    def test_of_another_system_says_where_to_grade(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.platform", "darwin")
        assert main(["grade", "submissions"]) == 1
        assert "WSL 2" in capsys.readouterr().err

    def test_of_a_gradebook_that_is_none_is_one_line(self, desk: Desk) -> None:
        desk.hand_in({"ada": desk.right})
        (desk.folder / "gradebook.db").write_text("a diary\n" * 1000)
        found = desk.grade()
        assert (found.returncode, found.stdout, len(found.stderr.splitlines())) == (1, "", 1)


class TestWithoutASandbox:
    @pytest.mark.parametrize(
        ("found", "why", "remedy"),
        [
            (None, "bubblewrap is not installed", "sudo apt install bubblewrap"),
            ("/bin/false", "", ""),
        ],
    )
    def test_it_refuses_in_one_line_that_says_how_to_proceed(
        self, desk: Desk, found: str | None, why: str, remedy: str
    ) -> None:
        desk.hand_in({"ada": desk.right, "bob": desk.stub})
        refused = desk.grade(before=WITHOUT_BUBBLEWRAP.format(found=found))
        assert (refused.returncode, refused.stdout) == (1, "")
        [line] = refused.stderr.splitlines()
        assert line.startswith(f"labsupport grade: learners' code cannot be locked up here: {why}")
        assert remedy in line
        assert line.endswith("or grade with --isolation none code that you trust")
        assert desk.marks() == {}

    def test_but_inside_a_bubblewrap_without_namespaces_it_goes_on(self, desk: Desk) -> None:
        desk.hand_in({"ada": desk.right, "bob": desk.stub})
        fenced = WITHOUT_BUBBLEWRAP.replace(
            "launch.find_bubblewrap = remedies.find_bubblewrap = lambda: {found!r}",
            "walls = launch._walls; launch._walls = lambda library: (*walls(library), '--disable-userns')",
        )
        found = desk.grade(before=fenced)
        assert (found.returncode, found.stderr) == (0, "")
        assert desk.marks() == {"ada": 1, "bob": 0}
        assert (desk.left(), desk.processes()) == ([], [])


def test_files_that_cannot_be_read_are_named_and_stop_nobody(desk: Desk) -> None:
    path = zipped(
        desk.folder / "bulk.zip", {"ada/00_start.ipynb": desk.right, "bob/00_start.ipynb": b"a" * 500 + b"unlike" * 9}
    )
    path.write_bytes(path.read_bytes().replace(b"unlike", b"unlikf"))
    found = desk.grade("bulk.zip")
    assert found.returncode == 1
    assert "Not judged:\n  bob, 00_start: " in found.stdout
    assert desk.marks() == {"ada": 1}


def test_a_bar_is_drawn_on_a_terminal_and_wiped_again(desk: Desk) -> None:
    desk.hand_in({"ada": desk.right, "bob": desk.stub, "cyd": b""})
    ours, theirs = pty.openpty()
    process = desk.start("--isolation", "none", stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    drawn = b""
    with process, os.fdopen(ours, "rb", buffering=0) as terminal:
        while True:
            try:
                chunk = terminal.read(4096)
            except OSError:
                break  # nobody is at the other end any more
            drawn += chunk
    said = drawn.decode()
    assert re.search(r"█+·*  3 of 3  \d+\.\d/s  0 s left", said)
    assert max(len(part.rstrip()) for part in re.split("[\r\n]", said)) <= 80
    assert "\rcyd, 00_start: not a notebook" in said
    last, wipe = re.search(r"\r([^\r]+)\r( +)\r$", said).groups()  # type: ignore[union-attr]  # it is there
    assert (len(wipe), "3 of 3" in last) == (len(last), True)


class TestCtrlC:
    def test_stops_at_once_keeps_what_was_done_and_says_how_to_go_on(self, desk: Desk) -> None:
        desk.hand_in({"ada": desk.right, **{f"endless {number}": desk.endless for number in range(3)}})
        process = desk.start("--json", "--jobs", "2", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
        assert (first["learner"], out) == ("ada", b"")
        assert process.returncode == 130
        assert err.decode() == "Stopped: 1 of 4 are done and kept. The same command goes on with the rest.\n"
        assert desk.marks() == {"ada": 1}
        assert (_gone(desk), desk.left()) == ([], [])

    def test_goes_on_with_the_rest(self, desk: Desk) -> None:
        desk.hand_in({f"learner {number}": desk.right for number in range(4)})
        process = desk.start("--json", "--jobs", "1", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        lines = desk.lines()
        assert sum(line["known"] for line in lines) >= 1
        assert desk.marks() == {f"learner {number}": 1.0 for number in range(4)}


def _gone(desk: Desk) -> list[str]:
    """Return the processes that are still there when all have had time to end."""
    for _ in range(100):
        if not desk.processes():
            break
        time.sleep(0.1)
    return desk.processes()


def test_killed_in_the_middle_of_a_judgement_it_leaves_no_process(desk: Desk) -> None:
    desk.hand_in({"ada": desk.right, **{f"endless {number}": desk.endless for number in range(2)}})
    process = desk.start("--json", "--jobs", "2", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    with process, process.stdout:
        process.stdout.readline()
        process.kill()
    assert _gone(desk) == []
    assert desk.marks() == {"ada": 1}
    assert desk.left()  # for the next one, whatever it is about, to remove
    desk.submissions = desk.folder / "another"
    desk.submissions.mkdir()
    desk.hand_in({"bob": desk.right})
    assert desk.grade("another").returncode == 0
    assert desk.left() == []


def test_killed_at_any_moment_it_goes_on_and_comes_to_the_same(desk: Desk) -> None:
    wrong = answered("def verifies(*_):\n    return True\n")
    files = {f"learner {number}": (desk.right, desk.stub, wrong)[number % 3] for number in range(9)}
    desk.hand_in(files)
    draw = random.Random(2026)
    done: set[str] = set()
    for kill in range(6):
        process = desk.start("--json", "--jobs", "2", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        with process, process.stdout:
            for _ in range(len(done) + kill % 3):
                # So many lines later, and a little: what was told is known the next time.
                if line := process.stdout.readline():
                    done.add(json.loads(line)["learner"])
            time.sleep(draw.random() * 0.6)
            process.kill()
        assert _gone(desk) == []
    lines = desk.lines()
    assert {line["learner"] for line in lines if line["known"]} >= done
    assert desk.marks() == {learner: float(content == desk.right) for learner, content in files.items()}
    assert all(desk.attempts(learner) == [1] for learner in files)
    assert (_gone(desk), desk.left()) == ([], [])


def test_a_rate_that_is_not_known_yet_is_no_division_by_zero(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(0, as_json=False)
    display._live = True
    display._draw()
    assert "0 of 0" in capsys.readouterr().err


@pytest.mark.parametrize(("regrade", "words"), [(False, "goes on with the rest"), (True, "begins once more")])
def test_what_a_stopped_batch_says_is_true(regrade: bool, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    Display(3, as_json=False).stopped(regrade=regrade)
    assert capsys.readouterr().err == f"Stopped: 0 of 3 are done and kept. The same command {words}.\n"


def test_a_long_list_of_absent_learners_fits_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(grading_display, "terminal_width", lambda *_: 80)
    names = [f"Learner Number {number}" for number in range(30)]
    Display(0, as_json=False).summary(Summary(), [], Path("gradebook.db"), [], {LESSON: names})
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(name in " ".join(line.strip() for line in lines) for name in names)
