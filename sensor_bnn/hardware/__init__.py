"""What a board is: its facts, the file that states them, and the registry of all boards."""
