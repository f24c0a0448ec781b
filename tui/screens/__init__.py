"""The places one can be in. Screens put widgets together and carry out actions."""
