//! One virtual user: a place in a program, and what it remembers.

use super::cookies::Jar;
use super::session::Headers;
use super::strands::Strands;
use crate::names::{ErrorKind, SeriesId};
use crate::plan::{Dice, Leaf, Op, Plan, Program, Request, Ticket, Variables, View};
use crate::units::Nanos;

/// One virtual user.
#[derive(Debug)]
pub(super) struct User {
    /// Its number among all users of the run.
    pub(super) number: u64,
    /// Grows whenever older replies must not count any more.
    pub(super) round: u32,
    /// What it was started for; `None` when it is free.
    pub(super) ticket: Option<Ticket>,
    /// Its number among the users of closed phases, while it is one.
    pub(super) member: Option<u64>,
    /// Whether it is between two journeys.
    pub(super) pausing: bool,
    pub(super) variables: Variables,
    pub(super) dice: Dice,
    pub(super) jar: Jar,
    /// What it does at the same time; the first strand is the journey itself.
    pub(super) strands: Strands,
    /// Row of the identity that it uses.
    pub(super) identity: Option<usize>,
    /// Headers of its login.
    pub(super) login: Option<Headers>,
    /// Rows that nobody else may use meanwhile: index of the source, row.
    pub(super) held: Vec<(usize, usize)>,
    /// Why the journey ended before its last step.
    pub(super) failed: Option<ErrorKind>,
    /// When the journey itself was over, if its cleanup still runs.
    pub(super) over: Option<Nanos>,
    /// Whether the journey has sent anything or waited; if not it must not spin.
    pub(super) moved: bool,
}

/// What a strand is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The journey, or a branch of it.
    Journey,
    /// The login of the journey's session.
    Login,
    /// What is done after the journey.
    Cleanup,
}

/// What a strand waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// Nothing: it can go on.
    Nothing,
    /// Nothing any more.
    Over,
    /// The reply to its request or statement.
    Reply,
    /// A point in time.
    Alarm,
    /// A login, its own or another user's.
    Login,
    /// Its branches.
    Branches,
}

/// One place in a program.
#[derive(Debug)]
pub(super) struct Strand {
    pub(super) role: Role,
    pub(super) at: usize,
    pub(super) end: usize,
    pub(super) loops: Vec<u64>,
    pub(super) parent: Option<usize>,
    pub(super) branches: usize,
    pub(super) waiting: Waiting,
    /// When the step was meant to start: arrival, end of think time, or end of the step before.
    pub(super) intended: Nanos,
    /// The request under way, to be sent again on a redirect or after a login.
    pub(super) request: Option<Box<Request>>,
    pub(super) redirects: u32,
    /// The login that the request was sent with.
    pub(super) used: Option<Headers>,
    /// Whether the step has been sent again after a login.
    pub(super) renewed: bool,
    /// Until when the step is tried again.
    pub(super) until: Option<Nanos>,
}

impl Strand {
    pub(super) fn new(role: Role, range: std::ops::Range<usize>, intended: Nanos) -> Self {
        Self {
            role,
            at: range.start,
            end: range.end,
            loops: Vec::new(),
            parent: None,
            branches: 0,
            waiting: Waiting::Nothing,
            intended,
            request: None,
            redirects: 0,
            used: None,
            renewed: false,
            until: None,
        }
    }

    /// Notes until when the step is tried, if it is tried for the first time.
    pub(super) fn begin_to_try(&mut self, leaf: &Leaf) {
        if self.until.is_none() {
            self.until = leaf.eventually.map(|patience| self.intended + patience);
        }
    }

    /// The step is over: the next one is meant to start at `intended`.
    pub(super) fn next_step(&mut self, intended: Nanos) {
        self.at += 1;
        self.intended = intended;
        self.waiting = Waiting::Nothing;
        self.request = None;
        (self.redirects, self.renewed, self.until) = (0, false, None);
    }
}

impl User {
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            round: 0,
            ticket: None,
            member: None,
            pausing: false,
            variables: Variables::default(),
            dice: Dice::new(0, number),
            jar: Jar::default(),
            strands: Strands::default(),
            identity: None,
            login: None,
            held: Vec::new(),
            failed: None,
            over: None,
            moved: false,
        }
    }

    /// What a step of the user may see and change.
    pub(super) fn view(&mut self) -> View<'_> {
        View {
            variables: &mut self.variables,
            dice: &mut self.dice,
            sequence: self.ticket.as_ref().map_or(0, |ticket| ticket.index),
            user: self.number,
        }
    }

    /// The step that a strand is at.
    pub(super) fn leaf<'p>(&self, plan: &'p Plan, strand: usize) -> Option<&'p Leaf> {
        let strand = self.strands.get(strand)?;
        let program = self.program(plan, strand.role)?;
        let Op::Leaf(leaf) = program.ops.get(strand.at)? else { return None };
        program.steps.get(*leaf)
    }

    /// The series of the endpoint that a strand sends requests to.
    pub(super) fn endpoint(&self, plan: &Plan, strand: usize) -> Option<SeriesId> {
        self.leaf(plan, strand)?.series
    }

    /// Makes ready for a journey; connections stay, everything else is new.
    pub(super) fn begin(&mut self, ticket: Ticket, seed: u64) {
        self.dice = Dice::new(seed ^ 0x6a6f_7572_6e65_7973, ticket.index);
        self.ticket = Some(ticket);
        self.round = self.round.wrapping_add(1);
        self.variables.clear();
        self.jar.clear();
        self.strands.clear();
        (self.identity, self.login) = (None, None);
        (self.failed, self.over, self.moved) = (None, None, false);
    }

    /// The program that a strand walks through.
    pub(super) fn program<'p>(&self, plan: &'p Plan, role: Role) -> Option<&'p Program> {
        let journey = plan.journeys.get(self.ticket.as_ref()?.journey)?;
        Some(match role {
            Role::Journey => &journey.program,
            Role::Cleanup => &journey.cleanup,
            Role::Login => &plan.sessions.get(journey.session?)?.program,
        })
    }
}
