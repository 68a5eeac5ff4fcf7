//! Questions, checks and captures.

use super::*;
use crate::http1::{Header, Headers};
use crate::plan::{Dice, Slot, Variables, View};
use crate::scenario::{Comparison, Picker};

const HEADERS: &[Header<'_>] = &[
    Header { name: "Content-Type", value: b"application/json" },
    Header { name: "set-cookie", value: b"sid=abc; Path=/; HttpOnly" },
];

fn answer() -> Answer<'static> {
    Answer::Http(HttpAnswer {
        status: 200,
        headers: Headers::new(HEADERS),
        body: br#"{"farms":[{"id":"a","n":1},{"id":"b","n":2}],"total":2,"ok":true}"#,
        body_bytes: 66,
        duration: Nanos::from_millis(12),
    })
}

fn holds(question: Question, comparison: Comparison, operands: &[&str]) -> bool {
    let operands = operands.iter().map(|text| Text::literal(text)).collect();
    let expectation = Expectation::new(question, comparison, operands, "x");
    let (mut variables, mut dice) = (Variables::default(), Dice::new(0, 0));
    let mut view = View { variables: &mut variables, dice: &mut dice, sequence: 0, user: 0 };
    expectation.check(&Looked::at(&answer()), &mut view).is_ok()
}

fn path(text: &str) -> Question {
    Question::Json(Path::parse(text).unwrap())
}

#[test]
fn questions_find_what_is_in_the_answer() {
    use Comparison::*;
    assert!(holds(Question::Status, Equal, &["200"]));
    assert!(holds(Question::Status, In, &["201", "200"]));
    assert!(!holds(Question::Status, NotEqual, &["200"]));
    assert!(holds(path("$.total"), Greater, &["1.5"]));
    assert!(holds(path("$.farms[*].id"), In, &["a", "b"]));
    assert!(!holds(path("$.farms[*].id"), Equal, &["a"]));
    assert!(!holds(path("$.nothing"), Equal, &["1"]));
    assert!(holds(path("$.nothing"), Missing, &[]));
    assert!(holds(Question::Length(Box::new(path("$.farms"))), Equal, &["2"]));
    assert!(holds(Question::Header(HeaderName::from_static("content-type")), Contains, &["json"]));
    assert!(holds(Question::Cookie("sid".to_owned()), Equal, &["abc"]));
    assert!(holds(Question::Duration, Less, &["20ms"]));
    assert!(!holds(Question::Duration, Less, &["10ms"]));
    assert!(holds(Question::Body, Matches, &["total.:2"]));
    assert!(holds(Question::Size, GreaterOrEqual, &["66"]));
    assert!(!holds(Question::Rows, Equal, &["0"]));
}

#[test]
fn a_size_is_compared_with_bytes_in_any_unit() {
    use Comparison::*;
    assert!(holds(Question::Size, LessOrEqual, &["5MiB"]));
    assert!(holds(Question::Size, Less, &["1KB"]));
    assert!(!holds(Question::Size, Greater, &["1KB"]));
    assert!(holds(Question::Size, Less, &["66.5"]));
}

