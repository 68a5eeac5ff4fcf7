//! What a file says, apart from how it is written: the same for any comments, spaces and quotes.

use super::reader::is_text;
use super::tree::{Content, NodeId, Style, Tree};

impl Tree {
    /// Gives all of `node` to `sink`, piece by piece: keys in their order, values with what they
    /// are, each with its length, so that no two different texts give the same.
    ///
    /// `leaves_out` gets the keys from `node` down to a mapping (lists add none), and one of its
    /// keys: what it is true for is left out.
    pub fn canonical(
        &self,
        node: NodeId,
        leaves_out: &dyn Fn(&[&str], &str) -> bool,
        sink: &mut dyn FnMut(&[u8]),
    ) {
        let mut walk = Walk { tree: self, leaves_out, sink, path: Vec::new() };
        walk.node(node);
    }
}

struct Walk<'t, 's> {
    tree: &'t Tree,
    leaves_out: &'s dyn Fn(&[&str], &str) -> bool,
    sink: &'s mut dyn FnMut(&[u8]),
    /// Keys above the node.
    path: Vec<&'t str>,
}

impl Walk<'_, '_> {
    /// The depth of a tree is limited, so that of this is.
    fn node(&mut self, node: NodeId) {
        match self.tree.content(node) {
            Some(Content::Scalar(..)) if self.tree.is_null(node) => self.piece(b'0', ""),
            Some(Content::Scalar(text, Style::Plain)) if !is_text(text) => self.piece(b'1', text),
            Some(Content::Scalar(text, Style::Plain | Style::Text)) => self.piece(b'"', text),
            Some(Content::Sequence(elements)) => {
                self.length(b'[', elements.len());
                for element in elements {
                    self.node(*element);
                }
            }
            Some(Content::Mapping(entries)) => {
                let kept = entries.iter().filter(|(key, _)| {
                    let key = self.tree.text(*key);
                    !(self.leaves_out)(&self.path, key)
                });
                let kept: Vec<_> = kept.collect();
                self.length(b'{', kept.len());
                for (key, value) in kept {
                    let key = self.tree.text(*key);
                    self.piece(b'"', key);
                    self.path.push(key);
                    self.node(*value);
                    self.path.pop();
                }
            }
            None => self.piece(b'0', ""),
        }
    }

    fn piece(&mut self, kind: u8, text: &str) {
        self.length(kind, text.len());
        (self.sink)(text.as_bytes());
    }

    fn length(&mut self, kind: u8, length: usize) {
        (self.sink)(&[kind]);
        (self.sink)(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Diagnostics;

    fn of(text: &str) -> Vec<u8> {
        let (mut tree, mut out) = (Tree::new(), Diagnostics::new());
        let root = tree.add("a.yaml", text, &mut out).unwrap();
        let mut bytes = Vec::new();
        let leaves_out = |path: &[&str], key: &str| key == "out" && path == ["in"];
        tree.canonical(root, &leaves_out, &mut |piece| bytes.extend_from_slice(piece));
        bytes
    }

    #[test]
    fn how_it_is_written_makes_no_difference() {
        let same = of("a: [ x, 'y z', 5 ]\nb: { c: ~ }\n");
        for text in [
            "# c\na:\n  - x # d\n  - \"y z\"\n  - 5\nb:\n  c:\n",
            "{ a: [ 'x', y z, 5 ], b: { c: null } }",
            "a: [ &x x, !!str y z, 5 ]\r\nb: { c: ~ }\r\n",
            "a: [ x, y z, 5 ]\nb: { <<: { c: ~ } }",
        ] {
            assert_eq!(of(text), same, "{text}");
        }
    }

    #[test]
    fn what_it_says_makes_one() {
        let all = [
            "a: 5",
            "a: '5'",
            "a: '~'",
            "a:",
            "a: true",
            "a: 'true'",
            "a: [ 5 ]",
            "a: { '5': ~ }",
            "a: 50",
            "b: 5",
            "{ a: 5, b: 6 }",
            "{ b: 6, a: 5 }",
            "a: []",
            "a: {}",
            "[ a, b ]",
            "[ ab ]",
            "[ [ a ], b ]",
            "[ [ a, b ] ]",
        ];
        for (at, text) in all.iter().enumerate() {
            for other in all.iter().skip(at + 1) {
                assert_ne!(of(text), of(other), "{text} and {other}");
            }
        }
    }

    #[test]
    fn what_is_left_out_counts_nowhere_else() {
        assert_eq!(of("in: { out: 5, a: 1 }"), of("in: { a: 1 }"));
        assert_eq!(of("in: [ { out: 5 }, { out: 6 } ]"), of("in: [ {}, {} ]"));
        assert_ne!(of("out: 5"), of("{}"));
        assert_ne!(of("in: { b: { out: 5 } }"), of("in: { b: {} }"));
    }
}
