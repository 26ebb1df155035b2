"""NET → BYTES: requests go out and bytes come back; the one room that speaks to a network."""
