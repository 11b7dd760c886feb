"""Training on imbalanced images: the paper's networks and recipes, cross-entropy and LDAM-DRW.

python -m imbxai_widgets.training cifar10-lt --data DIR --output DIR --method ldam
"""
