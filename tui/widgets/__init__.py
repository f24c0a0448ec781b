"""The pieces of a screen. They draw what they are given and speak upward with messages; none of them asks the feed."""
