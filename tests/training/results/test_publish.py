"""Weights go to the Hub with a card that says what is known, and nothing goes that was not meant to."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossomni.errors import InputError
from crossomni.ledger import write_json
from crossomni.scoring import GROUPS, score
from crossomni.tasks import TASKS
from crossomni.testing.hub_server import HubServer
from crossomni.training.results.publish import About, files, prepare, push
from crossomni.weights import weights_fingerprint
from tests.training.results.trained import write

SECRETS = (
    "training.json",
    "report.html",
    "optimizer.pt",
    "trainer_state.json",
    "training_args.bin",
    "judge.sqlite",
    "rows.jsonl",
    "videos/clip-1.mp4",
    "audio.wav",
    ".env",
    "checkpoint-50/adapter_model.safetensors",
    "towers/ab.safetensors",
    "data/README.md",
)


def trained(folder: Path, kind="sft", *, merged=False, **changes) -> Path:
    """A training's folder with its weights in it, and beside them what must never leave; gives the weights' folder."""
    made = write(folder, kind, **changes)
    made.curves_path.write_bytes(b"\x89PNG")
    weights = folder / ("merged" if merged else "adapter")
    names = ("config.json", "model.safetensors") if merged else ("adapter_config.json", "adapter_model.safetensors")
    for place in (folder, weights):
        for name in SECRETS:
            if not (place / name).exists() and (place, name) != (weights, "training.json"):
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_text("secret", encoding="utf-8")
    (weights / names[0]).write_text(json.dumps({"base_model_name_or_path": "/home/me/base"}), encoding="utf-8")
    (weights / names[1]).write_bytes(b"weights")
    (weights / "README.md").write_text("[More Information Needed]", encoding="utf-8")
    return weights


def evaluated(folder: Path, weights: Path, data="ab" * 32) -> Path:
    """A scored run of these weights: two of three rows of each task are right."""
    tasks = [task.id for task in TASKS for _ in range(3)]
    letters = ["A", "A", "B"] * len(TASKS)
    scores = score(letters, ["A"] * len(tasks), tasks)
    own = weights_fingerprint(weights)
    about = {
        "configuration": {"data": "playhouse", "split": "test", "prompt": "icl", "answer_by": "generation"},
        "fingerprints": {"data": data, "model": f"{'cd' * 20}+{own}"},
        "knock_out": [],
        "rows": len(tasks),
    }
    write_json(folder / "run.json", about)
    write_json(folder / "scores.json", {**scores, "complete": True})
    return folder


def front_matter(weights: Path) -> dict:
    """As the Hub reads it."""
    return ModelCard.load(weights / "README.md").data.to_dict()


def test_an_adapters_card_names_its_base(tmp_path):
    """What the Hub needs to show it as an adapter of that model, and how it is loaded."""
    weights = trained(tmp_path)
    prepare(weights, about=About(licence="apache-2.0", name="small"))
    found = front_matter(weights)
    assert {
        "base_model": "Qwen/Qwen2.5-Omni-3B",
        "base_model_relation": "adapter",
        "library_name": "peft",
        "pipeline_tag": "any-to-any",
        "license": "apache-2.0",
        "language": "en",
    } == {name: found.get(name) for name in found if name != "tags"}
    assert {"crossomni", "lora", "sft", "trl"} <= {*found["tags"]}


def test_a_merged_model_is_a_finetune(tmp_path):
    """It is loaded by transformers."""
    weights = trained(tmp_path, "grpo", merged=True)
    prepare(weights)
    found = front_matter(weights)
    assert ("transformers", "finetune") == (found["library_name"], found["base_model_relation"])
    assert "grpo" in found["tags"]


def test_what_is_not_known_is_left_out(tmp_path):
    """A base that is a folder of this machine, a licence nobody gave, data without an id, a run that was not made."""
    weights = trained(tmp_path, model=str(tmp_path))
    prepare(weights)
    assert {"language", "library_name", "pipeline_tag", "tags"} == {*front_matter(weights)}
    text = (weights / "README.md").read_text(encoding="utf-8")
    for word in ("None", "More Information", "unknown", str(tmp_path), "nan", "Results"):
        assert word not in text


def test_the_text_tells_the_training(tmp_path):
    """Rows, fingerprints, settings, both ends of the curves; no address of a judge's server."""
    weights = trained(tmp_path, "grpo", steps=40)
    record = tmp_path / "training.json"
    values = json.loads(record.read_text(encoding="utf-8"))
    values["configuration"] |= {"judge": "openai:Qwen3@http://10.0.0.7/v1", "trl": {"hub_token": "hf_x", "top_k": 5}}
    record.write_text(json.dumps(values), encoding="utf-8")
    prepare(weights)
    text = (weights / "README.md").read_text(encoding="utf-8")
    for line in (
        "2 trained on, 1 of other episodes held out",
        "ab" * 32,
        "| beta | 0.04 |",
        "| weights | format 1.0, accuracy 1.0, context 1.0, logic 1.0 |",
        "| judge | openai:Qwen3 |",
        "| trl | top_k 5 |",
        "| reward, all together | 0.0625 [",
        "| loss | 3 (step 0) | 1.2 (step 40) |",
        "![Curves of the training](curves.png)",
        "crossomni 0.1.0, trl 1.16.0.",
    ):
        assert line in text
    assert "10.0.0.7" not in text
    assert "hf_x" not in text


