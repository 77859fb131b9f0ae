"""Pages that need nothing beside them: one look for all reports, and how a page is made and written."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from crossomni.errors import RunError
from crossomni.ledger import encode
from crossomni.optional import need

_SHARED = Path(__file__).parent / "page_templates"


def render(template: Path, filters: Mapping[str, Callable[..., Any]], /, **values: Any) -> str:
    """The page that a template makes of ``values``.

    It may extend ``page.html.j2`` (blocks ``title``, ``style`` and ``body``) and include what lies in its own folder.
    A name that it knows nothing of is an error; text is escaped.

    Raises:
        MissingPackageError: when jinja2 is not installed.
    """
    jinja2 = need("jinja2", "the report")
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, _SHARED]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= filters
    page: str = pages.get_template(template.name).render(values)
    return page


def write_page(out: Path, page: str, advice: str) -> None:
    """Write a page whole or not at all: a reader sees the old file or the new one.

    Raises:
        RunError: when it cannot be written; ``advice`` says what to do.
    """
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(encode(page))
        os.replace(temporary, out)
    except OSError as error:
        raise RunError(f"{out}: was not written ({error.strerror}). {advice}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()
