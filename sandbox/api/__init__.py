"""The v3 API as the remote answers it."""
