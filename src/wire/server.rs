//! What the server answers.

use super::framer::Message;
use super::machine::{Copying, Session, State};
use super::queue::Expected;
use super::sample::{Loss, Lost, Observer, Outcome, Passed, TextId, Transaction, ends_connection};
use crate::units::Nanos;

/// SQLSTATE of an error that names none.
const NO_CODE: [u8; 5] = *b"00000";

/// What stands at the front of the queue, as far as an answer depends on it.
#[derive(Clone, Copy, Debug)]
enum Front {
    Nothing,
    Startup,
    /// A `Query` or an `Execute`.
    Statement(Request),
    Parse,
    Bind,
    Describe,
    Close,
    Sync,
    Function,
    Blind,
}

/// The request that a statement belongs to.
#[derive(Clone, Copy, Debug)]
struct Request {
    /// `None` if its text is not known.
    text: Option<(TextId, Nanos)>,
    /// Whether it is a `Query`, which ends with `ReadyForQuery` and not with its statement.
    query: bool,
}

impl Session {
    /// A message of the server.
    #[inline]
    pub(super) fn answered(
        &mut self,
        message: &Message<'_>,
        at: Nanos,
        observer: &mut dyn Observer,
    ) -> Result<(), Lost> {
        let front = self.front();
        self.current.bytes(message.size);
        match (message.kind, front) {
            // A row: first, because there are most of them.
            (b'D', Front::Statement(_)) => self.current.row(at),
            (b'Z', _) => return self.ready(front, message.body, at),
            (b'E', Front::Blind) => self.copy = Copying::No,
            // In a blind stretch nobody knows which `Sync` a copy swallows.
            (b'G', Front::Blind) => return Err(Lost::Unexpected),
            (b'E', Front::Startup) => observer.refused(code(message.body)),
            (b'E', Front::Nothing | Front::Sync) => {
                let code = code(message.body);
                if ends_connection(code) {
                    observer.refused(code);
                }
            }
            (kind, front) if is_passed(kind, front) => {}
            (b'd', Front::Statement(_)) => self.current.data(at),
            (b'G', Front::Statement(request)) => self.copy_in(request),
            (b'C', Front::Statement(request)) => {
                self.current.tag(message.body);
                self.ended(request, at, Outcome::Done, observer);
            }
            (b'I', Front::Statement(request)) => {
                self.ended(request, at, Outcome::Empty, observer);
            }
            (b's', Front::Statement(request @ Request { query: false, .. })) => {
                self.ended(request, at, Outcome::Suspended, observer);
            }
            (b'1', Front::Parse)
            | (b'2', Front::Bind)
            | (b'3', Front::Close)
            | (b'T' | b'n', Front::Describe) => self.pop(),
            (b'E', Front::Statement(request)) => {
                self.copy = Copying::No;
                self.ended(request, at, failed(message.body), observer);
                if request.query {
                    self.failed = true;
                } else {
                    self.skip();
                }
            }
            (b'E', Front::Parse | Front::Bind | Front::Describe | Front::Close) => {
                self.failed_before(at, failed(message.body), observer);
            }
            (b'W', Front::Statement(_)) => {
                // Only a stream of replication copies both ways, and its connection says so when
                // it is opened; but this is what the server says.
                self.state = State::Passed(Passed::Replication);
            }
            _ => return Err(Lost::Unexpected),
        }
        Ok(())
    }

    #[inline]
    fn front(&mut self) -> Front {
        self.queue.drop_marks();
        match self.queue.front() {
            None | Some(Expected::CopyEnd) => Front::Nothing,
            Some(Expected::Startup) => Front::Startup,
            // Behind the error there is only `ReadyForQuery`, or another error that ends it all.
            Some(Expected::Query { .. }) if self.failed => Front::Sync,
            Some(Expected::Query { text, sent }) => {
                Front::Statement(Request { text: Some((*text, *sent)), query: true })
            }
            Some(Expected::Execute { text, sent }) => {
                Front::Statement(Request { text: text.map(|text| (text, *sent)), query: false })
            }
            Some(Expected::Parse { .. }) => Front::Parse,
            Some(Expected::Bind { .. }) => Front::Bind,
            Some(Expected::Describe) => Front::Describe,
            Some(Expected::Close { .. }) => Front::Close,
            Some(Expected::Sync { .. }) => Front::Sync,
            Some(Expected::Function) => Front::Function,
            Some(Expected::Blind(_)) => Front::Blind,
        }
    }

