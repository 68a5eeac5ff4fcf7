//! A mistake in a scenario: what, where, and what to do.

use std::collections::HashSet;

use super::tree::{NodeId, Place, SourceFile, Tree};

/// The most mistakes that are kept; the others are counted.
pub const MAX_DIAGNOSTICS: usize = 100;

/// One mistake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong: a lower-case fragment, values in backticks.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Where; `None` when it belongs to no place.
    pub place: Option<Place>,
    /// The line of the place.
    pub excerpt: Option<Excerpt>,
}

/// The offending line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The whole line, without its end.
    pub line: String,
    /// How many characters from the place on are meant; at least one.
    pub length: usize,
}

impl Diagnostic {
    /// A mistake without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// A mistake at a node.
    pub fn at(tree: &Tree, node: NodeId, message: impl Into<String>) -> Self {
        match tree.located(node) {
            Some((node, file)) => Self::in_file(file, (node.start, node.end), message),
            None => Self::new(message),
        }
    }

    /// A mistake at a range of bytes.
    pub(super) fn in_file(
        file: &SourceFile,
        (start, end): (usize, usize),
        message: impl Into<String>,
    ) -> Self {
        let (line, line_start) = file.line_at(start);
        let text = file.line_text(line);
        let line_end = line_start + text.len();
        let meant = file.text.get(start..end.min(line_end)).unwrap_or_default().trim_end();
        Self {
            message: message.into(),
            hint: None,
            place: Some(file.place(start)),
            excerpt: Some(Excerpt { line: text.to_owned(), length: meant.chars().count().max(1) }),
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds advice to a mistake that was reported.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Mistakes in the order of files and places, each once, at most [`MAX_DIAGNOSTICS`].
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    seen: HashSet<(Option<Place>, String)>,
    more: usize,
    /// Takes what is not kept, so that [`Diagnostics::error`] always has something to give.
    surplus: Diagnostic,
}

impl Diagnostics {
    /// No mistakes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reports a mistake at a node.
    pub fn error(
        &mut self,
        tree: &Tree,
        at: NodeId,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.keep(Diagnostic::at(tree, at, message))
    }

    /// Reports a mistake.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.keep(diagnostic);
    }

    fn keep(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        let is_new = self.seen.insert((diagnostic.place.clone(), diagnostic.message.clone()));
        if is_new && self.list.len() < MAX_DIAGNOSTICS {
            let at = self.list.partition_point(|known| known.place <= diagnostic.place);
            self.list.insert(at, diagnostic);
            return self.list.get_mut(at).unwrap_or(&mut self.surplus);
        }
        self.more += usize::from(is_new);
        self.surplus = diagnostic;
        &mut self.surplus
    }

    /// Whether there are no mistakes.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many mistakes are kept.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether no more mistakes are kept.
    pub fn is_full(&self) -> bool {
        self.list.len() >= MAX_DIAGNOSTICS
    }

    /// How many mistakes were found beyond those that are kept.
    pub fn more(&self) -> usize {
        self.more
    }

    /// The mistakes by file and place.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// The mistakes by file and place; the last one says how many more there are.
    pub fn into_vec(mut self) -> Vec<Diagnostic> {
        if self.more > 0 {
            self.list.push(Diagnostic::new(format!("and {} more mistakes", self.more)));
        }
        self.list
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        diagnostics.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }
}

/// The known word that `word` was probably meant to be.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let length = word.chars().count();
    let most = if length <= 4 { 1 } else { 2 };
    let near = |candidate: &str| candidate.chars().count().abs_diff(length) <= most;
    known
        .into_iter()
        .filter(|candidate| *candidate != word && near(candidate))
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= most && *distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_found_and_a_far_one_is_not() {
        let known = ["think", "get", "post", "http_req_duration"];
        assert_eq!(did_you_mean("thinks", known), Some("think"));
        assert_eq!(did_you_mean("pots", known), Some("post"));
        assert_eq!(did_you_mean("GET", known), Some("get"));
        assert_eq!(did_you_mean("http_req_durations", known), Some("http_req_duration"));
        assert_eq!(did_you_mean("websocket", known), None);
        assert_eq!(did_you_mean("", known), None);
        assert_eq!(did_you_mean("a", ["b"]), None);
    }

    #[test]
    fn each_mistake_is_kept_once_and_in_the_order_of_the_file() {
        let mut tree = Tree::new();
        let mut all = Diagnostics::new();
        let root = tree.add("a.yaml", "a: 1\nb: 2\n", &mut all).unwrap();
        let keys = tree.keys(root);
        all.error(&tree, keys[1].1, "second");
        all.error(&tree, keys[0].1, "first").hint("do it");
        all.error(&tree, keys[1].1, "second");
        let messages: Vec<_> = all.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages, ["first", "second"]);
        assert_eq!(all.iter().next().unwrap().hint.as_deref(), Some("do it"));
    }

    #[test]
    fn too_many_mistakes_are_counted() {
        let mut all = Diagnostics::new();
        for at in 0..MAX_DIAGNOSTICS + 7 {
            all.push(Diagnostic::new(format!("mistake {at}")));
        }
        assert_eq!(all.len(), MAX_DIAGNOSTICS);
        assert_eq!(all.into_vec().last().unwrap().message, "and 7 more mistakes");
    }
}
