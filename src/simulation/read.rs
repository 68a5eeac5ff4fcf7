//! From the description to the simulation: everything that is wrong with it at once.

use jiff::civil::DateTime;
use sha2::{Digest, Sha256};

use super::{Change, Curve, Daily, Fault, Queries, Simulation, Times};
use crate::gate::observation::{Calendar, CalendarError, read_windows, usual_windows};
use crate::plan::{Gate, Inputs, gate_of};
use crate::record::{Observation, Reading};
use crate::scenario::{
    Amount, At, DailySpec, Diagnostic, Diagnostics, FaultSpec, MAX_TEXT, NodeId, ShareSpec, Shift,
    SimulatedReadingSpec, SimulationSpec, Tree,
};
use crate::units::{Nanos, Rate, Ratio, count_to_f64};

/// The longest observation that is simulated.
const LONGEST: Nanos = Nanos::from_secs(31 * 86_400);
/// The shortest segment.
const SHORTEST: Nanos = Nanos::SECOND;
/// The most segments: a month of minutes.
const MAX_SEGMENTS: u64 = 44_640;
/// The most requests: some minutes of work.
const MAX_REQUESTS: f64 = 100e6;
/// The most endpoints: with their statements they fit into one catalogue.
const MAX_ENDPOINTS: u64 = 900;
/// The most statements of a request.
const MAX_EACH: u64 = 1_000;
/// The most entries of each list.
const MAX_ENTRIES: usize = 1_000;
/// The longest name of a reading.
const LONGEST_NAME: usize = 100;
/// The 95th percentile of the standard normal distribution.
const NORMAL_P95: f64 = 1.644_853_626_951_472_7;
/// When it begins if nobody says it: a Monday morning.
const START: &str = "2026-01-05T07:00";

/// Reads the description of an observation; `seed` makes everything random.
///
/// # Errors
///
/// Everything that is wrong with it, with its places.
pub fn read(inputs: &Inputs<'_>, seed: u64) -> Result<Simulation, Vec<Diagnostic>> {
    let (mut tree, mut out) = (Tree::new(), Diagnostics::new());
    let Some(root) = tree.add(inputs.path, inputs.text, &mut out) else {
        let mut mistakes = out.into_vec();
        let is_empty = inputs.text.len() <= MAX_TEXT;
        for mistake in mistakes.iter_mut().filter(|one| is_empty && one.place.is_none()) {
            mistake.hint("write for example `length: 48h`");
        }
        return Err(mistakes);
    };
    let spec = tree.read::<SimulationSpec>(root, &mut out);
    let simulation = spec.and_then(|spec| {
        let mut reader = Reader { tree: &tree, out: &mut out, root };
        let gate = spec.gate.as_ref();
        let gate = gate.map(|gate| gate_of(gate, &tree, inputs.environment, reader.out));
        reader.simulation(&spec, inputs, gate.unwrap_or_default(), seed)
    });
    match simulation {
        Some(simulation) if out.is_empty() => Ok(simulation),
        Some(_) | None => Err(out.into_vec()),
    }
}

struct Reader<'a> {
    tree: &'a Tree,
    out: &'a mut Diagnostics,
    root: NodeId,
}

