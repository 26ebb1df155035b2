"""Traffic → looks → decisions: a rollout that goes on, waits or goes back."""
