"""Training: data sets, recipes and the loop from a recipe to a checkpoint."""
