"""Commands about human verification: draw a sample, label it, take labels in and out, tell what people found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossomni.cli.options import some_path
from crossomni.cli.printing import Form, tell
from crossomni.errors import InputError

Review = Annotated[Path, typer.Argument(help="The review's folder.", parser=some_path, metavar="DIR")]
Media = Annotated[Path | None, typer.Option(help="The clips' media folder, where it moved.", parser=some_path)]
LABEL_STUDIO = "label-studio"


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="Have people verify what the pipeline made (section 2.4). docs/review.md tells how.")
    for name, command in (
        ("sample", sample),
        ("serve", serve),
        ("report", report),
        ("export", export),
        ("import", import_labels),
    ):
        group.command(name)(command)
    app.add_typer(group, name="review")


def sample(
    out: Annotated[Path, typer.Option(help="The review's folder, to be written.", parser=some_path)],
    data: Annotated[str, typer.Option(help="playhouse, a data folder with annotations, or full.")] = "playhouse",
    voices: Annotated[int, typer.Option(help="Clips whose voices are labelled again.")] = 1000,
    descriptions: Annotated[int, typer.Option(help="Descriptions of persons' and things' looks.")] = 1000,
    biographies: Annotated[int, typer.Option(help="Biographies.")] = 1000,
    questions: Annotated[int, typer.Option(help="Questions.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed draws the same.")] = 0,
    annotations: Annotated[Path | None, typer.Option(help="Of full: the folder of annotations.")] = None,
    media: Annotated[Path | None, typer.Option(help="Of full: the folder of your media files.")] = None,
) -> None:
    """Draw voices, descriptions, biographies and questions for people to verify, evenly over the clips."""
    from crossomni.construction.review.items import ReviewFolder
    from crossomni.construction.review.sample import Sizes, draw
    from crossomni.corpus import Corpus

    sizes = Sizes(voice=voices, description=descriptions, biography=biographies, question=questions)
    corpus = Corpus.open(data, annotations, media)
    drawn = draw(corpus, sizes, seed)
    about = {
        "data": data,
        "fingerprint": corpus.fingerprint,
        "media": str(corpus.folder),
        "seed": seed,
        "wanted": dict(drawn.wanted),
        "drawn": dict(drawn.counts),
    }
    if not ReviewFolder(out).write(drawn.items, about):
        print(f"{out} holds this very sample; nothing was done")
    print("\n".join(drawn.told))
    print(f"Label it: crossomni review serve {out}")


def serve(
    review: Review,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 7860,
    host: Annotated[str, typer.Option(help="Who can reach it; beyond this machine anybody can label.")] = "127.0.0.1",
    media: Media = None,
) -> None:
    """Serve the page on which people label; each label is saved at once."""
    from crossomni.construction.review.items import ReviewFolder
    from crossomni.construction.review.page import serve as run

    folder = ReviewFolder.open(review)
    run(
        folder,
        media=folder.media(media),
        host=host,
        port=port,
        tell=lambda at: print(
            f"Open {at} in a browser. Ctrl-C ends it; labels are in {folder.labels_path}", flush=True
        ),
    )


def report(review: Review, form: Form = "table") -> None:
    """Tell how much people confirmed, and how far they agree; writes report.html too."""
    from crossomni.construction.review.items import ReviewFolder
    from crossomni.construction.review.report import report as run

    folder = ReviewFolder.open(review)
    tell(run(folder), form)
    if form == "table":
        print(f"Page: {folder.report_path}")


def export(
    review: Review,
    out: Annotated[Path, typer.Argument(help="The file of tasks.", parser=some_path, metavar="OUT.json")],
    to: Annotated[str, typer.Option(help="For which tool: label-studio.")] = LABEL_STUDIO,
    prefix: Annotated[str | None, typer.Option(help="What stands before a clip's path in its address.")] = None,
) -> None:
    """Write the items as tasks for another labelling tool."""
    from crossomni.construction.review.items import ReviewFolder
    from crossomni.construction.review.label_studio import LOCAL_FILES
    from crossomni.construction.review.label_studio import export as run

    if to != LABEL_STUDIO:
        raise InputError(f"--to is {to!r}; wanted {LABEL_STUDIO}.")
    folder = ReviewFolder.open(review)
    configuration = run(folder, out, LOCAL_FILES if prefix is None else prefix)
    print(f"{len(folder.items)} tasks are in {out}, their labelling configuration in {configuration}")


def import_labels(
    review: Review,
    file: Annotated[Path, typer.Argument(help="Label Studio's JSON export.", parser=some_path, metavar="FILE.json")],
) -> None:
    """Take over the labels of Label Studio's JSON export."""
    from crossomni.construction.review.items import ReviewFolder
    from crossomni.construction.review.label_studio import read_export

    found = read_export(ReviewFolder.open(review), file)
    who = f" from {', '.join(found.reviewers)}" if found.reviewers else ""
    print(f"{found.labels} labels taken over{who}; {found.known} known before, {found.cancelled} skipped there")
