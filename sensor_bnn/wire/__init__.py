"""What goes over a serial line: the port, AN3155, our frames, and the client that speaks them."""
