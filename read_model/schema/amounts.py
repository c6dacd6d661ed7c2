"""Amounts stand in rows as the text that clients read; whoever adds them up reads them back."""


def read_amount(text: str) -> int:
    """Minor units of a formatted amount: "19.90" -> 1990."""
    return int(text.replace(".", ""))
