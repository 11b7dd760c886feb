"""Arrays: their types, checks, counts and blocks, and the probabilities kept; knows no image."""
