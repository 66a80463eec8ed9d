"""Firmware for a board from a model bundle: the cross build, the image and its header."""
