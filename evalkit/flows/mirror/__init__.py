"""A mirror before the user's endpoint, put together."""
