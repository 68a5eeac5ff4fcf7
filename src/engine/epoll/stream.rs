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
            let (bytes, _) = match receive(&self.socket, scratch) {
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            };
            if bytes == 0 {
                let message = "the server closed the connection";
                return Err(io::Error::new(ErrorKind::UnexpectedEof, message));
            }
            let outcome = self.take_in(scratch.get(..bytes).unwrap_or_default());
            if let Err(error) = outcome {
                // The alert says to the server what was wrong; the error says it to people.
                drop(self.flush());
                return Err(error);
            }
        }
        self.flush()?;
        Ok(true)
    }

    /// Shows received bytes to TLS.
    fn take_in(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        while !bytes.is_empty() {
            if tls.read_tls(&mut bytes)? == 0 {
                break;
            }
            tls.process_new_packets().map_err(io::Error::other)?;
        }
        Ok(())
    }

    /// Writes what it can of `bytes`, and says how much. With TLS all of it is taken, and
    /// [`Stream::flush`] says when it is out.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return match rustix::net::send(&self.socket, bytes, rustix::net::SendFlags::NOSIGNAL) {
                Ok(sent) => Ok(sent),
                Err(Errno::AGAIN) => Ok(0),
                Err(error) => Err(error.into()),
            };
        };
        let taken = tls.writer().write(bytes)?;
        self.flush()?;
        Ok(taken)
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

    /// Reads to `buffer`; `scratch` takes what is still encrypted.
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

    fn read_secured(&mut self, buffer: &mut [u8], scratch: &mut [u8]) -> io::Result<Got> {
        // Plain bytes that did not fit into the buffer last time go first.
        let left = self.plain(buffer)?;
        if left.bytes > 0 || left.then == Then::Ended {
            return Ok(left);
        }
        let Some((bytes, when)) = self.receive(scratch)? else { return Ok(left) };
        if bytes == 0 {
            // Without a closing alert the answer may have been cut off by somebody in between.
            return Ok(Got { bytes: 0, when, then: Then::Ended });
        }
        self.take_in(scratch.get(..bytes).unwrap_or_default())?;
        let got = self.plain(buffer)?;
        let more = bytes == scratch.len() || got.bytes == buffer.len();
        let then = if got.then == Then::Wait && more { Then::Again } else { got.then };
        Ok(Got { when, then, ..got })
    }

    /// Plain bytes that TLS holds.
    fn plain(&mut self, buffer: &mut [u8]) -> io::Result<Got> {
        let Some(tls) = &mut self.tls else {
            return Ok(Got { bytes: 0, when: None, then: Then::Wait });
        };
        let mut bytes = 0;
        let mut then = Then::Wait;
        while let Some(room) = buffer.get_mut(bytes..).filter(|room| !room.is_empty()) {
            match tls.reader().read(room) {
                // The peer has said that nothing follows.
                Ok(0) => {
                    then = Then::Ended;
                    break;
                }
                Ok(read) => bytes += read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        // What was read counts first; the end is found again next time.
        if bytes > 0 && then == Then::Ended {
            then = Then::Again;
        }
        Ok(Got { bytes, when: None, then })
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
