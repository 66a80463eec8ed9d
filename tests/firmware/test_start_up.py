"""The order of each chip's start-up: docs/start-up.md, from the makers' own drivers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sensor_bnn.hardware.boards import Board, Setup, load_board

from .facts import CHIPS, CORE, Chip

PAGE = Path(__file__).parents[2] / "docs" / "start-up.md"


@dataclass(frozen=True)
class Action:
    """What a step does: ``set``, ``clear``, ``wait`` or ``gone``, and to which field of which register.

    Boards with one chip may use different pins: then it is done to one of several places. ``value`` is the
    field's, where a row names it.
    """

    verb: str
    places: tuple[tuple[int, int], ...]  # addresses and masks
    value: int | None

    def within(self, step: Setup) -> bool:
        """Return whether a step does this."""
        return any(self._is_done(step, mask) for address, mask in self.places if step.register == address)

    def _is_done(self, step: Setup, mask: int) -> bool:
        if self.value is not None:
            changed, becomes = (
                (step.set | step.clear, step.set) if self.verb == "set" else (step.wait, step.until)
            )
            return bool(mask & changed) and mask & becomes == self.value * (mask & -mask)
        if self.verb in ("set", "clear"):
            changed = mask & (step.set if self.verb == "set" else step.clear & ~step.set)
            return bool(changed) and not (self.verb == "clear" and mask & step.set)
        waited = mask & step.wait
        return bool(waited) and bool(mask & step.until) == (self.verb == "wait")


@dataclass(frozen=True)
class Rule:
    """A row of the page: an action that must come before another, and where that was read."""

    first: Action
    then: Action
    text: str


def rules_of(chip: Chip) -> list[Rule]:
    """Return the rows of the chip's table."""
    section = re.search(rf"^## {chip.name}$(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert section is not None, chip.name
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section[1].splitlines()
        if line.startswith("| ") and not line.startswith("| first")
    ]
    return [Rule(_action(chip, row[0]), _action(chip, row[1]), " | ".join(row)) for row in rows]


def _action(chip: Chip, cell: str) -> Action:
    verb, names, words = cell.split()
    fields, _, value = words.partition("=")
    assert verb in (("set", "wait") if value else ("set", "clear", "wait", "gone")), cell
    registers = [chip.registers.get(name) or CORE.registers[name] for name in names.split("/")]
    places = [
        (register.address, register.fields[field].mask)
        for register in registers
        for field in fields.split("/")
    ]
    return Action(verb, tuple(places), int(value) if value else None)


def broken(rules: list[Rule], steps: tuple[Setup, ...]) -> list[str]:
    """Return the rows that a set-up breaks, and those whose steps it does not have."""
    found = []
    for rule in rules:
        first, then = _place(rule.first, steps), _place(rule.then, steps)
        if first is None or then is None or not first < then:
            found.append(rule.text)
    return found


def _place(action: Action, steps: tuple[Setup, ...]) -> tuple[int, int] | None:
    """Return where an action is done first: a step changes its register, then waits."""
    waits = action.verb in ("wait", "gone")
    return next(((number, waits) for number, step in enumerate(steps) if action.within(step)), None)


ORDERED = [
    (load_board(name), chip) for chip in CHIPS for name in chip.boards if len(load_board(name).setup) > 2
]
NAMES = [board.name for board, _ in ORDERED]


@pytest.mark.parametrize(("board", "chip"), ORDERED, ids=NAMES)
def test_start_up_keeps_its_chips_order(board: Board, chip: Chip) -> None:
    assert broken(rules_of(chip), board.setup) == []


@pytest.mark.parametrize(("board", "chip"), ORDERED, ids=NAMES)
def test_every_step_is_in_a_row(board: Board, chip: Chip) -> None:
    actions = [action for rule in rules_of(chip) for action in (rule.first, rule.then)]
    registers = {address for action in actions for address, _ in action.places}
    assert [hex(step.register) for step in board.setup if step.register not in registers] == []


@pytest.mark.parametrize(("board", "chip"), ORDERED, ids=NAMES)
def test_a_set_up_with_the_two_steps_of_a_row_exchanged_is_refused(board: Board, chip: Chip) -> None:
    for rule in rules_of(chip):
        first, then = _place(rule.first, board.setup), _place(rule.then, board.setup)
        assert first is not None and then is not None
        steps = list(board.setup)
        if (
            first[0] == then[0]
        ):  # One step changes and then waits: without its change, the wait is for nothing.
            steps[first[0]] = replace(steps[first[0]], set=0)
        else:
            steps[first[0]], steps[then[0]] = steps[then[0]], steps[first[0]]
        assert broken([rule], tuple(steps)) == [rule.text]


def test_every_source_is_a_line() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if re.match(r"\| (set|clear|wait|gone) ", line)]
    assert rows
    assert [row for row in rows if not re.search(r"\| [\w/]+\.(c|svd):\d+ \|$", row)] == []
