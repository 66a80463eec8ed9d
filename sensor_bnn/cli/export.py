"""``sensor-bnn export``: an ONNX file and compiled bundles from a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command(name="export")
@click.argument("ckpt", type=click.Path(path_type=Path))
@click.option(
    "--target", default="cortex-m7", show_default=True, help="A name that `sensor-bnn targets` lists."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for model.onnx and the bundles.  [default: build/<model name>]",
)
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    help="Labelled samples to compare PyTorch, ONNX Runtime and the compiled model on.  "
    "[default: samples.npz in CKPT's folder]",
)
@click.option(
    "--narrow",
    is_flag=True,
    help="Round float constants to 16 bits and the weights of embedding and head to 8 bits, and take images "
    "as bytes. This saves flash and changes the logits, which are compared as usual. A model of integers is "
    "so already.",
)
@click.option(
    "--tuning",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that `sensor-bnn tune` wrote for the target; the bundle for the host is compiled without it.",
)
@click.option("--force", is_flag=True, help="Replace a model.onnx that another program wrote.")
@click.option("--no-cache", is_flag=True, help="Neither use nor fill the cache of compiled models.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(
    ckpt: Path,
    target: str,
    output: Path | None,
    samples: Path | None,
    narrow: bool,
    tuning: Path | None,
    force: bool,
    no_cache: bool,
    as_json: bool,
) -> None:
    """Export the checkpoint CKPT to ONNX, check and compile it.

    CKPT is a file that `sensor-bnn train` wrote. Writes model.onnx, compares its answers in stock ONNX
    Runtime with PyTorch's, and compiles one bundle for the target and one for the host. As in `compile`, a
    layer of the compiled model that is not what ONNX Runtime computes is refused by name. All of them appear
    together when they are complete. The next step is `sensor-bnn build` with the target's bundle, or your
    own firmware (docs/own-firmware.md) with that folder.

    \b
    Example:
      sensor-bnn export sensor_bnn/zoo/sensor-small/ckpt.pt --target cortex-m7
    """
    from dataclasses import asdict

    from sensor_bnn.compiler.targets import find_target

    # Before the imports, which take seconds.
    chip, target = target, find_target(target).name
    if chip != target:
        click.echo(f"The target of {chip} is {target}.", err=True)
    from sensor_bnn.nn.checkpoint import how_to_write, load_checkpoint
    from sensor_bnn.onnx.compare import Comparison
    from sensor_bnn.report.console import steps_console
    from sensor_bnn.workflows.exporting import export_bundles

    with steps_console().status("starting") as status:
        folder = output or Path("build") / load_checkpoint(ckpt).model.config.name
        exported = export_bundles(
            ckpt,
            target,
            folder,
            samples,
            narrow=narrow,
            tuning=tuning,
            force=force,
            cache=not no_cache,
            progress=status.update,
        )
    done, bundles = exported.export, exported.bundles
    if narrow and done.integers:
        click.echo(
            "--narrow changes nothing: the model computes in integers from the sample to the class.", err=True
        )
    comparison = done.comparison
    if as_json:
        result = {
            "model": done.model,
            "model_hash": done.model_hash,
            "onnx": str(done.onnx),
            "onnx_bytes": done.onnx_bytes,
            "target": target,
            "bundles": {name: str(bundle) for name, bundle in bundles.items()},
            "comparison": asdict(comparison) if comparison else None,
        }
        click.echo(json.dumps(result))
        return
    click.echo(f"{done.onnx}  {done.onnx_bytes} bytes, SHA-256 {done.model_hash}")
    for name, bundle in bundles.items():
        click.echo(f"{bundle}  bundle for {name}")
    if comparison is None:
        click.echo(
            f"Not compared with PyTorch: there are no samples. {how_to_write(ckpt)}, or give --samples."
        )
        return
    if not isinstance(comparison, Comparison):
        click.echo(comparison.told())
        return
    click.echo(
        f"{comparison.samples} samples: top-1 {comparison.top1_torch:.2%} in PyTorch,"
        f" {comparison.top1_onnx:.2%} in ONNX Runtime; they agree on {comparison.agreement:.2%};"
        f" largest logit difference {comparison.largest_logit_difference:.3g}{comparison.rounding()}"
    )
