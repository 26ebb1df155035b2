"""A reverse proxy before the user's endpoint: callers in front, one upstream for each arm behind."""
