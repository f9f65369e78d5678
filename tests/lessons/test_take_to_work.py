"""The boxes that learners take to work do what they say: nginx's are run, the others are read.

And the mistake that each box warns of really is one.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import yaml

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import server_context
from labsupport.tls.names import LOOPBACK, lab_names
from tests.lessons.boxes import boxes, free_port, running_nginx, writing_down

NO_CERTIFICATE = "400 No required SSL certificate was sent"
BAD_CERTIFICATE = "400 The SSL certificate error"


@dataclass(frozen=True)
class Stage:
    """Who takes part: one authority, its servers, its client, and a stranger."""

    authority: Authority
    server1: Identity
    server2: Identity
    lent: Identity
    client: Identity
    stranger: Identity


@pytest.fixture(scope="module")
def stage() -> Stage:
    authority = Authority.root()
    return Stage(
        authority,
        server1=authority.issue("server1.test", role="server"),
        server2=authority.issue("server2.test", role="server"),
        lent=authority.issue("server1.test", role="client"),
        client=authority.issue("client1", role="client"),
        stranger=Authority.self_signed("client1"),
    )


def put(box: str, **places: str) -> str:
    """Put this machine's files in the place of those that the box names; every path of the box must be known."""
    for name, path in places.items():
        place = f"/etc/nginx/tls/{name.replace('__', '-').replace('_', '.')}.pem"
        assert place in box, place
        box = box.replace(place, path)
    assert "/etc/" not in box
    return box


def the_box(slug: str) -> str:
    (box,) = boxes(slug, "nginx")
    return box


@contextmanager
def server2(stage: Stage, folder: Path, old: str = "", new: str = "") -> Iterator[str]:
    """Run lesson 00's box as server2, with `old` replaced by `new`; yield its address."""
    port = free_port()
    box = put(
        the_box("00_start"),
        server2_crt=stage.server2.cert_path,
        server2_key=stage.server2.key_path,
        client__ca=stage.authority.ca_path,
    )
    assert box.count("listen 8443 ssl;") == 1
    assert old in box
    box = box.replace("listen 8443 ssl;", f"listen {LOOPBACK}:{port} ssl;").replace(old, new)
    with running_nginx(box, folder) as log, lab_names("server2.test"):
        assert not [line for line in log if "[warn]" in line or "[emerg]" in line]
        yield f"https://server2.test:{port}/"


@contextmanager
def server1(stage: Stage, folder: Path, upstream: int, box: str) -> Iterator[str]:
    """Run lesson 06's box in a server1 in front of the port `upstream`; yield server1's address."""
    port = free_port()
    box = put(
        box,
        server1__client_crt=stage.lent.cert_path,
        server1__client_key=stage.lent.key_path,
        ca=stage.authority.ca_path,
    )
    # There is no server2.test in this machine's resolver: the address is another, the name that is checked the same.
    assert box.count("https://server2.test:8443;") == 1
    box = box.replace("https://server2.test:8443;", f"https://{LOOPBACK}:{upstream};")
    around = (
        f"server {{ listen {LOOPBACK}:{port} ssl; server_name server1.test; ssl_protocols TLSv1.2 TLSv1.3;"
        f" ssl_certificate {stage.server1.cert_path}; ssl_certificate_key {stage.server1.key_path};\n{box}\n}}"
    )
    with running_nginx(around, folder), lab_names("server1.test"):
        yield f"https://server1.test:{port}/"


@pytest.mark.tool
class TestServer2:
    def test_a_good_client_is_let_in_under_its_name(self, stage: Stage, tmp_path: Path) -> None:
        with server2(stage, tmp_path) as url:
            answer = requests.get(url, verify=stage.authority.ca_path, cert=stage.client.files, timeout=5)
        assert (answer.status_code, answer.text) == (200, "hello CN=client1\n")

    def test_without_a_certificate_it_answers_400(self, stage: Stage, tmp_path: Path) -> None:
        with server2(stage, tmp_path) as url:
            answer = requests.get(url, verify=stage.authority.ca_path, timeout=5)
        assert answer.status_code == 400
        assert NO_CERTIFICATE in answer.text

    def test_with_a_self_signed_certificate_it_answers_400(self, stage: Stage, tmp_path: Path) -> None:
        with server2(stage, tmp_path) as url:
            answer = requests.get(url, verify=stage.authority.ca_path, cert=stage.stranger.files, timeout=5)
        assert answer.status_code == 400
        assert BAD_CERTIFICATE in answer.text

    def test_a_certificate_for_servers_is_no_clients(self, stage: Stage, tmp_path: Path) -> None:
        with server2(stage, tmp_path) as url:
            answer = requests.get(url, verify=stage.authority.ca_path, cert=stage.server1.files, timeout=5)
        assert answer.status_code == 400

    def test_it_speaks_both_versions(self, stage: Stage, tmp_path: Path) -> None:
        with server2(stage, tmp_path) as url:
            spoken = {version: _versions(url, stage, version) for version in ("TLSv1_2", "TLSv1_3")}
        assert spoken == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}

    def test_the_mistake_asking_without_insisting_lets_everybody_in(self, stage: Stage, tmp_path: Path) -> None:
        with server2(stage, tmp_path, "ssl_verify_client on;", "ssl_verify_client optional;") as url:
            nobody = requests.get(url, verify=stage.authority.ca_path, timeout=5)
            # And the test that everybody writes still passes.
            good = requests.get(url, verify=stage.authority.ca_path, cert=stage.client.files, timeout=5)
        assert (nobody.status_code, good.status_code) == (200, 200)


