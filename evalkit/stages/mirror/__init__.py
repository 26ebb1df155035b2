"""Traffic is routed, told of, checked and written down here."""
