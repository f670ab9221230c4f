"""The OpenAPI document of the API, served at `/schema`.

Views know nothing of it: `operations` says for every address and method what goes in and what comes out, and a
test holds it against the routes.
"""
