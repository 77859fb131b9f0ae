"""The CrossOmni metric for ``evaluate``: a shell over ``crossomni.answers`` and ``crossomni.scoring``."""

# evaluate reads the imports of this file line by line: one module in each, no parentheses.
from collections.abc import Iterable

import datasets
import evaluate

from crossomni.answers import read_answer
from crossomni.errors import InputError
from crossomni.scoring import check_lengths, score

_DESCRIPTION = """
Accuracy of a model's replies on CrossOmni: nine tasks (find a referent in sound, picture or text; answer from another),
their micro and macro averages, each in percent with a 95% interval.
"""

_CITATION = """
@article{liu2026crossomni,
  title = {Cross-Modal Coreference Alignment: Enabling Reliable Information Transfer in Omni-LLMs},
  author = {Liu, Hongcheng and Wang, Yuhao and Chen, Zhe and Wang, Pingjie and Zhu, Zhiyuan and
            Hou, Yixuan and Wang, Yanfeng and Wang, Yu},
  journal = {arXiv preprint arXiv:2604.05522},
  year = {2026}
}
"""

_INPUTS = """
Args:
    predictions (list of str): what the model said, a reply a row. Empty text for a row that failed.
    references (list of str): the letter of the right option.
    tasks (list of str): task ids (au, vi, te, au-vi, au-te, vi-au, vi-te, te-au, te-vi) or labels (Au→Vi).
    clips (list of str, optional): the clip of each row. With it, intervals are clustered by clip.
    options (list of list of str, optional): the options of each row. With them, a reply that quotes one is read too.

``clips`` and ``options`` go to ``compute`` for all rows, also where the replies came by ``add_batch``.

Returns:
    A flat dict: each task id, ``single``, ``cross``, ``overall`` (micro averages), ``single_macro``, ``cross_macro``,
    ``overall_macro``, in percent, each with ``_low`` and ``_high``; ``unread`` (percent) and ``n``. A task without rows
    is nan, and so is a macro average that lacks one. A reply that cannot be read counts as wrong.

Raises:
    ValueError: naming the position of what is wrong.

Example:
    >>> import evaluate
    >>> metric = evaluate.load("metrics/crossomni")
    >>> scores = metric.compute(predictions=["Answer: B", "no idea"], references=["B", "C"], tasks=["au", "au-vi"])
    >>> scores["au"], scores["au-vi"], scores["overall"], scores["unread"]
    (100.0, 0.0, 50.0, 50.0)
"""


# What each column holds, a value a row; an error says it.
_WANTED = {
    "predictions": "the reply's text (empty for a row that failed)",
    "references": "the letter of the right option",
    "tasks": "a task id or label, as au or Au→Vi",
    "clips": "the clip's id (leave clips out where they are unknown)",
    "options": "the row's options, a list of texts (leave options out where they are unknown)",
}


class Crossomni(evaluate.Metric):
    """Reads replies and scores the letters."""

    def _info(self):
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features({"predictions": text, "references": text, "tasks": text}),
            reference_urls=["https://arxiv.org/abs/2604.05522"],
        )

    def compute(self, *, predictions=None, references=None, **kwargs):
        """Score replies: those given here, after those that came by ``add`` and ``add_batch``."""
        unknown = [name for name in kwargs if name not in _WANTED]
        if unknown:
            raise InputError(
                f"compute was given {', '.join(unknown)}; wanted some of {', '.join(_WANTED)}. Leave it out."
            )
        columns = {"predictions": predictions, "references": references, "tasks": kwargs.pop("tasks", None)}
        if any(column is not None for column in columns.values()):
            # evaluate would refuse these too, but without saying where.
            columns = {name: _texts(name, column) for name, column in columns.items()}
            check_lengths(columns)
            kwargs |= {"tasks": columns["tasks"]}
        result = super().compute(predictions=columns["predictions"], references=columns["references"], **kwargs)
        if isinstance(result, InputError):
            raise result
        return result

    def _compute(self, predictions, references, tasks, clips=None, options=None):
        try:
            # Those that came by add and add_batch were not looked at yet.
            columns = {"predictions": predictions, "references": references, "tasks": tasks}
            columns = {name: _texts(name, column) for name, column in columns.items()}
            clips = None if clips is None else _texts("clips", clips)
            options = None if options is None else _options(options)
            check_lengths({**columns, "clips": clips, "options": options})
            letters = _letters(predictions, options)
            counts = None if options is None else [len(texts) for texts in options]
            return score(letters, references, tasks, clips, option_counts=counts)
        except InputError as error:
            # evaluate removes its files and locks only after a _compute that returns; compute raises it.
            return error


def _texts(name, column):
    if column is None:
        raise InputError(f"{name} is missing; wanted predictions, references and tasks, a text a row in each.")
    texts = _listed(name, column, lambda value: isinstance(value, str))
    for row, text in enumerate(texts):
        if (place := _half_pair(text)) is not None:
            raise InputError(
                f"{name}[{row}] has half a surrogate pair at character {place}, which no column of text can hold. "
                'Escape it: text.encode("utf-8", "backslashreplace").decode("utf-8").'
            )
    return texts


def _half_pair(text):
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return error.start
    return None


def _options(column):
    def fits(value):
        return isinstance(value, Iterable) and not isinstance(value, str) and all(isinstance(x, str) for x in value)

    return _listed("options", column, fits)


def _listed(name, column, fits):
    if isinstance(column, str) or not isinstance(column, Iterable):
        raise InputError(f"{name} is {column!r}; wanted a list with {_WANTED[name]} in each row.")
    column = list(column)
    for row, value in enumerate(column):
        if not fits(value):
            raise InputError(f"{name}[{row}] is {value!r}; wanted {_WANTED[name]}.")
    return column


def _letters(predictions, options):
    letters = []
    for row, reply in enumerate(predictions):
        try:
            letters.append(read_answer(reply, None if options is None else options[row]).letter)
        except InputError as error:
            raise InputError(f"options[{row}]: {error}") from error
    return letters
