//! From the record to the document: each number is chosen here, once.

mod integrity;
mod observed;
mod queries;
mod readings;
mod timeline;

use super::document::{
    Checks, ConnectionRow, Curve, Document, ErrorRow, GeneratorFacts, JourneyRow, Judgement,
    Latency, LoadRow, RequestKind, RequestRow, RunFacts, TotalFacts,
};
use super::figures;
use crate::gate::features::{FeatureRow, features};
use crate::gate::leaks::leaks;
use crate::histogram::DecodeError;
use crate::names::{ErrorKind, Metric, Series, SeriesId, SeriesKind};
use crate::record::{Bank, Counts, End, ErrorSample, PhaseInfo, Pick, RunRecord, StopReason};
use crate::units::{Nanos, Ratio, count_to_f64};

/// The parts of an exchange in the order of time, as words of documents and of people.
const PARTS: [(Metric, &str, &str); 6] = [
    (Metric::LookingUp, "looking_up", "looking up"),
    (Metric::Connecting, "connecting", "connecting"),
    (Metric::TlsHandshaking, "tls_handshaking", "TLS handshake"),
    (Metric::Sending, "sending", "sending"),
    (Metric::Waiting, "waiting", "waiting"),
    (Metric::Receiving, "receiving", "receiving"),
];

impl Document {
    /// What is to be said of `record`. Figures come from measured phases only, but for the table
    /// of phases and the timeline, which say which is which.
    pub fn new(record: &RunRecord, judgement: &Judgement) -> Result<Self, DecodeError> {
        let source = Source::new(record);
        let end = record.end.as_ref();
        let queries = queries::rows(&source);
        let readings = readings::rows(&source, &queries);
        let mut notes = end.map(|end| end.notes.clone()).unwrap_or_default();
        notes.extend(readings::notes(&readings));
        let observation = observed::observed(record);
        notes.extend(observation.iter().flat_map(|observed| observed.notes.clone()));
        let (timeline, heat) = timeline::points(record, source.lasted)?;
        Ok(Self {
            run: source.run(),
            judgement: judgement.clone(),
            totals: source.totals(),
            journeys: source.journeys(),
            endpoints: source.requests(RequestKind::Endpoint),
            logins: source.requests(RequestKind::Login),
            queries,
            splits: queries::splits(&source),
            connections: source.connections(),
            readings,
            leaks: leaks(record),
            load: source.load(),
            errors: source.errors(),
            integrity: integrity::rows(record),
            observation,
            features: checklist(record),
            generator: source.generator(),
            timeline,
            heat,
            curve: Curve::of(record),
            origin: record.header.origin.clone(),
            notes,
            stored_in: None,
        })
    }
}

/// The feature checklist, where the scenario has steps for it.
fn checklist(record: &RunRecord) -> Vec<FeatureRow> {
    if record.header.features.is_empty() { Vec::new() } else { features([record], []) }
}

/// A record with what every figure needs.
struct Source<'a> {
    record: &'a RunRecord,
    /// The phases that count.
    pick: Pick,
    /// Start to end, as far as the run came.
    lasted: Nanos,
}

impl<'a> Source<'a> {
    fn new(record: &'a RunRecord) -> Self {
        let last = record.intervals.iter().map(|interval| interval.start + interval.length).max();
        let lasted = match &record.end {
            Some(end) => end.lasted,
            None => last.unwrap_or_default(),
        };
        Self { record, pick: Pick::of(&record.header.load.phases, Bank::Measured), lasted }
    }

