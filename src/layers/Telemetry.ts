/**
 * Metrics, spans and logs over OTLP, as OpenTelemetry's own variables say: `OTEL_EXPORTER_OTLP_ENDPOINT`, and of
 * `OTEL_METRICS_EXPORTER`, `OTEL_TRACES_EXPORTER` and `OTEL_LOGS_EXPORTER` those that are `otlp`; beside them headers,
 * intervals and resource attributes. Nothing else is sent.
 */
import { Layer } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Otlp from "effect/observability/Otlp"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"

export const layer = Otlp.layerFromConfig({ resource: { serviceName: "envtune" }, loggerMergeWithExisting: true }).pipe(
  Layer.provide([OtlpSerialization.layerProtobuf, FetchHttpClient.layer])
)
