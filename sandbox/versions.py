"""The two versions that the payloads of events have had (linq-v3, 4.3)."""

from __future__ import annotations

OLD_VERSION = "2025-01-01"
NEW_VERSION = "2026-02-03"
