//! Any bytes, read as a baseline file, with and without its compression: they are refused, or
//! they are a baseline that can be written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use loadgate::record::archive;

fuzz_target!(|bytes: &[u8]| {
    for read in [archive::read(bytes), archive::read_inflated(bytes)] {
        match read {
            Err(error) => assert!(!error.to_string().is_empty()),
            Ok(first) => {
                let bytes = archive::write(&first).expect("what was read can be written");
                let second = archive::read(&bytes).expect("what was written can be read");
                assert_eq!(archive::write(&second).ok(), Some(bytes));
            }
        }
    }
});
