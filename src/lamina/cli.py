"""The command line ``lamina``: an entry point that imports the rest only when it runs."""

import contextlib
import sys

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: status 2 and one sentence if something is wrong.

    Parameters
    ----------
    arguments : list of str, optional
        The words after ``lamina``; by default those of the process.
    """
    try:
        # What takes time to import is imported here, where Ctrl-C ends in a sentence.
        from lamina.tables.program import run

        status = run(arguments)
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):
            print("interrupted: nothing was written", file=sys.stderr)
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
