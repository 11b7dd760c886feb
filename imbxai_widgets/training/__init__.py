"""Training on imbalanced images: the paper's networks, cross-entropy and LDAM-DRW."""
