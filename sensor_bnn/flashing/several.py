"""The same work on several boards in parallel, with one thread per port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from sensor_bnn.errors import SensorBnnError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """The outcome at one port: a result, or the error that stopped the work there; other ports go on."""

    port: str
    result: Result | None
    error: SensorBnnError | None


def on_each(ports: Sequence[str], work: Callable[[str], Result]) -> list[Outcome[Result]]:
    """Do ``work`` for all ports in parallel; return the outcomes in the order of the ports."""

    def one(port: str) -> Outcome[Result]:
        try:
            return Outcome(port, work(port), None)
        except SensorBnnError as error:
            return Outcome(port, None, error)

    with ThreadPoolExecutor(max_workers=max(1, len(ports))) as pool:
        return list(pool.map(one, ports))
