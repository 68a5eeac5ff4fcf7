//! Texts of queries become forms: what is the same statement has one number.

use std::collections::HashMap;

use super::shape;
use crate::names::{OTHER, SeriesId};
use crate::plan::series_of;
use crate::sql::{Normal, distinct, statements, traceparent, without_comments};
use crate::wire::{Text, TextId};

/// The most forms that are told apart; later ones are counted as [`OTHER`].
pub const MAX_FORMS: usize = 2_000;
/// The most sequences of forms that one query was made of; later ones are counted as [`OTHER`].
pub const MAX_PROGRAMS: usize = 4_096;
/// The most texts of which the form is remembered. An application that writes its values into the
/// text makes new ones all the time; then they are forgotten and read again.
pub const MAX_TEXTS: usize = 4_096;

/// The most texts that name a request and are remembered: one is over when its statement is.
const MAX_MARKS: u32 = 65_536;
/// The first number of such a text; smaller ones are programs.
const MARKED: u32 = 1 << 31;

/// The longest text that is remembered, in bytes. Longer ones are read each time.
const MAX_REMEMBERED: usize = 4 << 10;

/// The most characters of a form's name in that of its series: what a terminal has room for beside
/// the figures.
const LONGEST_NAME: usize = 56;

/// Stands for a form: an index into all forms of a tap, in the order in which they were met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormId(pub u32);

/// What is the same statement, whatever its values are. None of its values is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// A short name for people. Two forms can have the same.
    pub name: String,
    /// The whole normal form.
    pub text: String,
    /// [`Normal::fingerprint`] of the form: the same in every run. Its last four digits tell
    /// forms of the same name apart.
    pub fingerprint: u64,
}

impl Form {
    /// The name of its series: no other form has it, in this run or any other.
    pub fn series(&self) -> String {
        if self.name == OTHER {
            return self.name.clone();
        }
        let mut name = self.name.clone();
        if let Some((end, _)) = name.char_indices().nth(LONGEST_NAME) {
            name.truncate(end);
            name.push('…');
        }
        distinct(&name, self.fingerprint)
    }
}

/// All forms that a tap has met.
#[derive(Debug)]
pub(super) struct Forms {
    ids: HashMap<String, FormId>,
    /// Those that nobody has been told of.
    fresh: Vec<Form>,
    /// For each [`TextId`], the forms of its statements.
    programs: Vec<Box<[FormId]>>,
    program_ids: HashMap<Box<[FormId]>, TextId>,
    /// Texts that name a request: what they do, and the endpoint of the request.
    marks: Vec<(TextId, SeriesId)>,
    next_mark: u32,
    /// By their shape, or by themselves without comments.
    texts: HashMap<Box<[u8]>, TextId>,
    /// Memory for the shape of the text that is looked at.
    shape: Vec<u8>,
}

/// The form of what has no room of its own: always the first.
const OTHER_FORM: FormId = FormId(0);
const OTHER_TEXT: TextId = TextId(0);

impl Default for Forms {
    fn default() -> Self {
        let other = Form { name: OTHER.to_owned(), text: OTHER.to_owned(), fingerprint: 0 };
        let program: Box<[FormId]> = Box::new([OTHER_FORM]);
        Self {
            ids: HashMap::from([(other.text.clone(), OTHER_FORM)]),
            fresh: vec![other],
            programs: vec![program.clone()],
            program_ids: HashMap::from([(program, OTHER_TEXT)]),
            marks: Vec::new(),
            next_mark: 0,
            texts: HashMap::new(),
            shape: Vec::new(),
        }
    }
}

impl Forms {
    /// The number of a text: one of its own for each that names a request of ours.
    pub(super) fn text(&mut self, text: Text<'_>) -> TextId {
        let mut shape = std::mem::take(&mut self.shape);
        let id = match text.bytes() {
            // What has a shape has no comment, so it names nothing.
            bytes if shaped(bytes, &mut shape) => self.look_up(bytes, &shape),
            bytes => self.commented(bytes, &mut shape),
        };
        self.shape = shape;
        id
    }

