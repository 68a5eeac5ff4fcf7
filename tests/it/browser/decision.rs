//! The decision's page: it shows what was decided, everybody can use it, and hostile notes do
//! nothing.

use serde_json::{Value, json};

use super::driven::{axe, with_page};
use super::wide;
use crate::decision::document::{document, hostile};

#[test]
fn everybody_can_read_the_decision_in_light_and_dark_on_a_phone_and_on_paper() {
    let folder = tempfile::Builder::new().prefix("loadgate-page-").tempdir().unwrap();
    let page = folder.path().join("decision.html");
    std::fs::write(&page, document(&hostile()).html().unwrap()).unwrap();
    let axe = axe();
    with_page(&page, async |window| {
        let text = window.run("return document.body.innerText").await;
        let text = text.as_str().unwrap();
        for part in ["GO", "may go to production", "</script><script>alert(1)</script>", "[Name]"] {
            assert!(text.contains(part), "{part} is missing");
        }
        // Every list of the guide, as a table, and no mark of the data in what is shown.
        let rows = window.run("return document.querySelectorAll('table.rows tbody tr').length");
        assert_eq!(rows.await.as_u64(), Some(107));
        assert!(!text.contains("loadgate_decision"), "the data are not shown");
        assert_eq!(window.log("browser").await, Vec::<Value>::new());
        window.tell("Page.enable", json!({})).await;
        for (width, scheme) in [(1_200, "light"), (1_200, "dark"), (390, "light")] {
            window.size(width, 900).await;
            window.look("screen", scheme).await;
            let script = format!(
                "{axe}; const done = arguments[arguments.length - 1];
                 axe.run(document).then(found => done([found.passes.length > 15,
                    found.violations.filter(v => ['serious', 'critical'].includes(v.impact))
                        .map(v => [v.id, v.nodes.length, v.nodes[0].html, v.nodes[0].failureSummary])]))"
            );
            let found = window.run_until_done(&script).await;
            assert_eq!(found, json!([true, []]), "{width} {scheme}");
            assert!(wide(window).await <= f64::from(width), "it scrolls sideways at {width}");
        }
        window.size(1_032, 700).await;
        window.look("print", "light").await;
        assert!(wide(window).await <= 1_032.0, "it is cut on paper");
        let cut = "return [...document.querySelectorAll('.scroll')]
            .filter(s => s.scrollWidth > s.clientWidth + 1).map(s => s.getAttribute('aria-label'))";
        assert_eq!(window.run(cut).await, json!([]));
    });
}
