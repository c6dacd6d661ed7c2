"""Amounts in events are whole minor units; this says how many digits those are, and writes them for people."""

from typing import Final

# ISO 4217: every currency whose minor unit is not a hundredth.
_DIGITS: Final = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}


def minor_digits(currency: str) -> int:
    """Decimal places of the currency's minor unit: 2 for EUR, 0 for JPY."""
    return _DIGITS.get(currency, 2)


def format_amount(minor: int, currency: str) -> str:
    """1990 EUR minor units -> "19.90"."""
    digits = minor_digits(currency)
    if digits == 0:
        return str(minor)
    sign, text = ("-" if minor < 0 else ""), str(abs(minor)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}"
