"""The snapshots in use and when they end: terminal and JSON."""
