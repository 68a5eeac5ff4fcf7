//! How a connection is opened: who speaks TLS with whom, and what must be taken out of the
//! authentication because of it.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::address::TlsMode;
use super::line::Watch;
use super::stream::{Socket, Stream};
use super::tls::ClientTls;
use crate::wire::{
    Binding, MAX_AUTHENTICATION, MAX_OPENING, Opening, binding_asked, refusal, without_binding,
};

/// First byte of a TLS record with a handshake.
const TLS_HANDSHAKE: u8 = 0x16;
/// `SSLRequest`.
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// A client asks for TLS and for GSS once each, and then says what it wants.
const MAX_REQUESTS: usize = 4;
/// Length and code of a first message.
const HEAD: usize = 8;

/// Why a connection came to nothing.
#[derive(Debug)]
pub(super) enum Ended {
    /// The client has left, or said nothing that opens a connection.
    Client,
    /// The server can't be reached.
    Unreached(io::Error),
    /// It can't go through this tap. The client is told.
    Refused { code: &'static str, message: String, hint: &'static str },
}

/// Both sides of a connection.
pub(super) struct Opened {
    pub(super) client: Stream,
    pub(super) server: Stream,
}

/// Opens the connection behind a client's.
pub(super) async fn open(socket: Socket, watch: &mut Watch) -> Result<Opened, Ended> {
    if watch.world.settings.tls == ClientTls::Pass {
        let server = connect(watch).await?;
        return Ok(Opened { client: Stream::Plain(socket), server: Stream::Plain(server) });
    }
    let (mut client, head) = first(socket, watch).await?;
    match reach(watch).await {
        Ok(server @ Stream::Plain(_)) => {
            let mut opened = Opened { client, server };
            pass_request(&mut opened, watch, &head).await?;
            Ok(opened)
        }
        Ok(server @ Stream::Tls(_)) => {
            let message = rest_of(&mut client, head).await?;
            let mut opened = Opened { client, server };
            let session = matches!(message.get(4..).map(Opening::read), Some(Ok(Opening::Session)));
            pass_request(&mut opened, watch, &message).await?;
            if session {
                authenticate(&mut opened, watch).await?;
            }
            Ok(opened)
        }
        Err(ended) => {
            if let Ended::Refused { code, message, hint } = &ended {
                // Read first what was sent: bytes that nobody reads would reset the connection
                // before its client has read why.
                rest_of(&mut client, head).await?;
                tell(&mut client, &refusal(code, message, hint)).await;
            }
            Err(ended)
        }
    }
}

/// The client's side, and the beginning of the first message that opens a connection.
async fn first(socket: Socket, watch: &Watch) -> Result<(Stream, [u8; HEAD]), Ended> {
    let acceptor = watch.world.keys.acceptor.as_ref();
    let refused = |error: io::Error| Ended::Refused {
        code: "08P01",
        message: format!("TLS with the client failed: {error}"),
        hint: "",
    };
    let mut stream = match (socket.peek().await, acceptor) {
        (Ok(Some(TLS_HANDSHAKE)), Some(acceptor)) => {
            let tls = acceptor.accept(socket).await.map_err(refused)?;
            Stream::Tls(Box::new(tls.into()))
        }
        (Ok(_), _) => Stream::Plain(socket),
        (Err(_), _) => return Err(Ended::Client),
    };
    for _ in 0..MAX_REQUESTS {
        let mut head = [0; HEAD];
        stream.read_exact(&mut head).await.map_err(|_gone| Ended::Client)?;
        let asked = head.split_first_chunk::<4>().map(|(_, code)| Opening::read(code));
        let (answer, tls) = match (asked, &stream, acceptor) {
            (Some(Ok(Opening::Tls)), Stream::Plain(_), Some(acceptor)) => (b"S", Some(acceptor)),
            (Some(Ok(Opening::Tls | Opening::Gss)), _, _) => (b"N", None),
            _ => return Ok((stream, head)),
        };
        stream.write_all(answer).await.map_err(|_gone| Ended::Client)?;
        stream = match (tls, stream) {
            (Some(acceptor), Stream::Plain(socket)) => {
                let tls = acceptor.accept(socket).await.map_err(refused)?;
                Stream::Tls(Box::new(tls.into()))
            }
            (_, stream) => stream,
        };
    }
    Err(Ended::Client)
}

