"""The console's pages. Django finds the lists under Manage through this package."""

from chats.admin import manage, people

__all__ = ["manage", "people"]
