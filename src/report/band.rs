//! A figure with its interval, drawn against the three lines of the policy as inline SVG: made of
//! numbers only, so no text of a stranger gets into it. It says nothing that is not printed beside
//! it, so readers of a screen are not told of it.

use serde::{Serialize, Serializer};

use crate::record::Lines;
use crate::stats::estimate::Estimate;
use crate::units::Ratio;

const WIDTH: f64 = 132.0;
const HEIGHT: f64 = 18.0;
const MIDDLE: f64 = HEIGHT / 2.0;

/// Half the width of the dot; no dot stands nearer to an end.
const DOT: f64 = 3.6;

/// The axis goes as far beyond the last line, as a share of its distance from "no change".
const BEYOND: f64 = 1.35;

/// And as far to the other side, where nothing is decided.
const BELOW: f64 = -0.6;

/// A figure on an axis with three lines.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Band {
    value: f64,
    /// `None` where nothing is known of the spread.
    interval: Option<(f64, f64)>,
    lines: [f64; 3],
    ends: (f64, f64),
}

impl Band {
    /// A ratio on a logarithmic axis: twice and half are equally far from no change. `None` when
    /// there is nothing to draw.
    pub(super) fn of_ratio(value: f64, interval: Option<(f64, f64)>, lines: Lines) -> Option<Self> {
        let log = f64::ln;
        let lines = [lines.go, lines.no_go, lines.rollback].map(|Ratio(line)| line.ln_1p());
        let last = lines.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let interval = interval.map(|(low, high)| (log(low), log(high)));
        Self { value: log(value), interval, lines, ends: (BELOW * last, BEYOND * last) }.drawable()
    }

    /// A share from zero on. `None` when there is nothing to draw.
    pub(super) fn of_share(share: &Estimate, lines: Lines) -> Option<Self> {
        let lines = [lines.go, lines.no_go, lines.rollback].map(|Ratio(line)| line);
        let last = lines.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let interval = Some((share.low, share.high));
        Self { value: share.value, interval, lines, ends: (0.0, BEYOND * last) }.drawable()
    }

    fn drawable(mut self) -> Option<Self> {
        self.interval = self.interval.filter(|(low, high)| !low.is_nan() && !high.is_nan());
        (!self.value.is_nan()).then_some(self)
    }

    /// Where a value stands; what is beyond an end stands at it.
    fn across(&self, value: f64) -> f64 {
        let (from, to) = self.ends;
        WIDTH * (value.clamp(from, to) - from) / (to - from)
    }

    fn draw(&self) -> String {
        let [go, no_go, rollback] = self.lines.map(|line| self.across(line));
        let zone = |class: &str, from: f64, to: f64| {
            let width = (to - from).max(0.0);
            format!(
                "<rect class=\"{class}\" x=\"{from:.1}\" width=\"{width:.1}\" height=\"{HEIGHT}\"/>"
            )
        };
        let zero = self.across(0.0);
        let mut parts = vec![
            format!("<svg class=\"band\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\">"),
            zone("go", 0.0, go),
            zone("hold", go, no_go),
            zone("no-go", no_go, rollback),
            zone("rollback", rollback, WIDTH),
            format!("<path class=\"zero\" d=\"M{zero:.1} 0V{HEIGHT}\"/>"),
        ];
        parts.extend(self.interval.map(|interval| self.range(interval)));
        let class = if self.interval.is_some() { "dot" } else { "dot open" };
        let x = self.across(self.value).clamp(DOT, WIDTH - DOT);
        parts
            .push(format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{MIDDLE}\" r=\"{DOT}\"/>"));
        parts.push("</svg>".to_owned());
        parts.concat()
    }

    /// The line of the interval: a bar at an end that is seen, an arrow at one that is not.
    fn range(&self, (low, high): (f64, f64)) -> String {
        let (left, right) = (self.across(low), self.across(high));
        let end = |x: f64, hidden: bool, inwards: f64| {
            let (top, bottom) = (MIDDLE - 4.0, MIDDLE + 4.0);
            let back = x + inwards;
            if hidden {
                format!("M{back:.1} {top}L{x:.1} {MIDDLE}L{back:.1} {bottom}")
            } else {
                format!("M{x:.1} {top}V{bottom}")
            }
        };
        let (from, to) = self.ends;
        let (low, high) = (end(left, low < from, 4.0), end(right, high > to, -4.0));
        format!("<path class=\"range\" d=\"M{left:.1} {MIDDLE}H{right:.1}{low}{high}\"/>")
    }
}

/// What is drawn beside a figure.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Drawing {
    /// A change or a share against its lines.
    Band(Band),
    /// A bar from nothing to one.
    Share(f64),
}

impl From<Band> for Drawing {
    fn from(band: Band) -> Self {
        Self::Band(band)
    }
}

/// A page gets the drawing.
impl Serialize for Drawing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&match self {
            Self::Band(band) => band.draw(),
            Self::Share(share) => bar(*share),
        })
    }
}

/// A bar on the ground of a whole one.
fn bar(share: f64) -> String {
    let length = WIDTH * if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
    format!(
        "<svg class=\"band\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\">\
         <rect class=\"go\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\
         <rect class=\"share\" width=\"{length:.1}\" height=\"{HEIGHT}\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(value: f64, low: f64, high: f64) -> Band {
        Band::of_ratio(value, Some((low, high)), Lines::CHANGE).unwrap()
    }

    #[test]
    fn lines_and_values_rise_from_left_to_right() {
        let band = band(1.031, 0.992, 1.072);
        let stands = [0.9_f64, 1.0, 1.1, 1.2, 1.5].map(|ratio| band.across(ratio.ln()));
        assert!(stands.is_sorted(), "{stands:?}");
        assert!(0.0 < stands[0] && stands[4] < WIDTH);
    }

    #[test]
    fn what_is_beyond_an_end_is_an_arrow_and_no_number_is_lost() {
        let far = band(9.0, 0.0, f64::INFINITY).draw();
        assert!(far.contains(&format!("M4.0 5L0.0 9L4.0 13M{:.1} 5", WIDTH - 4.0)), "{far}");
        assert!(!far.contains("inf") && !far.contains("NaN"), "{far}");
        assert!(!band(1.0, 0.95, 1.05).draw().contains('L'));
    }

    #[test]
    fn an_unknown_spread_is_an_open_dot_and_no_value_is_no_drawing() {
        let open = Band::of_ratio(1.2, None, Lines::CHANGE).unwrap().draw();
        assert!(open.contains("dot open") && !open.contains("range"));
        assert_eq!(Band::of_ratio(f64::NAN, None, Lines::CHANGE), None);
    }

    #[test]
    fn lines_that_fall_together_are_drawn_without_negative_width() {
        let none = Lines { go: Ratio(0.0), no_go: Ratio(0.0), rollback: Ratio(0.0) };
        for drawn in [
            Band::of_ratio(1.2, Some((1.1, 1.3)), none).unwrap().draw(),
            Band::of_share(&Estimate { value: 0.0, low: 0.0, high: 0.0, n: 0 }, none)
                .unwrap()
                .draw(),
        ] {
            assert!(!drawn.contains("=\"-") && !drawn.contains("NaN"), "{drawn}");
        }
    }
}
