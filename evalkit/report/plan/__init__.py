"""A plan and a noise floor for those who set the bounds: page, terminal and JSON."""
