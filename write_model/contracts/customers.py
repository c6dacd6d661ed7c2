"""What can have happened to a customer."""

from write_model.contracts.event import Event


class CustomerRegistered(Event):
    name: str
    email: str


class CustomerDeactivated(Event):
    pass


CustomerEvent = CustomerRegistered | CustomerDeactivated
