//! Pictures for chat and slides: a summary on one page, and each chart by itself, as SVG and as PNG.
//!
//! The fonts travel with the program and those of the system are never asked, so one document is
//! the same bytes on every machine. Text from strangers is escaped, and cut to its place.

mod chart;
mod paper;
mod pen;
mod style;
mod summary;

use pen::Pen;

use super::RenderError;
use super::chart::SIZE;
use super::document::Document;
use super::figure::{self, Figure};

/// Pixels for each unit of a drawing: sharp on dense screens and on a projector.
const SCALE: u16 = 2;

/// Of a title no more characters than this become a file's name.
const MOST_OF_A_NAME: usize = 60;

/// One chart that stands alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// A name for its files, without an ending: lower-case ASCII letters, digits and hyphens, and
    /// another one for each chart of a document.
    pub name: String,
    /// As SVG, which needs no other file; its text is set in the reader's own font.
    pub svg: String,
    /// As PNG, 960 pixels wide.
    pub png: Vec<u8>,
}

/// What a document says on one page, as PNG of 2400 by 1350 pixels: verdict, what was asked, three
/// charts.
pub fn summary(document: &Document) -> Result<Vec<u8>, RenderError> {
    let pen = Pen::new();
    pen.png(&summary::draw(document, &pen), SCALE).map_err(|fault| RenderError::picture(&fault))
}

/// The same as SVG.
pub fn summary_svg(document: &Document) -> String {
    summary::draw(document, &Pen::new())
}

/// Each chart of the report, in the order of the page.
pub fn charts(document: &Document) -> Result<Vec<Picture>, RenderError> {
    let pen = Pen::new();
    let figures = figure::pictures(document).into_iter().chain(figure::charts(document));
    let picture = |(at, figure): (usize, Figure)| {
        let svg = chart::draw(&figure, &pen);
        let png = pen.png(&svg, SCALE).map_err(|fault| RenderError::picture(&fault))?;
        Ok(Picture { name: name(at + 1, &figure.title), svg, png })
    };
    figures.enumerate().map(picture).collect()
}

/// `02-response-time-over-the-run`: what a stranger named can't lead out of a folder.
fn name(number: usize, title: &str) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }
    };
    let plain: String = title.chars().take(MOST_OF_A_NAME).map(plain).collect();
    let words = plain.split('-').filter(|word| !word.is_empty()).map(str::to_owned);
    let parts: Vec<String> = std::iter::once(format!("{number:02}")).chain(words).collect();
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_plain_whatever_a_chart_is_called() {
        assert_eq!(name(2, "Response time over the run"), "02-response-time-over-the-run");
        assert_eq!(name(11, "../../etc/passwd\0 \u{202e}"), "11-etc-passwd");
        assert_eq!(name(3, "…/…"), "03");
        assert!(name(3, &"a".repeat(10_000)).len() < 70);
    }
}
