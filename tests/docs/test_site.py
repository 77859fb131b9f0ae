"""The site is made of what the package says: tasks, tables, commands and modules."""

import ast
import re

import pytest

from crossomni import published
from crossomni.errors import InputError
from crossomni.tasks import TASKS
from docs.making import commands, modules, plays
from docs.making.stage import relinked, stage
from tests.docs.pages import ROOT


@pytest.fixture(scope="module")
def block():
    """Nine rows about one person."""
    return plays.Block.of(plays.PAIR)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_the_page_of_the_tasks_shows_real_rows(block, task):
    """Question and options are those of the shipped row, and the bold option is its answer."""
    row, page = block.rows[task.id], (ROOT / "docs/tasks.md").read_text(encoding="utf-8")
    options = [f"{letter}. {option}" for letter, option in zip(row.letters, row.options, strict=True)]
    told = " · ".join(f"**{option}**" if option[0] == row.answer else option for option in options)
    assert f"> {row.question}\n>\n> {told}\n\n<!-- play: {task.id} -->\n" in page


def test_every_step_of_a_task_has_a_card(block):
    """The longest way has four: find, recognise twice, answer; the answer is told in the last."""
    told = plays.cards(block, TASKS[[task.id for task in TASKS].index("au-te")], "play")
    assert ["Find", "Recognise", "Recognise", "Answer"] == re.findall("<h4>(.*?)</h4>", told)
    assert "A. weaver" in told.rpartition("<h4>")[2]


def test_the_media_of_the_page_are_written(block, tmp_path):
    """A film, a sound and three pictures, small enough for a page."""
    plays.write_media(block, tmp_path)
    sizes = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
    assert {"play.mp4", "line.wav", "stage.webp", "speaks.webp", "stands.webp"} == sizes.keys()
    assert 500_000 > sum(sizes.values())


def test_the_person_is_marked_where_the_person_stands(block):
    """Everybody else is faded; the one who is meant is not."""
    plain, marked = block.frame(14.0), block.frame(14.0, marked=True)
    x = 2 * plays.PLACE_X[block.place]
    assert plain.getpixel((x, 300)) == marked.getpixel((x, 300))
    assert plain.getpixel((x + 230, 300)) != marked.getpixel((x + 230, 300))


def test_the_table_of_results_is_the_published_one():
    """Each line of the page has Single, Cross and Overall of Table 5, and what its task accuracies make."""
    page = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    for row in published.table(5).rows[:-1]:
        scores = row.scores
        counts = {"single": {t: published.QUESTION_COUNTS[t] for t in ("au", "vi", "te")},
                  "cross": published.CROSS_COUNTS, "overall": published.QUESTION_COUNTS}  # fmt: skip
        cells = [
            f"{scores[name]:.2f} ({published.micro({task: scores[task] for task in count}, count):.2f})"
            for name, count in counts.items()
        ]
        assert f"| {row.model} | {' | '.join(cells)} |" in page


def test_every_command_has_its_place_in_the_reference(tmp_path):
    """A page for each word below crossomni, and on it each option of each command."""
    commands.write(tmp_path)
    for name, command in commands.walk(commands.root()):
        page = (tmp_path / f"{name.split()[1]}.md").read_text(encoding="utf-8")
        assert all(
            f"`{option}`" in page for one in command.params if one.param_type_name == "option" for option in one.opts
        )


@pytest.mark.parametrize("module", [one for those in modules.PUBLIC.values() for one in those])
def test_every_public_module_says_what_it_is(module):
    """The reference is made of docstrings; a module without one would be an empty page."""
    path = ROOT / "crossomni" / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


def test_every_page_is_in_the_navigation():
    """Whoever writes a page puts it into docs/index.md."""
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8").splitlines()
    assert {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"} <= {*index}


def test_links_lead_where_the_site_has_the_file(tmp_path):
    """To another page, to a notebook, to a copy of a file that is no page; code is left alone."""
    page = ROOT / "docs/evaluating.md"
    text = (
        "[a](models.md#x) [b](../examples/02_evaluate.ipynb) [c](../setup.cfg) [d](https://x.y)\n```\n[e](nowhere)\n```"
    )
    assert (
        "[a](models.md#x) [b](examples/02_evaluate.ipynb) [c](files/setup.cfg) [d](https://x.y)\n```\n[e](nowhere)\n```"
        == (relinked(text, page, tmp_path / "evaluating.md", tmp_path))
    )
    assert (ROOT / "setup.cfg").read_bytes() == (tmp_path / "files/setup.cfg").read_bytes()


def test_a_link_to_nothing_is_refused(tmp_path):
    """The error names the page and the link."""
    with pytest.raises(InputError, match=r"docs/evaluating\.md: links to gone\.md"):
        relinked("[x](gone.md)", ROOT / "docs/evaluating.md", tmp_path / "evaluating.md", tmp_path)


def test_every_link_of_every_page_leads_somewhere(tmp_path):
    """All pages and notebooks can be laid out."""
    stage(tmp_path)
    assert (tmp_path / "quick_start.md").is_file()
