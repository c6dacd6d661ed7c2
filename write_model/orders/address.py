"""Where an order goes, as a client says it."""

from write_model.contracts.orders import ShippingAddress
from write_model.ports import Command
from write_model.text import CountryCode, Label, Name


class Address(Command):
    recipient: Name
    street: Name
    city: Name
    postal_code: Label
    country_code: CountryCode

    def as_event(self) -> ShippingAddress:
        """The address as events keep it."""
        return ShippingAddress.model_validate(self.model_dump())
