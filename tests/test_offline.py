"""Nothing leaves the machine, nothing is left on it, and nothing quotes the draft."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import docx
import pytest
from render import to_pdf

SECRET = "Quillbrook"
TEXT = f"Unpaid carers in {SECRET} waited six months for a break.\n\nStaff in {SECRET} were well trained."

# Run in a process of its own: an audit hook cannot be taken off again.
USE = """
import json, logging, os, sys, tempfile, warnings

events, records = [], []

def audit(event, args):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname", "socket.bind"):  # which call nobody
        events.append((event, str(args[1:])))
        raise OSError("the network is forbidden")
    if event == "open" and isinstance(args[0], (str, bytes, os.PathLike)):
        path, mode, flags = args
        if set(mode or "") & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            events.append(("write", os.fsdecode(path)))
    if event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork"):
        events.append(("process", str(args)))

tempfile.gettempdir()  # it tries the folder with a file of its own
sys.addaudithook(audit)

make = logging.getLogRecordFactory()

def keep(*args, **kwargs):
    record = make(*args, **kwargs)
    records.append(record.getMessage() + str(record.exc_info))
    return record

logging.setLogRecordFactory(keep)
logging.root.setLevel(1)
drafts, out = sys.argv[1], sys.argv[2]

import cqc_nlp

for model in ("fast", "accurate"):
    for name in sorted(os.listdir(drafts)):
        for logger in logging.root.manager.loggerDict.values():
            if isinstance(logger, logging.Logger):
                logger.setLevel(1)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            (result,) = cqc_nlp.assess_many([os.path.join(drafts, name)], model=model)
        records += [str(warning.message) for warning in said]
        if isinstance(result, cqc_nlp.Failure):
            records.append(str(result))
            continue
        assert "QUILLBROOK" in result.report.text.upper(), name
        result.review(), result.explain(), result.to_frame(), result.to_json()
        for view in ("to_html", "to_docx"):
            if hasattr(result, view):
                getattr(result, view)(os.path.join(out, f"{model}-{name}-{view}." + view[3:]))
nlp = cqc_nlp.load("fast")
nlp("Unpaid carers in Quillbrook waited six months.")
print(json.dumps({"events": events, "records": records}))
cqc_nlp.load_corpus("reports")
print(json.dumps([event for event in events if event[0].startswith("socket")]))
"""


@pytest.fixture(scope="module")
def drafts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drafts")
    (folder / "a.txt").write_text(TEXT)
    (folder / "b.html").write_text("".join(f"<p>{paragraph}</p>" for paragraph in TEXT.split("\n\n")))
    (folder / "c.pdf").write_bytes(to_pdf(TEXT))
    document = docx.Document()
    for paragraph in TEXT.split("\n\n"):
        document.add_paragraph(paragraph)
    document.save(str(folder / "d.docx"))
    (folder / "e.pdf").write_bytes((folder / "c.pdf").read_bytes()[:-300])
    (folder / "f.docx").write_bytes(TEXT.encode())
    return folder


def use(drafts, tmp_path, *before):
    out, temporary = tmp_path / "out", tmp_path / "temporary"
    out.mkdir()
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "HF_HOME": str(tmp_path / "hub"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*before, sys.executable, "-c", USE, str(drafts), str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(temporary.iterdir()) == []
    return done


def test_nothing_calls_out_is_written_elsewhere_or_quotes_the_draft(drafts, tmp_path):
    done = use(drafts, tmp_path)
    first, calls = map(json.loads, done.stdout.splitlines())
    assert calls == []
    assert [event for event in first["events"] if event[0] != "write"] == []
    written = [path for kind, path in first["events"] if kind == "write" and path != os.devnull]
    assert [path for path in written if not path.startswith(str(tmp_path / "out"))] == []
    assert first["records"]  # the two broken files at least
    assert [record for record in first["records"] if SECRET in record] == []
    assert SECRET not in done.stderr


def test_it_works_where_there_is_no_network(drafts, tmp_path):
    cut = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*cut, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets no process be cut off from the network")
    use(drafts, tmp_path, *cut)
