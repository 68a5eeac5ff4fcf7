//! A version that sends other statements is told from one that does not.

use serde_json::Value;

use super::shop::{Shop, tapped};

/// What the market is told to do wrong. It then asks once more for each farm of a list.
const N_PLUS_ONE: &str = "nplus1:query=farm.findMany";

/// A fault of a query that nobody sends.
const NOTHING: &str = "slow:query=none,add=1ms";

/// The drift between two runs, and all that is told of it.
fn compared(shop: &Shop, a: &Value, b: &Value) -> (Vec<Value>, String) {
    let ids = [a, b].map(|json| json["run"]["id"].as_str().unwrap());
    let both = ["compare", ids[0], ids[1]];
    let json = shop.stage.json(both.iter().chain(&["--json", "-"]));
    let drift = json["gate"]["drift"].as_array().cloned().unwrap_or_default();
    (drift, shop.stage.run(both).expect(0).out)
}

/// Two runs of one version and one of a worse one.
fn runs(shop: &Shop, load: &[&str]) -> [Value; 3] {
    let run = || shop.json(&[&["--scenario", "customer"], load].concat());
    shop.fault(NOTHING);
    let (a, b) = (run(), run());
    shop.fault(N_PLUS_ONE);
    [a, b, run()]
}

/// The statements of a run that are sent for each farm, by the name that the run gives them.
fn repeated(json: &Value) -> &str {
    let queries = tapped(json);
    let own = |query: &&&Value| query["text"].as_str().unwrap().contains("ORDER BY id LIMIT $?");
    queries.iter().find(own).unwrap()["name"].as_str().unwrap()
}

#[test]
fn an_n_plus_one_is_named_with_its_endpoint_and_its_counts() {
    let shop = Shop::open(&[]);
    let [a, b, worse] = runs(&shop, &["--solo", "-n", "3"]);
    let (none, text) = compared(&shop, &a, &b);
    assert!(none.is_empty() && !text.contains("statements for a request"), "{none:?}");

    let (drift, text) = compared(&shop, &a, &worse);
    assert_eq!(drift.len(), 2, "{drift:?}");
    let fresh = repeated(&worse);
    for (row, step) in drift.iter().zip(["View farm list", "Filter by location and certified"]) {
        assert_eq!((&row["name"], &row["step"]), (&"GET /api/farms".into(), &step.into()));
        let statements = row["statements"].as_array().unwrap();
        assert_eq!((statements.len(), &statements[0]["name"]), (1, &fresh.into()), "{row}");
        assert_eq!((&row["baseline"], &statements[0]["baseline"]), (&2.0.into(), &0.0.into()));
        let more = statements[0]["candidate"].as_f64().unwrap();
        assert_eq!(row["candidate"], 2.0 + more);
    }
    // A full page has 20 farms.
    assert_eq!(drift[0]["candidate"], 22.0);
    let told = format!(
        "`GET /api/farms` (View farm list) now sends 22 statements for a request instead of 2; \
         1 new: `{fresh}`"
    );
    assert!(text.contains(&told), "{told}\n{text}");
    let mut lines = text.lines();
    let row = lines.find(|line| line.trim().starts_with("View farm list") && line.contains(fresh));
    assert!(
        row.is_some_and(|row| row.contains(" 20.0  new ") && row.ends_with("  not gated")),
        "{row:?}"
    );
}

#[test]
fn an_n_plus_one_is_found_under_load_as_well() {
    let shop = Shop::open(&[]);
    let [a, b, worse] = runs(&shop, &["-r", "10/s", "-d", "5s"]);
    assert!(compared(&shop, &a, &b).0.is_empty());
    let (drift, text) = compared(&shop, &a, &worse);
    // Causes are estimated here, so others may seem to have sent a few of them.
    let more = |step: &str| {
        let row = drift.iter().find(|row| row["step"] == step).unwrap_or_else(|| panic!("{text}"));
        let statements = row["statements"].as_array().unwrap();
        let own = statements.iter().find(|own| own["name"] == repeated(&worse)).unwrap();
        own["candidate"].as_f64().unwrap()
    };
    let list = more("View farm list");
    assert!((18.0..22.0).contains(&list), "{list} of 20");
    assert!((5.0..15.0).contains(&more("Filter by location and certified")), "{drift:?}");
    let others = drift.iter().filter(|row| row["name"] != "GET /api/farms");
    for row in others {
        let change = row["candidate"].as_f64().unwrap() - row["baseline"].as_f64().unwrap();
        assert!(change.abs() < 2.0, "{row}");
    }
    assert!(text.contains("known by") && text.contains("estimated"), "{text}");
}
