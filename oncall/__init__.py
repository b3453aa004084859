"""Ground floor: people, how to reach them, and the site's wiring."""
