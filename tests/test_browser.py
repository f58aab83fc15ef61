"""The HTML report in a real browser: skipped where none is installed."""

from __future__ import annotations

import shutil

import pytest
from conftest import EXAMPLES
from test_html import HOSTILE

import cqc_nlp
from cqc_nlp.corpus import summarise

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no browser found: install chromium to check the HTML report in it")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=BROWSER, args=["--disable-gpu", "--disable-background-networking"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("html")
    sources = {"draft": EXAMPLES / "marlbeck-draft.docx", "claims": EXAMPLES / "overclaiming-draft.md", "hostile": HOSTILE}
    for name, source in sources.items():
        cqc_nlp.assess(source, model="fast").to_html(folder / f"{name}.html")
    draft = cqc_nlp.assess(str(EXAMPLES / "marlbeck-draft.md"), model="fast")
    shown = (draft, draft.report, cqc_nlp.compare([draft, draft]), summarise(cqc_nlp.load_corpus("statements")))
    cells = "".join(one._repr_html_().replace("<details>", "<details open>") for one in shown)
    page = f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Notebook</title><main><h1>Notebook</h1>{cells}</main>'
    (folder / "notebook.html").write_text(page, encoding="utf-8")
    return folder


@pytest.fixture
def visit(browser, files):
    """Open one of the files; at the end no error may have been written and nothing asked of a network."""
    complaints, contexts = [], []

    def visit(name, **settings):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
        contexts.append(context)
        page = context.new_page()
        address = (files / f"{name}.html").as_uri()
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if request.url.split("#")[0] != address else None)
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.goto(address)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def shown(page):
    return page.locator("#document .st:visible").evaluate_all(
        "all => all.map(st => ({...st.dataset, text: st.querySelector('.words').textContent}))"
    )


def status(page):
    return page.locator("#shown").inner_text()


def test_filters_leave_what_was_asked_for(visit):
    page = visit("draft")
    everything = shown(page)
    assert status(page) == f"{len(everything)} of {len(everything)} statements shown"

    page.get_by_role("checkbox", name="Strength").uncheck()
    page.get_by_role("checkbox", name="Context").uncheck()
    left = [st for st in everything if st["polarity"] in ("shortfall", "plan")]
    assert shown(page) == left
    assert status(page) == f"{len(left)} of {len(everything)} statements shown"

    for theme in ("Unpaid carers", "Quality of services", "Workforce", "No theme"):
        page.get_by_role("checkbox", name=theme).uncheck()
    left = [st for st in left if "capacity" in st["themes"].split()]
    assert shown(page) == left

    page.get_by_label("Least confidence").fill("80")
    left = [st for st in left if float(st["confidence"]) >= 80]
    assert shown(page) == left
    assert left

    page.get_by_role("button", name="Show everything").click()
    playwright.expect(page.locator("#shown")).to_have_text(f"{len(everything)} of {len(everything)} statements shown")
    page.get_by_label("Section", exact=True).select_option("market")
    assert shown(page) == [st for st in everything if st["section"] == "market"]
    assert page.locator("#document h3:visible").count() == 1
    page.get_by_label("Whose evidence").select_option("people")
    assert shown(page) == [st for st in everything if st["section"] == "market" and st["source"] == "people"]


def test_a_search_finds_words_across_case_and_says_when_there_are_none(visit):
    page = visit("draft")
    everything = shown(page)
    page.get_by_label("Words in the statement").fill("HOMECARE")
    wanted = [st for st in everything if "homecare" in st["text"].lower()]
    playwright.expect(page.locator("#shown")).to_have_text(f"{len(wanted)} of {len(everything)} statements shown")
    assert shown(page) == wanted
    assert page.evaluate("CSS.highlights.get('search').size") == sum(st["text"].lower().count("homecare") for st in wanted)
    page.get_by_label("Words in the statement").fill("no such words")
    playwright.expect(page.locator("#nothing")).to_be_visible()
    assert shown(page) == []


def test_the_rest_of_the_text_can_stay(visit):
    page = visit("draft")
    page.get_by_label("Keep the text around them").check()
    page.get_by_role("checkbox", name="Strength").uncheck()
    assert page.locator("#document .st.out").count() == page.locator('#document .st[data-polarity="strength"]').count() > 0
    assert page.locator("#document .st:visible").count() == page.locator("#document .st").count()