    /// The message at the front is answered.
    #[inline]
    fn pop(&mut self) {
        self.queue.pop();
        self.current.next_request();
    }

    /// `ReadyForQuery`.
    fn ready(&mut self, front: Front, state: &[u8], at: Nanos) -> Result<(), Lost> {
        match front {
            Front::Startup
            | Front::Sync
            | Front::Function
            | Front::Statement(Request { query: true, .. }) => {
                self.current.ready(state, at);
                self.failed = false;
                let stamp = match self.queue.pop() {
                    Some(Expected::Sync { stamp }) => stamp,
                    _ => 0,
                };
                if self.current.transaction() == Transaction::Idle {
                    self.held.end_portals(stamp);
                }
                Ok(())
            }
            Front::Blind => {
                self.current.ready(state, at);
                self.queue.ready_in_blind();
                Ok(())
            }
            Front::Nothing
            | Front::Parse
            | Front::Bind
            | Front::Describe
            | Front::Close
            | Front::Statement(_) => Err(Lost::Unexpected),
        }
    }

    /// The server asks for the data of a copy.
    fn copy_in(&mut self, request: Request) {
        if !self.queue.begin_copy() {
            self.copy = if request.query { Copying::Simple } else { Copying::Extended };
        }
    }

    /// A statement has ended.
    #[inline]
    fn ended(
        &mut self,
        request: Request,
        at: Nanos,
        outcome: Outcome,
        observer: &mut dyn Observer,
    ) {
        if let Some(text) = request.text {
            observer.sample(&self.current.end(text, at, outcome));
        } else {
            self.current.pass(at);
            observer.lost(Loss::UnknownStatement);
        }
        if !request.query {
            self.pop();
        }
    }

    /// A statement has failed before it was executed. It is told once, whether or not it was to be
    /// executed at once.
    fn failed_before(&mut self, at: Nanos, outcome: Outcome, observer: &mut dyn Observer) {
        match self.queue.next_text() {
            Some(text) => observer.sample(&self.current.end(text, at, outcome)),
            None => observer.lost(Loss::UnknownStatement),
        }
        self.skip();
    }

    /// The server skips what follows up to the next `Sync`.
    fn skip(&mut self) {
        let (skipped, has_sync) = self.queue.skip_to_sync();
        for entry in skipped {
            if let Expected::Parse { undo: Some(undo), .. } | Expected::Close { undo: Some(undo) } =
                entry
            {
                self.held.undo(*undo);
            }
        }
        self.skipping = !has_sync;
        self.current.next_request();
    }
}

/// Whether a message changes nothing of what is awaited.
#[inline]
fn is_passed(kind: u8, front: Front) -> bool {
    match front {
        Front::Blind => true,
        // What comes at any time.
        _ if matches!(kind, b'N' | b'A' | b'S') => true,
        Front::Startup => matches!(kind, b'R' | b'K' | b'v'),
        Front::Function => matches!(kind, b'E' | b'V'),
        Front::Statement(Request { query, .. }) => {
            matches!(kind, b'H' | b'c') || (query && kind == b'T')
        }
        Front::Describe => kind == b't',
        Front::Nothing | Front::Sync | Front::Parse | Front::Bind | Front::Close => false,
    }
}

fn failed(body: &[u8]) -> Outcome {
    Outcome::Failed(code(body))
}

/// The SQLSTATE of an `ErrorResponse`: its fields are a letter and a text each.
fn code(body: &[u8]) -> [u8; 5] {
    let mut fields = body.split(|byte| *byte == 0);
    let code = fields.find_map(|field| field.strip_prefix(b"C"));
    let code = code.and_then(|code| code.first_chunk().copied());
    code.unwrap_or(NO_CODE)
}
