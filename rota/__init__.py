"""Shifts, opening hours and staffing: who is on, and when the door is open.

Depends on nothing else of ours and does no input or output: it takes values and returns values. Instants are
timezone-aware and answers are in UTC; wall time is naive and always beside its zone.
"""
