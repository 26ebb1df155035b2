"""Past runs for those who look back: page, terminal and JSON."""
