"""Nodes of the cluster's kind, for histories of a few."""

from tests.cluster.conftest import database, definition, open_node, redis

__all__ = ["database", "definition", "open_node", "redis"]
