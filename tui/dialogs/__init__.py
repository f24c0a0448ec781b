"""Typed questions: a dialog gives an answer back and never acts by itself."""
