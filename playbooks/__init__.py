"""What to do. Its rooms come later; the house stands so that imports have a direction from the first day."""
