//! The code of RFC 7541, appendix B, as tables.
//!
//! It is canonical: sorted by length and then by symbol, each code follows the one before it. That is
//! what the longer codes are found by; the tests hold these tables against it.

/// The code of each byte: its bits, to the right, and how many they are.
#[rustfmt::skip]
#[expect(clippy::unreadable_literal, reason = "they are written as in the RFC")]
pub(super) const CODES: [(u32, u8); 256] = [
    (0x1ff8, 13), (0x7fffd8, 23), (0xfffffe2, 28), (0xfffffe3, 28), (0xfffffe4, 28),
    (0xfffffe5, 28), (0xfffffe6, 28), (0xfffffe7, 28), (0xfffffe8, 28), (0xffffea, 24),
    (0x3ffffffc, 30), (0xfffffe9, 28), (0xfffffea, 28), (0x3ffffffd, 30), (0xfffffeb, 28),
    (0xfffffec, 28), (0xfffffed, 28), (0xfffffee, 28), (0xfffffef, 28), (0xffffff0, 28),
    (0xffffff1, 28), (0xffffff2, 28), (0x3ffffffe, 30), (0xffffff3, 28), (0xffffff4, 28),
    (0xffffff5, 28), (0xffffff6, 28), (0xffffff7, 28), (0xffffff8, 28), (0xffffff9, 28),
    (0xffffffa, 28), (0xffffffb, 28), (0x14, 6), (0x3f8, 10), (0x3f9, 10), (0xffa, 12),
    (0x1ff9, 13), (0x15, 6), (0xf8, 8), (0x7fa, 11), (0x3fa, 10), (0x3fb, 10), (0xf9, 8),
    (0x7fb, 11), (0xfa, 8), (0x16, 6), (0x17, 6), (0x18, 6), (0x0, 5), (0x1, 5), (0x2, 5),
    (0x19, 6), (0x1a, 6), (0x1b, 6), (0x1c, 6), (0x1d, 6), (0x1e, 6), (0x1f, 6), (0x5c, 7),
    (0xfb, 8), (0x7ffc, 15), (0x20, 6), (0xffb, 12), (0x3fc, 10), (0x1ffa, 13), (0x21, 6),
    (0x5d, 7), (0x5e, 7), (0x5f, 7), (0x60, 7), (0x61, 7), (0x62, 7), (0x63, 7), (0x64, 7),
    (0x65, 7), (0x66, 7), (0x67, 7), (0x68, 7), (0x69, 7), (0x6a, 7), (0x6b, 7), (0x6c, 7),
    (0x6d, 7), (0x6e, 7), (0x6f, 7), (0x70, 7), (0x71, 7), (0x72, 7), (0xfc, 8), (0x73, 7),
    (0xfd, 8), (0x1ffb, 13), (0x7fff0, 19), (0x1ffc, 13), (0x3ffc, 14), (0x22, 6), (0x7ffd, 15),
    (0x3, 5), (0x23, 6), (0x4, 5), (0x24, 6), (0x5, 5), (0x25, 6), (0x26, 6), (0x27, 6), (0x6, 5),
    (0x74, 7), (0x75, 7), (0x28, 6), (0x29, 6), (0x2a, 6), (0x7, 5), (0x2b, 6), (0x76, 7),
    (0x2c, 6), (0x8, 5), (0x9, 5), (0x2d, 6), (0x77, 7), (0x78, 7), (0x79, 7), (0x7a, 7),
    (0x7b, 7), (0x7ffe, 15), (0x7fc, 11), (0x3ffd, 14), (0x1ffd, 13), (0xffffffc, 28),
    (0xfffe6, 20), (0x3fffd2, 22), (0xfffe7, 20), (0xfffe8, 20), (0x3fffd3, 22), (0x3fffd4, 22),
    (0x3fffd5, 22), (0x7fffd9, 23), (0x3fffd6, 22), (0x7fffda, 23), (0x7fffdb, 23), (0x7fffdc, 23),
    (0x7fffdd, 23), (0x7fffde, 23), (0xffffeb, 24), (0x7fffdf, 23), (0xffffec, 24), (0xffffed, 24),
    (0x3fffd7, 22), (0x7fffe0, 23), (0xffffee, 24), (0x7fffe1, 23), (0x7fffe2, 23), (0x7fffe3, 23),
    (0x7fffe4, 23), (0x1fffdc, 21), (0x3fffd8, 22), (0x7fffe5, 23), (0x3fffd9, 22), (0x7fffe6, 23),
    (0x7fffe7, 23), (0xffffef, 24), (0x3fffda, 22), (0x1fffdd, 21), (0xfffe9, 20), (0x3fffdb, 22),
    (0x3fffdc, 22), (0x7fffe8, 23), (0x7fffe9, 23), (0x1fffde, 21), (0x7fffea, 23), (0x3fffdd, 22),
    (0x3fffde, 22), (0xfffff0, 24), (0x1fffdf, 21), (0x3fffdf, 22), (0x7fffeb, 23), (0x7fffec, 23),
    (0x1fffe0, 21), (0x1fffe1, 21), (0x3fffe0, 22), (0x1fffe2, 21), (0x7fffed, 23), (0x3fffe1, 22),
    (0x7fffee, 23), (0x7fffef, 23), (0xfffea, 20), (0x3fffe2, 22), (0x3fffe3, 22), (0x3fffe4, 22),
    (0x7ffff0, 23), (0x3fffe5, 22), (0x3fffe6, 22), (0x7ffff1, 23), (0x3ffffe0, 26),
    (0x3ffffe1, 26), (0xfffeb, 20), (0x7fff1, 19), (0x3fffe7, 22), (0x7ffff2, 23), (0x3fffe8, 22),
    (0x1ffffec, 25), (0x3ffffe2, 26), (0x3ffffe3, 26), (0x3ffffe4, 26), (0x7ffffde, 27),
    (0x7ffffdf, 27), (0x3ffffe5, 26), (0xfffff1, 24), (0x1ffffed, 25), (0x7fff2, 19),
    (0x1fffe3, 21), (0x3ffffe6, 26), (0x7ffffe0, 27), (0x7ffffe1, 27), (0x3ffffe7, 26),
    (0x7ffffe2, 27), (0xfffff2, 24), (0x1fffe4, 21), (0x1fffe5, 21), (0x3ffffe8, 26),
    (0x3ffffe9, 26), (0xffffffd, 28), (0x7ffffe3, 27), (0x7ffffe4, 27), (0x7ffffe5, 27),
    (0xfffec, 20), (0xfffff3, 24), (0xfffed, 20), (0x1fffe6, 21), (0x3fffe9, 22), (0x1fffe7, 21),
    (0x1fffe8, 21), (0x7ffff3, 23), (0x3fffea, 22), (0x3fffeb, 22), (0x1ffffee, 25),
    (0x1ffffef, 25), (0xfffff4, 24), (0xfffff5, 24), (0x3ffffea, 26), (0x7ffff4, 23),
    (0x3ffffeb, 26), (0x7ffffe6, 27), (0x3ffffec, 26), (0x3ffffed, 26), (0x7ffffe7, 27),
    (0x7ffffe8, 27), (0x7ffffe9, 27), (0x7ffffea, 27), (0x7ffffeb, 27), (0xffffffe, 28),
    (0x7ffffec, 27), (0x7ffffed, 27), (0x7ffffee, 27), (0x7ffffef, 27), (0x7fffff0, 27),
    (0x3ffffee, 26),
];

