"""A library: real published reports of your own, in a folder on this machine, in the form of the corpus.

A report comes in with its printed score and with labels that a model suggests. Those are marked until somebody has checked
them; only checked ones are learnt from. Nothing of it is sent anywhere, and the folder tells git to leave it alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cqc_nlp import framework
from cqc_nlp.corpus import exchange, records
from cqc_nlp.corpus.exchange.marks import Part, Task, checked_tag, labelled, merged
from cqc_nlp.corpus.records import LabelledReport
from cqc_nlp.errors import CorpusError
from cqc_nlp.models import DEFAULT
from cqc_nlp.schema import POLARITIES, Report, Statement

if TYPE_CHECKING:
    from cqc_nlp.assessment import Assessment

_SAME = 0.5
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*):(\d+)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|(.*)")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A statement that is worth labelling next.

    Attributes
    ----------
    report : str
        The id of its report.
    position : int
        Which statement of the report it is, from 0.
    statement : Statement
        The statement with the labels that stand in the library.
    uncertainty : float
        Entropy of the model's polarity over that of a guess, 0 to 1.
    """

    report: str
    position: int
    statement: Statement
    uncertainty: float

    def __str__(self) -> str:
        """A line to correct and to bring back: ``REPORT:POSITION|polarity|also|themes|source|sentence``."""
        labels = (self.statement.polarity, ",".join(self.statement.also), ",".join(self.statement.themes), self.statement.source)
        return f"{self.report}:{self.position}|{'|'.join(str(label) or '-' for label in labels)}|{self.statement.text}"


