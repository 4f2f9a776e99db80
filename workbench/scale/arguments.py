"""The arguments of a command: what is wrong with them is one sentence, as everywhere. Not a command itself."""

from __future__ import annotations

import argparse
from typing import NoReturn

from workbench.errors import WorkbenchError


class Parser(argparse.ArgumentParser):
    """argparse's, with a WorkbenchError in place of a usage text and an exit."""

    def error(self, message: str) -> NoReturn:
        raise WorkbenchError(f"{self.prog}: {message}", "arguments as --help lists them", f"{self.prog} --help")
