"""The host's side of a board: registry, emulator, flasher, serial client, benchmark."""
