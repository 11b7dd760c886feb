"""Linked Jupyter widgets that show, class by class, why an image classifier fails."""
