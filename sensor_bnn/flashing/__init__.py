"""From an image file to a board that runs it: find the board, choose the place, write, verify."""
