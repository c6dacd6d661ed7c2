"""Which traces are recorded: decided once, where a trace begins, and by its id, so that all processes decide alike."""

import random
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from telemetry import tracing
from telemetry.otlp import OtlpTracer
from telemetry.tracing import Span

RATIO = 0.3
TRACES = 1_000
SAMPLED, NOT_SAMPLED = "01", "00"

Sampling = Callable[..., OtlpTracer]


@pytest.fixture
def sampling(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sampling]:
    """Makes the tracer of a process that has this sampler. No span is ended, so nothing is sent."""
    tracers: list[OtlpTracer] = []

    def make(sampler: str, ratio: float = RATIO) -> OtlpTracer:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", str(ratio))
        tracers.append(OtlpTracer("test"))
        return tracers[-1]

    yield make
    random.seed()  # a test may have set it
    for tracer in tracers:
        tracer._tracer.span_processor.shutdown()  # type: ignore[attr-defined]


def begin(tracer: OtlpTracer, trace: str | None = None) -> Span | None:
    return tracer.begin("a request", trace, "server", {})


def a_traceparent(flags: str, id: int | None = None) -> str:
    """Of a client's span, in a trace of its own."""
    return f"00-{id or random.getrandbits(128):032x}-{random.getrandbits(64) or 1:016x}-{flags}"


def would_choose(id: int, ratio: float = RATIO) -> bool:
    """Whether OpenTelemetry's own sampler records the trace."""
    decision = TraceIdRatioBased(ratio).should_sample(None, id, "").decision
    return bool(decision.is_recording())  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("sampler", ["traceidratio", "parentbased_traceidratio"])
@pytest.mark.parametrize("ratio", [0.0, 0.01, RATIO, 1.0])
def test_of_new_traces_those_are_recorded_that_the_sampler_chooses(
    sampling: Sampling, monkeypatch: pytest.MonkeyPatch, sampler: str, ratio: float
) -> None:
    tracer, ids, chosen = sampling(sampler, ratio), RandomIdGenerator(), []
    monkeypatch.setattr(tracing, "tracer", tracer)
    random.seed(7)
    for _ in range(TRACES):
        id = ids.generate_trace_id()
        if would_choose(id, ratio):
            chosen.append((f"{id:032x}", f"{ids.generate_span_id():016x}"))
    random.seed(7)
    spans = [span for _ in range(TRACES) if (span := begin(tracer))]
    assert [tuple(span.trace.split("-"))[1:3] for span in spans] == chosen
    assert all(tracing.recorded(span.trace) for span in spans), "who goes on with one is told that it is recorded"
    assert abs(len(chosen) - ratio * TRACES) < 100


@pytest.mark.parametrize("prefix", ["", "parentbased_"])
def test_all_new_traces_are_recorded_or_none(sampling: Sampling, prefix: str) -> None:
    always, never = sampling(f"{prefix}always_on"), sampling(f"{prefix}always_off")
    assert len({span.trace[3:35] for _ in range(100) if (span := begin(always))}) == 100
    assert [begin(never) for _ in range(100)] == [None] * 100


@pytest.mark.parametrize("sampler", ["parentbased_traceidratio", "parentbased_always_off", "parentbased_always_on"])
@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_who_began_a_trace_has_decided(sampling: Sampling, sampler: str, ratio: float) -> None:
    tracer = sampling(sampler, ratio)
    for _ in range(100):
        sampled = a_traceparent(SAMPLED)
        span = begin(tracer, sampled)
        assert span
        assert span.trace[:35] == sampled[:35]
        assert span.trace != sampled
        assert begin(tracer, a_traceparent(NOT_SAMPLED)) is None


@pytest.mark.parametrize("flags", [SAMPLED, NOT_SAMPLED])
def test_a_sampler_that_asks_no_parent_judges_each_trace_by_its_id(sampling: Sampling, flags: str) -> None:
    tracer = sampling("traceidratio")
    for _ in range(TRACES):
        id = random.getrandbits(128)
        assert (begin(tracer, a_traceparent(flags, id)) is not None) == would_choose(id)
    assert begin(sampling("always_on"), a_traceparent(flags)) is not None
    assert begin(sampling("always_off"), a_traceparent(flags)) is None


@pytest.mark.parametrize("sampler", ["traceidratio", "parentbased_traceidratio"])
def test_what_one_process_records_another_goes_on_recording(sampling: Sampling, sampler: str) -> None:
    api, relay = sampling(sampler), sampling(sampler)
    recorded = [span.trace for _ in range(TRACES) if (span := begin(api))]
    assert recorded
    for trace in recorded:
        span = begin(relay, trace)
        assert span
        assert span.trace[:35] == trace[:35]


def test_an_id_that_was_judged_is_given_to_no_other_trace(sampling: Sampling) -> None:
    tracer = sampling("parentbased_always_on")
    ids = []
    for _ in range(100):
        for parent in (None, a_traceparent(SAMPLED)):
            span = begin(tracer, parent)
            assert span
            ids.append(span.trace[3:35])
    assert len(set(ids)) == len(ids)
