//! The streams of a connection that are under way, and what is known of each.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use super::broken::{Malformed, Stopped};
use super::head::Head;
use super::settings::MOST_WINDOW;

/// Most interim answers (1xx) before an answer: a server that sends more of them will not end.
pub const MAX_INTERIM: u8 = 100;

/// Most streams at a time on one connection, whatever the server allows: others wait.
pub const MOST_STREAMS: usize = 4_096;

/// What a buffer may keep for the next answer, in bytes.
const KEPT: usize = 64 << 10;
/// Most memory taken for a body because its length was announced, in bytes; beyond it, memory is
/// taken as the body comes.
const TRUSTED: u64 = 1 << 20;
/// Streams of which it is remembered that they were cancelled, so that what still comes for them
/// is known to be no fault of the server's. Older ones are given the benefit of the doubt.
const CANCELLED: usize = 256;

/// What the request decides about its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `HEAD`: no body follows, whatever the head says.
    Head,
    /// Any other method.
    Other,
}

/// What is done with the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is kept and given out with the answer.
    Body,
    /// It is counted and thrown away.
    Nothing,
}

/// What a connection has to know of a request, beside its fields.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What the caller knows the exchange by; events name it.
    pub key: usize,
    /// What the method means for the answer.
    pub asked: Asked,
    /// What is done with the answer's body.
    pub keep: Keep,
    /// The body of the request.
    pub body: &'a [u8],
}

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No head has come but those of interim answers.
    Waiting,
    /// The head is there.
    Body,
}

/// One stream.
pub(super) struct Stream {
    pub(super) id: u32,
    pub(super) key: usize,
    pub(super) phase: Phase,
    asked: Asked,
    keep: Keep,
    interim: u8,
    /// The head, if it is one that is remembered; else it is `own`.
    known: Option<Rc<Head>>,
    own: Head,
    /// What came of the body, unless it came in one piece.
    pub(super) body: Vec<u8>,
    pub(super) body_bytes: u64,
    /// What may still be sent, in bytes; below zero when the server made its window smaller.
    pub(super) may_send: i64,
    /// How much of the request's body has been sent, and how much has not, in bytes.
    pub(super) sent: usize,
    pub(super) unsent: usize,
    /// What may still come, in bytes, and what has come since the server was told so.
    pub(super) may_come: i64,
    pub(super) came: u32,
}

impl fmt::Debug for Stream {
    /// Shows where it stands, and nothing of what came: that may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("id", &self.id)
            .field("phase", &self.phase)
            .field("body_bytes", &self.body_bytes)
            .field("unsent", &self.unsent)
            .finish_non_exhaustive()
    }
}

impl Stream {
    fn new() -> Self {
        Self {
            id: 0,
            key: 0,
            phase: Phase::Waiting,
            asked: Asked::Other,
            keep: Keep::Nothing,
            interim: 0,
            known: None,
            own: Head::default(),
            body: Vec::new(),
            body_bytes: 0,
            may_send: 0,
            sent: 0,
            unsent: 0,
            may_come: 0,
            came: 0,
        }
    }

    /// Begins anew with the memory that is there. Windows are in bytes: that for what is sent, and
    /// that for what comes.
    fn begin(&mut self, id: u32, question: &Question<'_>, (send, come): (u32, u32)) {
        self.empty();
        (self.id, self.key) = (id, question.key);
        (self.asked, self.keep) = (question.asked, question.keep);
        (self.phase, self.interim, self.body_bytes) = (Phase::Waiting, 0, 0);
        (self.sent, self.unsent) = (0, question.body.len());
        (self.may_send, self.may_come, self.came) = (i64::from(send), i64::from(come), 0);
    }

    fn empty(&mut self) {
        self.known = None;
        self.body.clear();
        if self.body.capacity() > KEPT {
            self.body = Vec::new();
        }
    }

    /// The answer's head.
    pub(super) fn head(&self) -> &Head {
        self.known.as_deref().unwrap_or(&self.own)
    }

