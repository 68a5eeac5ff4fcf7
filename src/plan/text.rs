//! Templates made executable: pieces of text and slots of variables.

use std::fmt::Write as _;
use std::sync::Arc;

use thiserror::Error;

use super::{Dice, View};

/// Where a variable's value lies in a virtual user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(pub usize);

/// The values of one virtual user's variables.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    values: Vec<Option<Arc<str>>>,
}

/// The names that may stand in templates of one journey, and their slots.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    names: Vec<String>,
}

/// How the value of a variable is written into its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As it is.
    Plain,
    /// Percent-encoded for a path segment or a query value (RFC 3986, section 2.3).
    Url,
    /// Inside a JSON string (RFC 8259, section 7).
    Json,
    /// In a header: control characters are refused, because they could start a new header.
    Header,
}

/// A template made executable.
#[derive(Clone, Debug)]
pub struct Text {
    pieces: Box<[Piece]>,
    escape: Escape,
}

#[derive(Clone, Debug)]
pub(super) enum Piece {
    Literal(Arc<str>),
    /// A variable, its name, and what is written when it has no value.
    Slot(Slot, Box<str>, Option<Box<str>>),
    Built(Built),
}

/// Variables that are made, not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Built {
    /// Number of the journey in this run: every journey has another one.
    Sequence,
    /// Number of the virtual user.
    User,
    /// A random UUID, version 4.
    Uuid,
    /// A random number from 0 to 999,999.
    Random,
}

/// A template that can't be written now.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Missing {
    /// The variable has no value: the capture that should have set it found nothing.
    #[error("variable `{0}` has no value")]
    Value(String),
    /// The value holds a control character, which a header can't carry.
    #[error("the value of `{0}` has a control character, which a header can't carry")]
    Control(String),
}

impl Built {
    /// The names of made variables.
    pub(super) const ALL: [(&'static str, Self); 4] = [
        ("seq", Self::Sequence),
        ("user", Self::User),
        ("uuid", Self::Uuid),
        ("random", Self::Random),
    ];
}

impl Scope {
    /// The slot of a name that is known.
    pub fn find(&self, name: &str) -> Option<Slot> {
        self.names.iter().position(|known| known == name).map(Slot)
    }

    /// The slot of a name, which is known from here on.
    pub fn declare(&mut self, name: &str) -> Slot {
        self.find(name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            Slot(self.names.len() - 1)
        })
    }

    /// All names in the order of their slots.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

impl Variables {
    /// Forgets all values.
    pub fn clear(&mut self) {
        self.values.clear();
    }

    /// Gives a variable its value.
    pub fn set(&mut self, slot: Slot, value: Arc<str>) {
        if self.values.len() <= slot.0 {
            self.values.resize(slot.0 + 1, None);
        }
        if let Some(place) = self.values.get_mut(slot.0) {
            *place = Some(value);
        }
    }

    /// Takes a variable's value away.
    pub fn unset(&mut self, slot: Slot) {
        if let Some(place) = self.values.get_mut(slot.0) {
            *place = None;
        }
    }

    /// The value of a variable.
    pub fn get(&self, slot: Slot) -> Option<&Arc<str>> {
        self.values.get(slot.0)?.as_ref()
    }
}

impl Text {
    /// A text of pieces; literals that stand beside each other become one.
    pub(super) fn new(pieces: Vec<Piece>, escape: Escape) -> Self {
        let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match (joined.last_mut(), &piece) {
                (Some(Piece::Literal(before)), Piece::Literal(text)) => {
                    *before = format!("{before}{text}").into();
                }
                (Some(_) | None, _) => joined.push(piece),
            }
        }
        Self { pieces: joined.into(), escape }
    }

    /// A text that is a variable's value.
    pub(super) fn slot(slot: Slot, name: &str) -> Self {
        Self::new(vec![Piece::Slot(slot, name.into(), None)], Escape::Plain)
    }

    /// A text without variables.
    pub fn literal(text: &str) -> Self {
        Self::new(vec![Piece::Literal(text.into())], Escape::Plain)
    }

