"""The command line: a thin shell over the library."""

from __future__ import annotations

import csv
import signal
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from cqc_nlp.models import DEFAULT

if TYPE_CHECKING:
    from cqc_nlp.assessment import Assessment

app = typer.Typer(
    help="Read, tag and score assessments of adult social care. Everything stays on this machine.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="Shipped models and model folders.", no_args_is_help=True)
corpus_app = typer.Typer(help="Labelled data.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.add_typer(corpus_app, name="corpus")

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Reports or drafts: .txt, .md, .html, .docx or .pdf.")]
Model = Annotated[str, typer.Option("--model", "-m", help="A shipped model or a model folder.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Processes that work at once; -1 for one a core.")]
Corpus = Annotated[Path | None, typer.Option("--corpus", help="Corpus folder; the shipped one if left out.")]
Library = Annotated[Path, typer.Option("--library", help="Folder of your own reports.")]


@app.command()
def assess(
    files: Files,
    model: Model = DEFAULT,
    json_: Annotated[bool, typer.Option("--json", help="JSON: one document for one file, one line a file for several.")] = False,
    csv_: Annotated[
        Path | None, typer.Option("--csv", metavar="OUT", help="Write one row a statement to this CSV file; - for the standard output.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="OUT", help="Write a report to read in a browser; for several files OUT is a folder.")
    ] = None,
    docx: Annotated[
        Path | None,
        typer.Option("--docx", metavar="OUT", help="Write a Word file with marks and comments; for several files OUT is a folder."),
    ] = None,
    jobs: Jobs = 1,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume",
            metavar="FOLDER",
            help="Keep the labels of each report, not its text, in this folder, and take those that it has: "
            "after an interrupt the same command goes on.",
        ),
    ] = None,
) -> None:
    """Tag the statements of reports or drafts and predict the score of each.

    Exit status: 0 if every file was assessed, 1 if one failed, 2 for a mistake in the call.
    """
    if sum(map(bool, (json_, csv_, html, docx))) > 1:
        _usage("choose one of --json, --csv, --html and --docx")
    if csv_ and str(csv_) != "-" and not csv_.parent.is_dir():
        _usage(f"{csv_.parent} is no folder; make it first or name another file for --csv")
    places = _places(files, html, ".html", "--html") if html else _places(files, docx, ".docx", "--docx") if docx else {}
    failures: list[str] = []
    with _Errors():
        results = _assessed(files, model, jobs, "Assessing", failures, resume)
        if csv_:
            _write_csv(results, csv_)  # takes all of them
        for result in results:
            if result.report.path in places:
                place = places[result.report.path]
                (result.to_html if html else result.to_docx)(place)
                typer.echo(f"{result.report.name}: score {result.score}, report in {place}")
            elif json_:
                _say_json(result.to_json(indent=1) if len(files) == 1 else result.to_json())
            else:
                from cqc_nlp.views.console import show
                from cqc_nlp.views.terminal import terminal

                show(result, terminal())
    raise typer.Exit(1 if failures else 0)


@app.command()
def review(
    files: Files,
    model: Model = DEFAULT,
    json_: Annotated[bool, typer.Option("--json", help="JSON: one document for one file, one line a file for several.")] = False,
    without: Annotated[list[str] | None, typer.Option("--without", metavar="CODE", help="A finding to leave out; may be repeated.")] = None,
    jobs: Jobs = 1,
) -> None:
    """Say what a critical friend would ask about reports or drafts: what is missing, unsupported or unclear.

    Exit status: 0 if every file was reviewed, whatever was found, 1 if one failed, 2 for a mistake in the call.
    """
    import json

    from cqc_nlp.review import CODES

    left_out = without or []
    for code in left_out:
        if code not in CODES:
            _usage(f"there is no finding {code!r} to leave out; choose among {', '.join(CODES)}")
    failures: list[str] = []
    with _Errors():
        for result in _assessed(files, model, jobs, "Reviewing", failures):
            findings = result.review(without=left_out)
            if json_:
                from cqc_nlp.views.plain import finding_dict

                document = {"name": result.report.name, "review": [finding_dict(finding) for finding in findings]}
                _say_json(json.dumps(document, ensure_ascii=False, indent=1 if len(files) == 1 else None))
            else:
                from cqc_nlp.views.review import show
                from cqc_nlp.views.terminal import terminal

                show(result.report, findings, terminal())
    raise typer.Exit(1 if failures else 0)


@app.command()
def compare(
    files: Files,
    model: Model = DEFAULT,
    json_: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
    band: Annotated[
        bool, typer.Option("--band", help="Set each file beside the written reports of the corpus with its predicted score instead.")
    ] = False,
    score: Annotated[int | None, typer.Option("--score", min=1, max=4, help="With --band: the score to set it beside.")] = None,
    jobs: Jobs = 1,
) -> None:
    """Set drafts side by side: scores, evidence, and what changed from each version to the next.

    Exit status: 0 if every file was compared, 1 if one failed, 2 for a mistake in the call.
    """
    import json

    if len(files) < 2 and not band:
        _usage("name two or more files to compare, the earliest version first, or add --band to set one beside the reports of its score")
    if score and not band:
        _usage("--score goes with --band; add --band or leave it out")
    failures: list[str] = []
    with _Errors():
        results = list(_assessed(files, model, jobs, "Comparing", failures))
        if json_ and band:
            for result in results:
                _say_json(json.dumps(result.band_profile(score).to_dict(), ensure_ascii=False, indent=1 if len(files) == 1 else None))
        elif json_ and len(results) > 1:
            from cqc_nlp.comparison import compare as side_by_side

            _say_json(side_by_side(results).to_json(indent=1))
        elif not json_ and (band or len(results) > 1):
            from cqc_nlp.comparison import compare as side_by_side
            from cqc_nlp.views.comparison import show, show_band
            from cqc_nlp.views.terminal import terminal

            if band:
                for result in results:
                    show_band(result.band_profile(score), terminal())
            else:
                show(side_by_side(results), terminal())
    if not band and len(results) < 2:
        _complain("fewer than two files could be read, so there is nothing to compare")
    raise typer.Exit(1 if failures else 0)


@app.command()
def train(
    model: Annotated[str, typer.Option("--model", "-m", help="Which recipe: fast or accurate (needs cqc-nlp[train]).")] = "fast",
    out: Annotated[Path | None, typer.Option("--out", help="Model folder to write; models/NAME if left out.")] = None,
    corpus: Corpus = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", help="For accurate: folder or hub name of a sentence encoder; all-MiniLM-L6-v2 if left out.")
    ] = None,
    add: Annotated[
        Path | None, typer.Option("--add", metavar="LIBRARY", help="Learn from the checked statements of a library, too; needs --out.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="FOLDER", help="For accurate: keep its network there, to fine-tune it further.")
    ] = None,
) -> None:
    """Train a model on the corpus and write its folder.

    With --add, say what the library gains on authorities of it that were held out.
    """
    import json

    from cqc_nlp.experiments.training import DEFAULT_ENCODER, MODELS
    from cqc_nlp.experiments.training import train as run

    if model not in MODELS:
        _usage(f"there is no recipe {model!r}; choose one of {', '.join(MODELS)}")
    if add and out is None:
        _usage("name a folder for the model with --out: the model that was shipped stays as it is")
    if keep and model != "accurate":
        _usage(f"{model} has no network to keep; --keep goes with --model accurate")
    with _Errors():
        place, say = out or Path("models") / model, lambda line: typer.echo(line, err=True)
        if add:
            from cqc_nlp.experiments.adaptation import train_with_library

            metrics = train_with_library(model, place, add, corpus, encoder or DEFAULT_ENCODER, say, keep)
        else:
            metrics = run(model, place, corpus, encoder or DEFAULT_ENCODER, say, keep=keep)
    typer.echo(json.dumps(metrics, indent=1))


@app.command()
def evaluate(
    model: Model = DEFAULT,
    corpus: Corpus = None,
    scorers: Annotated[bool, typer.Option("--scorers", help="Compare the ordinal model with its nearest alternatives instead.")] = False,
    draws: Annotated[int, typer.Option("--draws", min=10, help="Bootstrap samples for the intervals.")] = 1000,
    csv_: Annotated[Path | None, typer.Option("--csv", metavar="OUT", help="Write every figure to this CSV file.")] = None,
) -> None:
    """Say how predicted scores agree with given ones, on authorities that the model has not seen.

    Intervals are of 95%, by bootstrap over authorities.
    """
    from cqc_nlp.experiments.scores import compare_scorers, evaluate_scores
    from cqc_nlp.views.evaluation import show
    from cqc_nlp.views.terminal import terminal

    with _Errors():
        frame = compare_scorers(model, corpus) if scorers else evaluate_scores(model, corpus, draws)
        show(frame, terminal())
        if csv_:
            frame.to_csv(csv_)


@app.command("compare-models")
def compare_models(
    configuration: Annotated[Path, typer.Argument(metavar="CONFIG", help="What to compare, as YAML; see examples/experiments.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="Results folder; results/NAME if left out.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Take the runs that the folder has already and make the others.")] = False,
    jobs: Jobs = 1,
) -> None:
    """Compare methods on labelled texts, with no authority on both sides of a split.

    Every run is kept in the results folder as soon as it is done: after an interrupt, --resume goes on.
    """
    from cqc_nlp.experiments import load_configuration, run
    from cqc_nlp.views.experiment import show
    from cqc_nlp.views.terminal import terminal

    with _Errors():
        settings = load_configuration(configuration)
        folder = out or Path("results") / settings.name
        results = run(settings, folder, resume=resume, n_jobs=jobs, progress=True)
        show(results, terminal())
        typer.echo(f"{len(results.runs)} runs, {results.record['made_now']} of them made now; everything is in {folder}")


@models_app.command("list")
def models_list() -> None:
    """The shipped models."""
    from cqc_nlp import models

    for name in models.available():
        with _Errors():
            description = models.verify(name)
        tags, scores = description["metrics"]["test"], description["metrics"]["test_scores"]
        typer.echo(f"{name}: polarity macro-F1 {tags['polarity_macro_f1']}, score QWK {scores['qwk']} (corpus test split)")


@models_app.command("verify")
def models_verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL]...", help="Names or folders; all shipped models if left out.")
    ] = None,
) -> None:
    """Check model folders against their SHA-256 sums."""
    from cqc_nlp import models
    from cqc_nlp.errors import ModelError

    failed = False
    for name in names or models.available():
        try:
            description = models.verify(name)
            typer.echo(f"{name}: sound ({len(description['files'])} files)")
        except ModelError as error:
            failed = True
            _complain(str(error))
    raise typer.Exit(1 if failed else 0)


