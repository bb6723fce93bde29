"""Reports a pipeline with the exporter of OpenTelemetry: client.py PROTOCOL URL [TOKEN]"""

import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

protocol, url, token = [*sys.argv[1:], ""][:3]
headers = {"authorization": f"Bearer {token}"} if token else {}
traces = url.rstrip("/") + "/v1/traces"
if protocol == "http":
    exporter = HttpExporter(endpoint=traces, headers=headers)
elif protocol == "gzip":
    exporter = HttpExporter(endpoint=traces, headers=headers, compression=Compression.Gzip)
elif protocol == "grpc":
    exporter = GrpcExporter(endpoint=url, insecure=True, headers=tuple(headers.items()))
else:
    import grpc

    exporter = GrpcExporter(endpoint=url, insecure=True, headers=tuple(headers.items()), compression=grpc.Compression.Gzip)

results = []


class Watched:
    """Keeps what each export came to."""

    def export(self, spans):
        results.append(exporter.export(spans))
        return results[-1]

    def shutdown(self):
        exporter.shutdown()

    def force_flush(self, timeout_millis=30_000):
        return exporter.force_flush(timeout_millis)


provider = TracerProvider(resource=Resource.create({"service.name": protocol, "vcs.ref.head.revision": "9d59409"}))
provider.add_span_processor(BatchSpanProcessor(Watched()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("tests")
lake = f"s3://lake/{protocol}"
with tracer.start_as_current_span("pipeline") as around:
    around.set_attribute("mltrace.outputs", [f"{lake}/report.md"])
    with tracer.start_as_current_span("clean") as span:
        span.set_attribute("mltrace.inputs", [f"{lake}/raw.csv"])
        span.set_attribute("mltrace.outputs", f"{lake}/clean.csv")
        with tracer.start_as_current_span("GET"):
            pass
    try:
        with tracer.start_as_current_span("train") as span:
            span.set_attribute("mltrace.inputs", [f"{lake}/clean.csv"])
            span.set_attribute("mltrace.outputs", [f"{lake}/model.bin"])
            span.set_attribute("lr", 0.5)
            raise ValueError("no convergence")
    except ValueError:
        pass
provider.shutdown()
assert results and all(result is SpanExportResult.SUCCESS for result in results), results
