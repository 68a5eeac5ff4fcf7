//! The Huffman code of texts in heads (RFC 7541, section 5.2).

mod table;

use table::{CODES, LONGER, SHORT, SYMBOLS};

/// Length of a text when it is coded, in bytes.
pub(super) fn length(text: &[u8]) -> usize {
    let bits: usize = text.iter().map(|byte| usize::from(code(*byte).1)).sum();
    bits.div_ceil(8)
}

/// Appends a text, coded.
pub(super) fn encode(text: &[u8], out: &mut Vec<u8>) {
    // At most 7 bits wait, and a code has at most 30.
    let (mut waiting, mut bits) = (0_u64, 0_u32);
    for byte in text {
        let (code, length) = code(*byte);
        waiting = waiting << length | u64::from(code);
        bits += u32::from(length);
        while bits >= 8 {
            bits -= 8;
            out.push(low_byte(waiting >> bits));
        }
    }
    if bits > 0 {
        // What is left of the last byte is the beginning of EOS: ones.
        out.push(low_byte(waiting << (8 - bits)) | 0xFF >> bits);
    }
}

/// Appends the text of coded bytes; `None` if they are not well coded: they contain EOS, or end
/// with something else than up to seven ones.
pub(super) fn decode(mut coded: &[u8], out: &mut Vec<u8>) -> Option<()> {
    // The next bits stand at the top of the word.
    let (mut word, mut bits) = (0_u64, 0_u32);
    loop {
        while bits <= 56
            && let Some((byte, rest)) = coded.split_first()
        {
            word |= u64::from(*byte) << (56 - bits);
            bits += 8;
            coded = rest;
        }
        let (symbol, length) = next(word)?;
        let length = u32::from(length);
        if length > bits {
            break;
        }
        out.push(symbol);
        word <<= length;
        bits -= length;
        if bits == 0 && coded.is_empty() {
            return Some(());
        }
    }
    // What is left is no code: padding, which is shorter than a byte and all ones.
    let ones = u64::MAX.checked_shl(64 - bits).unwrap_or(0);
    (bits < 8 && coded.is_empty() && word == ones).then_some(())
}

fn code(byte: u8) -> (u32, u8) {
    CODES.get(usize::from(byte)).copied().unwrap_or_default()
}

fn low_byte(word: u64) -> u8 {
    word.to_le_bytes().first().copied().unwrap_or_default()
}

/// The code that stands at the top of a word, and its length; padding of ones is longer than any
/// code that is there.
#[inline]
fn next(word: u64) -> Option<(u8, u8)> {
    let top = usize::from(word.to_be_bytes().first().copied().unwrap_or_default());
    let (symbol, length) = SHORT.get(top).copied()?;
    if length > 0 {
        return Some((symbol, length));
    }
    longer(word)
}

#[cold]
fn longer(word: u64) -> Option<(u8, u8)> {
    let top = u32::try_from(word >> 32).unwrap_or(u32::MAX);
    let found = LONGER.iter().find(|longer| top < longer.below);
    // Only EOS is above all codes. Where fewer bits are left than it has, they are padding.
    let Some(longer) = found else { return Some((0, 30)) };
    let number = (top >> (32 - longer.bits)).checked_sub(longer.first)?;
    let symbol = SYMBOLS.get(longer.at + super::wide(number)).copied()?;
    Some((symbol, longer.bits))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(coded: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        decode(coded, &mut out).map(|()| out)
    }

    /// The code is canonical (RFC 7541, appendix B): that holds every table against the others.
    #[test]
    fn the_codes_follow_each_other_by_length_and_symbol() {
        let mut bytes: Vec<u8> = (0..=255).collect();
        bytes.sort_by_key(|byte| (code(*byte).1, *byte));
        let (mut next_code, mut before) = (0, 5);
        for byte in bytes {
            let (own, length) = code(byte);
            next_code <<= length - before;
            before = length;
            assert_eq!(own, next_code, "{byte:#x}");
            next_code += 1;
            assert_eq!(next(u64::from(own) << (64 - length)), Some((byte, length)), "{byte:#x}");
        }
        // What is left at the end is EOS: 30 ones.
        assert_eq!((next_code, before), (0x3FFF_FFFF, 30));
    }

    #[test]
    fn texts_of_the_standard_are_coded_as_there() {
        // RFC 7541, C.4 and C.6.
        let check = |text: &str, coded: &[u8]| {
            let mut out = Vec::new();
            encode(text.as_bytes(), &mut out);
            assert_eq!((out.as_slice(), length(text.as_bytes())), (coded, coded.len()), "{text}");
            assert_eq!(decoded(coded).as_deref(), Some(text.as_bytes()));
        };
        check(
            "www.example.com",
            &[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff],
        );
        check("no-cache", &[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]);
        check("custom-key", &[0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f]);
        check("302", &[0x64, 0x02]);
        check("private", &[0xae, 0xc3, 0x77, 0x1a, 0x4b]);
        check("", &[]);
    }

    #[test]
    fn bad_padding_and_the_end_of_a_text_within_it_are_refused() {
        let check = |coded: &[u8]| assert_eq!(decoded(coded), None, "{coded:x?}");
        // `0` is 00000: three bits are left, and have to be ones.
        assert_eq!(decoded(&[0b0000_0111]).as_deref(), Some(&b"0"[..]));
        check(&[0b0000_0000]);
        check(&[0b0000_0110]);
        // A whole byte of padding, and more.
        check(&[0b0000_0111, 0xFF]);
        check(&[0xFF]);
        check(&[0xFF, 0xFF, 0xFF]);
        // EOS, alone and followed by something.
        check(&[0xFF, 0xFF, 0xFF, 0xFC]);
        check(&[0xFF, 0xFF, 0xFF, 0xFF, 0x00]);
        // A code that is cut off.
        check(&[0b1111_1110]);
    }

    proptest! {
        #[test]
        fn what_is_coded_is_decoded(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut out = Vec::new();
            encode(&text, &mut out);
            prop_assert_eq!(out.len(), length(&text));
            prop_assert_eq!(decoded(&out), Some(text));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(coded in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Some(text) = decoded(&coded) {
                let mut out = Vec::new();
                encode(&text, &mut out);
                prop_assert_eq!(out, coded);
            }
        }
    }
}
