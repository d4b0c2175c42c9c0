"""The service itself: contacts, routing, the risk ladder, notes and people. Knows no channel, no HTTP, no socket."""
