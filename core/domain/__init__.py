"""Values and rules. No I/O, no await, no clock, no chance, no logging: everything arrives as an argument."""
