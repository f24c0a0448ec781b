"""Small working worlds behind the ports: the same calls, the same errors, no network."""
