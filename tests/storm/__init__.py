"""Storms: the whole controller through hours in which everything goes wrong, in virtual time, each drawn from one seed.

``weather`` is what goes wrong, ``course`` sends controllers through it and judges what is left, ``__main__`` runs many
seeds: ``python -m tests.storm --seeds 200 --hours 2``; a seed that failed again: ``python -m tests.storm --seed 17``.
"""
