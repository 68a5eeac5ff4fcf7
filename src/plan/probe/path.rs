//! Where in a JSON body something lies, and how it is read without building what lies beside it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize as _;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::{Number, Value};
use serde_json_path::{JsonPath, ParseError};

use super::found::{Node, Nodes};
use super::skim::{Kind, NotJson, Skim, plain_text};

/// A JSONPath (RFC 9535) that is ready to be followed.
///
/// A path of names, indexes and `[*]` is followed through the text of the body, so that nothing is
/// built but what it leads to. The text is read to its end, because a name that comes again counts
/// instead of the one before, and because a body that is cut off has no values: what is found is
/// what `serde_json` and `serde_json_path` find. Only of values that the path does not lead to is
/// less asked: they are JSON (RFC 8259), but their numbers may be larger than 64-bit numbers, their
/// escapes half a surrogate pair, and their nesting deeper than 128. A body with such values used
/// to have none at all.
#[derive(Debug)]
pub struct Path {
    whole: JsonPath,
    /// The same, if it can be followed through the text.
    plain: Option<Box<[Segment]>>,
}

/// One step of a path that is followed through the text.
#[derive(Debug, PartialEq, Eq)]
enum Segment {
    /// The value of a name.
    Name(Box<str>),
    /// The element with this number, counted from 0.
    Index(usize),
    /// All elements of a list.
    Every,
}

/// What is wanted of the place that a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The value.
    Value,
    /// Of a list only how many elements it has.
    Length,
}

impl Path {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Ok(Self { whole: JsonPath::parse(text)?, plain: segments(text) })
    }

    /// What lies there in a body that is parsed.
    pub(super) fn find<'v>(&self, body: &'v Value) -> Nodes<'v> {
        let mut nodes = Nodes::default();
        for value in self.whole.query(body).all() {
            nodes.push(Node::Value(Cow::Borrowed(value)));
        }
        nodes
    }

    /// What lies there in the text of a body; none if the text is not JSON. Gives no answer at all
    /// if it has to be parsed first.
    pub(super) fn follow<'a>(&self, body: &'a str, wanted: Wanted) -> Option<Nodes<'a>> {
        let path = self.plain.as_deref()?;
        let mut state = State { nodes: Nodes::default(), wanted, sorted: false };
        let mut text = Skim::new(body);
        match state.follow(path, &mut text) {
            Ok(()) if !text.is_at_end() => Some(Nodes::default()),
            Err(NotJson) => Some(Nodes::default()),
            Ok(()) if state.sorted => None,
            Ok(()) => Some(state.nodes),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.whole.fmt(f)
    }
}

/// The segments of a valid path, if it has only such as are followed through the text: names,
/// numbers and stars, without space, escapes or a count from the end.
fn segments(path: &str) -> Option<Box<[Segment]>> {
    let mut rest = path.strip_prefix('$')?;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let (segment, after) = match rest.strip_prefix('[') {
            Some(inner) => bracket(inner)?,
            None => dot(rest.strip_prefix('.')?)?,
        };
        segments.push(segment);
        rest = after;
    }
    Some(segments.into())
}

/// A segment behind a dot. `.*` takes all values of an object too, as `[*]` does.
fn dot(text: &str) -> Option<(Segment, &str)> {
    if let Some(after) = text.strip_prefix('*') {
        return Some((Segment::Every, after));
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (name, after) = text.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
    Some((Segment::Name(name.into()), after))
}

/// A segment behind an opening bracket.
fn bracket(text: &str) -> Option<(Segment, &str)> {
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote) {
            let (name, after) = inner.split_once(quote)?;
            let after = after.strip_prefix(']').filter(|_| !name.contains('\\'))?;
            return Some((Segment::Name(name.into()), after));
        }
    }
    let (inner, after) = text.split_once(']')?;
    if inner == "*" {
        return Some((Segment::Every, after));
    }
    let is_number = inner.bytes().all(|byte| byte.is_ascii_digit());
    let index = inner.parse().ok().filter(|_| is_number)?;
    Some((Segment::Index(index), after))
}

/// What was found so far.
#[derive(Debug)]
struct State<'de> {
    nodes: Nodes<'de>,
    wanted: Wanted,
    /// A star stood at an object: its values come in the order of their names, which only the
    /// parsed body has.
    sorted: bool,
}

