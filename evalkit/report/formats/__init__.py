"""A VERDICT IN THE WORDS OF OTHER TOOLS: one format a file, found by looking into this room."""