    /// Takes a head that has come, a remembered one or else `own`, and says what it was.
    pub(super) fn take(
        &mut self,
        known: Option<Rc<Head>>,
        own: &mut Head,
        limit: usize,
        ends: Ends,
    ) -> Result<Took, Stopped> {
        let head = known.as_deref().unwrap_or(own);
        if head.is_over(limit) {
            return Err(Stopped::HeadTooLong(limit));
        }
        if let Some(wrong) = head.wrong {
            return Err(wrong.into());
        }
        let status = head.status();
        match (self.phase, status, ends) {
            (Phase::Body, 0, Ends::Stream) => return Ok(Took::Trailers),
            (Phase::Body, ..) | (Phase::Waiting, 102..=199 | 100, Ends::Stream) => {
                return Err(Malformed::Order.into());
            }
            (Phase::Waiting, 0, _) => return Err(Malformed::Status.into()),
            (Phase::Waiting, 101, _) => return Err(Malformed::Switched.into()),
            (Phase::Waiting, 100..=199, Ends::Nothing) => {
                self.interim += 1;
                if self.interim > MAX_INTERIM {
                    return Err(Stopped::TooManyInterim);
                }
                return Ok(Took::Interim);
            }
            (Phase::Waiting, ..) => {}
        }
        self.phase = Phase::Body;
        if known.is_none() {
            std::mem::swap(&mut self.own, own);
        }
        self.known = known;
        Ok(Took::Head)
    }

    /// Whether the answer may end here.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        let bodiless = self.is_bodiless();
        match self.head().length {
            _ if self.phase == Phase::Waiting => Err(Malformed::Order),
            Some(length) if !bodiless && length != self.body_bytes => Err(Malformed::OtherLength),
            Some(_) | None => Ok(()),
        }
    }

    /// Takes note of so many bytes of the body.
    pub(super) fn count(&mut self, bytes: usize, limit: u64) -> Result<(), Stopped> {
        if self.phase == Phase::Waiting {
            return Err(Malformed::Order.into());
        }
        if bytes > 0 && self.is_bodiless() {
            return Err(Malformed::Body.into());
        }
        self.body_bytes = self.body_bytes.saturating_add(super::count(bytes));
        if self.body_bytes > limit {
            return Err(Stopped::BodyTooLarge(limit));
        }
        match self.head().length {
            Some(length) if self.body_bytes > length => Err(Malformed::OtherLength.into()),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the body is wanted.
    pub(super) fn keeps(&self) -> bool {
        self.keep == Keep::Body
    }

    /// Keeps a piece of the body that is not all of it.
    pub(super) fn keep(&mut self, piece: &[u8]) {
        if self.keep == Keep::Nothing {
            return;
        }
        if self.body.is_empty() {
            let length = self.head().length.unwrap_or(0).min(TRUSTED);
            self.body.reserve(usize::try_from(length).unwrap_or_default());
        }
        self.body.extend_from_slice(piece);
    }

    /// The server lets so many bytes more come to it.
    pub(super) fn open(&mut self, more: i64) -> Result<(), Stopped> {
        self.may_send += more;
        if self.may_send > i64::from(MOST_WINDOW) { Err(Stopped::Window) } else { Ok(()) }
    }

    fn is_bodiless(&self) -> bool {
        self.asked == Asked::Head || matches!(self.head().status(), 204 | 304)
    }
}

/// Whether a frame ends its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Stream,
    Nothing,
}

/// What a head was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Took {
    Interim,
    Head,
    Trailers,
}

/// What a number stands for that a frame names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A stream that is under way, and where it is kept.
    Here(usize),
    /// One that we gave up, for which frames may still be on their way.
    GivenUp,
    /// One that has ended.
    Ended,
    /// One that was never begun.
    Idle,
}

/// All streams that are under way.
#[derive(Debug)]
pub(super) struct Streams {
    slots: Vec<Stream>,
    free: Vec<usize>,
    /// Number and place of those under way, in order of the numbers.
    order: VecDeque<(u32, usize)>,
    /// The number of the next stream.
    next: u32,
    cancelled: VecDeque<u32>,
    /// The latest stream of which it is not remembered whether it was cancelled.
    forgotten: u32,
}

impl Streams {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            order: VecDeque::new(),
            next: 1,
            cancelled: VecDeque::new(),
            forgotten: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are numbers for more streams (RFC 9113, section 5.1.1).
    pub(super) fn has_numbers(&self) -> bool {
        self.next <= MOST_WINDOW
    }

