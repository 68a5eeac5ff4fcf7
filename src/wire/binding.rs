//! Channel binding, which a proxy that ends TLS has to take out of the authentication.
//!
//! `SCRAM-SHA-256-PLUS` (RFC 5802 and 5929) proves that client and server look at the same
//! certificate. With a proxy between them that speaks TLS itself they do not, so neither may be
//! led to try.

/// The longest message of an authentication that is looked at, in bytes. PostgreSQL's own are far
/// shorter.
pub const MAX_AUTHENTICATION: usize = 10_000;

/// `AuthenticationSASL`, the message in which a server lists its mechanisms.
const SASL: [u8; 4] = 10_i32.to_be_bytes();

/// What a client says of channel binding when it begins with SCRAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// It does not do it: the server agrees.
    Unsupported,
    /// It does, and believes that the server does not: a server that does refuses, because
    /// somebody between them may have taken it out.
    Supported,
    /// It insists.
    Required,
}

/// The whole message `AuthenticationSASL` without the mechanisms that bind to the channel; `None`
/// if it is another message, or has none.
pub fn without_binding(message: &[u8]) -> Option<Vec<u8>> {
    let (head, body) = message.split_at_checked(5)?;
    let (kind, list) = body.split_first_chunk()?;
    if head.first() != Some(&b'R') || *kind != SASL {
        return None;
    }
    let names = || list.split(|byte| *byte == 0).take_while(|name| !name.is_empty());
    if !names().any(|name| name.ends_with(b"-PLUS")) {
        return None;
    }
    let mut body = kind.to_vec();
    for name in names().filter(|name| !name.ends_with(b"-PLUS")) {
        body.extend_from_slice(name);
        body.push(0);
    }
    body.push(0);
    Some(message_of(b'R', &body))
}

/// What a client's `SASLInitialResponse` (a whole message) says of channel binding; `None` if it
/// is another message.
pub fn binding_asked(message: &[u8]) -> Option<Binding> {
    let body = message.strip_prefix(b"p")?.get(4..)?;
    let end = body.iter().position(|byte| *byte == 0)?;
    let (mechanism, rest) = body.split_at(end);
    if !mechanism.starts_with(b"SCRAM-") {
        return None;
    }
    // A zero, the length of the response, and the response with its GS2 flag (RFC 5802, 7).
    match rest.get(5)? {
        b'n' => Some(Binding::Unsupported),
        b'y' => Some(Binding::Supported),
        b'p' => Some(Binding::Required),
        _ => None,
    }
}

/// A fatal `ErrorResponse`, as a server ends a connection with it.
pub fn refusal(code: &str, message: &str, hint: &str) -> Vec<u8> {
    let mut body = Vec::new();
    let fields = [("S", "FATAL"), ("V", "FATAL"), ("C", code), ("M", message), ("H", hint)];
    for (field, text) in fields {
        body.extend_from_slice(field.as_bytes());
        body.extend(text.bytes().filter(|byte| *byte != 0));
        body.push(0);
    }
    body.push(0);
    message_of(b'E', &body)
}

fn message_of(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len().saturating_add(4)).unwrap_or(i32::MAX);
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sasl(list: &[u8]) -> Vec<u8> {
        message_of(b'R', &[&SASL[..], list].concat())
    }

    #[test]
    fn mechanisms_that_bind_are_taken_out_of_the_list() {
        let offered = sasl(b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");
        assert_eq!(without_binding(&offered), Some(sasl(b"SCRAM-SHA-256\0\0")));
        assert_eq!(without_binding(&sasl(b"SCRAM-SHA-256\0\0")), None);
        let only = without_binding(&sasl(b"SCRAM-SHA-256-PLUS\0\0"));
        assert_eq!(only, Some(sasl(b"\0")));
    }

    #[test]
    fn other_messages_are_left_alone() {
        let ok = message_of(b'R', &0_i32.to_be_bytes());
        let continued = message_of(b'R', &[&11_i32.to_be_bytes()[..], b"r=-PLUS"].concat());
        for message in [&ok[..], &continued, b"", b"R", b"R\0\0\0\x08", b"E\0\0\0\x05\0"] {
            assert_eq!(without_binding(message), None);
        }
    }

    #[test]
    fn a_client_says_how_it_stands_to_binding() {
        let asked = |mechanism: &str, response: &str| {
            let length = i32::try_from(response.len()).unwrap().to_be_bytes();
            let body = [mechanism.as_bytes(), b"\0", &length, response.as_bytes()].concat();
            binding_asked(&message_of(b'p', &body))
        };
        assert_eq!(asked("SCRAM-SHA-256", "n,,n=,r=x"), Some(Binding::Unsupported));
        assert_eq!(asked("SCRAM-SHA-256", "y,,n=,r=x"), Some(Binding::Supported));
        let plus = asked("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=x");
        assert_eq!(plus, Some(Binding::Required));
        assert_eq!(asked("GSSAPI", "y,,"), None);
        assert_eq!(binding_asked(b"p\0\0\0\x0esecret-word\0"), None);
        assert_eq!(binding_asked(b""), None);
    }

    #[test]
    fn a_refusal_is_a_fatal_error_with_its_hint() {
        let message = refusal("08P01", "no\0t this way", "another way");
        assert_eq!(message, b"E\0\0\0\x35SFATAL\0VFATAL\0C08P01\0Mnot this way\0Hanother way\0\0");
    }
}
