"""The embedded world: what the product talks to when there is no AWS and no GitHub.

An ECS endpoint and a GitHub, spoken to over real HTTP on loopback by the ordinary adapters. All of it lives in one
event loop, moves in that loop's time, and draws every chance from a given `random.Random`: the same seed is the same
day. Nothing here knows the product; it imports nothing of ours from outside this package.
"""
