"""Work done ahead is bounded and leaves nothing behind; batches that do not fit are halved."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import pytest

from crossomni.errors import MediaError, ModelError
from crossomni.evaluation.models.ahead import ahead, in_batches

torch = pytest.importorskip("torch")

SOON = 5.0  # seconds in which a thread that has nothing to do should have ended


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """Whatever a test does, the threads that it started end."""
    before = set(threading.enumerate())
    yield
    until = time.monotonic() + SOON
    while (left := set(threading.enumerate()) - before) and time.monotonic() < until:
        time.sleep(0.001)
    assert not left


def test_no_more_than_one_item_is_ahead() -> None:
    """While an item is used, the next one is prepared, and the one after it has not been asked for."""
    asked: list[int] = []
    prepared: list[int] = []

    def items() -> Iterator[int]:
        for number in range(5):
            asked.append(number)
            yield number

    for number, made in ahead(items(), prepared.append):
        made.result()
        time.sleep(0.01)
        assert asked == list(range(min(number + 2, 5)))
        assert set(prepared) <= set(asked)
    assert prepared == [0, 1, 2, 3, 4]


def test_the_next_item_is_prepared_while_this_one_is_used() -> None:
    """The second item is ready before the first one is done with."""
    ready = threading.Event()
    pairs = ahead([1, 2], lambda number: ready.set() if number == 2 else None)
    next(pairs)

    assert ready.wait(SOON)
    assert [number for number, _ in pairs] == [2]


def test_items_are_taken_in_one_thread_and_prepared_in_another() -> None:
    """A generator of items is never pulled from two threads, and none of its work is done by the preparing one."""
    pulled, prepared = set(), set()

    def items() -> Iterator[int]:
        for number in range(20):
            pulled.add(threading.get_ident())
            yield number

    assert len(list(ahead(items(), lambda _: prepared.add(threading.get_ident())))) == 20
    assert pulled == {threading.get_ident()}
    assert len(prepared) == 1
    assert not pulled & prepared


def test_a_failure_lands_at_its_own_item() -> None:
    """What preparing raises comes with the item, and the others are prepared."""

    def odd(number: int) -> int:
        if number % 2 == 0:
            raise MediaError(f"{number} is even")
        return number

    found = [(number, _outcome(made)) for number, made in ahead(range(4), odd)]
    assert found == [(0, "0 is even"), (1, 1), (2, "2 is even"), (3, 3)]


def _outcome(made: "Future[int]") -> int | str:
    try:
        return made.result()
    except MediaError as error:
        return str(error)


def test_items_that_run_out_with_an_error_pass_it_on() -> None:
    """A generator of items that raises is heard, and no thread waits for more."""

    def items() -> Iterator[int]:
        yield 1
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        list(ahead(items(), str))


def test_nothing_comes_of_nothing() -> None:
    """No items, no pairs."""
    assert list(ahead([], str)) == []


@pytest.mark.parametrize("used", [1, 2])
def test_stopping_early_leaves_no_thread(used: int) -> None:
    """A consumer that stops, after one item or some, ends the work; what was not asked for is not prepared."""
    prepared: list[int] = []
    pairs = ahead(range(100), prepared.append)
    for _ in range(used):
        next(pairs)
    pairs.close()  # type: ignore[attr-defined]

    assert len(prepared) == used + 1


def test_a_consumer_that_fails_leaves_no_thread() -> None:
    """An exception in the loop ends the work with it."""

    def fail() -> None:
        for number, _ in ahead(range(100), lambda _: time.sleep(0.01)):
            if number == 1:
                raise RuntimeError("the consumer's own")

    with pytest.raises(RuntimeError, match="the consumer's own"):
        fail()


class Room:
    """Memory for so many items at once, of which some never fit."""

    def __init__(self, places: int, never: Sequence[int] = ()) -> None:
        self.places, self.never = places, set(never)
        self.asked: list[list[int]] = []

    def run(self, batch: Sequence[int]) -> list[int]:
        """Ten times each."""
        self.asked.append(list(batch))
        if len(batch) > self.places or self.never & set(batch):
            raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2 GiB")
        return [10 * item for item in batch]


@pytest.mark.parametrize("places", [1, 2, 3, 4, 100])
@pytest.mark.parametrize("size", [1, 4, 8, 50])
@pytest.mark.parametrize("count", [0, 1, 7, 16])
def test_each_item_comes_once_and_in_order(places: int, size: int, count: int) -> None:
    """However many fit, each item has its own result once, in the order of the items."""
    assert list(in_batches(range(count), size, Room(places).run)) == [(item, 10 * item) for item in range(count)]


def test_a_batch_that_does_not_fit_is_halved_and_so_are_those_after_it() -> None:
    """From eight to four to two, and no larger one is tried again."""
    room = Room(3)
    list(in_batches(range(10), 8, room.run))
    assert [len(batch) for batch in room.asked] == [8, 4, 2, 2, 2, 2, 2]


def test_an_item_that_never_fits_fails_alone() -> None:
    """It gets an error of one line in its place, and those before and after it their results."""
    found = list(in_batches(range(5), 4, Room(4, never=[2]).run))

    assert [item for item, _ in found] == [0, 1, 2, 3, 4]
    assert [result for _, result in found if not isinstance(result, ModelError)] == [0, 10, 30, 40]
    [error] = [result for _, result in found if isinstance(result, ModelError)]
    assert str(error) == (
        "out of memory (CUDA out of memory. Tried to allocate 2 GiB). Give fewer --frames or --pixels."
    )


def test_what_did_not_fit_is_let_go_before_the_next_try() -> None:
    """No error keeps the frames, and with them the tensors, of a try that failed."""
    import weakref

    class Tensor:
        """Something large."""

    held: list[weakref.ref[Tensor]] = []

    def run(batch: Sequence[int]) -> Sequence[int]:
        assert [ref() for ref in held] == [None] * len(held)
        large = Tensor()
        held.append(weakref.ref(large))
        if len(batch) > 1:
            raise torch.OutOfMemoryError("too much")
        return batch

    assert [item for item, _ in in_batches(range(2), 2, run)] == [0, 1]
    assert len(held) == 3


def test_another_error_is_passed_on() -> None:
    """Only a lack of memory is answered by smaller batches."""

    def run(batch: Sequence[int]) -> list[int]:
        raise RuntimeError("index out of range")

    with pytest.raises(RuntimeError, match="index out of range"):
        list(in_batches(range(4), 2, run))


def test_a_result_too_few_is_no_result() -> None:
    """A batch that loses an item is a fault, not a shorter list."""
    with pytest.raises(ValueError, match="shorter"):
        list(in_batches(range(4), 4, lambda batch: batch[1:]))