def test_a_number_of_the_heat_map_shows_its_statements(visit):
    page = visit("draft")
    button = page.get_by_role("button", name="show shortfall, Capacity")
    count = int(button.inner_text())
    button.click()
    found = shown(page)
    assert len(found) == count
    assert all(st["polarity"] == "shortfall" and "capacity" in st["themes"] for st in found)


def test_the_keyboard_goes_from_statement_to_statement(visit):
    page = visit("draft")
    page.get_by_role("checkbox", name="Context").uncheck()
    page.get_by_role("button", name="Show everything").focus()
    page.keyboard.press("Tab")
    numbers = []
    for key in ("Enter", "ArrowDown", "ArrowDown", "ArrowUp", "End", "Home"):
        page.keyboard.press(key)
        numbers.append(page.evaluate("document.activeElement.closest('.st').id"))
    visible = page.locator("#document .st:visible").evaluate_all("all => all.map(st => st.id)")
    assert numbers == [visible[0], visible[1], visible[2], visible[1], visible[-1], visible[0]]
    assert page.locator("button.sign[tabindex='0']").count() == 1
    detail = page.locator("#detail-body")
    assert "This is the effect on the model, not on an inspector" in detail.inner_text()
    assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == f"{visible[0]}-words"
    page.keyboard.press("Escape")
    assert not detail.is_visible()


def test_the_first_stop_of_the_keyboard_leads_to_the_text(visit):
    page = visit("draft")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the text of the document"
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#text")).to_be_focused()


def test_a_finding_leads_to_its_statement_even_if_a_filter_hides_it(visit):
    page = visit("claims")
    link = page.locator(".quotes a").first
    target = page.locator(f"#document {link.get_attribute('href')}")
    page.get_by_label("Words in the statement").fill("no such words")
    playwright.expect(page.locator("#nothing")).to_be_visible()
    link.click()
    playwright.expect(target).to_be_visible()
    playwright.expect(target).to_be_in_viewport()
    playwright.expect(target.locator("button.sign")).to_be_focused()
    assert page.locator("#detail-body a").count() >= 1


def test_without_scripts_everything_can_still_be_read(visit):
    page = visit("draft", java_script_enabled=False)
    assert page.locator("#document .st").first.is_visible()
    assert page.locator("#detail").is_hidden()
    assert page.locator(".filters").is_hidden()
    assert page.locator("#document .tag").first.is_visible()


@pytest.mark.parametrize("name", ["draft", "claims", "hostile"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_runs_off_the_side(visit, name, width):
    page = visit(name, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_hostile_text_shows_as_text(visit):
    page = visit("hostile")
    words = page.locator("#document").text_content()
    assert "<script>alert(2)</script>" in words
    assert "onerror=" in words
    page.locator("#document button.sign").first.click()
    page.get_by_label("Words in the statement").fill("<script>")
    playwright.expect(page.locator("#document .st:visible")).to_have_count(1)


def barriers(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page).response
    assert found["passes"]
    return [
        (rule["id"], [node["html"][:120] for node in rule["nodes"][:3]])
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "width"), [("draft", 1280), ("claims", 390), ("hostile", 1280)])
def test_axe_finds_no_barrier(visit, name, width, scheme):
    page = visit(name, viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.locator("#document button.sign").first.click()
    assert barriers(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier_in_a_notebook(visit, scheme):
    page = visit("notebook", color_scheme=scheme)
    assert page.locator(".cqc").count() == 4
    assert barriers(page) == []
    light = page.locator(".cqc").first.evaluate("e => getComputedStyle(e).backgroundColor")
    page.evaluate("scheme => document.body.dataset.jpThemeLight = scheme === 'light' ? 'false' : 'true'", scheme)
    assert page.locator(".cqc").first.evaluate("e => getComputedStyle(e).backgroundColor") != light  # the notebook's word goes first
    assert barriers(page) == []


def test_print_needs_no_colour(visit):
    page = visit("draft")
    page.emulate_media(media="print")
    assert not page.locator(".rail").is_visible()
    for polarity, line in (("strength", "solid"), ("shortfall", "wavy"), ("plan", "dashed")):
        words = page.locator(f"#document .st.{polarity} .words").first
        assert words.evaluate("e => getComputedStyle(e).textDecorationStyle") == line
        assert words.evaluate("e => getComputedStyle(e).textDecorationLine") == "underline"
    assert page.locator("#document .st button.sign").first.is_visible()
