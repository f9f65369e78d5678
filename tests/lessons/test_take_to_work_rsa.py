"""The boxes of lesson 01: openssl's lines are run, with the refusal beside each success; the others are read."""

from __future__ import annotations

import hashlib
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding

from labsupport.pki.authority import Authority
from tests.lessons.boxes import boxes
from tests.tools import need

RSA = "01_rsa"


@pytest.mark.tool
def test_the_lines_sign_a_file_and_refuse_another(tmp_path: Path) -> None:
    need("openssl")
    box, _ = boxes(RSA, "sh")
    (tmp_path / "release.txt").write_text("version 1\n")

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(shlex.split(line), cwd=tmp_path, capture_output=True, text=True, check=False)

    make, publish, sign, verify = box.splitlines()
    for line in (make, publish, sign):
        done = run(line)
        assert done.returncode == 0, done.stderr
    assert run("openssl pkey -pubin -in service.pub.pem -noout -text").stdout.startswith("Public-Key: (3072 bit)")
    assert run(verify).stdout.strip() == "Verified OK"
    (tmp_path / "release.txt").write_text("version 2\n")
    refused = run(verify)
    assert refused.returncode != 0
    assert "Verified OK" not in refused.stdout


@pytest.mark.tool
def test_the_lines_cut_out_what_a_certificate_signs(tmp_path: Path) -> None:
    need("openssl")
    _, box = boxes(RSA, "sh")
    certificate = Authority.root(algorithm="rsa").certificate
    (tmp_path / "server.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    done = [
        subprocess.run(shlex.split(line), cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for line in box.splitlines()
    ]
    assert "Exponent: 65537" in done[0]
    assert (tmp_path / "tbs.der").read_bytes() == certificate.tbs_certificate_bytes
    assert hashlib.sha256(certificate.tbs_certificate_bytes).hexdigest() in done[2]


def test_the_certificate_asks_for_a_long_rsa_key_and_a_new_one_each_time() -> None:
    (box,) = boxes(RSA, "yaml")
    spec = yaml.safe_load(box)["spec"]
    assert spec["privateKey"] == {"algorithm": "RSA", "size": 3072, "rotationPolicy": "Always"}
    assert {"secretName", "dnsNames", "issuerRef"} <= set(spec)


def test_the_go_lines_check_the_hash_that_they_made() -> None:
    (box,) = boxes(RSA, "go")
    assert "sha256.Sum256(release)" in box
    assert "rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)" in box
