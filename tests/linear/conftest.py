"""Nodes of the cluster's kind, for histories of a few."""

from tests.cluster.conftest import definition, open_node

__all__ = ["definition", "open_node"]