@corpus_app.command("import")
def corpus_import(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Labelled reports or contrast groups, one sentence a line, or files of a tool.")
    ],
    corpus: Annotated[Path, typer.Option("--corpus", "--library", help="Corpus or library folder to add to.")] = Path("corpus"),
    format_: Annotated[
        str | None, typer.Option("--format", help="label-studio, prodigy, doccano or docbin; told from the file if left out.")
    ] = None,
) -> None:
    """Add labelled reports to a corpus folder: one sentence a line, or from an annotation tool."""
    from cqc_nlp.corpus import exchange, library, lines

    if format_:
        _known_format(format_)
    with _Errors():
        tools = [file for file in files if format_ or exchange.format_of(file)]
        corrected = [file for file in files if file not in tools and library.is_lines_of_suggestions(file)]
        written = [file for file in files if file not in (*tools, *corrected)]
        if tools:
            reports, statements = exchange.add(tools, corpus, format_)
            typer.echo(f"{reports} reports with {statements} labelled statements added to {corpus}")
        for file in corrected:
            typer.echo(f"{library.Library(corpus).correct(file)} statements checked in {corpus}")
        if written:
            reports, groups = lines.add(written, corpus)
            typer.echo(f"{reports} reports and {groups} contrast groups added to {corpus}")


