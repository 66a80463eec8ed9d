"""QEMU as a board: start it, attach gdb to it, and count the instructions that it runs."""
