"""Control of the sandbox, for tests and rehearsals. No authentication: it is a tool on loopback."""
