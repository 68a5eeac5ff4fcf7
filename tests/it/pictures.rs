//! Pictures of one record: the same bytes every time, drawn with the verdict's colour, and with
//! names that can't break out of their places.

use loadgate::gate::ruling::Ruling;
use loadgate::record::RunRecord;
use loadgate::report::picture::{self, Picture};
use loadgate::report::{Document, Judgement};
use resvg::tiny_skia::Pixmap;

use crate::fixture;

/// Ink of the page for what is good and what is bad.
const GOOD: [u8; 3] = [0x18, 0x79, 0x4e];
const BAD: [u8; 3] = [0xc6, 0x2a, 0x2f];

fn document(record: &RunRecord, ruling: Option<Ruling>) -> Document {
    Document::new(record, &Judgement { ruling, ..Judgement::default() }).unwrap()
}

fn compared(ruling: Ruling) -> Document {
    document(&fixture::record(), Some(ruling))
}

/// How many pixels have this colour.
fn covered(png: &[u8], [red, green, blue]: [u8; 3]) -> usize {
    let pixels = Pixmap::decode_png(png).unwrap();
    let is = |(r, g, b): (u8, u8, u8)| (r, g, b) == (red, green, blue);
    pixels.pixels().iter().filter(|own| is((own.red(), own.green(), own.blue()))).count()
}

fn size(png: &[u8]) -> (u32, u32) {
    let pixels = Pixmap::decode_png(png).unwrap();
    (pixels.width(), pixels.height())
}

/// A document whose every name is as long as somebody may come to make it, and has no good end.
fn strange(name: &str) -> Document {
    let mut record = fixture::record();
    record.header.scenario = name.to_owned();
    let mut ruling = fixture::ruling::ruling();
    ruling.baseline.name = name.to_owned();
    ruling.baseline.versions = vec![name.to_owned()];
    ruling.candidate.versions = vec![format!("{name}2")];
    for row in &mut ruling.rows {
        row.place.step = name.to_owned();
    }
    for reason in &mut ruling.reasons {
        reason.text = name.to_owned();
    }
    for outcome in &mut ruling.thresholds {
        outcome.subject = name.to_owned();
    }
    document(&record, Some(ruling))
}

#[test]
fn the_summary_is_laid_out_as_it_was() {
    insta::assert_snapshot!("summary", picture::summary_svg(&compared(fixture::ruling::ruling())));
    let alone = document(&fixture::record(), None);
    insta::assert_snapshot!("alone", picture::summary_svg(&alone));
}

#[test]
fn the_summary_is_a_slide_and_the_same_bytes_every_time() {
    let document = compared(fixture::ruling::ruling());
    let first = picture::summary(&document).unwrap();
    assert_eq!(size(&first), (2400, 1350));
    assert_eq!(first, picture::summary(&document).unwrap());
}

#[test]
fn the_verdict_is_seen_in_its_colour() {
    let [go, rollback] = [fixture::ruling::go(), fixture::ruling::ruling()]
        .map(|ruling| picture::summary(&compared(ruling)).unwrap());
    // The edge of the panel alone is 9 by 126 units; the word and the marks come to it.
    let edge = 9 * 126 * 4;
    assert!(covered(&go, GOOD) > edge + 2_000, "{}", covered(&go, GOOD));
    assert!(covered(&rollback, BAD) > edge + 2_000, "{}", covered(&rollback, BAD));
    assert!(covered(&go, BAD) < edge && covered(&rollback, GOOD) < edge);
}

#[test]
fn a_run_without_anything_to_draw_is_a_picture_all_the_same() {
    let mut record = fixture::record();
    record.intervals.clear();
    record.totals = loadgate::record::Totals::from_intervals(&record.intervals).unwrap();
    record.end = None;
    let empty = document(&record, None);
    assert_eq!(size(&picture::summary(&empty).unwrap()), (2400, 1350));
    assert!(picture::summary_svg(&empty).contains("no request was sent"));
}

#[test]
fn every_chart_of_the_page_is_a_file_that_stands_alone() {
    let charts = picture::charts(&compared(fixture::ruling::ruling())).unwrap();
    let names: Vec<&str> = charts.iter().map(|chart| chart.name.as_str()).collect();
    assert!(names.starts_with(&[
        "01-response-time-by-share-of-requests",
        "02-response-time-over-the-run",
        "03-requests-per-second",
    ]));
    for Picture { name, svg, png } in &charts {
        assert_eq!(size(png), (960, 500), "{name}");
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{name}");
        assert!(!svg.contains("var(") && !svg.contains("href"), "{name}");
        assert!(svg.contains("font-size: 14px; font-weight: 700"), "{name} has no title");
    }
    assert!(charts[1].svg.contains(">p95</text>"), "the key is missing");
    // The lines are drawn, and not only their names.
    let second = covered(&charts[1].png, [0x3a, 0x5b, 0xc7]);
    assert!(second > 500, "{second} pixels of p95");
}

#[test]
fn hostile_names_are_text_in_their_places() {
    let hostile = "</text></style><script>alert(1)</script><image href=\"file:///etc/passwd\"/>\
                   &lt; \u{202e}\0\u{ffff} \u{1b}[31m";
    for name in [hostile.to_owned(), "W".repeat(100_000), "many words ".repeat(10_000)] {
        let document = strange(&name);
        let svg = picture::summary_svg(&document);
        assert!(!svg.contains("<script") && !svg.contains("<image") && !svg.contains('\u{202e}'));
        assert!(svg.len() < 300_000, "{} bytes", svg.len());
        assert_eq!(svg.matches("</style>").count(), 2, "the rules of charts and of the page");
        assert_eq!(size(&picture::summary(&document).unwrap()), (2400, 1350));
        fits(&svg);
    }
}

/// No text goes beyond the page, or into one that stands right of it in the same line.
fn fits(svg: &str) {
    let mut options = resvg::usvg::Options::default();
    let fonts = options.fontdb_mut();
    fonts.load_font_data(dejavu::sans_condensed::regular().to_vec());
    fonts.load_font_data(dejavu::sans_condensed::bold().to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    let tree = resvg::usvg::Tree::from_str(svg, &options).unwrap();
    let mut boxes = Vec::new();
    texts(tree.root(), &mut boxes);
    assert!(boxes.len() > 40, "{} texts", boxes.len());
    for (at, one) in boxes.iter().enumerate() {
        assert!(one.left() >= 0.0 && one.right() <= 1200.0, "{one:?} leaves the page");
        assert!(one.top() >= 0.0 && one.bottom() <= 675.0, "{one:?} leaves the page");
        for other in boxes.iter().skip(at + 1) {
            // Lines stand closer than the boxes of their letters, whose upper part is empty.
            let apart = 6.0;
            let beside = one.right() <= other.left() || other.right() <= one.left();
            let below = one.bottom() <= other.top() + apart || other.bottom() <= one.top() + apart;
            assert!(beside || below, "{one:?} lies on {other:?}");
        }
    }
}

fn texts(group: &resvg::usvg::Group, boxes: &mut Vec<resvg::tiny_skia::Rect>) {
    for node in group.children() {
        match node {
            resvg::usvg::Node::Group(inner) => texts(inner, boxes),
            resvg::usvg::Node::Text(text) => boxes.push(text.abs_bounding_box()),
            resvg::usvg::Node::Path(_) | resvg::usvg::Node::Image(_) => {}
        }
    }
}
