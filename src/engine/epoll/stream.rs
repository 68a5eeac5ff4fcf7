//! Bytes to and from the target: plain, or through TLS.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with, sockopt};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use super::stamp::{receive, stamp};
use crate::engine::Spoken;
use crate::units::Nanos;

/// A connection that does not block.
#[derive(Debug)]
pub(super) struct Stream {
    socket: OwnedFd,
    /// Whether the kernel says when bytes came.
    stamped: bool,
    /// In a box, because most targets of a staging system have none.
    tls: Option<Box<ClientConnection>>,
}

/// What one reading gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Got {
    /// Plain bytes, which lie at the start of the buffer.
    pub(super) bytes: usize,
    /// When the last of them came, in the kernel's own time.
    pub(super) when: Option<Nanos>,
    /// What is to be done next.
    pub(super) then: Then,
}

/// What is to be done after a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing more is there for now.
    Wait,
    /// There may be more.
    Again,
    /// The peer has sent its last byte.
    Ended,
    /// The connection was closed, and TLS had not said that it would be.
    Cut,
}

impl Stream {
    /// Begins to connect; the connection is open when it can be written to.
    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
        // Without it a request in two segments would wait for the peer's delayed ACK.
        sockopt::set_tcp_nodelay(&socket, true)?;
        let stamped = stamp(&socket);
        match rustix::net::connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => Ok(Self { socket, stamped, tls: None }),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// Why the connection could not be opened, if it could not.
    pub(super) fn opened(&self) -> io::Result<()> {
        Ok(sockopt::socket_error(&self.socket)??)
    }

    /// Goes on with TLS on the open connection.
    pub(super) fn secure(
        &mut self,
        config: &Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<(), rustls::Error> {
        self.tls = Some(Box::new(ClientConnection::new(Arc::clone(config), name)?));
        Ok(())
    }

    /// Whether the TLS handshake goes on.
    pub(super) fn is_shaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_handshaking())
    }

    /// Takes the handshake on as far as it goes without waiting; `scratch` is memory to read to.
    /// Whether it is over.
    pub(super) fn shake(&mut self, scratch: &mut [u8]) -> io::Result<bool> {
        while self.is_shaking() {
            self.flush()?;
            let Some((bytes, _)) = self.receive(scratch)? else { return Ok(false) };
            if bytes == 0 {
                let message = "the server closed the connection";
                return Err(io::Error::new(ErrorKind::UnexpectedEof, message));
            }
            // What the server says after its handshake stays in TLS until it is read.
            let outcome = self.take_in(scratch.get(..bytes).unwrap_or_default(), &mut [], 0);
            if let Err(error) = outcome {
                // The alert says to the server what was wrong; the error says it to people.
                drop(self.flush());
                return Err(error);
            }
        }
        self.flush()?;
        Ok(true)
    }

    /// Shows received bytes to TLS, and takes out what it makes of them: how many plain bytes lie in
    /// `buffer` after the `filled` ones, and whether the peer has said that nothing follows.
    fn take_in(
        &mut self,
        mut bytes: &[u8],
        buffer: &mut [u8],
        filled: usize,
    ) -> io::Result<(usize, bool)> {
        let (mut filled, mut ended) = (filled, false);
        loop {
            let Some(tls) = &mut self.tls else { return Ok((filled, ended)) };
            if !bytes.is_empty() {
                tls.read_tls(&mut bytes)?;
                tls.process_new_packets().map_err(io::Error::other)?;
            }
            // TLS holds only so much, so it is emptied before it is shown more.
            while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
                match tls.reader().read(room) {
                    Ok(0) => {
                        ended = true;
                        break;
                    }
                    Ok(read) => filled += read,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
            if bytes.is_empty() || ended {
                return Ok((filled, ended));
            }
        }
    }

    /// Writes what it can of `bytes`, and says how much. TLS takes more than there is room for, and
    /// [`Stream::flush`] says when it is out.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return match rustix::net::send(&self.socket, bytes, rustix::net::SendFlags::NOSIGNAL) {
                Ok(sent) => Ok(sent),
                Err(Errno::AGAIN) => Ok(0),
                Err(error) => Err(error.into()),
            };
        };
        // TLS holds 64 KiB at most, and takes more when that is out.
        let mut taken = tls.writer().write(bytes)?;
        while self.flush()?
            && let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty())
            && let Some(tls) = &mut self.tls
        {
            taken += tls.writer().write(rest)?;
        }
        Ok(taken)
    }

    /// The HTTP that TLS agreed on.
    pub(super) fn spoken(&self) -> Spoken {
        let agreed = self.tls.as_ref().and_then(|tls| tls.alpn_protocol());
        if agreed == Some(b"h2") { Spoken::Two } else { Spoken::One }
    }

    /// Writes what TLS holds, as far as there is room; whether all is out.
    pub(super) fn flush(&mut self) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else { return Ok(true) };
        while tls.wants_write() {
            match tls.write_tls(&mut Socket(&self.socket)) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Whether TLS holds something that is not out yet.
    pub(super) fn has_unsent(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Reads to `buffer`; `scratch` takes what is still encrypted, and is so much smaller that what
    /// it makes always fits into `buffer`.
    pub(super) fn read(&mut self, buffer: &mut [u8], scratch: &mut [u8]) -> io::Result<Got> {
        if self.tls.is_some() {
            return self.read_secured(buffer, scratch);
        }
        let Some((bytes, when)) = self.receive(buffer)? else {
            return Ok(Got { bytes: 0, when: None, then: Then::Wait });
        };
        // A buffer that was not filled has emptied the socket, and what comes later is an event
        // of its own.
        let then = match bytes {
            0 => Then::Ended,
            full if full == buffer.len() => Then::Again,
            _ => Then::Wait,
        };
        Ok(Got { bytes, when, then })
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<(usize, Option<Nanos>)>> {
        let received = if self.stamped {
            receive(&self.socket, buffer)
        } else {
            let flags = rustix::net::RecvFlags::empty();
            let received = rustix::net::recv(&self.socket, &mut *buffer, flags);
            received.map(|(bytes, _)| (bytes, None)).map_err(io::Error::from)
        };
        match received {
            Ok(received) => Ok(Some(received)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read_secured(&mut self, buffer: &mut [u8], sealed: &mut [u8]) -> io::Result<Got> {
        // What came with the end of the handshake lies in TLS already.
        let (left, ended) = self.take_in(&[], buffer, 0)?;
        if ended {
            return Ok(Got { bytes: left, when: None, then: Then::Ended });
        }
        let Some((bytes, when)) = self.receive(sealed)? else {
            return Ok(Got { bytes: left, when: None, then: Then::Wait });
        };
        if bytes == 0 {
            // Without a closing alert somebody in between may have cut the answer off.
            return Ok(Got { bytes: left, when, then: Then::Cut });
        }
        let (filled, ended) =
            self.take_in(sealed.get(..bytes).unwrap_or_default(), buffer, left)?;
        let then = match (ended, bytes == sealed.len()) {
            (true, _) => Then::Ended,
            (false, true) => Then::Again,
            (false, false) => Then::Wait,
        };
        Ok(Got { bytes: filled, when, then })
    }
}

/// A socket as something to write to.
struct Socket<'a>(&'a OwnedFd);

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(self.0, bytes, rustix::net::SendFlags::NOSIGNAL)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
