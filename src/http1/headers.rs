//! The headers of an answer, where they lie.

/// One header: its name as it came, and its value without the space around it.
pub use httparse::Header;

/// The headers of an answer, borrowed from the bytes that came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    list: &'a [Header<'a>],
}

impl<'a> Headers<'a> {
    /// The headers in a list.
    pub fn new(list: &'a [Header<'a>]) -> Self {
        Self { list }
    }

    /// All of them, in the order in which they came.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.list.iter().map(|header| (header.name, header.value))
    }

    /// The values of one header; names are compared without regard to case (RFC 9110,
    /// section 5.1).
    pub fn all(self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
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
