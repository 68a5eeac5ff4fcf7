//! The fields that every head may point at (RFC 7541, appendix A).

/// Name and value of each, the first of which has the number 1.
pub(super) const STATICS: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// The field with a number.
#[inline]
pub(super) fn get(number: usize) -> Option<(&'static str, &'static str)> {
    STATICS.get(number.checked_sub(1)?).copied()
}

/// The number of the first field with a name, and that of the one with this value, if they are
/// there.
pub(super) fn find(name: &str, value: &str) -> (Option<usize>, Option<usize>) {
    let numbered = || (1..).zip(STATICS.iter()).filter(|(_, (known, _))| *known == name);
    let named = numbered().next().map(|(number, _)| number);
    // Only fields of these kinds have values, but for one.
    let whole = numbered().find(|(_, (_, known))| !known.is_empty() && *known == value);
    (named, whole.map(|(number, _)| number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name_and_by_both() {
        assert_eq!(get(1), Some((":authority", "")));
        assert_eq!(get(61), Some(("www-authenticate", "")));
        assert_eq!((get(0), get(62)), (None, None));
        assert_eq!(find(":method", "POST"), (Some(2), Some(3)));
        assert_eq!(find(":method", "PUT"), (Some(2), None));
        assert_eq!(find("accept-encoding", "gzip, deflate"), (Some(16), Some(16)));
        assert_eq!(find("cookie", ""), (Some(32), None));
        assert_eq!(find("x-own", "1"), (None, None));
    }
}
