"""One table over several data sets: each form of the family on each, with settings chosen by validation.

For each set and form, every choice of settings is trained with seed 0 on a part of the training subjects,
and tested on the rest of them. The best choice is then trained on all training subjects with each seed, and
tested on the test subjects. The test subjects choose nothing.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import msgspec

from sensor_bnn.errors import BusyError, CheckpointError
from sensor_bnn.files import write_files
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.nn.families import PRESETS
from sensor_bnn.nn.model import ModelConfig
from sensor_bnn.reading import Source, is_file, read_toml, toml_values, typed
from sensor_bnn.train.defaults import with_defaults
from sensor_bnn.train.distill import check_pair, load_teacher
from sensor_bnn.train.fingerprint import data_digest
from sensor_bnn.train.loop import Pace
from sensor_bnn.train.pairs import Paired, paired, sentence
from sensor_bnn.train.parts import settled
from sensor_bnn.train.recipe import OWN, Distillation, Recipe, check_distillation, load_recipe, refuse_targets
from sensor_bnn.train.runs import TWIN, Started, complete, is_finished
from sensor_bnn.train.sets import DataSet, Split, load, split
from sensor_bnn.train.state import CHECKPOINT_FILE
from sensor_bnn.train.windows import Recordings

_FOLDER = Path(__file__).resolve().parent / "surveys"
_VALIDATION = 5
"""One in five training subjects, the last ones and at least one, is held out to choose settings."""

_LABEL = re.compile(r"(?=.*\w)[^|\x00-\x1f\x7f]{1,60}")
"""A label of a form or a choice: it is a cell of a Markdown table, and part of a folder's name."""

_Some = msgspec.Meta(min_length=1)


class _Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    preset: str = ""
    model: dict[str, Any] = {}
    like: str = ""
    distill: dict[str, Any] | None = None
    choices: Annotated[dict[str, dict[str, Any]], _Some] | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sets: Annotated[tuple[str, ...], _Some]
    forms: Annotated[dict[str, _Form], _Some]
    choices: Annotated[dict[str, dict[str, Any]], _Some] = msgspec.field(default_factory=lambda: {"": {}})
    against: str = ""


@dataclass(frozen=True)
class Cell:
    """One form on one data set.

    Attributes:
        set: the name of the recipe that gives data, augmentation and schedule.
        form: the form's label.
        choices: a recipe for each choice of settings, by its label.
        like: the label of the form of which this one takes the choice; its own if it chooses itself.
        teacher: the label of the form whose run of the same seed is the teacher; empty for no teacher.
    """

    set: str
    form: str
    choices: dict[str, Recipe]
    like: str
    teacher: str = ""


@dataclass(frozen=True)
class Survey:
    """A whole survey: a cell for each set and form, set by set; forms that choose themselves come first.

    Attributes:
        name: the name of the survey.
        sets, forms: the labels of rows and columns.
        cells: all cells.
        against: the label of the form with which each other one is compared; empty for no comparison.
    """

    name: str
    sets: tuple[str, ...]
    forms: tuple[str, ...]
    cells: tuple[Cell, ...]
    against: str = ""

    def cell(self, name: str, form: str) -> Cell:
        """Return the cell of a set and a form."""
        return next(cell for cell in self.cells if (cell.set, cell.form) == (name, form))


@dataclass(frozen=True)
class Result:
    """What a cell has reached.

    Attributes:
        validation: top-1 on the held-out training subjects by choice, of the finished runs.
        chosen: the label of the best choice; None until all are finished.
        top1: top-1 on the test subjects by seed, of the finished runs.
    """

    validation: dict[str, float]
    chosen: str | None
    top1: dict[int, float]


@dataclass(frozen=True)
class Run:
    """A finished run of a cell's best choice.

    Attributes:
        recipe: what was trained.
        folder: the folder of the run.
    """

    recipe: Recipe
    folder: Path


