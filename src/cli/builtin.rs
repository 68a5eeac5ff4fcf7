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
];

/// The scenarios themselves.
pub(super) const NAMES: [&str; 4] = ["customer", "farmer", "admin", "all"];

/// The path of a built-in scenario.
pub(super) fn path_of(name: &str) -> Option<String> {
    NAMES.contains(&name).then(|| format!("scenarios/{name}.yaml"))
}

/// The content of a built-in file.
pub(super) fn read(path: &str) -> Option<Arc<[u8]>> {
    FILES.iter().find(|file| file.path == path).map(|file| Arc::from(file.bytes))
}
