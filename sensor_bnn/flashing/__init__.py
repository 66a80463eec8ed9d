"""Put an image file on a board: find the board, choose the slot, write, verify, start."""
