//! The `loadgate` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    loadgate::cli::main()
}
