"""Simulated names. They belong to nobody."""

from __future__ import annotations

FIRST_NAMES = (
    "Ada", "Amir", "Ana", "Ben", "Bea", "Cara", "Cody", "Dana", "Dev", "Ella", "Eli", "Fay", "Finn", "Gia", "Gus",
    "Hana", "Hugo", "Ida", "Ivan", "Jade", "Jon", "Kai", "Kira", "Lena", "Leo", "Lila", "Mara", "Max", "Mia", "Milo",
    "Nia", "Noah", "Nora", "Omar", "Opal", "Otto", "Pia", "Quinn", "Ravi", "Rosa", "Ruth", "Sam", "Sara", "Theo",
    "Tia", "Tom", "Uma", "Vera", "Vic", "Wes", "Yara", "Zane", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Alder", "Ash", "Birch", "Brook", "Cedar", "Clay", "Cliff", "Cove", "Dale", "Dune", "Elm", "Fern", "Field", "Ford",
    "Glen", "Grove", "Hazel", "Heath", "Hill", "Lake", "Lark", "Marsh", "Meadow", "Moss", "North", "Oak", "Pine",
    "Pond", "Reed", "Ridge", "Rivers", "Rowan", "Sage", "Shore", "Stone", "Vale", "West", "Willow", "Winter", "Wren",
)  # fmt: skip