@corpus_app.command("export")
def corpus_export(
    format_: Annotated[str, typer.Argument(metavar="FORMAT", help="label-studio, prodigy, doccano or docbin.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write: .json for label-studio, .spacy for docbin, else .jsonl.")],
    corpus: Annotated[
        Path | None, typer.Option("--corpus", "--library", help="Corpus or library folder; the shipped corpus if left out.")
    ] = None,
    reports: Annotated[list[str] | None, typer.Option("--report", metavar="ID", help="Only this report; may be repeated.")] = None,
) -> None:
    """Write labelled reports for an annotation tool; `corpus import` brings them back."""
    from cqc_nlp.corpus import exchange, labelled_reports

    _known_format(format_)
    with _Errors():
        found = labelled_reports(corpus, suggested=True)
        unknown = sorted(set(reports or ()) - {report.id for report in found})
        if unknown:
            _usage(f"there is no report {unknown[0]!r} in the corpus; look at its file names")
        chosen = [report for report in found if not reports or report.id in reports]
        exchange.export(format_, chosen, out)
    beside = f", with the labelling configuration in {out.with_suffix('.xml')}" if format_ == "label-studio" else ""
    typer.echo(f"{len(chosen)} reports with {sum(len(r.statements) for r in chosen)} statements written to {out}{beside}")


