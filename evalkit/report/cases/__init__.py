"""Cases that changed, both answers side by side, and the words in which they differ."""
