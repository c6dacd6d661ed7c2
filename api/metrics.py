"""The metrics of the edge, each named once: requests, sockets, and the plans that answer."""

from api.compiled.answers import Answers
from api.door import Door
from api.exchange import OK
from api.observation import Observation
from telemetry.metrics import Metric, Row, Source, counter, gauge

_OPERATION = ("type", "operation")


def of_door(door: Door) -> Source:
    """Who is in."""

    async def collect() -> list[Metric]:
        return [
            gauge("orderstream_requests_in_flight", "HTTP requests without their answer.", door.requests.taken),
            gauge("orderstream_sockets", "WebSockets that are open.", door.sockets.taken),
        ]

    return collect


def of_edge(observation: Observation, answers: Answers) -> Source:
    """What one process answers, and how."""

    async def collect() -> list[Metric]:
        tallies = observation.tallies.items()
        outcomes: list[Row] = [
            ((*operation, outcome), count)
            for operation, its in tallies
            for outcome, count in ((OK, its.ok), *its.faults.items())
        ]
        seconds: list[Row] = [(operation, its.seconds) for operation, its in tallies if operation[0] != "subscription"]
        return [
            Metric("counter", "orderstream_requests_total", "Operations answered, over HTTP and WebSocket, by the code "
                   "of the first error, or `ok`; subscriptions when they end.", (*_OPERATION, "outcome"), outcomes),
            Metric("histogram", "orderstream_request_seconds", "From an operation's arrival to its whole answer.",
                   _OPERATION, seconds),
            counter("orderstream_faults_total", "Operations that met a fault of the program, and are INTERNAL.",
                    observation.faults),
            counter("orderstream_plan_hits_total", "Answers by a plan.", answers.planned),
            counter("orderstream_plan_misses_total", "Operations for which there was no plan, or none that could "
                    "answer.", answers.missed),
            gauge("orderstream_plan_documents", "Documents whose plans are kept.", answers.kept),
        ]  # fmt: skip

    return collect
