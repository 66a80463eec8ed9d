"""The errors that a user can act on: what went wrong, and what to do about it."""

from __future__ import annotations


class SensorBnnError(Exception):
    """A failure that the user can act on; only the top of the command line catches it.

    Args:
        message: one sentence that says what is wrong and where.
        remedy: one sentence that says what to do about it.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"


class InterruptionError(SensorBnnError):
    """The user, or the system, ended the work with a signal; what is on disk is whole.

    Args:
        number: the signal.
        message: what was interrupted, and where.
        remedy: how to go on, for a caller in Python; the command line names the exact command instead.
        saved: whether a state was saved from which the work goes on.
    """

    def __init__(self, number: int, message: str, remedy: str, saved: bool) -> None:
        super().__init__(message, remedy)
        self.number = number
        self.saved = saved


class FileError(SensorBnnError):
    """A file or folder cannot be written: no room, no permission, or something else is in its place."""


class BusyError(SensorBnnError):
    """Another process uses the folder."""


class DataError(SensorBnnError):
    """A data set or sample file is missing, damaged or of the wrong shape."""


class CheckpointError(SensorBnnError):
    """A checkpoint or training recipe is missing, damaged or of another format."""


class ModelError(SensorBnnError):
    """An ONNX model cannot be read or uses what the compiler does not know."""


class BundleError(SensorBnnError):
    """A compiled model bundle or firmware image is missing, damaged or of another version."""


class KeyFileError(SensorBnnError):
    """A key that signs firmware is missing, of another kind, or would be overwritten."""


class BoardError(SensorBnnError):
    """A board or target is unknown, or the model does not fit it."""


class ToolError(SensorBnnError):
    """A program on this machine (cross compiler, emulator) is missing or failed."""


class PortError(SensorBnnError):
    """The serial port is absent, busy or silent."""


class FlashError(SensorBnnError):
    """Writing or verifying the board's flash failed."""


class DeviceError(SensorBnnError):
    """The board answers, but not as required: other firmware, another model, or an error status."""
