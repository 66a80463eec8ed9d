"""Binary transformers in PyTorch, and the folded constants that the export takes from them."""
