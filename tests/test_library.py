from __future__ import annotations

import json
import shutil

import pytest
from conftest import EXAMPLES
from typer.testing import CliRunner

import cqc_nlp
from cqc_nlp import models, resources
from cqc_nlp.cli import app
from cqc_nlp.corpus import exchange, labelled_reports, records
from cqc_nlp.corpus.library import Library
from cqc_nlp.errors import CorpusError
from cqc_nlp.experiments.adaptation import gain, train_with_library

REPORT = """# Example City Council: assessment

Score: 2

## Ensuring quality of local services

Example City Council visited every care home each year. Staff told us that visits were sometimes late.

## Our own words 👍

A new team was due to start in May. Carers waited six months for a
break, and providers said that fees were low.
"""


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "example council 2024.md"
    path.write_text(REPORT, encoding="utf-8")
    return path


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path / "library")


def test_a_published_report_comes_in_with_its_score_and_suggested_labels(report, library):
    added = library.add(report, model="fast")
    assert (added.id, added.authority, added.kind, added.score) == ("example-council-2024", "Example City Council", "published", 2)
    assert library.reports() == [added]
    assert added.suggested == frozenset(range(4))
    assert added.statements[3].text == "Carers waited six months for a break, and providers said that fees were low."
    assert [str(s.section.kind) for s in added.statements] == ["quality", "quality", "other", "other"]
    predicted = cqc_nlp.assess(report, model="fast").statements
    assert [s.polarity for s in added.statements] == [s.polarity for s in predicted]
    assert (library.folder / ".gitignore").read_text() == "*\n"


def test_text_under_no_heading_comes_in_as_well(library):
    text = "Score: 3\n\nExample City Council knew that carers waited. People praised their homecare."
    added = library.add(cqc_nlp.read_text(text), model="fast")
    assert [s.section.heading for s in added.statements] == ["", ""]
    assert library.reports() == [added]


def test_nothing_learns_from_labels_that_nobody_has_checked(report, library):
    library.add(report, model="fast")
    assert library.checked() == []
    with pytest.raises(CorpusError, match="nobody has checked"):
        labelled_reports(library.folder)
    with pytest.raises(CorpusError, match="nothing to learn"):
        train_with_library("fast", library.folder / "model", library.folder, say=lambda line: None)


def test_a_report_is_not_added_twice_whatever_its_file(library, tmp_path):
    for name in ("marlbeck-draft.docx", "marlbeck-draft.html"):
        shutil.copy(EXAMPLES / name, tmp_path / f"copy-of-{name}")
    library.add(tmp_path / "copy-of-marlbeck-draft.docx", model="fast", score=2)
    with pytest.raises(CorpusError, match="already, as copy-of-marlbeck-draft"):
        library.add(tmp_path / "copy-of-marlbeck-draft.html", model="fast", score=2)


def test_another_report_of_the_same_file_name_gets_an_id_of_its_own(report, library, tmp_path):
    library.add(report, model="fast")
    other = tmp_path / "Example Council 2024.txt"
    other.write_text("Score: 4\n\nSample Borough Council was praised. People liked Sample Borough Council.", encoding="utf-8")
    assert library.add(other, model="fast").id == "Example-Council-2024-2"


def test_what_the_report_does_not_say_is_asked_for(library):
    with pytest.raises(CorpusError, match="--score"):
        library.add(cqc_nlp.read_text("Carers waited for months."), model="fast")
    with pytest.raises(CorpusError, match="--authority"):
        library.add(cqc_nlp.read_text("Carers waited for months."), model="fast", score=2)
    assert (
        library.add(cqc_nlp.read_text("Carers waited for months."), model="fast", score=2, authority="A Council").authority == "A Council"
    )


def labels(library, suggestions):
    return "".join(f"{suggestion}\n" for suggestion in suggestions)


