//! What respod and systemd have to say to each other: a socket that is passed, and how things stand.
//!
//! Without systemd, or a program that speaks like it, nothing is passed and nobody listens.

use std::io;
use std::net::TcpListener;

use listenfd::ListenFd;
use sd_notify::NotifyState;

/// The listening socket that was passed, if one was (`sd_listen_fds(3)`).
///
/// It stays open while respod restarts: who connects meanwhile waits.
pub(crate) fn passed_socket() -> io::Result<Option<TcpListener>> {
    let mut passed = ListenFd::from_env();
    if passed.len() > 1 {
        let problem = format!("{} sockets were passed, and respod listens on one", passed.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    let Some(socket) = passed.take_tcp_listener(0)? else {
        return Ok(None);
    };
    socket.set_nonblocking(true)?;
    Ok(Some(socket))
}

/// respod serves.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("serving")]);
}

/// respod stops.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
