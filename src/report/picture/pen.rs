//! Letters and pixels: how wide a text is, and what a drawing looks like.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{self, Options, Tree};
use thiserror::Error;

use super::paper::Font;

/// The family that both fonts belong to.
const FAMILY: &str = "DejaVu Sans";

/// What is said at the end of a text that was cut.
const MORE: &str = "…";

/// No text in a picture has room for more; a hostile one is not measured to its end.
const MOST_CHARACTERS: usize = 600;

/// A drawing that can't become a picture, which is a fault of ours.
#[derive(Debug, Error)]
pub(super) enum Fault {
    /// It is no SVG: something that was put into it was not escaped.
    #[error("the drawing can't be read: {0}")]
    Drawing(#[from] usvg::Error),
    /// It has no size that a picture can have.
    #[error("a picture can't have this size: {0} by {1}")]
    Size(u32, u32),
    /// The picture can't be written as PNG.
    #[error("the picture can't be encoded: {0}")]
    Encoding(String),
}

/// What writes and paints, with its fonts.
pub(super) struct Pen {
    options: Options<'static>,
}

impl Pen {
    /// One with the fonts of the program and no others.
    pub(super) fn new() -> Self {
        let mut fonts = Database::new();
        for font in [dejavu::sans_condensed::regular(), dejavu::sans_condensed::bold()] {
            fonts.load_font_source(Source::Binary(Arc::new(font)));
        }
        fonts.set_sans_serif_family(FAMILY);
        let mut options = Options {
            fontdb: Arc::new(fonts),
            font_family: FAMILY.to_owned(),
            ..Options::default()
        };
        // A picture is made of the document and of nothing else, least of all of files.
        options.image_href_resolver.resolve_string = Box::new(|_, _| None);
        options.image_href_resolver.resolve_data = Box::new(|_, _, _| None);
        Self { options }
    }

    /// The drawing as PNG, with so many pixels for each of its units.
    pub(super) fn png(&self, svg: &str, scale: u16) -> Result<Vec<u8>, Fault> {
        let tree = Tree::from_str(svg, &self.options)?;
        let size = tree.size().to_int_size();
        let [width, height] =
            [size.width(), size.height()].map(|side| side.saturating_mul(scale.into()));
        let mut pixels = Pixmap::new(width, height).ok_or(Fault::Size(width, height))?;
        let scale = f32::from(scale);
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
        pixels.encode_png().map_err(|error| Fault::Encoding(error.to_string()))
    }

    /// How wide a line of text is when it is set.
    pub(super) fn width(&self, text: &str, font: Font) -> f64 {
        if text.trim().is_empty() {
            return 0.0;
        }
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\">{}</svg>",
            font.set((0.0, 0.0), text)
        );
        let tree = Tree::from_str(&svg, &self.options);
        // What can't be measured is taken for too wide, and is left out.
        tree.map_or(f64::INFINITY, |tree| f64::from(tree.root().bounding_box().width()))
    }

    /// The text itself if it fits, and else as much of it as does, with an ellipsis.
    pub(super) fn cut(&self, text: &str, font: Font, room: f64) -> String {
        let letters: Vec<char> = text.chars().take(MOST_CHARACTERS).collect();
        let whole: String = letters.iter().collect();
        if whole.len() == text.len() && self.width(text, font) <= room {
            return whole;
        }
        let cut = |count: usize| {
            let kept: String = letters.iter().take(count).collect();
            format!("{}{MORE}", kept.trim_end())
        };
        let (mut fits, mut beyond) = (0, letters.len() + 1);
        while beyond - fits > 1 {
            let middle = usize::midpoint(fits, beyond);
            if self.width(&cut(middle), font) <= room {
                fits = middle;
            } else {
                beyond = middle;
            }
        }
        cut(fits)
    }

    /// The text in at most `lines` lines, broken between words; what is left over is cut.
    pub(super) fn wrap(&self, text: &str, font: Font, room: f64, lines: usize) -> Vec<String> {
        let text: String = text.chars().take(MOST_CHARACTERS).collect();
        let space = self.width("n n", font) - self.width("nn", font);
        let mut words = text.split_whitespace().peekable();
        let mut done = Vec::new();
        while words.peek().is_some() && done.len() < lines {
            let last = done.len() + 1 == lines;
            let (mut line, mut width) = (Vec::new(), 0.0);
            while let Some(word) = words.peek() {
                let own = self.width(word, font);
                // A word stands alone where it is wider than a line, and is cut there.
                if !line.is_empty() && width + space + own > room {
                    break;
                }
                width += own + if line.is_empty() { 0.0 } else { space };
                line.extend(words.next());
            }
            if last {
                line.extend(words.by_ref());
            }
            done.push(self.cut(&line.join(" "), font, room));
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::picture::paper::Font;

    const FONT: Font = Font::of(14.0, "ink");

    #[test]
    fn every_mark_of_a_report_has_a_letter_in_the_font() {
        let pen = Pen::new();
        let unknown = pen.png(&drawn("\u{e123}"), 1).unwrap();
        for mark in "✓✗?–…≈±×·→›µ∞äß€".chars() {
            assert_ne!(pen.png(&drawn(&mark.to_string()), 1).unwrap(), unknown, "{mark}");
        }
    }

    fn drawn(text: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"30\">{}</svg>",
            FONT.set((2.0, 20.0), text)
        )
    }

    #[test]
    fn what_is_cut_fits() {
        let pen = Pen::new();
        let long = "View farm list of all farms in the neighbourhood".repeat(40);
        for room in [30.0, 100.0, 300.0] {
            let cut = pen.cut(&long, FONT, room);
            assert!(pen.width(&cut, FONT) <= room && cut.ends_with('…'), "{room}: {cut}");
            assert!(pen.width(&cut, FONT) > room - 25.0, "{room}: {cut}");
        }
        assert_eq!(pen.cut("short", FONT, 100.0), "short");
    }

    #[test]
    fn lines_break_between_words_and_the_last_one_is_cut() {
        let pen = Pen::new();
        let lines = pen.wrap("one two three four five six seven eight", FONT, 90.0, 3);
        assert_eq!(lines, ["one two three", "four five six", "seven eight"]);
        let lines = pen.wrap("one two three four five six seven eight", FONT, 90.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].starts_with("four five") && lines[1].ends_with('…'), "{lines:?}");
        let lines = pen.wrap(&format!("a {} b", "w".repeat(99)), FONT, 90.0, 3);
        assert_eq!((lines.len(), lines[0].as_str(), lines[2].as_str()), (3, "a", "b"));
    }
}
