//! Queries that a target reports in its `Server-Timing` headers.

use crate::units::Nanos;

/// The most entries that are read from one answer.
const MAX_ENTRIES: usize = 100;
/// The longest name that a query may have.
const MAX_NAME: usize = 200;

/// Calls `each` with name and duration of every query in a header value (W3C Server Timing,
/// section 4: `db;desc="farm.findMany";dur=1.2, app;dur=3`).
///
/// Entries named `db` or `sql` are queries; their description is the query's name. Others are
/// left alone. Durations are milliseconds.
pub(super) fn queries(value: &str, mut each: impl FnMut(&str, Nanos)) {
    for entry in split_outside_quotes(value, ',').take(MAX_ENTRIES) {
        let mut parts = split_outside_quotes(entry, ';').map(str::trim);
        let Some(metric) = parts.next().filter(|metric| is_query(metric)) else { continue };
        let (mut name, mut duration) = (metric, None);
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
            match key.trim() {
                "desc" if !value.is_empty() => name = value,
                "dur" => duration = value.parse::<f64>().ok().filter(|ms| *ms >= 0.0),
                _ => {}
            }
        }
        if let Some(milliseconds) = duration.filter(|_| name.len() <= MAX_NAME) {
            each(name, Nanos::from_secs_f64(milliseconds / 1e3));
        }
    }
}

fn is_query(metric: &str) -> bool {
    metric.eq_ignore_ascii_case("db") || metric.eq_ignore_ascii_case("sql")
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        if c == '"' {
            quoted = !quoted;
        }
        c == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        queries(value, |name, duration| found.push((name.to_owned(), duration.0)));
        found
    }

    #[test]
    fn queries_are_found_among_other_entries() {
        let header = r#"db;desc="farm.findMany";dur=1.234, db;desc="a,b;c";dur=0.2, app;dur=9"#;
        assert_eq!(
            read(header),
            [("farm.findMany".to_owned(), 1_234_000), ("a,b;c".to_owned(), 200_000)]
        );
    }

    #[test]
    fn what_has_no_duration_is_no_measurement() {
        for header in ["db", "db;dur=", "db;dur=x", "db;dur=-1", "", ",,;;", "db;desc=\"x", "cdn"] {
            assert_eq!(read(header), [], "{header}");
        }
        assert_eq!(read("DB;dur=2"), [("DB".to_owned(), 2_000_000)]);
    }
}
