"""One HTML page of a notebook whose widgets stay linked without a kernel and without a network.

::

    python -m imbxai_widgets.page notebooks/01_quickstart.ipynb --output quickstart.html

executes the notebook and writes a single file that holds the outputs, the state of the widgets
and the front ends that draw them, so that a click in one panel still changes all others. What
each Explorer shows of its classes is put into that state, up to a limit; a click on "more" images
ends with what the page holds. Widgets that show outputs, such as ``Output`` and ``interact``,
show what they held at the end of the run. Mathematics in the prose is not typeset, since MathJax
would come from a network.
"""

from __future__ import annotations

from imbxai_widgets.page.limits import Limits
from imbxai_widgets.page.write import write_page

__all__ = ["Limits", "write_page"]
