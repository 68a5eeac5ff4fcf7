//! The driver on Linux: one thread, epoll, and nothing in between.
//!
//! A request costs one `send` and one `recvmsg`, and waiting costs one `epoll_pwait2` for all that
//! is ready: sockets are registered once, edge-triggered, and the same call is the clock of the
//! schedule. The kernel stamps what it receives, so that an answer's time does not contain the
//! time until this thread woke up.
//!
//! A connection carries one exchange at a time (HTTP/1.1) or many (HTTP/2). What is to be sent on
//! one that carries many gathers until the events of a turn are done, and leaves in one `send`.

mod companion;
mod deadlines;
mod dial;
mod driver;
mod exchange;
mod flights;
mod heard;
mod line;
mod lines;
mod many;
mod mux;
mod pace;
mod poll;
mod stamp;
mod stream;
mod wire;

pub(super) use driver::work;
pub(super) use poll::Poll;
