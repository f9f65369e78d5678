"""Grading on a Dask cluster whose scheduler and workers are real; some of them die in the middle of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from labsupport.cli import main
from labsupport.errors import LabError, UsageError
from labsupport.grading import cluster, cluster_worker
from labsupport.grading.batch import Done, Summary, grade
from labsupport.grading.cluster import Certificates, Cluster
from labsupport.grading.gradebook.book import Gradebook
from labsupport.grading.jobs import Judges
from labsupport.grading.records import Result, Submission, result_from
from labsupport.grading.sandbox.processes import descendants
from labsupport.grading.sandbox.sandbox import NoSandbox
from labsupport.grading.settings import Settings
from labsupport.grading.submissions.collect import Entry, collect
from labsupport.pki.authority import Authority
from tests.grading.dask_cluster import DaskCluster
from tests.grading.notebooks import Notebook, as_bytes, code, master, put, solved
from tests.tools import python

LESSON = "00_start"
EXERCISE = "exercise-start-verifies"
OPEN = Settings(isolation="none")


@dataclass(frozen=True)
class Job:
    submission: Submission
    again: bool = True

    @property
    def key(self) -> object:
        return self.submission.learner


def job(content: bytes, learner: str = "ada", again: bool = True) -> Job:
    return Job(Submission(learner, LESSON, content, ""), again)


def right(learner: str = "", seconds: float = 0.0) -> Notebook:
    """Return a solved notebook, unlike that of any other learner, that takes so long."""
    notebook = solved(LESSON)
    put(notebook, EXERCISE, code(f"import time\n# {learner}\ntime.sleep({seconds})"))
    return notebook


def hand_in(folder: Path, **notebooks: bytes) -> Path:
    for learner, content in notebooks.items():
        (folder / learner).mkdir(parents=True)
        (folder / learner / f"{LESSON}.ipynb").write_bytes(content)
    return folder


def several(folder: Path, count: int = 6) -> Path:
    names = [f"learner{number}" for number in range(count)]
    return hand_in(folder, **{name: as_bytes(right(name, 0.3)) for name in names})


def marks(gradebook: Path) -> dict[str, float]:
    """Return the points of all learners; nobody is there twice."""
    with Gradebook.open(gradebook, create=False) as book:
        found = [(each.learner, each.result.points) for each in book.results(LESSON)]
    assert len(found) == len(dict(found))
    return dict(found)


def batch(
    submissions: Path,
    gradebook: Path,
    judges: Judges,
    tell: Callable[[Done], None] = lambda _: None,
    tell_again: Callable[[Entry], None] = lambda _: None,
) -> Summary:
    with collect(submissions, lessons=(LESSON,)) as found, Gradebook.open(gradebook) as book:
        return grade(found, book, judges, tell=tell, tell_again=tell_again)


def complaint(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 1) -> str:
    """Run ``labsupport grade`` and return the one line that it refuses with."""
    assert main(["grade", *map(str, arguments)]) == code
    [line] = capsys.readouterr().err.splitlines()
    return line


def in_time(holds: Callable[[], bool]) -> bool:
    """Wait until something holds; whether it does."""
    until = time.monotonic() + 30
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)
    return holds()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with DaskCluster(tmp_path_factory.mktemp("cluster"), workers=2) as those:
        yield those


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The files of a cluster's own authority, and of one identity that is server and client: all ends may share it."""
    return certified(Authority.root("Cluster"), tmp_path_factory.mktemp("pki"))


def certified(authority: Authority, folder: Path) -> Certificates:
    identity = authority.issue("grading", role="both")
    files = Certificates(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    contents = (authority.certificate_pem, identity.chain_pem, identity.key_pem)
    for path, content in zip((files.ca, files.cert, files.key), contents, strict=True):
        path.write_bytes(content)
    return files


# --- a cluster that works -------------------------------------------------------------------------------------------


def test_the_command_gives_the_same_marks_as_here(
    running: DaskCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    large = right("large")
    put(large, EXERCISE, code("pass", outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * 12_000_000}]))
    submissions = hand_in(
        tmp_path / "in",
        right=as_bytes(right()),
        stub=as_bytes(master(LESSON)),
        broken=b"{",
        large=as_bytes(large),
    )
    told = {}
    for where in (["--cluster", running.address], []):
        gradebook = tmp_path / f"{len(where)}.db"
        arguments = [submissions, "--gradebook", gradebook, "--isolation", "none", "--json", *where]
        assert main(["grade", *map(str, arguments)]) == 1, running.said
        said = capsys.readouterr()
        assert said.err == ""
        records = [json.loads(line) for line in said.out.splitlines()]
        told[bool(where)] = {each["learner"]: (each["points"], each["out_of"], each["unjudged"]) for each in records}
        assert len(told[bool(where)]) == len(records) == 4
    assert told[True] == told[False]
    full = told[True]["right"][1]
    assert [told[True][name][0] for name in ("right", "stub", "large")] == [full, 0.0, full]
    assert told[True]["broken"][2]


