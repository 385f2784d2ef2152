#!/usr/bin/env python
"""Django's command line for Watchbill. It finds the services of a running `make run` by itself."""

import os
import sys

from soc.local.folders import point_here


def main() -> None:
    """Run a management command with the project's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
    point_here(os.environ)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
