//! What a picture is put together from: texts and areas. All text goes through here, and is escaped
//! here.

use super::style::{colour, rules};
use crate::report::foreign::clean;

/// How a text is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Font {
    size: f64,
    /// Name of a colour of the page.
    colour: &'static str,
    weight: &'static str,
    anchor: &'static str,
}

impl Font {
    /// Plain letters that begin where they are put.
    pub(super) const fn of(size: f64, colour: &'static str) -> Self {
        Self { size, colour, weight: "400", anchor: "start" }
    }

    pub(super) const fn bold(self) -> Self {
        Self { weight: "700", ..self }
    }

    /// It ends where it is put.
    pub(super) const fn to_the_left(self) -> Self {
        Self { anchor: "end", ..self }
    }

    /// One line of text with the left end of its base line, or the right one, at a point.
    pub(super) fn set(self, (x, y): (f64, f64), text: &str) -> String {
        let Self { size, weight, anchor, .. } = self;
        let (fill, text) = (colour(self.colour), escaped(&clean(text)));
        format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" style=\"font-family: system-ui, sans-serif; \
             font-size: {size}px; font-weight: {weight}; fill: {fill}; \
             text-anchor: {anchor}\">{text}</text>\n"
        )
    }
}

/// An area: its left upper corner and its size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    /// The area in a colour of the page.
    pub(super) fn filled(self, name: &str) -> String {
        let Self { x, y, width, height } = self;
        format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill=\"{}\"/>\n",
            colour(name)
        )
    }

    /// A card as on the page: light, with a thin edge and round corners.
    pub(super) fn card(self) -> String {
        let Self { x, y, width, height } = self;
        format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"6\" \
             fill=\"{}\" stroke=\"{}\"/>\n",
            colour("card"),
            colour("line")
        )
    }
}

/// A whole drawing of this size, with its title for those who don't see it.
pub(super) fn sheet((width, height): (f64, f64), title: &str, parts: &[String]) -> String {
    let all = Area { x: 0.0, y: 0.0, width, height };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<title>{}</title>\n<style>\n{}</style>\n{}{}</svg>\n",
        escaped(&clean(title)),
        rules(),
        all.filled("page"),
        parts.concat()
    )
}

/// Text that can't become markup; what XML 1.0 (section 2.2) has no place for is replaced.
fn escaped(text: &str) -> String {
    let mut own = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => own.push_str("&amp;"),
            '<' => own.push_str("&lt;"),
            '>' => own.push_str("&gt;"),
            '"' => own.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => own.push(char::REPLACEMENT_CHARACTER),
            _ => own.push(letter),
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let set = Font::of(12.0, "ink").set((1.0, 2.0), "</text><image href='x'/>&amp;\0\u{ffff}");
        assert!(
            set.ends_with(
                "\">&lt;/text&gt;&lt;image href='x'/&gt;&amp;amp;\\u{0}\u{fffd}</text>\n"
            )
        );
    }
}
