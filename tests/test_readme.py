from __future__ import annotations

import re

import pytest
from conftest import ROOT

PAGES = [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "corpus" / "README.md") if path.exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_python_code_of_a_page_runs(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        exec(compile(block, str(page), "exec"), names)


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
