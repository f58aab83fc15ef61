"""The notebooks run, and what they tell the reader is so."""

from __future__ import annotations

import re

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# What the text of each notebook says of its results, put to the kernel after the last cell.
CONCLUSIONS = {
    "01-score-a-draft": """
        assert assessment.score in assessment.prediction_set(coverage=0.9)
        assert assessment.score != assessment.report.published_score == 3
        assert plan.polarity == "plan" and opened.change > 0
        assert boastful.score > assessment.score
        assert len(findings) > len(assessment.review())
        assert {"no-people-voice", "over-claiming"} <= {finding.code for finding in findings}
        assert "Marlbeck" in (folder / "marlbeck.html").read_text(encoding="utf-8")
        assert cqc_nlp.assess(folder / "marlbeck with comments.docx", model="fast").report.authority == assessment.report.authority
    """,
    "02-the-corpus-and-its-labels": """
        assert not shared and all(authorities.values())
        by_score = [f"score {score}" for score in (1, 2, 3, 4)]
        assert figures.loc["% strength", by_score].is_monotonic_increasing
        assert figures.loc["% shortfall", by_score].is_monotonic_decreasing
        assert labelled.report.published_score == labelled.score == 2
        assert readings.loc["polarity", "kappa"] > 0.8
        assert confusion(first, second).to_numpy().sum() == readings.loc["polarity", "statements"]
        assert all(len({(s.polarity, s.also, s.themes, s.source) for s in group.statements}) > 1 for group in groups)
    """,
    "03-your-own-tagger": """
        assert not shared
        assert [tag.polarity for tag in tagger.tag(texts)] == labels
        assert right > most_frequent + 0.1
        assert report.loc[labels, "f1-score"].min() > 0.6
        assert (surest["label"] != surest["predicted"]).all()
        assert results.summary()["macro_f1"]["tagger"]["held out"].is_monotonic_increasing
    """,
    "04-many-authorities": """
        assert [type(result).__name__ for result in results] == [*["Assessment"] * 4, "Failure"]
        assert max(assessments, key=lambda a: a.expected_score).report.name == "overclaiming-draft.md"
        assert counts["overclaiming-draft.md"] < counts["marlbeck-draft.md"]
        assert found.groupby("measure")["draft"].nunique().max() >= 2
        assert not any(versions.related for versions in comparison.versions)
        assert len(balance.columns) == len(panels.flat) == 4
        assert "Joint Strategic Needs Assessment" in mentions.index.get_level_values("name")
        assert len(outside) and set(outside["next score has"]) & {"more", "less"}
    """,
    "05-a-research-experiment": """
        assert again.record["made_now"] == 0 and len(results.runs) == 5 * 3
        assert reopened.summary().equals(results.summary())
        assert results.summary()["kappa"].min() > 0.3
        assert len(compared) == 4 and set(shown["a"]) <= set(compared["a"])
        assert ((compared["low"] <= compared["difference"]) & (compared["difference"] <= compared["high"])).all()
        assert whole["id"].is_unique and len(whole) == results.record["texts"]
        assert (folder / "table.tex").read_text(encoding="utf-8") == results.to_latex()
    """,
}
# The notebooks find the examples from their own folder and from that of the project.
STARTED_IN = {"02-the-corpus-and-its-labels": ROOT, "04-many-authorities": ROOT}


def name(path):
    return path.stem


def test_every_notebook_has_its_conclusions():
    assert [path.stem for path in NOTEBOOKS] == list(CONCLUSIONS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_is_stored_bare(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert not any(cell.metadata for cell in notebook.cells)
    assert not any(cell.outputs or cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert 10 <= len(notebook.cells) <= 20
    assert notebook.cells[0].source.startswith("# ")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_names_no_place_of_a_machine_and_links_to_what_is_there(path):
    notebook = nbformat.read(path, as_version=4)
    sources = "\n".join(cell.source for cell in notebook.cells)
    assert not re.findall(r"""(?:^|["'\s(`])(?:~?/\w|[A-Za-z]:\\)|\bfile://|\blocalhost\b""", sources)
    for target in re.findall(r"\]\(([^)#]+)\)", sources):
        assert target.startswith("http") or (path.parent / target).exists(), target


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_runs_shows_its_plots_and_its_conclusions_hold(path, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel chooses the one that shows plots in a notebook
    notebook = nbformat.read(path, as_version=4)
    conclusions = "\n".join(line.strip() for line in CONCLUSIONS[path.stem].splitlines())
    notebook.cells.append(nbformat.v4.new_code_cell(conclusions))
    folder = STARTED_IN.get(path.stem, path.parent)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code" and re.search(r"\bplots?(?:\.\w+)?\(", cell.source):
            assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.source
