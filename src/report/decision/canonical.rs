//! One spelling for one document.

use serde_json::Value;

/// JSON as RFC 8785 writes it, of documents that have no fractions: no white space, the keys of
/// each object sorted, characters escaped only where they must be. A fraction, which a document
/// of loadgate never holds here, is written as serde writes it.
///
/// Keys are sorted by their bytes, which is the order of the RFC for all keys below U+E000.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            text.push_str(&value.to_string());
        }
        Value::String(string) => quoted(string, text),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (at, (key, entry)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                quoted(key, text);
                text.push(':');
                write(entry, text);
            }
            text.push('}');
        }
    }
}

fn quoted(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if u32::from(control) < 0x20 => {
                text.extend(format!("\\u{:04x}", u32::from(control)).chars());
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_and_nothing_is_between() {
        let value = json!({ "b": [1, true, null], "a": { "d": "x", "c": -7 }, "Z": [] });
        assert_eq!(canonical(&value), r#"{"Z":[],"a":{"c":-7,"d":"x"},"b":[1,true,null]}"#);
    }

    #[test]
    fn characters_are_escaped_only_where_they_must_be() {
        let value = json!("\"\\\u{8}\u{c}\n\r\t\u{1}\u{7f}é€😀</script>");
        assert_eq!(canonical(&value), "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\u{7f}é€😀</script>\"");
    }

    proptest! {
        #[test]
        fn it_is_read_back_as_it_was(text in ".*", key in ".*", number in any::<i64>()) {
            let value = json!({ key: text, "number": number });
            prop_assert_eq!(serde_json::from_str::<Value>(&canonical(&value)).unwrap(), value);
        }
    }
}
