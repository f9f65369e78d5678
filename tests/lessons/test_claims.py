"""What the prose claims with a number or a name holds on this machine, under the rules of Python 3.11 and of 3.13.

Each test quotes the sentence that it is about: a lesson that says something else has to be read again.
"""

from __future__ import annotations

import re
import ssl
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssl_ import create_urllib3_context

from labsupport.notebook.attempt import Attempt, attempt
from labsupport.notebook.check import check
from labsupport.notebook.progress import progress
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.pki.zoo import Flaw, specimen
from labsupport.tls.contexts import Tls, server_context
from labsupport.tls.handshake import handshake
from labsupport.tls.names import LOOPBACK, lab_names
from labsupport.tls.servers.pair import Pair
from labsupport.tls.verifiers import verdicts
from tests.lessons.boxes import writing_down
from tests.lessons.quoted import answer_to, lesson, said

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
STRICT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
START, FIVE = "00_start", "06_five_requests"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*VARIABLES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)


@pytest.fixture(params=["3.11", "3.13"])
def rules(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let contexts that Python and urllib3 make be as strict as that version's."""
    wanted: str = request.param

    def ruled(make: Callable[..., ssl.SSLContext]) -> Callable[..., ssl.SSLContext]:
        def made(*args: Any, **kwargs: Any) -> ssl.SSLContext:
            context = make(*args, **kwargs)
            context.verify_flags = context.verify_flags | STRICT if wanted == "3.13" else context.verify_flags & ~STRICT
            return context

        return made

    monkeypatch.setattr(ssl, "create_default_context", ruled(ssl.create_default_context))
    monkeypatch.setattr("urllib3.connection.create_urllib3_context", ruled(create_urllib3_context))
    return wanted


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.root("Course root")


@pytest.fixture(scope="module")
def client(authority: Authority) -> Identity:
    return authority.issue("client7", role="client")


@pytest.fixture(scope="module")
def pairs(authority: Authority) -> Iterator[dict[Tls, Pair]]:
    with Pair(authority, tls="1.2") as older, Pair(authority, tls="1.3") as newer:
        yield {"1.2": older, "1.3": newer}


@pytest.fixture
def pair(pairs: dict[Tls, Pair]) -> Pair:
    pairs["1.3"].server2.log.clear()
    return pairs["1.3"]


def five(url: str, authority: Authority, client: Identity) -> dict[str, Attempt]:
    ca, stranger = authority.ca_path, Authority.self_signed(client.name)
    return {
        "no-ca": attempt(requests.get, url),
        "ca-no-certificate": attempt(requests.get, url, verify=ca),
        "insecure-no-certificate": attempt(requests.get, url, verify=False),
        "self-signed-certificate": attempt(requests.get, url, verify=ca, cert=stranger.files),
        "ca-signed-certificate": attempt(requests.get, url, verify=ca, cert=client.files),
    }


def told(outcomes: dict[str, Attempt]) -> list[tuple[str | None, str | None, str | None]]:
    return [(outcome.by, outcome.layer, outcome.phase) for outcome in outcomes.values()]


class TestNumbersOfTheWarmUp:
    def test_the_articles_signature(self) -> None:
        said(START, "With `e = 3` and `n = 33`, the signature of the message 5 is 14: the remainder of")
        said(START, "14 · 14 · 14 = 2744 divided by 33 is 5.")
        assert 14**3 == 14 * 14 * 14 == 2744
        assert 2744 % 33 == pow(14, 3, 33) == 5
        # And the article's other half: d = 7 made it.
        assert pow(5, 7, 33) == 14
        assert 3 * 7 % 20 == 1

    def test_the_examples(self) -> None:
        said(START, "`verifies(5, 14, 3, 33)` is `True`, `verifies(6, 14, 3, 33)` is `False`.")
        verifies = answer_to(START, "start-verifies")
        assert verifies(5, 14, 3, 33) is True
        assert verifies(6, 14, 3, 33) is False
        said(START, "`2744 % 33` is 5.")

    def test_two_hints_below_each_check(self) -> None:
        said(START, "Two hints stand folded below each exercise.")
        for slug in (START, FIVE):
            cells = lesson(slug).cells
            for cell, after in pairwise(cells):
                if cell.role == "check":
                    assert re.findall(r"<summary>(.*?)</summary>", after.text) == ["Hint 1", "Hint 2"], cell.id


class TestFiveRequests:
    @pytest.mark.parametrize("version", ["1.2", "1.3"])
    def test_who_refuses_where_and_when(
        self, pairs: dict[Tls, Pair], authority: Authority, client: Identity, rules: str, version: Tls
    ) -> None:
        said(START, "One request of five is let in.")
        said(FIVE, "Same sides, same layer; only the moment differs, and only where the server refuses.")
        late = ("server", "tls", "first read" if version == "1.3" else "handshake")
        outcomes = five(pairs[version].server2.url, authority, client)
        assert told(outcomes) == [("client", "tls", "handshake"), late, late, late, (None, None, None)]

    def test_codes_19_and_20(self, pair: Pair, authority: Authority, client: Identity, rules: str) -> None:
        said(FIVE, "Verify code 19 means that a self-signed certificate (the root) came along in the chain")
        said(FIVE, "A server that sends only its own certificate earns code 20 instead")
        with_root = attempt(requests.get, pair.server2.url)
        server = authority.issue("server2.test", role="server")
        with writing_down(server_context(server)) as (port, _), lab_names("server2.test"):
            alone = attempt(requests.get, f"https://server2.test:{port}/")
        assert with_root.refusal is not None
        assert alone.refusal is not None
        assert [with_root.refusal.verify_code, alone.refusal.verify_code] == [19, 20]

    def test_the_last_message_is_the_clients_alert(self, pair: Pair) -> None:
        said(FIVE, "the last one is an *alert*, and it goes from the client to the server.")
        last = attempt(requests.get, pair.server2.url).trace.messages[-1]
        assert (last.alert, last.sender) == (True, "client")

    def test_by_hand_four_errors_deep(self, pair: Pair) -> None:
        said(FIVE, "`requests` wraps the error of `urllib3`, which wraps another, which wraps the one of `ssl`.")
        with pytest.raises(requests.exceptions.SSLError) as caught:
            requests.get(pair.server2.url, timeout=5)
        outer = caught.value
        links = [outer, outer.args[0], outer.args[0].reason, outer.args[0].reason.args[0]]
        names = [f"{type(link).__module__.partition('.')[0]}.{type(link).__name__}" for link in links]
        assert names == [
            "requests.SSLError",
            "urllib3.MaxRetryError",
            "urllib3.SSLError",
            "ssl.SSLCertVerificationError",
        ]

    def test_only_the_side_that_verified_has_a_code(self, pair: Pair, authority: Authority) -> None:
        said(FIVE, "Only the side that *verified* a certificate has such a code to tell.")
        with pytest.raises(requests.exceptions.SSLError) as caught:
            requests.get(pair.server2.url, verify=authority.ca_path, timeout=5)
        assert not hasattr(caught.value.args[0].reason.args[0], "verify_code")

    def test_empty_certificates_and_finished_messages(self, pairs: dict[Tls, Pair], authority: Authority) -> None:
        said(FIVE, "the client answers with an *empty* Certificate message: seven or eight bytes")
        said(FIVE, "On the left there is only the client's; on the right both have passed.")
        for version, size, finished in (("1.2", 7, ["client"]), ("1.3", 8, ["server", "client"])):
            url = pairs["1.2" if version == "1.2" else "1.3"].server2.url
            messages = attempt(requests.get, url, verify=authority.ca_path).trace.messages
            (empty,) = (m for m in messages if (m.sender, m.name) == ("client", "Certificate"))
            assert empty.size == size
            assert messages[-1].alert
            assert [m.sender for m in messages if m.name == "Finished"] == finished
            assert any(m.name == "CertificateRequest" for m in messages)

    def test_the_alerts_name(self, pairs: dict[Tls, Pair], authority: Authority) -> None:
        said(FIVE, "`SSLV3_ALERT_HANDSHAKE_FAILURE` has nothing to do with SSL 3")
        older = attempt(requests.get, pairs["1.2"].server2.url, verify=authority.ca_path)
        # OpenSSL 4 drops the version from the name.
        assert (older.reason or "").endswith("_ALERT_HANDSHAKE_FAILURE")
        assert older.trace.version == "TLSv1.2"

    def test_verification_off_tells_an_impostor_everything(self, authority: Authority) -> None:
        said(FIVE, "The secret arrived: it stands in the impostor's log. That the answer was 400 came too late.")
        said(FIVE, "nothing of it reaches the log but a broken handshake.")
        said(FIVE, "It insists on no certificate, takes what comes, and writes it down.")
        with Pair(Authority.root("Course root"), manner="http") as impostor:
            url = impostor.server2.url + "?secret=hunter2"
            off = attempt(requests.post, url, verify=False)
            heard = str(impostor.server2.log)
            impostor.server2.log.clear()
            on = attempt(requests.post, url, verify=authority.ca_path)
            (entry,) = impostor.server2.log
        assert off.status == 400
        assert "secret=hunter2" in heard
        assert (on.by, on.phase) == ("client", "handshake")
        assert (entry.request, entry.layer, entry.admitted) == (None, "tls", False)

    def test_codes_of_bad_client_certificates(self, pair: Pair, authority: Authority, client: Identity) -> None:
        said(
            FIVE, "In the log below, 18 is *self-signed*, 7 (or 20, or 85) a signature or key identifier that does not"
        )
        said(FIVE, "26 *unsuitable purpose*")
        said(FIVE, "`UNKNOWN_CA`: the alert speaks of *the client's* certificate.")
        namesake = Authority.root(authority.name).issue(client.name, role="client")
        shown = [Authority.self_signed(client.name), namesake, pair.server2.identity]
        reasons = [
            attempt(requests.get, pair.server2.url, verify=authority.ca_path, cert=who.files).reason for who in shown
        ]
        self_signed, other_key, purpose = (entry.verify_code for entry in pair.server2.log)
        assert self_signed == 18
        assert other_key in (7, 20, 85)
        assert purpose == 26
        assert "UNKNOWN_CA" in (reasons[0] or "")

    def test_in_the_article_server2s_own_key_opens_server2(self) -> None:
        said(FIVE, "The article's certificates have no purpose in them at all. There, server2's own key opens server2.")
        article = Authority.root("ca.com", recipe="article")
        with Pair(article) as copied:
            own = copied.server2.identity
            made = attempt(requests.get, copied.server2.url, verify=False, cert=own.files)
        assert made.ok

    def test_an_alert_or_a_status(self, authority: Authority, client: Identity, pair: Pair) -> None:
        said(FIVE, "Two rows have changed, those *without* a certificate.")
        said(FIVE, "The self-signed one is still refused by an alert")
        with Pair(authority, manner="http") as polite:
            changed = five(polite.server2.url, authority, client)
        before = five(pair.server2.url, authority, client)
        differ = [name for name in before if told({name: before[name]}) != told({name: changed[name]})]
        assert differ == ["ca-no-certificate", "insecure-no-certificate"]
        assert [changed[name].status for name in differ] == [400, 400]
        assert changed["self-signed-certificate"].layer == "tls"


class TestHandshake:
    @pytest.mark.parametrize("version", ["1.2", "1.3"])
    def test_three_messages_more(
        self, pairs: dict[Tls, Pair], authority: Authority, client: Identity, version: Tls
    ) -> None:
        said(FIVE, "Three messages more, marked with a plus:")
        said(FIVE, "In TLS 1.3 all three travel encrypted. In TLS 1.2 a listener on the line can read the client's")
        running = pairs[version]
        mutual = attempt(requests.get, running.server2.url, verify=authority.ca_path, cert=client.files).trace
        assert [(m.sender, m.name) for m in mutual.mutual] == [
            ("server", "CertificateRequest"),
            ("client", "Certificate"),
            ("client", "CertificateVerify"),
        ]
        assert [m.encrypted for m in mutual.mutual] == [version == "1.3"] * 3
        plain = attempt(requests.get, running.server1.url, verify=authority.ca_path).trace
        assert plain.mutual == ()

    def test_tickets_only_where_nobody_is_judged(self, pair: Pair, authority: Authority, client: Identity) -> None:
        said(FIVE, "The two `NewSessionTicket` messages on the left let a client come back")
        said(FIVE, "server2 hands out none: whoever comes back is judged again.")
        plain = attempt(requests.get, pair.server1.url, verify=authority.ca_path).trace
        mutual = attempt(requests.get, pair.server2.url, verify=authority.ca_path, cert=client.files).trace
        assert [[m.name for m in trace.messages].count("NewSessionTicket") for trace in (plain, mutual)] == [2, 0]
        assert mutual.size > plain.size

    def test_some_ten_messages(self, pairs: dict[Tls, Pair], authority: Authority, client: Identity) -> None:
        said(
            FIVE,
            "in a *handshake* of some ten messages the two sides agree on keys, show certificates, and check them.",
        )
        for running in pairs.values():
            made = attempt(requests.get, running.server2.url, verify=authority.ca_path, cert=client.files)
            assert 9 <= len(made.trace.messages) <= 12

    def test_without_them_the_handshakes_are_the_same(self, authority: Authority, client: Identity) -> None:
        server = authority.issue("server2.test", role="server")
        names = []
        for asking in (authority, None):
            context = ssl.create_default_context(cafile=authority.ca_path)
            context.load_cert_chain(*client.files)
            made = handshake(context, server_context(server, asking, tls="1.3"), server_hostname="server2.test")
            names.append([m.name for m in made.trace.messages if not m.mutual and m.name != "NewSessionTicket"])
        assert names[0] == names[1]

    def test_the_transcripts_example(self) -> None:
        said(FIVE, '→ `("server", "tls", "handshake")`')
        read_transcript = answer_to(FIVE, "five-requests-transcript")
        (example,) = re.findall(r"`read_transcript\((\[.*?\])\)`", _prose(FIVE))
        assert read_transcript(eval(example)) == ("server", "tls", "handshake")

    def test_one_rule_for_both_versions(self, pairs: dict[Tls, Pair], authority: Authority) -> None:
        said(FIVE, "That rule is right for both versions, because in TLS 1.2 the server's comes last.")
        read_transcript = answer_to(FIVE, "five-requests-transcript")
        for version, running in pairs.items():
            for trust in (True, authority.ca_path):
                made = attempt(requests.get, running.server2.url, verify=trust)
                events = [
                    {"from": m.sender, "kind": "alert" if m.alert else "handshake", "name": m.name}
                    for m in made.trace.messages
                ]
                assert read_transcript(events) == (made.by, made.layer, made.phase), version


def _prose(slug: str) -> str:
    return " ".join(" ".join(cell.text for cell in lesson(slug).cells if cell.kind == "markdown").split())


class TestWords:
    def test_the_map_keeps_the_best_result(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        said(START, "Try wrong answers: nothing is lost, and your map keeps the best result.")
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("LABSUPPORT_PROGRESS", raising=False)
        verifies = answer_to(START, "start-verifies")
        assert check("start-verifies", verifies).points == 1
        assert check("start-verifies", lambda *_: True).points == 0
        assert progress().points == 1

    def test_public_authorities_do_not_know_ours(self, authority: Authority) -> None:
        said(FIVE, "No `verify=`, so `requests` uses the public CAs that it ships with. Ours is not among them.")
        shipped = Path(DEFAULT_CA_BUNDLE_PATH).read_text(encoding="utf-8")
        assert shipped.count("BEGIN CERTIFICATE") > 10
        assert authority.certificate_pem.decode() not in shipped

    def test_an_extension_that_is_not_there_raises(self) -> None:
        said(FIVE, "An extension that is not there raises an exception. Here is the article's CA:")
        flawed = Authority.root("ca.com", recipe="article").certificate
        made = attempt(flawed.extensions.get_extension_for_class, x509.KeyUsage)
        assert (made.fault or "").startswith("ExtensionNotFound")


class TestContexts:
    def test_purpose_client_auth_asks_nobody(self, rules: str) -> None:
        said(FIVE, 'It means "a context for the side that *could* do so", and its mode is `CERT_NONE`')
        assert ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).verify_mode is ssl.CERT_NONE

    def test_a_server_with_it_serves_everybody(self, authority: Authority, client: Identity, rules: str) -> None:
        said(FIVE, "A server with this context serves everybody and logs nothing unusual.")
        server = authority.issue("server2.test", role="server")
        trap = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.ca_path)
        trap.load_cert_chain(*server.files)
        anybody = ssl.create_default_context(cafile=authority.ca_path)
        assert handshake(anybody, trap, server_hostname="server2.test").ok
        trap.verify_mode = ssl.CERT_REQUIRED
        assert not handshake(anybody, trap, server_hostname="server2.test").ok

    def test_the_second_mode_lets_in_who_shows_nothing(self, authority: Authority) -> None:
        said(FIVE, "The second asks, and lets in who shows nothing.")
        server = authority.issue("server2.test", role="server")
        asking = server_context(server, authority, verify=ssl.CERT_OPTIONAL)
        anybody = ssl.create_default_context(cafile=authority.ca_path)
        made = handshake(anybody, asking, server_hostname="server2.test")
        assert made.ok
        assert any(m.name == "CertificateRequest" for m in made.trace.messages)

    def test_strict_from_313_on(self) -> None:
        said(FIVE, "From Python 3.13 on `ssl.create_default_context()` sets `VERIFY_X509_STRICT`")
        strict = bool(ssl.create_default_context().verify_flags & ssl.VERIFY_X509_STRICT)
        assert strict == (sys.version_info >= (3, 13))

    @pytest.mark.parametrize("flaw", ["no-authority-key-identifier", "ca-without-key-usage"])
    def test_what_strictness_refuses(self, flaw: Flaw) -> None:
        said(FIVE, "which refuses certificates without an AuthorityKeyIdentifier (which key signed this one), and")
        said(FIVE, "CAs without keyUsage (what their key may do).")
        made = specimen(flaw, "server2.test")
        verdict = verdicts(made.identity, made.ca_certificate, "server2.test")
        assert (verdict["ssl"], verdict["ssl-strict"]) == (True, False)


