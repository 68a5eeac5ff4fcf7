//! What a baseline may be called.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The name of a baseline: 1 to 100 letters, digits, `.`, `_`, `-` and `+`, beginning with a
/// letter or digit. So it can be a file name and an argument as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BaselineName(String);

/// A text that can't be the name of a baseline.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` cannot be the name of a baseline")]
pub struct BaselineNameError {
    /// What was written, cut after [`BaselineName::LONGEST`] characters.
    pub text: String,
}

impl BaselineName {
    /// The most characters of a name: file systems take 255 bytes with the ending.
    pub const LONGEST: usize = 100;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl BaselineNameError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        format!(
            "use 1 to {} letters, digits, `.`, `_`, `-` and `+`, and begin with a letter or digit: \
             `prisma-6.19`",
            BaselineName::LONGEST,
        )
    }
}

impl FromStr for BaselineName {
    type Err = BaselineNameError;

    fn from_str(text: &str) -> Result<Self, BaselineNameError> {
        let fits = text.len() <= Self::LONGEST
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c));
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err(BaselineNameError { text: text.chars().take(Self::LONGEST).collect() })
    }
}

impl fmt::Display for BaselineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_fits_a_file_and_an_argument() {
        let long = "x".repeat(BaselineName::LONGEST);
        for good in ["a", "7", "prisma-6.19", "Next.js_15+rsc", long.as_str()] {
            assert_eq!(good.parse::<BaselineName>().unwrap().to_string(), good);
        }
        let longer = format!("{long}x");
        for bad in ["", "-rf", ".", "..", "a/b", "a b", "ä", "a\n", "a\\b", longer.as_str()] {
            let error = bad.parse::<BaselineName>().unwrap_err();
            assert!(error.to_string().chars().count() < 150, "{error}");
            assert!(error.hint().contains("`prisma-6.19`"));
        }
    }
}
