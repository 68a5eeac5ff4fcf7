//! Files by a pattern: `*` and `?` stand for anything but a slash.

use std::fs;
use std::path::{Path, PathBuf};

/// The most entries of folders that are looked at for one pattern.
const MOST: usize = 100_000;

/// A file that a pattern has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// When it was written last, nanoseconds since 1970-01-01 UTC.
    pub(super) written_unix_ns: u64,
}

/// All files that fit, the newest first. What can't be read is an error: it may be the one that is
/// looked for.
pub(super) fn find(pattern: &str) -> Result<Vec<Found>, String> {
    let start = if pattern.starts_with('/') { PathBuf::from("/") } else { PathBuf::new() };
    let mut places = vec![start];
    let mut looked_at = 0;
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        if !part.contains(['*', '?']) {
            places.iter_mut().for_each(|place| place.push(part));
            continue;
        }
        let mut next = Vec::new();
        for folder in places.iter().filter(|place| is_folder(place)) {
            let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let entries = fs::read_dir(here);
            let entries = entries.map_err(|error| format!("`{}`: {error}", here.display()))?;
            for entry in entries {
                let entry = entry.map_err(|error| format!("`{}`: {error}", here.display()))?;
                looked_at += 1;
                if looked_at > MOST {
                    return Err(format!("more than {MOST} files lie there"));
                }
                let name = entry.file_name();
                let hidden = name.to_string_lossy().starts_with('.') && !part.starts_with('.');
                if !hidden && fits(part, &name.to_string_lossy()) {
                    next.push(folder.join(name));
                }
            }
        }
        places = next;
    }
    let mut found = Vec::new();
    for path in places {
        match fs::metadata(&path) {
            Ok(about) if about.is_file() => {
                let written = about.modified().ok();
                let since = written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
                let nanos = since.map_or(0, |since| crate::units::Nanos::from(since).0);
                found.push(Found { path, bytes: about.len(), written_unix_ns: nanos });
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("`{}`: {error}", path.display())),
        }
    }
    found.sort_by(|a, b| (b.written_unix_ns, &a.path).cmp(&(a.written_unix_ns, &b.path)));
    Ok(found)
}

fn is_folder(place: &Path) -> bool {
    place.as_os_str().is_empty() || place.is_dir()
}

/// Whether a name fits a pattern, by going back to the last `*` where it does not: no pattern takes
/// longer than the product of both lengths.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut in_name) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(own) = name.get(in_name) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, in_name));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == own => {
                at += 1;
                in_name += 1;
            }
            Some(_) | None => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                (at, in_name) = (star_at + 1, taken + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_anything_and_a_question_mark_one_sign() {
        for (pattern, name, want) in [
            ("*.sql", "a.sql", true),
            ("*.sql", "a.sql.gz", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?.xml", "ä.xml", true),
            ("?.xml", "ab.xml", false),
            ("*", "", true),
            ("", "a", false),
            ("a**", "a", true),
        ] {
            assert_eq!(fits(pattern, name), want, "{pattern} {name}");
        }
        let long = "a".repeat(2_000);
        assert!(!fits(&format!("{}b", "*a".repeat(500)), &long));
    }

    #[test]
    fn files_are_found_in_folders_by_their_pattern() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["a", "b", "a/sub"] {
            fs::create_dir(path(name)).unwrap();
        }
        for name in ["a/one.sql", "b/two.sql", "a/three.txt", "a/.hidden.sql"] {
            fs::write(path(name), name).unwrap();
        }
        let names = |pattern: &str| {
            let found = find(path(pattern).to_str().unwrap()).unwrap();
            let mut names: Vec<String> = found
                .iter()
                .map(|one| {
                    one.path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned()
                })
                .collect();
            names.sort();
            names
        };
        assert_eq!(names("*/*.sql"), ["a/one.sql", "b/two.sql"]);
        assert_eq!(names("a/*"), ["a/one.sql", "a/three.txt"]);
        assert_eq!(names("a/.h*"), ["a/.hidden.sql"]);
        assert_eq!(names("b/two.sql"), ["b/two.sql"]);
        assert!(names("c/*.sql").is_empty());
        assert!(names("a").is_empty(), "a folder is no file");
        assert_eq!(find(path("b/two.sql").to_str().unwrap()).unwrap()[0].bytes, 9);
    }
}
