from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import cqc_nlp
from cqc_nlp import resources
from cqc_nlp.cli import app
from cqc_nlp.corpus import contrast_groups, labelled_reports, lines
from cqc_nlp.corpus.agreement import agreement, confusion, read_labels
from cqc_nlp.corpus.statistics import corpus_statistics
from cqc_nlp.corpus.validation import near_duplicates, validate
from cqc_nlp.errors import CorpusError
from cqc_nlp.plots import polarity_mix

CONTRACT = [
    "report", "authority", "kind", "score", "quality_statement", "section", "position", "text", "polarity", "also", "themes", "source",
]  # fmt: skip


def test_the_shipped_corpus_is_sound():
    assert validate() == []


def test_the_shipped_corpus_is_large_and_balanced():
    reports = labelled_reports()
    main = [r for r in reports if r.teaches_score]
    assert len(main) >= 300
    assert len(reports) - len(main) >= 40
    assert sum(len(r.statements) for r in main) >= 15_000
    assert all(sum(r.score == score for r in main) >= 75 for score in (1, 2, 3, 4))
    assert 0.2 <= sum(r.kind == "draft" for r in main) / len(main) <= 0.3
    groups = contrast_groups()
    assert len(groups) >= 1500
    assert 0.07 <= sum(g.split == "test" for g in groups) / len(groups) <= 0.13


def test_authorities_stay_in_one_split():
    seen: dict[str, str] = {}
    for report in labelled_reports():
        assert seen.setdefault(report.authority, report.split) == report.split


def test_gold_statements_stand_in_their_reports_as_reading_finds_them():
    exact = total = 0
    for report in labelled_reports(splits=["test"]):
        assert all(report.report.text[s.start : s.end] == s.text for s in report.statements)
        found = {(s.start, s.end) for s in cqc_nlp.sentences(cqc_nlp.read_text(report.report.text))}
        exact += sum((s.start, s.end) in found for s in report.statements)
        total += len(report.statements)
    assert exact >= 0.995 * total


@pytest.mark.parametrize("configuration", ["statements", "reports", "contrasts"])
def test_configurations_load_as_typed_datasets(configuration):
    corpus = cqc_nlp.load_corpus(configuration)
    assert set(corpus) == ({"train", "test"} if configuration == "contrasts" else {"train", "validation", "test"})
    features = corpus["train"].features
    if configuration == "statements":
        assert set(CONTRACT) <= set(corpus["train"].column_names)
    if configuration != "reports":
        assert features["polarity"].names == ["strength", "shortfall", "plan", "context"]
        row = corpus["train"][0]
        assert isinstance(row["themes"], list)
        assert features["source"].int2str(row["source"]) in ("people", "staff", "partners", "data", "assessor")


@pytest.mark.parametrize("configuration", ["statements", "reports", "contrasts"])
def test_the_folder_loads_with_datasets_alone_and_gives_the_same_rows(configuration, tmp_path):
    """From the folder as it is, without a network and with a cache of its own."""
    code = (
        "import sys, json; from datasets import load_dataset; folder, configuration, cache = sys.argv[1:];"
        "data = load_dataset(folder, configuration, cache_dir=cache);"
        "print(json.dumps({split: {'columns': rows.column_names, 'rows': rows.to_list()} for split, rows in data.items()}))"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", code, str(resources.folder("corpus")), configuration, str(tmp_path / "cache")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    corpus = cqc_nlp.load_corpus(configuration)
    assert set(found) == set(corpus)
    for split, data in found.items():
        features = corpus[split].features
        # The folder holds each fact once, and a heading only where the framework has none.
        shared = [name for name in data["columns"] if name in features and name != "heading"]
        assert {"report", "score"} <= set(shared) or {"polarity", "themes", "text", "position"} <= set(shared)
        named = [{name: as_words(features[name], row[name]) for name in shared} for row in corpus[split]]
        assert [{name: row[name] for name in shared} for row in data["rows"]] == named


def as_words(feature, value):
    if isinstance(value, list):
        return [feature.feature.int2str(one) for one in value]
    return feature.int2str(value) if hasattr(feature, "int2str") else value


def test_unknown_configurations_are_answered():
    with pytest.raises(ValueError, match="statements, reports or contrasts"):
        cqc_nlp.load_corpus("sentences")


REPORT = """id: X-01
authority: Xanborough Council
kind: published
score: 2
## Ensuring quality of local services
strength|-|quality|assessor|Visits took place every year.
shortfall|plan|quality,workforce|staff|Staff said visits were late, and more staff were to be appointed.

context|-|-|data|There were 12 homes.
"""


def test_reports_in_line_form_are_added_to_the_split_of_their_authority(tmp_path):
    (tmp_path / "x.txt").write_text(REPORT, encoding="utf-8")
    corpus = tmp_path / "corpus"
    assert CliRunner().invoke(app, ["corpus", "import", str(tmp_path / "x.txt"), "--corpus", str(corpus)]).exit_code == 0
    lines.add([tmp_path / "x.txt"], corpus)
    report = labelled_reports(corpus)[0]
    assert len(labelled_reports(corpus)) == 1
    assert [str(s.polarity) for s in report.statements] == ["strength", "shortfall", "context"]
    assert [s.paragraph for s in report.statements] == [0, 0, 1]
    assert report.statements[1].themes == ("quality", "workforce")
    assert validate(corpus) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("triumph|-|-|staff|X.", "triumph"),
        ("strength|strength|-|staff|X.", "also"),
        ("strength|-|X.", "line 6"),
        ("strength|-|-|bees|X.", "bees"),
    ],
)
def test_mistakes_in_line_form_are_answered(line, words):
    with pytest.raises(CorpusError, match=words):
        lines.parse_report(REPORT.replace("strength|-|quality|assessor|Visits took place every year.", line), "x.txt")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "x.txt").write_text(REPORT, encoding="utf-8")
    lines.add([tmp_path / "x.txt"], tmp_path / "corpus")
    return tmp_path / "corpus"