#[test]
fn numbers_are_compared_by_value_and_texts_as_they_are() {
    use Comparison::*;
    assert!(holds(path("$.total"), Equal, &["2.0"]));
    assert!(holds(path("$.total"), Contains, &["2"]));
    assert!(!holds(path("$.total"), Equal, &["two"]));
    assert!(holds(path("$.ok"), Equal, &["true"]));
    assert!(holds(path("$.farms[1]"), Equal, &[r#"{"id":"b","n":2}"#]));
    assert!(holds(Question::Status, Contains, &["20"]));
    assert!(holds(Question::Status, Matches, &["^2..$"]));
    assert!(holds(Question::Status, Equal, &["200.0"]));
    assert!(!holds(path("$.farms[0].id"), Less, &["5"]));
}

#[test]
fn a_body_that_is_asked_often_is_parsed_and_answers_the_same() {
    let answer = answer();
    let looked = Looked::at(&answer);
    let path = Path::parse("$.farms[*].n").unwrap();
    for reading in 0..=MAX_READINGS {
        let nodes = looked.nodes(&path, Wanted::Value);
        let texts: Vec<_> = nodes.iter().map(|node| node.show(|v| v.text().into_owned())).collect();
        assert_eq!(texts, ["1", "2"], "reading {reading}");
        assert_eq!(looked.json.get().is_some(), reading == MAX_READINGS);
    }
}

#[test]
fn a_variable_is_compared_as_a_literal_is() {
    let (mut variables, mut dice) = (Variables::default(), Dice::new(0, 0));
    variables.set(Slot(0), "2".into());
    let mut view = View { variables: &mut variables, dice: &mut dice, sequence: 0, user: 0 };
    let mut check = |comparison, operands| {
        let expectation = Expectation::new(path("$.total"), comparison, operands, "x");
        expectation.check(&Looked::at(&answer()), &mut view)
    };
    let variable = || Text::slot(Slot(0), "n");
    assert_eq!(check(Comparison::Equal, vec![variable()]), Ok(()));
    assert_eq!(check(Comparison::In, vec![Text::literal("1"), variable()]), Ok(()));
    let failure = check(Comparison::Less, vec![variable()]).unwrap_err();
    assert_eq!(failure.message, "check `x` failed: found `2`");
    let missing = Text::slot(Slot(7), "nobody");
    let failure = check(Comparison::Equal, vec![missing]).unwrap_err();
    assert_eq!(failure.message, "check `x`: variable `nobody` has no value");
}

#[test]
fn each_picker_takes_its_values() {
    let pick = |question, picker| {
        let (mut variables, mut dice) = (Variables::default(), Dice::new(3, 0));
        let mut view = View { variables: &mut variables, dice: &mut dice, sequence: 0, user: 0 };
        let (name, source) = (String::new(), String::new());
        let catch = Catch { slot: Slot(0), name, question, picker, default: None, source };
        catch.take(&Looked::at(&answer()), &mut view).ok()?;
        variables.get(Slot(0)).map(ToString::to_string)
    };
    let pattern = || Question::Regex(Regex::new(r#""id":"(.)""#).unwrap());
    let questions: [&dyn Fn() -> Question; 2] = [&|| path("$.farms[*].id"), &pattern];
    for question in questions {
        let asked = |picker| pick(question(), picker);
        assert_eq!(asked(Picker::First).as_deref(), Some("a"));
        assert_eq!(asked(Picker::Last).as_deref(), Some("b"));
        assert_eq!(asked(Picker::Nth(1)).as_deref(), Some("b"));
        assert_eq!(asked(Picker::Nth(2)), None);
        assert_eq!(asked(Picker::All).as_deref(), Some("a,b"));
        assert_eq!(asked(Picker::Count).as_deref(), Some("2"));
    }
    assert_eq!(pick(path("$.none[*]"), Picker::All), None);
    assert_eq!(pick(path("$.none[*]"), Picker::Last), None);
    assert_eq!(pick(path("$.none[*]"), Picker::Count).as_deref(), Some("0"));
}

#[test]
fn a_capture_without_a_value_is_a_failure_and_takes_the_old_value_away() {
    let (mut variables, mut dice) = (Variables::default(), Dice::new(3, 0));
    let mut view = View { variables: &mut variables, dice: &mut dice, sequence: 0, user: 0 };
    let mut catch = Catch {
        slot: Slot(0),
        name: "id".to_owned(),
        question: path("$.farms[*].id"),
        picker: Picker::Random,
        default: None,
        source: "$.farms[*].id".to_owned(),
    };
    catch.take(&Looked::at(&answer()), &mut view).unwrap();
    assert!(["a", "b"].contains(&&**view.variables.get(Slot(0)).unwrap()));
    catch.question = path("$.none");
    let failure = catch.take(&Looked::at(&answer()), &mut view).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Capture);
    assert!(view.variables.get(Slot(0)).is_none());
}

#[test]
fn rows_answer_questions_too() {
    let rows = Rows {
        count: 1,
        first: vec![("status".to_owned(), Some("PENDING".to_owned()))],
        duration: Nanos(5),
    };
    let rows = Answer::Rows(&rows);
    let looked = Looked::at(&rows);
    let mut found = Vec::new();
    for question in [Question::Row("status".to_owned()), Question::Rows] {
        let _all = question.each(&looked, None, &mut |value| {
            found.push(value.text().into_owned());
            Continue(())
        });
    }
    assert_eq!(found, ["PENDING", "1"]);
}
