"""Scored answers and what people say of them become a calibration, and what it is worth."""
