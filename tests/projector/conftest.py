"""What the tests of the projector share."""

from typing import Any

import pytest

from write_model.contracts import codec
from write_model.contracts.orders import OrderConfirmed


@pytest.fixture
def knows_held(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets the program know the type from then on."""
    return lambda: monkeypatch.setitem(codec.EVENT_TYPES, "OrderHeld", OrderConfirmed)