    /// Begins the next stream: where it is kept.
    pub(super) fn begin(&mut self, question: &Question<'_>, windows: (u32, u32)) -> usize {
        let id = self.next;
        self.next += 2;
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Stream::new());
            self.slots.len() - 1
        });
        self.order.push_back((id, at));
        if let Some(stream) = self.slots.get_mut(at) {
            stream.begin(id, question, windows);
        }
        at
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&Stream> {
        self.slots.get(at)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Stream> {
        self.slots.get_mut(at)
    }

    /// What a number stands for.
    #[inline]
    pub(super) fn find(&self, id: u32) -> Place {
        if let Ok(found) = self.order.binary_search_by_key(&id, |(known, _)| *known)
            && let Some((_, at)) = self.order.get(found)
        {
            return Place::Here(*at);
        }
        if id >= self.next || id & 1 == 0 {
            Place::Idle
        } else if id <= self.forgotten || self.cancelled.contains(&id) {
            Place::GivenUp
        } else {
            Place::Ended
        }
    }

    /// The stream is no longer under way; its memory stays until [`Streams::free`].
    pub(super) fn remove(&mut self, id: u32) {
        if let Ok(found) = self.order.binary_search_by_key(&id, |(known, _)| *known) {
            self.order.remove(found);
        }
    }

    /// The same, and frames may still be on their way for it.
    pub(super) fn give_up(&mut self, id: u32) {
        self.remove(id);
        if self.cancelled.len() == CANCELLED {
            self.forgotten = self.cancelled.pop_front().unwrap_or(0).max(self.forgotten);
        }
        self.cancelled.push_back(id);
    }

    /// The place can be used again.
    pub(super) fn free(&mut self, at: usize) {
        if let Some(stream) = self.slots.get_mut(at) {
            stream.empty();
            self.free.push(at);
        }
    }

    /// The latest stream, if its number is higher than `last`.
    pub(super) fn beyond(&self, last: u32) -> Option<(u32, usize)> {
        self.order.back().copied().filter(|(id, _)| *id > last)
    }

    /// All that are under way, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Stream> {
        self.order.iter().filter_map(|(_, at)| self.slots.get(*at))
    }

    /// The places of all that are under way, in order.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.order.iter().map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(key: usize) -> Question<'static> {
        Question { key, asked: Asked::Other, keep: Keep::Body, body: b"" }
    }

    #[test]
    fn streams_are_found_by_their_numbers_in_whatever_order_they_end() {
        let mut streams = Streams::new();
        let [a, b, c] = [10, 11, 12].map(|key| streams.begin(&question(key), (1, 1)));
        assert_eq!([1, 3, 5].map(|id| streams.find(id)), [a, b, c].map(Place::Here));
        assert_eq!([0, 2, 7, 8].map(|id| streams.find(id)), [Place::Idle; 4]);
        streams.remove(3);
        streams.free(b);
        assert_eq!(streams.find(3), Place::Ended);
        streams.give_up(1);
        streams.free(a);
        assert_eq!(streams.find(1), Place::GivenUp);
        assert_eq!(streams.find(5), Place::Here(c));
        let d = streams.begin(&question(13), (1, 1));
        assert_eq!((d, streams.find(7), streams.len()), (a, Place::Here(a), 2));
        assert_eq!(streams.iter().map(|stream| stream.key).collect::<Vec<_>>(), [12, 13]);
        assert_eq!((streams.beyond(5), streams.beyond(7)), (Some((7, d)), None));
    }

    #[test]
    fn few_of_those_given_up_are_remembered_and_the_rest_is_not_held_against_the_server() {
        let mut streams = Streams::new();
        let count = u32::try_from(CANCELLED).unwrap() + 5;
        for key in 0..count {
            let at = streams.begin(&question(0), (1, 1));
            streams.give_up(2 * key + 1);
            streams.free(at);
        }
        assert!((0..count).all(|key| streams.find(2 * key + 1) == Place::GivenUp));
        assert_eq!(streams.cancelled.len(), CANCELLED);
        let ended = streams.begin(&question(0), (1, 1));
        streams.remove(2 * count + 1);
        streams.free(ended);
        assert_eq!(streams.find(2 * count + 1), Place::Ended);
    }
}
