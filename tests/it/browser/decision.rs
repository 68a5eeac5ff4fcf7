//! The decision's page: it shows what was decided, everybody can use it, and hostile notes do
//! nothing.

use serde_json::Value;

use super::driven::with_page;
use super::everybody_can_read_it;
use crate::decision::document::{document, hostile};

#[test]
fn everybody_can_read_the_decision_in_light_and_dark_on_a_phone_and_on_paper() {
    let folder = tempfile::Builder::new().prefix("loadgate-page-").tempdir().unwrap();
    let page = folder.path().join("decision.html");
    std::fs::write(&page, document(&hostile()).html().unwrap()).unwrap();
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
        everybody_can_read_it(window).await;
    });
}
