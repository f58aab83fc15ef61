from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ElementTree

import pytest
from typer.testing import CliRunner

from cqc_nlp import resources
from cqc_nlp.cli import app
from cqc_nlp.corpus import exchange, labelled_reports, lines, records
from cqc_nlp.corpus.agreement import agreement, read_labels
from cqc_nlp.corpus.exchange.label_studio import configuration
from cqc_nlp.errors import CorpusError
from cqc_nlp.schema import ASSERTIONS, POLARITIES, SOURCES, THEMES

ENDINGS = {"label-studio": ".json", "prodigy": ".jsonl", "doccano": ".jsonl", "docbin": ".spacy"}
ABOUT = {"report": "X-01", "authority": "Xanborough Council", "kind": "draft", "quality_statement": "Safeguarding", "score": 3}
# What breaks formats: an emoji (two units of UTF-16), a flag, right-to-left script, marks of CSV, JSON, HTML and of line forms,
# separators that some programs take for line ends, combining and invisible characters.
HOSTILE = [
    ("strength", ["plan"], ["carers", "capacity"], "people", "👩‍👩‍👧 Carers told us: “it was 👍🏽 …” & <b>breaks</b> were | booked."),
    ("shortfall", [], [], "staff", 'A "quoted", back\\slashed \\n line; with\u2028separators\u0085and 🇬🇧 flags was late.'),
    ("plan", ["strength", "shortfall"], ["workforce", "quality"], "partners", "\u200fعربي و e\u0301 é \ufeff zero\u200bwidth — a plan."),
    ("context", [], ["capacity"], "data", "{'$text': 0, \"start\": 1}\u00a0# kind 3 |-|- ## heading"),
]


def hostile() -> records.LabelledReport:
    rows = [
        {
            "section": "market",
            "heading": "🏛 Our market; “2|3”",
            "paragraph": number // 2,
            "polarity": p,
            "also": a,
            "themes": t,
            "source": s,
        }
        | {"text": text}
        for number, (p, a, t, s, text) in enumerate(HOSTILE)
    ]
    return records.labelled_report(ABOUT, rows, records.split_of(ABOUT["authority"]))


@pytest.fixture(scope="module")
def reports() -> list[records.LabelledReport]:
    chosen = [report for split in ("test", "validation") for report in labelled_reports(splits=[split])[:3]]
    assert any(s.also for r in chosen for s in r.statements)
    assert any(len(s.themes) > 1 for r in chosen for s in r.statements)
    return [*chosen, hostile()]


@pytest.fixture(params=list(ENDINGS))
def form(request):
    return request.param


@pytest.fixture
def exported(form, reports, tmp_path):
    path = tmp_path / f"labels{ENDINGS[form]}"
    exchange.export(form, reports, path)
    return path


def test_nothing_is_lost_on_the_way_there_and_back(form, exported, reports):
    assert exchange.format_of(exported) == form
    assert exchange.read_reports(exported) == reports


def test_reports_come_into_a_folder_as_they_were(exported, reports, tmp_path):
    assert exchange.add([exported], tmp_path / "corpus") == (len(reports), sum(len(r.statements) for r in reports))
    back = labelled_reports(tmp_path / "corpus")
    assert sorted(back, key=lambda r: r.id) == sorted(reports, key=lambda r: r.id)
    source = resources.folder("corpus") / "statements" / reports[0].split / f"{reports[0].id}.jsonl"
    assert (tmp_path / "corpus" / source.relative_to(resources.folder("corpus"))).read_bytes() == source.read_bytes()


