"""A training's settings come from a file and from options, and what is wrong with them is told in one line."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from crossomni.errors import InputError
from crossomni.settings_file import configured, read_settings
from crossomni.training.config import GRPOTraining, SFTTraining, TrainConfig
from crossomni.training.settings_file import read_option

yaml = pytest.importorskip("yaml")
NEEDED = {"model": "tiny:qwen2_5_omni", "out": "runs/x"}
# A value for every setting, none of them its default, and the text in which an option says it.
SAID = {
    "model": ("tiny:qwen3_omni_moe", "tiny:qwen3_omni_moe"),
    "out": (Path("o"), "o"),
    "data": ("full", "full"),
    "split": ("test", "test"),
    "annotations": (Path("a"), "a"),
    "media": (Path("b"), "b"),
    "rows": (12, "12"),
    "tasks": ("te,vi-au", "te,vi-au"),
    "only": ("*/vi/*", "*/vi/*"),
    "tiny": ({"layers": 1, "theta": 1e4}, "layers=1,theta=1e4"),
    "ids": (Path("i.txt"), "i.txt"),
    "held_out": (0.25, "0.25"),
    "prompt": ("icl", "icl"),
    "prompts": (Path("p"), "p"),
    "lora": ("off", "off"),
    "lora_rank": (8, "8"),
    "lora_alpha": (9, "9"),
    "learning_rate": (2e-5, "2e-5"),
    "batch": (6, "6"),
    "at_once": (3, "3"),
    "epochs": (2.5, "2.5"),
    "most_steps": (7, "7"),
    "save_every": (11, "11"),
    "watch_every": (13, "13"),
    "towers": ("off", "off"),
    "frames": (5, "5"),
    "fps": (0.5, "0.5"),
    "pixels": (12544, "12544"),
    "packing": ("apart", "apart"),
    "order": ("text-first", "text-first"),
    "system": ("yes", "yes"),
    "report_to": ("tensorboard", "tensorboard"),
    "trust_remote_code": (True, "true"),
    "trl": ({"warmup_ratio": 0.1, "lr_scheduler_type": "cosine"}, "warmup_ratio=0.1, lr_scheduler_type=cosine"),
    "seed": (3, "3"),
    "rationale": ("off", "off"),
    "adapter": (Path("c"), "c"),
    "rollouts": (8, "8"),
    "most_new_tokens": (64, "64"),
    "temperature": (0.7, "0.7"),
    "beta": (0.0, "0"),
    "judge": ("openai:q@http://h:1", "openai:q@http://h:1"),
    "judge_price": ({"prompt": 1, "completion": 2.5}, "prompt=1,completion=2.5"),
    "thinking_reward": ("off", "off"),
    "weights": ({"format": 1, "logic": 0.5}, "format=1,logic=0.5"),
    "most_unscored": (0.1, "0.1"),
    "canaries_every": (2, "2"),
}
# Of two, one alone can be said.
APART = ({"rows"}, {"ids"})
KINDS = (SFTTraining, GRPOTraining)


def told(kind: type[TrainConfig], without: set[str]) -> dict[str, Any]:
    """Every setting of this kind, but for those."""
    return {field.name: SAID[field.name][0] for field in fields(kind) if field.name not in without}


def refusal(kind: type[TrainConfig] = SFTTraining, **settings: Any) -> str:
    """The error's one line."""
    with pytest.raises(InputError) as caught:
        configured(kind, NEEDED | settings, "--config x.yaml")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("--config x.yaml: ")
    return str(caught.value)


def test_every_setting_is_tried_here() -> None:
    """And none with its default."""
    assert {*SAID} == {field.name for kind in KINDS for field in fields(kind)}
    for kind in KINDS:
        assert [field.name for field in fields(kind) if field.default == SAID[field.name][0]] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("without", APART)
def test_a_file_says_every_setting(kind: type[TrainConfig], without: set[str], tmp_path: Path) -> None:
    """What YAML writes of a configuration makes the same one."""
    wanted = kind(**told(kind, without))
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in told(kind, without).items()}
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(plain), encoding="utf-8")
    assert wanted == configured(kind, read_settings(tmp_path / "x.yaml"), "here")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("without", APART)
def test_options_say_every_setting(kind: type[TrainConfig], without: set[str]) -> None:
    """As texts, each as it is typed."""
    given = {name: read_option(name, SAID[name][1]) for name in told(kind, without)}
    assert kind(**told(kind, without)) == configured(kind, given, "options")


@pytest.mark.parametrize("switch", ["on", "off"])
def test_a_switch_may_stand_bare_in_a_file(switch: str, tmp_path: Path) -> None:
    """YAML reads on and off as true and false; here they are words."""
    (tmp_path / "x.yaml").write_text(f"model: m\nout: o\nlora: {switch}\ntowers: {switch}\n", encoding="utf-8")
    found = configured(SFTTraining, read_settings(tmp_path / "x.yaml"), "here")
    assert (switch, switch) == (found.lora, found.towers)


def test_numbers_that_yaml_takes_for_text_are_numbers(tmp_path: Path) -> None:
    """YAML wants a point in 1e-5; whoever writes a learning rate does not."""
    (tmp_path / "x.yaml").write_text("model: m\nout: o\nlearning_rate: 1e-5\n", encoding="utf-8")
    assert 1e-5 == configured(SFTTraining, read_settings(tmp_path / "x.yaml"), "here").learning_rate


