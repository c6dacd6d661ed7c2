"""How a customer is stored: one document, the state."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from write_model.customers.customer import Customer, CustomerNotFound, CustomerStatus, EmailTaken, evolve
from write_model.ports import Aggregate


def to_document(customer: Customer) -> dict[str, Any]:
    """The document of the state."""
    fields = asdict(customer)
    return {"_id": fields.pop("id"), **fields, "status": customer.status.value}


def from_document(document: Mapping[str, Any]) -> Customer:
    """The state in its document."""
    return Customer(
        id=document["_id"],
        version=document["version"],
        name=document["name"],
        email=document["email"],
        status=CustomerStatus(document["status"]),
    )


CUSTOMERS: Aggregate[Customer] = Aggregate(
    kind="cus",
    collection="customers",
    evolve=evolve,
    to_document=to_document,
    from_document=from_document,
    missing=CustomerNotFound,
    visible_to=lambda customer, actor: actor.may_act_for(customer.id),
    taken={"email": lambda customer: EmailTaken(email=customer.email, field=("input", "email"))},
)
