"""Class names that can be told apart, whatever a dataset calls its classes."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence


def distinct_names(names: Sequence[str]) -> tuple[str, ...]:
    r"""Make every name one that can be read and that means one class.

    ImageNet has two classes called "crane", the bird and the machine; files may leave a name
    empty. Since results are looked up by name, such names get the number of their class. All
    other names stay as they are, but for characters that no text can be written with (what is
    left of file names in another encoding), which become escapes such as ``\udcff``.

    Parameters
    ----------
    names
        Names in the order of the labels. They count as equal where they look equal, that is up
        to white space and Unicode's composed forms.

    Returns
    -------
    tuple of str
        As many names, all different, none without anything to see.

    Examples
    --------
    >>> distinct_names(["crane", "dog", "crane", " "])
    ('crane (#0)', 'dog', 'crane (#2)', '(unnamed #3)')
    """
    written = (name.encode("utf-8", "backslashreplace").decode() for name in names)
    found = [name if _shows(name) else f"(unnamed #{i})" for i, name in enumerate(written)]
    while True:
        times = Counter(map(_look, found))
        if len(times) == len(found):
            return tuple(found)
        # Again, for the dataset that calls one more class "crane (#0)".
        found = [
            f"{name} (#{i})" if times[_look(name)] > 1 else name for i, name in enumerate(found)
        ]


def _look(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())


def _shows(name: str) -> bool:
    """Whether a name has any character besides spaces, controls and invisible marks."""
    return not all(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Zs") for c in name)