def test_results_stand_in_both_forms(tmp_path):
    """Each accuracy in percent, in the card's model-index and in .eval_results, read back by the Hub's own parsers."""
    weights = trained(tmp_path)
    about = About(name="small", dataset="someone/crossomni")
    going = prepare(weights, about=about, evaluation=evaluated(tmp_path / "run", weights))
    assert ".eval_results/crossomni.yaml" in going
    entries = parse_eval_result_entries(yaml.safe_load((weights / ".eval_results/crossomni.yaml").read_text("utf-8")))
    assert {group.name: 66.67 for group in GROUPS} == {entry.task_id: entry.value for entry in entries}
    assert {("someone/crossomni", "percent; prompt icl, answers by generation, 27 rows")} == {
        (entry.dataset_id, entry.notes) for entry in entries
    }
    results = ModelCard.load(weights / "README.md").data.eval_results
    assert {(group.name, 66.67) for group in GROUPS} == {(r.metric_args["group"], r.metric_value) for r in results}
    assert "| Au→Vi | 66.7 |" in (weights / "README.md").read_text(encoding="utf-8")


def test_without_the_datas_id_there_is_no_eval_results(tmp_path):
    """The Hub files them under a data set, and an id is not invented; one of an earlier run goes too."""
    weights = trained(tmp_path)
    run = evaluated(tmp_path / "run", weights)
    prepare(weights, about=About(dataset="someone/crossomni"), evaluation=run)
    assert ".eval_results/crossomni.yaml" not in prepare(weights, evaluation=run)
    assert "crossomni" == ModelCard.load(weights / "README.md").data.eval_results[0].dataset_type


def test_the_datas_id_is_that_of_the_rows_trained_on(tmp_path):
    """A run on other data is told by their name alone, and filed under no data set."""
    weights = trained(tmp_path)
    run = evaluated(tmp_path / "run", weights, data="ef" * 32)
    assert ".eval_results/crossomni.yaml" not in prepare(weights, about=About(dataset="me/mine"), evaluation=run)
    assert "crossomni" == ModelCard.load(weights / "README.md").data.eval_results[0].dataset_type
    assert ["me/mine"] == front_matter(weights)["datasets"]


def test_the_card_tells_what_the_right_clip_is_worth(tmp_path):
    """Where that was measured."""
    weights = trained(tmp_path)
    write_json(tmp_path / "held_out.json", {"rows": 12, "clips": 2, "right": 1.25, "other": 1.5, "gain": None})
    prepare(weights)
    text = " ".join((weights / "README.md").read_text(encoding="utf-8").split())
    assert "1.2500 with the row's own clip, 1.5000 with another clip." in text


