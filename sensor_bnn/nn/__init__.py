"""Binary transformers in PyTorch, and what is left of them once every constant is folded."""