@pytest.mark.tool
def test_learners_code_is_locked_up_over_there_too(running: DaskCluster) -> None:
    curious = right()
    put(curious, EXERCISE, code("import os\nfound = os.listdir('/work') if os.path.exists('/work') else 0"))
    with Cluster(running.address, Settings()) as judges:
        [(_, result)] = judges.judged([job(as_bytes(curious))])
    assert (result.points, result.unjudged) == (result.out_of, "")


def test_attempts_of_one_learner_keep_their_order_and_no_more_are_on_their_way_than_wanted(
    running: DaskCluster,
) -> None:
    asked: list[int] = []
    finished: list[str] = []

    def jobs() -> Iterator[Job]:
        for number in range(4):
            asked.append(number)
            yield job(as_bytes(right(str(number))))

    with Cluster(running.address, OPEN, jobs=1) as judges:
        for each, result in judges.judged(jobs()):
            assert len(asked) == len(finished) + 1
            finished.append(each.submission.content.decode())
            assert result.points == result.out_of
    assert finished == [as_bytes(right(str(number))).decode() for number in range(4)]


def test_what_jobs_raise_comes_out_as_it_is(running: DaskCluster) -> None:
    def jobs() -> Iterator[Job]:
        yield job(as_bytes(right()))
        raise ZeroDivisionError

    with Cluster(running.address, OPEN) as judges, pytest.raises(ZeroDivisionError):
        list(judges.judged(jobs()))


# --- something is lost in the middle --------------------------------------------------------------------------------


@pytest.mark.parametrize("losses_that_dask_mends", [3, 0], ids=["by-dask", "by-the-second-try"])
def test_what_a_lost_worker_had_is_judged_elsewhere(tmp_path: Path, losses_that_dask_mends: int) -> None:
    environment = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(losses_that_dask_mends)}
    submissions = several(tmp_path / "in")
    gradebook = tmp_path / "gradebook.db"
    told: list[Done] = []
    again: list[Entry] = []
    orphans: set[int] = set()
    with DaskCluster(tmp_path, workers=2, environment=environment) as those:
        lost, _ = those.workers

        def tell(done: Done) -> None:
            told.append(done)
            if len(told) == 1:
                # Both had work, and more of it waits than one can have done meanwhile.
                orphans.update(descendants(lost.pid))
                lost.kill()
                lost.wait()

        with Cluster(those.address, OPEN) as judges:
            waited_for(those)
            summary = batch(submissions, gradebook, judges, tell, again.append)
    assert again or losses_that_dask_mends
    assert orphans
    assert in_time(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans))
    assert (summary.judged, summary.unjudged) == (6, [])
    assert len({done.entry.learner for done in told}) == len(told) == 6
    found = marks(gradebook)
    assert len(found) == 6
    assert len(set(found.values())) == 1
    assert found["learner0"] > 0


def test_when_the_scheduler_is_lost_the_rest_is_judged_next_time(tmp_path: Path, running: DaskCluster) -> None:
    submissions = several(tmp_path / "in", 4)
    gradebook = tmp_path / "gradebook.db"
    with DaskCluster(tmp_path, workers=1) as those, Cluster(those.address, OPEN) as judges:
        with pytest.raises(LabError, match="is gone; what was judged is kept, the same command goes on"):
            batch(submissions, gradebook, judges, lambda _: those.scheduler.kill())
        assert len(marks(gradebook)) == 1
    with Cluster(running.address, OPEN) as judges:
        summary = batch(submissions, gradebook, judges)
    assert (summary.judged, summary.known) == (3, 1)
    assert len(marks(gradebook)) == 4


def test_ctrl_c_keeps_what_was_done(running: DaskCluster, tmp_path: Path) -> None:
    submissions = several(tmp_path / "in", 5)
    arguments = [submissions, "--gradebook", tmp_path / "g.db", "--isolation", "none", "--cluster", running.address]
    command = [sys.executable, "-m", "labsupport", "grade", *map(str, arguments), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=30)
    assert process.returncode == 130
    assert complaints.startswith("Stopped: ")
    assert 1 <= len(marks(tmp_path / "g.db")) < 5


