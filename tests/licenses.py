"""The licenses of what an installation brings, as the distributions state them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# What may stand beside MIT. MPL-2.0 asks that changed files of it stay open; none is changed here.
ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-CMU",
        "MPL-2.0",
        "PSF-2.0",
        "Python-2.0",
        "Unlicense",
        "Zlib",
    }
)
# Brought by torch on Linux, under NVIDIA's own terms.
_OF_NVIDIA = re.compile(r"nvidia-.+|cuda-(bindings|toolkit)")
# Other words for SPDX terms; None where they do not tell which.
_WORDS = {
    "": None,
    "unknown": None,
    "bsd": None,
    "bsd license": None,
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 3-clause license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}
# Words of a license's text, and its SPDX term; the first that fits.
_TEXTS = (
    (("GENERAL PUBLIC LICENSE",), "LicenseRef-GNU"),
    (("Apache License", "Version 2.0"), "Apache-2.0"),
    (("Redistributions of source code", "binary form", "Neither the name"), "BSD-3-Clause"),
    (("Redistributions of source code", "binary form", "names of its"), "BSD-3-Clause"),
    (("Redistributions of source code", "binary form"), "BSD-2-Clause"),
    (("Permission to use, copy, modify, and/or distribute this software",), "ISC"),
    (("Permission is hereby granted, free of charge", "THE SOFTWARE IS PROVIDED"), "MIT"),
)


def installed(
    requirements: Iterable[str], environments: Sequence[Mapping[str, str]] = ({},)
) -> dict[str, Distribution | None]:
    """Follow requirements; None for those that are not installed.

    A requirement counts whose marker holds in one of `environments`, each of which changes this
    one's. What NVIDIA makes and torch brings is left out.
    """
    found: dict[str, Distribution | None] = {}
    seen: set[tuple[str, str]] = set()  # names and the extra that is asked for, "" for none
    todo = _wanted(requirements, "", environments)
    while todo:
        name, extra = todo.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        member = found.setdefault(name, _installed(name))
        wanted = _wanted((member.requires if member else None) or [], extra, environments)
        todo += [pair for pair in wanted if name != "torch" or not _OF_NVIDIA.fullmatch(pair[0])]
    return found


def _wanted(
    requirements: Iterable[str], extra: str, environments: Sequence[Mapping[str, str]]
) -> list[tuple[str, str]]:
    found = []
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        if not marker or any(marker.evaluate({**some, "extra": extra}) for some in environments):
            name = canonicalize_name(requirement.name)
            found += [(name, wanted) for wanted in ("", *requirement.extras)]
    return found


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def license_of(member: Distribution) -> str | None:
    """Return what a distribution states of its license, as SPDX; None if that does not tell.

    ``License-Expression`` decides; else all that ``License`` and the classifiers tell, and if
    that is nothing the text of the license that lies beside the metadata. Words that mean no
    license known here come back as they are, and are not allowed.
    """
    metadata: Any = member.metadata
    if metadata.get("License-Expression"):
        return str(metadata["License-Expression"])
    classifiers = [
        text.rpartition(" :: ")[2]
        for text in metadata.get_all("Classifier") or []
        if text.startswith("License :: ") and text != "License :: OSI Approved"
    ]
    told = [_term(text) for text in [metadata.get("License") or "", *classifiers]]
    if not any(told):
        told = [_term(text) for text in _license_texts(member)]
    return " AND ".join(sorted({term for term in told if term})) or None


def _term(text: str) -> str | None:
    """Return the SPDX term that words or a whole text mean; None if they leave it open."""
    text = text.strip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        pass
    flat = " ".join(text.split())
    for words, term in _TEXTS:
        if all(word.lower() in flat.lower() for word in words):
            return term
    first = text.splitlines()[0].strip().lower()
    return _WORDS.get(first) or flat[:60]


def _license_texts(member: Distribution) -> list[str]:
    pattern = re.compile(r"[^/]+\.dist-info/(licenses/)?(LICEN[CS]E|COPYING)[^/]*", re.IGNORECASE)
    files = [file for file in member.files or [] if pattern.fullmatch(str(file))]
    return [file.read_text() for file in files]


def is_allowed(expression: str) -> bool:
    """Whether an SPDX expression asks for nothing else, by one of its choices.

    Examples
    --------
    >>> is_allowed("MIT OR GPL-3.0-only"), is_allowed("MIT AND GPL-3.0-only")
    (True, False)
    """
    try:
        rest = canonicalize_license_expression(expression)
    except InvalidLicenseExpression:
        return False

    def holds(flat: str) -> bool:  # AND binds tighter than OR
        choices = (choice.split(" AND ") for choice in flat.split(" OR "))
        return any({term.strip() for term in choice} <= ALLOWED for choice in choices)

    while "(" in rest:
        rest = re.sub(r"\(([^()]*)\)", lambda part: "MIT" if holds(part[1]) else "refused", rest)
    return holds(rest)


def terms_of(expression: str) -> set[str]:
    """Return the licenses that an expression names.

    Examples
    --------
    >>> sorted(terms_of("MIT AND (0BSD OR Apache-2.0 WITH LLVM-exception)"))
    ['0BSD', 'Apache-2.0 WITH LLVM-exception', 'MIT']
    """
    return {term.strip() for term in re.split(r"[()]|\bAND\b|\bOR\b", expression)} - {""}
