"""What a person sees of a measurement: tables and progress."""