def test_texts_that_look_like_something_else_stay_texts() -> None:
    """A folder may be called 12, and a system message may say no."""
    names = {"out": "12", "model": "1e3", "system": "no", "prompt": "null"}
    found = configured(SFTTraining, {name: read_option(name, text) for name, text in names.items()}, "options")
    assert (Path("12"), "1e3", "no", "null") == (found.out, found.model, found.system, found.prompt)


def test_the_users_folder_is_found() -> None:
    """By its sign."""
    assert Path.home() / "x" == configured(SFTTraining, NEEDED | {"out": "~/x"}, "here").out


@pytest.mark.parametrize("nothing", ["rows", "most_steps", "fps", "annotations", "ids"])
def test_what_may_be_nothing_may_be_said_so(nothing: str) -> None:
    """As ``null`` in a file, and to an option."""
    assert getattr(configured(SFTTraining, NEEDED | {nothing: None}, "here"), nothing) is None


def test_an_unknown_setting_is_named() -> None:
    """With those that are known; one of GRPO is none of fine-tuning."""
    said = refusal(batchs=3)
    assert "batchs is no setting; wanted some of model, tiny, out, data, " in said
    assert "rollouts is no setting" in refusal(rollouts=4)
    assert 4 == configured(GRPOTraining, NEEDED | {"rollouts": 4}, "here").rollouts


@pytest.mark.parametrize("missing", ["model", "out"])
def test_a_setting_that_is_missing_is_named(missing: str) -> None:
    """And how to give it."""
    given = {name: value for name, value in NEEDED.items() if name != missing}
    with pytest.raises(InputError, match=rf"^here: {missing} is missing\. Give it there, or as --{missing}\.$"):
        configured(SFTTraining, given, "here")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batch": "many"}, "batch is 'many'; wanted a whole number."),
        ({"batch": 2.5}, "batch is 2.5; wanted a whole number."),
        ({"batch": "2.5"}, "batch is '2.5'; wanted a whole number."),
        ({"batch": True}, "batch is True; wanted a whole number."),
        ({"batch": None}, "batch is None; wanted a whole number."),
        ({"batch": [2]}, "batch is [2]; wanted a whole number."),
        ({"batch": float("inf")}, "batch is inf; wanted a whole number."),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'; wanted a number."),
        ({"learning_rate": {}}, "learning_rate is {}; wanted a number."),
        ({"most_steps": "all"}, "most_steps is 'all'; wanted a whole number or nothing."),
        ({"trust_remote_code": "yes"}, "trust_remote_code is 'yes'; wanted true or false."),
        ({"out": 3}, "out is 3; wanted a path."),
        ({"out": " "}, "out is ' '; wanted a path."),
        ({"data": 3}, "data is 3; wanted text."),
        ({"lora": 1}, "lora is 1; wanted on or off."),
        ({"lora": "perhaps"}, "lora is 'perhaps'; wanted on or off."),
        ({"packing": False}, "packing is False; wanted interleaved or apart."),
        ({"packing": "loose"}, "packing is 'loose'; wanted interleaved or apart."),
        ({"trl": "warmup_ratio"}, "trl is 'warmup_ratio'; wanted names with values."),
        ({"trl": ["a"]}, "trl is ['a']; wanted names with values."),
    ],
)
def test_another_type_is_refused(settings: dict[str, Any], said: str) -> None:
    """By what came and what was wanted."""
    assert f"--config x.yaml: {said}" == refusal(**settings)


def test_options_stand_over_the_file(tmp_path: Path) -> None:
    """One by one; what they do not say is the file's."""
    (tmp_path / "x.yaml").write_text("model: m\nout: o\nbatch: 4\nlora: off\n", encoding="utf-8")
    given = {"batch": read_option("batch", "8")}
    found = configured(SFTTraining, read_settings(tmp_path / "x.yaml") | given, "here")
    assert (8, "off", "m") == (found.batch, found.lora, found.model)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"- a\n- b\n", "holds list; wanted settings"),
        (b"", "holds NoneType; wanted settings"),
        (b"just text", "holds str; wanted settings"),
        (b"1: 2\n", "wanted settings"),
        (b"a: [1\nb: 2", "is no YAML"),
        (b"\xff\xfe\xfa", "is no YAML"),
        (b"a: !!python/object:os.system {}", "is no YAML"),
        (b"batch: 4\nbatch: 8\n", "batch stands there twice"),
    ],
)
def test_a_file_of_something_else_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    """By its name, in one line."""
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_settings(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"--config {path}: ")
    assert said in str(caught.value)


def test_no_file_is_told(tmp_path: Path) -> None:
    """Nor is a folder one."""
    with pytest.raises(InputError, match=r"No such file or directory\. Give a YAML file"):
        read_settings(tmp_path / "x.yaml")
    with pytest.raises(InputError, match=r"Is a directory\. Give a YAML file"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("trl", "warmup_ratio", "--trl: 'warmup_ratio' is no NAME=VALUE"),
        ("weights", "=1", "--weights: '=1' is no NAME=VALUE"),
        ("weights", "format=1,format=2", "--weights: format stands there twice"),
        ("batch", "[1", "--batch is '[1'; is no value"),
        ("trl", "a=[1", "--trl: a is '[1'; is no value"),
    ],
)
def test_an_option_that_cannot_be_read_is_refused(name: str, text: str, said: str) -> None:
    """In one line; a name without a value is no nothing."""
    with pytest.raises(InputError) as caught:
        read_option(name, text)
    assert "\n" not in str(caught.value)
    assert said in str(caught.value)
