"""The invariants I1 to I6 of behaviour.md, each judged from the world's own truth.

One module for one or two of them. What happens at a moment is judged at that moment, by watching what passes between
the product and the world; what must be so in the end is judged when it is asked for. Every violation is one line that
begins with the invariant's number. `core.world.checker` is the whole.
"""
