"""``python -m qbank`` and the ``qbank`` script."""

from __future__ import annotations


def main() -> None:
    """Run the command line; imports what the chosen command needs and nothing more."""
    from qbank.cli.main import run

    raise SystemExit(run())


if __name__ == "__main__":
    main()
