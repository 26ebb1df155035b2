"""LABELLED TEXTS → WEIGHTS: how the models that ship with evalkit are made; not part of the wheel."""