@corpus_app.command("add")
def corpus_add(
    files: Files,
    library: Library,
    model: Model = DEFAULT,
    score: Annotated[int | None, typer.Option("--score", min=1, max=4, help="The published score, where a report prints none.")] = None,
    authority: Annotated[str | None, typer.Option("--authority", help="The authority, where a report does not name it.")] = None,
) -> None:
    """Read published reports into a library of your own, with labels suggested for correction.

    The library is a folder on this machine. Exit status: 0 if every file was added, 1 if one was not.
    """
    from cqc_nlp.corpus.library import Library as Reports
    from cqc_nlp.errors import CorpusError

    failures: list[str] = []
    with _Errors():
        for result in _assessed(files, model, 1, "Reading", failures):
            try:
                added = Reports(library).add(result, score=score, authority=authority)
            except CorpusError as error:
                _complain(str(error))
                failures.append(result.report.name)
            else:
                typer.echo(f"{added.id}: {added.authority}, score {added.score}, {len(added.statements)} statements to check")
    raise typer.Exit(1 if failures else 0)


@corpus_app.command("suggest")
def corpus_suggest(
    library: Library,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many statements.")] = 50,
    model: Model = DEFAULT,
    format_: Annotated[str, typer.Option("--format", help="lines, or label-studio, prodigy, doccano or docbin with --out.")] = "lines",
    out: Annotated[Path | None, typer.Option("--out", metavar="OUT", help="File to write; the standard output if left out.")] = None,
) -> None:
    """Say which statements of a library to label next: those that the model is unsure of, and unlike each other.

    Correct the lines, or the tasks in your tool, and bring them back with `cqc-nlp corpus import FILE --library FOLDER`.
    """
    from cqc_nlp.corpus.library import Library as Reports

    if format_ != "lines":
        _known_format(format_)
        if out is None:
            _usage(f"name a file to write for {format_} with --out")
    with _Errors():
        suggestions = Reports(library).suggest(count, model)
        if not suggestions:
            _complain(f"{library}: every statement has been checked, or there is no report yet; add some with `cqc-nlp corpus add`")
        elif format_ == "lines":
            text = "".join(f"{suggestion}\n" for suggestion in suggestions)
            if out is None:
                typer.echo(text, nl=False)
            else:
                out.write_text(text, encoding="utf-8")
        elif out is not None:
            Reports(library).export(format_, suggestions, out)
    if suggestions and out is not None:
        typer.echo(f"{len(suggestions)} statements written to {out}")


