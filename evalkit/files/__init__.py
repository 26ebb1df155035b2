"""DISK → TEXT: every byte that comes from outside is bounded, decoded and placed here."""
