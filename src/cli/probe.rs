//! `loadgate probe`: one request, and where its time goes, in curl's words.

use serde_json::{Map, Value, json};

use super::args::{LoadArgs, MonitorArgs, Play, Probe, TapArgs, What};
use super::output::{check_writable, write};
use super::settings::{self, Variant};
use super::terminal::{Terminal, printable};
use super::{Exit, Failed};
use crate::engine::{Exchanged, Single, add_headers};
use crate::plan::{Answer, Dice, Plan, Request, Timing, Variables, View};
use crate::units::{Nanos, format_nanos};

/// The guide's limit for the first byte.
const FIRST_BYTE: Nanos = Nanos::from_millis(100);

/// The guide's limit for the answer of an API.
const WHOLE: Nanos = Nanos::from_millis(200);

/// The number of [`Times::NAMES`].
const TIMES: usize = 7;

/// One request in curl's words: each time counts from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Times([Nanos; TIMES]);

impl Times {
    /// The names that `curl --write-out` has for them.
    const NAMES: [&str; TIMES] = [
        "time_namelookup",
        "time_connect",
        "time_appconnect",
        "time_pretransfer",
        "time_redirect",
        "time_starttransfer",
        "time_total",
    ];

    /// What is held against each.
    const LIMITS: [Option<Nanos>; TIMES] =
        [None, None, None, None, None, Some(FIRST_BYTE), Some(WHOLE)];

    /// No redirect is followed, so that none takes time. What was not done, a handshake without TLS
    /// or a connection that was open, takes none either.
    fn of(timing: &Timing) -> Self {
        let found = timing.looking_up;
        let connected = if timing.fresh { found + timing.connecting } else { Nanos::ZERO };
        let secured = if timing.tls > Nanos::ZERO { connected + timing.tls } else { Nanos::ZERO };
        let ready = connected.max(secured);
        let first = ready + timing.sending + timing.waiting;
        Self([found, connected, secured, ready, Nanos::ZERO, first, first + timing.receiving])
    }

    /// The middle one of several, each time on its own.
    fn median(all: &[Self]) -> Option<Self> {
        let middle = |at: usize| {
            let mut values: Vec<Nanos> =
                all.iter().filter_map(|times| times.0.get(at).copied()).collect();
            values.sort_unstable();
            values.get(values.len().checked_sub(1)? >> 1).copied()
        };
        let mut median = [Nanos::ZERO; TIMES];
        for (at, place) in median.iter_mut().enumerate() {
            *place = middle(at)?;
        }
        Some(Self(median))
    }
}

/// What one request has shown.
struct Probed {
    times: Times,
    fresh: bool,
    status: u16,
    bytes: u64,
}

/// Sends the requests and shows where their time went.
pub(super) async fn probe(args: Probe, terminal: &Terminal) -> Result<Exit, Failed> {
    args.json.as_deref().map(check_writable).transpose()?;
    let play = play(&args);
    let source = settings::source(&play)?;
    let plan = settings::plan(&play, &source, &Variant::default(), terminal)?;
    let mut single = Single::new(&plan)
        .map_err(|error| Failed::new(error.to_string(), Some(error.hint().to_owned())))?;
    let mut all = Vec::new();
    for _round in 0..args.requests {
        single.disconnect();
        all.push(probed(&single.send(request(&plan)?).await)?);
        all.push(probed(&single.send(request(&plan)?).await)?);
    }
    let mut on_stdout = false;
    if let Some(path) = &args.json {
        on_stdout = path.as_os_str() == "-";
        write(path, &format!("{:#}\n", document(&plan, &args, &all)), terminal)?;
    }
    if !on_stdout {
        let text = table(&place(&plan, &args), &all);
        terminal.out(&text).map_err(|error| Failed::could_not("print the times", error))?;
    }
    Ok(Exit::Done)
}

/// A request as its step writes it, with the headers of the command line.
fn request(plan: &Plan) -> Result<Request, Failed> {
    let step = plan.journeys.first().and_then(|journey| journey.program.steps.first());
    let step = step.ok_or_else(|| Failed::usage("there is no request to send", None))?;
    let (mut variables, mut dice) = (Variables::default(), Dice::new(plan.seed, 0));
    let mut view = View { variables: &mut variables, dice: &mut dice, sequence: 0, user: 0 };
    let mut request = Request::default();
    let failed = |error: String| Failed::new(error, None);
    step.step.action(&mut view, &mut request).map_err(|failure| failed(failure.message))?;
    add_headers(plan, &mut request, &mut view).map_err(|missing| failed(missing.to_string()))?;
    Ok(request)
}

fn probed(came: &Exchanged) -> Result<Probed, Failed> {
    let (status, _body) = came.answer().map_err(|failure| {
        let hint = "is the system up? are host and port right?";
        Failed::new(format!("no answer: {}", failure.message), Some(hint.to_owned()))
    })?;
    let mut bytes = 0;
    came.show(|reply| {
        if let Ok(Answer::Http(answer)) = &reply.result {
            bytes = answer.body_bytes;
        }
    });
    let timing = came.timing();
    Ok(Probed { times: Times::of(&timing), fresh: timing.fresh, status, bytes })
}

/// The address without what may be a secret: its query string.
fn place(plan: &Plan, args: &Probe) -> String {
    let path = args.url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| (rest, at)));
    let path = path.and_then(|(rest, at)| rest.get(at..)).unwrap_or("/");
    let (path, query) = path.split_once('?').map_or((path, ""), |(path, _)| (path, "?…"));
    printable(&format!("{}{path}{query}", plan.target))
}

