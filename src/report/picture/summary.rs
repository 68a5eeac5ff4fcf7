//! The answer on one page, for those who see it in a chat or on a slide: verdict, what was asked,
//! three charts.

use super::chart::key;
use super::paper::{Area, Font, sheet};
use super::pen::Pen;
use super::{Figure, SIZE};
use crate::report::chart::placed;
use crate::report::document::Document;
use crate::report::tables::{self, Cell, Fact, Standing, Tone};
use crate::report::{figure, figures};
use crate::units::format_nanos;

/// 16:9, as slides are.
const PAGE: (f64, f64) = (1200.0, 675.0);

/// Left and right of everything.
const LEFT: f64 = 28.0;
const WIDTH: f64 = PAGE.0 - 2.0 * LEFT;

const VERDICT: Area = Area { x: LEFT, y: 84.0, width: WIDTH, height: 126.0 };

/// Where rows and figures stand.
const ASKED: Area = Area { x: LEFT, y: 222.0, width: WIDTH, height: 204.0 };

/// Where the charts begin.
const CHARTS: f64 = 438.0;

/// Rows that are shown; more would be too small to read on a slide.
const MOST_ROWS: usize = 6;
const ROW: f64 = ASKED.height / 6.0;

/// So many rows leave room for figures below them.
const FEW_ROWS: usize = 4;

const GAP: f64 = 14.0;

/// The whole page.
pub(super) fn draw(document: &Document, pen: &Pen) -> String {
    let standing = tables::standing(document);
    let (rows, left_out) = rows(document);
    let mut parts = head(document, left_out, pen);
    parts.extend(verdict(&standing, pen));
    parts.extend(rows.iter().zip(0_u8..).flat_map(|(row, at)| {
        let y = ASKED.y + ROW * f64::from(at);
        asked(row, y, pen)
    }));
    let bottom = ASKED.y + ASKED.height;
    if rows.is_empty() {
        let height = (ASKED.height - GAP) / 2.0;
        let upper = Area { height, ..ASKED };
        let lower = Area { y: bottom - height, ..upper };
        parts.extend(figures(&tables::amounts(document), upper, pen));
        parts.extend(figures(&tables::times(document), lower, pen));
    } else if rows.len() <= FEW_ROWS {
        let strip = Area { y: bottom - 56.0, height: 56.0, ..ASKED };
        parts.extend(figures(&tables::summary(document), strip, pen));
    }
    parts.extend(pictures(document, pen));
    let title = format!("{}: {}", document.run.scenario, standing.word);
    sheet(PAGE, &title, &parts)
}

/// Which scenario, which versions, when, which run; and how many rows there are beyond those shown.
fn head(document: &Document, left_out: u64, pen: &Pen) -> Vec<String> {
    let run = &document.run;
    let (name, told) = (Font::of(26.0, "ink").bold(), Font::of(15.0, "quiet"));
    let (right, more) = (LEFT + WIDTH, told.to_the_left());
    let id = pen.cut(&run.id, told, WIDTH * 0.3);
    let room = WIDTH - pen.width(&id, told) - GAP;
    // What strangers name is cut each by itself, so that all the others have their place.
    let short = |text: &str| pen.cut(text, told, room * 0.15);
    let mut facts: Vec<String> = versions(document, &short).into_iter().collect();
    facts.push(pen.cut(&run.target, told, room * 0.25));
    facts.push(format!("{} measured", format_nanos(run.measured)));
    facts.extend(moment(&run.started));
    if left_out > 0 {
        facts.push(format!("{} in the report", figures::some(left_out, "more row", "more rows")));
    }
    vec![
        name.set((LEFT, 44.0), &pen.cut(&run.scenario, name, WIDTH - 120.0)),
        more.bold().set((right, 44.0), "loadgate"),
        told.set((LEFT, 69.0), &pen.cut(&facts.join("  ·  "), told, room)),
        more.set((right, 69.0), &id),
    ]
}

/// Which version there is, or which two are compared.
fn versions(document: &Document, short: &dyn Fn(&str) -> String) -> Option<String> {
    let joined = |versions: &[String]| short(&versions.join(", "));
    match &document.judgement.ruling {
        Some(ruling) if ruling.baseline.versions != ruling.candidate.versions => Some(format!(
            "version {} → {}",
            joined(&ruling.baseline.versions),
            joined(&ruling.candidate.versions)
        )),
        _ => Some(format!("version {}", short(document.run.target_version.as_deref()?))),
    }
}