def test_suggestions_stay_suggestions_until_somebody_answers(form, tmp_path):
    report = hostile()
    suggested = records.LabelledReport(
        report.id, report.kind, report.split, report.score, report.report, report.statements, frozenset({1, 3})
    )
    path = tmp_path / f"x{ENDINGS[form]}"
    exchange.export(form, [suggested], path)
    assert exchange.read_reports(path) == [suggested]
    if form == "label-studio":
        task = json.loads(path.read_text(encoding="utf-8"))[0]
        answered = [{**task, "annotations": [{"result": task["predictions"][0]["result"]}]}]
        path.write_text(json.dumps(answered), encoding="utf-8")
    elif form == "prodigy":
        rewrite(path, lambda row: row | {"answer": "accept"})
    elif form == "doccano":
        rewrite(path, lambda row: row | {"label": [label for label in row["label"] if label != "unchecked"]})
    else:
        return
    assert exchange.read_reports(path) == [report]


def rewrite(path, change):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    path.write_text("".join(json.dumps(change(row), ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def label_studio(tmp_path, change=lambda task: None):
    path = tmp_path / "x.json"
    exchange.export("label-studio", [hostile()], path)
    tasks = json.loads(path.read_text(encoding="utf-8"))
    change(tasks[0])
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def first(task, control):
    return next(item for item in task["annotations"][0]["result"] if item["from_name"] == control)["value"]


def test_what_an_annotator_changed_in_label_studio_is_kept(tmp_path):
    def change(task):
        first(task, "polarity")["labels"] = ["shortfall"]
        first(task, "themes")["choices"] = ["workforce"]
        last = task["annotations"][0]["result"][-1]["id"]
        newer = [item for item in task["annotations"][0]["result"] if item["id"] != last]
        task["annotations"][0]["updated_at"] = "2025-01-01T10:00:00Z"
        task["annotations"] += [
            {"result": newer, "updated_at": "2025-01-02T10:00:00Z"},
            {"result": [], "was_cancelled": True, "updated_at": "2025-01-03T10:00:00Z"},
        ]

    back = exchange.read_reports(label_studio(tmp_path, change))[0]
    assert (back.statements[0].polarity, back.statements[0].themes) == ("shortfall", ("workforce",))
    assert [s.text for s in back.statements] == [text for *_, text in HOSTILE[:-1]]


def test_offsets_are_in_code_points_as_label_studio_counts_them(tmp_path):
    task = json.loads(label_studio(tmp_path).read_text(encoding="utf-8"))[0]
    for item in task["annotations"][0]["result"]:
        value = item["value"]
        assert task["data"]["text"][value["start"] : value["end"]] == value["text"]


def test_a_task_that_nobody_labelled_is_left_out(tmp_path):
    assert exchange.read(label_studio(tmp_path, lambda task: task.update(annotations=[]))) == []


def test_the_labelling_configuration_names_every_label_and_the_fields_of_a_task(tmp_path):
    root = ElementTree.fromstring(configuration())
    assert [label.get("value") for label in root.iter("Label")] == list(POLARITIES)
    choices = {control.get("name"): [choice.get("value") for choice in control] for control in root.iter("Choices")}
    assert choices == {"also": list(ASSERTIONS), "themes": list(THEMES), "source": list(SOURCES)}
    task = json.loads(label_studio(tmp_path).read_text(encoding="utf-8"))[0]
    controls = {element.get("name"): element.tag.lower() for element in root if element.get("toName") == "text"}
    assert {(item["from_name"], item["type"]) for item in task["annotations"][0]["result"]} == set(controls.items())
    assert {value.lstrip("$") for element in root.iter() if (value := element.get("value") or "").startswith("$")} <= set(task["data"])
    assert (tmp_path / "x.xml").read_text(encoding="utf-8") == configuration()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda task: first(task, "polarity").update(labels=["triumph"]), "task 1.*triumph"),
        (lambda task: first(task, "polarity").update(labels=["plan", "strength"]), "plan and strength as polarity"),
        (lambda task: first(task, "source").update(choices=["bees"]), "bees"),
        (lambda task: first(task, "also").update(choices=["strength"]), "also"),
        (lambda task: first(task, "polarity").update(start=1), "text of the task was changed"),
        (lambda task: first(task, "polarity").update(start=0, text=None), "paragraph"),
        (lambda task: task["annotations"][0]["result"].pop(0), "no polarity"),
        (lambda task: task["annotations"][0]["result"].clear(), "no statement"),
        (lambda task: task["data"].update(report="../../evil"), "cannot name a file"),
        (lambda task: task["data"].update(score=5), "score is 5"),
        (lambda task: task["data"].pop("sections"), "no task of"),
        (lambda task: task.pop("data"), "no task of"),
    ],
)
def test_mistakes_in_label_studio_are_answered_with_the_task(tmp_path, change, words):
    path = label_studio(tmp_path, change)
    with pytest.raises(CorpusError, match=words) as error:
        exchange.read_reports(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("format", "change", "words"),
    [
        ("prodigy", lambda row: row["spans"][0].update(label="triumph"), "line 1.*triumph"),
        ("prodigy", lambda row: row["spans"][0].update(end=9999), "line 1.*outside the text"),
        ("prodigy", lambda row: row["spans"].pop(), "line 1.*nothing as source"),
        ("prodigy", lambda row: row["spans"][-1].update(start=0, end=9), "staff and people|people and staff"),
        ("prodigy", lambda row: row.update(cqc_nlp=None), "line 1.*corpus export"),
        ("prodigy", lambda row: row["cqc_nlp"].update(report="a/b"), "cannot name a file"),
        ("prodigy", lambda row: row["cqc_nlp"].update(section="attic"), "attic"),
        ("doccano", lambda row: row.update(label=["triumph"]), "line 1.*triumph"),
        ("doccano", lambda row: row.update(label=["plan", "strength", "staff"]), "plan and strength"),
        ("doccano", lambda row: row.update(text=row["text"] + "!"), "line 1.*changed"),
        ("doccano", lambda row: row.update(kind="memo"), "memo"),
    ],
)
def test_mistakes_in_lines_are_answered_with_the_line(tmp_path, format, change, words):
    path = tmp_path / "x.jsonl"
    exchange.export(format, [hostile()], path)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    change(rows[0])
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(CorpusError, match=words) as error:
        exchange.read(path, format)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".spacy"])
