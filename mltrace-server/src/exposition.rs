//! What a monitoring system receives, in the two text formats that Prometheus reads.

use std::fmt;

use mltrace_core::desk::Watched;
use mltrace_core::ingest::SpanReport;
use mltrace_core::model::{Severity, Timestamp};
use mltrace_core::query::{BUCKETS, ENDED, MonitoredComponent, RunCounts};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// The format of Prometheus, 0.0.4, which everything reads.
    Text,
    /// `OpenMetrics` 1.0, which names units and says where it ends.
    OpenMetrics,
}

/// Labels of a sample, of which none has more than so many values as there are components.
type Labels<'l, const N: usize> = [(&'l str, &'l str); N];

impl Exposition {
    /// Returns the type of its content.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Returns the format that somebody who sends this `Accept` asks for first; what is named earlier wins a draw.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let mut best = (0.0, Self::Text);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let format = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "application/openmetrics-text" => Self::OpenMetrics,
                "text/plain" | "text/*" | "*/*" => Self::Text,
                _ => continue,
            };
            let mut named = parts.filter_map(|part| part.split_once('='));
            let weight = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
            let weight = weight.map_or(Some(1.0), |(_, value)| value.trim().parse::<f64>().ok()).unwrap_or_default();
            if weight > best.0 {
                best = (weight, format);
            }
        }
        best.1
    }

    /// Returns what is reported.
    ///
    /// # Errors
    /// When the encoder refuses a value, of which there is none that it should.
    pub fn write(self, told: Watched) -> Result<String, fmt::Error> {
        self.write_with(told, None)
    }

    /// Returns what is reported, and what became of the spans that a server received.
    pub(crate) fn write_with(self, told: Watched, spans: Option<SpanReport>) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix("mltrace");
        registry.register_collector(Box::new(Told(told, spans)));
        let mut written = String::new();
        match self {
            Self::Text => prometheus_text::encode(&mut written, &registry)?,
            Self::OpenMetrics => text::encode(&mut written, &registry)?,
        }
        Ok(written)
    }
}

#[derive(Debug)]
struct Told(Watched, Option<SpanReport>);

impl Collector for Told {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Self(Watched { pipeline, recording }, spans) = self;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        encoder
            .encode_descriptor("build", "The version of mltrace that tells this", None, MetricType::Info)?
            .encode_info(&version)?;
        runs(&mut encoder, &pipeline.components)?;
        freshness(&mut encoder, &pipeline.components)?;
        verdicts(&mut encoder, &pipeline.components)?;
        let help = "Flagged versions that no run wrote";
        gauge(&mut encoder, ("flagged_sources", help, None), [([], real(pipeline.flagged_sources))])?;
        let reported = u64::try_from(pipeline.components.len()).unwrap_or(u64::MAX);
        let states = [("reported", reported), ("retired", pipeline.retired), ("left_out", pipeline.left_out)];
        let states = states.map(|(state, count)| ([("state", state)], real(count)));
        let help = "Components: reported here, retired, or left out because there are too many";
        gauge(&mut encoder, ("components", help, None), states)?;
        let help = "What waits in journals and is not in the store";
        let waiting = recording.waiting_bytes.map(|bytes| ([], real(bytes)));
        gauge(&mut encoder, ("journal_backlog", help, Some(&Unit::Bytes)), waiting)?;
        let help = "How long, at least, the oldest record has been waiting in a journal; 0 where none waits";
        gauge(
            &mut encoder,
            ("ingest_lag", help, Some(&Unit::Seconds)),
            recording.waiting_s.map(|seconds| ([], seconds)),
        )?;
        counter(
            &mut encoder,
            "records_lost",
            "Records that could not be written",
            recording.lost.map(|count| ([], count)),
        )?;
        let help = "Records that were damaged and put aside";
        counter(&mut encoder, "records_damaged", help, recording.damaged.map(|count| ([], count)))?;
        let help = "Times a journal was found cut, replaced or deleted";
        counter(&mut encoder, "journals_cut", help, recording.cut.map(|count| ([], count)))?;
        let Some(SpanReport { runs, dropped, refused, .. }) = spans else { return Ok(()) };
        let outcomes = [("recorded", *runs), ("dropped", *dropped), ("refused", *refused)];
        let help = "Spans that this server received: recorded, dropped because they are no runs, or refused";
        counter(&mut encoder, "spans", help, outcomes.map(|(outcome, count)| ([("outcome", outcome)], count)))
    }
}

