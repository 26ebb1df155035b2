"""The nouns: what every other room speaks about. Standard library only."""
