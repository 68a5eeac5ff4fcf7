//! The version of a stored run, and who can read it.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The version that this build writes.
pub const FORMAT: FormatVersion = FormatVersion { major: 1, minor: 3 };

/// Version of the stored form: the major number breaks readers, the minor one adds fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FormatVersion {
    /// Readers of another major version can't read it.
    pub major: u16,
    /// Readers of an older minor version read it and miss what was added.
    pub minor: u16,
}

/// A stored run that this build can't read.
#[derive(Debug, Error)]
pub enum FormatError {
    /// It was written by a newer loadgate.
    #[error("the run has format {found}, this loadgate reads up to {FORMAT}: use a newer loadgate")]
    Newer {
        /// The version of the stored run.
        found: FormatVersion,
    },
    /// It was written by a loadgate so old that support has ended.
    #[error("the run has format {found}, this loadgate reads {FORMAT}: use an older loadgate")]
    Older {
        /// The version of the stored run.
        found: FormatVersion,
    },
}

impl FormatVersion {
    /// Whether a build that writes [`FORMAT`] can read this version.
    pub fn check_readable(self) -> Result<(), FormatError> {
        match self.major.cmp(&FORMAT.major) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(FormatError::Newer { found: self }),
            std::cmp::Ordering::Less => Err(FormatError::Older { found: self }),
        }
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minor_version_is_readable_and_a_major_one_is_not() {
        assert!(FormatVersion { major: FORMAT.major, minor: 99 }.check_readable().is_ok());
        let newer = FormatVersion { major: FORMAT.major + 1, minor: 0 }.check_readable();
        assert!(newer.unwrap_err().to_string().contains("use a newer loadgate"));
    }
}
