"""What a background may be made of (linq-v3, 1.7)."""

from __future__ import annotations

# A custom one names its two shades.
COLORS = (
    "mango", "ice", "plum", "deep_sea", "green_apple", "cherry", "bubblegum", "tangerine", "magenta", "lime",
    "silver", "carbon", "stone",
)  # fmt: skip
CUSTOM = "custom"
# of a dynamic background: the variants that each style has
STYLES = {
    "sky": ("dusk", "haze", "sunset", "clear", "sunrise", "dawn"),
    "water": ("light", "dark"),
    "aurora": ("green", "purple", "pink"),
}
