"""Pictures look alike, and become files or parts of pages."""

import pytest

from crossomni.errors import RunError
from crossomni.pictures import INK, as_svg, new_figure, write_png


def line():
    """A figure with a word in it."""
    figure = new_figure(2, 1)
    figure.add_subplot().set_title("rising")
    return figure


def test_a_part_of_a_page_takes_the_pages_colour():
    """Its text stays text, and nothing stands before the element."""
    picture = as_svg(line)()
    assert picture.startswith("<svg")
    assert "rising" in picture
    assert INK not in picture


def test_the_same_picture_is_the_same_text():
    """A page that is made again changes nothing."""
    assert as_svg(line)() == as_svg(line)()


def test_a_file_is_written_into_a_new_folder(tmp_path):
    """As PNG, in the size that was asked for: two inches of fifty dots."""
    content = write_png(line, tmp_path / "new" / "a.png", 50).read_bytes()
    assert (b"\x89PNG", 100) == (content[:4], int.from_bytes(content[16:20]))


def test_a_picture_that_cannot_be_written_says_so(tmp_path):
    """In one line, with the file."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match=r"a\.png: was not written"):
        write_png(line, tmp_path / "file" / "a.png", 50)
