//! Password hashes.
//!
//! One salted SHA-256: this is a practice system, and a load test against it shall measure the market and
//! not a key derivation. A system with users needs Argon2id here, and pays 50 ms of CPU for each login.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};

/// The hash as it is stored: `sha256$salt$digest`.
pub(crate) fn hash(password: &str, salt: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update(password).finalize();
    format!("sha256${salt}${}", STANDARD_NO_PAD.encode(digest))
}

/// Whether the password belongs to the stored hash.
pub(crate) fn matches(password: &str, stored: &str) -> bool {
    let mut parts = stored.split('$');
    match (parts.next(), parts.next()) {
        (Some("sha256"), Some(salt)) => hash(password, salt) == stored,
        (_, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_matches() {
        let stored = hash("TestPassword123", "salt");
        assert!(matches("TestPassword123", &stored));
        assert!(!matches("TestPassword124", &stored));
        assert!(!matches("", "") && !matches("x", "sha256") && !matches("x", "md5$a$b"));
    }
}
