//! Any bytes as a chunked body: its data is the same byte by byte as in one piece, within its
//! limit; and data in chunks of any lengths is that data again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use loadgate::http1::{Broken, Chunks, Limits, Part};

/// Small enough that the fuzzer reaches them.
const LIMITS: Limits = Limits { head: 0, body: 1_024, trailers: 64 };

fuzz_target!(|bytes: &[u8]| {
    let whole = undo(LIMITS, bytes, usize::MAX);
    assert_eq!(undo(LIMITS, bytes, 1), whole);
    if let Ok((data, _)) = whole {
        assert!(u64::try_from(data.len()).is_ok_and(|length| length <= LIMITS.body));
    }
    let Some((length, data)) = bytes.split_first() else { return };
    let mut coded = Vec::new();
    for chunk in data.chunks(usize::from(*length).max(1)) {
        coded.extend_from_slice(format!("{:X};a=b\r\n", chunk.len()).as_bytes());
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(b"\r\n");
    }
    coded.extend_from_slice(b"0\r\nTrailer: a\r\n\r\nnext");
    match undo(Limits { body: u64::MAX, ..LIMITS }, &coded, usize::from(*length).max(1)) {
        Ok((undone, left)) => assert_eq!((undone.as_slice(), left), (data, Some(4))),
        Err(broken) => assert_eq!(broken, Broken::ExtensionsTooLong),
    }
});

/// The data in `bytes`, shown in pieces of `length`, and how many bytes are left after the body's
/// end; `None` when it has not come.
fn undo(limits: Limits, bytes: &[u8], length: usize) -> Result<(Vec<u8>, Option<usize>), Broken> {
    let (mut chunks, mut data) = (Chunks::new(limits), Vec::new());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (mut piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        loop {
            match chunks.next(&mut piece)? {
                Part::Data(some) => data.extend_from_slice(some),
                Part::End => return Ok((data, Some(piece.len() + rest.len()))),
                Part::More => break,
            }
        }
        assert!(piece.is_empty(), "all of a piece is taken");
    }
    Ok((data, None))
}
