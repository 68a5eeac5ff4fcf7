//! The program from outside: exit codes and what it prints, as a user or a script sees them.

pub(crate) mod stage;
mod server;

mod mistakes;
mod secrets;
mod tap;
mod tapped;
mod unreachable;
mod trouble;
mod shortage;
mod interrupts;
mod check;
mod probe;
mod integrity;
mod kept;
mod live;
mod screen;
mod counting;
mod decide;
mod ci;
mod market;
mod monitored;
mod watched;
mod observe;
mod soaked;
mod told;
mod logged;
mod baseline;
mod gate;
mod capacity;
mod reading;
mod simulated;
mod pictures;
mod init;
mod project;
mod words;
mod guide;
