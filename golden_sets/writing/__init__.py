"""The hand behind the shipped example: its chance, its dials and its words."""