impl<'a> State<'a> {
    /// Follows the rest of a path from the next value.
    fn follow(&mut self, path: &[Segment], text: &mut Skim<'a>) -> Result<(), NotJson> {
        let Some((segment, path)) = path.split_first() else {
            let node = leaf(text.value()?, self.wanted)?;
            self.nodes.push(node);
            return Ok(());
        };
        match text.kind()? {
            Kind::Object => self.in_object(segment, path, text),
            Kind::List => self.in_list(segment, path, text),
            // There is nothing inside.
            Kind::Single => text.skip(),
        }
    }

    fn in_object(
        &mut self,
        segment: &Segment,
        path: &[Segment],
        text: &mut Skim<'a>,
    ) -> Result<(), NotJson> {
        self.sorted |= *segment == Segment::Every;
        let wanted = match segment {
            Segment::Name(name) => Some(&**name),
            Segment::Index(_) | Segment::Every => None,
        };
        let before = self.nodes.len();
        let mut goes_on = text.enter(Kind::Object);
        while goes_on {
            let name = text.name()?;
            if let Some(wanted) = wanted
                && name.is(wanted)?
            {
                self.nodes.truncate(before);
                self.follow(path, text)?;
            } else {
                text.skip()?;
            }
            goes_on = text.another(Kind::Object)?;
        }
        Ok(())
    }

    fn in_list(
        &mut self,
        segment: &Segment,
        path: &[Segment],
        text: &mut Skim<'a>,
    ) -> Result<(), NotJson> {
        let mut at = 0;
        let mut goes_on = text.enter(Kind::List);
        while goes_on {
            let wanted = match segment {
                Segment::Index(index) => *index == at,
                Segment::Every => true,
                Segment::Name(_) => false,
            };
            let passed = if wanted { self.follow(path, text) } else { text.skip() };
            passed?;
            goes_on = text.another(Kind::List)?;
            at += 1;
        }
        Ok(())
    }
}

/// What is wanted of the value with this text.
fn leaf(value: &str, wanted: Wanted) -> Result<Node<'_>, NotJson> {
    if let Some(text) = plain_text(value) {
        return Ok(Node::Text(Cow::Borrowed(text)));
    }
    let mut value = serde_json::Deserializer::from_str(value);
    value.deserialize_any(Leaf(wanted)).map_err(|_error| NotJson)
}

/// Reads the value that a path leads to.
struct Leaf(Wanted);

impl<'de> Visitor<'de> for Leaf {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Node::of(Value::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Node::of(Value::Bool(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Node::of(Value::Number(value.into())))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Node::of(Value::Number(value.into())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        let number = Number::from_f64(value);
        let number = number.ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))?;
        Ok(Node::of(Value::Number(number)))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        if self.0 == Wanted::Value {
            return Value::deserialize(SeqAccessDeserializer::new(list)).map(Node::of);
        }
        let mut length = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            length += 1;
        }
        Ok(Node::List(length))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(Node::of)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(nodes: &Nodes<'_>) -> Vec<String> {
        nodes.iter().map(|node| node.show(|value| value.text().into_owned())).collect()
    }

    /// What is found in the text of a body, and what in the body when it is parsed.
    fn both(path: &str, body: &str) -> (Option<Vec<String>>, Option<Vec<String>>) {
        let path = Path::parse(path).unwrap();
        let parsed: Option<Value> = serde_json::from_str(body).ok();
        let followed = path.follow(body, Wanted::Value);
        (followed.map(|nodes| texts(&nodes)), parsed.map(|body| texts(&path.find(&body))))
    }

    #[test]
    fn plain_paths_are_followed_and_others_are_not() {
        for path in ["$", "$.a", "$.a.b_1[0].ü", "$['a b'][\"c\"]", "$.a[*].b", "$.*"] {
            assert!(Path::parse(path).unwrap().plain.is_some(), "{path}");
        }
        for path in ["$..a", "$.a[-1]", "$['a\\'b']", "$[0:2]", "$.a[?@.b]", "$['a','b']", "$ .a"] {
            assert!(Path::parse(path).unwrap().plain.is_none(), "{path}");
        }
    }

