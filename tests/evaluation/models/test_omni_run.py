"""Whole runs with an Omni-LLM: what reached it stands in the receipts, and what went wrong has its name."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossomni.errors import DeafOrBlindError, InputError
from crossomni.evaluation.config import EvalConfig
from crossomni.evaluation.runs.runner import evaluate, evaluate_all
from crossomni.evaluation.runs.study import StudyConfig
from crossomni.export import export
from crossomni.records import Clip
from crossomni.testing import write_clip
from crossomni.testing.omni import Kind
from tests.evaluation.conftest import make_annotation, make_rows
from tests.omni.conftest import KINDS

pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

SHORT = {"frames": 2, "pixels": 112 * 84, "most_new_tokens": 4}


def config(model: Path, data: Path, out: Path, **changes: Any) -> EvalConfig:
    """A short run."""
    return EvalConfig(model=str(model), data=str(data), out=out, **{**SHORT, **changes})


def lines(out: Path) -> dict[str, dict[str, Any]]:
    """The predictions of a run, by row."""
    told = [json.loads(line) for line in (out / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(told) == len({line["id"] for line in told})
    return {line["id"]: line for line in told}


def scores(out: Path) -> Mapping[str, Any]:
    """The scores of a run."""
    found: Mapping[str, Any] = json.loads((out / "scores.json").read_text())
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_asks_every_row_and_has_all_receipts(
    folders: dict[Kind, Path], data: Path, tmp_path: Path, kind: Kind
) -> None:
    """27 rows, each with what reached the model; the folder says what model it was."""
    summary = evaluate(config(folders[kind], data, tmp_path / "run"))
    told = lines(tmp_path / "run")

    assert len(told) == 27
    assert summary.scores is not None
    assert (summary.scores["complete"], summary.scores["receipts"], summary.scores["n"]) == (True, "all", 27)
    tokens = {"qwen2_5_omni": (12, 25), "qwen3_omni_moe": (9, 13)}[kind]
    for line in told.values():
        receipt = line["receipt"]
        assert (receipt["frames"], receipt["audio_seconds"]) == (2, 1.0)
        assert (receipt["video_tokens"], receipt["audio_tokens"]) == tokens
        assert receipt["prompt_tokens"] > sum(tokens)
    about = json.loads((tmp_path / "run/run.json").read_text())
    assert (about["model"], about["senses"], about["knock_out"]) == (kind, ["audio", "text", "vision"], [])
    assert len(about["fingerprints"]["model"]) == 64


def test_letters_are_read_in_every_reply(folders: dict[Kind, Path], data: Path, tmp_path: Path) -> None:
    """A model that answers by letters says one letter to each question."""
    evaluate(config(folders["qwen2_5_omni"], data, tmp_path / "run", answer_by="letters"))
    told = lines(tmp_path / "run").values()

    assert {(line["state"], line["reply"]) for line in told} <= {("read", letter) for letter in "ABCD"}
    assert all(line["reply"] == line["letter"] for line in told)


@pytest.mark.parametrize(
    ("knock_out", "seen", "heard"),
    [(("sound",), True, False), (("sight",), False, True), (("sound", "sight"), False, False),
     (("sound-muted", "sight-swapped", "names"), True, True)],
)  # fmt: skip
def test_receipts_show_what_is_knocked_out(
    folders: dict[Kind, Path], data: Path, tmp_path: Path, knock_out: Any, seen: bool, heard: bool
) -> None:
    """What is left out has no token; what is exchanged has as many as before."""
    changes = {"knock_out": knock_out, "answer_by": "letters", "limit": 18}
    evaluate(config(folders["qwen2_5_omni"], data, tmp_path / "run", **changes))
    for line in lines(tmp_path / "run").values():
        receipt = line["receipt"]
        assert (receipt["video_tokens"], receipt["frames"]) == ((12, 2) if seen else (0, 0))
        assert (receipt["audio_tokens"], receipt["audio_seconds"]) == ((25, 1.0) if heard else (0, 0.0))
        assert receipt["prompt_tokens"] > 0


def test_runs_in_one_pass_score_as_they_do_alone(folders: dict[Kind, Path], data: Path, tmp_path: Path) -> None:
    """Rotations and knock-outs that go through the clips together say and score what separate runs do."""
    ways: dict[str, dict[str, Any]] = {
        "plain": {},
        "rotation": {"rotation": 2},
        "shifted": {"knock_out": ("sound-shifted",)},
        "mute-and-blind": {"knock_out": ("sound", "sight")},
    }
    together, alone = (
        [
            EvalConfig(
                model=str(folders["qwen2_5_omni"]), data=str(data), out=tmp_path / where / name, limit=18,
                answer_by="letters", **SHORT, **way,
            )
            for name, way in ways.items()
        ]
        for where in ("together", "alone")
    )  # fmt: skip
    evaluate_all(together)
    for one, other in zip(together, alone, strict=True):
        evaluate(other)
        assert scores(one.out) == scores(other.out)
        assert lines(one.out) == lines(other.out)
    replies = [[lines(one.out)[row]["reply"] for row in lines(together[0].out)] for one in together]
    assert all(one != other for place, one in enumerate(replies) for other in replies[:place])


def two_clips(folder: Path, damaged: bool = False) -> Path:
    """Data of two clips with other pictures; the first may be damaged from its middle on, as only decoding shows."""
    media = folder.with_name("media")
    media.mkdir()
    records, files, rows = {}, {}, []
    for number in range(2):
        name = f"clip_{number:02d}"
        paint = np.random.default_rng(number).integers(0, 255, (120, 160, 3), np.uint8)
        records[name] = Clip(id=name, show="tiny", episode=name, start_seconds=0.0, end_seconds=1.0)
        files[name] = write_clip(media / f"{name}.mp4", seconds=1.0, picture=lambda _, paint=paint: paint)
        rows += make_rows(name, number)
    if damaged:
        content = files["clip_00"].read_bytes()
        start, end = content.index(b"mdat"), content.rindex(b"moov") - 4  # of sound and pictures
        middle = (start + end) // 2
        files["clip_00"].write_bytes(content[:middle] + bytes(end - middle) + content[end:])
    truth = {name: make_annotation(record) for name, record in records.items()}
    source = {"source": "tiny", "seed": 0, "version": "0", "clips": 2, "licence": "apache-2.0"}
    export(folder, {"test": rows}, records, files, truth=truth, source=source)
    return folder


def test_a_clip_that_cannot_be_decoded_fails_its_own_rows(folders: dict[Kind, Path], tmp_path: Path) -> None:
    """Its nine rows have the failure's name, and the other clip's nine are answered."""
    summary = evaluate(config(folders["qwen3_omni_moe"], two_clips(tmp_path / "data", damaged=True), tmp_path / "run"))
    told = lines(tmp_path / "run")
    failed = {row for row, line in told.items() if line["state"] == "failed"}

    assert failed == {row for row in told if row.startswith("clip_00")}
    assert len(told) == 2 * len(failed) == 18
    for row in failed:
        assert told[row]["error"].startswith("MediaError: ")
        assert "clip_00.mp4" in told[row]["error"]
        assert told[row]["letter"] is None
    assert summary.scores is not None
    assert not summary.scores["complete"]


def test_a_template_without_sound_stops_the_run(folders: dict[Kind, Path], data: Path, tmp_path: Path) -> None:
    """A chat template that leaves sound out makes a deaf model: nothing is scored, and the row is named."""
    folder = shutil.copytree(folders["qwen2_5_omni"], tmp_path / "tiny")
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("<|AUDIO|>", ""))
    with pytest.raises(DeafOrBlindError, match=r"clip clip_00.mp4: the model's chat template"):
        evaluate(config(folder, data, tmp_path / "run", packing="apart"))
    assert lines(tmp_path / "run") == {}
    assert not (tmp_path / "run/scores.json").exists()


def without(tower: str, model: Path, folder: Path) -> Path:
    """A copy of the model with a tower that gives nothing on."""
    shutil.copytree(model, folder)
    weights = safetensors.load_file(folder / "model.safetensors")
    towers = [name for name in weights if tower in name]
    assert towers
    for name in towers:
        weights[name].zero_()
    safetensors.save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_deaf_tower_is_found_before_the_run(folders: dict[Kind, Path], tmp_path: Path, kind: Kind) -> None:
    """Sound that has its tokens, and moves no log-probability, stops the run before its folder is made."""
    model = without("audio_tower", folders[kind], tmp_path / "deaf")
    asked = StudyConfig(model=str(model), out=tmp_path / "run", preflight=2, limit=30, **SHORT)
    with pytest.raises(DeafOrBlindError, match=r"preflight: another clip's sound .*--knock-out sound"):
        evaluate(asked)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_blind_tower_is_found_before_the_run(folders: dict[Kind, Path], tmp_path: Path, kind: Kind) -> None:
    """So do pictures, where the clips are equally long: another length would move the model by itself."""
    model = without("visual", folders[kind], tmp_path / "blind")
    changes = {"data": str(two_clips(tmp_path / "data")), "knock_out": ("sound",), "preflight": 2, **SHORT}
    with pytest.raises(DeafOrBlindError, match=r"preflight: another clip's sight .*--knock-out sight"):
        evaluate(StudyConfig(model=str(model), out=tmp_path / "run", **changes))
    assert not (tmp_path / "run").exists()


def test_a_model_that_hears_and_sees_passes(folders: dict[Kind, Path], tmp_path: Path) -> None:
    """With whole towers the run is made, on clips that people film and speak in."""
    changes = {"preflight": 2, "limit": 30, "answer_by": "letters", **SHORT}
    summary = evaluate(StudyConfig(model=str(folders["qwen3_omni_moe"]), out=tmp_path / "run", **changes))
    assert summary.scores is not None
    assert summary.scores["receipts"] == "all"


@pytest.mark.parametrize("lacking", ["config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"])
def test_a_model_that_is_not_whole_leaves_no_run(
    folders: dict[Kind, Path], data: Path, tmp_path: Path, lacking: str
) -> None:
    """What cannot be loaded is refused in one line before the run's folder is made."""
    folder = shutil.copytree(folders["qwen2_5_omni"], tmp_path / "tiny")
    (folder / lacking).unlink()
    with pytest.raises(InputError, match=r"model .*/tiny: ") as caught:
        evaluate(config(folder, data, tmp_path / "run"))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("adapter", ["nowhere", "."])
def test_an_adapter_that_is_none_leaves_no_run(
    folders: dict[Kind, Path], data: Path, tmp_path: Path, adapter: str
) -> None:
    """Where there is no folder, and where there is no adapter in it."""
    pytest.importorskip("peft")
    with pytest.raises(InputError, match=r"nowhere: there is no such|cannot be put on the model"):
        evaluate(config(folders["qwen2_5_omni"], data, tmp_path / "run", adapter=tmp_path / adapter))
    assert not (tmp_path / "run").exists()


def test_code_that_is_not_trusted_leaves_no_run(folders: dict[Kind, Path], data: Path, tmp_path: Path) -> None:
    """A model that brings its own code is refused in a line that names the option."""
    folder = shutil.copytree(folders["qwen2_5_omni"], tmp_path / "tiny")
    told = json.loads((folder / "config.json").read_text())
    told |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(told))
    (folder / "own.py").write_text("raise SystemExit('it ran')\n")
    with pytest.raises(InputError, match=r"--trust-remote-code"):
        evaluate(config(folder, data, tmp_path / "run"))
    assert not (tmp_path / "run").exists()
