"""The documentation site builds without a warning and without a network, and leaves nothing public out."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from conftest import ROOT
from typer.main import get_command

import cqc_nlp
from cqc_nlp.cli import app
from cqc_nlp.review import CODES


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for package in ("sphinx", "furo", "myst_parser"):
        pytest.importorskip(package, reason="needs cqc-nlp[docs] to build the documentation site")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", str(out / "doctrees"), "-b", "html"]
    done = subprocess.run([*command, str(ROOT / "docs"), str(out / "html")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out / "html"


def test_every_page_is_built(site):
    pages = [path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts]
    assert len(pages) > 30
    for page in pages:
        built = site / page.relative_to(ROOT / "docs").with_suffix(".html")
        assert "<h1>" in built.read_text(encoding="utf-8"), page


def test_pages_load_nothing_from_elsewhere(site):
    for page in site.rglob("*.html"):
        loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"(?:https?:)?//[^\"]*\"", page.read_text(encoding="utf-8"))
        assert not loaded, page


def test_every_public_name_is_in_the_reference(site):
    text = "".join(page.read_text(encoding="utf-8") for page in (site / "reference").glob("*.html"))
    documented = {anchor.rpartition(".")[2] for anchor in re.findall(r'id="(?:module-)?(cqc_nlp\.[\w.]+)"', text)}
    assert set(cqc_nlp.__all__) - documented == {"__version__", "schema"}  # the types of schema stand where they are used


def test_every_command_is_in_the_reference():
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`cqc-nlp ([a-z][a-z -]*?)(?: [\[A-Z][^`]*)?`", page))
    commands = set()
    for name, command in get_command(app).commands.items():
        commands |= {f"{name} {inner}" for inner in command.commands} if hasattr(command, "commands") else {name}
    assert named == commands


def test_every_finding_of_a_review_is_explained():
    page = (ROOT / "docs" / "how-to" / "review.md").read_text(encoding="utf-8")
    assert {code for row in page.splitlines() if row.startswith("|") for code in re.findall(r"`([a-z-]+)`", row)} == set(CODES)


def test_every_place_names_the_same_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[(.+?)\]", changelog, flags=re.MULTILINE).group(1) == cqc_nlp.__version__
    assert f"version: {cqc_nlp.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
