"""Cycles of a core, estimated from exact instruction counts."""
