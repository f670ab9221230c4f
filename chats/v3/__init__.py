"""The remote's Partner API v3: its client, errors, vocabulary and rules.

Nothing in this package knows Django or the rest of Chatdeck, so the console, the sandbox and a script
can all read the same rules from one place.
"""
