"""Production logs of both arms become tallies that add, and tallies become estimates."""
