"""Who acts: every command has an actor, and so has every event."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["staff", "customer", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A member of staff, a customer acting for themselves (`customer_id`), or the system by itself."""

    role: Role
    subject: str
    customer_id: str | None = None

    def may_act_for(self, customer_id: str) -> bool:
        """A customer acts for themselves, the others for everyone."""
        return self.role != "customer" or self.customer_id == customer_id

    def __str__(self) -> str:
        return f"{self.role}:{self.subject}"
