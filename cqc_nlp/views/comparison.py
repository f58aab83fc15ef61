"""Assessments side by side, and one beside the reports of a score, as text for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import ascii_uppercase

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from cqc_nlp.bands import BandProfile, Measure, Middle
from cqc_nlp.comparison import LABELS, Comparison, Pair, Versions
from cqc_nlp.framework import SCORE_LABELS, SCORES, SECTIONS
from cqc_nlp.schema import POLARITIES, Polarity, Statement
from cqc_nlp.views.console import STYLES

_SHOWN = 8
_ABREAST = 5
_HEADINGS = {section.kind: section.heading for section in SECTIONS}


def show(comparison: Comparison, console: Console) -> None:
    """Print the scores and the evidence side by side, then what changed from version to version."""
    letters = [_letter(position) for position in range(len(comparison.names))]
    console.print(f"\n[bold]{len(letters)} documents side by side[/bold]", highlight=False)
    console.print(_scores(comparison, letters))
    if comparison.caution:
        console.print(f"\n[bold yellow]{escape(comparison.caution)}[/bold yellow]", highlight=False)
    frame = comparison.to_frame()
    for first in range(0, len(letters), _ABREAST):
        console.print()
        chosen = slice(first, first + _ABREAST)
        console.print(_evidence(frame, comparison.names[chosen], letters[chosen]))
    named = dict(zip(comparison.names, letters, strict=True))
    for versions in comparison.versions:
        _changes(versions, named[versions.before], named[versions.after], console)
    console.print("\n[dim]Predictions from the evidence as written. They support judgement;\nthey do not replace it.[/dim]")


def _letter(position: int) -> str:
    """A to Z, then A2 to Z2, and so on."""
    turn, place = divmod(position, len(ascii_uppercase))
    return ascii_uppercase[place] + (str(turn + 1) if turn else "")


def _scores(comparison: Comparison, letters: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("Document", overflow="fold")
    table.add_column("Score", justify="right", style="bold")
    table.add_column("Expected", justify="right")
    for score in SCORES:
        table.add_column(f"p({score})", justify="right")
    table.add_column("9 in 10")
    for letter, name, assessment in zip(letters, comparison.names, comparison.assessments, strict=True):
        chances = (f"{p:.0%}" for p in assessment.probabilities)
        likely = " or ".join(map(str, assessment.prediction_set(0.9)))
        about = escape(name) + (f"\n[bold yellow]{escape(assessment.caution)}[/bold yellow]" if assessment.caution else "")
        table.add_row(letter, about, str(assessment.score), f"{assessment.expected_score:.2f}", *chances, likely)
    return table


def _evidence(frame: pd.DataFrame, names: Sequence[str], letters: Sequence[str]) -> Table:
    title = " / ".join(f"[{STYLES[polarity]}]{polarity}[/]" for polarity in POLARITIES)
    table = Table(title=f"Statements: {title}", title_justify="left", box=None, pad_edge=False, title_style="bold")
    table.add_column("Part", max_width=34)
    for letter in letters:
        table.add_column(letter, justify="right", no_wrap=True)
    for (by, part), (_, row) in zip(frame.index.to_list(), frame.iterrows(), strict=True):
        counts = [[int(row[name, str(polarity)]) for polarity in POLARITIES] for name in names]
        if any(map(any, counts)):
            name = _HEADINGS.get(part, f"{part} sections") if by == "section" else part
            table.add_row(escape(str(name)), *("/".join(map(str, values)) for values in counts))
    return table


def _changes(versions: Versions, before: str, after: str, console: Console) -> None:
    console.print(f"\n[bold]From {before} to {after}[/bold]", highlight=False)
    if not versions.related:
        text = f"{versions.matched:.0%} of the statements of the shorter document are in the other, so that the two are not"
        console.print(f"{text} versions of one draft: no changes are listed.", highlight=False)
        return
    groups: list[tuple[str, list[Pair], Callable[[Pair], list[Table]]]] = [
        ("added", versions.changed("added"), lambda pair: [_line("+", pair.after)]),
        ("dropped", versions.changed("dropped"), lambda pair: [_line("-", pair.before)]),
        ("reworded", versions.reworded, lambda pair: [_line("-", pair.before), _line("+", pair.after)]),
        ("tagged differently", versions.retagged, lambda pair: [_line(" ", pair.after), _tags(pair)]),
        ("moved", versions.moved, lambda pair: [_line(" ", pair.after)]),
    ]
    same = sum(pair.change == "kept" for pair in versions.pairs)
    counts = [f"{len(pairs)} {name}" for name, pairs, _ in groups if pairs]
    console.print(f"{', '.join(counts) or 'nothing changed'}; {same} in the same words", style="dim", highlight=False)
    for name, pairs, lines in groups:
        if pairs:
            console.print(f"\n  [bold]{name.capitalize()}[/bold]", highlight=False)
        for pair in pairs[:_SHOWN]:
            for line in lines(pair):
                console.print(Padding(line, (0, 0, 0, 2), expand=False), highlight=False)
        if len(pairs) > _SHOWN:
            console.print(f"    [dim]and {len(pairs) - _SHOWN} more[/dim]", highlight=False)


def _line(sign: str, statement: Statement | None) -> Table:
    """A statement behind its sign, in the colour of its polarity, which is also said."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    if statement is not None:
        style = STYLES[Polarity(statement.polarity)]
        grid.add_row(sign, f"{escape(statement.text)} [{style}]({statement.polarity})[/]")
    return grid


