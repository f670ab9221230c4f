"""Campaigns at work: planning their people, turning them into messages, and watching what comes of it."""
