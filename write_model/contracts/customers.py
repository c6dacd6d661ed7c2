"""What can have happened to a customer."""

from write_model.contracts.event import Event


class CustomerRegistered(Event):
    name: str
    email: str


class CustomerProfileUpdated(Event):
    """Name and e-mail address as they are from now on, both, whichever changed."""

    name: str
    email: str


class CustomerDeactivated(Event):
    pass


class CustomerReactivated(Event):
    pass


CustomerEvent = CustomerRegistered | CustomerProfileUpdated | CustomerDeactivated | CustomerReactivated
