//! Scenarios that are part of the program, so that they work from any folder.

use std::sync::Arc;

/// A file that is part of the program.
struct File {
    path: &'static str,
    bytes: &'static [u8],
}

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(File { path: $path, bytes: include_bytes!(concat!("../../", $path)) }),*]
    };
}

/// All files below `scenarios/` that scenarios name; a test compares it with the folder.
const FILES: &[File] = files![
    "scenarios/admin.yaml",
    "scenarios/all.yaml",
    "scenarios/assets/farm.jpg",
    "scenarios/common.yaml",
    "scenarios/customer.yaml",
    "scenarios/data/members.csv",
    "scenarios/data/search.csv",
    "scenarios/data/users.csv",
    "scenarios/farmer.yaml",
    "scenarios/leftovers.yaml",
];

/// The scenarios themselves.
pub(super) const NAMES: [&str; 4] = ["customer", "farmer", "admin", "all"];

/// The scenario that removes what runs have left behind. It is for `check --cleanup`, and no load.
pub(super) const LEFTOVERS: &str = "leftovers";

/// The path of a built-in scenario.
pub(super) fn path_of(name: &str) -> Option<String> {
    (NAMES.contains(&name) || name == LEFTOVERS).then(|| format!("scenarios/{name}.yaml"))
}

/// The content of a built-in file.
pub(super) fn read(path: &str) -> Option<Arc<[u8]>> {
    FILES.iter().find(|file| file.path == path).map(|file| Arc::from(file.bytes))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_part_of_the_program() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        let mut folders = vec![PathBuf::from("scenarios")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root.join(&folder)).unwrap() {
                let entry = entry.unwrap();
                let path = folder.join(entry.file_name());
                if entry.file_type().unwrap().is_dir() {
                    folders.push(path);
                } else if path.extension().is_none_or(|extension| extension != "md") {
                    found.push(path.to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        let listed: Vec<&str> = FILES.iter().map(|file| file.path).collect();
        assert_eq!(listed, found, "list the files of `scenarios/` in `FILES`, in order");
        for name in NAMES {
            assert!(path_of(name).and_then(|path| read(&path)).is_some(), "{name}");
        }
    }
}