impl Reader<'_> {
    fn error(&mut self, node: NodeId, message: impl Into<String>, hint: &str) {
        self.out.error(self.tree, node, message).hint(hint);
    }

    /// What must be written.
    fn must<T: Copy>(
        &mut self,
        value: Option<&At<T>>,
        node: NodeId,
        what: &str,
        hint: &str,
    ) -> Option<T> {
        if value.is_none() {
            self.error(node, format!("`{what}` is missing"), hint);
        }
        value.map(|at| at.value)
    }

    fn simulation(
        &mut self,
        spec: &SimulationSpec,
        inputs: &Inputs<'_>,
        gate: Gate,
        seed: u64,
    ) -> Option<Simulation> {
        let planned = self.must(spec.length.as_ref(), self.root, "length", "write `length: 48h`");
        let segment = self.segment(spec, planned.unwrap_or(LONGEST));
        let rate = self.rate(spec, planned.unwrap_or_default());
        let calendar = self.calendar(spec, planned.unwrap_or_default(), inputs.path);
        let response = spec
            .response
            .as_ref()
            .map(|at| self.times(at.node, at.median.as_ref(), at.p95.as_ref()));
        let usual = Times { middle: 100e6_f64.ln(), spread: 0.4 };
        let queries = spec.queries.as_ref().map(|at| Queries {
            each: self.limited(at.each.as_ref(), "statements", 0..=MAX_EACH).unwrap_or(1),
            times: self.times(at.node, at.median.as_ref(), at.p95.as_ref()),
        });
        self.lists(spec);
        let name = spec.name.as_ref().map_or_else(|| file_name(inputs.path), |at| at.value.clone());
        let endpoints = self.limited(spec.endpoints.as_ref(), "endpoints", 1..=MAX_ENDPOINTS);
        let daily = spec.daily.iter().filter_map(|one| self.daily(one)).collect();
        let faults = spec.faults.iter().filter_map(|one| self.fault(one)).collect();
        let readings = spec.readings.iter().filter_map(|one| self.reading(one)).collect();
        let gaps = self.gaps(spec);
        let jumps = self.jumps(spec);
        let errors = self.share(spec.errors.as_ref()).unwrap_or_default();
        let (observation, start_unix_ns) = calendar?;
        planned?;
        Some(Simulation {
            name,
            sha256: hex(&Sha256::digest(inputs.text.as_bytes())),
            path: inputs.path.to_owned(),
            seed,
            start_unix_ns,
            observation,
            segment: segment?,
            rate,
            endpoints: endpoints.unwrap_or(1),
            response: response.unwrap_or(usual),
            queries,
            errors,
            daily,
            faults,
            readings,
            gaps,
            jumps,
            gate,
        })
    }

    fn segment(&mut self, spec: &SimulationSpec, planned: Nanos) -> Option<Nanos> {
        if let Some(length) =
            spec.length.as_ref().filter(|at| at.value < SHORTEST || at.value > LONGEST)
        {
            let message = format!("an observation can't last {}", length.value);
            self.error(length.node, message, "give a length from 1s to 31d");
            return None;
        }
        let usual = Nanos::from_secs(60);
        let segment = spec.segment.as_ref().map_or(usual, |at| at.value);
        let node = spec.segment.as_ref().map_or(self.root, |at| at.node);
        if segment < SHORTEST {
            self.error(node, format!("a segment can't last {segment}"), "give at least 1s");
            return None;
        }
        if planned.0.div_ceil(segment.0.max(1)) > MAX_SEGMENTS {
            let message = format!("{planned} in segments of {segment} are too many");
            self.error(node, message, &format!("make segments longer: at most {MAX_SEGMENTS}"));
            return None;
        }
        Some(segment)
    }

    fn rate(&mut self, spec: &SimulationSpec, planned: Nanos) -> Rate {
        let usual = Rate::per_second(2.0).unwrap_or_default();
        let Some(at) = &spec.rate else { return usual };
        if at.value.value() * planned.as_secs_f64() > MAX_REQUESTS {
            let message = format!("{} for {planned} are too many requests", at.value.exact());
            self.error(at.node, message, "lower the rate: at most 100 million requests");
        }
        at.value
    }

    /// Days, windows and the start.
    fn calendar(
        &mut self,
        spec: &SimulationSpec,
        planned: Nanos,
        path: &str,
    ) -> Option<(Observation, u64)> {
        let zone = spec.zone.as_ref().map_or("UTC", |at| at.value.as_str()).to_owned();
        let windows = match &spec.windows {
            None => usual_windows(),
            Some(at) => read_windows(&at.value).map_err(|error| self.told(at.node, &error)).ok()?,
        };
        let zone_node = spec.zone.as_ref().map_or(self.root, |at| at.node);
        let calendar =
            Calendar::new(&zone, &windows).map_err(|error| self.told(zone_node, &error)).ok()?;
        let start = spec.start.as_ref();
        let node = start.map_or(self.root, |at| at.node);
        let text = start.map_or(START, |at| at.value.as_str());
        let local: Option<DateTime> = text.trim().parse().ok();
        let Some(start) = local.and_then(|local| calendar.unix_ns(local)) else {
            let message = format!("`{text}` is no time to begin at");
            self.error(node, message, "write for example `2026-03-28T06:00`, after 1970");
            return None;
        };
        let simulated = Some(file_name_with_end(path));
        Some((Observation { planned, zone, windows, simulated }, start))
    }

    fn told(&mut self, node: NodeId, error: &CalendarError) {
        self.error(node, error.to_string(), error.hint());
    }

    fn times(
        &mut self,
        node: NodeId,
        median: Option<&At<Nanos>>,
        p95: Option<&At<Nanos>>,
    ) -> Times {
        let hint = "write for example `{ median: 80ms, p95: 240ms }`";
        let value = self.must(median, node, "median", hint).unwrap_or(Nanos::SECOND);
        let high = p95.map_or(value, |at| at.value);
        if value == Nanos::ZERO || high < value {
            let node = p95.or(median).map_or(node, |at| at.node);
            self.error(node, format!("a p95 of {high} does not go with a median of {value}"), hint);
        }
        let middle = count_to_f64(value.0.max(1)).ln();
        let spread = (count_to_f64(high.0.max(1)).ln() - middle).max(0.0) / NORMAL_P95;
        Times { middle, spread }
    }

    fn limited(
        &mut self,
        value: Option<&At<u64>>,
        what: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        let at = value?;
        if !range.contains(&at.value) {
            let hint = format!("give a number from {} to {}", range.start(), range.end());
            self.error(at.node, format!("there can't be {} {what}", at.value), &hint);
        }
        Some(at.value.clamp(*range.start(), *range.end()))
    }

    fn lists(&mut self, spec: &SimulationSpec) {
        let lengths = [
            ("daily", spec.daily.len()),
            ("faults", spec.faults.len()),
            ("gaps", spec.gaps.len()),
            ("jumps", spec.jumps.len()),
            ("readings", spec.readings.len()),
        ];
        for (key, length) in lengths {
            let most = if key == "readings" { Reading::MAX_NAMES } else { MAX_ENTRIES };
            if length > most {
                let message = format!("`{key}` has {length} entries");
                self.error(self.root, message, &format!("there can be {most}"));
            }
        }
    }

    fn share(&mut self, share: Option<&At<ShareSpec>>) -> Option<Ratio> {
        let At { value: ShareSpec(Ratio(share)), node } = *share?;
        if !(0.0..=1.0).contains(&share) {
            self.error(node, "a share of requests is from 0% to 100%", "write for example `0.2%`");
            return None;
        }
        Some(Ratio(share))
    }

    fn factor(&mut self, factor: Option<&At<f64>>) -> f64 {
        let Some(at) = factor else { return 1.0 };
        if !(0.0..=1_000.0).contains(&at.value) {
            self.error(at.node, format!("`{}` is no factor", at.value), "give one from 0 to 1000");
            return 1.0;
        }
        at.value
    }

    fn daily(&mut self, at: &At<DailySpec>) -> Option<Daily> {
        let DailySpec { at: times, rate, response, errors } = &at.value;
        let hint = "write for example `{ at: 11-16, rate: 2 }`";
        let Some(times) = times else {
            self.error(at.node, "`at` is missing", hint);
            return None;
        };
        let windows = read_windows(&format!("time={}", times.value));
        let windows = windows.map_err(|error| self.told(times.node, &error)).ok()?;
        let [window] = windows.as_slice() else {
            self.error(times.node, "an entry has one time", "write an entry for each of them");
            return None;
        };
        Some(Daily {
            from_minute: window.from_minute,
            to_minute: window.to_minute,
            change: Change {
                rate: self.factor(rate.as_ref()),
                response: self.factor(response.as_ref()),
                errors: self.share(errors.as_ref()),
                blind: false,
            },
        })
    }

    fn fault(&mut self, at: &At<FaultSpec>) -> Option<Fault> {
        let FaultSpec { from, to, every, rate, response, errors, blind } = &at.value;
        let hint = "write for example `{ from: 36h, to: 38h, errors: 3% }`";
        let from = self.must(from.as_ref(), at.node, "from", hint);
        let to = self.must(to.as_ref(), at.node, "to", hint);
        let (from, to) = from.zip(to)?;
        if to <= from {
            self.error(at.node, format!("it ends at {to}, and begins at {from}"), hint);
        }
        if let Some(every) = every.as_ref().filter(|every| every.value.0 < 2) {
            self.error(every.node, "it can't come every no time", "give a time such as `12m`");
        }
        let change = Change {
            rate: self.factor(rate.as_ref()),
            response: self.factor(response.as_ref()),
            errors: self.share(errors.as_ref()),
            blind: *blind,
        };
        Some(Fault { from, to, every: every.as_ref().map(|at| at.value), change })
    }

    fn reading(&mut self, (name, at): &(At<String>, At<SimulatedReadingSpec>)) -> Option<Curve> {
        let SimulatedReadingSpec { level, hourly, saw, every, noise, warm_up, settles } = &at.value;
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.value.is_empty()
            || name.value.len() > LONGEST_NAME
            || !name.value.chars().all(is_word)
        {
            let hint = "write the name of a reading, for example `app.rss_bytes`";
            self.error(name.node, "this is no name of a reading", hint);
        }
        let hint = "write for example `{ level: 450MB, hourly: 2MB }`";
        let level = self.must(level.as_ref(), at.node, "level", hint)?;
        let positive = |time: Option<&At<Nanos>>, usual: u64| {
            time.map_or(Nanos::from_secs(usual), |at| at.value)
        };
        for time in [every, settles].into_iter().flatten() {
            if time.value == Nanos::ZERO {
                self.error(time.node, "this can't take no time", "give a time such as `20m`");
            }
        }
        let amount = |part: &Option<At<Amount>>| part.as_ref().map_or(0.0, |at| at.value.0);
        Some(Curve {
            name: name.value.clone(),
            level: level.0,
            hourly: amount(hourly),
            saw: amount(saw),
            every: positive(every.as_ref(), 20 * 60),
            noise: amount(noise),
            warm_up: amount(warm_up),
            settles: positive(settles.as_ref(), 3_600),
        })
    }

    fn gaps(&mut self, spec: &SimulationSpec) -> Vec<(Nanos, Nanos)> {
        let hint = "write for example `{ at: 20h, length: 43m }`";
        let mut gaps = Vec::new();
        for at in &spec.gaps {
            let from = self.must(at.at.as_ref(), at.node, "at", hint);
            let length = self.must(at.length.as_ref(), at.node, "length", hint);
            gaps.extend(from.zip(length));
        }
        gaps
    }

    fn jumps(&mut self, spec: &SimulationSpec) -> Vec<(Nanos, i64)> {
        let hint = "write for example `{ at: 30h, by: -90s }`";
        let mut jumps = Vec::new();
        for at in &spec.jumps {
            let when = self.must(at.at.as_ref(), at.node, "at", hint);
            let by = self.must(at.by.as_ref(), at.node, "by", hint);
            jumps.extend(when.zip(by.map(|Shift(by)| by)));
        }
        jumps
    }
}

/// The name of a file without its folder and its end.
fn file_name(path: &str) -> String {
    let file = file_name_with_end(path);
    file.split('.').next().unwrap_or_default().to_owned()
}

fn file_name_with_end(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}
