//! Clients of everything that is measured, as light as they can be: they share the machine with the server.

mod bare;
mod connect;
mod echo;
mod http;
mod json;
mod lock;
pub(crate) mod redis;
mod resp;
mod rest;
pub(crate) mod socket;

use std::convert::Infallible;
use std::net::SocketAddr;

use crate::failure::Failure;
use crate::subject::{Subject, Surface};

pub(crate) use http::Http;

/// The attribute that every resource of the measured pools has.
pub(crate) const TAG: &str = "any";

/// What a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The resource of this number, which nobody else asks for.
    Own(usize),
    /// The same, to be kept by renewals where the surface has both.
    Renewed(usize),
    /// The one that all clients want.
    Shared,
    /// Any resource with the [`TAG`].
    Any,
}

/// What proves a lease.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    /// The id of the lease, which rises with the arrival of its request; 0 where there are none.
    pub(crate) id: u64,
    /// The key that is held, of a server that knows keys alone.
    pub(crate) key: String,
    pub(crate) token: String,
}

/// The first answer to a wish.
#[derive(Debug)]
pub(crate) enum Answer {
    Granted(Held),
    Queued,
}

/// One client, with a connection of its own, or two where a surface needs them.
pub(crate) enum Client {
    Lock(lock::Lock),
    Rest(rest::Rest),
    Socket(socket::Socket),
    Redis(redis::Redis),
    Echo(echo::Echo),
    Bare(bare::Bare),
}

impl Client {
    /// Connects the client of this number.
    pub(crate) async fn open(
        subject: Subject,
        address: SocketAddr,
        number: usize,
    ) -> Result<Self, Failure> {
        Ok(match subject {
            Subject::Respod { surface: Surface::Lock, .. } => {
                Self::Lock(lock::Lock::open(address, number).await?)
            }
            Subject::Respod { surface: Surface::V1, .. } => {
                Self::Rest(rest::Rest::open(address, number).await?)
            }
            Subject::Respod { surface: Surface::Ws, .. } => {
                Self::Socket(socket::Socket::open(address, number).await?)
            }
            Subject::Redis { .. } => Self::Redis(redis::Redis::open(address, number).await?),
            Subject::Echo => Self::Echo(echo::Echo::open(address, number).await?),
            Subject::Warp => Self::Bare(bare::Bare::open(address, number).await?),
        })
    }

    /// Asks, and returns with the first answer.
    pub(crate) async fn ask(&mut self, wanted: Wanted) -> Result<Answer, Failure> {
        match self {
            Self::Lock(client) => client.ask(wanted).await,
            Self::Rest(client) => client.ask(wanted).await,
            Self::Socket(client) => client.ask(wanted).await,
            Self::Redis(client) => client.ask(wanted).await,
            Self::Echo(client) => client.say().await,
            Self::Bare(client) => client.call().await,
        }
    }

    /// Waits until what was queued is granted; `heard` is called for each message before that.
    pub(crate) async fn granted(&mut self, heard: impl FnMut()) -> Result<Held, Failure> {
        match self {
            Self::Lock(client) => client.granted(heard).await,
            Self::Rest(client) => client.granted(heard).await,
            Self::Socket(client) => client.granted(heard).await,
            Self::Redis(client) => client.granted().await,
            Self::Echo(_) | Self::Bare(_) => Ok(Held::default()),
        }
    }

    /// Asks, and waits until it is granted.
    pub(crate) async fn acquire(&mut self, wanted: Wanted) -> Result<Held, Failure> {
        match self.ask(wanted).await? {
            Answer::Granted(held) => Ok(held),
            Answer::Queued => self.granted(|| {}).await,
        }
    }

    /// Gives it back, and returns when the server has said that it is given back.
    pub(crate) async fn release(&mut self, held: Held) -> Result<(), Failure> {
        match self {
            Self::Lock(client) => client.release(&held).await,
            Self::Rest(client) => client.release(&held).await,
            Self::Socket(client) => client.release(&held).await,
            Self::Redis(client) => client.release(&held).await,
            Self::Echo(client) => client.say().await.map(drop),
            Self::Bare(client) => client.call().await.map(drop),
        }
    }

    /// Keeps it for a while longer.
    pub(crate) async fn renew(&mut self, held: &Held) -> Result<(), Failure> {
        match self {
            Self::Lock(_) => {
                Err(Failure::new("a lease of /lock is kept by its connection: there is no renewal"))
            }
            Self::Rest(client) => client.renew(held).await,
            Self::Socket(client) => client.renew(held).await,
            Self::Redis(client) => client.renew(held).await,
            Self::Echo(client) => client.say().await.map(drop),
            Self::Bare(client) => client.call().await.map(drop),
        }
    }

    /// Reads what comes and says nothing but what keeps the connection alive; `heard` is called for each
    /// message.
    pub(crate) async fn listen(&mut self, heard: impl FnMut()) -> Result<Infallible, Failure> {
        match self {
            Self::Lock(client) => client.listen(heard).await,
            Self::Socket(client) => client.listen(heard).await,
            Self::Echo(client) => client.listen().await,
            Self::Rest(_) | Self::Redis(_) | Self::Bare(_) => std::future::pending().await,
        }
    }
}
