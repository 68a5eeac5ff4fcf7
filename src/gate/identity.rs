//! Whether two runs can be compared at all: the same load, from the same machine.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::record::{Header, Load, Machine, Origin, PhaseInfo};
use crate::units::{Bytes, count_to_f64};

/// Flags that the load says in its own words, so that they count once.
const LOAD_FLAGS: [&str; 6] =
    ["--rate", "--users", "--duration", "--iterations", "--max-users", "--precision"];

/// By how much memory may differ: what a kernel keeps for itself changes with its release.
const MEMORY: f64 = 0.05;

/// How many digits of a scenario's SHA-256 are shown: enough to tell two apart, as git does.
const DIGITS: usize = 12;

/// In what two runs can differ so that comparing them says nothing of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The scenario with its data.
    Scenario,
    /// Phases that count: their load and length.
    Load,
    /// What everything random was made from.
    Seed,
    /// The machine that made the load.
    Machine,
    /// The engine's driver and HTTP version.
    Engine,
    /// Flags that change what is measured.
    Flags,
    /// The version of the target within one side.
    Version,
}

impl Kind {
    /// Every kind, in the order in which differences are told.
    pub const ALL: [Self; 7] = [
        Self::Scenario,
        Self::Load,
        Self::Seed,
        Self::Machine,
        Self::Engine,
        Self::Flags,
        Self::Version,
    ];

    /// The word by which a difference is accepted.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Load => "load",
            Self::Seed => "seed",
            Self::Machine => "machine",
            Self::Engine => "engine",
            Self::Flags => "flags",
            Self::Version => "version",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == text)
            .ok_or_else(|| format!("known are {}", Self::ALL.map(Self::word).join(", ")))
    }
}

/// One difference between two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In what they differ.
    pub kind: Kind,
    /// How the baseline is, for people.
    pub baseline: String,
    /// How the candidate is, for people.
    pub candidate: String,
}

impl Difference {
    /// The sentence for two repetitions of one side, of which `baseline` is the first.
    pub fn within_one_side(&self) -> String {
        let Self { kind, baseline, candidate } = self;
        format!(
            "{kind} differs between repetitions: the first has `{baseline}`, another `{candidate}`"
        )
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, baseline, candidate } = self;
        let verb = if *kind == Kind::Flags { "differ" } else { "differs" };
        write!(f, "{kind} {verb}: the baseline has `{baseline}`, the candidate `{candidate}`")
    }
}

/// In what two sides differ that makes them incomparable: each kind at most once, in the order of
/// [`Kind::ALL`]. The version of the target may differ; that is what is judged.
pub fn differences(baseline: &Header, candidate: &Header) -> Vec<Difference> {
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Version);
    kinds.filter_map(|kind| difference(kind, baseline, candidate)).collect()
}

/// In what the repetitions of one side differ from the first, the version of the target included:
/// each kind at most once, with the first that differs.
///
/// A repetition that learned no version is not of another one: a target whose health endpoint
/// fails now and then is to be judged, not refused.
pub fn within(headers: &[&Header]) -> Vec<Difference> {
    let found = |kind| {
        let known =
            |header: &&&Header| kind != Kind::Version || header.origin.target.version.is_some();
        let mut of_kind = headers.iter().filter(known);
        let first = of_kind.next()?;
        of_kind.find_map(|other| difference(kind, first, other))
    };
    Kind::ALL.into_iter().filter_map(found).collect()
}

