"""A verdict for those who review it: the page, the terminal, checks and annotations."""