    #[test]
    fn values_have_the_text_that_they_have_when_the_body_is_parsed() {
        let values = [
            "12345678901234567890",
            "123456789012345678901",
            "1.0",
            "1e3",
            "-0",
            "-7",
            "0.1",
            "true",
            "null",
            r#""a\"\n\u00fc\ud83d\ude00""#,
            r#"{ "b" : 1, "a": [ 1.50, {} ], "b":2 }"#,
            "[]",
        ];
        for value in values {
            let (followed, parsed) = both("$.x", &format!(r#"{{"y":{value}, "x": {value} }}"#));
            assert_eq!(followed, parsed, "{value}");
            assert_eq!(followed.map(|values| values.len()), Some(1), "{value}");
        }
    }

    #[test]
    fn the_last_of_several_values_of_a_name_counts() {
        let body = r#"{"a":[{"b":1},{"b":2}],"a":[{"b":3,"\u0062":4}]}"#;
        assert_eq!(both("$.a[*].b", body).0.unwrap(), ["4"]);
        assert_eq!(both("$.a[0].b", r#"{"a":[{"b":1}],"a":5}"#).0.unwrap(), [""; 0]);
    }

    #[test]
    fn a_body_that_is_cut_off_or_goes_on_has_no_values() {
        let body = r#"{"a":1,"b":[true,"x"]}"#;
        assert_eq!(both("$.a", body).0.unwrap(), ["1"]);
        for end in 0..body.len() {
            assert_eq!(both("$.a", body.split_at(end).0).0.unwrap(), [""; 0], "{end}");
        }
        assert_eq!(both("$.a", &format!("{body}x")).0.unwrap(), [""; 0]);
    }

    #[test]
    fn lengths_are_those_of_the_parsed_body() {
        let body =
            r#"{"list":[1,[2,3],{}],"map":{"a":1,"a":2},"text":"\u00fcb","n":12,"none":null}"#;
        let parsed: Value = serde_json::from_str(body).unwrap();
        for path in ["$.list", "$.map", "$.text", "$.n", "$.none", "$.no", "$.list[*]", "$"] {
            let path = Path::parse(path).unwrap();
            let followed = path.follow(body, Wanted::Length).unwrap();
            assert_eq!(followed.length(), path.find(&parsed).length(), "{path}");
        }
    }

    /// Text of a JSON value; some of them are not for 64-bit numbers or Unicode.
    fn json() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "null",
            "true",
            "1",
            "-0",
            "1.50",
            "1e3",
            "18446744073709551616",
            "1e999",
            r#""a""#,
            r#""""#,
            r#""\"ü\\""#,
            r#""\u00fc]}""#,
            r#""\ud83d\ude00""#,
            r#""\ud800""#,
        ]);
        let name =
            prop::sample::select(vec![r#""a""#, r#""b""#, r#""\u0061""#, r#""ü""#, r#"" b ""#]);
        leaf.prop_map(str::to_owned).prop_recursive(4, 40, 5, move |inner| {
            let member =
                (name.clone(), inner.clone()).prop_map(|(name, value)| format!("{name}: {value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..5)
                    .prop_map(|list| format!("[{}]", list.join(" ,"))),
                prop::collection::vec(member, 0..5)
                    .prop_map(|map| format!("{{ {}}}", map.join(","))),
            ]
        })
    }

    fn any_path() -> impl Strategy<Value = String> {
        let segments = vec![".a", ".b", "['a']", "[0]", "[1]", "[*]", ".ü", "[' b ']"];
        prop::collection::vec(prop::sample::select(segments), 0..4)
            .prop_map(|segments| format!("${}", segments.concat()))
    }

    proptest! {
        #[test]
        fn following_finds_what_parsing_finds(body in json(), path in any_path()) {
            let (followed, parsed) = both(&path, &body);
            if let (Some(followed), Some(parsed)) = (followed, parsed) {
                prop_assert_eq!(followed, parsed);
            }
        }

        #[test]
        fn what_is_not_json_has_no_values(
            body in json(), path in any_path(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
            cut in any::<bool>(),
        ) {
            let mut bytes = body.into_bytes();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            let Ok(body) = String::from_utf8(bytes) else { return Ok(()) };
            let (followed, parsed) = both(&path, &body);
            let is_json = serde_json::from_str::<IgnoredAny>(&body).is_ok();
            match (followed, parsed) {
                (Some(followed), Some(parsed)) => prop_assert_eq!(followed, parsed),
                (Some(followed), None) if !is_json => prop_assert!(followed.is_empty()),
                _ => {}
            }
        }
    }
}