def test_validation_finds_what_is_wrong(folder, tmp_path):
    path = next(folder.rglob("X-01.jsonl"))
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[2]["text"] = rows[0]["text"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert any("share 100% of their words" in finding for finding in validate(folder))
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("He said visits were late, and more staff were to be appointed soon.")
    assert any("shares" in finding for finding in validate(folder, against=tmp_path / "real"))
    rows[0]["polarity"] = "triumph"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert any("triumph" in finding for finding in validate(folder))
    path.write_text("not json\n")
    assert any("no JSON" in finding for finding in validate(folder))
    path.unlink()
    assert any("missing" in finding for finding in validate(folder))


def test_a_report_in_the_wrong_split_is_found(folder):
    for kind in ("reports", "statements"):
        shutil.copytree(folder / kind, folder.parent / "copy" / kind)
    copy = folder.parent / "copy"
    there = next(path for path in (copy / "reports").glob("*.jsonl") if path.read_text())
    wrong = next(path for path in (copy / "reports").glob("*.jsonl") if path != there)
    wrong.write_text(there.read_text())
    there.write_text("")
    (copy / "statements" / wrong.stem).mkdir()
    (copy / "statements" / there.stem / "X-01.jsonl").rename(copy / "statements" / wrong.stem / "X-01.jsonl")
    assert any("belongs to the split" in finding for finding in validate(copy))


def test_near_duplicates():
    texts = ["Visits were late in the north of the county.", "Visits were late in the south of the county.", "Carers had breaks."]
    assert next(iter(near_duplicates([*texts, texts[0].upper()])))[:2] == (0, 3)
    assert not list(near_duplicates(texts))


def test_agreement_of_two_readings(tmp_path):
    (tmp_path / "a.txt").write_text("1|strength|-|carers|staff\n2|plan|-|-|data\n3|context|-|-|data\n4|shortfall|plan|-|people\n")
    (tmp_path / "b.txt").write_text("1|strength|-|carers|staff\n2|plan|-|-|data\n3|strength|-|-|data\n4|shortfall|-|-|people\n")
    table = agreement(read_labels(tmp_path / "a.txt"), read_labels(tmp_path / "b.txt"))
    assert table.loc["polarity", "same"] == 0.75
    assert table.loc["polarity", "kappa"] == pytest.approx(0.667, abs=0.001)
    assert table.loc["theme carers", "alpha"] == 1
    shown = CliRunner().invoke(app, ["corpus", "agreement", str(tmp_path / "a.txt"), str(tmp_path / "b.txt")])
    assert "alpha" in shown.stdout
    counts = confusion(read_labels(tmp_path / "a.txt"), read_labels(tmp_path / "b.txt"))
    assert counts.loc["context", "strength"] == 1
    assert counts.to_numpy().sum() == 4
    assert counts.to_numpy().trace() == 3
    sources = confusion(read_labels(tmp_path / "a.txt"), read_labels(tmp_path / "b.txt"), "source")
    assert sources.loc["data", "data"] == 2
    with pytest.raises(CorpusError, match="in common"):
        agreement(read_labels(tmp_path / "a.txt"), {})


def test_statistics_and_their_plot(folder):
    figures = corpus_statistics(folder)
    assert figures.loc["statements", "all"] == 3
    assert figures.loc["% shortfall", "all"] == pytest.approx(33.3)
    assert len(polarity_mix(figures).patches) == 4 * figures.shape[1]
    assert "words a sentence" in CliRunner().invoke(app, ["corpus", "stats", "--corpus", str(folder)]).stdout
