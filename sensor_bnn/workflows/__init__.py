"""Work that spans several stages, one function per step."""