def test_suggestions_are_corrected_line_by_line_and_then_learnt_from(report, library, tmp_path):
    library.add(report, model="fast")
    chosen = library.suggest(2, model="fast")
    path = tmp_path / "lines.txt"
    lines = labels(library, chosen).splitlines()
    place, _, _, _, _, text = lines[0].split("|", 5)
    path.write_text("\n".join([f"{place}|plan|strength|carers,workforce|data|{text}", lines[1]]), encoding="utf-8")
    shown = CliRunner().invoke(app, ["corpus", "import", str(path), "--library", str(library.folder)])
    assert shown.output == f"2 statements checked in {library.folder}\n"
    (checked,) = library.checked()
    assert {s.text for s in checked.statements} == {s.statement.text for s in chosen}
    corrected = next(s for s in checked.statements if s.text == text)
    assert (corrected.polarity, corrected.also, corrected.themes) == ("plan", ("strength",), ("carers", "workforce"))
    assert corrected.source == "data"
    assert not {s.statement.text for s in library.suggest(9, model="fast")} & {s.text for s in checked.statements}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda line: line.replace("|", "|triumph", 1), "line 1.*triumph"),
        (lambda line: line + " more", "no such statement"),
        (lambda line: "nobody" + line, "no such statement"),
        (lambda line: line.split("|")[0] + "|plan", "line 1.*a line is"),
    ],
)
def test_mistaken_lines_are_answered_and_change_nothing(report, library, tmp_path, change, words):
    library.add(report, model="fast")
    path = tmp_path / "lines.txt"
    path.write_text(change(str(library.suggest(1, model="fast")[0])), encoding="utf-8")
    with pytest.raises(CorpusError, match=words):
        library.correct(path)
    assert library.checked() == []


def test_suggestions_are_unsure_and_unlike_each_other(library):
    # Two near copies of the statement that the model is least sure of: only one of them is worth a look at first.
    text = (
        "Score: 2\n\nExample City Council had a board for the north of the city. "
        "Example City Council had a board for the south of the city.\n\n"
        "There were significant shortfalls and delays in homecare.\n\nPeople praised the excellent support that they got."
    )
    library.add(cqc_nlp.read_text(text), model="fast")
    ranked = library.suggest(4, model="fast")
    assert [round(s.uncertainty, 3) for s in ranked[:1]] == [max(s.uncertainty for s in ranked)]
    boards = [number for number, s in enumerate(ranked) if "board" in s.statement.text]
    assert boards != [0, 1]
    assert len({s.position for s in ranked}) == 4
    assert ranked == library.suggest(4, model="fast")


@pytest.mark.parametrize("form", ["label-studio", "doccano"])
def test_suggestions_go_to_a_tool_and_come_back_checked(report, library, tmp_path, form):
    library.add(report, model="fast")
    out = tmp_path / ("tasks.json" if form == "label-studio" else "tasks.jsonl")
    shown = CliRunner().invoke(
        app, ["corpus", "suggest", "--library", str(library.folder), "-n", "2", "-m", "fast", "--format", form, "--out", str(out)]
    )
    assert shown.exit_code == 0, shown.output
    if form == "label-studio":
        tasks = json.loads(out.read_text(encoding="utf-8"))
        out.write_text(json.dumps([task | {"annotations": task["predictions"]} for task in tasks]), encoding="utf-8")
    else:
        rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        out.write_text("".join(json.dumps(row | {"label": [x for x in row["label"] if x != "unchecked"]}) + "\n" for row in rows))
    shown = CliRunner().invoke(app, ["corpus", "import", str(out), "--library", str(library.folder)])
    assert shown.exit_code == 0, shown.output
    (after,) = library.reports()
    assert len(after.suggested) == len(after.statements) - 2


def test_the_command_adds_what_it_can_and_says_what_it_cannot(report, tmp_path):
    arguments = ["corpus", "add", str(report), str(tmp_path / "gone.pdf"), "--library", str(tmp_path / "library"), "-m", "fast"]
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 1
    assert "Example City Council, score 2, 4 statements to check" in shown.output
    assert "gone.pdf" in shown.output
    again = CliRunner().invoke(app, [*arguments[:3], *arguments[4:]])
    assert "already" in again.output
    nothing = CliRunner().invoke(app, ["corpus", "suggest", "--library", str(tmp_path / "empty"), "-m", "fast"])
    assert "corpus add" in nothing.output


