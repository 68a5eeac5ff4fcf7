//! The headers of an answer, where they lie.

/// One header: its name as it came, and its value without the space around it.
pub use httparse::Header;

use super::seen::Known;

/// The headers of an answer, borrowed from where they lie.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a>(Source<'a>);

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    /// In the bytes that came.
    List(&'a [Header<'a>]),
    /// In a head that is remembered.
    Known(&'a Known),
}

impl Default for Headers<'_> {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl<'a> Headers<'a> {
    /// The headers in a list.
    pub fn new(list: &'a [Header<'a>]) -> Self {
        Self(Source::List(list))
    }

    /// The headers of a head that is remembered.
    pub(super) fn known(known: &'a Known) -> Self {
        Self(Source::Known(known))
    }

    /// All of them, in the order in which they came.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let (list, known) = self.parts();
        let listed = list.iter().map(|header| (header.name, header.value));
        listed.chain(known.into_iter().flat_map(Known::headers))
    }

    /// The values of one header; names are compared without regard to case (RFC 9110,
    /// section 5.1).
    pub fn all(self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let (list, known) = self.parts();
        let listed = list.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        let known = known.into_iter().flat_map(|known| known.values(name));
        listed.map(|header| header.value).chain(known)
    }

    /// Those in a list and those of a head that is remembered: one of the two has some.
    fn parts(self) -> (&'a [Header<'a>], Option<&'a Known>) {
        match self.0 {
            Source::List(list) => (list, None),
            Source::Known(known) => (&[], Some(known)),
        }
    }

    /// The values of one header that are text.
    pub fn texts(self, name: &str) -> impl Iterator<Item = &'a str> {
        self.all(name).filter_map(|value| std::str::from_utf8(value).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_by_any_spelling_and_in_order() {
        let list = [
            Header { name: "Set-Cookie", value: b"a=1" },
            Header { name: "Location", value: b"/\xff" },
            Header { name: "set-cookie", value: b"b=2" },
        ];
        let headers = Headers::new(&list);
        assert_eq!(headers.all("SET-COOKIE").collect::<Vec<_>>(), [b"a=1", b"b=2"]);
        assert_eq!(headers.texts("location").count(), 0);
        assert_eq!(headers.iter().count(), 3);
    }
}
