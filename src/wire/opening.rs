//! The first message of a connection, which says what it is for.

use super::sample::Lost;

/// The longest first message in bytes: PostgreSQL refuses longer ones (`MAX_STARTUP_PACKET_LENGTH`).
pub const MAX_OPENING: usize = 10_000;

/// First byte of a TLS record with a handshake: a client that does not ask whether TLS is wanted
/// (`sslnegotiation=direct` of libpq 17).
pub(super) const TLS_HANDSHAKE: u8 = 0x16;

/// What a client opens a connection for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// `SSLRequest`: the server answers with one byte.
    Tls,
    /// `GSSENCRequest`: the server answers with one byte.
    Gss,
    /// `CancelRequest`: nothing comes back.
    Cancel,
    /// `StartupMessage` of a session.
    Session,
    /// `StartupMessage` of a connection for replication.
    Replication,
}

impl Opening {
    /// Reads the body of a first message: what stands behind its length.
    pub fn read(body: &[u8]) -> Result<Self, Lost> {
        let (code, parameters) = body.split_first_chunk().ok_or(Lost::Length)?;
        match i32::from_be_bytes(*code) {
            // The codes are 1234 in the upper half and these in the lower.
            80_877_102 => Ok(Self::Cancel),
            80_877_103 => Ok(Self::Tls),
            80_877_104 => Ok(Self::Gss),
            // The minor version is negotiated, and changes nothing that is read here: 3.2 has
            // longer keys to cancel with.
            version if version >> 16 == 3 => {
                Ok(if replicates(parameters) { Self::Replication } else { Self::Session })
            }
            _ => Err(Lost::Version),
        }
    }
}

/// Whether the parameter `replication` is there and not a word for false.
fn replicates(parameters: &[u8]) -> bool {
    let mut words = parameters.split(|byte| *byte == 0);
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        if name.is_empty() {
            break;
        }
        if name == b"replication" {
            let no: [&[u8]; 4] = [b"false", b"off", b"no", b"0"];
            // PostgreSQL takes the beginnings of its words for truth as well, in any case.
            return !no.iter().any(|no| {
                no.get(..value.len()).is_some_and(|start| start.eq_ignore_ascii_case(value))
                    && !value.is_empty()
            });
        }
    }
    false
}