def test_random_weights_are_called_that(tmp_path):
    """Nobody takes a test's weights for a model."""
    weights = trained(tmp_path, model="tiny:qwen2_5_omni")
    prepare(weights)
    text = (weights / "README.md").read_text(encoding="utf-8")
    assert "# tiny-qwen2_5_omni-crossomni-sft" in text
    assert "a tiny thinker with random weights" in text
    assert "base_model" not in front_matter(weights)


def test_data_in_a_folder_are_told_by_its_name(tmp_path):
    """Its path is of this machine."""
    weights = trained(tmp_path, data={"source": "/home/me/plays", "fingerprint": "ab" * 32})
    prepare(weights)
    text = (weights / "README.md").read_text(encoding="utf-8")
    assert "**Data**: plays; fingerprint" in text
    assert "/home/me" not in text


def test_an_offline_judge_is_called_what_it_is(tmp_path):
    """Nobody takes its rewards for a language model's."""
    weights = trained(tmp_path, "grpo")
    prepare(weights)
    assert "| judge | offline: rules over playhouse's own truth" in (weights / "README.md").read_text(encoding="utf-8")


def test_preparing_twice_changes_nothing(tmp_path):
    """The same files with the same bytes; a run of the weights stays one of them."""
    weights = trained(tmp_path)
    run = evaluated(tmp_path / "run", weights)
    once = prepare(weights, evaluation=run), (weights / "README.md").read_bytes()
    assert once == (prepare(weights, evaluation=run), (weights / "README.md").read_bytes())


@pytest.mark.parametrize("merged", [False, True])
def test_only_what_is_on_the_list_goes(merged, tmp_path):
    """Weights, what loads them, card and curves; no rows, media, checkpoints, judge's replies or folders' names."""
    going = prepare(trained(tmp_path, merged=merged))
    own = ["config.json", "model.safetensors"] if merged else ["adapter_config.json", "adapter_model.safetensors"]
    assert sorted([*own, "README.md", "curves.png", "history.jsonl"]) == going