def load_survey(name_or_path: str, only: Sequence[str] = (), steps: int | None = None) -> Survey:
    """Load a survey that ships by its name, or a TOML file by its path.

    Args:
        name_or_path: the name or the path.
        only: the names of the sets that are to be trained; empty for all.
        steps: about how many training steps each run takes; None for the epochs of the recipes.

    Raises:
        CheckpointError: there is no such file, it has a mistake, or no set of a name in ``only``.
        DataError: the data of a set cannot be read. They are read where a split is to be drawn or steps are
            to be counted.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = _FOLDER / f"{name_or_path}.toml"
    if not is_file(path):
        names = ", ".join(sorted(file.stem for file in _FOLDER.glob("*.toml")))
        raise CheckpointError(f"There is no survey {name_or_path}.", f"Choose {names}, or give a .toml file.")
    source = Source(
        str(path),
        CheckpointError,
        "Correct that line; docs/training.md says what a survey holds.",
    )
    keys = toml_values(path, source).keys()
    if "sets" not in keys and {"preset", "base", "model", "data", "schedule"} & keys:
        raise CheckpointError(
            f"{path} is a recipe, which trains one model; a survey trains several on several sets.",
            f"Train it with `sensor-bnn train {path}`, or on several seeds with `sensor-bnn ablate {path}`;"
            ' or name it in a survey: sets = ["..."], [forms] and [choices].',
        )
    file = read_toml(path, _File, source)
    for label, form in file.forms.items():
        if form.like and (form.like not in file.forms or file.forms[form.like].like):
            raise source.wrong(f"forms.{label}.like is {form.like!r}; it must be a form that has no `like`")
        if form.like and form.choices:
            raise source.wrong(f"forms.{label}.choices is set; with `like` it takes those of {form.like}")
        if form.distill is not None and not _teaches(file, label):
            raise source.wrong(
                f"forms.{label}.distill.teacher is {form.distill.get('teacher')!r}; it must be a form with"
                ' precision = "full" and without distill'
            )
        _check_form(label, form, source)
    for label in (*file.forms, *(choice for form in file.forms for choice in _choices(file, form))):
        if label and not _LABEL.fullmatch(label):
            raise source.wrong(
                f"the label {label!r} must be of 1 to 60 characters, one of them a letter or digit"
            )
    if "" in file.forms:
        raise source.wrong("a form has an empty label")
    if file.against and file.against not in file.forms:
        raise source.wrong(f"against is {file.against!r}; it must be one of {', '.join(file.forms)}")
    forms = sorted(file.forms, key=lambda label: bool(file.forms[label].like))
    sets = [load_recipe(name, path.parent) for name in file.sets]
    for of_set in sets:
        refuse_targets(of_set, "`survey`")
    known = tuple(of_set.name for of_set in sets)
    for name in known:
        if known.count(name) > 1:
            raise source.wrong(f"sets has {name} twice; runs are kept by the name of the set's file")
    for name in only:
        if name not in known:
            raise CheckpointError(
                f"The survey {path.stem} has no set {name!r}.", f"Choose among {', '.join(known)}."
            )
    sets = [of_set if only and of_set.name not in only else _ready(of_set, steps) for of_set in sets]
    cells = tuple(_cell(of_set, label, file, source) for of_set in sets for label in forms)
    survey = Survey(path.stem, known, tuple(file.forms), cells, file.against)
    _check_runs(survey, source)
    return survey


def _check_form(label: str, form: _Form, source: Source) -> None:
    """Refuse a form whose preset or model key there is not, before any run."""
    if form.preset and form.preset not in PRESETS:
        raise source.wrong(f"forms.{label}.preset is {form.preset!r}; it must be one of {', '.join(PRESETS)}")
    if form.preset:
        keys = {one.name for one in fields(PRESETS[form.preset])}
        for key in form.model:
            if key not in keys:
                raise source.wrong(f"forms.{label}.model.{key} is not a key of {form.preset}")


def _check_runs(survey: Survey, source: Source) -> None:
    """Refuse runs that would share a folder, and a teacher that a choice takes out of full precision."""
    owners: dict[str, str] = {}
    for cell in survey.cells:
        for choice, recipe in cell.choices.items():
            place = " of ".join(filter(None, (choice, cell.form, cell.set)))
            owner = owners.setdefault(recipe.name, place)
            if owner != place:
                raise source.wrong(
                    f"{owner} and {place} have runs of the same name, {recipe.name}; give one another label"
                )
        teachers = survey.cell(cell.set, cell.teacher).choices.values() if cell.teacher else ()
        if any(recipe.model.get("precision") != "full" for recipe in teachers):
            raise source.wrong(f"a choice takes the teacher {cell.teacher} out of full precision")


def _teaches(file: _File, label: str) -> bool:
    """Whether the form that a form names as its teacher can be one."""
    named = file.forms[label].distill or {}
    form = file.forms.get(str(named.get("teacher")))
    return form is not None and form.distill is None and form.model.get("precision") == "full"


def _ready(recipe: Recipe, steps: int | None) -> Recipe:
    """Return the recipe with a split that it leaves open, and with as many epochs as take the steps."""
    unstated = recipe.data.set in OWN and not all(recipe.data.parts())
    if not unstated and steps is None:
        return recipe
    dataset = load(recipe.data)
    if isinstance(dataset, Recordings):
        recipe = replace(recipe, data=settled(dataset, recipe.data))
    return recipe if steps is None else in_steps(recipe, dataset, steps)


def in_steps(recipe: Recipe, dataset: DataSet, steps: int) -> Recipe:
    """Return the recipe with as many epochs as take about that many training steps, at least one."""
    recipe = with_defaults(recipe, dataset)
    windows = len(split(dataset, recipe).train)
    per_epoch = max(1, windows // recipe.schedule.batch)
    epochs = max(1, round(steps / per_epoch))
    warmup = min(recipe.schedule.warmup, epochs / 2)
    return replace(recipe, schedule=replace(recipe.schedule, epochs=epochs, warmup=warmup))


def _cell(of_set: Recipe, label: str, file: _File, source: Source) -> Cell:
    form, recipes, teacher = file.forms[label], {}, ""
    preset, distill = form.preset or of_set.preset, Distillation()
    if form.distill is not None:
        teacher = form.distill["teacher"]
        distill = typed({**form.distill, "teacher": TWIN}, Distillation, source)
        check_distillation(distill, source, f"forms.{label}.distill")
    for choice, changes in _choices(file, form.like or label).items():
        name = "-".join(filter(None, (of_set.name, _slug(label), _slug(choice))))
        model = {**of_set.model, **form.model, **changes}
        recipes[choice] = replace(of_set, name=name, preset=preset, model=model, distill=distill)
    return Cell(of_set.name, label, recipes, form.like or label, teacher)


def _choices(file: _File, label: str) -> dict[str, dict[str, Any]]:
    """Return the changes of each choice of a form: each of all forms with each of its own."""
    own = file.forms[label].choices
    if own is None:
        return file.choices
    pairs = product(file.choices.items(), own.items())
    return {f"{one}, {other}": {**changes, **more} for (one, changes), (other, more) in pairs}


def _slug(label: str) -> str:
    return re.sub(r"[\W_]+", "-", label.lower())


def for_validation(recipe: Recipe) -> Recipe:
    """Return the recipe with its last training subjects, one in five, as the test part.

    Raises:
        CheckpointError: there is only one training subject.
    """
    subjects = recipe.data.parts()[0]
    if len(subjects) < 2:
        known = "states one training subject" if subjects else "does not state its training subjects"
        raise CheckpointError(
            f"Recipe {recipe.name} {known}; none can be held out to choose settings.",
            "List more training subjects, or, in a survey, give one choice.",
        )
    count = max(1, len(subjects) // _VALIDATION)
    data = replace(recipe.data, train_subjects=subjects[:-count], test_subjects=subjects[-count:])
    return replace(recipe, data=data)


def folder_of(recipe: Recipe, seed: int, out: Path, *, validation: bool) -> Path:
    """Return the folder of a run."""
    return out / f"{recipe.name}-{'validation' if validation else f'seed{seed}'}"


def fill(
    survey: Survey,
    seeds: Sequence[int],
    out: Path,
    started: Started,
    only: Sequence[str] = (),
    forms: Sequence[str] = (),
    pace: Pace = "auto",
) -> list[Path]:
    """Train what is missing and rewrite ``out/table.md`` and ``out/table.json`` after every run.

    Several processes may fill one folder: each skips the runs on which another one works.

    Args:
        survey: the survey.
        seeds: the seeds of the test runs.
        out: the folder of all runs.
        started: the callback when a run starts.
        only: the names of the sets to work on; empty for all.
        forms: the labels of the forms to work on; empty for all.
        pace: how steps are computed, see ``sensor_bnn.train.loop.train``.

    Returns:
        The folders on which other processes were still working, so that their cells are not complete.

    Raises:
        CheckpointError, DataError: see ``sensor_bnn.train.loop.train``; also for a run of other data than
            there are now, and, before the first run, for a model that its set's data or its teacher do not
            allow.
    """
    write_table(survey, seeds, out)  # A place that cannot be written to is refused before the first run.
    busy: list[Path] = []
    work = {
        name: [cell for cell in survey.cells if cell.set == name and (not forms or cell.form in forms)]
        for name in survey.sets
        if not only or name in only
    }
    loaded = _check_models(survey, work)
    for name, cells in work.items():
        dataset = loaded[name]

        def run(
            recipe: Recipe,
            seed: int,
            folder: Path,
            taught_by: Run | None = None,
            dataset: DataSet = dataset,
        ) -> None:
            if is_finished(recipe, seed, folder, data_digest(dataset, recipe)):
                return
            try:
                checkpoint = taught_by and taught_by.folder / CHECKPOINT_FILE
                teacher = load_teacher(checkpoint, recipe) if checkpoint else None
                complete(recipe, dataset, seed, folder, folder, started, pace, teacher=teacher)
            except BusyError:
                busy.append(folder)
            write_table(survey, seeds, out)

        def test(cell: Cell, seed: int) -> None:
            teacher = None
            if cell.teacher:
                teaching = survey.cell(cell.set, cell.teacher)
                test(teaching, seed)
                teacher = finished_run(survey, teaching, seed, out)
                if teacher is None:  # another process trains it
                    return
            chosen = _chosen(survey, cell, out)
            if chosen is not None:
                recipe = cell.choices[chosen]
                run(recipe, seed, folder_of(recipe, seed, out, validation=False), teacher)

        for cell in cells:
            if len(cell.choices) > 1 and cell.like == cell.form:
                for recipe in cell.choices.values():
                    run(for_validation(recipe), 0, folder_of(recipe, 0, out, validation=True))
        for seed in seeds:
            for cell in cells:
                test(cell, seed)
    return busy


def _check_models(survey: Survey, work: Mapping[str, Sequence[Cell]]) -> dict[str, DataSet]:
    """Check each model and each teacher, before hours of other runs; return the data sets by their names.

    Raises:
        CheckpointError: a value of a model is not allowed, or a teacher does not fit its student.
        DataError: a set cannot be read.
    """
    loaded = {}
    for name, cells in work.items():
        one = next(iter(cells[0].choices.values()))
        loaded[name] = load(one.data)
        parts = split(loaded[name], one)
        for cell in cells:
            teaching = survey.cell(cell.set, cell.teacher) if cell.teacher else None
            for choice, recipe in cell.choices.items():
                try:
                    config = _config(recipe, parts)
                    for other, teacher in teaching.choices.items() if teaching else ():
                        # Forms that take the choice of one form have the same.
                        if teaching and (teaching.like != cell.like or other == choice):
                            check_pair(recipe.distill, config, _config(teacher, parts))
                except CheckpointError as error:
                    place = " of ".join(filter(None, (choice, cell.form, cell.set)))
                    raise CheckpointError(f"{place}: {error.message}", error.remedy) from None
    return loaded


def _config(recipe: Recipe, parts: Split) -> ModelConfig:
    return recipe.config(parts.shape, parts.classes, parts.channels, parts.targets)


def finished_run(survey: Survey, cell: Cell, seed: int, out: Path) -> Run | None:
    """Return the run of a cell's best choice with a seed, or None if that is not finished."""
    chosen = _chosen(survey, cell, out)
    if chosen is None:
        return None
    recipe = cell.choices[chosen]
    folder = folder_of(recipe, seed, out, validation=False)
    return Run(recipe, folder) if is_finished(recipe, seed, folder) else None


