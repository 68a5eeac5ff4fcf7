//! Which run a user means: an id, the beginning of one, or `latest`.

use super::StoreError;

/// Stands for the run that started last.
pub const LATEST: &str = "latest";

/// The id that `wanted` means among `ids`, which are sorted by start with the newest first.
pub(super) fn resolve(ids: Vec<String>, wanted: &str) -> Result<String, StoreError> {
    if wanted == LATEST {
        return ids.into_iter().next().ok_or_else(|| unknown(&[], wanted));
    }
    if ids.iter().any(|id| id == wanted) {
        return Ok(wanted.to_owned());
    }
    let mut matches: Vec<String> =
        ids.iter().filter(|id| !wanted.is_empty() && id.starts_with(wanted)).cloned().collect();
    match (matches.pop(), matches.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            matches.push(last);
            Err(StoreError::Ambiguous { wanted: wanted.to_owned(), matches })
        }
        (None, _) => Err(unknown(&ids, wanted)),
    }
}

/// The error for a text that names none of `ids`.
pub(super) fn unknown(ids: &[String], wanted: &str) -> StoreError {
    let nearest = ids.iter().min_by_key(|id| strsim::osa_distance(id, wanted)).cloned();
    StoreError::UnknownRun { wanted: wanted.to_owned(), nearest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: &str) -> Result<String, String> {
        let ids = ["20260103-bbb", "20260102-abc", "20260102-aaa"].map(str::to_owned).to_vec();
        resolve(ids, wanted).map_err(|error| format!("{error}; {}", error.hint().unwrap()))
    }

    #[test]
    fn an_id_a_unique_beginning_and_latest_name_a_run() {
        assert_eq!(check("20260102-aaa").unwrap(), "20260102-aaa");
        assert_eq!(check("20260103").unwrap(), "20260103-bbb");
        assert_eq!(check("latest").unwrap(), "20260103-bbb");
    }

    #[test]
    fn what_names_no_run_or_several_is_refused_with_a_hint() {
        assert_eq!(
            check("20260102-a").unwrap_err(),
            "`20260102-a` is the beginning of 2 runs; \
             write more of the id: `20260102-abc`, `20260102-aaa`",
        );
        assert_eq!(
            check("20260102-acb").unwrap_err(),
            "there is no run `20260102-acb`; \
             did you mean `20260102-abc`? `loadgate runs` lists all of them",
        );
        assert!(check("").is_err());
        let empty = resolve(Vec::new(), "latest").unwrap_err();
        assert_eq!(empty.hint().unwrap(), "the store is empty: `loadgate run` makes the first run");
    }
}
