"""A notebook's way to a page: checked, run, exported, written."""

from __future__ import annotations

from pathlib import Path

from imbxai_widgets.files import replacing
from imbxai_widgets.page.export import export, front_end_files
from imbxai_widgets.page.limits import Limits
from imbxai_widgets.page.run import run_notebook


def write_page(notebook: Path, output: Path, limits: Limits | None = None) -> Path:
    """Execute a notebook and write it as one HTML page that needs nothing else.

    Where a widget's front end is not installed, a line stands in the place of the widget, and a
    warning names the front end.

    Parameters
    ----------
    notebook : Path
        A notebook to execute, in its own folder; the file itself is left as it is.
    output : Path
        Where the page goes. Its folder is made if missing; a page already there is replaced
        at the end, in one step.
    limits : Limits, optional
        How long the notebook may run and how much the page may hold; `Limits()` if not given.

    Returns
    -------
    Path
        The absolute path of the page.

    Raises
    ------
    ModuleNotFoundError
        If nbconvert or ipykernel is missing.
    FileNotFoundError
        If there is no such notebook, or the package's own front end has not been built.
    OSError
        If the page cannot be written there.
    TimeoutError
        If a cell, or all of them, took longer than allowed; the message names the cell.
    RuntimeError
        If the kernel died.
    nbclient.exceptions.CellExecutionError
        If a cell raises.

    Examples
    --------
    >>> import nbformat
    >>> cells = [nbformat.v4.new_code_cell("sum([4, 3])")]
    >>> nbformat.write(nbformat.v4.new_notebook(cells=cells), "sum.ipynb")
    >>> write_page(Path("sum.ipynb"), Path("sum.html")).name
    'sum.html'
    """
    # Whatever can be known before the cells take their time is asked for before.
    _check_packages()
    if not notebook.is_file():
        raise FileNotFoundError(f"notebook: there is no file {notebook}.")
    if output.is_dir():
        raise IsADirectoryError(f"output: {output} is a folder; name the file to write in it.")
    own = front_end_files()
    with replacing(output) as file:
        executed = run_notebook(notebook, limits or Limits())
        file.write(export(executed, title=notebook.stem, own=own).encode("utf-8"))
    return output.resolve()


def _check_packages() -> None:
    try:
        import ipykernel  # noqa: F401  (the kernel that runs the cells)
        import nbclient  # noqa: F401
        import nbconvert  # noqa: F401
        import nbformat  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"Writing a page of a notebook needs {error.name}, which is not installed: "
            'run `pip install "nbconvert>=7.16" ipykernel`.'
        ) from error
