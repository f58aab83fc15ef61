from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest
from conftest import EXAMPLES
from typer.testing import CliRunner

from cqc_nlp.cli import app

DRAFT = str(EXAMPLES / "marlbeck-draft.md")


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_a_table_for_a_person():
    result = run("assess", DRAFT, "--model", "fast")
    assert result.exit_code == 0
    for words in ("Marlbeck Borough Council", "Predicted score", "workforce", "Strengths that count most", "does not replace"):
        assert words in " ".join(result.stdout.split())
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert "\x1b[" not in result.stdout


def test_json_is_one_document_for_one_file_and_lines_for_several():
    one = run("assess", DRAFT, "--json")
    assert json.loads(one.stdout)["authority"] == "Marlbeck Borough Council"
    several = run("assess", DRAFT, DRAFT, "--json")
    assert [json.loads(line)["name"] for line in several.stdout.splitlines()] == ["marlbeck-draft.md"] * 2


def test_csv_goes_to_a_file_or_the_standard_output(tmp_path):
    out = tmp_path / "out.csv"
    assert run("assess", DRAFT, "--csv", str(out)).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert len(rows) == 37
    assert rows[0]["polarity"]
    assert len(list(csv.DictReader(io.StringIO(run("assess", DRAFT, "--csv", "-").stdout)))) == 37


def test_a_bad_file_is_one_line_and_the_others_go_on(tmp_path):
    (tmp_path / "a.odt").write_text("x")
    result = run("assess", str(tmp_path / "a.odt"), DRAFT, str(tmp_path / "gone.docx"))
    assert result.exit_code == 1
    assert "Predicted score" in result.stdout
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert "a.odt" in lines[0]
    assert "gone.docx" in lines[1]


@pytest.mark.parametrize(
    "arguments",
    [["assess"], ["assess", DRAFT, "--json", "--csv", "x"], ["nonsense"], ["train", "--model", "fast", "--keep", "x", "--out", "y"]],
)
def test_mistakes_in_the_call_exit_with_2(arguments):
    assert run(*arguments).exit_code == 2


def test_an_unknown_model_is_one_line():
    result = run("assess", DRAFT, "--model", "enormous")
    assert result.exit_code == 1
    assert result.stderr.startswith("cqc-nlp: enormous: there is no model")


def test_models_are_listed_and_verified(tmp_path):
    assert "fast" in run("models", "list").stdout
    assert "fast: sound" in run("models", "verify").stdout
    assert run("models", "verify", str(tmp_path)).exit_code == 1


def test_importing_loads_nothing_heavy():
    code = "import sys, cqc_nlp, cqc_nlp.cli; print([m for m in ('spacy', 'sklearn', 'numpy', 'pandas', 'datasets') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
