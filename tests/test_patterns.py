from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqc_nlp import patterns
from cqc_nlp.corpus import labelled_reports
from cqc_nlp.patterns import Rule, lacks, prepare, requirements
from cqc_nlp.tagging import cues, measures
from cqc_nlp.tagging.numbers import compiled, rules


def library_rules() -> list[Rule]:
    """Rules of cues, measures and figures."""
    patterns = [
        *rules()["not_figures"],
        *rules()["kinds"].values(),
        *rules()["parts"].values(),
        *rules()["sources"].values(),
        rules()["any"],
    ]
    patterns += [pattern for pattern, _ in rules()["verdicts"]]
    return [*cues.rules().cues.values(), *(m.phrases for m in measures.measures().values()), *map(compiled, patterns)]


def test_a_rule_finds_what_its_expression_finds_in_every_statement():
    found = 0
    library = library_rules()
    for report in labelled_reports(splits=["test"])[:3]:
        for statement in report.statements:
            for rule in library:
                spans = [match.span() for match in rule.finditer(statement.text)]
                assert spans == [match.span() for match in rule.pattern.finditer(statement.text)], rule.pattern.pattern
                assert bool(rule.search(statement.text)) == bool(spans)
                found += len(spans)
    assert found > 500


TRICKY = [
    r"\b(?:no|not|none)\b",
    r"fall(?:s|en)?|(?:r[io]se|up) by \d+",
    r"(?:two|three)? ?carers? (?:and|or) staff",
    r"(?:a b|c){2} d",
    r"x?y?z?",
    r"[^a]b+",
    r"(?P<q>['’])s(?P=q)",
    r"\d{1,3}(?:,\d{3})+|half(?= of)",
    r"(?i:COUNCIL) of [A-Z]\w+",
    r"is|K",
    r"\bno\b.{0,9}\b(?:beds?|a-b)\b",
    r"n't\b|\bn't|%\b|\b%",
    r"(?:six|\d)\b[- ]years?[- ]old",
]


@pytest.mark.parametrize("pattern", TRICKY)
@given(data=st.data(), around=st.text(" abcsk’ſK1,\n", max_size=8))
def test_no_match_is_missed(pattern, data, around):
    (rule,) = prepare([re.compile(pattern, re.IGNORECASE)])
    text = around + data.draw(st.from_regex(rule.pattern)) + around
    for seen in (text, text.upper(), text.swapcase(), around):
        found, expected = rule.search(seen), rule.pattern.search(seen)
        assert (found and found.span()) == (expected and expected.span())
        assert rule.sub("-", seen) == rule.pattern.sub("-", seen)


def test_what_an_expression_requires():
    def needs(pattern: str) -> list[list[str]]:
        return [sorted(literals) for literals in requirements(re.compile(pattern))]

    assert needs(r"waited (?:six|\d+) (?:days|weeks)") == [["waited\0"], ["\0days", "\0weeks"], ["\\d", "six"]]
    assert needs(r"\w+ing?\b") == [["in\0", "ing\0"]]
    assert needs(r"(?:waited)?.*") == []


def test_a_text_lacks_what_it_must_hold():
    assert lacks(frozenset({"marlbeck"}), "Carers waited.")
    assert not lacks(frozenset({"marlbeck"}), "MARLBECK council")
    assert not lacks(None, "Carers waited.")


def test_without_pythons_own_reader_of_expressions_a_rule_is_always_tried(monkeypatch):
    monkeypatch.setattr(patterns, "_parser", None)
    assert requirements(re.compile("wait")) == []
    (rule,) = prepare([re.compile(r"wait(?:s|ed) \d+ weeks")])
    assert rule.search("Carers waited 6 weeks.").group() == "waited 6 weeks"
    assert rule.search("Carers were pleased.") is None
