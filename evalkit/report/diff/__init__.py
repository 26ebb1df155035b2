"""Two runs, or the arms of one, beside each other: terminal and JSON."""
