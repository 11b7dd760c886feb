"""What tells the causes of a class's errors apart, as numbers with intervals, from arrays alone."""
