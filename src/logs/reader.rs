//! From blocks of bytes to lines, and from lines to the rules that they match.

use std::sync::Arc;

use memchr::{memchr, memchr_iter, memrchr};

use super::Rules;

/// The longest line that is looked at, in bytes. Of a longer one the beginning is, the rest is
/// skipped, and it is counted: a log can hold a whole picture, and memory has an end.
pub const MAX_LINE: usize = 64 << 10;

/// Puts the lines of one log together.
///
/// A line ends with a line feed; a carriage return before it is no part of it, nor are zero bytes
/// at its beginning, which a file has that was cut to nothing while its writer went on where it
/// was. How a log is divided into blocks makes no difference.
#[derive(Debug)]
pub struct Reader {
    rules: Arc<Rules>,
    /// The beginning of a line whose end has not come.
    open: Vec<u8>,
    /// Whether the open line is longer than is looked at.
    is_cut: bool,
    lines: u64,
    cut: u64,
}

impl Reader {
    /// A reader at the beginning of a line.
    pub fn new(rules: Arc<Rules>) -> Self {
        Self { rules, open: Vec::new(), is_cut: false, lines: 0, cut: 0 }
    }

    /// Lines so far.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// How many of them were longer than [`MAX_LINE`], so that their rest was not looked at.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Takes the next bytes of the log; `found` is told the place of each rule that a line
    /// matches, with the line.
    pub fn read(&mut self, block: &[u8], found: &mut dyn FnMut(usize, &[u8])) {
        let mut rest = block;
        if !self.open.is_empty() {
            let Some(end) = memchr(b'\n', rest) else {
                self.keep(rest);
                return;
            };
            let (head, after) = split(rest, end);
            self.keep(head);
            self.close(found);
            rest = after;
        }
        if let Some(end) = memrchr(b'\n', rest) {
            let (whole, after) = rest.split_at_checked(end + 1).unwrap_or((rest, &[]));
            self.whole(whole, found);
            rest = after;
        }
        self.keep(rest);
    }

    /// The end of the log: a last line without an end is one.
    pub fn finish(&mut self, found: &mut dyn FnMut(usize, &[u8])) {
        if !self.open.is_empty() {
            self.close(found);
        }
    }

    /// Keeps a part of a line until its end comes.
    fn keep(&mut self, part: &[u8]) {
        let part = if self.open.is_empty() { beginning(part) } else { part };
        let room = MAX_LINE.saturating_sub(self.open.len());
        self.open.extend_from_slice(part.get(..room).unwrap_or(part));
        self.is_cut |= part.len() > room;
    }

    /// The end of the line that was open.
    fn close(&mut self, found: &mut dyn FnMut(usize, &[u8])) {
        self.lines += 1;
        self.cut += u64::from(self.is_cut);
        let line = if self.is_cut { self.open.as_slice() } else { trimmed(&self.open) };
        self.rules.matching(line, &mut |rule| found(rule, line));
        self.open.clear();
        // One long line does not hold its memory for the rest of the run.
        self.open.shrink_to(MAX_LINE >> 4);
        self.is_cut = false;
    }

    /// Lines that are whole, with their ends.
    fn whole(&mut self, lines: &[u8], found: &mut dyn FnMut(usize, &[u8])) {
        let (mut start, mut count, mut cut) = (0, 0, 0);
        for end in memchr_iter(b'\n', lines) {
            count += 1;
            if end - start > MAX_LINE {
                let line = lines.get(start..end).unwrap_or_default();
                cut += u64::from(beginning(line).len() > MAX_LINE);
            }
            start = end + 1;
        }
        self.lines += count;
        self.cut += cut;
        let mut from = 0;
        while from < lines.len() {
            let Some(at) = self.rules.candidate(lines, from) else { break };
            let before = lines.get(from..at).unwrap_or_default();
            let start = memrchr(b'\n', before).map_or(from, |end| from + end + 1);
            let after = lines.get(at..).unwrap_or_default();
            let end = memchr(b'\n', after).map_or(lines.len(), |end| at + end);
            let line = content(lines.get(start..end).unwrap_or_default());
            self.rules.matching(line, &mut |rule| found(rule, line));
            from = end + 1;
        }
    }
}