def waited_for(those: DaskCluster) -> None:
    """Wait until all the workers have come, so that both are given work."""
    from distributed import Client

    with Client(those.address, set_as_default=False) as client:  # type: ignore[no-untyped-call]  # Dask's types
        client.wait_for_workers(len(those.workers), timeout=60)


# --- refusals, one line each ----------------------------------------------------------------------------------------


def test_a_worker_that_cannot_lock_up_refuses_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "bwrap").write_text("#!/bin/sh\necho 'no namespaces here' >&2\nexit 1\n")
    (programs / "bwrap").chmod(0o755)
    submissions = hand_in(tmp_path / "in", ada=as_bytes(right()))
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    with DaskCluster(tmp_path, workers=1, environment=path) as those:
        line = complaint(capsys, submissions, "--gradebook", tmp_path / "g.db", "--cluster", those.address)
        assert line.startswith("labsupport grade: the Dask worker tcp://127.0.0.1:")
        assert f"on {socket.gethostname()} cannot lock up learners' code: " in line
        with Cluster(those.address, Settings()) as judges, pytest.raises(NoSandbox):
            list(judges.judged([job(as_bytes(right()))]))
    assert marks(tmp_path / "g.db") == {}


def test_a_worker_with_another_course_refuses(running: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    here = cluster_worker.installed()
    monkeypatch.setattr(cluster_worker, "installed", lambda: "9.9.9+other")
    with Cluster(running.address, OPEN) as judges, pytest.raises(LabError, match="of the course, not") as refused:
        list(judges.judged([job(as_bytes(right()))]))
    assert f"has version {here} of the course, not 9.9.9+other: install the same one there" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_cluster_without_the_course_is_told_so(running: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(order: str) -> str:
        raise NotImplementedError

    module = types.ModuleType("only_here")
    judge.__module__, judge.__qualname__ = "only_here", "judge"
    module.judge = judge  # type: ignore[attr-defined]  # a module made here
    monkeypatch.setitem(sys.modules, "only_here", module)
    monkeypatch.setattr(cluster_worker, "judge", judge)
    with Cluster(running.address, OPEN) as judges, pytest.raises(LabError, match="cannot run this course") as refused:
        list(judges.judged([job(as_bytes(right()))]))
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("judge", "why"),
    [
        (str, "what a Dask worker answered is no result"),
        (json.loads, "what a Dask worker answered is no result"),
        (int, "the Dask worker failed: ValueError: invalid literal"),
        (PurePosixPath, "the Dask worker failed: TypeError: Could not serialize"),  # it would have to be unpickled
    ],
)
def test_an_answer_that_is_no_result_is_tried_again_and_told(
    running: DaskCluster, monkeypatch: pytest.MonkeyPatch, judge: Callable[[str], object], why: str
) -> None:
    monkeypatch.setattr(cluster_worker, "judge", judge)
    again: list[Job] = []
    with Cluster(running.address, OPEN) as judges:
        [(_, result)] = judges.judged([job(b"{}")], again.append)
    assert len(again) == 1
    assert result.unjudged.startswith(why)


def test_a_cluster_out_of_reach_is_one_line_and_soon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.5)
    submissions = hand_in(tmp_path / "in", ada=as_bytes(right()))
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{held.getsockname()[1]}"
        arguments = [submissions, "--gradebook", tmp_path / "g.db", "--cluster", address]
        assert complaint(capsys, *arguments).endswith(f"no Dask scheduler answers at {address}: Connection refused")
        held.listen()
        assert complaint(capsys, *arguments).endswith(f"at {address}: nothing came within 0.5 s")
    unspeakable = f"tcp://{'a' * 64}.invalid:1"
    assert f"answers at {unspeakable}: " in complaint(capsys, *arguments[:-1], unspeakable)


def test_a_cluster_without_workers_is_waited_for_and_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_WORKERLESS_SECONDS", 0.3)
    with (
        DaskCluster(tmp_path, workers=0) as those,
        Cluster(those.address, OPEN) as judges,
        pytest.raises(LabError, match=r"has had no worker for 0\.3 s; what was judged is kept"),
    ):
        list(judges.judged([job(b"{}")]))


