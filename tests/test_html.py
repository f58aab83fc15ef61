from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files
from itertools import pairwise

import pytest
from bs4 import BeautifulSoup
from conftest import EXAMPLES
from typer.testing import CliRunner

import cqc_nlp
from cqc_nlp.cli import app
from cqc_nlp.corpus import summarise
from cqc_nlp.errors import CannotWrite
from cqc_nlp.schema import POLARITIES, THEMES
from cqc_nlp.views.passages import PassageKind, passages

HOSTILE = (
    "# <script>alert(1)</script> Council & “sons”\n\n"
    "## Ensuring quality of local services\n\n"
    "Carers waited </span></style></script><script>alert(2)</script> six months. "
    '<img src="https://example.org/x.png" onerror="alert(3)"> was not enough homecare for carers. '
    "People told us \u202ethat carers could not get\u202c a break \U0001f469\u200d\U0001f9bd. "
    "اشتكى مقدمو الرعاية من الانتظار. {{ 7 * 7 }} {% raw %} carers waited.\n\n"
    f"Providers said that {'homecare visits were late and ' * 140}nobody came.\n\n"
    "-->]]>&amp;&#60; Staff were well trained.\n"
)


@pytest.fixture(scope="module")
def draft():
    return cqc_nlp.assess(str(EXAMPLES / "marlbeck-draft.docx"), model="fast")


@pytest.fixture(scope="module")
def hostile():
    return cqc_nlp.assess(HOSTILE, model="fast")


