"""How fast a machine is: this one, measured in less than a second, or one that is known from its maker's data sheet."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crossomni.errors import InputError
from crossomni.optional import need

_PURPOSE = "planning a training"
_LONG_ENOUGH = 0.1  # seconds that one measurement takes
_SIDES = {"cpu": 1024, "cuda": 8192}  # of the matrices
_COPIED = {"cpu": 2**26, "cuda": 2**30}  # bytes


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One device as a training finds it; all devices are taken to be alike."""

    name: str
    operations_a_second: float  # of a large matrix product: two for each multiplication and addition
    bytes_a_second: float  # that memory can be read and written with
    seconds_a_call: float  # that a smallest operation takes, whatever it computes
    memory_bytes: int
    is_gpu: bool
    known_from: str = "measured"

    def __post_init__(self) -> None:
        for name in ("operations_a_second", "bytes_a_second", "seconds_a_call", "memory_bytes"):
            if not getattr(self, name) > 0:
                raise ValueError(f"machine: {name} is {getattr(self, name)}; wanted more than 0.")


# Tera operations a second in bfloat16 (dense), terabytes a second, gigabytes: NVIDIA's data sheets.
_KNOWN = {
    "A100-80GB": (312, 2.04, 80),
    "H100": (989, 3.35, 80),
    "H200": (989, 4.8, 141),
    "L40S": (362, 0.864, 48),
    "RTX-4090": (165, 1.01, 24),
}
_GPU_CALL = 5e-6  # seconds that starting a kernel takes, about


def known_machine(name: str) -> Machine:
    """A GPU from its maker's data sheet, for plans that are made elsewhere.

    Raises:
        InputError: for one that is not in the table.
    """
    if name not in _KNOWN:
        raise InputError(
            f"machine {name!r}: not known; wanted one of {', '.join(_KNOWN)}, or none: this one, measured."
        )
    operations, moved, memory = _KNOWN[name]
    return Machine(
        name=name,
        operations_a_second=operations * 1e12,
        bytes_a_second=moved * 1e12,
        seconds_a_call=_GPU_CALL,
        memory_bytes=memory * 10**9,
        is_gpu=True,
        known_from="data sheet",
    )


def this_machine(bytes_each: int) -> Machine:
    """Measure this process's device with numbers of ``bytes_each`` bytes; a processor always computes in float32."""
    torch = need("torch", _PURPOSE)
    is_gpu = torch.cuda.is_available()
    place = "cuda" if is_gpu else "cpu"
    kind = torch.bfloat16 if is_gpu and bytes_each == 2 else torch.float32
    side, size = _SIDES[place], _COPIED[place]
    one = torch.ones(side, side, dtype=kind, device=place)
    block, small = torch.empty(size, dtype=torch.uint8, device=place), torch.ones(8, device=place)
    product = _seconds(lambda: one @ one, is_gpu)
    return Machine(
        name=torch.cuda.get_device_name() if is_gpu else f"processor, {torch.get_num_threads()} threads",
        operations_a_second=2 * side**3 / product,
        bytes_a_second=2 * size / _seconds(lambda: block.clone(), is_gpu),
        seconds_a_call=_seconds(lambda: small.add_(1), is_gpu),
        memory_bytes=torch.cuda.get_device_properties(0).total_memory if is_gpu else _processor_memory(),
        is_gpu=is_gpu,
    )


def _seconds(run: Callable[[], Any], is_gpu: bool) -> float:
    """The shortest of some runs' seconds: what else goes on can only make one longer."""
    torch = need("torch", _PURPOSE)
    run()
    best, began = float("inf"), time.perf_counter()
    while time.perf_counter() - began < _LONG_ENOUGH:
        if is_gpu:
            torch.cuda.synchronize()
        start = time.perf_counter()
        run()
        if is_gpu:
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return best


def _processor_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