/// What the next eight bits begin with: a byte and the length of its code; the length is 0 where
/// the code is longer.
#[rustfmt::skip]
pub(super) const SHORT: [(u8, u8); 256] = [
    (48, 5), (48, 5), (48, 5), (48, 5), (48, 5), (48, 5), (48, 5), (48, 5), (49, 5), (49, 5),
    (49, 5), (49, 5), (49, 5), (49, 5), (49, 5), (49, 5), (50, 5), (50, 5), (50, 5), (50, 5),
    (50, 5), (50, 5), (50, 5), (50, 5), (97, 5), (97, 5), (97, 5), (97, 5), (97, 5), (97, 5),
    (97, 5), (97, 5), (99, 5), (99, 5), (99, 5), (99, 5), (99, 5), (99, 5), (99, 5), (99, 5),
    (101, 5), (101, 5), (101, 5), (101, 5), (101, 5), (101, 5), (101, 5), (101, 5), (105, 5),
    (105, 5), (105, 5), (105, 5), (105, 5), (105, 5), (105, 5), (105, 5), (111, 5), (111, 5),
    (111, 5), (111, 5), (111, 5), (111, 5), (111, 5), (111, 5), (115, 5), (115, 5), (115, 5),
    (115, 5), (115, 5), (115, 5), (115, 5), (115, 5), (116, 5), (116, 5), (116, 5), (116, 5),
    (116, 5), (116, 5), (116, 5), (116, 5), (32, 6), (32, 6), (32, 6), (32, 6), (37, 6), (37, 6),
    (37, 6), (37, 6), (45, 6), (45, 6), (45, 6), (45, 6), (46, 6), (46, 6), (46, 6), (46, 6),
    (47, 6), (47, 6), (47, 6), (47, 6), (51, 6), (51, 6), (51, 6), (51, 6), (52, 6), (52, 6),
    (52, 6), (52, 6), (53, 6), (53, 6), (53, 6), (53, 6), (54, 6), (54, 6), (54, 6), (54, 6),
    (55, 6), (55, 6), (55, 6), (55, 6), (56, 6), (56, 6), (56, 6), (56, 6), (57, 6), (57, 6),
    (57, 6), (57, 6), (61, 6), (61, 6), (61, 6), (61, 6), (65, 6), (65, 6), (65, 6), (65, 6),
    (95, 6), (95, 6), (95, 6), (95, 6), (98, 6), (98, 6), (98, 6), (98, 6), (100, 6), (100, 6),
    (100, 6), (100, 6), (102, 6), (102, 6), (102, 6), (102, 6), (103, 6), (103, 6), (103, 6),
    (103, 6), (104, 6), (104, 6), (104, 6), (104, 6), (108, 6), (108, 6), (108, 6), (108, 6),
    (109, 6), (109, 6), (109, 6), (109, 6), (110, 6), (110, 6), (110, 6), (110, 6), (112, 6),
    (112, 6), (112, 6), (112, 6), (114, 6), (114, 6), (114, 6), (114, 6), (117, 6), (117, 6),
    (117, 6), (117, 6), (58, 7), (58, 7), (66, 7), (66, 7), (67, 7), (67, 7), (68, 7), (68, 7),
    (69, 7), (69, 7), (70, 7), (70, 7), (71, 7), (71, 7), (72, 7), (72, 7), (73, 7), (73, 7),
    (74, 7), (74, 7), (75, 7), (75, 7), (76, 7), (76, 7), (77, 7), (77, 7), (78, 7), (78, 7),
    (79, 7), (79, 7), (80, 7), (80, 7), (81, 7), (81, 7), (82, 7), (82, 7), (83, 7), (83, 7),
    (84, 7), (84, 7), (85, 7), (85, 7), (86, 7), (86, 7), (87, 7), (87, 7), (89, 7), (89, 7),
    (106, 7), (106, 7), (107, 7), (107, 7), (113, 7), (113, 7), (118, 7), (118, 7), (119, 7),
    (119, 7), (120, 7), (120, 7), (121, 7), (121, 7), (122, 7), (122, 7), (38, 8), (42, 8),
    (44, 8), (59, 8), (88, 8), (90, 8), (0, 0), (0, 0),
];

