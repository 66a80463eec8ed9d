"""Work that takes several stages at once, each step one function."""
