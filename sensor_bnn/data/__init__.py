"""Files of labelled sensor data: the only reader of each format, of recordings and of windows."""
