"""How calls, values and errors are spelled: short, as the cell has them, and without secrets."""

from __future__ import annotations

import functools
import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from labsupport.notebook.spelling import call_of, error_of, excerpt, gist, line_of, scrubbed, value_of
from labsupport.pki.identity import Identity


class Tool:
    def method(self) -> None:
        """Stand in for a method."""

    def __call__(self) -> None:
        """Stand in for an object that can be called."""


class Text(str):
    """A text that could spell itself in any way."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (requests.get, "requests.get"),
        (requests.Session().get, "Session.get"),
        (Tool().method, "Tool.method"),
        (Tool(), "<Tool>"),
        (functools.partial(requests.get, "secret"), "requests.get"),
        (len, "len"),
        (dict, "dict"),
        (lambda: None, "tests.<lambda>"),
        (5, "<int>"),
    ],
)
def test_names(function: Any, name: str) -> None:
    assert call_of(function, (), {}) == f"{name}()"


def test_the_cells_own_functions_have_no_module() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("def own(): ...\ndef maker():\n    def inner(): ...\n    return inner", names)
    assert call_of(names["own"], (), {}) == "own()"
    assert call_of(names["maker"](), (), {}) == "inner()"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("https://server2.test:8443/a/b.html?x=/c/d.e", "'https://server2.test:8443/a/b.html?x=/c/d.e'"),
        ("/home/somebody/keys/client.key.pem", "'client.key.pem'"),
        (r"C:\keys\client.key", "'client.key'"),
        ("/whoami", "'/whoami'"),
        ("/whoami/../ledger", "'/whoami/../ledger'"),
        ("x" * 100, f"'{'x' * 59}…'"),
        ("one\ntwo", "<text of 7 characters>"),
        (Path("/home/somebody/ca.pem"), "'ca.pem'"),
        (b"12345", "<5 bytes>"),
        (("/a/b.pem", "/a/b.key"), "('b.pem', 'b.key')"),
        (("x",), "('x',)"),
        (((((1,),),),), "(((<tuple>,),),)"),
        ([1, 2], "<list>"),
        ({"a": 1}, "<dict>"),
        (True, "True"),
        (None, "None"),
        (1.5, "1.5"),
        (-3, "-3"),
        (10**30, "<int>"),
        (Text("x"), "<Text>"),
        (dict, "dict"),
        (len, "len"),
        (requests.get, "requests.get"),
        (requests.Session().get, "Session.get"),
    ],
)
def test_arguments(value: object, shown: str) -> None:
    assert call_of(len, (value,), {}) == f"len({shown})"
    assert call_of(len, (), {"of": value}) == f"len(of={shown})"


class TestScrubbed:
    def test_private_keys_and_folders_go(self, client: Identity) -> None:
        key = client.key_pem.decode()
        for text in (key, f"before {key} after", repr(key), json.dumps({"key": key}), key[:100], str(client.key_pem)):
            assert "BEGIN" not in scrubbed(text)
            assert key.splitlines()[1][:20] not in scrubbed(text)
            assert "(a private key)" in scrubbed(text)
        assert scrubbed(f"before {key} after") == "before (a private key)\n after"
        assert scrubbed(f"no file {client.key_path}: gone") == f"no file {Path(client.key_path).name}: gone"

    def test_certificates_stay(self, client: Identity) -> None:
        text = client.certificate_pem.decode()
        assert scrubbed(text) == text

    @pytest.mark.parametrize("text", ["a/b.c", "https://x/y.z", "1/2", "/", "and/or", "GET /a/b", "14.5/3.2"])
    def test_what_is_no_path_stays(self, text: str) -> None:
        assert scrubbed(text) == text

    @given(st.text(max_size=200))
    def test_it_never_fails(self, text: str) -> None:
        scrubbed(text)
        assert len(excerpt(text)) <= 300
        assert "\n" not in gist(text)


def test_gist() -> None:
    assert gist("<html><TITLE>\n 400  Bad\n Request </TITLE></html>") == "400 Bad Request"
    assert gist("\n first \nsecond") == "first"
    assert gist("") == ""


def test_values_and_errors_never_fail() -> None:
    class Broken(Exception):
        def __repr__(self) -> str:
            raise RuntimeError

        def __str__(self) -> str:
            raise RuntimeError

    class Meta(type):
        def __repr__(cls) -> str:
            raise RuntimeError

    class Odd(metaclass=Meta):
        pass

    assert value_of(Broken()).startswith("<Broken instance")
    assert value_of(Odd) == "<Meta>" or value_of(Odd).startswith("<Meta instance")
    assert value_of(10**10000).startswith("<int")
    assert error_of(Broken()) == "Broken"


class TestLine:
    def test_the_last_line_of_the_callers_own_code(self, tmp_path: Path) -> None:
        source = tmp_path / "cell.py"
        source.write_text(
            "import json\n\ndef inner():\n    return json.loads('x')\n\ndef outer():\n    return inner()\n"
        )
        names: dict[str, Any] = {}
        exec(compile(source.read_text(), str(source), "exec"), names)
        with pytest.raises(ValueError, match="Expecting value") as caught:
            names["outer"]()
        assert line_of(caught.value, names["outer"]) == "line 4, in inner: return json.loads('x')"
        assert line_of(caught.value, functools.partial(names["outer"])) == line_of(caught.value, names["outer"])

    def test_without_source_the_number_is_enough(self) -> None:
        names: dict[str, Any] = {}
        exec(compile(textwrap.dedent("def gone():\n    return 1 // 0\n"), "<nowhere>", "exec"), names)
        with pytest.raises(ZeroDivisionError) as caught:
            names["gone"]()
        assert line_of(caught.value, names["gone"]) == "line 2, in gone"

    def test_a_librarys_lines_are_nobodys(self) -> None:
        with pytest.raises(requests.exceptions.MissingSchema) as caught:
            requests.get("nothing", timeout=1)
        assert line_of(caught.value, requests.get) is None
        assert line_of(caught.value, len) is None

    def test_an_error_that_never_passed_through_the_function(self) -> None:
        names: dict[str, Any] = {}
        exec(compile("def unused(): ...", "<elsewhere>", "exec"), names)
        assert line_of(ValueError("never raised"), names["unused"]) is None
