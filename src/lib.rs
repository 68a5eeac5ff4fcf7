//! loadgate: a load and latency benchmark harness that people can trust with a release decision.
//!
//! The modules stand on floors and import only floors below their own; see `ARCHITECTURE.md`.
//! Floors 0 to 4 are pure: no clock, no socket, no file, no environment, no thread.

// Floor 0: words and quantities.
pub mod names;
pub mod units;
// Floor 1: the distribution of one series, comparing samples, languages as bytes and words.
pub mod histogram;
pub mod http1;
pub mod logs;
pub mod sql;
pub mod stats;
pub mod suites;
pub mod wire;
// Floor 2: the file as written, and the run as it was seen.
pub mod scenario;
pub mod record;
// Floor 3: the scenario made executable, live measurement, judgement.
pub mod plan;
pub mod recorder;
pub mod gate;
// Floor 4: step kinds, virtual users walking through journeys, the document, made-up observations.
pub mod steps;
pub mod walk;
pub mod report;
pub mod simulation;
// The pure line. Floor 5: the input and output shell.
pub mod engine;
pub mod live;
pub mod monitor;
pub mod notify;
pub mod store;
pub mod tap;
// Floor 6: one run, from plan to record.
pub mod harness;
// Floor 7: arguments, terminal, exit codes.
pub mod cli;
