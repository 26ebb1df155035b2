"""A canary's decision as people and machines read it."""
