"""QEMU as a board: start it, attach GDB to it, and count the instructions that it runs."""
