"""``sensor-bnn keygen``: a key that signs firmware."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="keygen")
@click.argument("key", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: file, public_key.")
def command(key: Path, as_json: bool) -> None:
    """Make a new private key (Ed25519, PEM) in the file KEY, and print its public key.

    `sensor-bnn build --sign KEY` puts the public key into the bootloader, which then starts only what is
    signed with KEY. Keep KEY secret, and a copy of it: without it a board takes
    updates only by a debug probe.

    \b
    Example:
      sensor-bnn keygen release.pem
      sensor-bnn build build/watch-tiny/cortex-m7 --board qemu-mps2-an500 --sign release.pem
    """
    import json

    from sensor_bnn.firmware.signing import make_key

    public = make_key(key).hex()
    click.echo(json.dumps({"file": str(key), "public_key": public}) if as_json else public)
