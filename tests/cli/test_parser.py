from __future__ import annotations

import pytest

from labsupport.cli import main
from labsupport.cli.parser import nearest


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("chekc", "labsupport build --check"),
        ("dmeo", "labsupport demo"),
        ("biuld", "labsupport build"),
        ("test", "labsupport run --solutions"),
        ("version", "labsupport --version"),
    ],
)
def test_a_command_that_is_nearly_right_is_suggested(
    typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([typed]) == 2
    assert capsys.readouterr() == ("", f"labsupport: there is no command {typed!r}; did you mean `{meant}`?\n")


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (["xyzzy"], "labsupport: there is no command 'xyzzy'; `labsupport --help` shows what there is\n"),
        (["demo", "--jsn"], "labsupport demo: it does not know '--jsn'; did you mean `--json`?\n"),
        (["demo", "now"], "labsupport demo: it does not know 'now'; `labsupport demo --help` shows what there is\n"),
        (["--colour", "demo"], "labsupport: it does not know '--colour'; `labsupport --help` shows what there is\n"),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_word(
    typed: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed) == 2
    assert capsys.readouterr() == ("", line)


def test_wrong_values_are_named_with_their_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--tls", "1.1"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("labsupport demo: argument --tls: invalid choice: '1.1'")
    assert err.count("\n") == 1


def test_options_may_not_be_abbreviated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--js"]) == 2
    assert "did you mean `--json`?" in capsys.readouterr().err


def test_nearest_finds_the_close_and_leaves_the_rest() -> None:
    assert nearest("serv", ["serve", "demo"]) == "serve"
    assert nearest("qqq", ["serve", "demo"]) is None
