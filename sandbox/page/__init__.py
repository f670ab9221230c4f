"""The sandbox's own page: what is going on in the world, for whoever builds on v3."""
