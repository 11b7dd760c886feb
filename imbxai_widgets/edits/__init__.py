"""What was decided about single images: other labels, images to leave out, labels found right."""

from __future__ import annotations

from imbxai_widgets.edits.edits import Edits
from imbxai_widgets.edits.journal import JournalError

__all__ = ["Edits", "JournalError"]
