//! What a pattern matches at most, within one line and without looking around.

use regex_syntax::hir::{
    Capture, Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind,
    Literal,
};

/// A looser pattern: whatever `hir` matches in a line, this matches in the same line of a whole
/// block.
///
/// What `hir` asks of the surroundings (`^`, `\b`) it does not ask: in a block the surroundings
/// are others, and where words begin and end in Unicode costs the quick search its speed. It
/// matches no line end, so that a search for it never runs on through the lines of a block.
pub(super) fn loose(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Hir::empty(),
        HirKind::Literal(Literal(bytes)) if bytes.contains(&b'\n') => Hir::fail(),
        HirKind::Literal(Literal(bytes)) => Hir::literal(bytes.clone()),
        HirKind::Class(Class::Bytes(class)) => {
            let mut class = class.clone();
            class.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]));
            Hir::class(Class::Bytes(class))
        }
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Repetition(repetition) => Hir::repetition(repetition.with(loose(&repetition.sub))),
        HirKind::Capture(Capture { sub, .. }) => loose(sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(loose).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(loose).collect()),
    }
}

#[cfg(test)]
mod tests {
    use regex_syntax::ParserBuilder;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, want: &str) {
        let hir = ParserBuilder::new().utf8(false).build().parse(pattern).unwrap();
        assert_eq!(loose(&hir).to_string(), want, "{pattern}");
    }

    #[test]
    fn surroundings_and_line_ends_are_left_out() {
        check(r"^\bab\b$", "(?:ab)");
        check(r"(?:a|\z)b", "(?:a?b)");
        check(r"(?P<n>a)+", "(?:a)+");
        check("a\nb", r"[a&&b]");
    }

    #[test]
    fn no_class_of_it_has_a_line_end() {
        for pattern in [r"a[^b]c", r"a\sc", r"(?s)a.c", r"(?s-u)a.c", r"a\Wc", r"(?s-u:a.)+c"] {
            let hir = ParserBuilder::new().utf8(false).build().parse(pattern).unwrap();
            let regex = regex::bytes::Regex::new(&loose(&hir).to_string()).unwrap();
            assert!(!regex.is_match(b"a\nc"), "{pattern}");
            assert!(regex.is_match(b"a c"), "{pattern}");
        }
    }
}
