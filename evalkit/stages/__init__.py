"""THE VERBS: each stage takes frozen values and gives frozen values; they meet in flows."""
