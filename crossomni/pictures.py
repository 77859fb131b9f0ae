"""How the project's pictures look, and how they become a file or a part of a page."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

from crossomni.errors import RunError
from crossomni.optional import need

# Readable on light and on dark paper, and told apart by colour-blind readers (Okabe and Ito).
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
INK = "#010203"  # stands for the page's own text colour
STYLE = {"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 11, "text.color": INK,
          "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK}  # fmt: skip

_P = ParamSpec("_P")


def as_svg(draw: Callable[_P, Any]) -> Callable[_P, str]:
    """Run ``draw`` in our style and give its figure as SVG that takes the page's text colour."""

    @wraps(draw)
    def svg(*args: _P.args, **kwargs: _P.kwargs) -> str:
        matplotlib = need("matplotlib", "the report")
        # Names of parts inside one page must not meet, so each figure's arguments salt them.
        with matplotlib.rc_context({**STYLE, "svg.hashsalt": repr((draw.__name__, args))}):
            page = io.StringIO()
            draw(*args, **kwargs).savefig(page, format="svg", transparent=True, metadata={"Date": None})
        text = page.getvalue()
        return text[text.index("<svg") :].replace(INK, "currentColor")

    return svg


def write_png(draw: Callable[[], Any], out: Path, dots_per_inch: int) -> Path:
    """Write the figure that ``draw`` makes, in our style, as PNG on white; return its path.

    Raises:
        RunError: when it cannot be written.
    """
    with need("matplotlib", "the picture").rc_context(STYLE):
        picture = io.BytesIO()
        draw().savefig(picture, format="png", facecolor="white", dpi=dots_per_inch)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(picture.getvalue())
    except OSError as error:
        raise RunError(f"{out}: was not written ({error.strerror}). Make room, or choose another folder.") from error
    return out


def new_figure(width: float, height: float) -> Any:
    """An empty figure, in inches."""
    return need("matplotlib.figure", "the report").Figure(figsize=(width, height), layout="constrained")
