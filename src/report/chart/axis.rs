//! The area of a chart, and where values stand in it.

use crate::units::{Nanos, format_nanos};

/// Width of every drawing.
pub(super) const WIDTH: f64 = 480.0;

/// Height of every drawing.
pub(super) const HEIGHT: f64 = 200.0;

pub(super) const LEFT: f64 = 58.0;
const RIGHT: f64 = 30.0;
pub(super) const TOP: f64 = 14.0;
const BOTTOM: f64 = 28.0;

/// How values become places.
#[derive(Clone, Copy, Debug)]
pub(super) enum Axis {
    /// Equal steps for equal differences, from zero on.
    Linear {
        /// The value at the end.
        to: f64,
    },
    /// Equal steps for equal factors.
    Log {
        /// The value at the beginning, above zero.
        from: f64,
        /// The value at the end.
        to: f64,
    },
}

/// The area of a chart with its two axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) across: Axis,
    pub(super) up: Axis,
}

impl Axis {
    /// From zero to a round number not below `highest`.
    pub(super) fn to_round(highest: f64) -> Self {
        Self::Linear { to: nice(highest) }
    }

    /// Where a value stands: 0 at the beginning, 1 at the end, and never beyond.
    pub(super) fn share(self, value: f64) -> f64 {
        let share = match self {
            Self::Linear { to } => value / to,
            Self::Log { from, to } => (value / from).ln() / (to / from).ln(),
        };
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }

    /// The values that are written beside it.
    pub(super) fn ticks(self) -> Vec<f64> {
        match self {
            Self::Linear { to } => [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| share * to).to_vec(),
            Self::Log { from, to } => {
                let decades = (to / from).log10();
                let each: &[f64] = if decades > 2.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
                let first = from.log10().floor();
                let tens = (0..=12).map(|at| 10.0_f64.powf(first + f64::from(at)));
                let all = tens.flat_map(|ten| each.iter().map(move |step| step * ten));
                let near = 1e-9;
                all.filter(|at| *at >= from * (1.0 - near) && *at <= to * (1.0 + near)).collect()
            }
        }
    }
}

impl Frame {
    /// A wide and low one, as for time.
    pub(super) fn wide(across: Axis, up: Axis) -> Self {
        Self { width: WIDTH, height: HEIGHT, across, up }
    }

    pub(super) fn right(&self) -> f64 {
        self.width - RIGHT
    }

    pub(super) fn bottom(&self) -> f64 {
        self.height - BOTTOM
    }

    /// The place of a value of the horizontal axis.
    pub(super) fn x(&self, value: f64) -> f64 {
        LEFT + self.across.share(value) * (self.right() - LEFT)
    }

    /// The place of a value of the vertical axis.
    pub(super) fn y(&self, value: f64) -> f64 {
        self.bottom() - self.up.share(value) * (self.bottom() - TOP)
    }

    /// Lines and words of the vertical axis.
    pub(super) fn levels(&self, word: &dyn Fn(f64) -> String) -> Vec<String> {
        let (left, right, beside) = (LEFT, self.right(), LEFT - 6.0);
        let level = |value: f64| {
            let (y, text) = (self.y(value), word(value));
            let below = y + 4.0;
            format!(
                "<line class=\"grid\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
                 <text class=\"y\" x=\"{beside}\" y=\"{below:.1}\">{text}</text>"
            )
        };
        self.up.ticks().into_iter().map(level).collect()
    }

    /// Words below the horizontal axis.
    pub(super) fn words(&self, words: &[(f64, String)]) -> Vec<String> {
        let y = self.height - 8.0;
        let word = |(value, text): &(f64, String)| {
            let x = self.x(*value);
            format!("<text class=\"x\" x=\"{x:.1}\" y=\"{y}\">{text}</text>")
        };
        words.iter().map(word).collect()
    }

    /// The horizontal axis as time since the start, in seconds.
    pub(super) fn seconds(&self) -> Vec<String> {
        let moment = |value: f64| (value, format_nanos(Nanos::from_secs_f64(value)));
        self.words(&self.across.ticks().into_iter().map(moment).collect::<Vec<_>>())
    }
}

/// The next number upwards that people like on an axis: 1, 2, 4 or 8 with zeros.
fn nice(value: f64) -> f64 {
    if value.is_nan() || value <= 0.0 {
        return 1.0;
    }
    let ten = 10.0_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 4.0, 8.0].map(|step| step * ten);
    steps.into_iter().find(|step| *step >= value).unwrap_or(ten * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let close = |value: f64, want: f64| (nice(value) - want).abs() < want * 1e-9;
        assert!(close(0.0, 1.0) && close(f64::NAN, 1.0));
        assert!(close(93.0, 100.0) && close(3.1e6, 4e6) && close(8.5, 10.0));
    }

    #[test]
    fn equal_factors_are_equally_far_on_a_logarithmic_axis() {
        let axis = Axis::Log { from: 1e3, to: 1e6 };
        assert!((axis.share(1e4) - 1.0 / 3.0).abs() < 1e-12);
        let ends = [0.0, 1.0, 1e9].map(|value| axis.share(value) > 0.5);
        assert_eq!(ends, [false, false, true]);
        let ticks: Vec<f64> = axis.ticks().iter().map(|tick| tick.round()).collect();
        assert_eq!(ticks, [1e3, 1e4, 1e5, 1e6]);
        let short = Axis::Log { from: 1e3, to: 1e4 };
        assert_eq!(short.ticks().len(), 4);
    }
}
