"""A running board that is watched: monitoring and classified sample streams."""
