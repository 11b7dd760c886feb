"""Class names that a page must show as they are: none may act, break a layout or get lost."""

from __future__ import annotations

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "<!-- <script>",
    "\"quoted\" & 'quoted' `${alert(3)}`",
    "שלום עולם 7",
    "قطة",
    "over \u202egnp.exe",  # a right-to-left override that is never closed
    "👩‍👩‍👧‍👦 🦊",
    "long " + "name " * 59,
    "unbroken" * 38,
    "$x^2$ \\frac{a}{b} {{7*7}} %s",
    "a\tb\nc",
    "javascript:alert(4)",
)
