"""Measurements, each a module to run by itself. They start what they need and end it again."""
