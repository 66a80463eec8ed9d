"""``sensor-bnn keygen``: a key that signs firmware."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="keygen")
@click.argument("key", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout: file, public_key.")
def command(key: Path, as_json: bool) -> None:
    """Create the key file KEY, which signs firmware.

    KEY is a new private key (Ed25519, PEM); its public key is printed. `sensor-bnn build --sign KEY` puts the
    public key into the bootloader, which then starts only images that are signed with KEY. Keep KEY secret,
    and keep a backup: without KEY a board can be updated only with a debug probe. An existing file is never
    overwritten.

    \b
    Example:
      sensor-bnn keygen release.pem
      sensor-bnn build build/watch-small/cortex-m7 --board qemu-mps2-an500 --sign release.pem
    """
    import json

    from sensor_bnn.firmware.signing import make_key

    public = make_key(key).hex()
    click.echo(json.dumps({"file": str(key), "public_key": public}) if as_json else public)
