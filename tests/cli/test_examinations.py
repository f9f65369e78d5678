from __future__ import annotations

import socket
import ssl
import sys
import time
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from labsupport.cli import examinations
from labsupport.cli.examinations import Finding, examine
from labsupport.grading.sandbox import launch, remedies
from tests.tools import need


def test_on_this_machine_nothing_that_is_needed_is_missing() -> None:
    findings = list(examine())
    assert [finding for finding in findings if finding.state == "missing"] == []
    names = [finding.name for finding in findings]
    assert names[:2] == ["Python", "OpenSSL"]
    assert {"cryptography", "requests", "jupyterlab", "kernel", "loopback", "clock", "curl"} <= set(names)
    assert names[-2:] == ["bwrap", "sandbox"]
    # Extras are for authors and tests.
    assert "pytest" not in names


@pytest.mark.parametrize(("version", "state"), [((3, 10, 13), "missing"), ((3, 11, 0), "ok"), ((3, 14, 0), "ok")])
def test_python_is_judged_by_its_version(version: tuple[int, ...], state: str) -> None:
    found = examinations.python_version(version)
    assert found.state == state
    assert bool(found.advice) == (version[:2] != (3, 11))


def test_an_openssl_without_tls_1_3_will_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert examinations.openssl_version().state == "ok"
    monkeypatch.setattr(ssl, "HAS_TLSv1_3", False)
    refused = examinations.openssl_version()
    assert refused.state == "missing"
    assert "OpenSSL 3.0" in refused.advice


def test_packages_are_compared_with_the_lower_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"requests": "2.32.3", "urllib3": "1.26.18", "odd": "unknown"}

    def version(name: str) -> str:
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(
        metadata,
        "requires",
        lambda _: ["requests>=2.32.3", "urllib3>=2.2", "h11>=0.16", "odd>=1", 'pytest>=8; extra == "test"'],
    )
    monkeypatch.setattr(metadata, "version", version)
    found = {finding.name: finding for finding in examinations.packages()}
    assert found["requests"] == Finding("requests", "ok", "2.32.3")
    assert found["urllib3"].found == "1.26.18, too old"
    assert found["urllib3"].advice == 'pip install "urllib3>=2.2"'
    assert found["h11"].found == "not installed"
    assert found["odd"].state == "missing"
    assert "pytest" not in found


def test_a_course_that_is_not_installed_is_one_finding() -> None:
    [found] = examinations.packages("no-such-distribution")
    assert (found.state, found.found) == ("missing", "not installed")


def test_a_kernel_of_another_python_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_client import kernelspec

    assert examinations.kernelspec().state == "ok"
    assert examinations.kernelspec("no-such-kernel").found == "no kernel named no-such-kernel"
    for command, state in (("python", "ok"), (sys.executable, "ok"), ("/opt/other/bin/python", "missing")):
        spec = SimpleNamespace(get_kernel_spec=lambda _, argv=command: SimpleNamespace(argv=[argv]))
        monkeypatch.setattr(kernelspec, "KernelSpecManager", lambda spec=spec, **_: spec)
        assert examinations.kernelspec().state == state
    monkeypatch.setitem(sys.modules, "jupyter_client.kernelspec", None)
    assert examinations.kernelspec().found == "jupyter_client is not installed"


def test_loopback_needs_two_free_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    assert examinations.loopback().state == "ok"

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    refused = examinations.loopback()
    assert (refused.state, refused.found) == ("missing", "Permission denied")
    assert "firewall" in refused.advice


def test_a_clock_that_cannot_be_right_is_found_out() -> None:
    assert examinations.clock(time.time()).state == "ok"
    installed = max(path.stat().st_mtime for path in Path(examinations.__file__).parent.parent.glob("*.py"))
    assert "before this course was installed" in examinations.clock(installed - 3 * 86_400).found
    ahead = examinations.clock(time.time() + 3600)
    assert ahead.state == "missing"
    assert "from that of the file system" in ahead.found


def test_outside_tools_are_optional_and_said_what_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "shutil.which", lambda command, path: f"/bin/{command}" if command == "chromium-browser" else None
    )
    found = {finding.name: finding for finding in examinations.tools()}
    assert found["chromium"] == Finding("chromium", "ok", "/bin/chromium-browser")
    assert found["curl"].state == "optional"
    assert found["curl"].found == "not found; optional, to send the five requests by hand"


class TestSandbox:
    def test_that_works_is_fine(self) -> None:
        need("bwrap")
        words = "bubblewrap, with namespaces of their own for each submission"
        assert examinations.isolation() == Finding("sandbox", "ok", words)

    def test_without_bubblewrap_is_an_instructors_matter_with_the_remedy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (launch, remedies):
            monkeypatch.setattr(module, "find_bubblewrap", lambda: None)
        words = "bubblewrap is not installed; for instructors, who grade"
        assert examinations.isolation() == Finding("sandbox", "optional", words, "sudo apt install bubblewrap")

    @pytest.mark.parametrize(
        ("switch", "value", "advice"),
        [
            ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
            ("kernel/apparmor_restrict_unprivileged_userns", "1", "an AppArmor profile for bwrap"),
            ("kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
            ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"),
        ],
    )
    def test_that_is_not_permitted_comes_with_the_remedy_of_this_system(
        self, switch: str, value: str, advice: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # A bubblewrap that does nothing but fail, as one does that may make no namespaces.
        for module in (launch, remedies):
            monkeypatch.setattr(module, "find_bubblewrap", lambda: "/bin/false")
        monkeypatch.setattr(remedies, "_value", lambda path: value if path == Path("/proc/sys", switch) else "")
        found = examinations.isolation()
        assert (found.name, found.state) == ("sandbox", "optional")
        assert found.found.endswith("; for instructors, who grade")
        assert advice in found.advice

    def test_that_a_container_does_not_permit_comes_with_how_to_start_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (launch, remedies):
            monkeypatch.setattr(module, "find_bubblewrap", lambda: "/bin/false")
        monkeypatch.setattr(remedies, "_SWITCHES", {})
        assert "--security-opt seccomp=unconfined" in examinations.isolation().advice

    def test_without_namespaces_inside_it_works_and_is_said_to_be_slower(self, monkeypatch: pytest.MonkeyPatch) -> None:
        need("bwrap")
        walls = launch._walls
        monkeypatch.setattr(launch, "_walls", lambda library: (*walls(library), "--disable-userns"))
        found = examinations.isolation()
        assert (found.state, bool(found.advice)) == ("optional", True)
        assert found.found.startswith("namespaces within bubblewrap are not permitted: grading works, and takes longer")

    def test_belongs_to_linux(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "darwin")
        assert examinations.isolation().state == "optional"
        assert "WSL 2" in examinations.isolation().found

    def test_with_packages_that_are_missing_is_no_traceback(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "labsupport.grading.sandbox.sandbox", None)
        assert examinations.isolation().state == "optional"