/// `2026-01-02 03:04 UTC` of RFC 3339.
fn moment(started: &str) -> Option<String> {
    let (date, time) = started.split_once('T')?;
    Some(format!("{date} {} UTC", time.get(..5)?))
}

/// The word in its colour, the sentence, and as many reasons as there is room for.
fn verdict(standing: &Standing, pen: &Pen) -> Vec<String> {
    let (ink, soft) = colours(standing.tone);
    let edge = Area { width: 9.0, ..VERDICT };
    let (left, right) = (VERDICT.x + 30.0, VERDICT.x + VERDICT.width - 20.0);
    let word_font = Font::of(44.0, ink).bold();
    let word = pen.cut(&standing.word, word_font, right - left);
    let mut parts = vec![VERDICT.filled(soft), edge.filled(ink)];
    let beside = pen.width(&word, word_font) + 34.0;
    let middle = VERDICT.y + VERDICT.height / 2.0;
    let reasons = &standing.reasons;
    let (x, top) = match (standing.sentence.is_some(), reasons.is_empty()) {
        (true, _) => {
            parts.push(word_font.set((left, middle + 16.0), &word));
            (left + beside, VERDICT.y + 14.0)
        }
        (false, true) => {
            parts.push(word_font.set((left, middle + 16.0), &word));
            return parts;
        }
        (false, false) => {
            parts.push(word_font.set((left, VERDICT.y + 50.0), &word));
            (left, VERDICT.y + 62.0)
        }
    };
    let sentence = standing.sentence.as_deref().unwrap_or_default();
    parts.extend(told(sentence, reasons, (x, top), right - x, pen));
    parts
}

/// The sentence in at most three lines, then reasons, a line each.
fn told(
    sentence: &str,
    reasons: &[Cell],
    (x, top): (f64, f64),
    room: f64,
    pen: &Pen,
) -> Vec<String> {
    let (large, small) = (Font::of(19.0, "ink"), Font::of(14.0, "ink"));
    let bottom = VERDICT.y + VERDICT.height - 10.0;
    let mut lines: Vec<(Font, f64, String)> = Vec::new();
    lines.extend(pen.wrap(sentence, large, room, 3).into_iter().map(|line| (large, 25.0, line)));
    let cut = |reason: &Cell| (small, 20.0, pen.cut(&reason.text, small, room));
    let used: f64 = lines.iter().map(|(_, height, _)| height).sum();
    let places = [20.0, 40.0, 60.0, 80.0, 100.0].into_iter();
    let places = places.take_while(|height| top + used + height <= bottom).count();
    lines.extend(reasons.iter().take(places).map(cut));
    let all: f64 = lines.iter().map(|(_, height, _)| height).sum();
    let mut y = top + ((bottom - 6.0 - top - all) / 2.0).max(0.0);
    let set = |(font, height, line): (Font, f64, String)| {
        y += height;
        font.set((x, y - 5.0), &line)
    };
    lines.into_iter().map(set).collect()
}

/// The rows of the first page, and how many are left out: first those that hold.
fn rows(document: &Document) -> (Vec<Vec<Cell>>, u64) {
    let groups = tables::glance(document).map(|table| table.groups).unwrap_or_default();
    let rows: Vec<Vec<Cell>> = groups.into_iter().flat_map(|group| group.rows).collect();
    let mut spare = rows.len().saturating_sub(MOST_ROWS);
    let left_out = u64::try_from(spare).unwrap_or(u64::MAX);
    let mut kept = Vec::new();
    // The last ones first: the table begins with what matters to everybody.
    for row in rows.into_iter().rev() {
        let holds = row.first().is_some_and(|mark| mark.tone == Tone::Good);
        if spare > 0 && holds {
            spare -= 1;
        } else {
            kept.push(row);
        }
    }
    kept.reverse();
    kept.truncate(MOST_ROWS);
    (kept, left_out)
}

