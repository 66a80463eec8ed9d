"""What is in a data set, as JSON and as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from sensor_bnn.report.console import table_console
from sensor_bnn.report.schema import schema_id
from sensor_bnn.train.contents import Contents
from sensor_bnn.train.parts import listed


def contents_facts(found: Contents, name: str) -> dict[str, Any]:
    """Return what `sensor-bnn data --json` prints.

    Args:
        found: what is in the set.
        name: what the user named: a file, a folder or a recipe.
    """
    facts = asdict(found)
    del facts["examples"]
    return {"schema": schema_id("data"), "name": name, **facts}


def in_three_lines(found: Contents) -> tuple[str, str, str]:
    """Return in three lines what is in the set, how it is split, and what is not used."""
    counts = [f"{count:,} {what}{'s' * (count != 1)}" for count, what in _wholes(found)]
    if found.targets:
        of = "; ".join(f"{one.name} {one.low:.4g} to {one.high:.4g}" for one in found.targets)
        what = f"{len(found.targets)} number{'s' * (len(found.targets) != 1)} to predict: {of}"
    else:
        classes = ", ".join(f"{one.name} {one.samples:,}" for one in found.classes[:8])
        more = ", ..." if len(found.classes) > 8 else ""
        what = f"{len(found.classes)} class{'es' * (len(found.classes) != 1)}: {classes}{more}"
    first = f"data: {', '.join(counts)}, {_samples(found)}; {what}"
    split = found.split
    second = f"split: {found.refused}"
    if split is not None:
        whole = f"{split.whole}s" if split.learned else ""
        learned = f" ({whole} {listed(split.learned)})" if whole else ""
        tested = f" ({whole} {listed(split.tested)})" if whole else ""
        second = (
            f"split: {split.how}: {split.learned_windows:,} to learn from{learned},"
            f" {split.tested_windows:,} to test on{tested}"
        )
    dropped = "; ".join(f"{one.samples:,} samples {one.why}" for one in found.dropped)
    return first, second, f"not used: {dropped or 'nothing'}"


def print_contents(found: Contents, name: str) -> None:
    """Print the tables to stdout."""
    table_console(columns=100).print(contents_table(found, name))


def contents_table(found: Contents, name: str) -> Group:
    """Return the summary, the channels and the classes, for any rich console."""
    tables: list[Table] = [_summary(found, name)]
    if found.channels:
        tables.append(_channels(found))
    tables.append(_targets(found) if found.targets else _classes(found))
    return Group(*tables)


def summary_rows(found: Contents) -> list[tuple[str, str]]:
    """Return name and value of everything but channels and classes, as terminal and page show it."""
    rows = [("data", _samples(found))]
    rows += [(f"{what}s", f"{count:,}") for count, what in _wholes(found)]
    time = found.time
    if found.window:
        rows.append(("rate", f"{time.rate:.4g} Hz, by {time.told_by}" if time.rate else "not known"))
        if time.gaps or time.backwards or time.twice:
            told = [
                f"{time.gaps:,} gap{'s' * (time.gaps != 1)}, the longest {time.longest_gap:.3g} s"
            ] * bool(time.gaps)
            told += [f"{time.backwards:,} samples earlier than the one before"] * bool(time.backwards)
            told += [f"{time.twice:,} samples with the time of the one before"] * bool(time.twice)
            rows.append(("time", "; ".join(told)))
        if found.parts:
            equal = found.shortest == found.longest
            told_lengths = f"{found.shortest:,}" if equal else f"{found.shortest:,} to {found.longest:,}"
            rows.append(("samples per part", told_lengths))
        step = f", one every {found.step:,}" if found.step else ""
        rows.append(("window", f"{found.window:,} samples{step}"))
    rows += [("source", line) for line in found.source]
    if found.unlabelled:
        rows.append(("without a label", f"{found.unlabelled:,} samples"))
    missing = sum(channel.missing for channel in found.channels)
    if missing:
        rows.append(("missing", f"{missing:,} values"))
    if found.split is not None:
        split = found.split
        rows.append(("split", split.how))
        for title, groups, windows in (
            ("learned from", split.learned, split.learned_windows),
            ("tested on", split.tested, split.tested_windows),
        ):
            what = "windows" if found.window else "images"
            names = f" of {split.whole}s {listed(groups)}" if groups else ""
            rows.append((title, f"{windows:,} {what}{names}"))
    rows += [("not used", f"{one.samples:,} samples {one.why}") for one in found.dropped]
    rows += [("note", line) for line in found.notes]
    if found.refused:
        rows.append(("TRAINING REFUSES", found.refused))
    return rows


def _summary(found: Contents, name: str) -> Table:
    table = Table(title=Text(name), show_header=False, title_justify="left", box=box.SIMPLE)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for title, value in summary_rows(found):
        table.add_row(*map(Text, (title, value)))
    return table


def _channels(found: Contents) -> Table:
    table = Table(title="channels", title_justify="left", box=box.SIMPLE)
    headings = ("channel", "unit", "from", "to", "mean", "deviation", "missing", "remark")
    rows = []
    for channel in found.channels:
        numbers = (channel.low, channel.high, channel.mean, channel.deviation)
        rows.append(
            [
                channel.name,
                channel.unit,
                *("" if number is None else f"{number:.5g}" for number in numbers),
                f"{channel.missing:,}" if channel.missing else "",
                remark_on(channel.constant, channel.clipped),
            ]
        )
    shown = [at for at in range(len(headings)) if any(row[at] for row in rows)]
    for at in shown:
        words = headings[at] in ("channel", "unit", "remark")
        table.add_column(headings[at], justify="left" if words else "right", overflow="fold")
    for row in rows:
        # As texts, because rich takes the [g] of a name for markup.
        table.add_row(*(Text(row[at]) for at in shown))
    return table


def remark_on(constant: bool, clipped: float) -> str:
    """Return what is odd about a channel, in words; empty for nothing."""
    if constant:
        return "constant"
    return f"clipped {clipped:.1%}" if clipped else ""


def _classes(found: Contents) -> Table:
    table = Table(title="classes", title_justify="left", box=box.SIMPLE)
    table.add_column("class", overflow="fold")
    for heading in class_headings(found):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in class_rows(found):
        table.add_row(*map(Text, row))
    return table


TARGET_HEADINGS = ("target", "unit", "from", "to", "mean", "deviation", "learned", "tested")
"""The columns of the table of numbers to predict; the last two are histograms."""

_SIGNS = " ▁▂▃▄▅▆▇█"


def target_rows(found: Contents) -> list[list[str]]:
    """Return the cells of each number to predict, in the order of ``TARGET_HEADINGS``."""
    rows = []
    for one in found.targets:
        numbers = (one.low, one.high, one.mean, one.deviation)
        cells = [one.name, one.unit, *(f"{number:.5g}" for number in numbers)]
        rows.append([*cells, _histogram(one.learned), _histogram(one.tested)])
    return rows


def _histogram(counts: Sequence[int]) -> str:
    most = max(counts, default=0) or 1
    top = len(_SIGNS) - 1
    # A range with one window must not look empty.
    return "".join(_SIGNS[-(-top * count // most)] for count in counts)


def _targets(found: Contents) -> Table:
    table = Table(title="numbers to predict", title_justify="left", box=box.SIMPLE)
    for heading in TARGET_HEADINGS:
        words = heading in ("target", "unit", "learned", "tested")
        table.add_column(heading, justify="left" if words else "right", overflow="fold")
    for row in target_rows(found):
        table.add_row(*map(Text, row))
    return table


def class_headings(found: Contents) -> list[str]:
    """Return the headings of the columns after a class's name; what is not known has no column."""
    headings = []
    if any(one.subjects is not None for one in found.classes):
        headings.append("subjects")
    if any(one.recordings is not None for one in found.classes):
        headings.append("recordings")
    headings.append("samples" if found.window else "images")
    if found.time.rate:
        headings.append("seconds")
    if found.split is not None:
        headings += ["to learn", "to test"]
    return headings


def class_rows(found: Contents) -> list[list[str]]:
    """Return the cells of each class, its name first."""
    rows = []
    headings = class_headings(found)
    for one in found.classes:
        cells = {
            "subjects": f"{one.subjects or 0:,}",
            "recordings": f"{one.recordings or 0:,}",
            "samples": f"{one.samples:,}",
            "images": f"{one.samples:,}",
            "seconds": f"{one.seconds or 0:,.1f}",
            "to learn": f"{one.learned or 0:,}",
            "to test": f"{one.tested or 0:,}",
        }
        rows.append([one.name, *(cells[heading] for heading in headings)])
    return rows


def _wholes(found: Contents) -> list[tuple[int, str]]:
    counts = [(found.subjects, "subject"), (found.recordings, "recording")]
    if found.recordings is None and found.window:
        counts.append((found.parts, "part"))
    return [(count, what) for count, what in counts if count is not None]


def _samples(found: Contents) -> str:
    if not found.window:
        return f"{found.samples:,} images"
    told = f"{found.samples:,} samples"
    if found.time.rate:
        told += f" ({found.samples / found.time.rate:,.1f} s at {found.time.rate:.4g} Hz)"
    count = len(found.channels)
    return f"{told} of {count} channel{'s' * (count != 1)}"
