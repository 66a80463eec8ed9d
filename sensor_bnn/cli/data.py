"""``sensor-bnn data``: what is in a data set, before anything is trained."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command(name="data")
@click.argument("source", metavar="FILE-OR-FOLDER", required=False)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write a page: balance of the classes, an example of each, windows of each part.",
)
@click.option(
    "--write-recipe",
    "recipe_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write a recipe that trains on these data, a new .toml file, with a comment on each key.",
)
@click.option(
    "--example",
    "example_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Instead: write an example, a new CSV file with made-up recordings of three motions.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(
    source: str | None, page: Path | None, recipe_file: Path | None, example_file: Path | None, as_json: bool
) -> None:
    """Show what is in a file or folder of recordings, and what training would use of it.

    FILE-OR-FOLDER may also be a recipe: a name of one that ships, or a .toml file. Then its [data] section
    counts. Without a recipe, windows are of 100 samples, or as long as the recordings if there are 50 or more
    and all equally long. Columns of a CSV file without the usual names are taken for what they look like.
    The lines of a recipe with which training takes the data are printed, or written by --write-recipe.

    The tables show recordings, subjects, classes, the rate, gaps in time, missing values and constant or
    clipped channels; the split; how many windows there are to learn from and to test on; and which samples
    are not used, and why. If training refuses the data, its sentence is shown, and the exit code is 0.

    \b
    Example:
      sensor-bnn data --example my-sensor.csv
      sensor-bnn data my-sensor.csv --write-recipe my-sensor.toml
      sensor-bnn data recordings/ --html data.html
      sensor-bnn data my-sensor.toml --json
    """
    if example_file is not None:
        if source is not None or page is not None or recipe_file is not None or as_json:
            raise click.UsageError("--example takes nothing else; look at its file with the next command.")
        _write_example(example_file)
        return
    if source is None:
        raise click.UsageError("Missing argument 'FILE-OR-FOLDER'.")
    from sensor_bnn.files import write_file
    from sensor_bnn.report.contents import contents_facts, print_contents
    from sensor_bnn.report.proposal import check_recipe_file, mended_keys, recipe_lines, write_recipe
    from sensor_bnn.train.contents import contents_of, with_guess
    from sensor_bnn.train.guess import guessed, proposed
    from sensor_bnn.train.recipe import load_recipe, recipe_names
    from sensor_bnn.train.signal_facts import doubted_seconds

    place = Path(source)
    recipe = place.suffix == ".toml" or (source in recipe_names() and not place.exists())
    if recipe_file is not None:
        if recipe:
            raise click.UsageError(f"{source} is a recipe: --write-recipe writes one for data.")
        check_recipe_file(recipe_file)
    guess = None if recipe else guessed(place)
    found = contents_of(load_recipe(source).data if guess is None else guess.data)
    if guess is not None:
        found = with_guess(found, guess)
    if page is not None:
        from sensor_bnn.report.contents_page import render_contents

        write_file(page, render_contents(found, source).encode())
    if as_json:
        click.echo(json.dumps(contents_facts(found, source)))
    else:
        print_contents(found, source)
        if page is not None:
            click.echo(f"page {page}")
    if guess is None or (as_json and recipe_file is None):
        return
    mended = proposed(guess)
    if recipe_file is not None:
        write_recipe(recipe_file, mended, found, doubted_seconds(found.time, guess.found))
        if not as_json:
            click.echo(f"recipe {recipe_file}: look through it, then `sensor-bnn train {recipe_file}`")
            if found.refused and mended is not None:
                click.echo(f"It mends what training refuses above, by {mended_keys(guess.data, mended)}.")
        return
    if mended is None:
        click.echo("There is no recipe for these data yet: correct first what training refuses.")
        return
    told = "A recipe begins with:"
    if found.refused or mended != guess.data or guess.notes:
        told = "A recipe that training takes begins with this; check what it chooses:"
    click.echo(f"{told}\n\n{recipe_lines(mended)}")


def _write_example(file: Path) -> None:
    import os

    from sensor_bnn.data.example import example_csv
    from sensor_bnn.errors import DataError
    from sensor_bnn.files import write_file

    if file.suffix.lower() != ".csv":
        raise DataError(
            f"The example is a CSV file, and {file} does not end in .csv: no command would read it.",
            "Name a file such as my-sensor.csv.",
        )
    if os.path.lexists(file):
        raise DataError(
            f"There is a file {file}, which is not overwritten.",
            f"Look at it with `sensor-bnn data {file}`, or name a new file.",
        )
    write_file(file, example_csv().encode(), exclusive=True)
    click.echo(f"example {file}: made-up motions, of three classes")
