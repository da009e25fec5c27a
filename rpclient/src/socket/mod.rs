//! The WebSocket that the requests of a client share, so that respod takes them for those of one party.
//!
//! [`Socket`] is a connection; whoever needs it holds it, and it is closed when nobody does. A task drives
//! it: it sends what it is told to, answers pings, and puts each message of the server into the
//! [`Mailbox`](mailbox::Mailbox) of the request that the message is about. [`Link`] knows the socket that
//! a client has at the moment and makes another one where it is needed, one for all who ask.

mod driver;
mod handle;
mod link;
mod mailbox;
mod opening;
mod pace;
mod reader;

pub(crate) use handle::{Farewell, Socket};
pub(crate) use link::Link;
pub(crate) use pace::Pace;
pub(crate) use reader::SocketReader;