@pytest.mark.parametrize("missing", ["dask", "distributed"])
def test_without_the_extra_it_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    submissions = hand_in(tmp_path / "in", ada=b"{}")
    line = complaint(capsys, submissions, "--gradebook", tmp_path / "g.db", "--cluster", "tcp://127.0.0.1:1")
    assert line.startswith("labsupport grade: a cluster needs the extra `cluster` (")
    assert line.endswith("is missing): pip install 'mtls-lab[cluster]'")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--cluster", "scheduler:8786"], "is no address of a Dask scheduler"),
        (["--cluster", "tcp://one two:8786"], "is no address of a Dask scheduler"),
        (["--cluster", "tcp://127.0.0.1:65536"], "is no address of a Dask scheduler"),
        (["--cluster", "tls://127.0.0.1:8786"], "tls:// needs --cluster-ca, --cluster-cert and --cluster-key"),
        (["--cluster", "tls://127.0.0.1:8786", "--cluster-ca", "x"], "belong together"),
        (["--cluster-ca", "x", "--cluster-cert", "x", "--cluster-key", "x"], "belong together"),
    ],
)
def test_wrong_usage_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: Sequence[str], why: str
) -> None:
    submissions = hand_in(tmp_path / "in", ada=b"{}")
    assert why in complaint(capsys, submissions, "--gradebook", tmp_path / "g.db", *options, code=2)


# --- TLS ------------------------------------------------------------------------------------------------------------


def test_over_tls_with_certificates_of_the_courses_own_authority(
    tmp_path: Path,
    certificates: Certificates,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submissions = hand_in(tmp_path / "in", ada=as_bytes(right()))
    command = ["grade", str(submissions), "--gradebook", str(tmp_path / "g.db"), "--isolation", "none"]
    with DaskCluster(tmp_path, workers=1, certificates=certificates) as those:
        assert those.address.startswith("tls://")
        options = ["--cluster", those.address, *files(certificates)]
        assert main([*command, *options]) == 0, those.said
        assert marks(tmp_path / "g.db")["ada"] > 0
        capsys.readouterr()

        monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1.0)
        nobody = "labsupport grade: no Dask scheduler answers at"
        # Somebody else's authority: the scheduler is not believed, and would not believe either.
        stranger = certified(Authority.root("Stranger"), tmp_path)
        line = complaint(capsys, *command[1:], "--cluster", those.address, *files(stranger))
        assert line.startswith(f"{nobody} {those.address}: ")
        assert "certificate" in line
        unknown = Certificates(certificates.ca, stranger.cert, stranger.key)
        line = complaint(capsys, *command[1:], "--cluster", those.address, *files(unknown))
        assert line.startswith(f"{nobody} {those.address}: ")
        # Without TLS nobody gets in.
        plain = those.address.replace("tls:", "tcp:")
        line = complaint(capsys, *command[1:], "--cluster", plain)
        assert line == f"{nobody} {plain}: nothing came within 1 s"


def test_certificates_that_are_missing_or_none(
    tmp_path: Path, certificates: Certificates, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--gradebook", tmp_path / "g.db", "--cluster", "tls://127.0.0.1:1"]
    submissions = hand_in(tmp_path / "in", ada=b"{}")
    missing = Certificates(certificates.ca, tmp_path / "nowhere.pem", certificates.key)
    assert complaint(capsys, submissions, *given, *files(missing)).endswith("nowhere.pem: No such file or directory")
    none = Certificates(certificates.ca, certificates.key, certificates.key)
    assert "the certificates for the cluster cannot be used" in complaint(capsys, submissions, *given, *files(none))
    with pytest.raises(UsageError, match="certificates are for a cluster at tls"):
        Cluster("tcp://127.0.0.1:1", OPEN, certificates=certificates)


def files(certificates: Certificates) -> list[str]:
    options = {"--cluster-ca": certificates.ca, "--cluster-cert": certificates.cert, "--cluster-key": certificates.key}
    return [word for name, path in options.items() for word in (name, str(path))]


# --- in a worker's process ------------------------------------------------------------------------------------------


def judged_here() -> Result:
    return result_from(
        json.loads(cluster_worker.judge(cluster_worker.order_to(job(as_bytes(right())).submission, OPEN)))["result"]
    )


def test_a_judge_stays_warm_and_goes_when_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(descendants(os.getpid()))
    warm = []
    for idle_seconds in (60.0, 60.0, 0.05):
        monkeypatch.setattr(cluster_worker, "IDLE_SECONDS", idle_seconds)
        assert judged_here().points > 0
        warm.append(set(descendants(os.getpid())) - before)
    assert warm[0] & warm[1]
    assert in_time(lambda: set(descendants(os.getpid())) <= before)


def test_opening_the_module_does_not_open_dask() -> None:
    done = python("import sys, labsupport.grading.cluster; print({'dask', 'distributed'} & set(sys.modules))")
    assert (done.stdout.strip(), done.stderr) == ("set()", "")