def _versions(url: str, stage: Stage, version: str) -> str | None:
    import socket

    context = ssl.create_default_context(cafile=stage.authority.ca_path)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    port = int(url.rstrip("/").rpartition(":")[2])
    with (
        socket.create_connection((LOOPBACK, port), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname="server2.test") as tls,
    ):
        return tls.version()


@pytest.mark.tool
class TestServer1:
    def test_it_forwards_under_its_own_name_without_borrowed_ones(self, stage: Stage, tmp_path: Path) -> None:
        genuine = server_context(stage.server2, stage.authority)
        claims = {"Client-Cert": ":ZGlyZWN0b3I=:", "X-Request-Id": "42"}
        with (
            writing_down(genuine) as (port, heads),
            server1(stage, tmp_path, port, the_box("06_five_requests")) as url,
        ):
            answer = requests.get(url, verify=stage.authority.ca_path, headers=claims, timeout=5)
        assert (answer.status_code, answer.text) == (200, "hello")
        (head,) = heads
        assert head.startswith("GET / HTTP/1.")
        assert "x-request-id: 42" in head.lower()
        assert "client-cert" not in head.lower()

    def test_only_the_path_of_the_box_is_forwarded(self, stage: Stage, tmp_path: Path) -> None:
        genuine = server_context(stage.server2, stage.authority)
        with (
            writing_down(genuine) as (port, heads),
            server1(stage, tmp_path, port, the_box("06_five_requests")) as url,
        ):
            answer = requests.get(f"{url}ledger", verify=stage.authority.ca_path, timeout=5)
        assert answer.status_code in (403, 404)
        assert heads == []

    def test_through_both_boxes(self, stage: Stage, tmp_path: Path) -> None:
        (tmp_path / "2").mkdir()
        with server2(stage, tmp_path / "2") as inner:
            port = int(inner.rstrip("/").rpartition(":")[2])
            with server1(stage, tmp_path, port, the_box("06_five_requests")) as url:
                answer = requests.get(url, verify=stage.authority.ca_path, timeout=5)
        assert (answer.status_code, answer.text) == (200, "hello CN=server1.test\n")

    @pytest.mark.parametrize("kind", ["another authority", "another name"])
    def test_an_impostor_is_refused_with_502_and_hears_nothing(self, stage: Stage, tmp_path: Path, kind: str) -> None:
        with (
            writing_down(server_context(impostor(stage, kind))) as (port, heads),
            server1(stage, tmp_path, port, the_box("06_five_requests")) as url,
        ):
            answer = requests.get(url, verify=stage.authority.ca_path, timeout=5)
        assert answer.status_code == 502
        assert heads == []

    def test_the_mistake_lets_the_impostor_have_the_request(self, stage: Stage, tmp_path: Path) -> None:
        box, left_out = re.subn(r"\n\s*proxy_ssl_verify on;", "", the_box("06_five_requests"))
        assert left_out == 1
        with (
            writing_down(server_context(impostor(stage, "another authority"))) as (port, heads),
            server1(stage, tmp_path, port, box) as url,
        ):
            answer = requests.get(url, verify=stage.authority.ca_path, timeout=5)
        assert answer.status_code == 200
        assert len(heads) == 1


def impostor(stage: Stage, kind: str) -> Identity:
    if kind == "another name":
        return stage.authority.issue("server9.test", role="server")
    return Authority.root(stage.authority.name).issue("server2.test", role="server")


class TestOtherBoxes:
    @pytest.mark.parametrize("slug", ["00_start", "06_five_requests"])
    def test_every_lesson_has_all_three(self, slug: str) -> None:
        assert [len(boxes(slug, language)) for language in ("nginx", "go", "yaml")] == [1, 1, 1]

    def test_istio_asks_everybody_in_lesson_00(self) -> None:
        (box,) = boxes("00_start", "yaml")
        policy = yaml.safe_load(box)
        assert policy["apiVersion"] == "security.istio.io/v1"
        assert policy["kind"] == "PeerAuthentication"
        assert policy["metadata"] == {"name": "default", "namespace": "server2"}
        assert policy["spec"] == {"mtls": {"mode": "STRICT"}}

    def test_istio_shows_and_checks_in_lesson_06(self) -> None:
        (box,) = boxes("06_five_requests", "yaml")
        rule = yaml.safe_load(box)
        assert rule["apiVersion"] == "networking.istio.io/v1"
        assert rule["kind"] == "DestinationRule"
        assert rule["spec"]["host"] == "server2.test"
        tls = rule["spec"]["trafficPolicy"]["tls"]
        # MUTUAL takes files of the proxy's own; without caCertificates Envoy would verify nobody.
        assert set(tls) == {"mode", "clientCertificate", "privateKey", "caCertificates", "subjectAltNames"}
        assert tls["mode"] == "MUTUAL"
        assert tls["subjectAltNames"] == ["server2.test"]
        assert all(str(tls[name]).endswith(".pem") for name in ("clientCertificate", "privateKey", "caCertificates"))

    def test_go_insists_in_lesson_00(self) -> None:
        (box,) = boxes("00_start", "go")
        assert "ClientAuth: tls.RequireAndVerifyClientCert" in box
        assert "ClientCAs: pool" in box
        assert_balanced(box)

    def test_go_shows_and_checks_in_lesson_06(self) -> None:
        (box,) = boxes("06_five_requests", "go")
        assert "tls.LoadX509KeyPair(" in box
        assert "Certificates: []tls.Certificate{pair}" in box
        assert "RootCAs: pool" in box
        assert "InsecureSkipVerify" not in box
        assert_balanced(box)


def assert_balanced(box: str) -> None:
    for opening, closing in ("()", "{}", "[]"):
        assert box.count(opening) == box.count(closing)
    assert box.count('"') % 2 == 0
