//! The screen as people see it, at several sizes.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color as Seen;

use super::*;
use crate::report::live::{
    EndpointRow, ErrorLine, KindCount, Now, PhaseSpan, Points, Quantiles, Subject, Sums,
};

const SECOND: u64 = 1_000_000_000;

fn quantiles(p50_ns: u64) -> Quantiles {
    Quantiles {
        p50_ns: Some(p50_ns),
        p95_ns: Some(p50_ns * 3),
        p99_ns: Some(p50_ns * 5),
        max_ns: Some(p50_ns * 9),
    }
}

fn frame() -> Frame {
    let row = |at: u64| EndpointRow {
        journey: "customer".to_owned(),
        step: format!("Step {at}"),
        name: format!("GET /api/farms/{{farmId}}/{at}"),
        requests: at * 1_000,
        errors: at % 2,
        response: quantiles(at * 1_300_000),
        recent_rate: 12.5,
        recent_errors: at % 3,
        recent: quantiles(at * 1_000_000),
    };
    let some = |value: u64| vec![Some(value), Some(value * 2), None, Some(value)];
    Frame {
        subject: Subject {
            scenario: "customer".to_owned(),
            target: "http://staging.example".to_owned(),
            which: "repetition 2 of 5".to_owned(),
        },
        stage: Stage::Running,
        elapsed_ns: 4 * SECOND,
        end_ns: 64 * SECOND,
        phases: vec![PhaseSpan {
            name: "warm-up".to_owned(),
            load: "50/s".to_owned(),
            start_ns: 0,
            length_ns: 64 * SECOND,
            measured: false,
        }],
        now: Now {
            rate: 1_234.0,
            error_rate: 2.5,
            users: 40,
            response: quantiles(1_500_000),
            lag_p99_ns: Some(90_000),
            cpu: 0.3,
        },
        total: Sums { requests: 4_900, errors: 9, dropped: 0, response: quantiles(1_400_000) },
        points: Points {
            start_ns: vec![0, SECOND, 2 * SECOND, 3 * SECOND],
            length_ns: vec![SECOND; 4],
            requests: vec![100, 200, 0, 150],
            errors: vec![0, 5, 0, 4],
            dropped: vec![0; 4],
            users: vec![40; 4],
            p50_ns: some(1_000_000),
            p95_ns: some(3_000_000),
            p99_ns: some(5_000_000),
            lag_p99_ns: some(50_000),
        },
        kinds: vec![KindCount { kind: "5xx", count: 9 }],
        endpoints: (1..=20).map(row).collect(),
        errors: vec![ErrorLine {
            last_ns: 3 * SECOND,
            kind: "5xx",
            endpoint: "POST /api/checkout".to_owned(),
            count: 9,
            message: Some("status 500: out of stock".to_owned()),
        }],
        ..Frame::default()
    }
}

fn picture(frame: &Frame) -> Picture<'_> {
    Picture { frame, messages: &[], url: None, offset: 0, paint: Paint::Plain }
}

fn drawn(columns: u16, rows: u16, picture: &Picture<'_>) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|area| draw(area, picture)).unwrap();
    terminal.backend().clone()
}

#[test]
fn sixty_columns_and_fifteen_rows_are_enough() {
    let messages = ["\x1b[1;33mwarning\x1b[0m: a busy\nmachine".to_owned()];
    let frame = frame();
    let picture =
        Picture { messages: &messages, url: Some("http://127.0.0.1:5665/"), ..picture(&frame) };
    insta::assert_snapshot!(drawn(60, 15, &picture));
}

#[test]
fn a_usual_terminal_has_room_for_charts() {
    insta::assert_snapshot!(drawn(90, 30, &picture(&frame())));
}

#[test]
fn a_large_terminal_shows_the_figures_since_the_start_too() {
    insta::assert_snapshot!(drawn(130, 36, &picture(&frame())));
}

#[test]
fn before_the_first_second_there_is_nothing_but_names() {
    let frame = Frame { subject: frame().subject, ..Frame::default() };
    insta::assert_snapshot!(drawn(60, 15, &picture(&frame)));
}

#[test]
fn every_size_can_be_drawn() {
    let frame = frame();
    let messages = vec!["one".to_owned(), "two".to_owned()];
    for columns in [1, 2, 7, 20, 59, 103, 104, 300] {
        for rows in [1, 2, 4, 5, 9, 14, 23, 24, 80] {
            for offset in [0, 19, 5_000] {
                let picture = Picture { messages: &messages, offset, ..picture(&frame) };
                drawn(columns, rows, &picture);
            }
        }
    }
}

#[test]
fn moving_the_table_shows_what_was_below() {
    let frame = frame();
    let shown = |offset| drawn(90, 15, &Picture { offset, ..picture(&frame) }).to_string();
    assert!(shown(0).contains("/1 ") && shown(0).contains("↑ 0 ↓ 13"), "{}", shown(0));
    assert!(shown(3).contains("/4 ") && !shown(3).contains("/3 "), "{}", shown(3));
    // Beyond the end there is nothing to see.
    assert_eq!(shown(5_000), shown(13));
    assert!(shown(5_000).contains("/20 ") && shown(5_000).contains("↓ 0"));
}

#[test]
fn half_a_number_is_never_shown() {
    let frame = frame();
    for columns in 1..120 {
        let shown = drawn(columns, 12, &picture(&frame)).to_string();
        let cut = shown.lines().nth(3).unwrap_or_default().trim_matches('"').trim_end().to_owned();
        let whole = ["", "4,900", "9", "0", "90.0 µs", "0.30"];
        assert!(whole.iter().any(|end| cut.ends_with(end)), "{columns}: {cut}");
        let last = cut.rsplit("  ").next().unwrap_or_default();
        assert!(last.is_empty() || last.split(' ').count() >= 2, "{columns}: {cut}");
    }
}

#[test]
fn without_colours_there_are_none() {
    let frame = frame();
    let messages = vec!["one".to_owned()];
    let colours = |paint| {
        let picture = Picture { messages: &messages, paint, ..picture(&frame) };
        let backend = drawn(130, 40, &picture);
        let cells = backend.buffer().content().iter();
        cells.filter(|cell| cell.fg != Seen::Reset || cell.bg != Seen::Reset).count()
    };
    assert_eq!(colours(Paint::Plain), 0);
    assert!(colours(Paint::Colour) > 50);
}