    /// The text, if it has no variables.
    pub fn as_literal(&self) -> Option<&str> {
        match &*self.pieces {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Writes the text with the values of the moment.
    pub fn write(&self, view: &mut View<'_>, out: &mut String) -> Result<(), Missing> {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Slot(slot, name, default) => {
                    let value = view.variables.get(*slot).map(|value| &**value);
                    match value.or(default.as_deref()) {
                        Some(value) => escape(value, name, self.escape, out)?,
                        None => return Err(Missing::Value(name.to_string())),
                    }
                }
                Piece::Built(built) => build(*built, view, out),
            }
        }
        Ok(())
    }

    /// The text with the values of the moment, to be kept. A text without variables and one that
    /// is nothing but a variable are not copied.
    pub fn value(&self, view: &mut View<'_>) -> Result<Arc<str>, Missing> {
        let kept = match (&*self.pieces, self.escape) {
            ([Piece::Literal(text)], _) => Some(text),
            ([Piece::Slot(slot, _, _)], Escape::Plain) => view.variables.get(*slot),
            _ => None,
        };
        match kept {
            Some(text) => Ok(Arc::clone(text)),
            None => self.render(view).map(Arc::from),
        }
    }

    /// The text with the values of the moment.
    pub fn render(&self, view: &mut View<'_>) -> Result<String, Missing> {
        let mut out = String::new();
        self.write(view, &mut out)?;
        Ok(out)
    }
}

/// Writes a made variable; none of them needs escaping.
fn build(built: Built, view: &mut View<'_>, out: &mut String) {
    // Writing to a string can't fail.
    let written = match built {
        Built::Sequence => write!(out, "{}", view.sequence),
        Built::User => write!(out, "{}", view.user),
        Built::Random => write!(out, "{}", view.dice.below(1_000_000)),
        Built::Uuid => uuid(view.dice, out),
    };
    debug_assert!(written.is_ok(), "a string takes everything");
}

/// RFC 9562, section 5.4: 122 random bits, version 4, variant 10.
fn uuid(dice: &mut Dice, out: &mut String) -> std::fmt::Result {
    let (high, low) = (dice.bits(), dice.bits());
    write!(
        out,
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFF,
        0x8000 | (low >> 48) & 0x3FFF,
        low & 0xFFFF_FFFF_FFFF
    )
}

fn escape(value: &str, name: &str, escape: Escape, out: &mut String) -> Result<(), Missing> {
    match escape {
        Escape::Url => encode_url(value, out),
        Escape::Json => encode_json(value, out),
        Escape::Header if value.chars().any(char::is_control) => {
            return Err(Missing::Control(name.to_owned()));
        }
        Escape::Plain | Escape::Header => out.push_str(value),
    }
    Ok(())
}

/// Percent-encodes all but RFC 3986's unreserved characters.
pub(super) fn encode_url(value: &str, out: &mut String) {
    let reserved =
        |byte: u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'));
    let encode = |byte: u8, out: &mut String| out.extend(['%', hex(byte >> 4), hex(byte & 15)]);
    encode_where(value, out, reserved, encode);
}

/// The inside of a JSON string: what RFC 8259, section 7 asks to be escaped, as `serde_json` does.
pub(super) fn encode_json(value: &str, out: &mut String) {
    let special = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'\\');
    encode_where(value, out, special, |byte, out| match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        0x08 => out.push_str("\\b"),
        0x0C => out.push_str("\\f"),
        _ => {
            out.push_str("\\u00");
            out.extend([byte >> 4, byte & 15].map(|nibble| hex(nibble).to_ascii_lowercase()));
        }
    });
}

/// Copies a text, except for the bytes that are special.
fn encode_where(
    value: &str,
    out: &mut String,
    special: impl Fn(u8) -> bool,
    encode: impl Fn(u8, &mut String),
) {
    let mut start = 0;
    for (at, byte) in value.bytes().enumerate() {
        if special(byte) {
            // Nothing lies between two bytes of one character, which are special both.
            out.push_str(value.get(start..at).unwrap_or_default());
            encode(byte, out);
            start = at + 1;
        }
    }
    out.push_str(value.get(start..).unwrap_or_default());
}

