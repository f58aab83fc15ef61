"""What goes wrong on the command line: one line each, that says what to do, and an exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys

import pytest
from conftest import EXAMPLES
from typer.testing import CliRunner

from cqc_nlp.cli import app

DRAFT = str(EXAMPLES / "marlbeck-draft.md")
COMMAND = [sys.executable, "-m", "cqc_nlp.cli"]


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def one_line(result, *words):
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.splitlines()
    assert line.startswith("cqc-nlp: ")
    assert all(word in line for word in words), line
    return result.exit_code


@pytest.mark.parametrize("command", ["assess", "review"])
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.docx", None, "no such file"), ("folder.txt", ..., "folder"), ("empty.txt", b"", "empty"),
        ("draft.odt", b"x", "not read"), ("draft", b"x", "no ending"), ("broken.pdf", b"%PDF-1.7\n", "broken"),
        ("locked.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read(tmp_path, command, name, content, words):
    path = tmp_path / name
    if content is ...:
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    result = run(command, path, "--model", "fast", "--json")
    assert one_line(result, name, words) == 1
    assert result.stdout == ""


def test_a_model_that_is_broken_or_unknown(tmp_path):
    (tmp_path / "model.json").write_text("{")
    for command in ("assess", "review"):
        assert one_line(run(command, DRAFT, "--model", tmp_path), str(tmp_path), "broken", "train the model again") == 1
        assert one_line(run(command, DRAFT, "--model", "enormous", "--jobs", 2), "enormous", "shipped models are") == 1


def test_output_that_cannot_be_written(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    assert one_line(run("assess", DRAFT, "-m", "fast", "--csv", tmp_path / "folder.csv"), "folder.csv", "Is a directory", "; check") == 1
    assert one_line(run("assess", DRAFT, "-m", "fast", "--csv", tmp_path / "gone" / "a.csv"), "gone", "make it first") == 2
    assert one_line(run("assess", DRAFT, "-m", "fast", "--resume", DRAFT), "folder for results") == 1
    if os.path.exists("/dev/full"):  # noqa: PTH110
        assert one_line(run("assess", DRAFT, "-m", "fast", "--csv", "/dev/full"), "/dev/full", "No space left", "room") == 1


def test_an_older_csv_file_stays_if_nothing_could_be_assessed(tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("older")
    assert run("assess", tmp_path / "gone.docx", "-m", "fast", "--csv", out).exit_code == 1
    assert out.read_text() == "older"


def test_no_cell_of_a_csv_file_begins_like_a_formula(tmp_path):
    draft = tmp_path / "=draft.txt"
    draft.write_text("## =HYPERLINK(1)\n\n=Carers waited six months.\n\n-5% of carers waited.")
    rows = list(csv.reader(io.StringIO(run("assess", draft, "-m", "fast", "--csv", "-").stdout)))
    assert len(rows) == 3
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_a_rerun_with_a_folder_of_results_gives_the_same(tmp_path):
    first, again = (run("assess", DRAFT, "-m", "fast", "--json", "--resume", tmp_path / "kept") for _ in range(2))
    assert json.loads(first.stdout) == json.loads(again.stdout)
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_a_reader_that_leaves_early_is_no_error():
    command = [*COMMAND, "assess", DRAFT, "-m", "fast", "--csv", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""


def test_an_interrupt_is_one_line_and_what_was_done_stays(tmp_path):
    """The second file takes for ever to read."""
    code = (
        "import cqc_nlp.assessment as a, time; read = a.read\n"
        "def slow(path):\n    if path.name == 'slow.txt': print('waiting', flush=True); time.sleep(600)\n    return read(path)\n"
        "a.read = slow\nimport cqc_nlp.cli as c; c.main()"
    )
    outputs = ["--csv", str(tmp_path / "out.csv"), "--resume", str(tmp_path / "kept")]
    command = [sys.executable, "-c", code, "assess", DRAFT, str(tmp_path / "slow.txt"), "-m", "fast", *outputs]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert (process.returncode, said) == (130, "cqc-nlp: interrupted.\n")
    assert len(list(csv.reader(io.StringIO((tmp_path / "out.csv").read_text())))) == 38
    assert len(list((tmp_path / "kept").iterdir())) == 1
