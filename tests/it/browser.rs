//! The report in a real browser: what it shows, that everybody can use it, and that hostile names in
//! it do nothing.

mod decision;
mod driven;

use std::path::Path;
use std::process::Command;

use loadgate::report::{Curve, Document, Judgement, format};

use self::driven::{Window, axe, with_page};
use crate::fixture;

/// Programs that are Chromium.
const BROWSERS: [&str; 3] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// The page of a comparison, with the hostile names of the fixture in it.
fn comparison() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::Builder::new().prefix("loadgate-page-").tempdir().unwrap();
    let ruling = Some(fixture::ruling::ruling());
    let baseline_curve = Some(Curve::of(&fixture::record()));
    let judgement = Judgement { ruling, baseline_curve, ..Judgement::default() };
    let document = Document::new(&fixture::record(), &judgement).unwrap();
    let page = folder.path().join("report.html");
    std::fs::write(&page, format("html").unwrap().render(&document).unwrap()).unwrap();
    (folder, page)
}

#[test]
fn a_comparison_has_its_verdict_its_drawings_and_nothing_from_elsewhere() {
    let (_folder, page) = comparison();
    with_page(&page, async |window| {
        let text = window.run("return document.body.innerText").await;
        let text = text.as_str().unwrap();
        for part in ["ROLLBACK", "must not be in production", "+26.0 % [+13.0, +39.0]", "Origin"] {
            assert!(text.contains(part), "{part} is missing");
        }
        // One for each change and share that has a figure.
        let bands = window.run("return document.querySelectorAll('svg.band').length").await;
        assert_eq!(bands, 19);
        let charts = "return [...document.querySelectorAll('svg.chart')]
            .map(svg => [svg.getBoundingClientRect().height, svg.getAttribute('aria-label')])";
        let charts = window.run(charts).await;
        let charts = charts.as_array().unwrap();
        assert!(charts.len() >= 4, "{charts:?}");
        for chart in charts {
            assert!(chart[0].as_f64().unwrap() > 80.0, "{chart}");
            assert!(chart[1].as_str().unwrap().contains(':'), "{chart}");
        }
        assert_eq!(window.log("browser").await, Vec::<serde_json::Value>::new());
        let own = format!("file://{}", page.display());
        let sent: Vec<String> = window
            .log("performance")
            .await
            .iter()
            .filter_map(|entry| {
                let told: serde_json::Value =
                    serde_json::from_str(entry["message"].as_str()?).ok()?;
                let (method, params) = (&told["message"]["method"], &told["message"]["params"]);
                // The browser's own first page asks for things of its own.
                let wanted = method == "Network.requestWillBeSent" && params["documentURL"] == own;
                Some(params["request"]["url"].as_str().filter(|_| wanted)?.to_owned())
            })
            .collect();
        assert_eq!(sent, [own], "the page itself and nothing else");
    });
}

