"""All pages share one look, and are written whole."""

import jinja2
import pytest

from crossomni.errors import RunError
from crossomni.pages import render, write_page

PAGE = """{% extends "page.html.j2" %}
{% block title %}{{ title }}{% endblock %}
{% block style %}
  .own { color: red; }
{% endblock %}
{% block body %}
<h1>{{ title | loud }}</h1>
{% endblock %}
"""


@pytest.fixture
def template(tmp_path):
    """A page of one heading."""
    path = tmp_path / "own.html.j2"
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_a_page_has_the_shared_look_and_its_own(template):
    """Its own rules come last, and text is escaped."""
    page = render(template, {"loud": str.upper}, title="a <b>")
    assert page.index(".card {") < page.index(".own {") < page.index("</style>")
    assert "<title>CrossOmni: a &lt;b&gt;</title>" in page
    assert "<h1>A &lt;B&gt;</h1>" in page


def test_a_name_that_nobody_gave_is_an_error(template):
    """And no empty place on the page."""
    with pytest.raises(jinja2.UndefinedError, match="title"):
        render(template, {"loud": str.upper})


def test_a_page_that_cannot_be_written_leaves_nothing(tmp_path):
    """A folder is in its place; the error says what to do."""
    out = tmp_path / "report.html"
    out.mkdir()
    with pytest.raises(RunError, match=r"report.html: was not written .* Make room\."):
        write_page(out, "page", "Make room.")
    assert [out] == list(tmp_path.iterdir())