def _tags(pair: Pair) -> Table:
    """Each label that differs, before and after."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    for label in LABELS:
        if label in pair.retagged:
            grid.add_row(" ", f"[dim]{label}: {_value(pair.before, label)} → {_value(pair.after, label)}[/dim]")
    return grid


def _value(statement: Statement | None, label: str) -> str:
    value = getattr(statement, label)
    return (", ".join(map(str, value)) if isinstance(value, tuple) else str(value or "")) or "none"


def show_band(profile: BandProfile, console: Console) -> None:
    """Print where the evidence differs from that of written reports with the score, and with the next."""
    console.print(f"\n[bold]{escape(profile.name)}[/bold]", highlight=False)
    about = f"beside {profile.reports} written reports that score {profile.score} ({SCORE_LABELS[profile.score].lower()})"
    console.print(about, style="dim", highlight=False)
    console.print(f"\n{profile.caveat}", highlight=False)
    console.print()
    if profile.outside:
        console.print(_measures(f"Outside their middle half ({len(profile.outside)} of {len(profile.measures)})", profile.outside))
    else:
        console.print(f"All {len(profile.measures)} measures lie in their middle half.", highlight=False)
    more = profile.towards_next
    if profile.next_reports:
        console.print()
        if more:
            console.print(
                _measures(f"What the {profile.next_reports} reports that score {profile.score + 1} have more or less of", more, above=True)
            )
        else:
            text = f"The {profile.next_reports} reports that score {profile.score + 1} have clearly more or less of nothing."
            console.print(text, highlight=False)
    console.print(
        "\n[dim]In percent of all statements of a document. Difference is not fault:\nread the statements before you act on one.[/dim]"
    )


def _measures(title: str, measures: Sequence[Measure], *, above: bool = False) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, title_style="bold")
    table.add_column("Share of statements", max_width=42)
    table.add_column("Here", justify="right", no_wrap=True)
    table.add_column("Middle half", justify="right", no_wrap=True)
    table.add_column("They have" if above else "It lies", no_wrap=True)
    for measure in measures[: 2 * _SHOWN]:
        middle: Middle = (above and measure.above) or measure.band
        unit = "" if measure.name == "number" else "%"
        spread = f"{middle.lower:.0f}-{middle.upper:.0f}{unit}"
        table.add_row(escape(measure.label), f"{measure.value:.0f}{unit}", spread, measure.next if above else measure.place)
    left = len(measures) - 2 * _SHOWN
    if left > 0:
        table.add_row(f"[dim]and {left} more[/dim]", "", "", "")
    return table
