//! A chart of the page with everything that it needs to stand alone.

use super::paper::{Font, sheet};
use super::pen::Pen;
use super::{Figure, SIZE};
use crate::report::chart::placed;

/// Left of title and key, and kept free at the right.
const MARGIN: f64 = 14.0;

/// What is above the drawing.
const HEAD: f64 = 50.0;

const TITLE: Font = Font::of(14.0, "ink").bold();
const WORD: Font = Font::of(12.0, "quiet");

/// The chart with its title and its key as one drawing.
pub(super) fn draw(figure: &Figure, pen: &Pen) -> String {
    let (width, height) = SIZE;
    let title = pen.cut(&figure.title, TITLE, width - 2.0 * MARGIN);
    let parts = [
        TITLE.set((MARGIN, 24.0), &title),
        key(figure, pen, (MARGIN, 42.0), width - 2.0 * MARGIN),
        placed(&figure.svg, (0.0, HEAD), width),
    ];
    sheet((width, height + HEAD), &figure.title, &parts)
}

/// What the colours stand for, beside each other from a point on; what has no room is left out.
pub(super) fn key(figure: &Figure, pen: &Pen, (left, y): (f64, f64), room: f64) -> String {
    let mut parts = String::new();
    let mut x = left;
    for (class, word) in &figure.key {
        let (begins, middle) = (x + 19.0, y - 4.0);
        let ends = begins + pen.width(word, WORD);
        if ends > left + room {
            break;
        }
        let to = x + 13.0;
        let line = format!(
            "<path class=\"{class}\" d=\"M{x:.1} {middle:.1}H{to:.1}\" \
             style=\"stroke-width: 3\"/>\n"
        );
        parts.extend([line, WORD.set((begins, y), word)]);
        x = ends + 16.0;
    }
    parts
}
