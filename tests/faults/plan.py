"""What a run does, drawn from its seed before it begins: the steps of every client, and the faults in their order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Final

CLIENTS: Final = 16
SHELF: Final = 6
"""Products that all clients order, few enough to be fought over."""
STOCK: Final = 10
BURST: Final = 20

ENDS: Final = (
    (), ("confirm",), ("confirm", "ship"), ("confirm", "ship", "deliver"), ("cancel",), ("confirm", "cancel"),
)  # fmt: skip

Lines = tuple[tuple[int, int], ...]
"""Numbers of products on the shelf, with quantities."""


@dataclass(frozen=True)
class Order:
    """An order is placed, at once, through the queue or by way of a draft, and comes so far."""

    how: str
    lines: Lines
    then: tuple[str, ...]

    @property
    def commands(self) -> int:
        # Of a draft: create, add each line and the first one again, change, remove the last, submit.
        return len(self.then) + (len(self.lines) + 5 if self.how == "draft" else 1)


@dataclass(frozen=True)
class Restock:
    product: int
    quantity: int
    commands: int = 1


@dataclass(frozen=True)
class Reprice:
    product: int
    cents: int
    commands: int = 1


@dataclass(frozen=True)
class Rename:
    name: str
    commands: int = 1


@dataclass(frozen=True)
class Burst:
    """So many prices of the client's own product, queued by one request; every seventh in a foreign currency."""

    commands: int = BURST


Step = Order | Restock | Reprice | Rename | Burst


@dataclass(frozen=True)
class Fault:
    """`victim`: a process, or what a connection is to; `dice` decides what is left open, such as how long."""

    kind: str
    victim: str
    dice: float

    def __str__(self) -> str:
        return f"{self.kind} {self.victim}".strip()


PROCESSES: Final = (
    "api 1", "api 2", "relay 1", "relay 2", "projector 1", "projector 2", "worker 1", "worker 2", "expiry 1",
    "expiry 2",
)  # fmt: skip
READERS_OF_REDIS: Final = PROCESSES[:6]
_LINKS: Final = ("link of api", "link of relay", "link of projector", "link of clients", "link of mongodb")

KINDS: Final[dict[str, Sequence[str]]] = {
    **{
        f"kill {k}": [p for p in PROCESSES if p.startswith(k)]
        for k in ("api", "relay", "projector", "worker", "expiry")
    },
    **{f"pause {k}": [p for p in PROCESSES if p.startswith(k)] for k in ("api", "relay", "projector", "worker")},
    **{f"{how} {link}": ["1", "2"] for how in ("cut", "stall") for link in _LINKS},
    "kill redis": [""],
    "empty redis": [""],
    "roll back redis": [""],
    "kill primary": [""],
    "pause primary": [""],
    "clock": PROCESSES,
    "repeat event": [""],
    "kill everything": [""],
    "lose oplog": [""],
    "poison": ["discard", "retry"],
    "rebuild": [*(p for p in PROCESSES if p.startswith(("projector", "relay"))), "empty redis", "roll back redis"],
}
"""The kinds of fault, with those whom each can hit: of a poison, its remedy; of a rebuild, what strikes it."""

SHORT: Final = (
    "kill api", "kill relay", "kill projector", "kill worker", "kill expiry", "pause projector", "pause relay",
    "cut link of mongodb", "cut link of clients", "stall link of projector", "kill redis", "roll back redis",
    "empty redis", "kill primary", "clock", "repeat event", "poison", "rebuild",
)  # fmt: skip
"""Of the short form, in this order before they are shuffled."""


def plan_load(seed: int, commands: int) -> list[list[Step]]:
    """The steps of each client, with so many commands in all, a few more at most."""
    plans: list[list[Step]] = []
    for client in range(CLIENTS):
        steps: list[Step] = []
        planned = 0
        for step in endless_load(seed, client):
            steps.append(step)
            planned += step.commands
            if planned >= commands / CLIENTS:
                break
        plans.append(steps)
    return plans


def endless_load(seed: int, client: int) -> Iterator[Step]:
    """The steps of one client, for as long as somebody takes them."""
    random = Random(f"{seed}/load/{client}")
    return (_step(random, client, number) for number in count())


def plan_faults(seed: int, number: int, kinds: Sequence[str] = tuple(KINDS)) -> list[Fault]:
    """So many faults, every kind about as often, in an order of the seed's choice."""
    random = Random(f"{seed}/faults")
    chosen = [kinds[n % len(kinds)] for n in range(number)]
    random.shuffle(chosen)
    return [Fault(kind, random.choice(KINDS[kind]), random.random()) for kind in chosen]


def _step(random: Random, client: int, number: int) -> Step:
    dice = random.random()
    if dice < 0.62:
        products = random.sample(range(SHELF), random.randint(1, 3))
        lines = tuple((product, random.randint(1, 3)) for product in products)
        how = random.choices(("placed", "draft", "queued"), (6, 3, 2))[0]
        return Order(how, lines, () if how == "queued" else random.choice(ENDS))
    if dice < 0.76:
        return Restock(random.randrange(SHELF), random.randint(1, 15))
    if dice < 0.84:
        return Reprice(random.randrange(SHELF), random.randint(100, 9999))
    if dice < 0.88:
        return Rename(f"Client {client} the {number}th")
    return Burst()
