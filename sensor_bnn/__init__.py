"""Binary transformers from PyTorch to a measured microcontroller."""
