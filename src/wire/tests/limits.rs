//! What happens at the limits of memory.

use super::*;

fn answered(texts: usize) -> Vec<u8> {
    [parsed(), bound(), done("SELECT 1")].concat().repeat(texts)
}

#[test]
fn a_text_that_is_too_long_is_cut_and_marked() {
    for (length, cut) in [(MAX_TEXT - 1, false), (MAX_TEXT, false), (MAX_TEXT + 1, true)] {
        let text = "x".repeat(length);
        let turns = [
            (C, 10, query(&text)),
            (S, 11, [done("SELECT 1"), ready(b'I')].concat()),
            (C, 20, [parse("some name", &text), sync()].concat()),
            (S, 21, [parsed(), ready(b'I')].concat()),
        ];
        for size in [usize::MAX, 5_000] {
            let pieces = turns.iter().flat_map(|(from, at, bytes)| {
                bytes.chunks(size).map(|piece| (*from, *at, piece.to_vec())).collect::<Vec<_>>()
            });
            let (_, seen) = play(&[opened(), pieces.collect()].concat());
            let [(kept, marked)] = &seen.texts[..] else { panic!("{} texts", seen.texts.len()) };
            assert_eq!((kept.len(), *marked), (length.min(MAX_TEXT), cut));
        }
    }
}

#[test]
fn statements_beyond_the_limit_are_counted_when_they_are_executed() {
    let mut turns = opened();
    for at in 0..=MAX_STATEMENTS {
        turns.push((C, 10, [parse(&format!("s{at}"), "SELECT 1"), sync()].concat()));
        turns.push((S, 10, [parsed(), ready(b'I')].concat()));
    }
    for name in ["s0".to_owned(), format!("s{MAX_STATEMENTS}")] {
        turns.push((C, 20, [bind("", &name), execute("", 0), sync()].concat()));
        turns.push((S, 21, [bound(), done("SELECT 1"), ready(b'I')].concat()));
    }
    let (machine, seen) = play(&turns);
    assert_eq!(machine.state(), State::Session);
    assert_eq!(seen.samples.len(), 1);
    assert_eq!(seen.lost, [Loss::UnknownStatement]);
}

#[test]
fn portals_beyond_the_limit_are_counted_when_they_are_executed() {
    let mut turns = opened();
    turns.push((C, 10, parse("s", "SELECT 1")));
    turns.push((S, 10, parsed()));
    for at in 0..=MAX_PORTALS {
        turns.push((C, 10, bind(&format!("p{at}"), "s")));
        turns.push((S, 10, bound()));
    }
    turns.push((
        C,
        20,
        [execute("p0", 0), execute(&format!("p{MAX_PORTALS}"), 0), sync()].concat(),
    ));
    turns.push((S, 21, [done("SELECT 1").repeat(2), ready(b'I')].concat()));
    let (_, seen) = play(&turns);
    assert_eq!((seen.samples.len(), &seen.lost[..]), (1, &[Loss::UnknownStatement][..]));
}

#[test]
fn a_pipeline_beyond_the_limit_is_counted_and_found_again_behind_it() {
    let one = [parse("", "SELECT 1"), bind("", ""), execute("", 0)].concat();
    let many = MAX_EXPECTED.div_euclid(3) + 100;
    let turns = [
        (C, 10, [one.repeat(many), sync(), one.clone(), sync()].concat()),
        (S, 11, [answered(many), ready(b'I')].concat()),
        (C, 12, [one.clone(), sync()].concat()),
        (S, 13, [answered(1), ready(b'I'), answered(1), ready(b'I')].concat()),
        (C, 14, query("SELECT 2")),
        (S, 15, [done("SELECT 1"), ready(b'I')].concat()),
    ];
    let (machine, seen) = play(&[opened(), turns.to_vec()].concat());
    assert_eq!(machine.state(), State::Session);
    assert_eq!(seen.samples.len() + seen.lost.len(), many + 3);
    assert!(seen.lost.iter().all(|loss| *loss == Loss::Pipeline));
    assert!((100..=102).contains(&seen.lost.len()), "{} lost", seen.lost.len());
    assert_eq!(seen.told().last().unwrap(), "SELECT 2#0 14/14-15 1 done");
}

#[test]
fn an_idle_machine_keeps_little_memory() {
    let text = "x".repeat(MAX_TEXT);
    let mut turns = opened();
    for piece in query(&text).chunks(1_000) {
        turns.push((C, 10, piece.to_vec()));
    }
    turns.push((S, 11, [done("SELECT 1"), ready(b'I')].concat()));
    turns.push((C, 12, query("")));
    let (machine, _) = play(&turns);
    // What a debug form shows of the bytes is what is kept of them.
    assert!(format!("{machine:?}").len() < 2_000);
    assert!(size_of::<Machine>() <= 512, "{}", size_of::<Machine>());
}
