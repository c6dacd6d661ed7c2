"""Who acts: every command has an actor, and so has every event."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Actor:
    """A member of staff, or a customer acting for themselves (`customer_id`)."""

    role: Literal["staff", "customer"]
    subject: str
    customer_id: str | None = None

    def may_act_for(self, customer_id: str) -> bool:
        """Staff act for everyone, a customer for themselves."""
        return self.role == "staff" or self.customer_id == customer_id

    def __str__(self) -> str:
        return f"{self.role}:{self.subject}"
