//! The figures of the daily metrics log, with their targets.

use crate::record::Policy;

/// A figure beyond this many times its target is an issue: as NO-GO stands to the baseline.
const ISSUE: f64 = 1.2;
/// Digits behind the point that are tried so that a figure and its target can be told apart.
const MOST_DIGITS: usize = 4;

/// A figure of the daily metrics log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tracked {
    /// The share of requests that failed.
    ErrorRate,
    /// The mean response time, in milliseconds.
    AverageResponse,
    /// The 95th percentile of the response time, in milliseconds.
    P95Response,
    /// The mean time of a statement, in milliseconds.
    QueryAverage,
    /// The largest share of the connection pool that was in use.
    Pool,
    /// The most resident memory, in bytes.
    Memory,
    /// The mean use of the processor: 1 is one processor.
    Cpu,
}

/// How a figure stands to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Within it.
    Good,
    /// Beyond it.
    Warn,
    /// So far beyond it that it is an issue.
    Bad,
}

impl Tracked {
    /// All of them, in the order of the guide.
    pub const ALL: [Self; 7] = [
        Self::ErrorRate,
        Self::AverageResponse,
        Self::P95Response,
        Self::QueryAverage,
        Self::Pool,
        Self::Memory,
        Self::Cpu,
    ];

    /// Its row in the guide's table.
    pub fn title(self) -> &'static str {
        match self {
            Self::ErrorRate => "Error Rate",
            Self::AverageResponse => "Avg Response Time",
            Self::P95Response => "P95 Response Time",
            Self::QueryAverage => "DB Query Avg",
            Self::Pool => "Connection Pool",
            Self::Memory => "Memory Usage",
            Self::Cpu => "CPU Usage",
        }
    }

    /// Its name in documents for machines, with the unit last.
    pub fn word(self) -> &'static str {
        match self {
            Self::ErrorRate => "error_share",
            Self::AverageResponse => "response_mean_ms",
            Self::P95Response => "response_p95_ms",
            Self::QueryAverage => "query_mean_ms",
            Self::Pool => "pool_use",
            Self::Memory => "memory_max_bytes",
            Self::Cpu => "cpu_mean",
        }
    }

    /// What it has to be below, in its unit: the staging guide's figures, and for failures the
    /// policy's.
    pub fn target(self, policy: &Policy) -> f64 {
        match self {
            Self::ErrorRate => policy.errors.go.0,
            Self::AverageResponse => 200.0,
            Self::P95Response => 500.0,
            Self::QueryAverage => 50.0,
            Self::Pool => 0.8,
            Self::Memory => 2e9,
            Self::Cpu => 0.5,
        }
    }

    /// Where an issue begins.
    fn issue(self, policy: &Policy) -> f64 {
        match self {
            Self::ErrorRate => policy.errors.no_go.0,
            Self::AverageResponse
            | Self::P95Response
            | Self::QueryAverage
            | Self::Pool
            | Self::Memory
            | Self::Cpu => self.target(policy) * ISSUE,
        }
    }

    /// How a figure stands to its target; what is no number is beyond every target.
    pub fn level(self, value: f64, policy: &Policy) -> Level {
        match () {
            () if value < self.target(policy) => Level::Good,
            () if value <= self.issue(policy) => Level::Warn,
            () => Level::Bad,
        }
    }

    /// The target as the guide writes it: `<200ms`.
    pub fn target_text(self, policy: &Policy) -> String {
        let target = self.target(policy);
        match self {
            Self::ErrorRate | Self::Pool | Self::Cpu => format!("<{}%", rounded(target * 100.0)),
            Self::AverageResponse | Self::P95Response | Self::QueryAverage => {
                format!("<{}ms", rounded(target))
            }
            Self::Memory => format!("<{}GB", rounded(target / 1e9)),
        }
    }

    /// A figure as the guide writes it: `0.20%`, `145ms`, `1.2GB`. It has so many digits that it
    /// stands on the same side of the target as the figure itself.
    pub fn text(self, value: f64, policy: &Policy) -> String {
        let (scale, unit, digits) = match self {
            Self::ErrorRate => (100.0, "%", 2),
            Self::Pool | Self::Cpu => (100.0, "%", 0),
            Self::AverageResponse | Self::P95Response | Self::QueryAverage => {
                (1.0, "ms", usize::from(value < 10.0))
            }
            Self::Memory if value < 1e9 => (1e-6, "MB", 0),
            Self::Memory => (1e-9, "GB", 2),
        };
        let target = self.target(policy) * scale;
        let shown = value * scale;
        let is_clear = |digits: &usize| {
            let read: f64 = format!("{shown:.digits$}").parse().unwrap_or(f64::NAN);
            (read < target) == (shown < target)
        };
        let digits = (digits..=MOST_DIGITS).find(is_clear).unwrap_or(MOST_DIGITS);
        format!("{shown:.digits$}{unit}")
    }
}

/// A number without the zeros behind its point.
fn rounded(value: f64) -> String {
    format!("{}", (value * 1e4).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_those_of_the_guide() {
        let policy = Policy::default();
        let told: Vec<_> = Tracked::ALL.iter().map(|one| one.target_text(&policy)).collect();
        assert_eq!(told, ["<1%", "<200ms", "<500ms", "<50ms", "<80%", "<2GB", "<50%"]);
    }

    #[test]
    fn a_figure_is_shown_on_its_side_of_the_target() {
        let policy = Policy::default();
        let check = |of: Tracked, value: f64, want: &str| assert_eq!(of.text(value, &policy), want);
        check(Tracked::ErrorRate, 0.002, "0.20%");
        check(Tracked::ErrorRate, 0.009_996, "0.9996%");
        check(Tracked::AverageResponse, 145.4, "145ms");
        check(Tracked::AverageResponse, 199.7, "199.7ms");
        check(Tracked::QueryAverage, 3.24, "3.2ms");
        check(Tracked::Pool, 0.7999, "79.99%");
        check(Tracked::Memory, 450e6, "450MB");
        check(Tracked::Memory, 1.999e9, "1.999GB");
        check(Tracked::Memory, 2e9, "2.00GB");
        check(Tracked::Cpu, 0.42, "42%");
    }

    #[test]
    fn the_target_itself_is_missed_and_a_fifth_more_is_an_issue() {
        let policy = Policy::default();
        let check =
            |of: Tracked, value: f64, want: Level| assert_eq!(of.level(value, &policy), want);
        check(Tracked::P95Response, 499.9, Level::Good);
        check(Tracked::P95Response, 500.0, Level::Warn);
        check(Tracked::P95Response, 600.1, Level::Bad);
        check(Tracked::ErrorRate, 0.02, Level::Warn);
        check(Tracked::ErrorRate, 0.021, Level::Bad);
        check(Tracked::Cpu, f64::NAN, Level::Bad);
    }
}
