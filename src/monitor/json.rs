//! An address whose answer is JSON, and the numbers in it.

use serde_json::Value;
use serde_json_path::JsonPath;

use super::fetch::Fetch;
use super::gaps::Look;
use crate::plan::Fetched;
use crate::record::Reading;
use crate::scenario;

/// An address and what is read there.
#[derive(Debug)]
pub(super) struct Document {
    fetch: Fetch,
    readings: Vec<(String, JsonPath)>,
}

impl Document {
    pub(super) fn new(
        asked: &Fetched,
        readings: &[(String, scenario::JsonPath)],
    ) -> Result<Self, String> {
        let parsed = |(name, path): &(String, scenario::JsonPath)| {
            let path = JsonPath::parse(path.as_str()).map_err(|error| error.to_string())?;
            Ok((name.clone(), path))
        };
        let readings = readings.iter().map(parsed).collect::<Result<_, String>>()?;
        Ok(Self { fetch: Fetch::new(asked, "application/json")?, readings })
    }

    pub(super) async fn look(&mut self) -> Result<Look, String> {
        let body = self.fetch.body().await?;
        read(&body, &self.readings)
    }
}

/// The numbers of an answer. One that is not there is a note, as long as another is.
fn read(body: &[u8], readings: &[(String, JsonPath)]) -> Result<Look, String> {
    let document: Value =
        serde_json::from_slice(body).map_err(|_| "the answer is no JSON".to_owned())?;
    let mut look = Look::default();
    for (name, path) in readings {
        match number(&document, path) {
            Ok(value) => look.readings.extend(Reading::new(name.as_str(), value)),
            Err(why) => look.notes.push(format!("`{name}` was not read at `{path}`: {why}")),
        }
    }
    match look.notes.first() {
        Some(first) if look.readings.is_empty() => Err(first.clone()),
        Some(_) | None => Ok(look),
    }
}

/// The one number at a path. Nothing of the answer is told: it may hold what is not to be seen.
fn number(document: &Value, path: &JsonPath) -> Result<f64, String> {
    let found = path.query(document).all();
    let [one] = found.as_slice() else {
        return Err(match found.len() {
            0 => "there is nothing".to_owned(),
            several => format!("there are {several} values, and one is wanted"),
        });
    };
    let number = match one {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|number| number.is_finite()).ok_or_else(|| "it is no number".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Captured from the market, 2026-11-23.
    const METRICS: &[u8] = br#"{"memory":{"rss":29356032,"heapUsed":null},"cpu":{"seconds":1.25},"pool":{"size":2,"idle":1,"active":1,"max":10},"uptime":12.3}"#;

    fn look(body: &[u8], asked: &[(&str, &str)]) -> Result<Look, String> {
        let parsed =
            |(name, path): &(&str, &str)| ((*name).to_owned(), JsonPath::parse(path).unwrap());
        read(body, &asked.iter().map(parsed).collect::<Vec<_>>())
    }

    #[test]
    fn numbers_are_read_by_their_paths_and_what_is_missing_is_told() {
        let asked = [
            ("rss_bytes", "$.memory.rss"),
            ("heap_bytes", "$.memory.heapUsed"),
            ("pool", "$.pool.*"),
            ("other", "$.other"),
            ("active", "$['pool']['active']"),
        ];
        let look = look(METRICS, &asked).unwrap();
        let shown: Vec<_> =
            look.readings.iter().map(|one| (one.what.as_str(), one.value)).collect();
        assert_eq!(shown, [("rss_bytes", 29_356_032.0), ("active", 1.0)]);
        assert_eq!(
            look.notes,
            [
                "`heap_bytes` was not read at `$.memory.heapUsed`: it is no number",
                "`pool` was not read at `$.pool.*`: there are 4 values, and one is wanted",
                "`other` was not read at `$.other`: there is nothing",
            ]
        );
    }

    #[test]
    fn an_answer_of_which_nothing_is_read_is_a_gap() {
        let asked = [("a", "$.a")];
        let why = look(METRICS, &asked).unwrap_err();
        assert_eq!(why, "`a` was not read at `$.a`: there is nothing");
        assert_eq!(look(b"<html>secret</html>", &asked).unwrap_err(), "the answer is no JSON");
        let text = look(br#"{"a":" 1.5 "}"#, &asked).unwrap();
        assert_eq!(text.readings[0].value.to_bits(), 1.5_f64.to_bits());
        assert!(look(br#"{"a":"NaN"}"#, &asked).is_err());
    }
}
