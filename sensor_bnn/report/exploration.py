"""An exploration in the terminal: a chart and a table for each target, and the sentences."""

from __future__ import annotations

import json
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from sensor_bnn.report.console import table_console
from sensor_bnn.report.fronts import MEASURES, is_estimated, placed
from sensor_bnn.report.scatter import scatter


def print_exploration(result: dict[str, Any]) -> None:
    """Print what ``sensor-bnn explore`` found to stdout."""
    console = table_console(columns=120)
    for target in result["targets"]:
        models = placed(result["points"], target, "instructions")
        if models:
            console.print(Text(f"\n{result['recipe']} on {target}", style="bold"))
            for line in scatter(models, MEASURES["instructions"], console.width):
                console.print(Text(line), soft_wrap=True)
        console.print(exploration_table(result, target))
    for sentence in sentences_of(result):
        console.print(Text(sentence))


def sentences_of(result: dict[str, Any]) -> list[str]:
    """Return where each kind is ahead, and the recommendation."""
    told = list(result["sentences"])
    point = next((one for one in result["points"] if one["name"] == result["recommended"]), None)
    if point is None:
        return [*told, _none_recommended(result)]
    cost = point["costs"][0]
    text = (
        f"Recommended: {point['name']}, {point['top1']:.1%} on the held-out part, {cost['instructions']:,}"
        f" instructions, {cost['flash_bytes']:,} bytes of flash and {cost['ram_bytes']:,} of RAM"
        f" (arena and stack) on {cost['target']}."
    )
    # JSON's numbers, texts and lists are also TOML's.
    keys = ", ".join(f"{key} = {json.dumps(value)}" for key, value in point["model"].items())
    return [*told, text, f'Its recipe: preset = "{point["preset"]}" and, in [model], {keys}.']


def _none_recommended(result: dict[str, Any]) -> str:
    points = result["points"]
    if all(point["over"] is not None or point["kind"] != "separable" for point in points):
        return "No model is within the budget: nothing is recommended."
    told = (
        "Nothing is recommended: separable networks never are, since they have no kernels here, and no other"
        " model is within the budget."
    )
    if any(point["kind"] != "separable" for point in points):
        return told
    return f"{told.rpartition(', and')[0]}. Add another --kind, such as --kind 1."


def exploration_table(result: dict[str, Any], target: str) -> Table:
    """Return one row per model: its accuracy, its cost on a target, and whether it is on a front."""
    tested = any(point["test_top1"] is not None for point in result["points"])
    table = Table(box=box.SIMPLE)
    table.add_column("model", no_wrap=True)
    for heading in ("held-out top-1", *["test top-1"] * tested, "instructions", "flash", "RAM"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", max_width=20)
    on_front = {
        name
        for one in result["fronts"]
        if one["target"] == target and one["measure"] == "instructions"
        for name in one["points"]
    }
    for point in sorted(result["points"], key=lambda one: (one["kind"], one["costs"][0]["instructions"])):
        cost = next(one for one in point["costs"] if one["target"] == target)
        table.add_row(
            point["name"],
            share(point["top1"]),
            *[share(point["test_top1"])] * tested,
            *(f"{cost[measure]:,}" + "*" * is_estimated(cost, measure) for measure in MEASURES),
            point["over"] or ("front" if point["name"] in on_front else ""),
        )
    captions = [
        "flash: the whole image with the benchmark's application; RAM: arena and stack, as in `demo` and"
        " `bench`, without their other RAM"
    ]
    costs = [cost for point in result["points"] for cost in point["costs"]]
    if any(cost["counted"] is None for cost in costs):
        captions.append(
            "separable: weights, constants and 8.4 KB of code, without an application; RAM without a stack"
        )
    if any(is_estimated(cost, measure) for cost in costs for measure in MEASURES):
        captions.insert(0, "* estimated: multiply-adds times the rates of CMSIS-NN")
    table.caption = "\n".join(captions)
    return table


def share(value: float | None) -> str:
    """Return a share in percent, or a dash."""
    return "-" if value is None else f"{100 * value:.2f} %"