def test_broken_and_missing_files_are_answered(tmp_path, ending):
    path = tmp_path / f"x{ending}"
    with pytest.raises(CorpusError, match="missing"):
        exchange.read(path)
    path.write_bytes(b"{ not json")
    with pytest.raises(CorpusError, match=r"no JSON|no DocBin"):
        exchange.read(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorpusError, match=r"UTF-8|no DocBin"):
        exchange.read(path)


def test_prodigy_tokens_cover_the_spans_and_refused_tasks_are_left_out(tmp_path):
    path = tmp_path / "x.jsonl"
    exchange.export("prodigy", [hostile()], path)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    for row in rows:
        for span in row["spans"]:
            tokens = row["tokens"][span["token_start"] : span["token_end"] + 1]
            assert (tokens[0]["start"], tokens[-1]["end"]) == (span["start"], span["end"])
    rewrite(path, lambda row: row | {"answer": "accept" if row is rows[0] or row["cqc_nlp"]["paragraph"] == 0 else "ignore"})
    assert [s.text for s in exchange.read_reports(path)[0].statements] == [text for *_, text in HOSTILE[:2]]


def test_a_theme_belongs_to_the_statement_that_it_was_marked_in(tmp_path):
    path = tmp_path / "x.jsonl"
    exchange.export("prodigy", [hostile()], path)

    def change(row):
        if row["cqc_nlp"]["paragraph"] == 0:
            start = row["text"].index("flags")
            row["spans"].append({"start": start, "end": start + 5, "label": "quality"})
        return row

    rewrite(path, change)
    assert exchange.read_reports(path)[0].statements[1].themes == ("quality",)


