"""Spaces of schedules: one file per kernel, with its blocks and the function that schedules them."""