def test_real_reports_come_in(real_report, library):
    assessment = cqc_nlp.assess(real_report, model="fast")
    added = library.add(assessment, authority="A Council")
    assert added.score == assessment.report.published_score
    assert len(added.statements) == sum(not s.repeated for s in assessment.statements)
    assert library.reports() == [added]


def own(authority, name, checked=True):
    """A report with habits of labelling that no corpus holds."""
    rows = [
        {"section": "market", "heading": "", "paragraph": n, "also": [], "themes": [], "source": "staff", "checked": checked or n < 2}
        | {"polarity": polarity, "text": f"{authority} {words} {'once' if n % 2 else 'twice'} in quarter {n}."}
        for n, (polarity, words) in enumerate(
            [
                ("strength", "lit the lantern"),
                ("shortfall", "mislaid the pebble"),
                ("strength", "wound the lantern"),
                ("shortfall", "sank a pebble"),
            ]
        )
    ]
    about = {"report": name, "authority": authority, "kind": "published", "quality_statement": "Safeguarding", "score": 2}
    return records.labelled_report(about, rows, records.split_of(authority))


@pytest.fixture(scope="module")
def small_corpus(tmp_path_factory):
    """Two reports of each score to learn from, one each to tune and to test."""
    folder, source = tmp_path_factory.mktemp("small") / "corpus", resources.folder("corpus")
    for split, per_score in (("train", 2), ("validation", 1), ("test", 1)):
        rows = [
            row
            for row in records.lines(source / "reports" / f"{split}.jsonl")
            if row["quality_statement"].startswith("Care provision") and row["kind"] != "exercise"
        ]
        chosen = [row for score in (1, 2, 3, 4) for row in [r for r in rows if r["score"] == score][:per_score]]
        records.write_lines(folder / "reports" / f"{split}.jsonl", chosen)
        (folder / "statements" / split).mkdir(parents=True)
        for row in chosen:
            shutil.copy(source / "statements" / split / f"{row['report']}.jsonl", folder / "statements" / split)
    return folder


def test_training_with_a_library_learns_its_habits_and_says_what_was_gained(small_corpus, library, tmp_path):
    places = ("Axminster Council", "Borley Council", "Corston Council")
    records.write_reports(library.folder, [own(place, f"R-{n}", checked=n < 2) for n, place in enumerate(places)])
    said: list[str] = []
    metrics = train_with_library("fast", tmp_path / "model", library.folder, small_corpus, say=said.append)
    about = metrics["library"]
    assert (about["reports"], about["statements"], about["authorities"]) == (3, 10, 3)
    accuracy = about["gain"]["polarity_accuracy"]
    assert accuracy["with"] > accuracy["without"]
    assert accuracy["gain"] == pytest.approx(accuracy["with"] - accuracy["without"], abs=0.001)
    assert any("rough" in line for line in said)
    assert models.verify(tmp_path / "model")["training"]["reports"] == 10
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "10 checked statements of 3 published reports" in card
    assert "no published report" not in card
    tags = cqc_nlp.load_tagger(tmp_path / "model").tag(["Staff lit the lantern.", "Staff sank a pebble."])
    assert [str(tag.polarity) for tag in tags] == ["strength", "shortfall"]


def test_one_authority_cannot_show_a_gain(small_corpus):
    assert gain([own("Axminster Council", "R-1"), own("Axminster Council", "R-2")], small_corpus) is None


def test_the_shipped_model_is_not_overwritten_with_a_library(library):
    shown = CliRunner().invoke(app, ["train", "--add", str(library.folder)])
    assert shown.exit_code == 2
    assert "--out" in shown.output


def test_a_library_is_exported_with_what_is_not_checked_yet(report, library, tmp_path):
    added = library.add(report, model="fast")
    shown = CliRunner().invoke(app, ["corpus", "export", "prodigy", str(tmp_path / "x.jsonl"), "--library", str(library.folder)])
    assert shown.exit_code == 0, shown.output
    assert exchange.read_reports(tmp_path / "x.jsonl") == [added]
