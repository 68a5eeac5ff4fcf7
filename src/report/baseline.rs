//! What a baseline says of itself: how noisy it is, whether it agrees with itself, and the smallest
//! slow-down that it could show.

use serde_json::{Value, json};

use super::document::Question;
use super::json::{GateJson, PlaceJson};
use super::tables::{self, Told};
use super::terminal::{self, Style};
use super::{figures, words};
use crate::gate::noise::SelfCheck;
use crate::record::Header;

/// Raised when a key of [`json`] goes or changes its meaning.
const SCHEMA_VERSION: u32 = 1;

/// The check of the baseline `name` as people read it, for a terminal of so many columns. The
/// `headers` are those of its repetitions, in the order of time.
pub fn render(
    name: &str,
    headers: &[&Header],
    check: &SelfCheck,
    style: Style,
    columns: usize,
) -> String {
    let told = Told::of(headers);
    let (standing, table) = tables::checked(&told, check);
    let title = terminal::titled(&format!("baseline {name}"), &told.loadgate, style);
    let mut lines = vec![title, String::new()];
    lines.extend(terminal::answered(&standing, style, columns));
    lines.push(String::new());
    let facts = standing.facts.iter();
    lines.extend(facts.flat_map(|fact| terminal::named_within(fact, style, columns)));
    lines.extend(terminal::tables_lines(vec![table], style, columns));
    lines.push(String::new());
    lines.join("\n")
}

/// The same for machines; `docs/json.md` describes it.
pub fn json(name: &str, headers: &[&Header], check: &SelfCheck) -> Value {
    let Told { scenario, loadgate, versions, length, runs, .. } = Told::of(headers);
    let finite = |value: f64| value.is_finite().then_some(value);
    let runs: Vec<Value> = runs
        .iter()
        .map(|(id, started)| json!({ "id": id, "started": figures::rfc3339(*started) }))
        .collect();
    let noise: Vec<Value> = check
        .noise
        .iter()
        .map(|noise| {
            json!({
                "of": noise.of, "percentile": words::percent(noise.quantile),
                "run_noise": finite(noise.run_noise), "df": finite(noise.df),
            })
        })
        .collect();
    let detectable: Vec<Value> = check
        .detectable
        .iter()
        .map(|row| {
            let place = PlaceJson::of(Some(&row.place));
            json!({
                "kind": place.kind, "name": place.name, "journey": place.journey,
                "step": place.step, "percentile": words::percent(row.quantile),
                "reach": words::reach(row.reach), "ratio": row.ratio.and_then(finite),
            })
        })
        .collect();
    json!({
        "schema_version": SCHEMA_VERSION, "name": name, "scenario": scenario,
        "loadgate": loadgate, "versions": versions, "length_ns": length.0, "runs": runs,
        "split": check.split.as_ref().map(|ruling| GateJson::new(ruling, Question::MayItGo)),
        "noise": noise, "detectable": detectable,
    })
}
