"""The call stack that TVM gets: as Python's own in all that TVM looks at."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from tvm.script import ir, tirx

from sensor_bnn.compiler.kernels import frames
from sensor_bnn.compiler.kernels.bnn_linear import bnn_linear


def stacks() -> tuple[list[inspect.FrameInfo], list[inspect.FrameInfo]]:
    return frames.stack(), inspect.stack()


def test_it_is_pythons_with_one_line_of_source() -> None:
    ours, theirs = stacks()
    assert len(ours) > 10
    for one, other in zip(ours, theirs, strict=True):
        assert (one.frame, one.function) == (other.frame, other.function)
        assert (one.lineno, Path(one.filename).name) == (other.lineno, Path(other.filename).name)
    assert ours[2].code_context == theirs[2].code_context
    assert ours[2].index == 0
    assert {one.code_context is None for place, one in enumerate(ours) if place != 2} == {True}


def test_a_kernel_is_parsed_without_pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "stack", lambda *given: pytest.fail("all frames were looked at"))
    assert len(bnn_linear(1, 2, 32).params) == 5


def test_a_class_of_kernels_is_still_parsed_as_a_whole() -> None:
    @ir.ir_module
    class Module:
        @tirx.prim_func(s_tir=True)
        def twice(x: tirx.Buffer((4,), "int32"), y: tirx.Buffer((4,), "int32")):  # noqa: N805
            for i in tirx.grid(4):
                y[i] = x[i] * 2

    assert [name.name_hint for name in Module.functions] == ["twice"]