fn difference(kind: Kind, baseline: &Header, candidate: &Header) -> Option<Difference> {
    let same = match kind {
        Kind::Scenario => baseline.origin.scenario_sha256 == candidate.origin.scenario_sha256,
        Kind::Load => same_load(&baseline.load, &candidate.load),
        Kind::Seed => baseline.seed == candidate.seed,
        Kind::Machine => same_machine(&baseline.origin.machine, &candidate.origin.machine),
        Kind::Engine => baseline.origin.engine == candidate.origin.engine,
        Kind::Flags => flags(&baseline.origin) == flags(&candidate.origin),
        Kind::Version => baseline.origin.target.version == candidate.origin.target.version,
    };
    let shown = |header: &Header| match &header.load.precision {
        // Where it is not what differs, it would only be in the way.
        Some(own) if kind == Kind::Load && !same_precision(&baseline.load, &candidate.load) => {
            format!("{}, precision {}", shown(kind, header), own.word)
        }
        Some(_) | None => shown(kind, header),
    };
    (!same).then(|| Difference { kind, baseline: shown(baseline), candidate: shown(candidate) })
}

/// One side of a difference, for people.
fn shown(kind: Kind, header: &Header) -> String {
    let origin = &header.origin;
    match kind {
        Kind::Scenario => {
            let digits: String = origin.scenario_sha256.chars().take(DIGITS).collect();
            format!("{} ({digits})", header.scenario)
        }
        Kind::Load => asked(&header.load),
        Kind::Seed => header.seed.to_string(),
        Kind::Machine => {
            let Machine { cpu, cpus, memory_bytes, system, .. } = &origin.machine;
            let cpu = if cpu.is_empty() { "unknown processor" } else { cpu };
            format!("{cpu}, {cpus} processors, {}, {}", Bytes(*memory_bytes), family(system))
        }
        Kind::Engine => origin.engine.clone(),
        Kind::Flags => {
            let flags: Vec<_> = flags(origin).into_iter().collect();
            if flags.is_empty() { "no flags".to_owned() } else { flags.join(" ") }
        }
        Kind::Version => origin.target.version.clone().unwrap_or_else(|| "unknown".to_owned()),
    }
}

/// Whether the phases that count ask the same. Their names change nothing, and what comes before
/// them is there to be thrown away.
fn same_load(one: &Load, other: &Load) -> bool {
    let asked = |phase: &PhaseInfo| (phase.load.clone(), phase.length);
    one.max_users == other.max_users
        && same_precision(one, other)
        && measured(one).map(asked).eq(measured(other).map(asked))
}

/// Whether both keep to their times alike: waking up every millisecond makes every response half a
/// millisecond longer. A record from before it was known is like any.
fn same_precision(one: &Load, other: &Load) -> bool {
    let (Some(one), Some(other)) = (&one.precision, &other.precision) else { return true };
    one.word == other.word
}

fn measured(load: &Load) -> impl Iterator<Item = &PhaseInfo> {
    load.phases.iter().filter(|phase| phase.measure)
}

/// What is asked of the target in the phases that count, in words.
fn asked(load: &Load) -> String {
    let phases: Vec<_> =
        measured(load).map(|phase| format!("{} for {}", phase.load, phase.length)).collect();
    let phases =
        if phases.is_empty() { "nothing measured".to_owned() } else { phases.join(", then ") };
    let most = load.max_users.map(|users| format!(", at most {users} users"));
    format!("{phases}{}", most.unwrap_or_default())
}

/// Whether two machines make the same load. Their names don't matter: runners of a kind are
/// exchanged for each other.
fn same_machine(one: &Machine, other: &Machine) -> bool {
    let [least, most] =
        [one.memory_bytes.min(other.memory_bytes), one.memory_bytes.max(other.memory_bytes)]
            .map(count_to_f64);
    one.cpu == other.cpu
        && one.cpus == other.cpus
        && family(&one.system) == family(&other.system)
        && least >= most * (1.0 - MEMORY)
}

/// The family of an operating system, the first word of its name and release.
fn family(system: &str) -> &str {
    system.split_whitespace().next().unwrap_or("unknown system")
}

