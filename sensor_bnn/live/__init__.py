"""Watch a running board: monitoring, and classification of a stream of samples."""