    /// The number of a text that may have comments; they can be others each time, as with
    /// `traceparent`.
    fn commented(&mut self, bytes: &[u8], shape: &mut Vec<u8>) -> TextId {
        let text = String::from_utf8_lossy(bytes);
        let bare = without_comments(&text).as_bytes();
        let key = if shaped(bare, shape) { shape } else { bare };
        let program = self.look_up(bytes, key);
        match traceparent(&text).and_then(series_of) {
            Some(named) => self.mark(program, named),
            None => program,
        }
    }

    /// The endpoint whose request a text names.
    pub(super) fn named(&self, text: TextId) -> Option<SeriesId> {
        self.marked(text).map(|(_, named)| named)
    }

    fn marked(&self, text: TextId) -> Option<(TextId, SeriesId)> {
        let place = text.0.checked_sub(MARKED)?;
        self.marks.get(usize::try_from(place).ok()?).copied()
    }

    /// A number for a text that names a request, until [`MAX_MARKS`] others have been met.
    fn mark(&mut self, program: TextId, named: SeriesId) -> TextId {
        let place = self.next_mark;
        self.next_mark = (place + 1) % MAX_MARKS;
        let mark = (program, named);
        match self.marks.get_mut(usize::try_from(place).unwrap_or(usize::MAX)) {
            Some(old) => *old = mark,
            None => self.marks.push(mark),
        }
        TextId(MARKED + place)
    }

    /// What a text does: texts with the same key do the same.
    fn look_up(&mut self, text: &[u8], key: &[u8]) -> TextId {
        if let Some(id) = self.texts.get(key) {
            return *id;
        }
        let id = self.read(&String::from_utf8_lossy(text));
        if key.len() <= MAX_REMEMBERED {
            if self.texts.len() >= MAX_TEXTS {
                self.texts.clear();
            }
            self.texts.insert(key.into(), id);
        }
        id
    }

    /// The form of a statement of a text.
    pub(super) fn form(&self, text: TextId, nth: u32) -> FormId {
        let text = self.marked(text).map_or(text, |(program, _)| program);
        let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let program = self.programs.get(at(text.0)).map(AsRef::as_ref).unwrap_or_default();
        // A rule of the database can make more statements than were sent.
        program.get(at(nth)).or(program.last()).copied().unwrap_or(OTHER_FORM)
    }

    /// The forms that were met since this was asked last.
    pub(super) fn take(&mut self) -> Vec<Form> {
        std::mem::take(&mut self.fresh)
    }

    fn read(&mut self, text: &str) -> TextId {
        let mut program: Vec<FormId> = statements(text).map(|text| self.meet(text)).collect();
        if program.is_empty() {
            program.push(self.meet(text));
        }
        if let Some(id) = self.program_ids.get(&program[..]) {
            return *id;
        }
        if self.programs.len() >= MAX_PROGRAMS {
            return OTHER_TEXT;
        }
        let id = TextId(u32::try_from(self.programs.len()).unwrap_or_default());
        let program = program.into_boxed_slice();
        self.programs.push(program.clone());
        self.program_ids.insert(program, id);
        id
    }

    fn meet(&mut self, statement: &str) -> FormId {
        let normal = Normal::of(statement);
        if let Some(id) = self.ids.get(&normal.text) {
            return *id;
        }
        if self.ids.len() >= MAX_FORMS {
            return OTHER_FORM;
        }
        let id = FormId(u32::try_from(self.ids.len()).unwrap_or_default());
        let fingerprint = normal.fingerprint();
        let Normal { name, text, .. } = normal;
        self.ids.insert(text.clone(), id);
        self.fresh.push(Form { name, text, fingerprint });
        id
    }
}

