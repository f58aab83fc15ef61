"""The command line: a thin shell over the library."""

from __future__ import annotations

import csv
import sys
import warnings
from collections.abc import Iterable, Iterator
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


@app.command()
def assess(
    files: Files,
    model: Model = DEFAULT,
    json_: Annotated[bool, typer.Option("--json", help="JSON: one document for one file, one line a file for several.")] = False,
    csv_: Annotated[
        Path | None, typer.Option("--csv", metavar="OUT", help="Write one row a statement to this CSV file; - for the standard output.")
    ] = None,
    jobs: Jobs = 1,
) -> None:
    """Tag the statements of reports or drafts and predict the score of each.

    Exit status: 0 if every file was assessed, 1 if one failed, 2 for a mistake in the call.
    """
    if json_ and csv_:
        _usage("choose --json or --csv, not both")
    if csv_ and str(csv_) != "-" and not csv_.parent.is_dir():
        _usage(f"{csv_.parent} is no folder; make it first or name another file for --csv")
    done: list[Assessment] = []
    failures: list[str] = []
    with _Errors():
        for result in _assessed(files, model, jobs, "Assessing", failures):
            if json_:
                typer.echo(result.to_json(indent=1) if len(files) == 1 else result.to_json())
            elif csv_:
                done.append(result)
            else:
                from rich.console import Console

                from cqc_nlp.views.console import show

                show(result, Console())
    if csv_ and done:
        _write_csv(done, csv_)
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
                typer.echo(json.dumps(document, ensure_ascii=False, indent=1 if len(files) == 1 else None))
            else:
                from rich.console import Console

                from cqc_nlp.views.review import show

                show(result.report, findings, Console())
    raise typer.Exit(1 if failures else 0)


@app.command()
def train(
    model: Annotated[str, typer.Option("--model", "-m", help="Which recipe: fast or accurate (needs cqc-nlp[train]).")] = "fast",
    out: Annotated[Path | None, typer.Option("--out", help="Model folder to write; models/NAME if left out.")] = None,
    corpus: Corpus = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", help="For accurate: folder or hub name of a sentence encoder; all-MiniLM-L6-v2 if left out.")
    ] = None,
) -> None:
    """Train a model on the corpus and write its folder."""
    import json

    from cqc_nlp.experiments.training import DEFAULT_ENCODER, MODELS
    from cqc_nlp.experiments.training import train as run

    if model not in MODELS:
        _usage(f"there is no recipe {model!r}; choose one of {', '.join(MODELS)}")
    with _Errors():
        metrics = run(model, out or Path("models") / model, corpus, encoder or DEFAULT_ENCODER, say=lambda line: typer.echo(line, err=True))
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
    from rich.console import Console

    from cqc_nlp.experiments.scores import compare_scorers, evaluate_scores
    from cqc_nlp.views.evaluation import show

    with _Errors():
        frame = compare_scorers(model, corpus) if scorers else evaluate_scores(model, corpus, draws)
        show(frame, Console())
        if csv_:
            frame.to_csv(csv_)


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
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Labelled reports or contrast groups, one sentence a line.")],
    corpus: Annotated[Path, typer.Option("--corpus", help="Corpus folder to add to.")] = Path("corpus"),
) -> None:
    """Add labelled reports written one sentence a line to a corpus folder."""
    from cqc_nlp.corpus.lines import add

    with _Errors():
        reports, groups = add(files, corpus)
    typer.echo(f"{reports} reports and {groups} contrast groups added to {corpus}")


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
    from cqc_nlp.corpus.statistics import corpus_statistics, plot_mix

    with _Errors():
        figures = corpus_statistics(corpus, beside)
    typer.echo(figures.to_string())
    if plot:
        figure = plot_mix(figures).figure
        figure.savefig(plot, dpi=150, bbox_inches="tight")  # type: ignore[union-attr]


@corpus_app.command("agreement")
def corpus_agreement(
    first: Annotated[Path, typer.Argument(help="One reading: corpus JSON Lines, or lines of ID|polarity|also|themes|source.")],
    second: Annotated[Path, typer.Argument(help="Another reading of the same statements.")],
) -> None:
    """Cohen's kappa and Krippendorff's alpha of two readings, by question and label."""
    from cqc_nlp.corpus.agreement import agreement, read_labels

    with _Errors():
        table = agreement(read_labels(first), read_labels(second))
    typer.echo(table.to_string(na_rep="-"))


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


def _write_csv(assessments: list[Assessment], out: Path) -> None:
    target: Any = sys.stdout if str(out) == "-" else out.open("w", encoding="utf-8-sig", newline="")
    try:
        for number, assessment in enumerate(assessments):
            frame = assessment.to_frame()
            frame.insert(0, "score", assessment.score)
            frame.insert(0, "file", assessment.report.name)
            # A cell that begins like a formula would run in a spreadsheet.
            frame["text"] = [f"'{text}" if text[:1] in "=+-@\t\r" else text for text in frame["text"]]
            frame.to_csv(target, index=False, header=number == 0, quoting=csv.QUOTE_MINIMAL)
    finally:
        if target is not sys.stdout:
            target.close()


def _progress(results: Iterable[Any], total: int, what: str) -> Iterator[Any]:
    """The results, with a bar on stderr once two seconds have passed; none where it is no terminal."""
    from tqdm import tqdm

    yield from tqdm(results, total=total, desc=what, delay=2, file=sys.stderr, disable=None, leave=False)


def _assessed(files: list[str], model: str, jobs: int, what: str, failures: list[str]) -> Iterator[Assessment]:
    """The assessments of the files that can be assessed; the others are said on stderr and added to ``failures``."""
    from cqc_nlp.assessment import Failure, assess_many
    from cqc_nlp.errors import NotAnAssessment

    paths = [Path(file) for file in files]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotAnAssessment)  # it is said in a line of its own
        for result in _progress(assess_many(paths, model=model, n_jobs=jobs), total=len(paths), what=what):
            if isinstance(result, Failure):
                _complain(str(result))
                failures.append(result.path)
                continue
            if result.caution:
                _complain(f"{result.report.name}: {result.caution}")
            yield result


def _complain(message: str) -> None:
    typer.echo(f"cqc-nlp: {' '.join(message.split())}", err=True)


def _usage(message: str) -> NoReturn:
    _complain(message)
    raise typer.Exit(2)


class _Errors:
    """Turn errors of the library into one line and exit status 1."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        from cqc_nlp.errors import CQCNLPError

        if isinstance(error, CQCNLPError):
            _complain(str(error))
            raise typer.Exit(1) from None


def main() -> None:
    """Entry point of the command ``cqc-nlp``."""
    app()


if __name__ == "__main__":
    main()