@pytest.fixture(scope="module", params=["draft", "hostile"])
def assessment(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def page(assessment):
    return assessment.to_html()


@pytest.fixture(scope="module")
def soup(page):
    return BeautifulSoup(page, "lxml")


def squashed(text):
    return re.sub(r"[\s#]+", "", text)


def test_every_statement_stands_in_the_text_once_with_its_tags_and_offsets(assessment, soup):
    found = soup.select("#document .st")
    assert [(int(st["data-start"]), int(st["data-end"])) for st in found] == [(s.start, s.end) for s in assessment.statements]
    assert [st.select_one(".words").get_text() for st in found] == [s.text for s in assessment.statements]
    for st, statement in zip(found, assessment.statements, strict=True):
        assert st["data-polarity"] == statement.polarity
        assert st["data-themes"].split() == ([*map(str, statement.themes)] or ["none"])
        assert st["data-source"] == statement.source
        assert float(st["data-confidence"]) == pytest.approx(100 * statement.confidence, abs=0.06)


def test_the_text_is_all_there_and_in_order(assessment, soup):
    document = soup.select_one("#document")
    for mark in document.select("button.sign, .tag, #nothing"):
        mark.decompose()
    assert squashed(document.get_text()) == squashed(assessment.report.text)


def test_what_a_document_says_is_text_and_nothing_else(hostile):
    soup = BeautifulSoup(hostile.to_html(), "lxml")
    assert len(soup.select("script")) == 1
    assert "alert" not in soup.script.get_text()
    assert not soup.select("img, iframe, object, embed, link, base, form[action]")
    assert not [tag for tag in soup.find_all(True) for name in tag.attrs if name == "style" or name.startswith("on")]
    assert "{{ 7 * 7 }} {% raw %}" in soup.select_one("#document").get_text()
    assert "alert(1)" in soup.title.get_text()


def test_the_policy_allows_the_style_and_the_script_and_nothing_else(page, soup):
    policy = dict(
        rule.strip().split(" ", 1) for rule in soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"].split(";")
    )
    assert policy.pop("default-src") == policy.pop("base-uri") == policy.pop("form-action") == "'none'"
    for kind, element in (("script-src", "script"), ("style-src", "style")):
        inlined = re.search(rf"<{element}>(.*?)</{element}>", page, re.DOTALL).group(1)
        digest = base64.b64encode(hashlib.sha256(inlined.encode()).digest()).decode()
        assert policy.pop(kind) == f"'sha256-{digest}'"
    assert not policy


def test_it_asks_nothing_of_a_network(draft):
    page = draft.to_html()
    assert not re.search(r"https?:|//[a-z]|url\(|@import|\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon", page)
    assert all(a["href"].startswith("#") for a in BeautifulSoup(page, "lxml").select("a"))


def test_every_link_leads_somewhere_and_no_id_is_used_twice(soup):
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert len(ids) == len(set(ids))
    assert {a["href"].removeprefix("#") for a in soup.select("a")} <= set(ids)
    referred = [tag[key] for key in ("for", "aria-labelledby") for tag in soup.select(f"[{key}]")]
    assert {name if isinstance(name, str) else name[0] for name in referred} <= set(ids)


def test_headings_go_down_one_step_at_a_time(soup):
    levels = [int(heading.name[1]) for heading in soup.select("h1, h2, h3, h4, h5, h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_score_probabilities_and_prediction_set_are_said(draft):
    text = BeautifulSoup(draft.to_html(), "lxml").select_one("#score").get_text(" ", strip=True)
    for score, label in cqc_nlp.framework.SCORE_LABELS.items():
        assert f"{score} {label}" in text
    assert f"Predicted score: {draft.score}" in text
    assert "Caution" not in text
    bars = BeautifulSoup(draft.to_html(), "lxml").select("#score rect.fill")
    assert [float(bar["width"]) for bar in bars] == pytest.approx((100 * draft.probabilities).tolist(), abs=0.01)
    assert sum("inside" in bar["class"] for bar in bars) == len(draft.prediction_set())


def test_what_if_is_the_change_without_the_statement(draft):
    found = BeautifulSoup(draft.to_html(), "lxml").select("#document .st")
    for position in (0, 5, len(found) - 1):
        assert float(found[position]["data-without"]) == pytest.approx(draft.what_if(remove=[position]).change, abs=1e-4)


def test_a_copy_says_that_it_is_not_counted():
    sentence = "Carers told us that they waited six months for an assessment and that nobody rang them back."
    made = cqc_nlp.assess(f"{sentence}\n\nHomecare was easy to find.\n\n{sentence}", model="fast")
    found = BeautifulSoup(made.to_html(), "lxml").select("#document .st")
    assert [st.has_attr("data-without") for st in found] == [True, True, False]
    assert "repeated, not counted" in found[2].get_text()


def test_heat_maps_count_what_is_counted(draft):
    soup = BeautifulSoup(draft.to_html(), "lxml")
    theme, section = (
        {(cell["data-key"], cell["data-polarity"]): int(cell.get_text()) for cell in table.select("td.shade")}
        for table in soup.select(".heat")
    )
    counted = [s for s in draft.statements if not s.repeated]
    for polarity in POLARITIES:
        for name in THEMES:
            assert theme[name, polarity] == sum(s.polarity == polarity and name in s.themes for s in counted)
        assert sum(n for (_, p), n in section.items() if p == polarity) == sum(s.polarity == polarity for s in counted)


def test_contributions_by_section_add_up_to_where_the_report_stands(draft):
    tables = BeautifulSoup(draft.to_html(), "lxml").select(".bars")
    explanation = draft.explain()
    for table in tables:
        values = [float(cell.get_text().replace("−", "-")) for cell in table.select("td.number")]
        assert sum(values) == pytest.approx(explanation.latent - explanation.start, abs=0.05)


def test_findings_of_the_review_link_to_their_statements():
    made = cqc_nlp.assess(str(EXAMPLES / "overclaiming-draft.md"), model="fast")
    soup = BeautifulSoup(made.to_html(), "lxml")
    findings = made.review()
    shown = soup.select(".findings > li")
    assert [li.h3.get_text() for li in shown] == [finding.title for finding in findings]
    for number, (li, finding) in enumerate(zip(shown, findings, strict=True), start=1):
        linked = [soup.select_one(a["href"]) for a in li.select("a")]
        assert [int(st["data-start"]) for st in linked] == [s.start for s in finding.statements]
        assert all(str(number) in st["data-findings"].split() for st in linked)


def test_a_text_that_is_no_assessment_carries_a_caution():
    recipe = "Fry the onions until golden and soft. Whisk four eggs with the milk. Fold the flour in slowly and bake the dish for an hour."
    with pytest.warns(cqc_nlp.errors.NotAnAssessment):
        made = cqc_nlp.assess(recipe, model="fast")
    assert made.caution in BeautifulSoup(made.to_html(), "lxml").select_one(".caution").get_text()
    assert made.caution in BeautifulSoup(made._repr_html_(), "lxml").select_one(".caution").get_text()


def test_many_headings_of_ones_own_share_a_row():
    text = "".join(f"# Heading number {n}\n\nCarers waited {n + 2} months for a break.\n\n" for n in range(14))
    made = cqc_nlp.assess(text, model="fast")
    soup = BeautifulSoup(made.to_html(), "lxml")
    assert [th.get_text() for th in soup.select('.heat[data-by="section"] tbody th')] == ["Other headings"]
    assert len(soup.select("#document h3")) == 14


def test_real_reports_are_shown_whole(real_report):
    made = cqc_nlp.assess(real_report, model="fast")
    soup = BeautifulSoup(made.to_html(), "lxml")
    assert [st.select_one(".words").get_text() for st in soup.select("#document .st")] == [s.text for s in made.statements]
    assert squashed("".join(p.text for p in passages(made.report, made.statements))) == squashed(made.report.text)
    headings = [p.text for p in passages(made.report, made.statements) if p.kind is PassageKind.HEADING]
    assert headings == [section.heading for section in made.report.sections if section.heading]


@pytest.mark.parametrize("name", ["marlbeck-draft.pdf", "marlbeck-draft.html", "marlbeck-draft.txt", "candid-draft.md"])
def test_passages_lose_nothing_whatever_the_format(name):
    report = cqc_nlp.read(EXAMPLES / name)
    assert squashed("".join(passage.text for passage in passages(report, ()))) == squashed(report.text)


def test_a_file_is_written_and_the_document_itself_never(draft, tmp_path):
    out = tmp_path / "out.html"
    page = draft.to_html(out)
    assert out.read_bytes() == page.encode()
    with pytest.raises(CannotWrite, match="there is no folder"):
        draft.to_html(tmp_path / "nowhere" / "out.html")
    with pytest.raises(CannotWrite, match="this is a folder"):
        draft.to_html(tmp_path)
    source = tmp_path / "draft.html"
    source.write_text("<p>Carers waited six months for a break.</p>")
    with pytest.raises(CannotWrite, match="never overwritten"):
        cqc_nlp.assess(source, model="fast").to_html(source)
    assert source.read_text() == "<p>Carers waited six months for a break.</p>"


def run(*arguments):
    return CliRunner().invoke(app, ["assess", *map(str, arguments), "--model", "fast"])


def test_the_command_writes_one_file_or_a_folder_of_them(tmp_path):
    one = tmp_path / "one.html"
    result = run(EXAMPLES / "marlbeck-draft.md", "--html", one)
    assert result.exit_code == 0
    assert "score" in result.stdout
    assert "Marlbeck" in one.read_text(encoding="utf-8")
    many = tmp_path / "many"
    assert run(EXAMPLES / "marlbeck-draft.md", EXAMPLES / "marlbeck-draft.txt", EXAMPLES / "candid-draft.md", "--html", many).exit_code == 0
    assert sorted(path.name for path in many.iterdir()) == ["candid-draft.html", "marlbeck-draft.md.html", "marlbeck-draft.txt.html"]


def test_the_command_refuses_what_cannot_be(tmp_path):
    first, second = tmp_path / "a.html", tmp_path / "b.md"
    first.write_text("<p>Carers waited six months for a break.</p>")
    second.write_text("Carers waited six months for a break.")
    for arguments, words in (
        ([first, second, "--html", tmp_path / "out.html"], "name a folder"),
        ([first, second, "--html", tmp_path], "would be overwritten"),
        ([second, "--html", tmp_path / "nowhere" / "out.html"], "is no folder"),
        ([second, "--html", tmp_path / "out.html", "--json"], "choose one of"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2
        assert words in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.md"]


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_palette_can_be_read_by_everyone(mode):
    palette = json.loads(files("cqc_nlp").joinpath("data/palette.json").read_text(encoding="utf-8"))
    page = palette["page"][mode]
    assert set(palette["polarities"]) == set(POLARITIES)
    assert len({colours["sign"] for colours in palette["polarities"].values()}) == len(POLARITIES)
    for colours in (entry[mode] for entry in palette["polarities"].values()):
        assert contrast(colours["ink"], colours["fill"]) >= 7
        assert contrast(page["text"], colours["fill"]) >= 7
        assert contrast(page["quiet"], colours["fill"]) >= 4.5
        assert min(contrast(colours["mark"], page[ground]) for ground in ("paper", "panel")) >= 3
    for name, least in (("text", 7), ("quiet", 4.5), ("link", 4.5), ("edge", 3), ("focus", 3)):
        assert min(contrast(page[name], page[ground]) for ground in ("paper", "panel")) >= least


def test_notebook_displays_are_plain_and_safe(hostile):
    corpus = cqc_nlp.load_corpus("statements")
    comparison = cqc_nlp.compare([hostile, cqc_nlp.assess(HOSTILE.replace("late", "early"), model="fast")])
    for shown in (hostile, hostile.report, comparison, summarise(corpus)):
        display = BeautifulSoup(shown._repr_html_(), "lxml")
        assert not display.select("script, img, iframe, link, [style], [onerror]")
        assert not display.select(".cqc .cqc")
        assert "https:" not in str(display.style)


def test_a_notebook_shows_the_score_the_evidence_and_the_text(draft):
    display = BeautifulSoup(draft._repr_html_(), "lxml")
    assert [float(bar["width"]) for bar in display.select("rect.fill")] == pytest.approx((100 * draft.probabilities).tolist(), abs=0.01)
    assert [st.select_one(".words").get_text() for st in display.select(".st")] == [s.text for s in draft.statements]
    assert all(st["title"].startswith(s.polarity) for st, s in zip(display.select(".st"), draft.statements, strict=True))
    assert {str(p) for p in POLARITIES} <= set(display.select_one(".legend").get_text(" ", strip=True).split())


def test_a_notebook_shows_the_beginning_of_a_long_text():
    made = cqc_nlp.assess("\n\n".join(f"Carers waited {n} weeks for a break in the year {n}." for n in range(2, 300)), model="fast")
    display = BeautifulSoup(made._repr_html_(), "lxml")
    shown = [st.select_one(".words").get_text() for st in display.select(".st")]
    assert 10 < len(shown) < len(made.statements)
    assert shown == [s.text for s in made.statements[: len(shown)]]
    assert "to_html" in display.get_text()


def test_the_corpus_is_summed_up():
    corpus = cqc_nlp.load_corpus("statements")
    summary = summarise(corpus)
    assert [split.rows for split in summary.splits] == [len(rows) for rows in corpus.values()]
    for split in summary.splits:
        assert sum(split.polarities.values()) == split.rows
        assert f"{split.rows:,}" in summary._repr_html_()
        assert f"{split.rows:,}" in repr(summary)
    assert summarise(cqc_nlp.load_corpus("reports")).splits[0].polarities == {}
