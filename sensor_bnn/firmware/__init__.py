"""From a model bundle to firmware for a board: the cross build, the image and its header."""
