"""The OpenAPI document of the API, served at `/schema`.

Views know nothing of it: `operations` says for every address and method what goes in and what comes out, and a
test holds it against the routes. Its `webhooks` are the events, from `events`; tests hold every event they get
against it.
"""
