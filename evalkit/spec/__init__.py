"""FILES → NOUNS: what users write becomes what evalkit judges, or every problem at once."""
