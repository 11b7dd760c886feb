"""Nearest neighbors: exact, or of many images by an approximation whose recall is measured."""

from __future__ import annotations

from imbxai_widgets.compute.neighbors.search import Neighbors, nearest_neighbors, nearest_references

__all__ = ["Neighbors", "nearest_neighbors", "nearest_references"]
