"""What production logs say, for people and programs: terminal, page, JSON."""
