"""The boxes of lesson 04: openssl's lines are run with the extensions beside them, and refusals beside successes."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.lessons.boxes import boxes
from tests.tools import need

AUTHORITY = "04_authority"
BEFORE = """
openssl genrsa -out ca.key 2048
openssl req -x509 -new -key ca.key -out ca.crt -days 365 -subj /CN=ca -addext keyUsage=critical,keyCertSign,cRLSign
openssl genrsa -out client1.key 2048
openssl req -new -key client1.key -out client1.csr -subj /CN=client1
"""


def run(folder: Path, line: str) -> int:
    return subprocess.run(shlex.split(line), cwd=folder, capture_output=True, check=False).returncode


@pytest.mark.tool
class TestTheLines:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        need("openssl")
        (extensions,) = boxes(AUTHORITY, "ini")
        (tmp_path / "client.ext").write_text(extensions)
        assert [run(tmp_path, line) for line in BEFORE.strip().splitlines()] == [0, 0, 0, 0]
        return tmp_path

    def test_make_a_client_that_the_strictest_verifier_accepts(self, folder: Path) -> None:
        (box,) = boxes(AUTHORITY, "sh")
        assert [run(folder, line) for line in box.splitlines()] == [0, 0, 0]

    def test_and_no_server(self, folder: Path) -> None:
        (box,) = boxes(AUTHORITY, "sh")
        _, sign, verify = box.splitlines()
        assert run(folder, sign) == 0
        assert run(folder, verify.replace("sslclient", "sslserver")) != 0

    def test_a_ca_without_key_usage_is_refused(self, folder: Path) -> None:
        (box,) = boxes(AUTHORITY, "sh")
        _, sign, verify = box.splitlines()
        assert run(folder, BEFORE.strip().splitlines()[1].partition(" -addext")[0]) == 0
        assert run(folder, sign) == 0
        assert run(folder, verify) != 0
        assert run(folder, verify.replace(" -x509_strict", "")) == 0


def test_the_certificate_is_for_clients_and_for_thirty_days() -> None:
    (box,) = boxes(AUTHORITY, "yaml")
    spec = yaml.safe_load(box)["spec"]
    assert spec["usages"] == ["digital signature", "client auth"]
    assert spec["duration"] == "720h"
    assert {"secretName", "dnsNames", "issuerRef"} <= set(spec)


def test_the_template_takes_the_key_alone_from_the_request() -> None:
    (box,) = boxes(AUTHORITY, "go")
    assert box.count("request.") == 2
    assert box.count("request.PublicKey") == box.count("request.CheckSignature()") == 1
    assert box.index("CheckSignature") < box.index("CreateCertificate")
    assert "x509.ExtKeyUsageClientAuth" in box