/// The codes of one length beyond eight bits.
pub(super) struct Longer {
    /// Their length, in bits.
    pub(super) bits: u8,
    /// The first of them.
    pub(super) first: u32,
    /// What 32 bits that begin with one of them are less than.
    pub(super) below: u32,
    /// Where their symbols begin in [`SYMBOLS`].
    pub(super) at: usize,
}

/// All lengths beyond eight bits, the shortest first. What is not below the last begins with the
/// code that ends a text (EOS), which no text may have.
#[rustfmt::skip]
#[expect(clippy::unreadable_literal, reason = "they are codes")]
pub(super) const LONGER: [Longer; 17] = [
    Longer { bits: 10, first: 0x3f8, below: 0xff400000, at: 0 },
    Longer { bits: 11, first: 0x7fa, below: 0xffa00000, at: 5 },
    Longer { bits: 12, first: 0xffa, below: 0xffc00000, at: 8 },
    Longer { bits: 13, first: 0x1ff8, below: 0xfff00000, at: 10 },
    Longer { bits: 14, first: 0x3ffc, below: 0xfff80000, at: 16 },
    Longer { bits: 15, first: 0x7ffc, below: 0xfffe0000, at: 18 },
    Longer { bits: 19, first: 0x7fff0, below: 0xfffe6000, at: 21 },
    Longer { bits: 20, first: 0xfffe6, below: 0xfffee000, at: 24 },
    Longer { bits: 21, first: 0x1fffdc, below: 0xffff4800, at: 32 },
    Longer { bits: 22, first: 0x3fffd2, below: 0xffffb000, at: 45 },
    Longer { bits: 23, first: 0x7fffd8, below: 0xffffea00, at: 71 },
    Longer { bits: 24, first: 0xffffea, below: 0xfffff600, at: 100 },
    Longer { bits: 25, first: 0x1ffffec, below: 0xfffff800, at: 112 },
    Longer { bits: 26, first: 0x3ffffe0, below: 0xfffffbc0, at: 116 },
    Longer { bits: 27, first: 0x7ffffde, below: 0xfffffe20, at: 131 },
    Longer { bits: 28, first: 0xfffffe2, below: 0xfffffff0, at: 150 },
    Longer { bits: 30, first: 0x3ffffffc, below: 0xfffffffc, at: 179 },
];

/// The bytes with codes beyond eight bits, in the order of their codes.
#[rustfmt::skip]
pub(super) const SYMBOLS: [u8; 182] = [
    33, 34, 40, 41, 63, 39, 43, 124, 35, 62, 0, 36, 64, 91, 93, 126, 94, 125, 60, 96, 123, 92, 195,
    208, 128, 130, 131, 162, 184, 194, 224, 226, 153, 161, 167, 172, 176, 177, 179, 209, 216, 217,
    227, 229, 230, 129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181,
    185, 186, 187, 189, 190, 196, 198, 228, 232, 233, 1, 135, 137, 138, 139, 140, 141, 143, 147,
    149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174, 175, 180, 182, 183, 188, 191, 197, 231,
    239, 9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237, 199, 207, 234, 235, 192, 193,
    200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255, 203, 204, 211, 212, 214, 221,
    222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254, 2, 3, 4, 5, 6, 7, 8, 11, 12,
    14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127, 220, 249, 10, 13, 22,
];
