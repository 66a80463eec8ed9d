"""The search for the best kernel and schedule of each layer, by what a board counts."""