    fn end(&self) -> Option<&'a End> {
        self.record.end.as_ref()
    }

    /// How much of the measured phases was played.
    fn measured(&self) -> Nanos {
        let phases = &self.record.header.load.phases;
        let measured = phases.iter().filter(|phase| phase.measure);
        measured.fold(Nanos::ZERO, |sum, phase| sum + self.played(phase.start, phase.length))
    }

    /// The part of a phase that lies before the end of the run.
    fn played(&self, start: Nanos, length: Nanos) -> Nanos {
        self.lasted.min(start + length).since(start)
    }

    fn matching(&self, wanted: impl Fn(SeriesKind) -> bool + 'a) -> Vec<SeriesId> {
        self.record.catalogue.matching(move |series| wanted(series.kind)).collect()
    }

    fn latency(&self, series: &[SeriesId], metric: Metric) -> Option<Latency> {
        let ids = series.iter().copied();
        Latency::of(&self.record.totals.histogram(&self.pick, ids, metric))
    }

    fn counts(&self, series: &[SeriesId]) -> Counts {
        self.record.totals.counts(&self.pick, series.iter().copied())
    }

    fn run(&self) -> RunFacts {
        let header = &self.record.header;
        let target = &header.origin.target;
        RunFacts {
            id: header.id.clone(),
            scenario: header.scenario.clone(),
            seed: header.seed,
            started: figures::rfc3339(header.started_unix_ns),
            lasted: self.lasted,
            measured: self.measured(),
            state: self.end().map_or("unfinished", |end| state(end.reason)),
            target: target.url.clone(),
            target_version: target.version.clone(),
            embedded: target.embedded,
        }
    }

    fn totals(&self) -> TotalFacts {
        let http = self.matching(SeriesKind::is_http);
        let counts = self.counts(&http);
        // What a tap saw is not counted again where the target reports it.
        let told_twice =
            |kind| kind == SeriesKind::ServerQuery && self.record.catalogue.is_tapped();
        let queries = self.counts(&self.matching(|kind| kind.is_query() && !told_twice(kind)));
        let journeys = self.counts(&self.matching(|kind| kind == SeriesKind::Journey));
        TotalFacts {
            requests: counts.started,
            errors: counts.failed(),
            error_share: Ratio::of(counts.failed(), counts.tried()),
            dropped: self.dropped(),
            rate: rate(counts.started, self.measured()),
            response: self.latency(&http, Metric::Response),
            queries: queries.started,
            iterations: journeys.started,
            checks_passed: counts.checks_passed + queries.checks_passed,
            checks_failed: counts.checks_failed + queries.checks_failed,
            sent_bytes: counts.sent_bytes,
            received_bytes: counts.received_bytes,
        }
    }

    /// Starts that could not be made, of all journeys and of the run itself.
    fn dropped(&self) -> u64 {
        let counted = |kind| matches!(kind, SeriesKind::Journey | SeriesKind::Run);
        self.counts(&self.matching(counted)).dropped
    }

    /// Where a journey stands in the scenario; those that it does not name come last.
    fn journey_order(&self, journey: &str) -> usize {
        let journeys = &self.record.header.journeys;
        journeys.iter().position(|name| name == journey).unwrap_or(journeys.len())
    }

    fn journeys(&self) -> Vec<JourneyRow> {
        let mut rows: Vec<JourneyRow> = self
            .of_kind(SeriesKind::Journey)
            .map(|(id, series)| JourneyRow {
                name: series.name.clone(),
                started: self.counts(&[id]).started,
                iteration: self.latency(&[id], Metric::Iteration),
            })
            .collect();
        rows.sort_by_key(|row| self.journey_order(&row.name));
        rows
    }

    fn of_kind(&self, kind: SeriesKind) -> impl Iterator<Item = (SeriesId, &'a Series)> {
        self.record.catalogue.iter().filter(move |(_, series)| series.kind == kind)
    }

    fn requests(&self, kind: RequestKind) -> Vec<RequestRow> {
        let series_kind = match kind {
            RequestKind::Endpoint => SeriesKind::Endpoint,
            RequestKind::Login => SeriesKind::Login,
        };
        let mut rows: Vec<RequestRow> =
            self.of_kind(series_kind).map(|(id, series)| self.request(kind, id, series)).collect();
        // Within a journey the catalogue already has the order of the steps.
        rows.sort_by_key(|row| self.journey_order(&row.journey));
        rows
    }

    fn request(&self, kind: RequestKind, id: SeriesId, series: &Series) -> RequestRow {
        let counts = self.counts(&[id]);
        RequestRow {
            kind,
            name: series.name.clone(),
            journey: series.journey.clone(),
            step: series.step.clone(),
            count: counts.started,
            errors: counts.failed(),
            checks: checks(&counts),
            rate: rate(counts.started, self.measured()),
            response: self.latency(&[id], Metric::Response),
            service: self.latency(&[id], Metric::Duration),
            failed: self.latency(&[id], Metric::Failed),
        }
    }

    fn connections(&self) -> Vec<ConnectionRow> {
        let row = |(metric, word, title)| ConnectionRow {
            word,
            title,
            fresh: self.latency(&[SeriesId::FRESH], metric),
            reused: self.latency(&[SeriesId::REUSED], metric),
        };
        PARTS.into_iter().map(row).collect()
    }

    /// One row a phase; in a pool of repetitions one for all phases with the same words.
    fn load(&self) -> Vec<LoadRow> {
        let phases = &self.record.header.load.phases;
        let mut first: Vec<&PhaseInfo> = Vec::new();
        for phase in phases {
            if !first.iter().any(|known| known.same_words(phase)) {
                first.push(phase);
            }
        }
        first.into_iter().map(|phase| self.phase(phase)).collect()
    }

    fn phase(&self, phase: &PhaseInfo) -> LoadRow {
        let phases = &self.record.header.load.phases;
        let http = self.matching(SeriesKind::is_http);
        let pick = Pick::alike(phases, phase);
        let totals = &self.record.totals;
        let counts = totals.counts(&pick, http.iter().copied());
        let response = totals.histogram(&pick, http.iter().copied(), Metric::Response);
        let sum = |length: fn(&Self, &PhaseInfo) -> Nanos| {
            let alike = phases.iter().filter(|other| other.same_words(phase));
            alike.fold(Nanos::ZERO, |sum, one| sum + length(self, one))
        };
        let played = sum(|source, one| source.played(one.start, one.length));
        LoadRow {
            name: phase.name.clone(),
            load: phase.load.clone(),
            start: phase.start,
            length: if self.end().is_some() { played } else { sum(|_, one| one.length) },
            measured: phase.measure,
            requests: counts.started,
            errors: counts.failed(),
            rate: rate(counts.started, played),
            response: Latency::of(&response),
        }
    }

    fn errors(&self) -> Vec<ErrorRow> {
        let failing = |kind: SeriesKind| kind.is_http() || kind.is_query();
        let series = self.record.catalogue.iter().filter(|(_, series)| failing(series.kind));
        let mut rows: Vec<ErrorRow> = series
            .flat_map(|(id, series)| {
                let counts = self.counts(&[id]);
                let row = |failures| self.error(failures, counts.tried(), (id, series));
                counts.failures().map(row).collect::<Vec<_>>()
            })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        rows
    }

    fn error(
        &self,
        (kind, count): (ErrorKind, u64),
        tried: u64,
        (id, series): (SeriesId, &Series),
    ) -> ErrorRow {
        let samples = self.end().map(|end| end.samples.as_slice()).unwrap_or_default();
        let is_it = |sample: &&ErrorSample| sample.series == id && sample.kind == kind;
        let sample = samples.iter().find(is_it);
        ErrorRow {
            kind,
            count,
            share: Ratio::of(count, tried),
            name: series.name.clone(),
            journey: series.journey.clone(),
            step: series.step.clone(),
            status: sample.and_then(|sample| sample.status),
            message: sample.map(|sample| sample.message.clone()),
            at: sample.map(|sample| sample.at),
        }
    }

    fn generator(&self) -> GeneratorFacts {
        let generator = self.end().map(|end| &end.generator);
        GeneratorFacts {
            cpu: generator.map(|generator| generator.cpu),
            cpu_share: generator.and_then(|own| Ratio::of(own.cpu.0, self.lasted.0)),
            peak_rss_bytes: generator.map(|generator| generator.peak_rss_bytes),
            requests_sent: generator.map(|generator| generator.requests_sent),
            workers: generator.map(|generator| generator.workers.clone()).unwrap_or_default(),
            precision: self.record.header.load.precision.clone(),
            lag: self.latency(&[SeriesId::RUN], Metric::ScheduleLag),
            dropped: self.dropped(),
        }
    }
}

fn rate(count: u64, over: Nanos) -> Option<f64> {
    (over > Nanos::ZERO).then(|| count_to_f64(count) / over.as_secs_f64())
}

fn checks(counts: &Counts) -> Checks {
    Checks { passed: counts.checks_passed, failed: counts.checks_failed }
}

fn state(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Complete => RunFacts::COMPLETE,
        StopReason::Interrupted => "interrupted",
        StopReason::Killed => "killed",
        StopReason::Aborted => "aborted",
    }
}