@corpus_app.command("validate")
def corpus_validate(
    corpus: Corpus = None,
    against: Annotated[Path | None, typer.Option("--against", help="Folder of .txt files whose wording must not be in the corpus.")] = None,
) -> None:
    """Check format, labels, splits and duplicates; exit status 1 if something is wrong."""
    from cqc_nlp.corpus.validation import validate

    findings = validate(corpus, against)
    for finding in findings:
        typer.echo(finding)
    typer.echo(f"{len(findings)} findings" if findings else "The corpus is sound.")
    raise typer.Exit(1 if findings else 0)


@corpus_app.command("stats")
def corpus_stats(
    corpus: Corpus = None,
    beside: Annotated[
        Path | None, typer.Option("--beside", help="Folder of labelled texts (NAME.txt with NAME.tsv) to set beside the corpus.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="OUT", help="Write a plot of the polarities (needs cqc-nlp[plot]).")
    ] = None,
) -> None:
    """Figures of the corpus as a table, by score and kind of report."""
    from cqc_nlp.corpus.statistics import corpus_statistics

    with _Errors():
        figures = corpus_statistics(corpus, beside)
    typer.echo(figures.to_string())
    if plot:
        from cqc_nlp.plots import polarity_mix

        with _Errors():
            polarity_mix(figures).figure.savefig(plot, dpi=150, bbox_inches="tight")  # type: ignore[union-attr]


@corpus_app.command("agreement")
def corpus_agreement(
    first: Annotated[Path, typer.Argument(help="One reading: corpus JSON Lines, or lines of ID|polarity|also|themes|source.")],
    second: Annotated[Path, typer.Argument(help="Another reading of the same statements.")],
    confusion: Annotated[bool, typer.Option("--confusion", help="Also count which answer of one meets which of the other.")] = False,
) -> None:
    """Cohen's kappa and Krippendorff's alpha of two readings, by question and label."""
    from cqc_nlp.corpus import agreement

    with _Errors():
        readings = agreement.read_labels(first), agreement.read_labels(second)
        tables = [agreement.agreement(*readings).to_string(na_rep="-")]
        if confusion:
            tables += [
                f"{question}: {first} (rows) and {second} (columns)\n{agreement.confusion(*readings, question).to_string()}"
                for question in ("polarity", "source")
            ]
    typer.echo("\n\n".join(tables))


@corpus_app.command("learning-curve")
def corpus_learning_curve(
    corpus: Corpus = None,
    beside: Annotated[
        Path | None, typer.Option("--beside", help="Folder of labelled texts (NAME.txt with NAME.tsv) to measure on as well.")
    ] = None,
    draws: Annotated[int, typer.Option("--draws", help="How many parts of each size are drawn and averaged.")] = 3,
) -> None:
    """Figures of the fast tagger trained on 25%, 50% and 100% of the corpus, with and without contrast groups."""
    from cqc_nlp.experiments.learning_curve import learning_curve

    with _Errors():
        table = learning_curve(corpus, beside, draws=draws, say=lambda line: typer.echo(line, err=True))
    typer.echo(table.to_string())


def _write_csv(assessments: Iterable[Assessment], out: Path) -> None:
    """One row a statement, written as reports come; an older file stays as it is until the first of them is there."""
    from cqc_nlp.errors import CannotWrite

    try:
        with ExitStack() as stack:
            target: Any = None
            for number, assessment in enumerate(assessments):
                if target is None:
                    target = sys.stdout if str(out) == "-" else stack.enter_context(out.open("w", encoding="utf-8-sig", newline=""))
                frame = assessment.to_frame()
                frame.insert(0, "score", assessment.score)
                frame.insert(0, "file", assessment.report.name)
                target.write(frame.map(_harmless).to_csv(index=False, header=number == 0, quoting=csv.QUOTE_MINIMAL, lineterminator="\n"))
                target.flush()
    except BrokenPipeError:
        raise  # a reader such as head has left
    except OSError as error:
        raise CannotWrite(f"{out}: it cannot be written ({error.strerror}); check the path and that there is room.") from error


def _harmless(cell: Any) -> Any:
    """A cell that begins like a formula would run in a spreadsheet; a control character could command a terminal."""
    from cqc_nlp.views.terminal import for_eyes

    if not isinstance(cell, str):
        return cell
    return f"'{for_eyes(cell)}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else for_eyes(cell)


def _progress(results: Iterable[Any], total: int, what: str) -> Iterator[Any]:
    """The results, with a bar on stderr once two seconds have passed; none where it is no terminal."""
    from tqdm import tqdm

    yield from tqdm(results, total=total, desc=what, delay=2, file=sys.stderr, disable=None, leave=False)


def _assessed(files: list[str], model: str, jobs: int, what: str, failures: list[str], resume: Path | None = None) -> Iterator[Assessment]:
    """The assessments of the files that can be assessed; the others are said on stderr and added to ``failures``."""
    from cqc_nlp.assessment import Failure, assess_many
    from cqc_nlp.errors import NotAnAssessment

    paths = [Path(file) for file in files]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotAnAssessment)  # it is said in a line of its own
        for result in _progress(assess_many(paths, model=model, n_jobs=jobs, resume=resume), total=len(paths), what=what):
            if isinstance(result, Failure):
                _complain(str(result))
                failures.append(result.path)
                continue
            if result.caution:
                _complain(f"{result.report.name}: {result.caution}")
            yield result


