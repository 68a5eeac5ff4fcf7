//! The report in a real browser: what it shows, and that hostile names in it do nothing.

use std::path::Path;
use std::process::Command;

use loadgate::report::{Document, Judgement, format};

use crate::fixture;

/// Programs that are Chromium.
const BROWSERS: [&str; 3] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// What the page of a comparison looks like to the browser, with the hostile names in it.
#[test]
fn a_browser_shows_a_comparison_with_its_verdict_and_drawings() {
    let folder = tempfile::Builder::new().prefix("loadgate-page-").tempdir().unwrap();
    let ruling = Some(fixture::ruling::ruling());
    let judgement = Judgement { ruling, ..Judgement::default() };
    let document = Document::new(&fixture::record(), &judgement).unwrap();
    let page = folder.path().join("report.html");
    std::fs::write(&page, format("html").unwrap().render(&document).unwrap()).unwrap();
    let shown = browsed_file(&page, &folder.path().join("profile"));
    assert!(!shown.contains("<script") && !shown.contains("<b>"));
    let (mark, last) = ("class=\"word\">ROLLBACK</p>", "<h2>Origin</h2>");
    for part in [mark, "must not be in production", "+26.0 % [+13.0, +39.0]", last] {
        assert!(shown.contains(part), "{part} is missing");
    }
    // One for each change and share that has a figure.
    assert_eq!(shown.matches("<svg class=\"band\"").count(), 16);
}

/// The page after the browser has made it, as text.
fn browsed_file(page: &Path, profile: &Path) -> String {
    browsed(&format!("file://{}", page.display()), profile, &[])
}

/// The page at an address after the browser has made it, as text.
pub(crate) fn browsed(url: &str, profile: &Path, more: &[&str]) -> String {
    let program = BROWSERS.into_iter().find(|program| Path::new(program).exists());
    let program = program.expect("Chromium is not installed: run ./test, which installs it");
    let output = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(more)
        .args(["--dump-dom", url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_browser_shows_the_report_and_runs_nothing_of_the_target() {
    let folder = tempfile::Builder::new().prefix("loadgate-page-").tempdir().unwrap();
    let record = fixture::record();
    let document = Document::new(&record, &Judgement::default()).unwrap();
    let html = format("html").unwrap().render(&document).unwrap();
    let page = folder.path().join("report.html");
    // What must not happen has to be able to happen: a script that is really in the page.
    let open = html.replace("default-src 'none'", "default-src 'none'; script-src 'unsafe-inline'");
    let open = open.replace("</body>", "<script>document.title = 'ran'</script></body>");
    std::fs::write(&page, open).unwrap();
    assert!(browsed_file(&page, &folder.path().join("a")).contains("<title>ran</title>"));
    let closed = html.replace("</body>", "<script>document.title = 'ran'</script></body>");
    std::fs::write(&page, &closed).unwrap();
    let shown = browsed_file(&page, &folder.path().join("b"));
    assert!(!shown.contains("<title>ran</title>"), "the page's own rules forbid scripts");
    std::fs::write(&page, &html).unwrap();
    let shown = browsed_file(&page, &folder.path().join("c"));
    assert!(!shown.contains("<script"));
    assert!(shown.contains("GET /&lt;script&gt;alert(1)&lt;/script&gt;"));
    for part in ["View farm list", "farm.findMany", "<svg", "PASSED"] {
        assert!(shown.contains(part), "{part} is missing");
    }
}
