"""What a model costs on a board: latency, memory, accuracy, by layer and by kernel."""
