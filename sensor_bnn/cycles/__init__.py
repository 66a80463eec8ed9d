"""Estimates of a core's cycles from exact instruction counts."""
