"""Spans by OpenTelemetry, exported by OTLP over HTTP in a thread of their own; the extra `orderstream[tracing]`."""

from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as RecordedSpan

from telemetry.tracing import Attributes, Kind, Span

LAST_MILLISECONDS: Final = 2_000
"""For what is left to send when the process ends."""

_KINDS: Final[dict[Kind, SpanKind]] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}


class _Exporting(BatchSpanProcessor):
    """Sends what is left when the process ends, but does not keep it for half a minute where nobody takes it."""

    def shutdown(self) -> None:
        """See SpanProcessor; its own waits as long as it likes."""
        self._batch_processor.shutdown(LAST_MILLISECONDS)


class _Ids(RandomIdGenerator):
    """Gives a new trace the id that the sampler has judged: other processes judge it by the same."""

    judged: int | None = None

    def generate_trace_id(self) -> int:
        judged, self.judged = self.judged, None
        return judged or super().generate_trace_id()


class OtlpTracer:
    """Makes spans, of those traces that the sampler chooses (`OTEL_TRACES_SAMPLER`)."""

    def __init__(self, service: str) -> None:
        # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say comes before our own name.
        resource = Resource.create({"service.name": service}).merge(OTELResourceDetector().detect())
        # The sampler is asked first: a span that the SDK makes to drop it costs three times as much.
        self._sampler = TracerProvider(shutdown_on_exit=False).sampler
        self._ids = _Ids()
        # Of ParentBased, which has no public name for it, the one that judges traces that begin here.
        root = getattr(self._sampler, "_root", self._sampler)
        self._bound = root.bound if isinstance(root, TraceIdRatioBased) else None
        # It ends, and sends what is left, when the process does.
        provider = TracerProvider(ALWAYS_ON, resource, id_generator=self._ids)
        provider.add_span_processor(_Exporting(OTLPSpanExporter()))
        self._tracer = provider.get_tracer("orderstream")

    def begin(
        self, name: str, trace: str | None, kind: Kind, attributes: Attributes, at: int | None = None
    ) -> Span | None:
        """See Tracer.begin."""
        parent = _parent_of(trace) if trace else None
        trace_id = parent.trace_id if parent else self._ids.generate_trace_id()
        # What the sampler will say; of most requests that is all there is to do, and it takes ten times as long to ask.
        if parent is None and self._bound is not None and trace_id & TraceIdRatioBased.TRACE_ID_LIMIT >= self._bound:
            return None
        context = set_span_in_context(NonRecordingSpan(parent), Context()) if parent else Context()
        if not self._sampler.should_sample(context, trace_id, name).decision.is_recording():  # type: ignore[no-untyped-call]
            return None
        self._ids.judged = None if parent else trace_id
        return _Span(self._tracer.start_span(name, context, _KINDS[kind], attributes, start_time=at))


class _Span:
    """An OpenTelemetry span, known by its traceparent."""

    def __init__(self, span: RecordedSpan) -> None:
        self._span = span
        context = span.get_span_context()
        self.trace: Final = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def end(self, *, error: str | None = None, attributes: Attributes | None = None) -> None:
        """See Span.end."""
        if attributes:
            self._span.set_attributes(attributes)
        if error is not None:
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end()


def _parent_of(trace: str) -> SpanContext:
    """The span that the traceparent names."""
    _, trace_id, span_id, flags = trace.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
