"""The endpoint, where somebody watches it."""

from time import perf_counter

from starlette.types import Message, Receive, Scope, Send

from api.context import Services
from api.exchange import EXCHANGE, Exchange, traceparent_of
from api.metrics import of_edge
from api.observation import Observation
from api.view import GraphQLView
from telemetry import metrics, tracing


class ObservedView(GraphQLView):
    """Begins and ends the exchanges of HTTP; those over a WebSocket are the schema's (api.schema)."""

    def __init__(self, services: Services, observer: Observation) -> None:
        super().__init__(services)
        self._observer = observer
        metrics.export(edge := of_edge(observer, self.answers))
        self.sources.append(edge)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See GraphQLView."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        exchange: Exchange = scope.get(EXCHANGE) or self._begin(scope)
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await super().__call__(scope, receive, noting)
        finally:
            self._observer.end(exchange, scope["method"], scope["path"], status)

    async def answer(self, scope: Scope, body: bytes) -> tuple[bytes, bytes] | None:
        """See GraphQLView; what it leaves to the application comes back with its exchange."""
        exchange = self._begin(scope)
        answered = await GraphQLView.answer(self, scope, body)
        if answered is not None:
            status = int(answered[0][9:12])  # of `HTTP/1.1 200 OK`
            self._observer.end(exchange, scope["method"], scope["path"], status)
        return answered

    def _begin(self, scope: Scope) -> Exchange:
        if tracing.tracer:
            exchange = self._observer.begin(traceparent_of(scope), scope["method"])
        else:
            exchange = Exchange(perf_counter())
        scope[EXCHANGE] = exchange
        return exchange
