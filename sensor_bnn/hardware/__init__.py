"""Boards: their facts, the files that contain them, and the registry of all boards."""