/// One row: its mark, what was asked, and what was measured in one line or two smaller ones.
fn asked(row: &[Cell], y: f64, pen: &Pen) -> Vec<String> {
    let [mark, asked, measured] = row else { return Vec::new() };
    let (left, asked_at, measured_at) = (LEFT + 12.0, LEFT + 96.0, LEFT + 560.0);
    let (ink, _) = colours(mark.tone);
    let base = y + ROW / 2.0 + 5.5;
    let mark_font = Font::of(16.0, ink).bold();
    let (asked_font, told, small) =
        (Font::of(15.0, "ink"), Font::of(14.0, "quiet"), Font::of(12.0, "quiet"));
    let rule = Area { x: LEFT, y: y + ROW - 0.5, width: WIDTH, height: 1.0 };
    let mut parts = vec![
        rule.filled("line"),
        mark_font.set((left, base), &pen.cut(&mark.text, mark_font, asked_at - left - GAP)),
        asked_font
            .set((asked_at, base), &pen.cut(&asked.text, asked_font, measured_at - asked_at - GAP)),
    ];
    let room = LEFT + WIDTH - measured_at;
    let whole = pen.cut(&measured.text, told, room);
    if whole == measured.text {
        parts.push(told.set((measured_at, base), &whole));
    } else {
        let lines = pen.wrap(&measured.text, small, room, 2);
        let places = [base - 8.0, base + 6.0];
        let set = |(line, y): (&String, f64)| small.set((measured_at, y), line);
        parts.extend(lines.iter().zip(places).map(set));
    }
    parts
}

/// Figures as cards beside each other.
fn figures(facts: &[Fact], strip: Area, pen: &Pen) -> Vec<String> {
    let count = facts.iter().fold(0.0, |count, _| count + 1.0);
    let width = (strip.width + GAP) / count - GAP;
    let name = Font::of(12.0, "quiet");
    let value = Font::of(if strip.height > 70.0 { 24.0 } else { 16.0 }, "ink").bold();
    let middle = strip.y + strip.height / 2.0;
    let card = |(fact, at): (&Fact, u8)| {
        let x = strip.x + f64::from(at) * (width + GAP);
        let (inner, room) = (x + 12.0, width - 20.0);
        let drop = if strip.height > 70.0 { 24.0 } else { 16.0 };
        [
            Area { x, width, ..strip }.card(),
            name.set((inner, middle - 7.0), &pen.cut(fact.name, name, room)),
            value.set((inner, middle + drop), &pen.cut(&fact.value, value, room)),
        ]
        .concat()
    };
    facts.iter().zip(0_u8..).map(card).collect()
}

/// The three pictures of the first page.
fn pictures(document: &Document, pen: &Pen) -> Vec<String> {
    let all = figure::pictures(document);
    if all.is_empty() {
        let note = Font::of(15.0, "quiet");
        return vec![
            note.set((LEFT, CHARTS + 30.0), "There is nothing to draw: no request was sent."),
        ];
    }
    let width = (WIDTH - 2.0 * GAP) / 3.0;
    let height = PAGE.1 - CHARTS - 18.0;
    let title = Font::of(14.0, "ink").bold();
    let card = |(figure, at): (&Figure, u8)| {
        let x = LEFT + f64::from(at) * (width + GAP);
        let inner = x + 12.0;
        let room = width - 24.0;
        let drawn = (width - 10.0).min((height - 52.0) * SIZE.0 / SIZE.1);
        [
            Area { x, y: CHARTS, width, height }.card(),
            title.set((inner, CHARTS + 23.0), &pen.cut(&figure.title, title, room)),
            key(figure, pen, (inner, CHARTS + 41.0), room),
            placed(&figure.svg, (x + 7.0, CHARTS + 52.0), drawn),
        ]
        .concat()
    };
    let drawn = all.iter().zip(0_u8..).map(card);
    // Charts are smaller here than on the page, and their words must be read all the same.
    let larger = "<style>svg .chart text { font-size: 14px; }</style>\n".to_owned();
    std::iter::once(larger).chain(drawn).collect()
}

/// Of ink and of ground, as on the page.
fn colours(tone: Tone) -> (&'static str, &'static str) {
    match tone {
        Tone::Good => ("good", "good-soft"),
        Tone::Warn => ("warn", "warn-soft"),
        Tone::Bad => ("bad", "bad-soft"),
        Tone::Quiet => ("quiet", "card"),
        Tone::Plain => ("ink", "card"),
    }
}
