"""PostgreSQL and Redis of our own, for a machine that has neither.

Both are real servers from Python wheels, reached over Unix sockets that only their owner (and root)
can use. They run in development, in the tests and wherever one machine is enough; with
`DATABASE_URL` and `REDIS_URL` set nothing here is used.
"""
