//! The page itself: one file with its own style and script, which loads nothing but its events.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("../../reports/live.html");
const LOOK: &str = include_str!("../../reports/style.css");
const OWN_LOOK: &str = include_str!("../../reports/live.css");
const SCRIPT: &str = include_str!("../../reports/live.js");

/// A page and what a browser may do with it.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// HTML.
    pub(super) text: String,
    /// The `Content-Security-Policy`: this style and this script, by their hashes, and its events.
    pub(super) policy: String,
}

impl Page {
    /// The page, which is the same for all runs: figures and names come as events.
    pub(super) fn new() -> Self {
        let style = format!("{LOOK}{OWN_LOOK}");
        let policy = format!(
            "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(&style),
            hash(SCRIPT),
        );
        let text = PAGE.replace("/* style */", &style).replace("/* script */", SCRIPT);
        Self { text, policy }
    }
}

/// How a policy names an inline text.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_what_stands_in_the_page() {
        let page = Page::new();
        for (tag, directive) in [("style", "style-src"), ("script", "script-src")] {
            let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
            assert_eq!(page.text.matches(&open).count(), 1, "{tag}");
            assert_eq!(page.text.matches(&close).count(), 1, "{tag}");
            let inner = page.text.split_once(&open).unwrap().1.split_once(&close).unwrap().0;
            let want = format!("{directive} {};", hash(inner));
            assert!(page.policy.contains(&want), "{want} is not in {}", page.policy);
        }
        assert!(!page.policy.contains("unsafe"), "{}", page.policy);
    }

    #[test]
    fn nothing_in_the_page_is_made_of_markup_or_from_elsewhere() {
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
        let named = Page::new().text.replace("http://www.w3.org/2000/svg", "");
        assert!(!named.contains("http://") && !named.contains("https://"));
    }
}
