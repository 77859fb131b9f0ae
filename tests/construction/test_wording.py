"""Words for facts."""

import pytest

from crossomni.construction.wording import clue_words
from crossomni.records import Fact, Person
from crossomni.tasks import Modality


@pytest.mark.parametrize(("emotion", "said"), [("angry", "in an angry tone"), ("happy", "in a happy tone")])
def test_an_article_fits_its_word(emotion: str, said: str) -> None:
    """An angry tone, a happy one."""
    person = Person(name="Ada", facts=(), bridge=(), biography="Ada was born in Oslo.")
    assert clue_words(person, Fact(modality=Modality.AUDIO, kind="emotion", value=emotion)).endswith(said)
