"""What to do. Rooms come with their own capability; the house stands so that imports have a direction from the first day."""
