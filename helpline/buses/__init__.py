"""Ways for nodes to tell each other what was appended."""
