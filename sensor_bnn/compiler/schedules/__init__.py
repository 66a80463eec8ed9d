"""Schedules that may be chosen: a file a kernel, its loops in blocks and the function that schedules them."""
