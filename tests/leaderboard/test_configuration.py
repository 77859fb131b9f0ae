"""How a run was made stands on the board as plain text, without places of a machine."""

import json
from typing import Any

import pytest

from crossomni.leaderboard.configuration import bare, told, visible, without_secrets
from crossomni.leaderboard.submission import Words, pack, unpack
from tests.leaderboard.making import Made, some_labels, some_rows
from tests.leaderboard.test_board import board_of, own
from tests.leaderboard.test_submission import configured, said

ROWS = some_rows()


def told_of(**configuration: Any) -> dict[str, str]:
    """What a board tells of a run with this configuration."""
    run = configured(**configuration)
    return told(unpack(pack(Words(name="x"), run, said(), {})).about)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("/home/me/omni", "omni"), ("~/omni", "omni"), ("./omni", "omni"), ("C:\\Users\\me\\omni", "omni"),
     ("org/omni", "org/omni"), ("a/b/c", "c"), ("openai:org/m@http://u:p@h:1/v1?k=s", "openai:org/m@http://h:1/v1"),
     ("openai:/home/me/m@http://h/v1", "openai:m@http://h/v1"), ("python:/home/me/a.py:Mine", "python:a.py:Mine"),
     ("python:pack.module:Mine", "python:pack.module:Mine"), ("package:one", "package:one"), ("", "")],
)  # fmt: skip
def test_of_a_place_the_last_part_is_kept(name: str, wanted: str) -> None:
    """Ids of the Hub, modules and packages are no places; secrets of an address are not kept either."""
    assert wanted == bare(name)


def test_an_address_that_cannot_be_read_is_not_shown() -> None:
    """What stands in it is not known."""
    assert "http://…" == without_secrets("http://[::1")


def test_settings_versions_and_fingerprints_are_told() -> None:
    """By their names, in words; what was not set is left out."""
    found = told_of(fps=None, trust_remote_code=False, temperature=0.5, adapter="/home/ann/lora")
    wanted = {"frames": "32", "temperature": "0.5", "trust remote code": "no", "adapter": "lora", "split": "test",
              "data": "plays", "model": "omni-7b", "prompt": "icl", "version of crossomni": "0.1.0"}  # fmt: skip
    assert wanted == {name: found[name] for name in wanted}
    assert "5" * 64 == found["fingerprint of data"]
    assert "fps" not in found
    assert "/home" not in json.dumps(found)


def test_a_system_prompt_is_told_as_it_is() -> None:
    """A slash in it makes it no place."""
    assert "/no_think\nBe brief." == told_of(system="/no_think\nBe brief.")["system"]


def test_nothing_hides_in_a_setting() -> None:
    """Controls, invisible signs and towers of accents stand by their numbers."""
    assert "\\x1b[2J\\u202eo\\u200b" == visible("\x1b[2J\u202eo\u200b")
    assert visible("o" + "\u0301" * 9).endswith("\\u0301")


def test_a_packer_of_ones_own_gives_no_places_away(tmp_path: Any) -> None:
    """A submission that was not packed by us is shown without the folders of its machine."""
    made = Made.of(ROWS, configuration={"model": "/home/ann/m", "media": "/mnt/x/clips", "note": "\u202ex"})
    found = own(board_of(tmp_path, made, labels=[some_labels(ROWS)]))[0].configuration
    assert ("m", "clips", "\\u202ex") == (found["model"], found["media"], found["note"])
