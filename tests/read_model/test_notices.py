"""The wire form of change notices, which feeds keep longer than a program runs."""

import pytest

from read_model.schema.changes import (
    Change,
    CommandChanged,
    OrderChanged,
    ProductChanged,
    decode_changes,
    encode_changes,
)

ORDER = (
    '{"order_id":"ord_1","customer_id":"cus_1","version":2,"previous_status":"PLACED","status":"CONFIRMED",'
    '"occurred_at":"2026-11-20T09:30:00.000Z"}'
)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("", ()),
        (ORDER, (OrderChanged("ord_1", "cus_1", 2, "PLACED", "CONFIRMED", "2026-11-20T09:30:00.000Z"),)),
        ('{"product_id":"prd_1","version":7}', (ProductChanged("prd_1", 7),)),
        (
            f'[{{"product_id":"prd_1","version":7}},{ORDER}]',
            (
                ProductChanged("prd_1", 7),
                OrderChanged("ord_1", "cus_1", 2, "PLACED", "CONFIRMED", "2026-11-20T09:30:00.000Z"),
            ),
        ),
        ('{"command_id":"cmd_1","version":2}', (CommandChanged("cmd_1", 2),)),
    ],
)
def test_notices_are_written_and_read_in_one_form(text: str, changes: tuple[Change, ...]) -> None:
    assert encode_changes(changes).decode() == text
    assert decode_changes(text) == changes


@pytest.mark.parametrize("text", ["{}", "x", "[", "[{}]", '{"product_id":"prd_1"}', '{"order_id":"ord_1","version":7}'])
def test_a_riddle_is_no_notice(text: str) -> None:
    with pytest.raises(ValueError):
        decode_changes(text)
