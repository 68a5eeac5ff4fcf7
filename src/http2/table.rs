//! The fields that were sent before on a connection (RFC 7541, section 2.3.2).

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use super::head::{Head, OVERHEAD};

/// The size that a table has unless something else is agreed on, in bytes.
pub(super) const USUAL: usize = 4_096;

/// Memory of fields that went, to be used again: as many as a head puts in.
const SPARE: usize = 16;
/// Memory of one field that is used again, in bytes.
const KEPT: usize = 512;

/// A table of fields, the newest first.
pub(super) struct Table {
    fields: VecDeque<Field>,
    /// How much it holds as the standard counts it, in bytes.
    size: usize,
    /// The most that it may hold, in bytes.
    most: usize,
    spare: Vec<Vec<u8>>,
}

enum Field {
    /// Name and value, one after the other, and where the value begins.
    Own(Vec<u8>, usize),
    /// One of a head that is remembered.
    Known(Rc<Head>, usize),
}

impl Field {
    fn parts(&self) -> (&[u8], &[u8]) {
        let (text, value) = match self {
            Self::Own(text, value) => (text.as_slice(), *value),
            Self::Known(head, at) => head.field(*at).unwrap_or_default(),
        };
        text.split_at_checked(value).unwrap_or_default()
    }

    fn size(&self) -> usize {
        let (name, value) = self.parts();
        name.len() + value.len() + OVERHEAD
    }
}

impl fmt::Debug for Table {
    /// Shows how much there is, and nothing of what came: that may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("fields", &self.fields.len())
            .field("size", &self.size)
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

impl Table {
    pub(super) fn new(most: usize) -> Self {
        Self { fields: VecDeque::new(), size: 0, most, spare: Vec::new() }
    }

    /// Name and value of a field, the newest of which has the number 0.
    pub(super) fn get(&self, number: usize) -> Option<(&[u8], &[u8])> {
        self.fields.get(number).map(Field::parts)
    }

    /// The numbers of the newest field with this name, and of the newest with this value, too.
    pub(super) fn find(&self, name: &[u8], value: &[u8]) -> (Option<usize>, Option<usize>) {
        let mut named = None;
        for (number, field) in self.fields.iter().enumerate() {
            let (known, own) = field.parts();
            if known == name {
                named = named.or(Some(number));
                if own == value {
                    return (named, Some(number));
                }
            }
        }
        (named, None)
    }

    /// The most that it may hold, in bytes.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Lets it hold at most so much.
    pub(super) fn resize(&mut self, most: usize) {
        self.most = most;
        self.make_room(0);
    }

    /// Puts in a field: name and value, one after the other, and where the value begins.
    pub(super) fn insert(&mut self, text: &[u8], value: usize) {
        let (name, value) = text.split_at_checked(value).unwrap_or_default();
        self.insert_parts(name, value);
    }

    /// Puts in a field.
    pub(super) fn insert_parts(&mut self, name: &[u8], value: &[u8]) {
        let mut memory = self.spare.pop().unwrap_or_default();
        memory.clear();
        memory.extend_from_slice(name);
        memory.extend_from_slice(value);
        self.put(Field::Own(memory, name.len()));
    }

    /// Puts in what the block of a remembered head put in.
    pub(super) fn replay(&mut self, head: &Rc<Head>) {
        for at in &head.inserted {
            self.put(Field::Known(Rc::clone(head), *at));
        }
    }

    fn put(&mut self, field: Field) {
        let size = field.size();
        self.make_room(size);
        // A field that is larger than the table leaves it empty (RFC 7541, section 4.4).
        if size <= self.most {
            self.size += size;
            self.fields.push_front(field);
        } else {
            self.keep(field);
        }
    }

    fn make_room(&mut self, size: usize) {
        while self.size.saturating_add(size) > self.most {
            let Some(oldest) = self.fields.pop_back() else { return };
            self.size -= oldest.size();
            self.keep(oldest);
        }
    }

    fn keep(&mut self, field: Field) {
        if let Field::Own(memory, _) = field
            && memory.capacity() <= KEPT
            && self.spare.len() < SPARE
        {
            self.spare.push(memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(table: &mut Table, name: &str, value: &str) {
        table.insert(format!("{name}{value}").as_bytes(), name.len());
    }

    #[test]
    fn the_newest_field_is_the_first_and_the_oldest_goes() {
        let mut table = Table::new(3 * (OVERHEAD + 2));
        for value in ["1", "2", "3"] {
            insert(&mut table, "a", value);
        }
        assert_eq!(table.get(0), Some((&b"a"[..], &b"3"[..])));
        assert_eq!(table.get(2), Some((&b"a"[..], &b"1"[..])));
        insert(&mut table, "b", "4");
        assert_eq!((table.get(3), table.get(2)), (None, Some((&b"a"[..], &b"2"[..]))));
        assert_eq!(table.find(b"a", b"2"), (Some(1), Some(2)));
        assert_eq!(table.find(b"a", b"1"), (Some(1), None));
        assert_eq!(table.find(b"c", b"4"), (None, None));
        table.resize(OVERHEAD + 2);
        assert_eq!((table.get(1), table.get(0)), (None, Some((&b"b"[..], &b"4"[..]))));
        // What is larger than the table empties it.
        insert(&mut table, "long", "value");
        assert_eq!((table.get(0), table.size), (None, 0));
    }

    #[test]
    fn fields_of_a_remembered_head_are_as_those_that_came() {
        let (mut own, mut replayed) = (Table::new(200), Table::new(200));
        let mut head = Head::default();
        for (name, value) in [(":status", "200"), ("x-a", "1"), ("x-b", "2"), ("x-c", "3")] {
            head.add(name.as_bytes(), value.as_bytes(), 1_000);
        }
        head.inserted = vec![1, 3];
        let head = Rc::new(head);
        for _ in 0..9 {
            insert(&mut own, "x-a", "1");
            insert(&mut own, "x-c", "3");
            replayed.replay(&head);
            for number in 0..9 {
                assert_eq!(own.get(number), replayed.get(number));
            }
            assert_eq!(own.size, replayed.size);
        }
        assert_eq!(Rc::strong_count(&head), 6);
    }
}
