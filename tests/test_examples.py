"""The example scripts run as their docstrings say, and the configuration beside them fits the thinkers."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from crossomni.testing import tiny_omni

pytest.importorskip("trl")

EXAMPLES = Path(__file__).parents[1] / "examples"
SMALL = "--frames 2 --pixels 3136 --max_steps 1 --use_cpu --bf16 False --report_to none --save_strategy no"
SFT = f"--model_name_or_path tiny:qwen2_5_omni --rows 9 --per_device_train_batch_size 2 {SMALL}"
GRPO = f"--rows 9 --num_generations 2 --per_device_train_batch_size 2 --max_completion_length 4 {SMALL}"
TWO = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")


def run(script: str, options: str, launcher: tuple[str, ...] = ()) -> None:
    """Run an example in a process of its own, or two."""
    command = [sys.executable, *launcher, EXAMPLES / script, *shlex.split(options)]
    quiet = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env={**os.environ, **quiet}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.slow
def test_sft_and_grpo_go_on_from_each_other(tmp_path):
    """The weights of the one script are what the other begins with."""
    run("train_sft.py", f"{SFT} --use_peft False --output_dir {tmp_path}/sft")
    run("train_grpo.py", f"{GRPO} --model_name_or_path {tmp_path}/sft --output_dir {tmp_path}/grpo")
    assert (tmp_path / "grpo" / "model.safetensors").is_file()


@pytest.mark.slow
def test_two_processes_train_an_adapter_together(tmp_path):
    """Both scripts run in two processes; the fine-tuned adapter is trained further."""
    run("train_sft.py", f"{SFT} --output_dir {tmp_path}/sft", TWO)
    started = f"--model_name_or_path {tmp_path}/sft/base --adapter {tmp_path}/sft"
    run("train_grpo.py", f"{GRPO} {started} --output_dir {tmp_path}/grpo", TWO)
    assert (tmp_path / "grpo" / "adapter_model.safetensors").is_file()


@pytest.fixture(scope="module")
def sharing():
    """The configuration of FSDP2, as ``accelerate launch`` reads it."""
    config = pytest.importorskip("accelerate.commands.config.config_args")
    return config.load_config_from_file(str(EXAMPLES / "fsdp2.yaml"))


def test_accelerate_reads_the_configuration_of_fsdp2(sharing):
    """It is FSDP in its second version, in bfloat16."""
    assert (sharing.distributed_type.value, sharing.fsdp_config["fsdp_version"]) == ("FSDP", 2)
    assert sharing.mixed_precision == "bf16"


@pytest.mark.parametrize("kind", ["qwen2_5_omni", "qwen3_omni_moe"])
@pytest.mark.parametrize("with_lora", [False, True])
def test_what_fsdp2_keeps_whole_is_frozen(sharing, tmp_path, kind, with_lora):
    """The towers stay whole on every device, and with an adapter the last norm: no gradient of theirs is lost."""
    peft = pytest.importorskip("peft")
    from crossomni.training.thinkers import load_thinker, lora, made_ready

    thinker = load_thinker(tiny_omni(tmp_path, kind))
    thinker = made_ready(peft.get_peft_model(thinker, lora(thinker)) if with_lora else thinker)
    pattern = re.compile(sharing.fsdp_config["fsdp_ignored_modules"])
    whole = {name: module for name, module in thinker.named_modules() if pattern.fullmatch(name)}
    assert ["audio_tower", *["norm"] * with_lora, "visual"] == sorted(name.rpartition(".")[2] for name in whole)
    assert not any(weight.requires_grad for module in whole.values() for weight in module.parameters())


@pytest.mark.parametrize("kind", ["qwen2_5_omni", "qwen3_omni_moe"])
def test_the_layers_that_fsdp2_shares_out_are_those_of_the_thinker(tmp_path, kind):
    """The file names the class of each kind's layers, the second kind's in its comment."""
    from crossomni.training.thinkers import load_thinker

    language = load_thinker(tiny_omni(tmp_path, kind)).model.language_model
    assert f" {type(language.layers[0]).__name__}\n" in (EXAMPLES / "fsdp2.yaml").read_text(encoding="utf-8")
