"""Files of labelled sensor data: the only reader of CSV recordings, and the only one of npz samples."""