@given(st.lists(st.text("abc./_-*[]?é ", min_size=1, max_size=12), max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_other_name_ever_goes(tmp_path, names):
    """Whatever else lies there, also with signs that patterns are made of."""
    for name in names:
        path = tmp_path.joinpath(*[part for part in name.split("/") if part.strip(". ")] or ["x"])
        if not any(parent.is_file() for parent in (path, *path.parents)) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("secret", encoding="utf-8")
    (tmp_path / "README.md").write_text("card", encoding="utf-8")
    assert ["README.md"] == files(tmp_path)


def test_a_link_does_not_go(tmp_path):
    """What it leads to may be anything on this machine."""
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "vocab.json").symlink_to(tmp_path / "secret")
    assert [] == files(weights)


def test_a_push_takes_exactly_those_files(tmp_path):
    """The repository is private, and the adapter's configuration names no folder of this machine."""
    weights = trained(tmp_path)
    with HubServer() as hub:
        address = push(weights, "me/mine", token="hf_me", endpoint=hub.url)
        there = hub.files("me/mine")
    assert re.fullmatch(rf"{hub.url}/me/mine/commit/[0-9a-f]{{40}}", address)
    assert [("mine", True)] == [
        (made["name"], made.get("private", made.get("visibility") == "private")) for made in hub.made
    ]
    assert files(weights) == sorted(there)
    assert {"base_model_name_or_path": None} == json.loads(there["adapter_config.json"])
    assert b"weights" == there["adapter_model.safetensors"]
    assert {"Bearer hf_me"} == hub.tokens


def test_no_network_is_told_in_one_line(tmp_path):
    """Nobody listens there; the folder is prepared all the same."""
    with HubServer() as hub:
        address = hub.url
    weights = trained(tmp_path)
    with pytest.raises(InputError, match=r"push to me/mine: the Hub was not reached .* Check the network") as told:
        push(weights, "me/mine", token="hf_me", endpoint=address)
    assert "\n" not in str(told.value)
    assert {} != front_matter(weights)


def test_a_refusal_is_told_with_its_status(tmp_path):
    """A token that may not write."""
    with HubServer(refuses=403) as hub, pytest.raises(InputError, match=r"the Hub refused it \(403"):
        push(trained(tmp_path), "me/mine", token="hf_me", endpoint=hub.url)


def test_no_token_is_told_before_anything_is_written(tmp_path):
    """With the command that gets one, to a user who is not logged in."""
    weights = trained(tmp_path)
    code = (
        "from pathlib import Path; from crossomni.training.results.publish import push; "
        f"push(Path({str(weights)!r}), 'me/x')"
    )
    nobody = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": "", "HF_TOKEN_PATH": str(tmp_path / "none")}
    done = subprocess.run([sys.executable, "-c", code], env=nobody, capture_output=True, text=True, check=False)
    assert "InputError: push to me/x: no token was found" in done.stderr
    assert "hf auth login" in done.stderr
    assert "[More Information Needed]" == (weights / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["me/mi ne", "mine", "me/mine/too", ""])
def test_a_name_that_is_none_is_refused(name, tmp_path):
    """Before anything is sent or written."""
    weights = trained(tmp_path)
    with HubServer() as hub, pytest.raises(InputError, match="Give OWNER/NAME"):
        push(weights, name, token="hf_me", endpoint=hub.url)
    assert [] == hub.made
    assert "[More Information Needed]" == (weights / "README.md").read_text(encoding="utf-8")


def test_a_merged_model_has_the_scores_of_its_base_and_adapter(tmp_path):
    """An evaluation with --adapter is of the same weights; where the note of what was merged is gone it is not."""
    weights = trained(tmp_path, merged=True)
    run = evaluated(tmp_path / "run", weights)
    asked = json.loads((run / "run.json").read_text(encoding="utf-8"))["fingerprints"]["model"]
    write_json(weights / "merged.json", dict(zip(("base", "adapter"), asked.split("+"), strict=True)))
    assert ".eval_results/crossomni.yaml" in prepare(weights, about=About(dataset="me/d"), evaluation=run)
    (weights / "merged.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="is a run of other weights"):
        prepare(weights, evaluation=run)


def test_a_run_of_other_weights_is_refused(tmp_path):
    """Scores of the base are none of the adapter."""
    weights = trained(tmp_path)
    run = evaluated(tmp_path / "run", weights)
    (weights / "adapter_model.safetensors").write_bytes(b"other weights")
    with pytest.raises(InputError, match="is a run of other weights"):
        prepare(weights, evaluation=run)


@pytest.mark.parametrize(
    ("scores", "said"),
    [({"complete": False}, "not all of its 27 rows"), ({"overall": None}, "lacks overall"), (None, "cannot be read")],
)
def test_a_run_without_whole_scores_is_refused(scores, said, tmp_path):
    """One that was stopped, that is damaged, or that was not scored."""
    weights = trained(tmp_path)
    run = evaluated(tmp_path / "run", weights)
    if scores is None:
        (run / "scores.json").unlink()
    else:
        write_json(run / "scores.json", json.loads((run / "scores.json").read_text()) | scores)
    with pytest.raises(InputError, match=said):
        prepare(weights, evaluation=run)


def test_a_folder_without_weights_is_refused(tmp_path):
    """The training's folder in the place of its adapter's, say."""
    write(tmp_path)
    with pytest.raises(InputError, match="holds no weights"):
        prepare(tmp_path)


def test_weights_of_no_training_are_refused(tmp_path):
    """Nothing would be known of them."""
    weights = trained(tmp_path / "here")
    moved = weights.rename(tmp_path / "there")
    with pytest.raises(InputError, match=r"there is no training\.json"):
        prepare(moved)


def test_a_licence_of_ones_own_has_name_and_link():
    """The Hub demands both."""
    with pytest.raises(InputError, match="licence_name and licence_link"):
        About(licence="other")
    assert "x" == replace(About(licence="other", licence_name="x", licence_link="y"), name="z").licence_name