def _places(files: list[str], out: Path, ending: str, option: str) -> dict[Path, Path]:
    """Where the view of each file goes: to ``out`` for one file, into the folder ``out`` for several."""
    paths = list(dict.fromkeys(Path(file).absolute() for file in files))
    if out.is_dir() or len(paths) > 1:
        if out.is_file() or (out.suffix and not out.is_dir()):
            _usage(f"{out} names one file, but there are {len(paths)} to write; name a folder for {option}")
        if not out.parent.is_dir():
            _usage(f"{out.parent} is no folder; make it first or name another one for {option}")
        stems = [path.stem for path in paths]
        names = [path.stem if stems.count(path.stem) == 1 else path.name for path in paths]
        places = {
            path: out / (f"{name}{ending}" if names.count(name) == 1 else f"{name} ({number}){ending}")
            for number, (path, name) in enumerate(zip(paths, names, strict=True), start=1)
        }
    else:
        if not out.parent.is_dir():
            _usage(f"{out.parent} is no folder; make it first or name another file for {option}")
        places = {paths[0]: out}
    for place in places.values():
        if any(place.exists() and path.exists() and place.samefile(path) for path in paths):
            _usage(f"{place} is one of the files to assess and would be overwritten; name another place for {option}")
    if len(paths) > 1:
        out.mkdir(exist_ok=True)
    return places


def _known_format(name: str) -> None:
    from cqc_nlp.corpus.exchange import FORMATS

    if name not in FORMATS:
        _usage(f"there is no format {name!r}; choose one of {', '.join(FORMATS)}")


def _say_json(document: str) -> None:
    from cqc_nlp.views.terminal import for_json

    typer.echo(for_json(document, sys.stdout.encoding))


def _complain(message: str) -> None:
    from cqc_nlp.views.terminal import for_eyes

    typer.echo(f"cqc-nlp: {' '.join(for_eyes(message).split())}", err=True)


def _usage(message: str) -> NoReturn:
    _complain(message)
    raise typer.Exit(2)


class _Errors:
    """Turn errors of the library, and files that cannot be written, into one line and exit status 1."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        from cqc_nlp.errors import CQCNLPError

        if isinstance(error, CQCNLPError):
            _complain(str(error))
            raise typer.Exit(1) from None
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):  # a reader such as head may leave
            where = f"{error.filename}: " if error.filename else ""
            _complain(f"{where}{error.strerror or error}; check the path, that you may read and write there, and that there is room.")
            raise typer.Exit(1) from None


def main() -> None:
    """Entry point of the command ``cqc-nlp``."""
    signal.signal(signal.SIGINT, _interrupted)
    try:
        with _Errors():
            app()
    except typer.Exit as status:
        sys.exit(status.exit_code)


def _interrupted(number: int, frame: object) -> NoReturn:
    """Ctrl-C is one line as well; a second one ends the command at once."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _complain("interrupted.")
    raise SystemExit(130)


if __name__ == "__main__":
    main()
