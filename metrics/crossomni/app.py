"""The metric's page on a Space: a table to fill in, and the metric's card below it."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
# A script's folder leads the search path, and crossomni.py in it would hide the package of that name.
sys.path.remove(str(FOLDER))

import evaluate  # noqa: E402 (after the search path is mended)
from evaluate.utils import launch_gradio_widget  # noqa: E402

metric = evaluate.load(str(FOLDER / "crossomni.py"))
sys.path.insert(0, str(FOLDER))  # where the widget looks for the card
launch_gradio_widget(metric)
