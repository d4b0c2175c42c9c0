"""The phone network: texts and call-backs, and the carrier that brings them."""