/// What stands before and behind the byte at `at`.
fn split(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    let (before, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
    (before, rest.split_first().map_or(&[], |(_, after)| after))
}

/// What is looked at of a line.
fn content(line: &[u8]) -> &[u8] {
    let line = beginning(line);
    line.get(..MAX_LINE).filter(|kept| kept.len() < line.len()).unwrap_or_else(|| trimmed(line))
}

fn beginning(line: &[u8]) -> &[u8] {
    let zeros = line.iter().take_while(|byte| **byte == 0).count();
    line.get(zeros..).unwrap_or_default()
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Rule, Rules};
    use super::*;

    fn rules(patterns: &[&str]) -> Arc<Rules> {
        let rule = |pattern: &&str| Rule {
            name: (*pattern).to_owned(),
            all: vec![pattern.parse().unwrap()],
            except: Vec::new(),
        };
        Arc::new(Rules::new(&patterns.iter().map(rule).collect::<Vec<_>>()).unwrap())
    }

    /// Counts, lines, lines that were cut, and what matched.
    type Found = (Vec<u64>, u64, u64, Vec<Vec<u8>>);

    fn read<'b>(rules: &Arc<Rules>, blocks: impl IntoIterator<Item = &'b [u8]>) -> Found {
        let mut reader = Reader::new(Arc::clone(rules));
        let (mut counts, mut lines) = (vec![0; rules.names().len()], Vec::new());
        let mut found = |rule: usize, line: &[u8]| {
            counts[rule] += 1;
            lines.push(line.to_vec());
        };
        for block in blocks {
            reader.read(block, &mut found);
            assert!(reader.open.capacity() <= 2 * MAX_LINE);
        }
        reader.finish(&mut found);
        (counts, reader.lines(), reader.cut(), lines)
    }

    /// The same one line after the other, without anything clever.
    fn plainly(rules: &Rules, bytes: &[u8]) -> Vec<u64> {
        let mut counts = vec![0; rules.names().len()];
        for line in bytes.split(|byte| *byte == b'\n') {
            rules.matching(content(line), &mut |rule| counts[rule] += 1);
        }
        counts
    }

    #[test]
    fn a_line_has_no_end_of_line_and_no_zeros_before_it() {
        let rules = rules(&["^err", "done$", "^$"]);
        let text = b"\0\0error 1\r\nall done\r\n\xff\xfe done\nerr\n\nnot an err";
        let (counts, lines, cut, found) = read(&rules, [text.as_slice()]);
        assert_eq!((counts, lines, cut), (vec![2, 2, 1], 6, 0));
        assert_eq!(found[0], b"error 1");
        assert_eq!(found[2], b"\xff\xfe done");
    }

    #[test]
    fn of_a_long_line_the_beginning_is_looked_at() {
        let rules = rules(&["begin", "end", "short"]);
        let mut text = b"begin ".to_vec();
        text.resize(5 * MAX_LINE, b'x');
        text.extend_from_slice(b" end\nshort end\n");
        let whole = read(&rules, [text.as_slice()]);
        assert_eq!((whole.0.clone(), whole.1, whole.2), (vec![1, 1, 1], 2, 1));
        assert_eq!(whole.3[0].len(), MAX_LINE);
        for size in [1_000, MAX_LINE - 1, MAX_LINE, MAX_LINE + 1] {
            assert_eq!(read(&rules, text.chunks(size)), whole, "{size}");
        }
    }

    #[test]
    fn zeros_before_a_line_don_t_make_it_a_long_one() {
        let rules = rules(&["after"]);
        let mut text = vec![0; 3 * MAX_LINE];
        text.extend_from_slice(b"after the hole\n");
        for size in [1_000, MAX_LINE, text.len()] {
            let (counts, lines, cut, _) = read(&rules, text.chunks(size));
            assert_eq!((counts, lines, cut), (vec![1], 1, 0), "{size}");
        }
    }

    #[test]
    fn a_pattern_sees_one_line_only() {
        let rules = rules(&[r"a\sb", "(?s)a.b", r"a[^x]b", r"^b", r"a\b", r"\Ab\z"]);
        let (counts, ..) = read(&rules, [b"a\nb\nc".as_slice()]);
        assert_eq!(counts, [0, 0, 0, 1, 1, 1]);
    }

    /// Words of lines, and what ends them, as they come in logs and in none.
    fn any_log() -> impl Strategy<Value = Vec<u8>> {
        let word = prop::sample::select(vec![
            &b"error"[..],
            b"ERROR",
            b"timeout",
            b" ",
            b"P1001",
            b"xP10012",
            "Höfe".as_bytes(),
            b"\0",
            b"\r",
            b"\n",
            b"\n",
            b"\r\n",
            b"\xff",
            b"a",
            b"code: '08006'",
        ]);
        prop::collection::vec(word, 0..120).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn how_a_log_is_divided_makes_no_difference(
            log in any_log(),
            sizes in prop::collection::vec(1_usize..40, 1..60),
        ) {
            let rules = rules(&[
                "(?i)error", "^a", r"\bP1001\b", "timeout$", r"H\wfe", r"(?s-u).\xff", "^$",
                r"(?-u:\b)a|o", r"(?i)code.*0800\d",
            ]);
            let mut blocks = Vec::new();
            let (mut rest, mut sizes) = (log.as_slice(), sizes.iter().cycle());
            while !rest.is_empty() {
                let (block, after) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
                blocks.push(block);
                rest = after;
            }
            let whole = read(&rules, [log.as_slice()]);
            prop_assert_eq!(&read(&rules, blocks), &whole);
            // What comes after the last line end is a line where there is something.
            let mut ended = log.clone();
            while ended.last().is_some_and(|byte| matches!(*byte, 0)) {
                ended.pop();
            }
            let ended = ended.strip_suffix(b"\n").unwrap_or(&ended);
            let plain = if whole.1 == 0 { vec![0; 9] } else { plainly(&rules, ended) };
            prop_assert_eq!(whole.0, plain);
        }
    }
}
