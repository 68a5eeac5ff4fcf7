//! Where a run's numbers come from: the head of its record.

use crate::engine::{Preflight, is_local, machine};
use crate::plan::{Phase, Plan};
use crate::record::{FORMAT, Header, Load, Origin, Repetition, TargetInfo};

/// What can't be read from a plan.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// Path of the scenario, or its built-in name.
    pub scenario_path: String,
    /// Flags that change what is measured, without secrets.
    pub flags: Vec<String>,
    /// Whether the target is the embedded market.
    pub embedded: bool,
    /// Its place among repetitions; an empty set is named by this run's own id.
    pub repetition: Option<Repetition>,
}

/// The side that makes the load.
pub(super) struct Generator {
    /// What sends the requests.
    pub(super) engine: String,
    /// Worker threads.
    pub(super) workers: usize,
    /// The commit of the work folder.
    pub(super) git: Option<String>,
}

impl Circumstances {
    /// The head of the record of a run that starts at `now` (nanoseconds since 1970).
    pub(super) fn header(
        self,
        plan: &Plan,
        found: &Preflight,
        generator: Generator,
        now: u64,
    ) -> Header {
        let Generator { engine, workers, git } = generator;
        let id = run_id(now);
        let repetition = self.repetition.map(|place| Repetition {
            set: if place.set.is_empty() { id.clone() } else { place.set },
            ..place
        });
        Header {
            format: FORMAT,
            id,
            scenario: plan.name.clone(),
            started_unix_ns: now,
            seed: plan.seed,
            load: Load {
                phases: plan.phases.iter().map(Phase::info).collect(),
                max_users: plan.phases.iter().filter_map(|phase| phase.max_users).max(),
                workers: u64::try_from(workers).unwrap_or_default(),
                precision: Some(plan.precision_text()),
            },
            leaks: plan.monitors.iter().flat_map(|monitor| monitor.leaks.clone()).collect(),
            journeys: plan.journeys.iter().map(|journey| journey.name.clone()).collect(),
            thresholds: plan.thresholds.clone(),
            integrity: plan.integrity.iter().map(|one| one.name.clone()).collect(),
            origin: Origin {
                loadgate: env!("CARGO_PKG_VERSION").to_owned(),
                git,
                scenario_sha256: plan.sha256.clone(),
                scenario_path: self.scenario_path,
                machine: machine(),
                target: TargetInfo {
                    url: plan.target.to_string(),
                    version: found.version.clone(),
                    embedded: self.embedded,
                    local: is_local(&plan.target),
                },
                engine,
                flags: self.flags,
            },
            policy: plan.validity,
            gate: plan.gate.policy.clone(),
            repetition,
            logs: plan.logs.as_ref().map(|logs| logs.text.clone()).unwrap_or_default(),
            observation: None,
            features: plan.features(),
        }
    }
}

/// Names a run by its start in nanoseconds since 1970: its time to the second, so that ids sort by time, and what tells two runs of one
/// second apart.
pub fn run_id(unix_ns: u64) -> String {
    let since = i128::from(unix_ns);
    let time = jiff::Timestamp::from_nanosecond(since).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let fraction = (unix_ns.rem_euclid(1_000_000_000) << 16) ^ u64::from(std::process::id());
    format!("{}-{:06x}", time.strftime("%Y%m%d-%H%M%S"), fraction.rotate_right(13) & 0xFF_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        let (first, second) =
            (run_id(1_700_000_000_000_000_000), run_id(1_700_000_001_000_000_000));
        assert!(first.starts_with("20231114-221320-"), "{first}");
        assert!(first < second);
    }
}
