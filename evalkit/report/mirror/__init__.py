"""A mirror as whoever watches it reads it."""
