"""A quiet environment for clients of a server on this machine."""

import pytest


@pytest.fixture(autouse=True)
def _quiet(quiet: None) -> None:
    """Every test here."""
