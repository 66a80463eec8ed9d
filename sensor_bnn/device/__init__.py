"""The host's side of a board: emulator, flasher, serial client, benchmark."""
