//! Bodies of `multipart:` (RFC 7578): fields and files of a form.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::plan::{Builder, Escape, Missing, Text, View};
use crate::scenario::{At, Template};

/// One part of a form.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "a part of a form", deny_unknown_fields)]
#[schemars(rename = "Part")]
pub(super) struct PartSpec {
    /// Name of the field.
    name: At<String>,
    /// Value of the field.
    #[serde(default)]
    value: Option<At<Template>>,
    /// A file to send; one copy in memory serves all users.
    #[serde(default)]
    file: Option<At<String>>,
    /// Media type of the file.
    #[serde(default, rename = "type")]
    media_type: Option<At<String>>,
}

/// A form made executable.
#[derive(Debug)]
pub(super) struct Form {
    boundary: String,
    parts: Vec<(String, Content)>,
}

#[derive(Debug)]
enum Content {
    Value(Text),
    File(Arc<[u8]>),
}

/// The form of a step, if all of its parts are right.
pub(super) fn form(builder: &mut Builder<'_>, specs: &[PartSpec]) -> Form {
    let mut parts = Vec::with_capacity(specs.len());
    let mut content_hash = 0_u64;
    for spec in specs {
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(&spec.name));
        let content = match (&spec.value, &spec.file) {
            (Some(value), None) => Content::Value(builder.text(value, Escape::Plain)),
            (None, Some(path)) => {
                let Some(bytes) = builder.file(path) else { continue };
                let file_name = path.value.rsplit('/').next().unwrap_or_default();
                let media_type =
                    spec.media_type.as_ref().map(|media_type| media_type.value.as_str());
                let media_type = media_type.unwrap_or("application/octet-stream");
                head.push_str("; filename=\"");
                head.push_str(&quoted(file_name));
                head.push_str("\"\r\nContent-Type: ");
                head.push_str(&media_type.replace(['\r', '\n'], ""));
                content_hash = bytes
                    .iter()
                    .fold(content_hash, |hash, byte| hash.rotate_left(5) ^ u64::from(*byte));
                Content::File(bytes)
            }
            (_, _) => {
                let message = "a part has either `value` or `file`";
                builder.error(spec.name.node, message, None);
                continue;
            }
        };
        parts.push((head, content));
    }
    Form { boundary: format!("loadgate-{content_hash:016x}-form-data"), parts }
}

/// A name inside quotes of a header (HTML's way: percent-encode what would end them).
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

impl Form {
    /// Value of the `Content-Type` header.
    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The body with the values of the moment.
    pub(super) fn body(&self, view: &mut View<'_>) -> Result<Vec<u8>, Missing> {
        let mut body = Vec::new();
        for (head, content) in &self.parts {
            for text in ["--", &self.boundary, "\r\n", head, "\r\n\r\n"] {
                body.extend_from_slice(text.as_bytes());
            }
            match content {
                Content::Value(text) => body.extend_from_slice(text.render(view)?.as_bytes()),
                Content::File(bytes) => body.extend_from_slice(bytes),
            }
            body.extend_from_slice(b"\r\n");
        }
        for text in ["--", &self.boundary, "--\r\n"] {
            body.extend_from_slice(text.as_bytes());
        }
        Ok(body)
    }
}