fn table(place: &str, all: &[Probed]) -> String {
    let of = |fresh: bool| -> Vec<Times> {
        all.iter().filter(|one| one.fresh == fresh).map(|one| one.times).collect()
    };
    let (fresh, reused) = (Times::median(&of(true)), Times::median(&of(false)));
    let last = all.last();
    let status = last.map_or(0, |one| one.status);
    let bytes = last.map_or(0, |one| one.bytes);
    let many = of(true).len();
    let median = if many > 1 { format!(", the middle one of {many}") } else { String::new() };
    let mut text = format!("{place}  status {status}, {bytes} bytes{median}\n\n");
    text += &format!("{:<19} {:>12} {:>12}  {}\n", "", "fresh", "reused", "limit");
    let cell = |times: Option<Times>, at: usize| {
        times
            .and_then(|times| times.0.get(at).copied())
            .map_or_else(|| "–".to_owned(), format_nanos)
    };
    for (at, (name, limit)) in Times::NAMES.iter().zip(Times::LIMITS).enumerate() {
        let held = limit.map(|limit| {
            let both = [fresh, reused].into_iter().flatten();
            let kept = both.filter_map(|times| times.0.get(at).copied()).all(|time| time < limit);
            format!("{} < {limit}", if kept { "✓" } else { "✗" })
        });
        let row = format!(
            "{name:<19} {:>12} {:>12}  {}",
            cell(fresh, at),
            cell(reused, at),
            held.unwrap_or_default()
        );
        text += row.trim_end();
        text.push('\n');
    }
    if reused.is_none() {
        text += "\nthe target closes each connection, so that none was used again\n";
    }
    text
}

fn document(plan: &Plan, args: &Probe, all: &[Probed]) -> Value {
    let one = |probed: &Probed| {
        let times = Times::NAMES.iter().zip(probed.times.0);
        let mut row: Map<String, Value> =
            times.map(|(name, time)| (format!("{name}_ns"), Value::from(time.0))).collect();
        row.insert("fresh".to_owned(), Value::from(probed.fresh));
        row.insert("status".to_owned(), Value::from(probed.status));
        row.insert("bytes".to_owned(), Value::from(probed.bytes));
        Value::Object(row)
    };
    json!({
        "schema_version": 1,
        "url": place(plan, args),
        "requests": all.iter().map(one).collect::<Vec<_>>(),
        "limits": { "time_starttransfer_ns": FIRST_BYTE.0, "time_total_ns": WHOLE.0 },
    })
}

fn play(args: &Probe) -> Play {
    Play {
        what: What {
            project_target: None,
            scenario: None,
            target: None,
            journey: Vec::new(),
            expect: None,
            url: Some(args.url.clone()),
            method: args.method.clone(),
            data: args.data.clone(),
        },
        load: LoadArgs {
            rate: None,
            users: Some(1),
            duration: None,
            iterations: Some(1),
            max_users: None,
            seed: 1,
            precision: None,
            workers: Some(1),
        },
        http: args.http.clone(),
        tap: TapArgs { tap: None, tap_listen: None, solo: true },
        monitor: MonitorArgs { monitor_db: Some(String::new()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(fresh: bool) -> Timing {
        let parts = [1, 2, 3, 4, 5, 6].map(Nanos::from_millis);
        let [looking_up, connecting, tls, sending, waiting, receiving] = parts;
        let opened = |part: Nanos| if fresh { part } else { Nanos::ZERO };
        Timing {
            fresh,
            looking_up: opened(looking_up),
            connecting: opened(connecting),
            tls: opened(tls),
            sending,
            waiting,
            receiving,
            ..Timing::default()
        }
    }

    #[test]
    fn times_count_from_the_start_as_curls_do() {
        let millis = |times: Times| times.0.map(|time| time.0.div_euclid(1_000_000));
        assert_eq!(millis(Times::of(&timing(true))), [1, 3, 6, 6, 0, 15, 21]);
        assert_eq!(millis(Times::of(&timing(false))), [0, 0, 0, 0, 0, 9, 15]);
        let plain = Timing { tls: Nanos::ZERO, ..timing(true) };
        assert_eq!(millis(Times::of(&plain)), [1, 3, 0, 3, 0, 12, 18]);
    }

    #[test]
    fn of_several_the_middle_one_is_shown() {
        let of = |millis: u64| Times([Nanos::from_millis(millis); TIMES]);
        assert_eq!(Times::median(&[of(9), of(1), of(5)]), Some(of(5)));
        assert_eq!(Times::median(&[of(9), of(1)]), Some(of(1)));
        assert_eq!(Times::median(&[]), None);
    }

    #[test]
    fn limits_are_marked_and_a_connection_that_is_never_used_again_is_told() {
        let slow = Timing { waiting: Nanos::from_millis(150), ..timing(true) };
        let one = |timing: &Timing| Probed {
            times: Times::of(timing),
            fresh: timing.fresh,
            status: 200,
            bytes: 7,
        };
        let text = table("http://a/b", &[one(&slow), one(&timing(false))]);
        assert!(text.starts_with("http://a/b  status 200, 7 bytes\n"), "{text}");
        assert!(text.contains("✗ < 100ms"), "{text}");
        assert!(text.contains("✓ < 200ms"), "{text}");
        let text = table("http://a/b", &[one(&slow)]);
        assert!(text.contains("the target closes each connection"), "{text}");
    }
}
