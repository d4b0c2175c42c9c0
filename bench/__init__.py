"""`python -m bench NAME`: the product measured against bare servers that do less, turn about, in one run."""
