from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest
from conftest import EXAMPLES, ROOT
from typer.testing import CliRunner

import cqc_nlp
from cqc_nlp.cli import app
from cqc_nlp.views import console, review
from cqc_nlp.views.terminal import for_eyes, for_json, terminal

HOSTILE = (
    "# Draft [red]of[/red] <script> \x1b]0;title\x07\n\n"
    "Unpaid carers \x1b[2J\x1b[31mwaited\x9b1m six months \u202efor a break\u202c \U0001f469\u200d\U0001f467 [bold]and[/bold] "
    + "waited for a very long time and " * 130
    + "then gave up.\n\n"
    + "Homecare" * 60
    + " started late.\n"
)


@pytest.fixture(scope="module")
def made():
    return cqc_nlp.assess(EXAMPLES / "marlbeck-draft.docx", model="fast")


@pytest.fixture(scope="module")
def hostile():
    return cqc_nlp.assess(cqc_nlp.read_text(HOSTILE, name="a\x1b[31m.txt"), model="fast")


class Terminal(io.TextIOWrapper):
    """A stream that says that it is a terminal."""

    def isatty(self):
        return True


def printed(show, *what, encoding="utf-8", tty=False):
    raw = io.BytesIO()
    stream = (Terminal if tty else io.TextIOWrapper)(raw, encoding=encoding, newline="\n")
    show(*what, terminal(stream))
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LC_ALL", "LC_CTYPE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("LANG", "en_GB.UTF-8")


def test_the_table_fits_80_columns_in_a_pipe_without_codes(made, hostile):
    from rich.cells import cell_len

    for assessment in (made, hostile):
        text = printed(console.show, assessment)
        assert "Predicted score" in text
        assert max(map(cell_len, text.splitlines())) <= 80
        assert "\x1b" not in text


def test_a_terminal_gets_colours_unless_no_color_is_set(made, monkeypatch):
    assert "\x1b[32m" in printed(console.show, made, tty=True)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = printed(console.show, made, tty=True)
    assert {part for code in plain.split("\x1b[")[1:] for part in code.split("m")[0].split(";")} <= {"0", "1", "2"}


def test_what_a_document_says_cannot_command_the_terminal(hostile):
    for shown in (printed(console.show, hostile, tty=True), printed(review.show, hostile.report, hostile.review(), tty=True)):
        codes = {code.split("m")[0] for code in shown.split("\x1b[")[1:]}
        assert all(code.replace(";", "").isdigit() for code in codes)
        assert "\x1b]" not in shown
        assert not {"\x07", "\x9b", "\u202e", "\u202c"} & set(shown)
    assert "Unpaid carers [2J[31mwaited1m six months for a break" in " ".join(printed(console.show, hostile).split())
    assert "[bold]and[/bold]" in " ".join(printed(console.show, hostile).split())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_a_narrow_alphabet_is_no_error(made, hostile, encoding):
    for assessment in (made, hostile):
        shown = printed(console.show, assessment, encoding=encoding)
        assert "Predicted score" in shown
        assert "\u2588" not in shown
    assert "###" in printed(console.show, made, encoding=encoding)


def test_the_plainest_locale_gets_no_blocks(made, monkeypatch):
    assert "█" in printed(console.show, made)
    monkeypatch.setenv("LC_ALL", "C")
    shown = printed(console.show, made)
    assert "###" in shown
    assert not {"█", "•", "·"} & set(shown)


def test_the_command_runs_in_a_c_locale_with_an_ascii_pipe():
    code = "from cqc_nlp.cli import main; main()"
    command = [sys.executable, "-c", code, "assess", str(EXAMPLES / "marlbeck-draft.md"), "--model", "fast"]
    surroundings = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, env=surroundings, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Predicted score" in done.stdout
    assert done.stdout.isascii()


def test_json_says_the_same_without_characters_that_a_terminal_obeys(tmp_path):
    path = tmp_path / "draft.md"
    path.write_text(HOSTILE, encoding="utf-8")
    shown = CliRunner().invoke(app, ["assess", str(path), "--model", "fast", "--json"]).stdout
    assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(shown)
    texts = [statement["text"] for statement in json.loads(shown)["statements"]]
    assert any("\x1b[2J" in text and "\x9b1m" in text and "\u202e" in text for text in texts)
    assert json.loads(for_json(shown, "ascii")) == json.loads(shown)
    assert for_json(shown, "ascii").isascii()


def test_csv_on_the_terminal_and_messages_are_clean_too(tmp_path):
    path = tmp_path / "draft\x1b[31m.md"
    path.write_text(HOSTILE, encoding="utf-8")
    done = CliRunner().invoke(app, ["assess", str(path), str(tmp_path / "gone\x1b[2J.docx"), "--model", "fast", "--csv", "-"])
    assert done.exit_code == 1
    assert "gone[2J.docx" in done.stderr
    assert not {"\x1b", "\x9b", "\x07"} & set(done.stdout + done.stderr)


def test_line_ends_stay_line_ends():
    assert for_eyes("Carers\r\nwaited\rfor\tsix\nmonths.") == "Carers\nwaited\nfor\tsix\nmonths."
