"""Label Studio: JSON, a task a report.

A statement is a region of the control ``polarity`` with choices a region for further polarities, themes and source. Labels
that somebody has checked are an annotation, suggestions a prediction: what an annotator submits counts as checked.
Offsets are in code points, as Label Studio counts them itself (``charsToCodePoints`` of its editor).
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cqc_nlp.corpus.exchange.files import decoded
from cqc_nlp.corpus.exchange.marks import Mark, Paragraph, Part, Task, checked_about, checked_section, checked_tag, located
from cqc_nlp.errors import CorpusError
from cqc_nlp.schema import ASSERTIONS, POLARITIES, SOURCES, THEMES


def configuration() -> str:
    """The labelling configuration: paste it into the settings of a Label Studio project.

    Examples
    --------
    >>> print(configuration().splitlines()[0])
    <View>
    """
    from cqc_nlp.views.words import palette

    colours = palette()["polarities"]
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Header", value="$report")
    labels = ElementTree.SubElement(view, "Labels", name="polarity", toName="text")
    for number, polarity in enumerate(POLARITIES, 1):
        ElementTree.SubElement(labels, "Label", value=polarity, background=colours[polarity]["light"]["mark"], hotkey=str(number))
    ElementTree.SubElement(view, "Text", name="text", value="$text", granularity="word")
    for name, title, choice, values in (
        ("also", "It also asserts", "multiple", ASSERTIONS),
        ("themes", "Themes", "multiple", THEMES),
        ("source", "Whose evidence it is", "single", SOURCES),
    ):
        ElementTree.SubElement(view, "Header", value=title, size="4")
        attributes = {"name": name, "toName": "text", "perRegion": "true", "choice": choice, "showInline": "true"}
        choices = ElementTree.SubElement(view, "Choices", attributes | ({"required": "true"} if name == "source" else {}))
        for value in values:
            ElementTree.SubElement(choices, "Choice", value=value)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def write(reports: Sequence[Task], path: Path) -> None:
    """Write reports as tasks, and the labelling configuration beside them with the ending ``.xml``."""
    path.write_text(json.dumps([_task(report) for report in reports], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".xml").write_text(configuration(), encoding="utf-8")


def read(path: Path) -> list[Part]:
    """Read tasks, as ``corpus export`` writes them or Label Studio exports them (JSON)."""
    tasks = decoded(path)
    if not isinstance(tasks, list):
        raise CorpusError(f"{path}: it holds no list of tasks; choose JSON when you export from Label Studio.")
    parts = (_part(task, f"{path}, task {number}") for number, task in enumerate(tasks, 1))
    return [part for part in parts if part is not None]


def _task(report: Task) -> dict[str, Any]:
    sections: list[dict[str, Any]] = []
    for start, end, heading, kind in report.paragraphs:
        if not sections or (sections[-1]["heading"], sections[-1]["section"]) != (heading, kind):
            sections.append({"heading": heading, "section": kind, "paragraphs": []})
        sections[-1]["paragraphs"].append([start, end])
    suggested = [[mark.start, mark.end] for mark in report.marks if mark.suggested]
    data = {**report.about, "text": report.text, "sections": sections, "scope": report.scope, "suggested": suggested}
    result = [item for number, mark in enumerate(report.marks) for item in _regions(f"s{number}", mark)]
    if suggested:
        return {"data": data, "predictions": [{"model_version": "cqc-nlp", "result": result}]}
    return {"data": data, "annotations": [{"result": result}]}


def _regions(name: str, mark: Mark) -> Iterator[dict[str, Any]]:
    """The region of a statement, and its choices, which share its id."""
    span = {"start": mark.start, "end": mark.end, "text": mark.text}
    tag = mark.tag
    controls = {"polarity": [tag.polarity], "also": tag.also, "themes": tag.themes, "source": [tag.source]}
    for control, values in controls.items():
        kind = "labels" if control == "polarity" else "choices"
        if values:
            value = {**span, kind: [str(value) for value in values]}
            yield {"id": name, "from_name": control, "to_name": "text", "type": kind, "value": value}


def _part(task: Any, where: str) -> Part | None:
    """What the latest annotation of a task says, or else its prediction; None where nobody has labelled it."""
    try:
        data = task["data"]
        about = checked_about(data, where)
        text = data["text"]
        paragraphs = tuple(
            (int(start), int(end), str(section["heading"]), checked_section(section["section"], where))
            for section in data["sections"]
            for start, end in section["paragraphs"]
        )
        scope = tuple((int(start), int(end)) for start, end in data["scope"])
        suggested = {(int(start), int(end)) for start, end in data["suggested"]}
        annotations = [a for a in task.get("annotations") or [] if not (a.get("was_cancelled") or a.get("skipped"))]
        if annotations:
            latest = max(annotations, key=lambda annotation: str(annotation.get("updated_at") or annotation.get("created_at") or ""))
            result, suggested = latest["result"], set()
        elif task.get("predictions"):
            result = task["predictions"][0]["result"]
        else:
            return None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorpusError(
            f"{where}: this is no task of `corpus export label-studio` ({type(error).__name__}: {error}); "
            "export the project as JSON, not as JSON-MIN."
        ) from error
    return Part(about, tuple(_marks(text, paragraphs, result, suggested, where)), scope)


def _marks(
    text: str, paragraphs: tuple[Paragraph, ...], result: Sequence[Mapping[str, Any]], suggested: set[tuple[int, int]], where: str
) -> Iterator[Mark]:
    regions: dict[str, dict[str, Any]] = {}
    for item in result:
        try:
            values = item["value"].get("labels" if item["from_name"] == "polarity" else "choices", [])
            region = regions.setdefault(item["id"], {"span": None})
            region[item["from_name"]] = [*region.get(item["from_name"], []), *values]
            if item["from_name"] == "polarity":
                region["span"] = (int(item["value"]["start"]), int(item["value"]["end"]), item["value"].get("text"))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CorpusError(f"{where}: a region does not fit the configuration of `corpus export` ({error}).") from error
    for region in regions.values():
        if region["span"] is None:
            raise CorpusError(f"{where}: a region has no polarity; give it one or delete it.")
        start, end, said = region["span"]
        words = text[start:end]
        here = f"{where}, {words[:40]!r}"
        # Label Studio may write a line break in its copy of the words as a backslash and an n.
        if said is not None and said.replace("\\n", "").split() != words.replace("\\n", "").split():
            raise CorpusError(f"{here}: the words of the region are {said[:40]!r}; the text of the task was changed.")
        heading, kind, number = located(paragraphs, start, end, here)
        polarities, sources = region.get("polarity", []), region.get("source", [])
        for question, found in (("polarity", polarities), ("source", sources)):
            if len(found) != 1:
                raise CorpusError(f"{here}: the statement has {' and '.join(map(str, found)) or 'nothing'} as {question}; give one.")
        tag = checked_tag(polarities[0], region.get("also", []), region.get("themes", []), sources[0], here)
        yield Mark(start, end, words, heading, kind, number, tag, (start, end) in suggested)
