"""The metric's page on a Space: a table to fill in, the accuracies, and the metric's card below.

Not by ``evaluate.utils.launch_gradio_widget``: it wants gradio 3, which goes with no current numpy.
"""

import math
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
# A script's folder leads the search path, and crossomni.py in it would hide the package of that name.
sys.path.remove(str(FOLDER))

import evaluate  # noqa: E402 (after the search path is mended)
import gradio  # noqa: E402

METRIC = evaluate.load(str(FOLDER / "crossomni.py"))
COLUMNS = list(METRIC.features)
EXAMPLE = [["The answer is B.", "B", "au"], ["I cannot tell.", "C", "Au→Vi"]]


def accuracies(rows: list[list[str]]) -> list[list[str]]:
    """One line for each accuracy that has rows: its name, percent, and 95% interval."""
    scores = METRIC.compute(**dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)))
    names = [key for key in scores if f"{key}_low" in scores and not math.isnan(scores[key])]
    lines = [
        [name, f"{scores[name]:.2f}", f"{scores[name + '_low']:.2f} to {scores[name + '_high']:.2f}"] for name in names
    ]
    return [*lines, ["unread", f"{scores['unread']:.2f}", ""]]


def page() -> gradio.Interface:
    """The page, not yet served."""
    card = (FOLDER / "README.md").read_text(encoding="utf-8").split("\n---\n", 1)[1]
    return gradio.Interface(
        fn=accuracies,
        inputs=gradio.Dataframe(value=EXAMPLE, headers=COLUMNS, type="array", label="Rows"),
        outputs=gradio.Dataframe(headers=["accuracy", "percent", "95% interval"], label="Scores"),
        title="CrossOmni",
        article=card,
    )


if __name__ == "__main__":
    page().launch(show_error=True)  # what the metric refuses is said on the page