/// Whether a text is short enough to be remembered by its shape, and has one.
fn shaped(text: &[u8], shape: &mut Vec<u8>) -> bool {
    text.len() <= MAX_REMEMBERED && shape::write(text, shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms_of(forms: &mut Forms, text: &str) -> Vec<u32> {
        let id = forms.text(Text::Whole(text.as_bytes()));
        (0..3).map(|nth| forms.form(id, nth).0).collect()
    }

    #[test]
    fn the_same_statement_has_one_number_whatever_its_values() {
        let mut forms = Forms::default();
        assert_eq!(forms_of(&mut forms, "SELECT a FROM t WHERE id = 1"), [1; 3]);
        assert_eq!(forms_of(&mut forms, "select a from t where id = 'marker'"), [1; 3]);
        assert_eq!(forms_of(&mut forms, "SELECT b FROM t"), [2; 3]);
        assert_eq!(forms_of(&mut forms, "SELECT b FROM t /*traceparent='00-1-2-01'*/"), [2; 3]);
        let fresh = forms.take();
        assert_eq!(fresh.len(), 3);
        assert_eq!(fresh[0].name, OTHER);
        assert!(!format!("{fresh:?}").contains("marker"));
        assert_eq!(forms.take(), []);
    }

    #[test]
    fn a_text_that_names_a_request_of_ours_has_its_endpoint() {
        let mut forms = Forms::default();
        let plain = forms.text(Text::Whole(b"SELECT b FROM t"));
        let trace = "00-6c670142000000030000000000000001-b7ad6b7169203331-01";
        let text = format!("SELECT b FROM t /*traceparent='{trace}'*/");
        let named = forms.text(Text::Whole(text.as_bytes()));
        assert_eq!(forms.named(named), Some(SeriesId(0x0142)));
        assert_eq!(forms.named(plain), None);
        assert_eq!(forms.form(named, 0), forms.form(plain, 0));
        for _ in 0..MAX_MARKS {
            forms.text(Text::Whole(text.as_bytes()));
        }
        assert_eq!(forms.marks.len(), usize::try_from(MAX_MARKS).unwrap());
    }

    #[test]
    fn values_and_comments_that_differ_each_time_are_one_text() {
        let mut forms = Forms::default();
        for at in 0..100 {
            let text = format!("SELECT b FROM t WHERE id = {at} /*traceparent='00-{at}-2-01'*/");
            assert_eq!(forms_of(&mut forms, &text), [1; 3]);
            let text = format!("SELECT b FROM t WHERE id = {at}");
            assert_eq!(forms_of(&mut forms, &text), [1; 3]);
        }
        assert_eq!(forms.texts.len(), 1);
        // What is no text in UTF-8 has a form all the same.
        let id = forms.text(Text::Whole(b"SELECT b FROM t WHERE id = '\xe9'"));
        assert_eq!(forms.form(id, 0).0, 1);
    }

    #[test]
    fn each_statement_of_a_text_has_its_own_form() {
        let mut forms = Forms::default();
        assert_eq!(forms_of(&mut forms, "BEGIN; SELECT 1; COMMIT;"), [1, 2, 3]);
        assert_eq!(forms_of(&mut forms, "COMMIT"), [3; 3]);
        assert_eq!(forms_of(&mut forms, ""), [4; 3]);
        assert_eq!(forms_of(&mut forms, "\u{fffd}"), forms_of(&mut forms, "\u{fffd}"));
    }

    #[test]
    fn forms_and_texts_beyond_their_limits_are_other() {
        let mut forms = Forms::default();
        for at in 1..MAX_FORMS {
            assert_ne!(forms_of(&mut forms, &format!("SELECT c{at} FROM t"))[0], 0);
        }
        assert_eq!(forms_of(&mut forms, "SELECT other FROM t"), [0; 3]);
        // What is known stays known, also when texts are forgotten.
        for at in 0..=MAX_TEXTS {
            assert_eq!(forms_of(&mut forms, &format!("SELECT c7 FROM t LIMIT {at}")), [0; 3]);
        }
        assert!(forms.texts.len() <= MAX_TEXTS);
        assert_eq!(forms_of(&mut forms, "SELECT c7 FROM t"), [7; 3]);
    }
}
