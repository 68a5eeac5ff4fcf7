//! Numbers and texts as heads have them (RFC 7541, section 5).

use super::huffman;

/// The largest number that is read: beyond all that a head may be long.
const MOST: u32 = 1 << 28;

/// A number or a text that is no such, or that its block ends within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Takes a number from the front of `block`, of which the low `prefix` bits of the first byte are
/// the beginning.
#[inline]
pub(super) fn take_number(block: &mut &[u8], prefix: u32) -> Result<u32, Unreadable> {
    let (first, rest) = block.split_first().ok_or(Unreadable)?;
    *block = rest;
    let most = (1_u32 << prefix) - 1;
    let begun = u32::from(*first) & most;
    if begun < most {
        return Ok(begun);
    }
    let mut number = most;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, rest) = block.split_first().ok_or(Unreadable)?;
        *block = rest;
        let part = u64::from(byte & 0x7F) << shift;
        let sum = u64::from(number) + part;
        number = u32::try_from(sum).ok().filter(|sum| *sum <= MOST).ok_or(Unreadable)?;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Unreadable)
}

/// Takes a text from the front of `block` and appends it to `out`.
pub(super) fn take_text(block: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
    let coded = block.first().is_some_and(|byte| byte & 0x80 != 0);
    let length = super::wide(take_number(block, 7)?);
    let (text, rest) = block.split_at_checked(length).ok_or(Unreadable)?;
    *block = rest;
    if coded {
        return huffman::decode(text, out).ok_or(Unreadable);
    }
    out.extend_from_slice(text);
    Ok(())
}

/// Appends a number whose first byte has `high` above its low `prefix` bits.
#[inline]
pub(super) fn put_number(number: usize, prefix: u32, high: u8, out: &mut Vec<u8>) {
    let most = (1_u8 << (prefix - 1)) - 1 + (1_u8 << (prefix - 1));
    if let Ok(small) = u8::try_from(number)
        && small < most
    {
        out.push(high | small);
        return;
    }
    out.push(high | most);
    let mut rest = number.saturating_sub(usize::from(most));
    while rest >= 0x80 {
        out.push(u8::try_from(rest & 0x7F).unwrap_or_default() | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).unwrap_or_default());
}

/// Appends a text, coded if that is shorter.
pub(super) fn put_text(text: &[u8], out: &mut Vec<u8>) {
    let coded = huffman::length(text);
    if coded < text.len() {
        put_number(coded, 7, 0x80, out);
        huffman::encode(text, out);
    } else {
        put_number(text.len(), 7, 0, out);
        out.extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_standard() {
        // RFC 7541, C.1.
        let check = |number: u32, prefix: u32, bytes: &[u8]| {
            let mut out = Vec::new();
            put_number(super::super::wide(number), prefix, 0, &mut out);
            assert_eq!(out, bytes, "{number}");
            let mut block = bytes;
            assert_eq!((take_number(&mut block, prefix), block.len()), (Ok(number), 0));
        };
        check(10, 5, &[0b0_1010]);
        check(1_337, 5, &[0b1_1111, 0b1001_1010, 0b0000_1010]);
        check(42, 8, &[42]);
        check(30, 5, &[30]);
        check(31, 5, &[31, 0]);
        check(255, 8, &[255, 0]);
        check(127, 7, &[127, 0]);
    }

    #[test]
    fn a_number_that_does_not_end_or_is_too_large_is_refused() {
        let check = |bytes: &[u8]| assert_eq!(take_number(&mut &*bytes, 5), Err(Unreadable));
        check(&[]);
        check(&[31]);
        check(&[31, 0x80]);
        check(&[31, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]);
        check(&[31, 0x80, 0x80, 0x80, 0x80, 0x80, 0]);
    }

    #[test]
    fn a_text_that_is_cut_off_is_refused() {
        let text = |bytes: &[u8]| {
            let mut out = Vec::new();
            take_text(&mut &*bytes, &mut out).map(|()| out)
        };
        assert_eq!(text(&[2, b'o', b'k', b'!']), Ok(b"ok".to_vec()));
        assert_eq!(text(&[3, b'o', b'k']), Err(Unreadable));
        assert_eq!(text(&[0x81]), Err(Unreadable));
        assert_eq!(text(&[0x81, 0]), Err(Unreadable));
    }
}
