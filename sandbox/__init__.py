"""A stand-in for the remote: the v3 API, simulated people, faults and a clock, with a database of its own.

It shares nothing with the console but the vocabulary in `chats.v3`; the two meet over HTTP only.
"""