def test_what_a_file_does_not_speak_for_stays(form, tmp_path):
    report = hostile()
    corpus = tmp_path / "corpus"
    records.write_reports(corpus, [report])
    path = tmp_path / f"part{ENDINGS[form]}"
    exchange.export(form, [report], path, [[2]])
    assert [len(part.marks) for part in exchange.read(path)] == [1]
    exchange.add([path], corpus)
    assert labelled_reports_of(corpus) == [report]


def labelled_reports_of(corpus):
    return [r for split in records.SPLITS for r in labelled_reports(corpus, [split])]


def test_a_part_of_a_report_that_has_changed_since_is_refused(tmp_path):
    report = hostile()
    path = tmp_path / "part.json"
    exchange.export("label-studio", [report], path, [[2]])
    other = records.statement_rows(report)[1:]
    records.write_reports(tmp_path / "corpus", [records.labelled_report(ABOUT, other, report.split)])
    with pytest.raises(CorpusError, match="export it again"):
        exchange.add([path], tmp_path / "corpus")


def test_a_report_whose_authority_was_mended_stands_in_one_split(tmp_path):
    report = hostile()
    records.write_reports(tmp_path, [report])
    elsewhere = next(f"Council {n}" for n in range(50) if records.split_of(f"Council {n}") != report.split)
    mended = records.labelled_report(ABOUT | {"authority": elsewhere}, records.statement_rows(report), records.split_of(elsewhere))
    records.write_reports(tmp_path, [mended])
    assert labelled_reports_of(tmp_path) == [mended]
    assert len(list(tmp_path.rglob("X-01.jsonl"))) == 1


def test_the_command_exports_and_imports(form, tmp_path):
    path = tmp_path / f"out{ENDINGS[form]}"
    name = labelled_reports(splits=["test"])[0].id
    run = CliRunner().invoke
    shown = run(app, ["corpus", "export", form, str(path), "--report", name])
    assert shown.exit_code == 0, shown.output
    assert "1 reports" in shown.output
    shown = run(app, ["corpus", "import", str(path), "--corpus", str(tmp_path / "corpus")])
    assert shown.exit_code == 0, shown.output
    assert [report.id for report in labelled_reports(tmp_path / "corpus")] == [name]
    assert run(app, ["corpus", "export", "excel", str(path)]).exit_code == 2
    assert run(app, ["corpus", "export", form, str(path), "--report", "nobody"]).exit_code == 2
    path.write_bytes(b"[1]")
    assert run(app, ["corpus", "import", str(path), "--format", form, "--corpus", str(tmp_path / "corpus")]).exit_code == 1


def test_lines_by_hand_and_files_of_tools_go_in_by_the_same_command(tmp_path):
    (tmp_path / "a.txt").write_text(
        "id: A-1\nauthority: A Council\nkind: draft\nscore: 2\n## Our market\nplan|-|-|staff|A home was to open.\n", encoding="utf-8"
    )
    exchange.export("doccano", [hostile()], tmp_path / "b.jsonl")
    shown = CliRunner().invoke(
        app, ["corpus", "import", *(str(tmp_path / n) for n in ("a.txt", "b.jsonl")), "--corpus", str(tmp_path / "c")]
    )
    assert shown.exit_code == 0, shown.output
    assert {report.id for report in labelled_reports(tmp_path / "c")} == {"A-1", "X-01"}
    assert lines.parse_report((tmp_path / "a.txt").read_text(), "a")[0]["report"] == "A-1"


def test_two_annotators_of_a_tool_are_compared(tmp_path):
    one = label_studio(tmp_path)
    shutil.copy(one, tmp_path / "one.json")
    two = label_studio(tmp_path, lambda task: first(task, "polarity").update(labels=["shortfall"]))
    table = agreement(read_labels(tmp_path / "one.json"), read_labels(two))
    assert table.loc["polarity", "same"] == 0.75
    shown = CliRunner().invoke(app, ["corpus", "agreement", str(tmp_path / "one.json"), str(two), "--confusion"])
    assert "polarity: " in shown.output
    assert "kappa" in shown.output
