"""Measure a model on a board: latency, memory, accuracy, per layer and per kernel."""