def result(survey: Survey, cell: Cell, seeds: Sequence[int], out: Path) -> Result:
    """Return what a cell has reached so far."""
    validation = _validated(cell, out)
    chosen = _chosen(survey, cell, out)
    top1 = {}
    if chosen is not None:
        recipe = cell.choices[chosen]
        for seed in seeds:
            found = _top1(recipe, seed, folder_of(recipe, seed, out, validation=False))
            if found is not None:
                top1[seed] = found
    return Result(validation, chosen, top1)


def _validated(cell: Cell, out: Path) -> dict[str, float]:
    found = {}
    if len(cell.choices) > 1:
        for label, recipe in cell.choices.items():
            top1 = _top1(for_validation(recipe), 0, folder_of(recipe, 0, out, validation=True))
            if top1 is not None:
                found[label] = top1
    return found


def _chosen(survey: Survey, cell: Cell, out: Path) -> str | None:
    if len(cell.choices) == 1:
        return next(iter(cell.choices))
    chooser = survey.cell(cell.set, cell.like)
    validated = _validated(chooser, out)
    if len(validated) < len(chooser.choices):
        return None
    return max(validated, key=lambda label: validated[label])  # the first one of equal ones


def _top1(recipe: Recipe, seed: int, folder: Path) -> float | None:
    if not is_finished(recipe, seed, folder):
        return None
    return float(load_checkpoint(folder / CHECKPOINT_FILE).metrics["test_top1"])


