"""The search for the best kernel and schedule of each layer, by counts on a board."""
