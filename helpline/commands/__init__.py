"""The bodies of the commands: one module each, taking what it needs as arguments."""