class Library:
    """Labelled reports of your own in a folder.

    Parameters
    ----------
    folder : path
        Where; made when the first report is added.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from cqc_nlp import read_text
    >>> library = Library(mkdtemp())
    >>> report = read_text("Score: 2\\n\\nExample City Council knew that carers waited. People praised their homecare.")
    >>> added = library.add(report, model="fast")
    >>> added.authority, added.score, len(added.suggested), len(library.checked())
    ('Example City Council', 2, 2, 0)
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.folder = Path(folder)

    def reports(self) -> list[LabelledReport]:
        """Every report, with checked and suggested labels."""
        present = [split for split in records.SPLITS if (self.folder / "reports" / f"{split}.jsonl").exists()]
        return records.labelled_reports(self.folder, present, suggested=True)

    def checked(self) -> list[LabelledReport]:
        """The reports with those of their statements that somebody has checked; none without."""
        found = []
        for report in self.reports():
            positions = set(range(len(report.statements))) - report.suggested
            if positions:
                part = Task.of(report, positions)
                found.append(labelled(part.about, part.marks, str(self.folder)) if report.suggested else report)
        return found

    def add(
        self,
        source: str | PathLike[str] | Report | Assessment,
        model: str | PathLike[str] = DEFAULT,
        score: int | None = None,
        authority: str | None = None,
    ) -> LabelledReport:
        """Add a published report with labels that a model suggests.

        Parameters
        ----------
        source : path, Report or Assessment
            The report.
        model : str or path
            Which model suggests labels.
        score, authority : int, str
            Where the document does not say.

        Raises
        ------
        CorpusError
            If the library has the report already, or it says no score or authority and none is given.
        """
        from cqc_nlp.assessment import Assessment, assess

        found = source if isinstance(source, Assessment) else assess(source, model)
        report = found.report
        score = score or report.published_score
        authority = authority or report.authority
        if score not in framework.SCORES:
            what = "prints no score" if score is None else f"cannot have the score {score!r}"
            raise CorpusError(f"{report.name}: the report {what}; give the published one, 1 to 4 (--score).")
        if not authority:
            raise CorpusError(f"{report.name}: the report does not say which authority it is about; give its name (--authority).")
        about = {
            "authority": authority,
            "kind": "published",
            "quality_statement": report.quality_statement or framework.QUALITY_STATEMENTS[3].name,
            "score": score,
        }
        statements = [s for s in found.statements if not s.repeated]
        known = self.reports()
        if twin := _twin([s.text for s in statements], known):
            raise CorpusError(f"{report.name}: the library has this report already, as {twin}.")
        about["report"] = _unused(Path(report.name).stem, {other.id for other in known})
        rows = [
            {
                "section": str(s.section.kind),
                "heading": " ".join(s.section.heading.split()),
                "paragraph": s.paragraph,
                **records.row(s),
                "text": " ".join(s.text.split()),
                "checked": False,
            }
            for s in statements
        ]
        added = records.labelled_report(about, rows, records.split_of(authority))
        records.write_reports(self.folder, [added])
        (self.folder / ".gitignore").write_text("*\n", encoding="utf-8")
        return added

    def suggest(self, count: int = 50, model: str | PathLike[str] = DEFAULT) -> list[Suggestion]:
        """Which statements to label next: where the model is unsure, and unlike what has been labelled or chosen.

        One after another, the statement is taken whose entropy of polarity times distance to its nearest neighbour among the
        checked and the chosen ones is largest (farthest-first traversal, Gonzalez 1985, weighted by uncertainty); distance is
        one less the cosine of TF-IDF.

        Parameters
        ----------
        count : int
            How many at most.
        model : str or path
            Whose uncertainty counts.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        from cqc_nlp.models import load_tagger

        tagger = load_tagger(fspath(model))
        reports = self.reports()
        places = [(report, position) for report in reports for position in range(len(report.statements))]
        tagged = [tagger.tag_sentences(report.statements) for report in reports]
        entropy = np.array(
            [_entropy(s) if i in r.suggested else 0.0 for r, found in zip(reports, tagged, strict=True) for i, s in enumerate(found)]
        )
        if not entropy.any():
            return []
        rows = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+").fit_transform([r.statements[i].text for r, i in places])
        checked = [number for number, (r, i) in enumerate(places) if i not in r.suggested]
        nearest = (rows @ rows[checked].T).max(axis=1).toarray().ravel() if checked else np.zeros(len(places))
        open_ = np.ones(len(places), dtype=bool)
        open_[checked] = False
        chosen: list[Suggestion] = []
        while len(chosen) < count and open_.any():
            best = int(np.where(open_, entropy * (1 - nearest), -1.0).argmax())
            report, position = places[best]
            chosen.append(Suggestion(report.id, position, report.statements[position], round(float(entropy[best]), 3)))
            open_[best] = False
            nearest = np.maximum(nearest, (rows @ rows[best].T).toarray().ravel())
        return chosen

    def export(self, format: str, suggestions: Iterable[Suggestion], out: Path) -> None:
        """Write suggestions for an annotation tool; see :func:`cqc_nlp.corpus.exchange.export`."""
        positions: dict[str, list[int]] = {}
        for suggestion in suggestions:
            positions.setdefault(suggestion.report, []).append(suggestion.position)
        reports = [report for report in self.reports() if report.id in positions]
        exchange.export(format, reports, out, [positions[report.id] for report in reports])

    def correct(self, path: Path) -> int:
        """Bring corrected lines of suggestions back, and count them as checked.

        Returns
        -------
        int
            How many statements were checked.

        Raises
        ------
        CorpusError
            With file and line, if one is not of the form, or its statement is not in the library. Nothing is changed then.
        """
        known = {report.id: report for report in self.reports()}
        changed: dict[str, LabelledReport] = {}
        count = 0
        for number, line in enumerate(records.text_of(path).splitlines(), 1):
            where = f"{path}, line {number}"
            if not line.strip():
                continue
            if not (match := _LINE.fullmatch(line.strip())):
                raise CorpusError(f"{where}: a line is REPORT:POSITION|polarity|also|themes|source|sentence; got {line[:60]!r}.")
            name, position, polarity, also, themes, source, text = match.groups()
            report = known.get(name)
            if report is None or int(position) >= len(report.statements) or report.statements[int(position)].text != text:
                raise CorpusError(f"{where}: the library has no such statement at {name}:{position}; ask for suggestions again.")
            task = Task.of(report, [int(position)])
            tag = checked_tag(polarity, records.values(also), records.values(themes), source, where)
            part = Part(task.about, (replace(task.marks[0], tag=tag, suggested=False),), task.scope)
            known[name] = changed[name] = merged(part, report, where)
            count += 1
        records.write_reports(self.folder, changed.values())
        return count


def is_lines_of_suggestions(path: Path) -> bool:
    """Whether a file holds lines as :meth:`Suggestion.__str__` writes them."""
    first = next((line for line in records.text_of(path).splitlines() if line.strip()), "")
    return bool(re.match(r"[\w-]+:\d+\|", first))


def _entropy(statement: Statement) -> float:
    """Entropy of the polarity, 1 where all are alike."""
    shares = np.array([max(statement.tag.probabilities.get(str(polarity), 0.0), 1e-12) for polarity in POLARITIES])
    return float(-(shares * np.log(shares)).sum() / np.log(len(shares)))


def _twin(texts: Sequence[str], known: Iterable[LabelledReport]) -> str | None:
    """The report that shares half of the statements, whatever kind of file either came from."""
    own = {_key(text) for text in texts}
    for report in known:
        other = {_key(s.text) for s in report.statements}
        if len(own & other) > _SAME * min(len(own), len(other)):
            return report.id
    return None


def _key(text: str) -> str:
    return "".join(ch for ch in text.casefold() if ch.isalnum())


def _unused(name: str, taken: set[str]) -> str:
    """An id from a file name that no other report has."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:80] or "report"
    number, found = 1, slug
    while found.casefold() in {other.casefold() for other in taken}:  # files of some systems know no case
        number += 1
        found = f"{slug}-{number}"
    return found
