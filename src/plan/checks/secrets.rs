//! What must be shown nowhere: values of the environment, and passwords of addresses.

/// Words in the name of a variable that say that its value is a secret.
const TELLING: [&str; 8] =
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "KEY", "AUTH", "CREDENTIAL", "COOKIE"];

/// A shorter value is no secret worth the name, and would cut holes into every text.
const SHORTEST: usize = 4;

/// Stands for a secret.
const MASK: &str = "***";

/// What must be shown nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    values: Vec<String>,
}

impl std::fmt::Debug for Secrets {
    /// How many there are.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.values.len())
    }
}

impl Secrets {
    /// Keeps the value of a variable in mind if its name says that it is a secret, and the
    /// passwords of addresses in it.
    pub fn note(&mut self, name: &str, value: &str) {
        let name = name.to_ascii_uppercase();
        if TELLING.iter().any(|word| name.contains(word)) {
            self.add(value);
        }
        if let Some(password) = password_of(value) {
            self.add(password);
        }
    }

    fn add(&mut self, value: &str) {
        if value.len() >= SHORTEST && !self.values.iter().any(|known| known == value) {
            self.values.push(value.to_owned());
            // The longest first, so that no rest of it is left when it holds a shorter one.
            self.values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        }
    }

    /// `text` without what must not be shown: the values kept in mind, and whatever stands where
    /// the user and password of an address do.
    pub fn mask(&self, text: &str) -> String {
        let hidden = self
            .values
            .iter()
            .fold(text.to_owned(), |text, value| text.replace(value.as_str(), MASK));
        let mut shown = String::with_capacity(hidden.len());
        let mut rest = hidden.as_str();
        while let Some((before, after)) = rest.split_once("://") {
            shown.push_str(before);
            shown.push_str("://");
            let ends = |c: char| c.is_whitespace() || "/\"'`<>?#".contains(c);
            let authority = after.split(ends).next().unwrap_or_default();
            let user = authority.rfind('@').and_then(|at| authority.get(..at));
            rest = match user.filter(|user| user.contains(':')) {
                Some(user) => {
                    shown.push_str(MASK);
                    after.strip_prefix(user).unwrap_or(after)
                }
                None => after,
            };
        }
        shown.push_str(rest);
        shown
    }
}

/// The password of an address.
fn password_of(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let (user, _) = rest.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let mut secrets = Secrets::default();
        secrets.note("API_TOKEN", "t0ken-value");
        secrets.note("DATABASE_URL", "postgres://shop:pa55/word@db/shop");
        secrets.note("VERSION", "7.0.1");
        secrets.note("SHORT_KEY", "abc");
        assert_eq!(secrets.mask(text), want);
    }

    #[test]
    fn what_is_secret_is_masked_and_nothing_else() {
        check("got t0ken-value, version 7.0.1", "got ***, version 7.0.1");
        check("password pa55/word refused", "password *** refused");
        check("abc stays", "abc stays");
        check("at http://127.0.0.1:3000/a@b:c", "at http://127.0.0.1:3000/a@b:c");
        check("to postgres://me:other@db:5432/x and", "to postgres://***@db:5432/x and");
        check("to postgres://me@db/x", "to postgres://me@db/x");
        check("://:@ ://a:b@", "://***@ ://***@");
    }
}
