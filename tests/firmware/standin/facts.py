"""The constants of model.h and model.c for Python."""

STANDIN_HASH = bytes(range(16)) + bytes(range(240, 256))
LAYERS = 130
INPUT_BYTES, OUTPUT_BYTES = 1600, 1200
