"""What became of a schema: terminal and JSON."""