/// Flags that change what is measured and that the load doesn't say, each once.
fn flags(origin: &Origin) -> BTreeSet<&str> {
    let told = |flag: &&str| {
        let word = flag.split_whitespace().next().unwrap_or_default();
        !LOAD_FLAGS.contains(&word)
    };
    origin.flags.iter().map(String::as_str).filter(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{FORMAT, Policy, PrecisionText, TargetInfo, ValidityPolicy};
    use crate::units::Nanos;

    fn phase(name: &str, load: &str, seconds: u64) -> PhaseInfo {
        PhaseInfo {
            name: name.to_owned(),
            load: load.to_owned(),
            start: Nanos::ZERO,
            length: Nanos::from_secs(seconds),
            measure: name != "warmup",
        }
    }

    fn header() -> Header {
        Header {
            format: FORMAT,
            id: "20261122-120000-000001".to_owned(),
            scenario: "customer".to_owned(),
            started_unix_ns: 0,
            seed: 7,
            load: Load {
                phases: vec![phase("warmup", "10/s", 10), phase("steady", "50/s", 30)],
                max_users: Some(100),
                workers: 1,
                precision: None,
            },
            leaks: Vec::new(),
            journeys: vec!["customer".to_owned()],
            thresholds: Vec::new(),
            integrity: Vec::new(),
            origin: Origin {
                scenario_sha256: "0123456789abcdef".to_owned(),
                machine: Machine {
                    host: "runner-1".to_owned(),
                    system: "Linux 6.1.0 x86_64".to_owned(),
                    cpu: "EPYC".to_owned(),
                    cpus: 4,
                    memory_bytes: 16_000_000_000,
                    open_files: 1_024,
                    local_ports: 28_232,
                },
                target: TargetInfo { version: Some("6.19.0".to_owned()), ..TargetInfo::default() },
                engine: "tokio, HTTP/1.1".to_owned(),
                flags: vec!["--rate 50/s".to_owned(), "--insecure".to_owned()],
                ..Origin::default()
            },
            policy: ValidityPolicy::default(),
            gate: Policy::default(),
            repetition: None,
            logs: crate::record::LogsText::default(),
            observation: None,
            features: Vec::new(),
        }
    }

    /// What is said when only the candidate is changed.
    #[track_caller]
    fn check(change: impl Fn(&mut Header), want: &[&str]) {
        let mut candidate = header();
        change(&mut candidate);
        let said: Vec<_> =
            differences(&header(), &candidate).iter().map(ToString::to_string).collect();
        assert_eq!(said, want);
    }

    #[test]
    fn another_scenario_is_no_comparison() {
        check(
            |header| header.origin.scenario_sha256 = "ffffffffffffffff".to_owned(),
            &["scenario differs: the baseline has `customer (0123456789ab)`, the candidate \
               `customer (ffffffffffff)`"],
        );
    }

    #[test]
    fn the_load_is_that_of_measured_phases() {
        check(
            |header| {
                header.load.phases = vec![phase("warmup", "90/s", 99), phase("ramp", "50/s", 30)];
                header.load.workers = 8;
            },
            &[],
        );
        check(
            |header| header.load.phases.push(phase("peak", "90 users", 60)),
            &[
                "load differs: the baseline has `50/s for 30.0 s, at most 100 users`, the candidate \
               `50/s for 30.0 s, then 90 users for 1m, at most 100 users`",
            ],
        );
        check(
            |header| header.load.max_users = None,
            &[
                "load differs: the baseline has `50/s for 30.0 s, at most 100 users`, the candidate \
               `50/s for 30.0 s`",
            ],
        );
        check(
            |header| header.load.phases.truncate(1),
            &[
                "load differs: the baseline has `50/s for 30.0 s, at most 100 users`, the candidate \
               `nothing measured, at most 100 users`",
            ],
        );
    }

    #[test]
    fn another_precision_is_another_load() {
        let precise = |word: &str, chosen_for: Option<&str>| {
            let (word, chosen_for) = (word.to_owned(), chosen_for.map(str::to_owned));
            Some(PrecisionText { word, chosen_for })
        };
        // The baseline is from before it was known.
        check(|header| header.load.precision = precise("1ms", None), &[]);
        let mut baseline = header();
        baseline.load.precision = precise("exact", Some("50/s"));
        let said = |precision| {
            let mut candidate = header();
            candidate.load.precision = precision;
            let found = differences(&baseline, &candidate);
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(said(None), Vec::<String>::new());
        assert_eq!(said(precise("exact", None)), Vec::<String>::new());
        assert_eq!(
            said(precise("1ms", None)),
            ["load differs: the baseline has `50/s for 30.0 s, at most 100 users, precision \
              exact`, the candidate `50/s for 30.0 s, at most 100 users, precision 1ms`"]
        );
    }

    #[test]
    fn another_seed_plays_other_journeys() {
        check(|header| header.seed = 8, &["seed differs: the baseline has `7`, the candidate `8`"]);
    }

    #[test]
    fn a_machine_is_its_processors_memory_and_system() {
        check(
            |header| {
                let machine = &mut header.origin.machine;
                machine.host = "runner-2".to_owned();
                machine.system = "Linux 6.9.1 x86_64".to_owned();
                machine.memory_bytes = 15_300_000_000;
                machine.open_files = 9;
            },
            &[],
        );
        let differs = |change: fn(&mut Machine), want: &str| {
            check(
                |header| change(&mut header.origin.machine),
                &[&format!(
                    "machine differs: the baseline has `EPYC, 4 processors, 16.00 GB, Linux`, the \
                     candidate `{want}`"
                )],
            );
        };
        differs(|one| one.cpus = 2, "EPYC, 2 processors, 16.00 GB, Linux");
        differs(|one| one.memory_bytes = 15_100_000_000, "EPYC, 4 processors, 15.10 GB, Linux");
        differs(|one| one.cpu.clear(), "unknown processor, 4 processors, 16.00 GB, Linux");
        differs(|one| one.system = "Darwin 24".to_owned(), "EPYC, 4 processors, 16.00 GB, Darwin");
    }

    #[test]
    fn another_engine_measures_otherwise() {
        check(
            |header| header.origin.engine = "tokio, HTTP/2".to_owned(),
            &["engine differs: the baseline has `tokio, HTTP/1.1`, the candidate `tokio, HTTP/2`"],
        );
    }

    #[test]
    fn flags_are_a_set_without_those_that_the_load_says() {
        let flags = |flags: &[&str]| flags.iter().map(|flag| (*flag).to_owned()).collect();
        check(
            |header| {
                header.origin.flags = flags(&["--insecure", "--duration 9s", "--precision exact"]);
            },
            &[],
        );
        check(
            |header| header.origin.flags = flags(&["--journey farmer", "--http2", "--insecure"]),
            &["flags differ: the baseline has `--insecure`, the candidate `--http2 --insecure \
               --journey farmer`"],
        );
        check(
            |header| header.origin.flags.clear(),
            &["flags differ: the baseline has `--insecure`, the candidate `no flags`"],
        );
    }

    #[test]
    fn differences_are_told_in_order_and_the_version_may_differ() {
        let mut other = header();
        other.origin.target.version = Some("7.0.1".to_owned());
        assert_eq!(differences(&header(), &other), []);
        other.seed = 8;
        other.origin.engine.clear();
        other.origin.scenario_sha256.clear();
        let kinds: Vec<_> = differences(&header(), &other).iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [Kind::Scenario, Kind::Seed, Kind::Engine]);
    }

    #[test]
    fn repetitions_of_a_side_are_of_one_version() {
        let (first, mut third, mut fourth) = (header(), header(), header());
        third.origin.target.version = None;
        fourth.origin.target.version = Some("7.0.1".to_owned());
        fourth.seed = 8;
        assert_eq!(within(&[]), []);
        assert_eq!(within(&[&first, &header()]), []);
        let found = within(&[&first, &header(), &third, &fourth]);
        let said: Vec<_> = found.iter().map(Difference::within_one_side).collect();
        assert_eq!(
            said,
            [
                "seed differs between repetitions: the first has `7`, another `8`",
                "version differs between repetitions: the first has `6.19.0`, another `7.0.1`",
            ]
        );
    }
}