#[test]
fn tables_are_sorted_and_filtered_and_charts_show_their_values() {
    let (_folder, page) = comparison();
    with_page(&page, async |window| {
        let column = "const table = [...document.querySelectorAll('main section')]
            .find(s => s.querySelector('h2')?.id === 'endpoints').querySelector('table');
            const at = [...table.tHead.rows[0].cells].findIndex(c => c.textContent === 'p95');
            const head = table.tHead.rows[0].cells[at];
            const values = () => [...table.tBodies[0].rows].filter(r => r.cells.length > 2)
                .map(r => r.cells[at].textContent);";
        let sorted = format!(
            "{column} head.querySelector('button').click(); const up = values();
             head.querySelector('button').click(); return [up, values(),
             head.getAttribute('aria-sort')]"
        );
        let found = window.run(&sorted).await;
        let texts = |at: usize| -> Vec<String> {
            found[at].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
        };
        let (up, mut down) = (texts(0), texts(1));
        let known = |texts: &[String]| -> Vec<f64> {
            let times = texts.iter().filter(|text| *text != "–");
            times
                .map(|text| {
                    loadgate::units::Nanos::as_millis_f64(text.replace(' ', "").parse().unwrap())
                })
                .collect()
        };
        assert!(up.len() > 2 && known(&up).is_sorted(), "{up:?}");
        down.reverse();
        assert_eq!(known(&down), known(&up));
        assert_eq!(found[2], "descending");

        let filtered = "const input = document.querySelector('input[type=search]');
            const table = input.nextElementSibling.querySelector('table');
            input.value = 'FARM LIST'; input.dispatchEvent(new Event('input'));
            return [...table.tBodies].flatMap(b => [...b.rows]).filter(r => r.offsetHeight > 0)
                .map(r => r.textContent)";
        let shown = window.run(filtered).await;
        let shown = shown.as_array().unwrap();
        // The title of its journey, and its row of each percentile.
        let first = shown.get(1).and_then(|text| text.as_str());
        assert_eq!(shown.len(), 3, "{shown:?}");
        assert!(first.unwrap().contains("farm list"), "{shown:?}");

        let pointed = "const hit = document.querySelector('.hit');
            const box = hit.getBoundingClientRect();
            hit.dispatchEvent(new PointerEvent('pointermove',
                { bubbles: true, clientX: box.x, clientY: box.y }));
            const tip = document.querySelector('.tip');
            return [tip.hidden, tip.textContent]";
        let tip = window.run(pointed).await;
        assert_eq!(tip[0], false);
        assert!(tip[1].as_str().unwrap().contains('%'), "{tip}");
    });
}

#[test]
fn everybody_can_read_it_in_light_and_dark_on_a_phone_and_on_paper() {
    let (_folder, page) = comparison();
    with_page(&page, async |window| everybody_can_read_it(window).await);
}

/// Holds the page against the rules for everybody in light, dark and on a phone, and that nothing
/// of it is cut on a screen or on paper.
async fn everybody_can_read_it(window: &Window) {
    let axe = axe();
    window.tell("Page.enable", serde_json::json!({})).await;
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
        assert_eq!(found, serde_json::json!([true, []]), "{width} {scheme}");
        assert!(wide(window).await <= f64::from(width), "it scrolls sideways at {width}");
    }
    // The inside of A4 at 96 pixels an inch, on its side, with margins of 12 mm.
    window.size(1_032, 700).await;
    window.look("print", "light").await;
    assert!(wide(window).await <= 1_032.0, "it is cut on paper");
    let cut = "return [...document.querySelectorAll('.scroll')]
        .filter(s => s.scrollWidth > s.clientWidth + 1).map(s => s.getAttribute('aria-label'))";
    assert_eq!(window.run(cut).await, serde_json::json!([]));
}

/// How wide the page is, in CSS pixels.
async fn wide(window: &Window) -> f64 {
    window.run("return document.documentElement.scrollWidth").await.as_f64().unwrap()
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
    let (before, after) = html.split_once("script-src").unwrap();
    let (_own, after) = after.split_once(';').unwrap();
    let open = format!("{before}script-src 'unsafe-inline';{after}");
    let open = open.replace("</body>", "<script>document.title = 'ran'</script></body>");
    std::fs::write(&page, open).unwrap();
    assert!(browsed_file(&page, &folder.path().join("a")).contains("<title>ran</title>"));
    let closed = html.replace("</body>", "<script>document.title = 'ran'</script></body>");
    std::fs::write(&page, &closed).unwrap();
    let shown = browsed_file(&page, &folder.path().join("b"));
    assert!(!shown.contains("<title>ran</title>"), "the page's own rules forbid scripts");
    std::fs::write(&page, &html).unwrap();
    let shown = browsed_file(&page, &folder.path().join("c"));
    assert_eq!(shown.matches("<script").count(), 1, "its own");
    assert!(shown.contains("GET /&lt;script&gt;alert(1)&lt;/script&gt;"));
    for part in ["View farm list", "farm.findMany", "<svg", "PASSED"] {
        assert!(shown.contains(part), "{part} is missing");
    }
}
