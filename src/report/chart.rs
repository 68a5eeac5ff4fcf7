//! Charts as SVG, for the page and for pictures: made of numbers only, so no text of a stranger
//! gets into them.
//!
//! Colours are classes of the style sheet. Each chart says in words what it shows, for those who
//! don't see it, and each of its columns has its values as a title, which a pointer brings up.

mod axis;
mod curve;
mod heat;
mod time;

use axis::{Axis, Frame, TOP};
pub(super) use curve::percentiles;
pub(super) use heat::heat;
pub(super) use time::{errors, log_lines, reading, response, throughput};

/// How every drawing begins.
const OPENING: &str = "<svg class=\"chart\"";

/// A drawing as a whole, with its words.
fn svg(frame: &Frame, about: &str, parts: &[String]) -> String {
    let (width, height) = (frame.width, frame.height);
    format!(
        "{OPENING} viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{about}\">{}</svg>",
        parts.concat()
    )
}

/// The size of every drawing, in its own units.
pub(super) const SIZE: (f64, f64) = (axis::WIDTH, axis::HEIGHT);

/// A drawing as a part of another: its left upper corner and its width there.
pub(super) fn placed(drawing: &str, (x, y): (f64, f64), width: f64) -> String {
    let height = width * SIZE.1 / SIZE.0;
    let place =
        format!("{OPENING} x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"");
    drawing.replacen(OPENING, &place, 1)
}

/// Where a pointer finds the values that belong to a stretch of the horizontal axis.
fn column(frame: &Frame, (from, to): (f64, f64), words: &str) -> String {
    let height = frame.bottom() - TOP;
    let width = (to - from).max(0.5);
    format!(
        "<rect class=\"hit\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{width:.1}\" \
         height=\"{height}\"><title>{words}</title></rect>"
    )
}

/// A line through points; it breaks where there is none, and a lone one is a dot.
fn path(class: &str, points: impl Iterator<Item = Option<(f64, f64)>>) -> String {
    let mut commands = String::new();
    let mut pen_is_down = false;
    for point in points {
        let Some((x, y)) = point else {
            pen_is_down = false;
            continue;
        };
        // A line of no length has round ends, and is seen as a dot.
        let command =
            if pen_is_down { format!("L{x:.1} {y:.1}") } else { format!("M{x:.1} {y:.1}h0") };
        commands.push_str(&command);
        pen_is_down = true;
    }
    format!("<path class=\"{class}\" d=\"{commands}\"/>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_stands_in_another_one_where_it_is_put() {
        let frame = Frame::wide(Axis::Linear { to: 1.0 }, Axis::Linear { to: 1.0 });
        let drawn = placed(&svg(&frame, "a line", &[]), (12.0, 48.0), 240.0);
        assert_eq!(
            drawn,
            "<svg class=\"chart\" x=\"12.0\" y=\"48.0\" width=\"240.0\" height=\"100.0\" \
             viewBox=\"0 0 480 200\" role=\"img\" aria-label=\"a line\"></svg>"
        );
    }

    #[test]
    fn a_line_breaks_where_there_is_no_value() {
        let points = [Some((0.5, 1.0)), None, Some((2.5, 2.0)), Some((3.5, 3.0))];
        let drawn = path("p50", points.into_iter());
        assert_eq!(drawn, "<path class=\"p50\" d=\"M0.5 1.0h0M2.5 2.0h0L3.5 3.0\"/>");
    }
}