class Adapter(HTTPAdapter):
    """The lesson's adapter: hands over a context of one's own."""

    def __init__(self, own_context: ssl.SSLContext) -> None:
        self.own_context = own_context
        super().__init__()

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
        super().init_poolmanager(*sizes, ssl_context=self.own_context, **options)


def asked(context: ssl.SSLContext, url: str, **options: Any) -> requests.Response:
    with requests.Session() as session:
        session.mount("https://", Adapter(context))
        return session.get(url, timeout=5, **options)


class TestTrapsOfRequests:
    def test_the_default_loads_the_public_cas_into_the_context(
        self, pair: Pair, authority: Authority, rules: str
    ) -> None:
        said(FIVE, "Leave `verify=` at its default and `requests` loads the public CAs *into your context*")
        own = ssl.create_default_context(cafile=authority.ca_path)
        asked(own, pair.server1.url, verify=authority.ca_path)
        assert own.cert_store_stats()["x509_ca"] == 1
        asked(own, pair.server1.url)
        assert own.cert_store_stats()["x509_ca"] > 10

    def test_the_sessions_verify_loses_against_the_environment(
        self, authority: Authority, rules: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said(FIVE, "`Session.verify` loses against the environment variable `REQUESTS_CA_BUNDLE`.")
        said(FIVE, "An argument of the call does not.")
        other = Authority.root("Another root")
        server = authority.issue("localhost", role="server", ip=[LOOPBACK])
        # Not through the lab's names: while they are in force the variable is out of the way.
        with writing_down(server_context(server)) as (port, _), requests.Session() as session:
            url = f"https://{LOOPBACK}:{port}/"
            session.verify = authority.ca_path
            assert session.get(url, timeout=5).ok
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", other.ca_path)
            with pytest.raises(requests.exceptions.SSLError):
                session.get(url, timeout=5)
            assert session.get(url, timeout=5, verify=authority.ca_path).ok


class TestProxy:
    def test_borrowed_names_stay_outside(self, pair: Pair, authority: Authority) -> None:
        said(FIVE, "The harmless header arrived, the claims did not.")
        claims = {"Client-Cert": ":ZGlyZWN0b3I=:", "X-Forwarded-For": "10.0.0.1", "X-Request-Id": "42"}
        answer = requests.get(pair.server1.url + "whoami", verify=authority.ca_path, headers=claims, timeout=5).json()
        names = {name for name, _ in answer["headers"]}
        assert "x-request-id" in names
        assert not names & {"client-cert", "x-forwarded-for"}
        said(FIVE, "server2 greeted *server1*: it never met the outsider.")
        assert answer["peer"][0] == "server1.test"

    def test_a_test_of_the_beginning_lets_the_ledger_out(
        self, pair: Pair, authority: Authority, client: Identity
    ) -> None:
        said(FIVE, "A test of how it begins lets `/whoami/../ledger` through.")
        path = "/whoami/../ledger"
        assert path.startswith("/whoami")
        url = pair.server2.url.rstrip("/") + path
        answer = requests.get(url, verify=authority.ca_path, cert=client.files, timeout=5)
        assert "The ledger" in answer.text

    def test_the_parent_of_all_that_requests_raises(self) -> None:
        said(FIVE, "`requests.RequestException` is the parent of all that `requests` raises.")
        raised = [value for value in vars(requests.exceptions).values() if isinstance(value, type)]
        kinds = [kind for kind in raised if issubclass(kind, Exception) and kind.__module__ == "requests.exceptions"]
        assert len(kinds) > 15
        assert [kind for kind in kinds if not issubclass(kind, (requests.RequestException, Warning))] == []

    def test_two_authorities_that_have_nothing_to_do_with_each_other(
        self, authority: Authority, client: Identity, rules: str
    ) -> None:
        said(FIVE, "Neither side does: each needs to trust the issuer of the other.")
        for_clients = Authority.root("A CA for clients alone")
        visitor = for_clients.issue(client.name, role="client")
        with Pair(authority, client_authority=for_clients) as split:
            url = split.server2.url
            shown = [attempt(requests.get, url, verify=authority.ca_path, cert=c.files).ok for c in (visitor, client)]
            through = requests.get(split.server1.url, verify=authority.ca_path, timeout=5)
        assert shown == [True, False]
        assert through.ok


class TestJudges:
    def test_the_articles_certificates(self, rules: str) -> None:
        said(FIVE, "curl and plain `ssl` still read the common name when there is no SubjectAltName")
        said(FIVE, "`requests` and the `cryptography` library do not. The strict verifier objects to the CA.")
        article = Authority.root("ca.com", recipe="article")
        with Pair(article) as copied:
            by_article = copied.verdicts()
            lent = copied.server1.client_identity
            fifth = attempt(requests.get, copied.server2.url, verify=article.ca_path, cert=lent.files)
        assert by_article["ssl"] is True
        assert by_article["curl"] in (True, None)
        assert [by_article[name] for name in ("ssl-strict", "requests", "cryptography")] == [False] * 3
        assert copied.server2.identity.certificate.version.name == "v1"
        said(FIVE, "So the article's fifth request, the one that works with curl, fails with `requests`")
        said(FIVE, "with code 62 (no such name) or, by the rules of Python 3.13, 92 (no keyUsage):")
        assert (fifth.ok, fifth.by) == (False, "client")
        assert fifth.refusal is not None
        assert fifth.refusal.verify_code == (92 if rules == "3.13" else 62)

    def test_the_lessons_own_pair(self, pair: Pair) -> None:
        said(FIVE, "`True` is accepted, `None` means that the tool is not installed.")
        assert set(pair.verdicts().values()) <= {True, None}

    def test_strict_is_what_objects_to_the_ca(self) -> None:
        made = specimen("ca-without-key-usage", "server2.test")
        assert verdicts(made.identity, made.ca_certificate, "server2.test")["ssl-strict"] is False
