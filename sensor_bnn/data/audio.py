"""Recordings in WAV files: 16-bit PCM, one recording per file. The values are the file's whole numbers."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from sensor_bnn.data.recorded import Recorded, Run
from sensor_bnn.errors import DataError

_BYTES = 2
"""Of a sample; the only width that is read."""


def read_wav(file: Path) -> Recorded:
    """Read a WAV file of 16-bit PCM.

    The channels are ``audio``; ``left`` and ``right``; or ``audio 1`` and so on. The recording has neither
    name nor label.

    Raises:
        DataError: the file cannot be read, is no WAV file of 16-bit PCM, or holds no sample.
    """
    try:
        with wave.open(str(file), "rb") as opened:
            width, count, rate = opened.getsampwidth(), opened.getnchannels(), opened.getframerate()
            if width != _BYTES:
                raise DataError(
                    f"{file}: its samples have {8 * width} bits; they must have 16.",
                    "Convert it to 16-bit PCM.",
                )
            stated, data = opened.getnframes(), opened.readframes(opened.getnframes())
    except (wave.Error, EOFError, ValueError, RuntimeError) as error:
        told = str(error) or "it ends within its header"
        raise DataError(
            f"{file} is damaged or no WAV file of PCM ({told}).", "Give a WAV file of 16-bit PCM."
        ) from None
    except OSError as error:
        raise DataError(f"Cannot read {file}: {error.strerror}.", "Give a WAV file of 16-bit PCM.") from None
    held = len(data) // (_BYTES * count)
    if held < stated:
        raise DataError(
            f"{file} is cut off: its header states {stated:,} samples, and {held:,} are there.",
            "Copy or record it again, or leave it out.",
        )
    if not held:
        raise DataError(f"{file}: it holds no sample.", "Leave that file out.")
    samples = np.frombuffer(data, dtype="<i2").reshape(held, count).astype(np.float32)
    names = {1: ("audio",), 2: ("left", "right")}.get(count) or tuple(
        f"audio {at + 1}" for at in range(count)
    )
    return Recorded(names, samples, (Run(None, "", 0, held, 0, file=str(file)),), rate=float(rate))
