"""The serial line: the port, the AN3155 protocol, our frames, and the client that sends them."""