/// Says how many runs ended how, how long they took, and how many go on.
fn runs(encoder: &mut DescriptorEncoder<'_>, components: &[MonitoredComponent]) -> fmt::Result {
    let ended = components.iter().flat_map(|component| {
        let counts = ENDED.iter().zip(component.counts.ended);
        counts.map(|(status, count)| ([("component", &*component.name), ("status", status.as_str())], count))
    });
    counter(encoder, "runs", "Runs that ended", ended)?;
    let running = components.iter().map(|component| ([("component", &*component.name)], real(component.running)));
    gauge(encoder, ("running_runs", "Runs that have not ended", None), running)?;
    let help = "How long runs took that completed";
    let mut family = encoder.encode_descriptor("run_duration", help, Some(&Unit::Seconds), MetricType::Histogram)?;
    for MonitoredComponent { name, counts: RunCounts { took, took_s, .. }, .. } in components {
        let bounds = BUCKETS.iter().copied().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(took.iter().copied()).collect();
        let labels = [("component", name.as_str())];
        let mut sample = family.encode_family(&labels)?;
        sample.encode_histogram::<Labels<'_, 0>>(*took_s, took.iter().sum(), &buckets, None)?;
    }
    Ok(())
}

/// Says when components last began and completed, and how old what they read was.
fn freshness(encoder: &mut DescriptorEncoder<'_>, components: &[MonitoredComponent]) -> fmt::Result {
    type Moment = fn(&MonitoredComponent) -> Option<Timestamp>;
    let moments: [(&str, &str, Moment); 3] = [
        ("last_start_timestamp", "When the last run began", |component| component.last_start),
        ("last_success_timestamp", "When the run ended that completed last", |component| component.last_success),
        ("oldest_input_timestamp", "When the oldest thing was written that the last run read", |component| {
            component.oldest_input
        }),
    ];
    for (name, help, moment) in moments {
        let known = components.iter().filter_map(|component| Some((component, moment(component)?)));
        let known = known.map(|(component, at)| ([("component", &*component.name)], seconds(at)));
        gauge(encoder, (name, help, Some(&Unit::Seconds)), known)?;
    }
    let known = components.iter().filter_map(|component| Some((component, component.is_stale?)));
    let known = known.map(|(component, is_stale)| ([("component", &*component.name)], f64::from(u8::from(is_stale))));
    gauge(encoder, ("last_run_stale", "Whether the last run was stale when it ran", None), known)
}

/// Says what is flagged, which checks did not pass, and the metrics that the settings list.
fn verdicts(encoder: &mut DescriptorEncoder<'_>, components: &[MonitoredComponent]) -> fmt::Result {
    let flagged =
        components.iter().map(|component| ([("component", &*component.name)], real(component.flagged_outputs)));
    gauge(encoder, ("flagged_outputs", "Flagged versions that the component was the first to write", None), flagged)?;
    type Counts = fn(&RunCounts) -> &[u64; Severity::ALL.len()];
    let checks: [(&str, &str, Counts); 2] = [
        ("checks_failed", "Checks that failed in runs that ended", |counts| &counts.failed_checks),
        ("checks_errored", "Checks that could not tell in runs that ended", |counts| &counts.errored_checks),
    ];
    for (name, help, counts) in checks {
        let samples = components.iter().flat_map(|component| {
            let by_severity = Severity::ALL.iter().zip(counts(&component.counts));
            by_severity
                .map(|(severity, count)| ([("component", &*component.name), ("severity", word(*severity))], *count))
        });
        counter(encoder, name, help, samples)?;
    }
    let metrics = components.iter().flat_map(|component| {
        let of = component.metrics.iter();
        of.map(|(name, value)| ([("component", &*component.name), ("name", name.as_str())], *value))
    });
    gauge(encoder, ("metric_value", "A metric of the run that completed last", None), metrics)
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Warn => "warn",
        Severity::Error => "error",
    }
}

fn counter<'l, const N: usize>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl IntoIterator<Item = (Labels<'l, N>, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, count) in samples {
        family.encode_family(&labels)?.encode_counter::<Labels<'_, 0>, u64, f64>(&count, None)?;
    }
    Ok(())
}

fn gauge<'l, const N: usize>(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help, unit): (&str, &str, Option<&Unit>),
    samples: impl IntoIterator<Item = (Labels<'l, N>, f64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
    for (labels, value) in samples {
        family.encode_family(&labels)?.encode_gauge(&value)?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "every value of these formats is a float")]
fn real(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "a microsecond more or less in three centuries")]
fn seconds(at: Timestamp) -> f64 {
    at.0 as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_first_is_given() {
        use Exposition::{OpenMetrics, Text};
        let prometheus_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                            text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for (accept, expected) in [
            (prometheus_2, OpenMetrics),
            ("", Text),
            ("*/*", Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Text),
            ("text/plain;version=0.0.4;q=0.6, application/openmetrics-text; version=1.0.0; q=0.5", Text),
            ("text/plain, application/openmetrics-text", Text),
            ("application/openmetrics-text;q=0, text/plain;q=0.1", Text),
            ("APPLICATION/OpenMetrics-text; Q=0.2", OpenMetrics),
            ("application/openmetrics-text;q=high", Text),
        ] {
            assert_eq!(Exposition::accepted(accept), expected, "{accept}");
        }
    }
}
