"""WHICH VERBS IN WHICH ORDER: each flow reads like a list of stages. No arithmetic, no printing."""
