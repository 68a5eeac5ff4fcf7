//! Lines for people, without their secrets.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};

/// The longest sample, in characters.
pub const MAX_SAMPLE: usize = 500;

/// What stands where a secret was.
const MASKED: &str = "***";

/// Secrets as they come in logs, and what is put in their place. What goes first sees the line as
/// it was.
const SECRETS: [(&str, &str); 9] = [
    // The colours of a console are no secret: they only make a sample unreadable.
    (r"\x1b\[[0-9;?]*[ -/]*[@-~]", ""),
    // A password in an address; one that is written as it is can hold any sign but a space.
    (r#"([a-z][a-z0-9+.-]*://[^\s/:@"']*):[^\s"']*@"#, "$1:***@"),
    // RFC 9110, section 11.4, and RFC 6265: the line is the header, or quotes end it.
    (r#"\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s*[:=]\s*["']?)[^"'\r\n]+"#, "$1$2***"),
    (r#"\b(bearer|basic)\s+[^\s"',;]+"#, "$1 ***"),
    // RFC 7519: a JSON object in base64 begins with `eyJ`.
    (r"\beyJ[a-z0-9_-]+\.[a-z0-9_-]*(?:\.[a-z0-9_-]*)?", MASKED),
    (
        r#"([a-z0-9_.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|session[_-]?id)[a-z0-9_-]*\\?["']?\s*[:=]\s*)(?:\\?"(?:[^"\\]|\\[^"])*\\?"?|'[^']*'?|[^\s,;&"'}\])]+)"#,
        "$1***",
    ),
    (r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", MASKED),
    (r"\b(?:gh[pousr]_|github_pat_|sk_live_|sk_test_|xox[abpr]-)[a-z0-9_-]{10,}", MASKED),
    // Whose mailbox it is says more than a report needs.
    (r"\b[a-z0-9._%+-]+@((?:[a-z0-9-]+\.)+[a-z]{2,})\b", "***@$1"),
];

/// Takes secrets out of lines.
#[derive(Debug)]
pub struct Masks(Vec<(Regex, &'static str)>);

impl Default for Masks {
    fn default() -> Self {
        Self::new()
    }
}

impl Masks {
    /// All masks, compiled.
    pub fn new() -> Self {
        let compiled = SECRETS.into_iter().filter_map(|(pattern, with)| {
            let regex = RegexBuilder::new(pattern).case_insensitive(true).build().ok()?;
            Some((regex, with))
        });
        Self(compiled.collect())
    }

    /// A line as it may be stored and shown: without passwords, tokens, cookies and the names of
    /// mailboxes, at most [`MAX_SAMPLE`] characters, what is no text or no visible character as
    /// `�`.
    pub fn sample(&self, line: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(line);
        for (secret, with) in &self.0 {
            if let Cow::Owned(masked) = secret.replace_all(&text, *with) {
                text = Cow::Owned(masked);
            }
        }
        let visible = |character: char| match character {
            '\t' => ' ',
            _ if character.is_control() => char::REPLACEMENT_CHARACTER,
            _ => character,
        };
        let mut characters = text.trim().chars().map(visible);
        let mut sample: String = characters.by_ref().take(MAX_SAMPLE).collect();
        if characters.next().is_some() {
            sample.pop();
            sample.push('…');
        }
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, want: &str) {
        assert_eq!(Masks::new().sample(line.as_bytes()), want);
    }

    #[test]
    fn every_mask_is_a_pattern() {
        assert_eq!(Masks::new().0.len(), SECRETS.len());
    }

    #[test]
    fn secrets_are_taken_out() {
        check(
            "can't reach postgres://app:s3cr@t/9@db:5432/shop?x=1",
            "can't reach postgres://app:***@db:5432/shop?x=1",
        );
        check("Authorization: Bearer abc.def", "Authorization: ***");
        check("sent bearer abc.def, got 401", "sent bearer ***, got 401");
        check("got eyJhbGciOi.eyJzdWIi.SflKxw_-x!", "got ***!");
        check("Set-Cookie: session=abc; Path=/", "Set-Cookie: ***");
        check(r#"{"cookie":"a=b; c=d","n":1}"#, r#"{"cookie":"***","n":1}"#);
        check("password=hunter2 user=me", "password=*** user=me");
        check("DB_PASSWORD: 'a b c', x", "DB_PASSWORD: ***, x");
        check(
            r#"{"apiKey":"k-1","password":"a\"b","n":1}"#,
            r#"{"apiKey":***,"password":***b","n":1}"#,
        );
        check("?token=abc&page=2", "?token=***&page=2");
        check("key AKIAIOSFODNN7EXAMPLE used", "key *** used");
        check("mail to jane.doe+x@example.org failed", "mail to ***@example.org failed");
        check("no secret: 5 of 7 passwords changed", "no secret: *** of 7 passwords changed");
    }

    #[test]
    fn what_is_no_text_is_shown_as_such() {
        check("\x1b[31merror\x1b[0m\tx\u{7}", "error x\u{fffd}");
        assert_eq!(Masks::new().sample(b"\xff\xfeab\0c\r"), "\u{fffd}\u{fffd}ab\u{fffd}c");
        let long = Masks::new().sample("ä".repeat(MAX_SAMPLE + 1).as_bytes());
        assert_eq!(long.chars().count(), MAX_SAMPLE);
        assert!(long.ends_with("ä…"));
    }
}
