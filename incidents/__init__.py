"""What is wrong, who is told, and what everyone sees."""