def tabulate(survey: Survey, seeds: Sequence[int], out: Path) -> dict[str, Any]:
    """Return the table as plain values; the mean of a cell without a finished run is None."""
    rows = []
    for cell in survey.cells:
        found = result(survey, cell, seeds, out)
        top1 = list(found.top1.values())
        rows.append(
            {
                "set": cell.set,
                "form": cell.form,
                "chosen": found.chosen,
                "validation": found.validation,
                "runs": [{"seed": seed, "top1": value} for seed, value in found.top1.items()],
                "missing": len(seeds) - len(top1),
                "mean": statistics.mean(top1) if top1 else None,
                "spread": statistics.stdev(top1) if len(top1) > 1 else None,
            }
        )
    return {
        "survey": survey.name,
        "seeds": list(seeds),
        "cells": rows,
        "against": survey.against or None,
        "comparisons": _comparisons(survey, rows),
    }


def _comparisons(survey: Survey, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how far each form is above ``against``, paired by seed: on each set, then over all sets."""
    if not survey.against:
        return []
    top1 = {
        (row["set"], row["form"]): {(row["set"], run["seed"]): run["top1"] for run in row["runs"]}
        for row in rows
    }

    def over(sets: Sequence[str], form: str) -> dict[Hashable, float]:
        return {key: value for name in sets for key, value in top1[name, form].items()}

    groups: list[tuple[str | None, Sequence[str]]] = [(name, (name,)) for name in survey.sets]
    if len(survey.sets) > 1:
        groups.append((None, survey.sets))
    return [
        {"set": label, "form": form, **asdict(paired(over(sets, form), over(sets, survey.against)))}
        for form in survey.forms
        if form != survey.against
        for label, sets in groups
    ]


def markdown(survey: Survey, table: dict[str, Any]) -> str:
    """Return the table as Markdown, in percent; the spread is that over seeds (n - 1).

    There is a line per set; where forms are compared, a line per form, and then a sentence per comparison.
    """
    by_place = {(cell["set"], cell["form"]): _text(cell) for cell in table["cells"]}
    corner, across, down = ("set", survey.forms, survey.sets)
    if survey.against:
        corner, across, down = ("form", survey.sets, survey.forms)
        by_place = {(form, name): text for (name, form), text in by_place.items()}
    lines = [f"| {corner} | " + " | ".join(across) + " |", "|---" * (len(across) + 1) + "|"]
    for line in down:
        lines.append(f"| {line} | " + " | ".join(by_place[line, column] for column in across) + " |")
    found = [_told(one, survey.against) for one in table["comparisons"] if one["pairs"]]
    return "\n".join([*lines, *([""] if found else []), *found]) + "\n"


def _told(comparison: dict[str, Any], against: str) -> str:
    values = dict(comparison)
    place, form = values.pop("set") or "all sets", values.pop("form")
    return f"- {place}: {sentence(form, against, Paired(**values))}"


def _text(cell: dict[str, Any]) -> str:
    if cell["mean"] is None:
        return "-"
    text = f"{100 * cell['mean']:.1f}"
    if cell["spread"] is not None:
        text += f" ± {100 * cell['spread']:.1f}"
    if cell["missing"]:
        text += f" ({len(cell['runs'])} of {len(cell['runs']) + cell['missing']})"
    return f"{text}, {cell['chosen']}" if cell["chosen"] else text


def write_table(survey: Survey, seeds: Sequence[int], out: Path) -> None:
    """Write ``table.json`` and ``table.md`` atomically.

    Raises:
        FileError: they cannot be written.
    """
    table = tabulate(survey, seeds, out)
    write_files(out, {"table.json": json.dumps(table, indent=1) + "\n", "table.md": markdown(survey, table)})