async fn connect(watch: &Watch) -> Result<Socket, Ended> {
    Socket::connect(&watch.world.settings.upstream.place).await.map_err(Ended::Unreached)
}

/// The server's side, with TLS if that is wanted and there.
async fn reach(watch: &Watch) -> Result<Stream, Ended> {
    let mut socket = connect(watch).await?;
    let Some((connector, name)) = &watch.world.keys.connector else {
        return Ok(Stream::Plain(socket));
    };
    let mut answer = [0];
    socket.write_all(&TLS_REQUEST).await.map_err(Ended::Unreached)?;
    socket.read_exact(&mut answer).await.map_err(Ended::Unreached)?;
    match (answer, watch.world.settings.upstream.tls) {
        ([b'S'], _) => {
            let tls = connector.connect(name.clone(), socket).await;
            let tls = tls.map_err(|error| Ended::Refused {
                code: "08001",
                message: format!("TLS with the upstream failed: {error}"),
                hint: "check `sslmode` and `sslrootcert` of the tap's upstream",
            })?;
            Ok(Stream::Tls(Box::new(tls.into())))
        }
        ([b'N'], TlsMode::Prefer) => Ok(Stream::Plain(socket)),
        _ => Err(Ended::Refused {
            code: "08001",
            message: "the upstream has no TLS, and the tap's sslmode asks for it".to_owned(),
            hint: "set `ssl = on` in postgresql.conf, or use `sslmode=prefer`",
        }),
    }
}

/// The whole first message.
async fn rest_of(client: &mut Stream, head: [u8; HEAD]) -> Result<Vec<u8>, Ended> {
    let [a, b, c, d, ..] = head;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if !(HEAD..=MAX_OPENING).contains(&length) {
        return Err(Ended::Client);
    }
    let mut message = head.to_vec();
    message.resize(length, 0);
    if let Some(rest) = message.get_mut(HEAD..) {
        client.read_exact(rest).await.map_err(|_gone| Ended::Client)?;
    }
    Ok(message)
}

async fn pass_request(opened: &mut Opened, watch: &mut Watch, bytes: &[u8]) -> Result<(), Ended> {
    opened.server.write_all(bytes).await.map_err(Ended::Unreached)?;
    opened.server.flush().await.map_err(Ended::Unreached)?;
    watch.asked(bytes);
    Ok(())
}

/// Passes messages until client and server have agreed on how to authenticate. The server may
/// offer to bind that to its certificate, which is not the one that the client sees.
async fn authenticate(opened: &mut Opened, watch: &mut Watch) -> Result<(), Ended> {
    loop {
        let message = message(&mut opened.server).await.map_err(Ended::Unreached)?;
        let offered = without_binding(&message);
        let passed = offered.as_ref().unwrap_or(&message);
        opened.client.write_all(passed).await.map_err(|_gone| Ended::Client)?;
        opened.client.flush().await.map_err(|_gone| Ended::Client)?;
        watch.answered(passed);
        match message.first() {
            // The server negotiates the version first.
            Some(b'v') => {}
            Some(b'R') if offered.is_some() => break,
            _ => return Ok(()),
        }
    }
    let begun = message(&mut opened.client).await.map_err(|_gone| Ended::Client)?;
    if binding_asked(&begun) == Some(Binding::Supported) {
        let refused = Ended::Refused {
            code: "28000",
            message: "the tap ends TLS, so the authentication can't be bound to the server's \
                      certificate"
                .to_owned(),
            hint: "set channel_binding=disable in the client, or sslmode=disable in the client \
                   or for the tap's upstream",
        };
        if let Ended::Refused { code, message, hint } = &refused {
            tell(&mut opened.client, &refusal(code, message, hint)).await;
        }
        return Err(refused);
    }
    pass_request(opened, watch, &begun).await
}

/// One message with a type; what is longer than any of an authentication is an error.
async fn message(stream: &mut Stream) -> io::Result<Vec<u8>> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await?;
    let [_, a, b, c, d] = head;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if !(4..=MAX_AUTHENTICATION).contains(&length) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = head.to_vec();
    message.resize(length.saturating_add(1), 0);
    if let Some(rest) = message.get_mut(head.len()..) {
        stream.read_exact(rest).await?;
    }
    Ok(message)
}

/// Tells a client why its connection ends. If it has gone there is nobody to tell.
async fn tell(client: &mut Stream, message: &[u8]) {
    if client.write_all(message).await.is_ok() {
        drop(client.shutdown().await);
    }
}
