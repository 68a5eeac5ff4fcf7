//! All connections of a worker, and whose they are.

use super::line::Line;
use crate::http1::Reader;

/// Whose a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A virtual user's.
    User(usize),
    /// Of several users together: which of those that there are.
    Shared(usize),
}

/// Connections by number, with the first of each user.
#[derive(Debug, Default)]
pub(super) struct Lines {
    places: Vec<Place>,
    free: Vec<usize>,
    /// The first connection of each user; the others follow from one to the next.
    first: Vec<Option<usize>>,
}

#[derive(Debug)]
struct Place {
    /// Grows with each connection that had this place, so that late events find nothing.
    generation: u32,
    line: Option<Line>,
}

/// The name of a connection while it is there: its place and the generation of it.
pub(super) type Token = u64;

fn token(at: usize, generation: u32) -> Token {
    (u64::from(generation) << 32) | u64::try_from(at).unwrap_or(u64::MAX >> 32)
}

impl Lines {
    /// A new connection.
    pub(super) fn add(&mut self, owner: Owner, reader: Reader) -> Token {
        let at = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place { generation: 0, line: None });
            self.places.len() - 1
        });
        let next = match owner {
            Owner::User(user) => self.lead(user, at),
            Owner::Shared(_) => None,
        };
        let Some(place) = self.places.get_mut(at) else { unreachable!("the place was just made") };
        place.line = Some(Line::new(owner, next, reader));
        token(at, place.generation)
    }

    /// Makes a connection the first of a user; the one that was it before.
    fn lead(&mut self, user: usize, at: usize) -> Option<usize> {
        if user >= self.first.len() {
            self.first.resize(user + 1, None);
        }
        self.first.get_mut(user).and_then(|first| first.replace(at))
    }

    /// Gives a connection that several users would have had together to one of them.
    pub(super) fn adopt(&mut self, token: Token, user: usize) {
        let at = usize::try_from(token & 0xFFFF_FFFF).unwrap_or(usize::MAX);
        if self.get(token).is_none_or(|line| line.owner == Owner::User(user)) {
            return;
        }
        let next = self.lead(user, at);
        if let Some(line) = self.get(token) {
            (line.owner, line.next) = (Owner::User(user), next);
        }
    }

    /// The connection of that name, if it is still there.
    pub(super) fn get(&mut self, token: Token) -> Option<&mut Line> {
        let at = usize::try_from(token & 0xFFFF_FFFF).ok()?;
        let place = self.places.get_mut(at)?;
        if u64::from(place.generation) == token >> 32 { place.line.as_mut() } else { None }
    }

    /// A connection of the user that can carry a request.
    pub(super) fn idle(&self, user: usize) -> Option<Token> {
        self.find(user, Line::is_idle)
    }

    /// A connection of the user that is like this.
    pub(super) fn find(&self, user: usize, like: impl Fn(&Line) -> bool) -> Option<Token> {
        self.of(user).find_map(|(at, place)| {
            place.line.as_ref().filter(|line| like(line)).map(|_| token(at, place.generation))
        })
    }

    /// A connection of the user, whatever it does.
    pub(super) fn any(&self, user: usize) -> Option<Token> {
        self.of(user).next().map(|(at, place)| token(at, place.generation))
    }

    fn of(&self, user: usize) -> impl Iterator<Item = (usize, &Place)> {
        let first = self.first.get(user).copied().flatten();
        let place = |at: usize| Some((at, self.places.get(at)?));
        std::iter::successors(first.and_then(place), move |(_, known)| {
            known.line.as_ref().and_then(|line| line.next).and_then(place)
        })
    }

    /// Takes a connection away; it is closed when it is dropped.
    pub(super) fn remove(&mut self, token: Token) -> Option<Line> {
        self.get(token)?;
        let at = usize::try_from(token & 0xFFFF_FFFF).ok()?;
        let place = self.places.get_mut(at)?;
        let line = place.line.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(at);
        let Owner::User(user) = line.owner else { return Some(line) };
        let first = self.first.get_mut(user)?;
        if *first == Some(at) {
            *first = line.next;
        } else {
            self.unlink(user, at, line.next);
        }
        Some(line)
    }

    /// Lets the connection before `gone` go on with `next`.
    fn unlink(&mut self, user: usize, gone: usize, next: Option<usize>) {
        let before = self.of(user).find_map(|(at, place)| {
            let line = place.line.as_ref()?;
            (line.next == Some(gone)).then_some(at)
        });
        let place = before.and_then(|at| self.places.get_mut(at));
        if let Some(line) = place.and_then(|place| place.line.as_mut()) {
            line.next = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::Stage;
    use super::*;
    use crate::http1::Limits;

    fn add(lines: &mut Lines, user: usize) -> Token {
        lines.add(Owner::User(user), Reader::new(Limits::default()))
    }

    #[test]
    fn what_users_have_together_is_nobodys_until_one_of_them_takes_it() {
        let mut lines = Lines::default();
        let own = add(&mut lines, 1);
        let together = lines.add(Owner::Shared(1), Reader::new(Limits::default()));
        assert_eq!((lines.any(1), lines.any(0)), (Some(own), None));
        lines.adopt(together, 1);
        lines.adopt(together, 1);
        assert_eq!(lines.any(1), Some(together));
        lines.remove(together).unwrap();
        assert_eq!(lines.any(1), Some(own));
        let together = lines.add(Owner::Shared(0), Reader::new(Limits::default()));
        assert!(lines.remove(together).is_some() && lines.get(together).is_none());
    }

    #[test]
    fn a_user_finds_its_idle_connections_and_no_other() {
        let mut lines = Lines::default();
        let [a, b, c] = [0, 0, 1].map(|user| add(&mut lines, user));
        assert_eq!(lines.idle(0), None);
        lines.get(a).unwrap().stage = Stage::Open;
        lines.get(c).unwrap().stage = Stage::Open;
        assert_eq!((lines.idle(0), lines.idle(1), lines.idle(2)), (Some(a), Some(c), None));
        lines.remove(b).unwrap();
        assert_eq!((lines.idle(0), lines.any(0)), (Some(a), Some(a)));
        lines.remove(a).unwrap();
        assert_eq!((lines.any(0), lines.any(1)), (None, Some(c)));
    }

    #[test]
    fn a_connection_in_the_middle_leaves_the_others_to_their_user() {
        let mut lines = Lines::default();
        let [a, b, c] = [5, 5, 5].map(|user| add(&mut lines, user));
        lines.remove(b).unwrap();
        let mut left = Vec::new();
        while let Some(token) = lines.any(5) {
            left.push(token);
            lines.remove(token).unwrap();
        }
        assert_eq!(left, [c, a]);
    }

    #[test]
    fn a_late_event_finds_no_connection() {
        let mut lines = Lines::default();
        let old = add(&mut lines, 0);
        lines.remove(old).unwrap();
        let new = add(&mut lines, 0);
        assert_ne!(old, new);
        assert!(lines.get(old).is_none() && lines.remove(old).is_none());
        assert!(lines.get(new).is_some());
    }
}
