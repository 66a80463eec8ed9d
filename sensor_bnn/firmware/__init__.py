"""From a model bundle to firmware for a board: the cross build, the image and its header."""

from sensor_bnn.firmware.build import BuildResult, build_bootloader, build_firmware
from sensor_bnn.firmware.image import ImageHeader, read_image

__all__ = ["BuildResult", "ImageHeader", "build_bootloader", "build_firmware", "read_image"]
