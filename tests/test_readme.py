"""Every page does what it says: its code and its commands run, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from textwrap import dedent

import pytest
from conftest import EXAMPLES, ROOT
from typer.main import get_command
from typer.testing import CliRunner

from cqc_nlp.cli import app

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in page.parts),
    ROOT / "corpus" / "README.md",
]
BLOCK = re.compile(r"^( *)```(python|sh)\n(.*?)^\1```", flags=re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^ *(?:\.venv/bin/)?cqc-nlp (.+)$", flags=re.MULTILINE)
MINUTES = ("train", "evaluate", "compare-models")  # these are run on less by tests of their own


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_code_and_the_commands_of_a_page_run(page, tmp_path, monkeypatch):
    """In order, in a folder with the examples. A command is run if a file that it names is there, else only parsed."""
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    names: dict[str, object] = {}
    for _, language, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(dedent(block), str(page), "exec"), names)
            continue
        for line in COMMAND.findall(block):
            words = shlex.split(line, comments=True)
            parse(words)
            if words[0] not in MINUTES and any(Path(word).exists() for word in words):
                result = CliRunner().invoke(app, words)
                assert result.exit_code == 0, f"{line}\n{result.output}"


def parse(words: list[str]) -> None:
    """Raises an error of usage for a command or an option that there is not."""
    command, rest = get_command(app), words
    while hasattr(command, "commands"):
        command, rest = command.commands[rest[0]], rest[1:]
    command.make_context("cqc-nlp", list(rest))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), target


def test_every_example_of_the_codebook_stands_in_the_corpus_with_its_labels():
    from cqc_nlp.corpus import labelled_reports

    known = {
        (s.text, str(s.polarity), ",".join(sorted(s.also)) or "-", ",".join(sorted(s.themes)) or "-", str(s.source))
        for report in labelled_reports()
        for s in report.statements
    }
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "codebook.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    examples = [row for row in rows if len(row) == 5 and row[0] in ("strength", "shortfall", "plan", "context")]
    assert len(examples) > 50
    for polarity, also, themes, source, text in examples:
        labels = (polarity, *(",".join(sorted(v.strip() for v in cell.split(","))) for cell in (also, themes)), source)
        sentence = re.sub(r"^_?\*.*?\*_? ", "", text)
        assert (sentence, *labels) in known, sentence
