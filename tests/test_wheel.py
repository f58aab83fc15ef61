from __future__ import annotations

import os
import subprocess
import sys

from conftest import ROOT


def test_the_wheel_works_in_an_empty_folder(tmp_path):
    """Built, unpacked and used where no checkout is: the models and the corpus come with it."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    wheel = next(tmp_path.glob("cqc_nlp-*.whl"))
    site = tmp_path / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], check=True)
    code = (
        "import cqc_nlp, pathlib; home = pathlib.Path(cqc_nlp.__file__).parent; print(home);"
        "made = cqc_nlp.assess('Carers could not get a break.', model='fast'); print(made.statements[0].polarity);"
        "print('Carers could not get a break.' in made.to_html(), bool(made._repr_html_()));"
        "print(len(cqc_nlp.load_corpus('reports')['train']) > 100, (home / 'py.typed').exists())"
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=empty, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=True
    )
    home, polarity, pages, rest = done.stdout.splitlines()
    assert home == str(site / "cqc_nlp")
    assert polarity == "shortfall"
    assert pages == "True True"
    assert rest == "True True"