fn hex(nibble: u8) -> char {
    char::from_digit(nibble.into(), 16).unwrap_or('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn render(escape: Escape, value: &str) -> Result<String, Missing> {
        let text = Text::new(
            vec![Piece::Literal("<".into()), Piece::Slot(Slot(0), "x".into(), None)],
            escape,
        );
        let mut variables = Variables::default();
        variables.set(Slot(0), value.into());
        let (mut dice, mut out) = (Dice::new(0, 0), String::new());
        let mut view = View { variables: &mut variables, dice: &mut dice, sequence: 3, user: 1 };
        text.write(&mut view, &mut out).map(|()| out)
    }

    #[test]
    fn a_value_is_escaped_for_its_surroundings() {
        assert_eq!(render(Escape::Plain, "a b"), Ok("<a b".to_owned()));
        assert_eq!(render(Escape::Url, "a/b ü?"), Ok("<a%2Fb%20%C3%BC%3F".to_owned()));
        assert_eq!(render(Escape::Json, "a\"\n\\"), Ok("<a\\\"\\n\\\\".to_owned()));
        assert_eq!(render(Escape::Header, "a\r\nevil: 1"), Err(Missing::Control("x".to_owned())));
    }

    #[test]
    fn a_variable_without_value_is_named() {
        let text = Text::new(vec![Piece::Slot(Slot(4), "farmId".into(), None)], Escape::Plain);
        let (mut variables, mut dice) = (Variables::default(), Dice::new(0, 0));
        let mut view = View { variables: &mut variables, dice: &mut dice, sequence: 0, user: 0 };
        assert_eq!(
            text.render(&mut view).unwrap_err().to_string(),
            "variable `farmId` has no value"
        );
    }

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        let mut out = String::new();
        uuid(&mut Dice::new(1, 1), &mut out).unwrap();
        assert_eq!(out.len(), 36);
        assert_eq!(out.chars().nth(14), Some('4'));
        assert!(out.chars().nth(19).is_some_and(|c| "89ab".contains(c)), "{out}");
    }

    #[test]
    fn what_is_kept_is_not_copied_when_it_need_not_be() {
        let (mut variables, mut dice) = (Variables::default(), Dice::new(0, 0));
        let value: Arc<str> = "v".into();
        variables.set(Slot(0), Arc::clone(&value));
        let mut view = View { variables: &mut variables, dice: &mut dice, sequence: 7, user: 0 };
        let literal = Text::literal("x");
        let both = [literal.value(&mut view).unwrap(), literal.value(&mut view).unwrap()];
        assert!(Arc::ptr_eq(&both[0], &both[1]));
        assert!(Arc::ptr_eq(&Text::slot(Slot(0), "v").value(&mut view).unwrap(), &value));
        let missing = Missing::Value("w".to_owned());
        assert_eq!(Text::slot(Slot(1), "w").value(&mut view), Err(missing));
        let pieces = vec![
            Piece::Literal("a".into()),
            Piece::Literal("b".into()),
            Piece::Built(Built::Sequence),
        ];
        let text = Text::new(pieces, Escape::Plain);
        assert_eq!((&*text.value(&mut view).unwrap(), text.pieces.len()), ("ab7", 2));
        assert_eq!(&*Text::new(Vec::new(), Escape::Plain).value(&mut view).unwrap(), "");
    }

    proptest! {
        #[test]
        fn a_value_in_json_is_escaped_as_serde_json_does(value in "[\\x00-\\x7f€ü😀\"\\\\]*") {
            let mut out = String::new();
            encode_json(&value, &mut out);
            prop_assert_eq!(format!("\"{out}\""), serde_json::Value::from(value).to_string());
        }

        #[test]
        fn a_value_in_a_url_is_unreserved_and_comes_back(value in any::<String>()) {
            let mut out = String::new();
            encode_url(&value, &mut out);
            let mut bytes = Vec::new();
            let mut rest = out.bytes();
            while let Some(byte) = rest.next() {
                bytes.push(if byte == b'%' {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                } else {
                    prop_assert!(byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
                    byte
                });
            }
            prop_assert_eq!(bytes, value.into_bytes());
        }
    }
}
